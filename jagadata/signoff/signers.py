"""Who may sign what today, and what their signature says. Proof of identity is added here later (docs/adr/0009)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from jagadata.errors import NotFoundError, RefusedError
from jagadata.findings import bad
from jagadata.office.people import ROLES
from jagadata.papers.values import IDENTITY_UNPROVEN, OUTSIDE_APPROVAL, RankedSignature, Signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from jagadata.evidence.envelope import JsonObject
    from jagadata.findings import Finding
    from jagadata.office.file import Office
    from jagadata.office.people import Duty, Official, Role

Answer = Literal["yes", "no", "expired"]


@dataclass(frozen=True, kw_only=True)
class Person:
    """Someone who must not sign: the requester, or who carried out the work."""

    name: str
    nip: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a signer decided. `proof` says how the identity was proven; `reference` is the paper of an approval outside the system.

    `values` is what else the gate asked for, as plain JSON.
    """

    answer: Answer
    signer: str  # id of the official; empty when expired
    note: str = ""
    at: str = ""  # ISO
    proof: Literal["none", "paper"] = "none"
    reference: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> JsonObject:
        names = ("answer", "signer", "note", "at", "proof", "reference")
        value = {name: getattr(self, name) for name in names}
        return {**value, "values": dict(self.values)} if self.values else value


def is_same_person(official: Official, person: Person) -> bool:
    """The same NIP, mail address or name is enough: one of them may be mistyped, and a namesake can ask another official."""
    numbers = [nip.replace(" ", "") for nip in (official.nip, person.nip)]
    if numbers[0].isdigit() and numbers[0] == numbers[1]:
        return True
    if official.email and official.email.casefold() == person.email.strip().casefold():
        return True
    return _plain(official.name) == _plain(person.name)


_TITLES = frozenset(
    [
        "prof",
        "dr",
        "drs",
        "dra",
        "drg",
        "drh",
        "ir",
        "h",
        "hj",
        "kh",
        "apt",
        "ns",
        "bapak",
        "bpk",
        "ibu",
        "sdr",
        "sdri",
    ]
)
"""What stands before a name and is no part of it."""
_DEGREE = re.compile(r"\w+\.\w[\w.]*")
"""What stands behind it, also where the comma was left out: S.Kom, M.Si., S.T."""


def _plain(name: str) -> str:
    """The name without titles, degrees and points, in lowercase."""
    words = unicodedata.normalize("NFKC", name).partition(",")[0].casefold().split()
    while len(words) > 1 and _DEGREE.fullmatch(words[-1]):
        words.pop()
    words = " ".join(words).replace(".", " ").split()
    while len(words) > 1 and words[0] in _TITLES:
        words.pop(0)
    return " ".join(words)


def may_sign(office: Office, role: Role, today: date, *, never: Sequence[Person] = ()) -> list[Official]:
    """Holders of the role today except those persons.

    Raises:
        RefusedError: nobody may sign.
    """
    holders = office.holders(role, today)
    allowed = [
        official for official in holders if not any(is_same_person(official, person) for person in never)
    ]
    if not allowed:
        why = (
            "tidak ada yang memegang peran ini hari ini"
            if not holders
            else "pemegangnya adalah pemohon atau pelaksana sendiri"
        )
        raise RefusedError(
            f"Tidak ada pejabat yang dapat menandatangani sebagai {ROLES[role]}: {why}.",
            "Tetapkan pejabat lain (misalnya Plh.) pada 'officials' di berkas kantor, lalu jalankan `jaga apply`.",
        )
    return allowed


def find_unheld_roles(office: Office, roles: Sequence[Role], today: date) -> list[Finding]:
    """A finding that names those that nobody holds that day; none where each has its holder."""
    unheld = [role for role in dict.fromkeys(roles) if not office.holders(role, today)]
    if not unheld:
        return []
    return [
        bad(
            f"tidak ada pemegang hari ini: {', '.join(unheld)}",
            "Isi officials[].duties, misalnya dengan Plh.",
        )
    ]


def _duty(official: Official, role: Role, today: date) -> Duty | None:
    return next((duty for duty in official.duties if duty.role == role and duty.holds_on(today)), None)


def sign(office: Office, decision: Decision, role: Role, day: date, at: datetime) -> Signature:
    """The signature block of a decision; `day` is the office's day of `at`."""
    remark = (
        IDENTITY_UNPROVEN if decision.proof == "none" else f"{OUTSIDE_APPROVAL}, surat {decision.reference}"
    )
    try:
        official = office.official(decision.signer)
    except (
        NotFoundError
    ):  # deleted from the office file meanwhile: the paper of a run under way is made all the same
        return Signature(
            name=f"{decision.signer} (tidak ada lagi di berkas kantor)", role=role, at=at, remark=remark
        )
    duty = _duty(official, role, day)
    return Signature(
        name=official.name,
        nip=official.nip,
        post=official.post,
        role=role,
        acting=duty.acting or "" if duty else "",
        at=at,
        remark=remark,
    )


def sign_letter(office: Office, decision: Decision, role: Role, day: date, at: datetime) -> Signature:
    """As `sign`, with the official's rank."""
    signature = sign(office, decision, role, day, at)
    for official in office.officials:
        if official.id == decision.signer:
            return RankedSignature(**vars(signature), rank=official.rank or "")
    return signature


def unsigned(official: Official, role: Role) -> RankedSignature:
    """The block of an official who is still to sign."""
    return RankedSignature(
        name=official.name, nip=official.nip, post=official.post, rank=official.rank or "", role=role
    )


def label(official: Official) -> str:
    """The official as drop-downs show them; `parse_label` finds the id again."""
    return f"{official.name} — {official.post} [{official.id}]"


def parse_label(text: str) -> str:
    return text.rpartition("[")[2].removesuffix("]")

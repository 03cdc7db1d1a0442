"""The gates of SOP Pengumpulan Data: whose decision each is, and what is asked of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from jagadata import sop
from jagadata.signoff.gates import Gate

if TYPE_CHECKING:
    from jagadata.office.collection import Collection
    from jagadata.office.file import Office
    from jagadata.office.people import Role

NAME: Final = "collection"


def _policy(office: Office) -> Collection:
    if office.collection is None:
        raise ValueError("the office file has no part for this SOP")
    return office.collection


def _gate_days(office: Office) -> timedelta:
    return timedelta(days=_policy(office).gate_days)


def _grace_days(office: Office) -> timedelta:
    return timedelta(days=_policy(office).grace_days)


def _gate(name: str, role: Role, what: str, yes: str, no: str, *, numbered: bool = True) -> Gate:
    return Gate(
        name=name,
        sop=NAME,
        role=role,
        title=f"{what.capitalize()} ({sop.ADDED})",
        what=what,
        yes=yes,
        no=no,
        numbered=numbered,
        lasts=_grace_days if name == "closing" else _gate_days,
    )


PROPOSAL = _gate("proposal", "kasi_data", "melengkapi jadwal rapat dan daftar data", "Diajukan", "Dibatalkan")
CONFIRMATION = _gate(
    "confirmation", "kabid_egov", "menyetujui jadwal rapat dan daftar data", "Disetujui", "Dikembalikan"
)
SIGNATURE = _gate(
    "signature",
    "kadis",
    "menandatangani Surat Undangan dan Surat Permintaan Data",
    "Ditandatangani",
    "Dikembalikan",
)
ATTENDANCE = _gate(
    "attendance",
    "kasi_data",
    "mengisi presensi rapat",
    "Rapat dilaksanakan",
    "Rapat tidak dilaksanakan",
    numbered=False,
)
CLOSING = _gate(
    "closing", "kasi_data", "menutup pengumpulan data setelah batas waktu", "Ditutup", "Diperpanjang"
)
"""Its time counts from the end of the day until which OPD deliver."""
GATES = (PROPOSAL, CONFIRMATION, SIGNATURE, ATTENDANCE, CLOSING)
PREPARATION = (PROPOSAL, CONFIRMATION, SIGNATURE)
"""Those of steps 1 and 2: one that nobody answers ends the round."""


def find_gate(step: str) -> Gate | None:
    """The gate whose journal step this is."""
    return next((gate for gate in GATES if gate.owns(step)), None)

"""Keys of objects in a store: which are safe as a file name on every system and in every bucket, and what lies where. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from datetime import datetime

_KEY = re.compile(r"[a-z0-9_-][a-z0-9._-]*(?:/[a-z0-9_-][a-z0-9._-]*)*")
_PREFIX = re.compile(r"(?:[a-z0-9_-][a-z0-9._-]*/)*(?:[a-z0-9_-][a-z0-9._-]*)?")
_NAME_LENGTH = 240  # of one part: file systems end at 255, and a hidden name beside it is longer
_KEY_LENGTH = 512


def is_key(key: str) -> bool:
    """`[a-z0-9._/-]` without `..`, hidden names or empty parts, and short enough."""
    return (
        _KEY.fullmatch(key) is not None
        and ".." not in key
        and len(key) <= _KEY_LENGTH
        and all(len(part) <= _NAME_LENGTH for part in key.split("/"))
    )


def check_key(key: str) -> str:
    """The key itself. Raises RefusedError for anything that is none."""
    if not is_key(key):
        raise RefusedError(
            f"Kunci objek {key!r} tidak sah.",
            "Pakai hanya huruf kecil, angka, titik, garis bawah, tanda hubung, dan garis miring di antaranya.",
        )
    return key


def check_prefix(prefix: str) -> str:
    """The beginning of keys, "" for all. Raises RefusedError for what no key can begin with."""
    if not _PREFIX.fullmatch(prefix) or ".." in prefix:
        raise RefusedError(
            f"Awalan kunci {prefix!r} tidak sah.",
            "Pakai hanya huruf kecil, angka, titik, garis bawah, tanda hubung, dan garis miring di antaranya.",
        )
    return prefix


# --- where each thing lies: the only place that spells keys (docs/format.md) ---

SYSTEMS, FORMS, ROUNDS, RUNS, KEPT, WATCH, PROBES = (
    "systems/",
    "forms/",
    "rounds/",
    "runs/",
    "kept/",
    "watch/",
    "doctor/",
)
"""Prefixes of backups, filed forms, rounds of data collection, journals, kept databases, what the watch notified of, and doctor's test writes."""
NUMBERS = "numbers/"
RECORDS = (FORMS, RUNS, KEPT, WATCH, NUMBERS)
"""Prefixes below which everything is a record, of which every store has a copy; so have receipts, among the backups."""
WATCH_PROBE = "jagadata-watch"
"""A key that is in no store: to ask for it shows that the store answers."""
_MANIFEST, _RECEIPTS, _DATA = "manifest.json", "receipts/", "data/"
_CLAIMS = "runs/"


def make_system_prefix(system: str | None = None) -> str:
    """Of a system's backups, or of every system's."""
    return f"{SYSTEMS}{system}/backups/" if system else SYSTEMS


def make_backup_folder(system: str, backup: str) -> str:
    return f"{make_system_prefix(system)}{backup}/"


def make_manifest_key(system: str, backup: str) -> str:
    return f"{make_backup_folder(system, backup)}{_MANIFEST}"


def make_data_prefix(system: str, backup: str) -> str:
    """Of what a backup holds."""
    return f"{make_backup_folder(system, backup)}{_DATA}"


def make_receipts_prefix(system: str, backup: str) -> str:
    """Of the later facts about a backup."""
    return f"{make_backup_folder(system, backup)}{_RECEIPTS}"


def make_receipt_key(system: str, backup: str, at: datetime, kind: str) -> str:
    return f"{make_receipts_prefix(system, backup)}{_stamp(at)}-{kind}.json"


@dataclass(frozen=True, kw_only=True)
class BackupKey:
    """What a key below `systems/` holds: `folder` of the backup (ends in '/'), '' where it is of none."""

    folder: str
    what: Literal["manifest", "receipt", "data", "other"]


def parse_backup_key(key: str) -> BackupKey:
    """Whose and what an object below `systems/` is. What a name says decides nothing: the signed manifest does."""
    if key.endswith(f"/{_MANIFEST}"):
        return BackupKey(folder=key.removesuffix(_MANIFEST), what="manifest")
    for part, what in ((_RECEIPTS, "receipt"), (_DATA, "data")):
        folder, found, _ = key.partition(f"/{part}")
        if found and key.startswith(SYSTEMS):
            return BackupKey(folder=f"{folder}/", what=what)  # type: ignore[arg-type]
    return BackupKey(folder="", what="other")


def make_journal_prefix(run: str) -> str:
    return f"{RUNS}{run}/journal/"


def make_line_key(run: str, sequence: int) -> str:
    """Of one line of a run's journal."""
    return f"{make_journal_prefix(run)}{sequence:06}.json"


def parse_run(key: str) -> str:
    """The run whose journal holds this line."""
    return key.split("/")[1]


def make_numbers_prefix(series: str, year: int) -> str:
    return f"{NUMBERS}{series}/{year}/"


def make_form_key(procedure: str, year: int, run: str, step: int) -> str:
    """Of a form as filed after that step, without the ending: '.json' is the signed record, '.pdf' the paper."""
    return f"{FORMS}{procedure}/{year}/{run}-langkah-{step}"


@dataclass(frozen=True, kw_only=True)
class FormKey:
    """What the key of a filed form says of it."""

    procedure: str
    run: str
    step: str


def parse_form_key(key: str) -> FormKey:
    run, _, step = key.rpartition("/")[2].rpartition(".")[0].rpartition("-langkah-")
    return FormKey(procedure=key.split("/")[1], run=run, step=step)


def make_download_name(key: str, prefix: str) -> str:
    """A file name for what lies under this key below that prefix."""
    return key.removeprefix(prefix).replace("/", "-")


def make_kept_prefix(system: str | None = None) -> str:
    return f"{KEPT}{system}/" if system else KEPT


def make_kept_key(system: str, run: str, identity: str) -> str:
    """Of the record of one kept database; `identity` tells two of one run apart."""
    return f"{make_kept_prefix(system)}{run}-{identity}.json"


def make_dropped_key(kept: str) -> str:
    """Of the record that the kept database of that record was dropped."""
    return f"{kept.removesuffix('.json')}.dropped.json"


def is_dropped_key(key: str) -> bool:
    return key.endswith(".dropped.json")


def make_watch_key(concern: str, at: datetime, state: str) -> str:
    """Of what was notified of a concern; `concern` is a name that is safe in a key."""
    return f"{WATCH}{concern}/{_stamp(at)}-{state}.json"


def parse_concern(key: str) -> str:
    return key.split("/")[1]


def make_probe_key(token: str) -> str:
    return f"{PROBES}{token}"


def make_round_prefix(round: str) -> str:
    return f"{ROUNDS}{round}/"


def make_claims_prefix(round: str) -> str:
    """Of the runs that held a round, one after the other."""
    return f"{make_round_prefix(round)}{_CLAIMS}"


def make_claim_key(round: str, number: int) -> str:
    return f"{make_claims_prefix(round)}{number:06}.json"


def parse_claimed_round(key: str) -> str:
    """The round that this key claims, '' for any other key."""
    parts = key.split("/")
    return parts[1] if len(parts) == 4 and f"{parts[2]}/" == _CLAIMS else ""


def make_papers_prefix(round: str) -> str:
    return f"{make_round_prefix(round)}papers/"


def make_paper_key(round: str, name: str) -> str:
    return f"{make_papers_prefix(round)}{name}"


def make_intake_prefix(round: str, what: str) -> str:
    """Of what was taken in: 'receipts', 'files', 'accepted' or 'checks'."""
    return f"{make_round_prefix(round)}{what}/"


def make_intake_key(round: str, what: str, receipt: int) -> str:
    return f"{make_intake_prefix(round, what)}{receipt:06}.json"


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%dt%H%M%S%fz").lower()

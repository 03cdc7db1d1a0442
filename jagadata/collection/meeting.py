"""Who led the meeting of step 3, and whether it can have been held already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.papers.values import Signature
from jagadata.signoff.signers import Person, is_same_person, unsigned
from jagadata.text.formats import format_moment

if TYPE_CHECKING:
    from jagadata.collection.run import RoundRun
    from jagadata.office.people import Role
    from jagadata.signoff.signers import Decision

LEADING: Role = "kabid_egov"
"""Who leads by the SOP (step 3)."""


def find_attendance_faults(run: RoundRun, decision: Decision) -> list[str]:
    """A meeting whose time has not come is asked about once more."""
    if decision.answer != "yes" or not run.is_before_meeting(decision):
        return []
    if decision.values.get("sudah_dilaksanakan"):
        return []
    begins = format_moment(run.proposal.begins_at(run.place.timezone), run.place.timezone)
    what = f"rapat dijadwalkan {begins} dan belum dimulai: isi setelah rapat selesai, "
    return [what + "atau centang 'Rapat sudah dilaksanakan' bila rapat dimajukan"]


def find_leader(run: RoundRun) -> Signature:
    """Who led the meeting, as it was said: an official of the office file with rank and NIP, or a guest; else the Kabid."""
    found = run.meet()
    if not found.leader:
        return unsigned(run.holders(LEADING)[0], LEADING)
    for official in run.place.office.officials:
        if is_same_person(official, Person(name=found.leader)):
            return unsigned(official, LEADING)
    return Signature(name=found.leader, post=found.leader_post, role=LEADING)

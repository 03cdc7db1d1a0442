"""The SOPs that there are. The one place of this room that names them; everything else loops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.backup.offers import BACKUP
from jagadata.collection.offers import COLLECTION
from jagadata.restore.offers import RESTORE
from jagadata.signoff import gates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.evidence.journal import Journal
    from jagadata.procedure import Procedure
    from jagadata.signoff.gates import OpenGate
    from jagadata.workplace import Workplace

PROCEDURES: tuple[Procedure, ...] = (RESTORE, BACKUP, COLLECTION)


def find_procedure(journal: Journal, procedures: Sequence[Procedure] = PROCEDURES) -> Procedure | None:
    """The SOP whose run this is; None for a journal that no run opened, or one of an SOP that is not known here."""
    return next((procedure for procedure in procedures if procedure.ran(journal)), None)


def find_gate(journal: Journal, procedures: Sequence[Procedure] = PROCEDURES) -> OpenGate | None:
    """The gate that a run waits at, if any."""
    return gates.find_gate(journal, [gate for procedure in procedures for gate in procedure.gates])


def remind(place: Workplace, run: str, gate: OpenGate, procedures: Sequence[Procedure] = PROCEDURES) -> bool:
    """One reminder for a gate that waits: the first mail again, with the deadline. False if no channel took it."""
    owner = next(procedure for procedure in procedures if procedure.name == gate.gate.sop)
    return owner.remind(place, run, gate)

"""SOP Back Up, step 6: the examiner's decision, as a receipt beside the backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.vault.catalog import write_receipt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagadata.workplace import Workplace


def record_review(
    place: Workplace,
    system_id: str,
    backup_id: str,
    *,
    decision: str,
    reviewer: Mapping[str, str],
    note: str,
    run: str,
) -> None:
    """Step 6: the Kasi's decision (Diterima, Dikembalikan) as a receipt of the backup. Done twice it stays once."""
    backup = place.catalog(system_id).get(backup_id)
    known = backup.latest("review")
    if known and known.run == run:
        return
    write_receipt(
        place.records,
        backup,
        "review",
        place.clock(),
        run=run,
        decision=decision,
        reviewer=dict(reviewer),
        note=note,
    )

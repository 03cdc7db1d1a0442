"""SOP Back Up, step 2: what the store holds is read back and proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jagadata.ports.progress import ignore
from jagadata.vault.manifest import Verification, parse_entries
from jagadata.vault.verification import read_back

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagadata.workplace import Workplace


def verify_draft(
    place: Workplace, draft: dict[str, Any], progress: Callable[[int], None] = ignore
) -> dict[str, Any]:
    """Step 2: read back what the primary store holds and prove it. Returns the draft with its `verification`.

    Raises:
        DamagedError: what the store gave back is not what was sent.
    """
    entries = parse_entries(draft)
    versions = {
        entry.key: entry.version
        for data in entries
        for stream in (data.archive, data.properties)
        for entry in stream.objects
    }
    means = read_back(
        place.server(draft["system"]), place.identity(), entries, place.stores[0], versions.get, progress
    )
    return {**draft, "verification": Verification(at=place.clock(), means=means).model_dump(mode="json")}

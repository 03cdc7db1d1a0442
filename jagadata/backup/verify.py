"""SOP Back Up, step 2: what the store holds is read back and proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jagadata.ports.progress import ignore
from jagadata.vault.manifest import Verification, parse_entries
from jagadata.vault.verification import count_back

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagadata.workplace import Workplace


def verify_draft(
    place: Workplace, draft: dict[str, Any], progress: Callable[[int], None] = ignore
) -> dict[str, Any]:
    """Step 2: read back what the primary store holds, prove it and count it. Returns the draft with rows and `verification`.

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
    counted, means = count_back(
        place.server(draft["system"]), place.identity(), entries, place.stores[0], versions.get, progress
    )
    data = [{**entry, "rows": rows} for entry, rows in zip(draft["data"], counted, strict=True)]
    verification = Verification(at=place.clock(), means=means)
    return {**draft, "data": data, "verification": verification.model_dump(mode="json")}

"""SOP Back Up, step 2: what the store holds is read back and proven."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.backup.proving import prove_entry, tell
from jagadata.ports.progress import ignore
from jagadata.vault.manifest import Verification
from jagadata.vault.verification import count_back

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagadata.vault.manifest import DataEntry, ManifestDraft
    from jagadata.workplace import Workplace


def verify_draft(
    place: Workplace, draft: ManifestDraft, progress: Callable[[int], None] = ignore
) -> ManifestDraft:
    """Step 2: read back what the primary store holds, prove it and count it. Returns the draft with rows and `verification`.

    Raises:
        DamagedError: what the store gave back is not what was sent.
    """
    versions = {entry.key: entry.version for entry in draft.objects}
    identities = place.identities_for(draft.recipients)
    counted, means = count_back(
        place.server(draft.system), identities, draft.data, place.stores[0], versions.get, progress
    )
    data: list[DataEntry] = []
    for entry, rows in zip(draft.data, counted, strict=True):
        with_rows = entry.model_copy(update={"rows": rows})
        proof = prove_entry(place, draft.system, with_rows, versions.get, progress)
        data.append(with_rows.model_copy(update={"proof": proof}))
    verification = Verification(at=place.clock(), means=[*means, *map(tell, data)])
    return draft.model_copy(update={"data": data, "verification": verification})

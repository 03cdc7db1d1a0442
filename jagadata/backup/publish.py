"""SOP Back Up, step 3: the official name, and the signed manifest with which a backup exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jagadata.text.names import make_file_name
from jagadata.vault.manifest import (
    MANIFEST_KIND,
    Manifest,
    manifest_hash,
    manifest_key,
)

if TYPE_CHECKING:
    from jagadata.office.machines import System
    from jagadata.workplace import Workplace


def name_backup(place: Workplace, draft: dict[str, Any]) -> dict[str, Any]:
    """Step 3: check and give the official name; sign the manifest, with which the backup exists.

    Returns {"backup", "manifest" (hash), "files"}. Done again after a lost answer it finds its own manifest.
    """
    system = place.office.system(draft["system"])
    earlier = [backup for backup in place.catalog(system.id).of(system.id) if backup.id != draft["backup"]]
    revision = 1 + sum(backup.manifest.period == draft["period"] for backup in earlier)
    data = [{**item, "file_name": _file_name(place, system, draft, item, revision)} for item in draft["data"]]
    manifest = Manifest.model_validate({**draft, "data": data, "at": place.clock().isoformat()})
    key = manifest_key(system.id, manifest.backup)
    envelope = place.signer.seal(MANIFEST_KIND, manifest.model_dump(mode="json"))
    known = next(
        (backup for backup in place.catalog(system.id).backups if backup.id == manifest.backup), None
    )
    if known:
        envelope, data = known.envelope, [item.model_dump(mode="json") for item in known.manifest.data]
    else:
        place.stores[0].put(key, envelope)
    return {
        "backup": manifest.backup,
        "manifest": manifest_hash(envelope),
        "files": [item["file_name"] for item in data],
    }


def _file_name(
    place: Workplace, system: System, draft: dict[str, Any], item: dict[str, Any], revision: int
) -> str:
    from datetime import datetime

    return make_file_name(
        place.office.policy.backup.file_name,
        opd=system.owner,
        system=system.id,
        object=item["database"],
        engine=item["kind"],
        kind="full",
        period=draft["period"],
        at=datetime.fromisoformat(draft["started"]).astimezone(place.timezone),
        revision=revision,
        extension=_extension(item["archive"]["objects"][0]["key"]),
    )


def _extension(key: str) -> str:
    """Of ".../data/db01.dump.zst.age.000" it is "dump.zst.age": what the adapter called it, and the vault's age."""
    return key.rpartition("/")[2].partition(".")[2].rpartition(".")[0]

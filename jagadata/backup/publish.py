"""SOP Back Up, step 3: the official name, and the signed manifest with which a backup exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.backup.steps import Published
from jagadata.stores import layout
from jagadata.text.names import make_file_name
from jagadata.vault.manifest import FORMAT, MANIFEST_KIND, Manifest, manifest_hash

if TYPE_CHECKING:
    from jagadata.office.machines import System
    from jagadata.vault.manifest import DataEntry, ManifestDraft
    from jagadata.workplace import Workplace


def name_backup(place: Workplace, draft: ManifestDraft) -> Published:
    """Step 3: check and give the official name; sign the manifest, with which the backup exists.

    Done again after a lost answer it finds its own manifest.
    """
    system = place.office.system(draft.system)
    own = place.catalog(system.id).of(system.id)
    known = next((backup for backup in own if backup.id == draft.backup), None)
    if known:
        return _published(known.manifest, known.envelope)
    revision = 1 + sum(backup.manifest.period == draft.period for backup in own)
    data = [
        item.model_copy(update={"file_name": _file_name(place, system, draft, item, revision)})
        for item in draft.data
    ]
    manifest = Manifest.model_validate({**dict(draft), "format": FORMAT, "data": data, "at": place.clock()})
    envelope = place.signer.seal(MANIFEST_KIND, manifest.model_dump(mode="json"))
    place.stores[0].put(layout.make_manifest_key(system.id, manifest.backup), envelope)
    return _published(manifest, envelope)


def _published(manifest: Manifest, envelope: bytes) -> Published:
    return Published(
        backup=manifest.backup,
        manifest=manifest_hash(envelope),
        files=tuple(item.file_name for item in manifest.data),
    )


def _file_name(place: Workplace, system: System, draft: ManifestDraft, item: DataEntry, revision: int) -> str:
    return make_file_name(
        place.office.policy.backup.file_name,
        opd=system.owner,
        system=system.id,
        object=item.database,
        engine=item.kind,
        kind="full",
        period=draft.period,
        at=draft.started.astimezone(place.timezone),
        revision=revision,
        extension=_extension(item.archive.objects[0].key),
    )


def _extension(key: str) -> str:
    """Of ".../data/db01.dump.zst.age.000" it is "dump.zst.age": what the adapter called it, and the vault's age."""
    return key.rpartition("/")[2].partition(".")[2].rpartition(".")[0]

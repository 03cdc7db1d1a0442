"""SOP Back Up, step 4: the second copy, hashed again, and retention locks; each a receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.backup.steps import Secured
from jagadata.errors import DamagedError, JagadataError
from jagadata.ports.progress import ignore
from jagadata.stores import layout
from jagadata.vault.catalog import write_receipt
from jagadata.vault.stream import HashingWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from jagadata.ports.store import Store
    from jagadata.vault.catalog import Backup
    from jagadata.workplace import Workplace


def secure_backup(
    place: Workplace,
    system_id: str,
    backup_id: str,
    *,
    run: str = "",
    progress: Callable[[int], None] = ignore,
) -> Secured:
    """Step 4: copy to the second store, hash again what it then holds, set retention locks; each a receipt."""
    backup = place.catalog(system_id).get(backup_id)
    clocks = backup.manifest.clocks
    remarks = [f"{gap}: samakan dengan NTP" for gap in clocks.gaps()] if clocks else []
    copy = backup.copied_to
    if len(place.stores) < 2:
        remarks.append("Penyimpanan kedua belum ditetapkan di berkas kantor.")
    elif not copy:
        copy = _copy(place, backup, place.stores[1], run, progress)
        backup = place.catalog(system_id).get(backup_id)
    if len(place.stores) > 1 and place.stores[0].features().device == place.stores[1].features().device:
        remarks.append("Kedua penyimpanan berada pada perangkat yang sama; satu kerusakan mengenai keduanya.")
    return Secured(
        copy=copy,
        hash_matches=bool(copy),
        locked_until=_lock(place, backup, run),
        remarks=tuple(remarks),
    )


def _copy(place: Workplace, backup: Backup, target: Store, run: str, progress: Callable[[int], None]) -> str:
    source = place.stores[0]
    versions: dict[str, str | None] = {}
    for entry in backup.manifest.objects:
        stored = target.find(entry.key)
        if stored is None:
            writer = HashingWriter(progress=progress)
            with (
                source.open(entry.key, version=backup.version(source.name, entry.key)) as stream,
                target.create(entry.key) as upload,
            ):
                while data := stream.read(2**20):
                    writer.write(data)
                    upload.write(data)
                if writer.sha256.hexdigest() != entry.sha256:
                    raise DamagedError(
                        f"Objek {entry.key} di {source.name} berubah setelah diverifikasi.",
                        "Selidiki penyimpanan utama.",
                    )
                stored = upload.commit()
        seen = HashingWriter()
        with target.open(entry.key, version=stored.version) as stream:
            while data := stream.read(2**20):
                seen.write(data)
        if seen.sha256.hexdigest() != entry.sha256:
            raise DamagedError(
                f"Salinan {entry.key} di {target.name} tidak sama dengan aslinya.",
                "Selidiki penyimpanan kedua; back up di penyimpanan utama tetap sah.",
            )
        versions[entry.key] = stored.version
    key = layout.make_manifest_key(backup.manifest.system, backup.id)
    found = target.find(key)
    if found is None:
        target.put(key, backup.envelope)
    elif target.get(key, version=found.version) != backup.envelope:
        raise DamagedError(
            f"Manifes {key} di {target.name} bukan salinan manifes utama.", "Selidiki penyimpanan kedua."
        )
    write_receipt(place.records, backup, "copy", place.clock(), run=run, store=target.name, versions=versions)
    return target.name


def _lock(place: Workplace, backup: Backup, run: str) -> datetime | None:
    from datetime import timedelta

    if backup.locked_until:
        return backup.locked_until
    reached: list[datetime] = []
    for entry, store in zip(place.office.stores, place.stores, strict=True):
        if not entry.lock_days or store.name not in backup.stores or not store.features().lock:
            continue
        until = place.clock() + timedelta(days=entry.lock_days)
        for key in [item.key for item in backup.manifest.objects] + [
            layout.make_manifest_key(backup.manifest.system, backup.id)
        ]:
            stored = store.find(key)
            said = store.lock(stored, until) if stored else None
            if said is None:
                raise JagadataError(
                    f"Kunci retensi {key} di {store.name} tidak terpasang.",
                    "Periksa Object Lock pada bucket itu.",
                )
            reached.append(said)
    if not reached:
        return None
    write_receipt(place.records, backup, "lock", place.clock(), run=run, until=min(reached).isoformat())
    return min(reached)

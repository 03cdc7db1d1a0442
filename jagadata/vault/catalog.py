"""Which backups exist: those whose signed manifest does, with the facts that came later (receipts)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from jagadata.errors import JagadataError, NotFoundError, UnreachableError
from jagadata.findings import Problem
from jagadata.stores import layout
from jagadata.vault.clocks import TOLERANCE
from jagadata.vault.manifest import (
    MANIFEST_KIND,
    RECEIPT_KIND,
    BackupReceipt,
    Manifest,
    manifest_hash,
    parse_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jagadata.evidence.records import Records
    from jagadata.ports.store import Store


@dataclass(frozen=True, kw_only=True)
class Backup:
    """One backup as the stores hold it. `copies` maps store name -> object key -> version in that store."""

    manifest: Manifest
    digest: str
    envelope: bytes
    stores: Sequence[str]  # that hold the manifest
    primary: str = ""  # the store whose versions the manifest names
    receipts: Sequence[BackupReceipt] = ()
    unseen: Sequence[str] = ()  # stores that did not answer: a later fact may lie there only

    @property
    def id(self) -> str:
        return self.manifest.backup

    def latest(self, kind: str) -> BackupReceipt | None:
        found = [receipt for receipt in self.receipts if receipt.kind == kind]
        return max(found, key=lambda receipt: receipt.at) if found else None

    @property
    def review(self) -> str:
        """'Diterima', 'Dikembalikan', or '' while nobody has decided."""
        receipt = self.latest("review")
        return str(receipt.data.get("decision", "")) if receipt else ""

    @property
    def pruned(self) -> bool:
        return self.latest("prune") is not None

    @property
    def held(self) -> bool:
        hold, release = self.latest("hold"), self.latest("release")
        return hold is not None and (release is None or release.at < hold.at)

    @property
    def copied_to(self) -> str:
        receipt = self.latest("copy")
        return str(receipt.data.get("store", "")) if receipt else ""

    @property
    def locked_until(self) -> datetime | None:
        times = [
            datetime.fromisoformat(receipt.data["until"])
            for receipt in self.receipts
            if receipt.kind == "lock"
        ]
        return max(times) if times else None

    @property
    def restorable(self) -> bool:
        """Verified (its manifest says so, by being there), still stored, and not sent back by the Kasi."""
        return not self.pruned and self.review != "Dikembalikan"

    def is_after(self, moment: datetime) -> bool:
        """Made by a clock that was wrong: its time has not come yet, or both other clocks said so when it was made."""
        clocks, latest = self.manifest.clocks, max(self.manifest.started, self.manifest.at)
        return latest > moment + TOLERANCE or (clocks is not None and clocks.worker_was_ahead)

    def version(self, store: str, key: str) -> str | None:
        """The object's version in that store: the manifest's for the primary copy, the receipt's for a later one."""
        for receipt in self.receipts:
            if receipt.kind == "copy" and receipt.data.get("store") == store:
                version: str | None = receipt.data["versions"].get(key)
                return version
        if self.primary and store != self.primary:
            return None  # its receipt is lost: the first version counts, and the hashes decide
        return next((entry.version for entry in self.manifest.objects if entry.key == key), None)

    def held_by(self, stores: Iterable[Store]) -> list[Store]:
        """Those of these stores that hold it."""
        return [store for store in stores if store.name in self.stores]

    def versions_in(self, store: str) -> Callable[[str], str | None]:
        """`version` for one store."""
        return partial(self.version, store)


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Everything found, newest first as signed, and what could not be read. `silent`: stores that did not tell all that they hold.

    `moment`: what is later than that was made by a wrong clock; it is shown, and never the newest.
    """

    backups: Sequence[Backup]
    problems: Sequence[Problem] = field(default=())
    silent: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)  # a system's earlier id: its present one
    moment: datetime = datetime.max.replace(tzinfo=UTC) - TOLERANCE

    def as_of(self, moment: datetime) -> Catalog:
        """The same, judged at another moment."""
        return replace(self, moment=moment)

    def is_ahead(self, backup: Backup) -> bool:
        return backup.is_after(self.moment)

    def ahead(self) -> list[Backup]:
        return [backup for backup in self.backups if self.is_ahead(backup) and not backup.pruned]

    def is_unclear(self, backup: Backup) -> bool:
        """Whether a record of this backup may be there that could not be read: a hold, a lock, a review."""
        folder = layout.make_receipts_prefix(backup.manifest.system, backup.id)
        return bool(self.silent) or any(problem.where.startswith(folder) for problem in self.problems)

    def of(self, system: str) -> list[Backup]:
        return [backup for backup in self.backups if self.system_of(backup) == system]

    def system_of(self, backup: Backup) -> str:
        """The system's id of today."""
        return self.names.get(backup.manifest.system, backup.manifest.system)

    def get(self, backup_id: str) -> Backup:
        """Raises NotFoundError."""
        for backup in self.backups:
            if backup.id == backup_id:
                return backup
        raise NotFoundError(f"Back up '{backup_id}' tidak ada.", "Lihat daftarnya dengan `jaga backups`.")

    def newest_proven(self, system: str) -> Backup | None:
        """The newest restorable backup that was really restored in step 2, and came back whole."""
        proven = ("terbukti", "terbukti dengan catatan")
        found = (
            backup
            for backup in self.of(system)
            if backup.restorable and not self.is_ahead(backup) and backup.manifest.state in proven
        )
        return next(found, None)

    def newest(self, system: str) -> Backup:
        """The newest restorable backup of a system: the default recovery point. Raises NotFoundError.

        One whose own test failed is it only where there is no other; one that is dated ahead of now never is.
        """
        own = self.of(system)
        restorable = [backup for backup in own if backup.restorable]
        present = [backup for backup in restorable if not self.is_ahead(backup)]
        for backup in present:
            if backup.manifest.state != "gagal diuji":
                return backup
        if present:
            return present[0]
        if restorable:
            raise NotFoundError(
                f"Setiap back up sistem '{system}' bertanggal lebih maju daripada sekarang, misalnya {restorable[0].id}.",
                "Samakan jam worker, server basis data, dan penyimpanan dengan NTP; atau pilih back up itu dengan idnya.",
            )
        returned = next((backup for backup in own if not backup.pruned), None)
        if returned:
            raise NotFoundError(
                f"Back up '{returned.id}' sistem '{system}' dikembalikan oleh pemeriksa, dan tidak ada yang lain.",
                f"Jalankan SOP Back Up Data untuk sistem itu; atau pilih back up itu dengan sengaja: isi '{returned.id}' "
                "sebagai back up pada permohonan (`--backup` pada `jaga restore`).",
            )
        raise NotFoundError(
            f"Belum ada back up terverifikasi untuk sistem '{system}'.",
            "Jalankan SOP Back Up Data untuk sistem itu, atau periksa penyimpanan dengan `jaga doctor`.",
        )


def join_catalogs(catalogs: Sequence[Catalog], names: Mapping[str, str]) -> Catalog:
    """One of several, of different prefixes; `names`: the present id of each earlier one."""
    backups = [backup for catalog in catalogs for backup in catalog.backups]
    return Catalog(
        backups=tuple(sorted(backups, key=_order, reverse=True)),
        problems=tuple(dict.fromkeys(problem for catalog in catalogs for problem in catalog.problems)),
        silent=tuple(dict.fromkeys(name for catalog in catalogs for name in catalog.silent)),
        names=names,
    )


def _order(backup: Backup) -> tuple[datetime, str]:
    return backup.manifest.started, backup.id


def make_unanswered(store: str) -> Problem:
    """What a store that does not answer means for those who choose a backup."""
    return Problem(
        where=f"penyimpanan {store}", what="tidak menjawab: hasil pemeriksaan Kasi mungkin belum terlihat"
    )


def read_catalog(stores: Sequence[Store], records: Records, system: str | None = None) -> Catalog:
    """List and check every manifest and receipt below `systems/` (or of one system). Raises UnreachableError if no store answers."""
    prefix = layout.make_system_prefix(system)
    problems: list[Problem] = []
    found: dict[str, dict[str, bytes]] = {}
    failures: list[JagadataError] = []
    silent: list[str] = []
    receipt_keys: list[str] = []
    for store in stores:
        try:
            for stored in store.list(prefix):
                what = layout.parse_backup_key(stored.key).what
                if what == "manifest":
                    try:
                        envelope = store.get(stored.key, version=stored.version)
                    except UnreachableError:
                        raise
                    except JagadataError as error:  # one bad spot of a disk does not hide the others
                        problems.append(Problem(where=f"{stored.key} di {store.name}", what=error.message))
                        continue
                    found.setdefault(stored.key, {})[store.name] = envelope
                elif what == "receipt" and stored.key.endswith(".json"):
                    receipt_keys.append(stored.key)
        except JagadataError as error:
            failures.append(error)
            silent.append(store.name)
            problems.append(Problem(where=store.name, what=error.message))
    if failures and len(failures) == len(stores):
        raise failures[0]
    receipts = _receipts(records, sorted(set(receipt_keys)), problems)
    folders = {layout.parse_backup_key(key).folder for key in receipt_keys}
    with_manifest = {layout.parse_backup_key(key).folder for key in found}
    problems += [
        Problem(where=folder, what="Manifes back up ini hilang; tanda terimanya masih ada.")
        for folder in sorted(folders)
        if not failures and folder not in with_manifest
    ]
    backups = []
    for key, envelopes in found.items():
        backup = _backup(records, key, envelopes, problems)
        if backup:
            fitting = [
                receipt for receipt in receipts.get(backup.id, ()) if receipt.manifest == backup.digest
            ]
            backups.append(
                Backup(
                    manifest=backup.manifest,
                    digest=backup.digest,
                    envelope=backup.envelope,
                    stores=backup.stores,
                    primary=stores[0].name,
                    receipts=tuple(sorted(fitting, key=lambda receipt: receipt.at)),
                    unseen=tuple(silent),
                )
            )
    backups.sort(key=_order, reverse=True)
    return Catalog(backups=tuple(backups), problems=tuple(problems), silent=tuple(silent))


def _backup(
    records: Records, key: str, envelopes: dict[str, bytes], problems: list[Problem]
) -> Backup | None:
    """The backup whose envelopes lie under `key`, from the stores whose copy is whole; two that differ are both refused."""
    good: dict[str, list[str]] = {}
    parsed: dict[str, tuple[Manifest, bytes]] = {}
    for store, envelope in envelopes.items():
        where = f"{key} di {store}"
        try:
            manifest = parse_manifest(records.seals.open(envelope, MANIFEST_KIND, where=where), where=where)
        except JagadataError as error:
            problems.append(Problem(where=where, what=error.message))
            continue
        if key != layout.make_manifest_key(manifest.system, manifest.backup):
            problems.append(
                Problem(where=where, what="Manifes ini milik back up lain (dipindahkan atau diputar ulang).")
            )
            continue
        good.setdefault(manifest_hash(envelope), []).append(store)
        parsed[manifest_hash(envelope)] = (manifest, envelope)
    if len(good) > 1:
        problems.append(
            Problem(where=key, what="Dua penyimpanan memegang manifes yang berbeda untuk back up yang sama.")
        )
        return None
    for found, stores in good.items():
        return Backup(
            manifest=parsed[found][0], digest=found, envelope=parsed[found][1], stores=tuple(stores)
        )
    return None


def _receipts(
    records: Records, keys: Iterable[str], problems: list[Problem]
) -> dict[str, list[BackupReceipt]]:
    found: dict[str, list[BackupReceipt]] = {}
    for key in keys:
        try:
            record = records.read(key, RECEIPT_KIND)
            problems += [Problem(where=key, what=words) for words in record.damaged]
            receipt = BackupReceipt.model_validate(record.value)
        except (JagadataError, ValueError) as error:
            problems.append(
                Problem(
                    where=key,
                    what=error.message if isinstance(error, JagadataError) else "Tanda terima tidak lengkap.",
                )
            )
            continue
        if not _is_whole(receipt):
            problems.append(Problem(where=key, what="Tanda terima tidak lengkap."))
        elif layout.parse_backup_key(key).folder.endswith(f"/{receipt.backup}/"):
            found.setdefault(receipt.backup, []).append(receipt)
        else:
            problems.append(Problem(where=key, what="Tanda terima ini milik back up lain."))
    return found


def _is_whole(receipt: BackupReceipt) -> bool:
    """Whether its data is what this kind of receipt holds."""
    if receipt.kind == "lock":
        try:
            return datetime.fromisoformat(receipt.data["until"]).tzinfo is not None
        except (KeyError, TypeError, ValueError):
            return False
    return receipt.kind != "copy" or isinstance(receipt.data.get("versions"), dict)


def write_receipt(
    records: Records,
    backup: Backup | tuple[str, str, str],
    kind: str,
    at: datetime,
    *,
    run: str = "",
    **data: Any,
) -> None:
    """Add a later fact about a backup (a Backup, or its system, id and manifest hash)."""
    system, backup_id, digest = (
        (backup.manifest.system, backup.id, backup.digest) if isinstance(backup, Backup) else backup
    )
    value = BackupReceipt.model_validate(
        {"backup": backup_id, "manifest": digest, "at": at, "kind": kind, "run": run, "data": data}
    )
    records.write(
        layout.make_receipt_key(system, backup_id, at, kind),
        RECEIPT_KIND,
        value.model_dump(mode="json"),
    )

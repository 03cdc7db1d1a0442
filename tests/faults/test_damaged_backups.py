"""Damaged, replayed and forged backups: never restored, always named, and nothing else suffers from them."""

from __future__ import annotations

import hashlib
import json
import shutil
from base64 import b64decode, b64encode
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jagadata.backup.prune import prune
from jagadata.connections import open_workplace
from jagadata.errors import JagadataError, NotFoundError
from jagadata.evidence.envelope import Signer, canonical_json
from jagadata.evidence.journal import now
from jagadata.restore.run import RestoreRun
from jagadata.upkeep.sweep import sweep
from jagadata.vault.manifest import MANIFEST_KIND
from tests.lab.office import OfficeLab, open_office

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jagadata.workplace import Workplace

DIGEST = "SELECT md5(string_agg(surat::text, ',' ORDER BY id)) FROM aplikasi.surat"
STORES = ("simpanan-utama", "simpanan-kedua")
FORGED = "20991231t235959z-0123456789"


@dataclass
class Shelf:
    """An application with lost rows and three good backups in both stores: `oldest`, `older`, `newest`."""

    lab: OfficeLab
    stores: Sequence[str] = STORES
    ids: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    manifests_before: dict[str, str] = field(default_factory=dict)
    plain: set[str] = field(default_factory=set)
    runs: int = 0

    @property
    def system(self) -> str:
        return self.lab.application.system

    @property
    def older(self) -> str:
        return self.ids[-2]

    @property
    def newest(self) -> str:
        return self.ids[-1]

    def fill(self) -> None:
        for number in range(3):
            self.lab.sql(f"UPDATE aplikasi.surat SET perihal = 'keadaan {number}' WHERE id <= 20")
            with self.lab.place() as place:
                assert self.lab.back_up(place, f"b{number}").failures() == []
                found = place.catalog(self.system).newest(self.system)
            self.ids.append(found.id)
            self.digests[found.id] = self.live()
            self.manifests_before[found.id] = found.digest
        for name in STORES:
            shutil.copytree(self.lab.folder / name / "systems", self.lab.folder / f"utuh-{name}")

    def reset(self) -> None:
        """Rows are lost again, both stores are whole, and what earlier tests left beside is known."""
        self.stores = STORES
        self.repair()
        self.lab.sql("DELETE FROM aplikasi.surat WHERE id > 50")
        self.plain = self.lab.databases()

    def repair(self) -> None:
        """Both stores as they were before the damage."""
        for name in STORES:
            shutil.rmtree(self.lab.folder / name / "systems")
            shutil.copytree(self.lab.folder / f"utuh-{name}", self.lab.folder / name / "systems")

    def live(self) -> str:
        return self.lab.sql(DIGEST)[0][0]

    def folders(self, backup: str, system: str = "") -> list[Path]:
        return [
            self.lab.folder / name / "systems" / (system or self.system) / "backups" / backup
            for name in self.stores
        ]

    def objects(self, backup: str, kind: str = "dump") -> list[Path]:
        return [path for folder in self.folders(backup) for path in folder.glob(f"data/*.{kind}*age.000")]

    def manifests(self, backup: str) -> list[Path]:
        return [folder / "manifest.json" for folder in self.folders(backup)]

    def new_run(self) -> str:
        self.runs += 1
        return f"{self.runs:08x}-uji"

    def received(self, place: Workplace, backup: str = "") -> str:
        """The backup that a request would take, proven to the last byte; it is one of the good ones."""
        restore = RestoreRun(place, self.new_run(), self.lab.request(backup=backup))
        restore.receive()
        assert restore.plan.manifest == self.manifests_before[restore.plan.backup]
        return restore.plan.backup

    def try_restore(self, place: Workplace, backup: str = "") -> str:
        """Restore beside the live data, compare it with what that backup must hold, and drop it; the backup."""
        restore = self.lab.received(place, self.new_run(), purpose="Uji", backup=backup)
        result = self.lab.carry_out(restore)
        assert result.status == "Selesai", result.reason
        for name in result.kept:
            assert self.lab.postgres.sql(DIGEST, name)[0][0] == self.digests[restore.plan.backup]
            self.lab.postgres.sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        return restore.plan.backup


@pytest.fixture(scope="module")
def filled(lab, postgres, ssh_server):
    """One `office_lab` for all of these tests: what they do to it is undone by `shelf`."""
    with ExitStack() as stack:
        system = f"sisurat-{token_hex(3)}"
        office_lab = open_office(stack, lab / system, postgres, ssh_server, system)
        office_lab.change(
            lambda value: value["policy"].update(backup={"retention": {"keep_last": 2, "minimum_days": 0}})
        )
        made = Shelf(office_lab)
        made.fill()
        yield made


@pytest.fixture
def shelf(filled):
    office = filled.lab.path.read_text(encoding="utf-8")
    filled.reset()
    yield filled
    filled.lab.path.write_text(office, encoding="utf-8")


def write(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def edit(paths: Sequence[Path], change: Callable[[bytes], bytes]) -> None:
    assert paths
    for path in paths:
        data = path.read_bytes()
        assert change(data) != data
        write(path, change(data))


def flip(position: float) -> Callable[[bytes], bytes]:
    """One bit, at this part of the whole (0 to 1)."""

    def change(data: bytes) -> bytes:
        at = min(int(len(data) * position), len(data) - 1)
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return change


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def empty(_data: bytes) -> bytes:
    return b""


def append(data: bytes) -> bytes:
    return data + b"\0"


def delete(paths: Sequence[Path]) -> None:
    assert paths
    for path in paths:
        path.unlink()


def payload(envelope: bytes) -> dict[str, Any]:
    return json.loads(b64decode(json.loads(envelope)["payload"]))


# --- each damage: done to the newest backup, in all stores of the shelf ---


def swap_data(shelf: Shelf) -> None:
    for one, other in zip(shelf.objects(shelf.older), shelf.objects(shelf.newest), strict=True):
        first, second = one.read_bytes(), other.read_bytes()
        write(one, second)
        write(other, first)


def older_data_under_the_newer_manifest(shelf: Shelf) -> None:
    for kind in ("dump", "properties"):
        for one, other in zip(
            shelf.objects(shelf.older, kind), shelf.objects(shelf.newest, kind), strict=True
        ):
            write(other, one.read_bytes())


def reencrypt(shelf: Shelf) -> None:
    """Another dump, encrypted with nothing but the public recipients."""
    recipients = payload(shelf.manifests(shelf.newest)[0].read_bytes())["recipients"]
    keys = [pyrage.x25519.Recipient.from_str(text) for text in recipients]
    edit(shelf.objects(shelf.newest), lambda _data: pyrage.encrypt(b"PGDMP palsu", keys))


def delete_backup(shelf: Shelf) -> None:
    for folder in shelf.folders(shelf.newest):
        shutil.rmtree(folder)


def replay_older_manifest(shelf: Shelf) -> None:
    for one, other in zip(shelf.manifests(shelf.older), shelf.manifests(shelf.newest), strict=True):
        write(other, one.read_bytes())


def replay_older_backup(shelf: Shelf) -> None:
    """All objects of the older backup under the newer one's keys."""
    replay_older_manifest(shelf)
    older_data_under_the_newer_manifest(shelf)


def receipt_as_manifest(shelf: Shelf) -> None:
    receipt = next(shelf.folders(shelf.newest)[0].glob("receipts/*.json")).read_bytes()
    edit(shelf.manifests(shelf.newest), lambda _data: receipt)


def unknown_signer(shelf: Shelf) -> None:
    stranger = Signer(key=Ed25519PrivateKey.generate())
    edit(shelf.manifests(shelf.newest), lambda data: stranger.seal(MANIFEST_KIND, payload(data)))


def two_stories(shelf: Shelf) -> None:
    """The second store holds another manifest of the same backup, signed by the office itself."""
    with shelf.lab.place() as place:
        path = shelf.manifests(shelf.newest)[-1]
        edit([path], lambda data: place.signer.seal(MANIFEST_KIND, {**payload(data), "note": "lain"}))


DATA = {
    "flip-start": lambda shelf: edit(shelf.objects(shelf.newest), flip(0)),
    "flip-middle": lambda shelf: edit(shelf.objects(shelf.newest), flip(0.5)),
    "flip-end": lambda shelf: edit(shelf.objects(shelf.newest), flip(1)),
    "cut": lambda shelf: edit(shelf.objects(shelf.newest), cut),
    "empty": lambda shelf: edit(shelf.objects(shelf.newest), empty),
    "append": lambda shelf: edit(shelf.objects(shelf.newest), append),
    "swap": swap_data,
    "delete": lambda shelf: delete(shelf.objects(shelf.newest)),
    "properties-flip": lambda shelf: edit(shelf.objects(shelf.newest, "properties"), flip(0.9)),
    "properties-delete": lambda shelf: delete(shelf.objects(shelf.newest, "properties")),
    "older-data": older_data_under_the_newer_manifest,
    "reencrypted": reencrypt,
}
MANIFEST = {
    "delete": lambda shelf: delete(shelf.manifests(shelf.newest)),
    "flip": lambda shelf: edit(shelf.manifests(shelf.newest), flip(0.5)),
    "cut": lambda shelf: edit(shelf.manifests(shelf.newest), cut),
    "empty": lambda shelf: edit(shelf.manifests(shelf.newest), empty),
    "delete-all": delete_backup,
    "replayed": replay_older_manifest,
    "replayed-with-data": replay_older_backup,
    "receipt": receipt_as_manifest,
    "stranger": unknown_signer,
    "two-stories": two_stories,
}


def hold(shelf: Shelf, name: str, damage: Callable[[Shelf], None], *, used: str | None) -> None:
    """Do the damage, see what must hold, and undo it. `used`: the backup that a restore then takes, None: it is refused."""
    live = shelf.live()
    damage(shelf)
    with shelf.lab.place() as place:
        said = [f"{problem.where} {problem.what}" for problem in place.catalog(shelf.system).problems]
        try:
            found = shelf.received(place)
        except JagadataError as error:
            found = None
            said.append(str(error))
        assert found == used, (name, said)
        if used != shelf.newest:
            with pytest.raises(JagadataError) as refused:
                shelf.received(place, shelf.newest)
            said.append(str(refused.value))
        assert any(shelf.newest in text for text in said) or used == shelf.newest, (name, said)
    assert shelf.live() == live, name
    assert shelf.lab.is_up(), name
    assert shelf.lab.databases() == shelf.plain, name
    with open_workplace(shelf.lab.place().office, clock=lambda: now() + timedelta(days=400)) as later:
        whole = {path: path.read_bytes() for path in shelf.objects(shelf.older)}
        removed = prune(later, dry_run=False, run="prune-uji", system=shelf.system).removed
        assert set(removed) <= {shelf.ids[0]}, (name, removed)
        assert {path: path.read_bytes() for path in shelf.objects(shelf.older)} == whole
    shelf.repair()
    with shelf.lab.place() as place:
        assert place.catalog(shelf.system).problems == (), name


def restore_for_good(shelf: Shelf) -> None:
    """When all damage is gone the newest backup comes back into production."""
    with shelf.lab.place() as place:
        result = shelf.lab.carry_out(shelf.lab.received(place, shelf.new_run()))
        assert result.status == "Selesai", result.reason
    assert shelf.live() == shelf.digests[shelf.newest]
    assert shelf.lab.is_up()


def test_damaged_data_is_refused_by_its_name_and_the_older_backups_stay(shelf):
    for name, damage in DATA.items():
        hold(shelf, name, damage, used=None)
    restore_for_good(shelf)


def test_a_damaged_or_replayed_manifest_is_no_backup_and_the_older_one_is_taken(shelf):
    for name, damage in MANIFEST.items():
        hold(shelf, name, damage, used=shelf.older)
    restore_for_good(shelf)


def test_an_older_manifest_with_newer_data_is_refused_when_it_is_asked_for(shelf):
    for one, other in zip(shelf.objects(shelf.older), shelf.objects(shelf.newest), strict=True):
        write(one, other.read_bytes())
    with shelf.lab.place() as place:
        with pytest.raises(JagadataError, match=shelf.older):
            shelf.received(place, shelf.older)
        assert shelf.received(place) == shelf.newest


def test_lost_or_damaged_receipts_leave_the_backup_restorable(shelf):
    def receipts(shelf):
        return [path for folder in shelf.folders(shelf.newest) for path in folder.glob("receipts/*.json")]

    hold(shelf, "delete", lambda shelf: delete(receipts(shelf)), used=shelf.newest)
    for change in (flip(0.5), cut, empty):
        edit(receipts(shelf), change)
        with shelf.lab.place() as place:
            problems = place.catalog(shelf.system).problems
            assert [shelf.newest in problem.where for problem in problems] == [True]
            assert shelf.received(place) == shelf.newest
        shelf.repair()


def test_what_is_damaged_in_the_primary_store_only_is_taken_from_the_second_and_this_is_said(shelf):
    shelf.stores = STORES[:1]
    for name in ("flip-middle", "cut", "delete", "swap", "properties-flip", "reencrypted"):
        DATA[name](shelf)
        with shelf.lab.place() as place:
            restore = RestoreRun(place, shelf.new_run(), shelf.lab.request())
            received = restore.receive()
        said = " ".join(received.means)
        assert (received.store, restore.plan.backup) == ("kedua", shelf.newest), name
        assert "salinan lain tidak dapat dipakai" in said, name
        assert shelf.newest in said, name
        shelf.repair()
    for name in ("flip", "cut", "replayed", "stranger"):
        MANIFEST[name](shelf)
        with shelf.lab.place() as place:
            problems = place.catalog(shelf.system).problems
            assert [shelf.newest in problem.where for problem in problems] == [True], name
            assert shelf.received(place) == shelf.newest, name
        shelf.repair()


@pytest.mark.parametrize("minimal", [False, True], ids=["sop", "minimal"])
def test_damage_after_the_approval_fails_before_anything_stops(shelf, minimal):
    if minimal:
        shelf.lab.change(lambda value: value["policy"].update(restore={"downtime": "minimal"}))
    live = shelf.live()
    kinds = {
        "flip-middle": DATA["flip-middle"],
        "delete": DATA["delete"],
        "manifest": MANIFEST["flip"],
        "replayed": replay_older_backup,
    }
    for name, damage in kinds.items():
        with shelf.lab.place() as place:
            restore = shelf.lab.received(place, shelf.new_run())
            damage(shelf)
            result = shelf.lab.carry_out(restore)
        assert result.status == "Gagal", name
        assert shelf.newest in result.reason, (name, result.reason)
        assert result.off_at is None, name
        assert shelf.live() == live
        assert shelf.lab.is_up()
        assert shelf.lab.databases() == shelf.plain
        shelf.repair()
    restore_for_good(shelf)


def forge(shelf: Shelf, seal: Callable[[dict[str, Any], bytes], bytes]) -> None:
    """A whole new backup by someone who holds the stores and the public keys: every hash fits, only the signature can't."""
    real = shelf.manifests(shelf.newest)[0].read_bytes()
    value = payload(real)
    keys = [pyrage.x25519.Recipient.from_str(text) for text in value["recipients"]]
    moment = "2099-12-31T23:59:59+00:00"
    value |= {"backup": FORGED, "started": moment, "finished": moment}
    for data in value["data"]:
        for stream in (data["archive"], data["properties"]):
            plain = b"jahat"
            entry, sealed = stream["objects"][0], pyrage.encrypt(plain, keys)
            entry |= {
                "key": entry["key"].replace(shelf.newest, FORGED),
                "sha256": hashlib.sha256(sealed).hexdigest(),
                "size": len(sealed),
            }
            stream |= {"plain_size": len(plain), "plain_sha256": hashlib.sha256(plain).hexdigest()}
            for store in STORES:
                write(shelf.lab.folder / store / entry["key"], sealed)
    for path in shelf.manifests(FORGED):
        write(path, seal(value, real))


def by_a_stranger(value: dict[str, Any], _real: bytes) -> bytes:
    return Signer(key=Ed25519PrivateKey.generate()).seal(MANIFEST_KIND, value)


def by_a_stranger_in_the_office_name(value: dict[str, Any], real: bytes) -> bytes:
    envelope = json.loads(by_a_stranger(value, real))
    envelope["signatures"][0]["keyid"] = json.loads(real)["signatures"][0]["keyid"]
    return canonical_json(envelope)


def with_a_real_signature_of_another(value: dict[str, Any], real: bytes) -> bytes:
    envelope = json.loads(real)
    return canonical_json({**envelope, "payload": b64encode(canonical_json(value)).decode()})


def without_signature(value: dict[str, Any], real: bytes) -> bytes:
    return canonical_json({**json.loads(by_a_stranger(value, real)), "signatures": []})


def test_who_has_stolen_the_stores_and_the_public_keys_forges_no_backup(shelf):
    live = shelf.live()
    for seal in (
        by_a_stranger,
        by_a_stranger_in_the_office_name,
        with_a_real_signature_of_another,
        without_signature,
    ):
        forge(shelf, seal)
        with shelf.lab.place() as place:
            catalog = place.catalog(shelf.system)
            assert sorted(backup.id for backup in catalog.backups) == sorted(shelf.ids), seal
            assert [FORGED in problem.where for problem in catalog.problems] == [True, True], seal
            assert shelf.received(place) == shelf.newest, seal
            with pytest.raises(NotFoundError, match=FORGED):
                shelf.received(place, FORGED)
        with open_workplace(shelf.lab.place().office, clock=lambda: now() + timedelta(days=400)) as later:
            decisions = prune(later, dry_run=True, run="p", system=shelf.system).decisions
            assert {one.backup.id: one.keep for one in decisions} == dict(
                zip(shelf.ids, (False, True, True), strict=True)
            )
        shelf.repair()
    assert shelf.live() == live
    restore_for_good(shelf)


def test_a_backup_of_another_system_under_this_prefix_is_no_backup_of_this_one(shelf):
    system, other = shelf.system, "lain"
    shelf.lab.change(lambda value: value["systems"][0].update(id=other))
    with shelf.lab.place() as place:
        shelf.lab.back_up(place, "run-lain")
        foreign = place.catalog(other).newest(other).id
    shelf.lab.change(lambda value: value["systems"][0].update(id=system))
    for source, target in zip(shelf.folders(foreign, other), shelf.folders(foreign), strict=True):
        shutil.copytree(source, target)
    with shelf.lab.place() as place:
        catalog = place.catalog(system)
        assert sorted(backup.id for backup in catalog.backups) == sorted(shelf.ids)
        assert {foreign in problem.where for problem in catalog.problems} == {True}
        assert any("milik back up lain" in problem.what for problem in catalog.problems)
        assert shelf.received(place) == shelf.newest
        with pytest.raises(NotFoundError, match=foreign):
            shelf.received(place, foreign)
    for folder in shelf.folders(foreign):  # its manifest in place of ours, with our data
        for mine in shelf.manifests(shelf.newest):
            write(mine, (folder / "manifest.json").read_bytes())
        shutil.rmtree(folder)
    with shelf.lab.place() as place:
        assert shelf.try_restore(place) == shelf.older
        assert any(shelf.newest in problem.where for problem in place.catalog(system).problems)
    shelf.repair()
    restore_for_good(shelf)


# --- what does not hold yet ---


@pytest.mark.parametrize("name", ["flip-middle", "delete"])
def test_a_damaged_primary_copy_is_passed_over_when_the_data_is_fetched_too(shelf, name):
    shelf.stores = STORES[:1]
    DATA[name](shelf)
    with shelf.lab.place() as place:
        result = shelf.lab.carry_out(shelf.lab.received(place, shelf.new_run()))
    assert result.status == "Selesai", result.reason
    assert shelf.live() == shelf.digests[shelf.newest]


def test_prune_keeps_the_last_backup_that_still_has_its_data(shelf):
    shelf.lab.change(
        lambda value: value["policy"].update(backup={"retention": {"keep_last": 1, "minimum_days": 0}})
    )
    delete(shelf.objects(shelf.newest))
    with open_workplace(shelf.lab.place().office, clock=lambda: now() + timedelta(days=400)) as later:
        assert shelf.older not in prune(later, dry_run=False, run="p", system=shelf.system).removed


def test_receipts_without_their_manifest_are_a_problem_of_the_catalog(shelf):
    delete(shelf.manifests(shelf.newest))
    with shelf.lab.place() as place:
        assert any(shelf.newest in problem.where for problem in place.catalog(shelf.system).problems)


def test_the_sweep_leaves_the_data_of_a_backup_whose_receipts_show_that_it_was_whole(shelf):
    delete(shelf.manifests(shelf.newest))
    with open_workplace(shelf.lab.place().office, clock=lambda: now() + timedelta(days=8)) as later:
        sweep(later, dry_run=False, by="uji")
    assert shelf.objects(shelf.newest)

"""Disks that are really full (tmpfs): of each store during a backup, of the spool and of the database server during a restore."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from contextlib import ExitStack
from secrets import token_hex

import pytest

from jagadata.errors import JagadataError
from jagadata.lab.postgres import start_postgres
from jagadata.upkeep.sweep import sweep
from jagadata.vault.verification import read_back
from tests.lab.office import open_office

LOAD = 3_000_000
"""Bytes that no compressor makes smaller."""
whole = pytest.mark.whole


@contextlib.contextmanager
def small_disk(path, size):
    """A tmpfs of its own at this path; `size` as mount(8) takes it."""
    path.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", path],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        assert os.environ.get("CI") != "true", done.stderr
        pytest.skip(f"this machine refuses to mount: {done.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True, capture_output=True)


def enlarge(path):
    subprocess.run(["mount", "-o", "remount,size=256m", path], check=True, capture_output=True)


def add_load(office):
    """Letters with attachments: the next backup is larger than the last."""
    office.sql("CREATE TABLE IF NOT EXISTS aplikasi.lampiran (isi bytea)")
    office.sql(
        "ALTER TABLE aplikasi.lampiran OWNER TO " + f"app_{office.application.system}".replace("-", "_")
    )
    office.sql(f"INSERT INTO aplikasi.lampiran VALUES (decode('{os.urandom(LOAD).hex()}', 'hex'))")


def digests(office):
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for store in ("simpanan-utama", "simpanan-kedua")
        for path in (office.folder / store / "systems").rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def is_whole(place, backup):
    """Every copy that the catalog names reads back."""
    for store in place.stores:
        if store.name in backup.stores:
            data, versions = backup.manifest.data, backup.versions_in(store.name)
            read_back(place.server(backup.manifest.system), place.identities(), data, store, versions)
    return True


@pytest.fixture
def roomy(lab, postgres, ssh_server):
    """A function that opens an office of which some folders are small disks."""
    with ExitStack() as stack:

        def open_one(server=postgres, **disks):
            system = f"sisurat-{token_hex(3)}"
            folder = lab / system
            for name, size in disks.items():
                stack.enter_context(small_disk(folder / name.replace("_", "-"), size))
            return open_office(stack, folder, server, ssh_server, system)

        yield open_one


@pytest.mark.parametrize(
    ("disk", "step"), [("simpanan_utama", 1), pytest.param("simpanan_kedua", 4, marks=whole)]
)
def test_a_store_that_is_full_fails_the_backup_by_name_and_nothing_good_goes(roomy, disk, step):
    office = roomy(**{disk: "1500k"})
    system = office.application.system
    with office.place() as place:
        assert office.back_up(place, "run-awal").failures() == []
    before = digests(office)
    add_load(office)
    with office.place() as place:
        failures = office.back_up(place, "run-penuh").failures()
        assert len(failures) == 1, failures
        assert f"langkah {step}" in failures[0]
        assert "habis" in failures[0]
        assert {key: value for key, value in digests(office).items() if key in before} == before
        listed = [backup for backup in place.catalog(system).backups if backup.manifest.run == "run-penuh"]
        assert len(listed) == (step == 4)  # without step 4 it is a backup all the same, in one copy
        assert all(is_whole(place, backup) for backup in place.catalog(system).backups)
        assert not [*(office.folder / disk.replace("_", "-")).rglob(".part-*")]
    enlarge(office.folder / disk.replace("_", "-"))
    with office.place() as place:
        assert office.back_up(place, "run-ulang").failures() == []
        newest = place.catalog(system).newest(system)
        assert newest.manifest.run == "run-ulang"
        assert set(newest.stores) == {"utama", "kedua"}
        assert is_whole(place, newest)
        assert sweep(place, dry_run=False, by="uji").problems == ()


def restore(office, run, progress=lambda _done: None):
    with office.place() as place:
        received = office.received(place, f"{run}-pulih")
        with contextlib.suppress(JagadataError), received.recovery(progress) as recovery:
            for step in ("prepare", "stop", "restore", "start"):
                getattr(recovery, step)()
        return received.result


@whole
def test_a_spool_that_fills_up_while_the_backup_is_fetched_stops_nothing(roomy):
    office = roomy(spool="8m")
    office.change(lambda value: value.update(spool=str(office.folder / "spool")))
    add_load(office)
    with office.place() as place:
        assert office.back_up(place).failures() == []
    office.sql("DELETE FROM aplikasi.surat WHERE id > 150")
    ballast = office.folder / "spool" / "lain"

    def fill_up(_done):
        if not ballast.exists():  # somebody else, after the room was measured
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                while file.write(bytes(2**16)):
                    pass

    result = restore(office, "0000000a", fill_up)
    assert result.status == "Gagal"
    assert "Spool tidak dapat ditulisi: disk penuh" in result.reason
    assert result.off_at is None
    assert office.letters() == 150
    assert list((office.folder / "spool").iterdir()) == [ballast]
    ballast.unlink()
    assert restore(office, "0000000b").status == "Selesai"
    assert office.letters() == 200


@whole
def test_a_database_server_whose_disk_fills_up_keeps_the_live_data_and_the_service(roomy, lab):
    folder = lab / f"pg-{token_hex(3)}"
    with small_disk(folder / "cakram", "96m") as disk, start_postgres(folder / "pg") as server:
        (disk / "ruang").mkdir()
        os.chown(disk / "ruang", *(folder / "pg").stat()[4:6])
        (disk / "ruang").chmod(0o700)
        server.sql(f"CREATE TABLESPACE kecil LOCATION '{disk}/ruang'")
        server.sql("GRANT CREATE ON TABLESPACE kecil TO PUBLIC")
        server.sql("ALTER DATABASE template1 SET TABLESPACE kecil")
        office = roomy(server)
        add_load(office)
        with office.place() as place:
            assert office.back_up(place).failures() == []
        office.sql("DELETE FROM aplikasi.surat WHERE id > 150")
        plain = office.databases()
        server.sql("CHECKPOINT")  # what was dropped gives its room back
        free = os.statvfs(disk)
        with (disk / "lain").open("wb") as ballast:  # room for an empty database, not for the letters
            ballast.write(bytes(free.f_bavail * free.f_frsize - 2**22))
        result = restore(office, "0000000a")
        assert result.status == "Gagal"
        assert "No space left" in result.reason
        assert office.is_up()
        assert office.letters() == 150
        assert office.databases() == plain
        with office.place() as place:
            assert place.services(office.application.system).switch().state == "disarmed"
        (disk / "lain").unlink()
        assert restore(office, "0000000b").status == "Selesai"
        assert office.letters() == 200

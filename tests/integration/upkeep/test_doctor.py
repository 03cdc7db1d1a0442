"""`jaga doctor` finds each fault that is planted for real, says what to do, and leaves nothing behind."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from jagadata.adapters.directory.store import MARKER
from jagadata.lab.processes import free_port
from jagadata.upkeep.doctor import examine


@pytest.fixture(autouse=True)
def _no_prefect(monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{free_port()}/api")
    monkeypatch.delenv("PREFECT_API_AUTH_STRING", raising=False)


def look(office_lab):
    with office_lab.place() as place:
        return examine(place)


def problems(office_lab, group):
    found = [check for check in look(office_lab) if check.state == "MASALAH" and check.group == group]
    assert all(check.action.endswith(".") for check in found)
    return " | ".join(f"{check.subject}: {check.finding} {check.action}" for check in found)


def everything(office_lab):
    """Every file of the stores and hosts by its hash, and every database."""
    folders = [
        folder
        for folder in Path(office_lab.folder).iterdir()
        if folder.name.startswith(("simpanan", "sakelar"))
    ]
    files = {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }
    return files, office_lab.databases()


def test_a_sound_office_is_told_so_and_nothing_is_changed(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
    before = everything(office_lab)
    checks = look(office_lab)
    assert everything(office_lab) == before
    bad = {(check.group, check.subject) for check in checks if check.state == "MASALAH"}
    # Here both stores lie on one disk, and no Prefect server runs; all else is sound.
    assert bad == {("Penyimpanan", "kedua"), ("Prefect", "server dan alur")}, checks
    told = " ".join(check.finding for check in checks)
    for words in (
        "kunci host cocok",
        "dapat di-back up dan di-restore",
        "sakelar pengaman siap",
        "tulis, baca, hapus berhasil",
        "tidak ada yang dikirim",
        "ruang basis data",
        "restore terbesar perlu",
        "layanan web",
    ):
        assert words in told


def lock_out(office, lab):
    office["hosts"][0].update(known_hosts=wrong_known_hosts(lab))
    secret = lab.folder / office["servers"][0]["secret"].removeprefix("file:")
    secret.write_text("salah, tetapi cukup panjang untuk diturunkan")
    (lab.folder / "simpanan-utama" / MARKER).unlink()
    office["mail"].update(port=free_port())
    office["officials"][3].update(duties=[])


def misspell(office, lab):
    office["systems"][0]["services"][0].update(unit="wbe")
    office["systems"][0]["data"][0].update(database="tidak-ada")


def pull_plugs(office, lab):
    office["hosts"][0].update(port=free_port())
    office["servers"][0].update(tools="/usr/bin/nowhere")


@pytest.mark.parametrize(
    ("plant", "wanted"),
    [
        (
            lock_out,
            [
                ("Host", "kunci host"),
                ("Server basis data", "jagadata_dump"),
                ("Penyimpanan", "jaga store prepare"),
                ("Pesan", "server surel"),
                ("Berkas kantor", "kasi_infrastruktur"),
            ],
        ),
        (misspell, [("Sistem", "wbe"), ("Sistem", "tidak-ada")]),
        (pull_plugs, [("Host", "tidak"), ("Server basis data", "pg_")]),
    ],
)
def test_planted_faults_are_all_found_at_once(office_lab, plant, wanted):
    office_lab.change(lambda office: plant(office, office_lab))
    checks = look(office_lab)
    for group, words in wanted:
        found = [check for check in checks if check.state == "MASALAH" and check.group == group]
        told = " ".join(f"{check.finding} {check.action}" for check in found)
        assert words.lower() in told.lower(), checks
    assert {"Kunci", "Worker", "Host", "Sistem", "Pesan", "Prefect"} <= {check.group for check in checks}


def test_a_stopped_service_an_armed_switch_and_a_full_spool_are_found(office_lab, monkeypatch):
    with office_lab.place() as place:
        office_lab.back_up(place)
        control = place.services(office_lab.application.system)
        control.arm("uji-doctor-1", 600)
        control.stop()
        try:
            told = problems(office_lab, "Sistem")
        finally:
            control.start()
            control.disarm()
    assert "layanan web" in told
    assert "sakelar pengaman sedang terpasang" in told
    monkeypatch.setattr("jagadata.vault.spool.spool_free", lambda folder: 10)
    assert "kurang" in problems(office_lab, "Worker").lower()


def wrong_known_hosts(lab):
    path = lab.folder / "known_hosts-lain"
    host = lab.place().office.hosts[0]
    path.write_text(
        f"[{host.address}]:{host.port} ssh-ed25519 "
        "AAAAC3NzaC1lZDI1NTE5AAAAIJ0KzV4vT8y6v0VQe1bq0g3yV5Cq1mJ0w4yGQn8uS3aZ\n"
    )
    return str(path)

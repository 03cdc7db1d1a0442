"""The demo's story: an application is backed up, loses its data, and gets it back by the book; told in Indonesian and English."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.table import Table

from jagadata.adapters.orchestrator.prefect_api import PrefectApi
from jagadata.connections import open_workplace
from jagadata.demo.agencies import make_collection
from jagadata.demo.office import make_office, start_application
from jagadata.demo.scene import ENDED, Scene, Teller, sign_off
from jagadata.lab.imap_server import start_imap
from jagadata.lab.mail import start_mail
from jagadata.lab.postgres import start_postgres
from jagadata.lab.prefect_server import start_prefect_server, start_worker
from jagadata.lab.ssh_server import start_ssh
from jagadata.lab.swift import start_swift
from jagadata.office.file import load_office
from jagadata.restore.run import RestoreRun
from jagadata.stores import layout
from jagadata.text.formats import format_duration, format_number

REQUESTER = "dewi@example.id"


def open_scene(stack: ExitStack, folder: Path, teller: Teller, *, keep: bool) -> Scene:
    """Start every part on loopback and free ports, deploy the flows, start a worker."""
    teller.act(
        "1", "Menyiapkan kantor contoh", "Setting up a sample office: real servers, loopback only, no root"
    )
    pool = stack.enter_context(ThreadPoolExecutor(1))
    starting = pool.submit(start_prefect_server, folder / "prefect")  # takes longest: beside the others
    postgres = stack.enter_context(start_postgres(folder / "postgres", durable=True))
    ssh = stack.enter_context(start_ssh(folder / "ssh"))
    mail = stack.enter_context(start_mail(folder / "surat-elektronik"))
    s3 = stack.enter_context(start_swift(folder / "s3"))
    s3.make_bucket("jagadata", versioned=True)
    mailbox = stack.enter_context(start_imap(folder / "kotak-surel"))
    application = start_application(folder / "aplikasi", postgres)
    stack.enter_context(application.supervisor)
    office = make_office(
        folder,
        [application],
        postgres,
        ssh,
        mail,
        primary={
            "kind": "s3",
            "name": "utama",
            "endpoint": s3.endpoint,
            "bucket": "jagadata",
            "access_key": "env:DEMO_S3_KUNCI",
            "secret_key": "env:DEMO_S3_RAHASIA",
        },
        collection=make_collection(
            postgres,
            folder,
            mailbox={
                "host": mailbox.host,
                "port": mailbox.port,
                "security": "none",
                "user": mailbox.user,
                "password": "env:DEMO_SANDI_KOTAK",
            },
        ),
    )
    prefect = stack.enter_context(starting.result())
    os.environ.update(
        DEMO_S3_KUNCI=s3.access_key, DEMO_S3_RAHASIA=s3.secret_key, DEMO_SANDI_KOTAK=mailbox.password
    )
    environment = {**prefect.environment(), "JAGADATA_OFFICE": str(office)}
    done = subprocess.run(
        [sys.executable, "-m", "deployments"], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    stack.enter_context(start_worker(prefect, office, folder / "worker"))
    papers = Path.cwd() / "hasil-demo"
    papers.mkdir(exist_ok=True)
    for old in papers.glob("*.pdf"):  # of an earlier demo
        old.unlink()
    api = PrefectApi(f"{prefect.url}/api")
    stack.callback(api.close)
    teller.fact("Aplikasi (application)", f"http://127.0.0.1:{application.port}")
    teller.fact("Prefect UI", prefect.url)
    return Scene(folder, postgres, mail, application, mailbox, office, prefect, api, keep, papers)


def count_letters(scene: Scene) -> int:
    """What the application itself says."""
    with urllib.request.urlopen(f"http://127.0.0.1:{scene.application.port}/jumlah", timeout=10) as answer:
        return int(json.load(answer)["jumlah"])


def back_up(scene: Scene, teller: Teller) -> str:
    teller.act(
        "2", "SOP Back Up Data, langkah 1–6", "Backup by the SOP: dump, verify, name, secure, form, sign-off"
    )
    run = scene.api.run("SOP Back Up Data/bulanan", {"perintah": {"catatan": "Demo"}})
    teller.fact("Run", scene.api.ui_url(run))
    sign_off(scene, teller, run, "Diterima", "bambang")
    ended = scene.api.wait(run, ENDED, 180)
    teller.fact("Selesai (ended)", f"{ended.state} — {ended.message}")
    return run


def damage(scene: Scene, teller: Teller) -> None:
    teller.act("3", "Data rusak: semua surat terhapus", "Disaster: every letter is deleted")
    scene.postgres.sql("DELETE FROM aplikasi.surat", scene.application.database)


def restore(scene: Scene, teller: Teller) -> str:
    teller.act(
        "4",
        "SOP Restore Data, langkah 1–6",
        "Restore by the SOP: request, approval, stop, restore, start, inform, acknowledge",
    )
    run = scene.api.run(
        "SOP Restore Data/permohonan",
        {
            "permohonan": {
                "nama_aplikasi": f"{scene.application.system} — {scene.application.name} ({scene.application.owner})",
                "nama_pemohon": "Dewi Lestari, S.E.",
                "nip": "199205172019032005",
                "jabatan": "Pengelola Surat",
                "unit_kerja": "BKPSDM Kabupaten Trenggalek",
                "no_hp": "0812-0000-0000",
                "email": REQUESTER,
                "uraian_kerusakan": "Seluruh data surat hilang dari aplikasi setelah pembersihan data.",
                "dugaan_penyebab": "Salah menjalankan perintah hapus.",
                "alasan": "Pelayanan surat-menyurat tidak dapat berjalan.",
                "waktu_penghentian": "Segera",
            }
        },
    )
    teller.fact("Run", scene.api.ui_url(run))
    sign_off(scene, teller, run, "Menyetujui", "rina")
    sign_off(scene, teller, run, "Diterima pemohon", "agus")
    ended = scene.api.wait(run, ENDED, 180)
    teller.fact("Selesai (ended)", f"{ended.state} — {ended.message}")
    return run


def prove(scene: Scene, teller: Teller, counts: list[int], backup: str, run: str) -> bool:
    """The proof: the application's rows, the papers, the mails. True if all is as it was."""
    with open_workplace(load_office(scene.office)) as place:
        result = RestoreRun(place, run).result
        for store in place.stores:
            for stored in store.list(layout.FORMS):
                if stored.key.endswith("-langkah-6.pdf") and (backup in stored.key or run in stored.key):
                    name = (
                        "formulir-pelaksanaan-back-up.pdf"
                        if backup in stored.key
                        else "formulir-permohonan-restore.pdf"
                    )
                    (scene.papers / name).write_bytes(store.get(stored.key, version=stored.version))
    off = result.downtime_seconds if result else None
    kept = f"{', '.join(result.kept)}, {result.kept_days} hari" if result and result.kept else "-"
    table = Table(
        title="Bukti: jumlah surat menurut aplikasi (proof: rows the application shows)", title_justify="left"
    )
    for column in ("sebelum rusak (before)", "setelah rusak (damaged)", "setelah restore (restored)"):
        table.add_column(column, justify="right")
    table.add_row(*(format_number(count) for count in counts))
    teller.console.print(table)
    teller.fact("Layanan berhenti (service off)", format_duration(off or 0.0))
    teller.fact("Data lama disimpan (old data kept)", kept)
    scene.show(teller)
    return counts[0] == counts[2] != counts[1]


def tell(*, keep: bool) -> int:
    """The whole story; returns the exit code."""
    import tempfile

    from jagadata.demo.round_story import collect

    teller = Teller()
    folder = Path(tempfile.mkdtemp(prefix="jaga-demo-"))
    folder.chmod(0o755)
    try:
        with ExitStack() as stack:
            scene = open_scene(stack, folder, teller, keep=keep)
            before = count_letters(scene)
            backup = back_up(scene, teller)
            damage(scene, teller)
            damaged = count_letters(scene)
            teller.fact("Aplikasi menampilkan (application shows)", f"{damaged} surat")
            run = restore(scene, teller)
            teller.act("5", "Bukti", "Proof")
            good = prove(scene, teller, [before, damaged, count_letters(scene)], backup, run)
            good = collect(scene, teller) and good
            if keep:
                _wait(scene, teller)
            return 0 if good else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(scene: Scene, teller: Teller) -> None:
    settings: dict[str, Any] = {
        "JAGADATA_OFFICE": scene.office,
        "PREFECT_API_URL": f"{scene.prefect.url}/api",
    }
    settings |= {name: os.environ[name] for name in ("DEMO_S3_KUNCI", "DEMO_S3_RAHASIA", "DEMO_SANDI_KOTAK")}
    teller.say(
        "Semua tetap berjalan. Tekan Ctrl+C untuk menutup dan menghapus semuanya.",
        "Everything keeps running. Ctrl+C ends it and removes everything.",
    )
    for name, value in settings.items():
        teller.console.print(f"export {name}={value}", soft_wrap=True, markup=False)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return

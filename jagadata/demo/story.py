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
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from jagadata.adapters.prefect_api import PrefectApi
from jagadata.calendar import format_duration, format_number
from jagadata.demo.agencies import make_collection
from jagadata.demo.imap_server import start_imap
from jagadata.demo.mail import start_mail
from jagadata.demo.office import make_office, start_application
from jagadata.demo.postgres import start_postgres
from jagadata.demo.prefect_server import start_prefect_server, start_worker
from jagadata.demo.ssh_server import start_ssh
from jagadata.demo.swift import start_swift
from jagadata.office import load_office
from jagadata.restore_run import RestoreRun
from jagadata.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagadata.demo.imap_server import ImapServer
    from jagadata.demo.mail import MailSink
    from jagadata.demo.office import Application
    from jagadata.demo.postgres import Postgres
    from jagadata.demo.prefect_server import PrefectServer

ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
REQUESTER = "dewi@example.id"


@dataclass
class Scene:
    """Everything that runs for the demo."""

    folder: Path
    postgres: Postgres
    mail: MailSink
    application: Application
    mailbox: ImapServer
    office: Path
    prefect: PrefectServer
    api: PrefectApi
    keep: bool
    papers: Path
    shown: set[str] = field(default_factory=set)

    def show(self, teller: Teller) -> None:
        """The mails and papers that are new since the last time."""
        found = [
            ("Surat elektronik (mail)", f"{message['to']}: {message['subject']}")
            for message in self.mail.messages()
        ]
        found += [("PDF", str(path)) for path in sorted(self.papers.glob("*.pdf"))]
        for label, text in found:
            if text not in self.shown:
                teller.fact(label, text)
            self.shown.add(text)


class Teller:
    """Prints the story: Indonesian first, English dimmed below."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.begun = time.monotonic()

    def say(self, indonesian: str, english: str) -> None:
        self.console.print(f"[bold]{indonesian}[/bold]")
        self.console.print(f"[dim]{english}[/dim]\n")

    def act(self, number: str, indonesian: str, english: str) -> None:
        seconds = int(time.monotonic() - self.begun)
        self.console.print(
            Panel(
                f"[bold]{indonesian}[/bold]\n[dim]{english}[/dim]",
                title=f"{number} · {seconds} s",
                title_align="left",
            )
        )

    def fact(self, label: str, value: str) -> None:
        self.console.print(f"  {label}: {value}", soft_wrap=True, markup=False)


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


def sign_off(
    scene: Scene,
    teller: Teller,
    run: str,
    decision: str,
    who: str,
    values: Mapping[str, Any] | None = None,
) -> None:
    """The gate of a run: the person at the screen decides (KEEP=1), else the demo does, as that official would."""
    end = time.monotonic() + 180
    while True:
        found = scene.api.wait(run, ("Suspended", *ENDED), 180)
        if found.state != "Suspended":
            raise SystemExit(f"{found.flow}: {found.state} {found.message}")
        gate = scene.api.gate(run, 30)
        if decision in gate.decisions:
            break
        if time.monotonic() > end:
            raise SystemExit(f"{found.flow}: '{decision}' is not what is asked for:\n{gate.text}")
        time.sleep(0.5)  # the gate before this one, just answered
    signer = next((one for one in gate.signers if f"[{who}]" in one), gate.signers[0])
    if scene.keep:
        teller.say(
            f"Buka {scene.api.ui_url(run)}, tekan Resume, pilih keputusan sebagai {signer}.",
            f"Open the page, press Resume, and decide as this official ('{decision}' goes on).",
        )
        while scene.api.read(run).state == "Suspended":
            time.sleep(1)
        return
    teller.fact("Tanda tangan (sign-off)", f"{signer}: {decision}   [jaga approve {run[:8]}…]")
    scene.api.answer(run, decision, signer, "sesuai" if decision == "Diterima" else "", values)


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
    with Workplace(load_office(scene.office)) as place:
        result = RestoreRun(place, run).result or {}
        for store in place.stores:
            for stored in store.list("forms/"):
                if stored.key.endswith("-langkah-6.pdf") and (backup in stored.key or run in stored.key):
                    name = (
                        "formulir-pelaksanaan-back-up.pdf"
                        if backup in stored.key
                        else "formulir-permohonan-restore.pdf"
                    )
                    (scene.papers / name).write_bytes(store.get(stored.key, version=stored.version))
    table = Table(
        title="Bukti: jumlah surat menurut aplikasi (proof: rows the application shows)", title_justify="left"
    )
    for column in ("sebelum rusak (before)", "setelah rusak (damaged)", "setelah restore (restored)"):
        table.add_column(column, justify="right")
    table.add_row(*(format_number(count) for count in counts))
    teller.console.print(table)
    teller.fact("Layanan berhenti (service off)", format_duration(float(result.get("downtime_seconds", 0))))
    teller.fact(
        "Data lama disimpan (old data kept)",
        f"{', '.join(result.get('kept', []))}, {result.get('kept_days')} hari",
    )
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

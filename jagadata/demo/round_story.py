"""The demo's second act: a short round of SOP Pengumpulan Data with three OPD, one with a broken file, one that is late."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING

from rich.table import Table

from jagadata.collection.intake.delivery_table import make_delivery_rows
from jagadata.collection.intake.run import list_deliveries
from jagadata.collection.run import RoundRun
from jagadata.connections import open_workplace
from jagadata.demo.agencies import ADDRESS, broken_file, good_file, mended_file
from jagadata.demo.scene import ENDED, sign_off
from jagadata.office.file import load_office
from jagadata.stores import layout
from jagadata.text.periods import add_working_days, is_working_day

if TYPE_CHECKING:
    from jagadata.demo.scene import Scene, Teller

_MINUTES = "Daftar data, metadata, dan batas waktu disepakati. OPD yang tidak hadir menerima notulen ini."
_XLSX = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def collect(scene: Scene, teller: Teller) -> bool:
    """Tell it; True if it ended as it should."""
    teller.act(
        "6",
        "SOP Pengumpulan Data, langkah 1–5: satu putaran, tiga OPD",
        "Data collection by the SOP: meeting, letters, attendance, intake and checks, inventory",
    )
    run = scene.api.run("SOP Pengumpulan Data/putaran", {"perintah": {}})
    teller.fact("Run", scene.api.ui_url(run))
    with open_workplace(load_office(scene.office)) as place:
        today = place.today()  # the office's day, not this machine's
        holidays = place.office.holidays
    meeting = today if is_working_day(today, holidays) else add_working_days(today, 1, holidays)
    deadline = add_working_days(meeting, 1, holidays)
    dates = {"tanggal": meeting.isoformat(), "batas_waktu": deadline.isoformat()}
    sign_off(scene, teller, run, "Diajukan", "wahyu", dates)
    sign_off(scene, teller, run, "Disetujui", "endang")
    sign_off(scene, teller, run, "Ditandatangani", "hadi")
    held = {
        "hadir": ["bkpsdm", "dinkes"],
        "notulen": _MINUTES,
        "sudah_dilaksanakan": True,
    }  # nobody waits here
    sign_off(scene, teller, run, "Rapat dilaksanakan", "wahyu", held)
    scene.api.wait(run, ("Suspended", *ENDED), 180)
    teller.say(
        "BKPSDM mengirim lewat surel; Dinas Kesehatan menaruh berkas yang salah di folder; Dinas Perhubungan belum mengirim.",
        "One agency sends by mail, one drops a broken file, one is late.",
    )
    _mail(scene, today.year)
    _drop(scene, "puskesmas.xlsx", broken_file(today.year))
    _take_in(scene)
    scene.show(teller)
    teller.say(
        "Dinas Kesehatan membaca jawabannya, lalu mengirim perbaikan.",
        "The clerk reads what was wrong, and mends it.",
    )
    _drop(scene, "puskesmas perbaikan.xlsx", mended_file(today.year))
    _take_in(scene)
    sign_off(scene, teller, run, "Ditutup", "wahyu")
    ended = scene.api.wait(run, ENDED, 180)
    teller.fact("Selesai (ended)", f"{ended.state} — {ended.message}")
    _show(scene, teller, run)
    return ended.state == "Selesai"


def _mail(scene: Scene, year: int) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "bkpsdm@example.id", ADDRESS
    mail["Subject"] = "Data semester ini"
    mail["Message-ID"] = f"<data-{time.time_ns()}@example.id>"
    mail.set_content("Terlampir data kami.")
    mail.add_attachment(good_file(year), maintype="application", subtype=_XLSX, filename="Data ASN.xlsx")
    scene.mailbox.deliver(datetime.now(UTC), mail.as_bytes())


def _drop(scene: Scene, name: str, content: bytes) -> None:
    folder = scene.folder / "kiriman" / "dinkes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    time.sleep(1.1)  # a file that just changed may still grow


def _take_in(scene: Scene) -> None:
    """What the schedule does every quarter of an hour."""
    scene.api.wait(scene.api.run("Penerimaan Data/penerimaan", {}), ENDED, 180)


def _show(scene: Scene, teller: Teller, run: str) -> None:
    with open_workplace(load_office(scene.office)) as place:
        round_run = RoundRun(place, run)
        rows = make_delivery_rows(list_deliveries(round_run), place.timezone)
        table = Table(title="Penyampaian data (who delivered what)", title_justify="left")
        for name in ("OPD", "Data", "Status", "Tanda terima", "Baris"):
            table.add_column(name)
        for row in rows:
            table.add_row(*(row[name] for name in ("OPD", "Data", "Status", "Tanda terima", "Baris")))
        teller.console.print(table)
        prefix = layout.make_papers_prefix(str(round_run.round))
        wanted = (
            "bkpsdm/1-surat-undangan.pdf",
            "bkpsdm/1-surat-permintaan-data.pdf",
            "presensi-rapat.pdf",
            "laporan-penutup.pdf",
        )
        for store in place.stores:
            for stored in store.list(prefix):
                if stored.key.removeprefix(prefix) in wanted:
                    name = stored.key.rpartition("/")[2].removeprefix("1-")
                    (scene.papers / name).write_bytes(store.get(stored.key, version=stored.version))
    for path in sorted((scene.folder / "publikasi").glob("*/*/datapackage.json")):
        teller.fact("Paket data (data package)", str(path.parent.relative_to(scene.folder)))
    scene.show(teller)

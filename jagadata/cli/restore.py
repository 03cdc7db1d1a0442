"""`jaga restore`, `jaga rollback`: the same steps, records and papers as the flow, with the Prefect server down."""

from __future__ import annotations

import contextlib
import signal
import threading
import uuid
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from jagadata.connections import open_workplace
from jagadata.errors import RefusedError
from jagadata.restore.papers.markdown import render_restore
from jagadata.restore.papers.plan_sheet import make_plan_facts
from jagadata.restore.request import RestoreRequest
from jagadata.restore.run import RestoreRun
from jagadata.restore.submission import (
    PaperApproval,
    approve_on_paper,
    finish,
    raise_unless_restored,
    receive,
    recover,
    refuse_unapproved,
    submit,
    withdraw,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

CODES = """\b
Kode keluar:
  0  selesai
  1  gagal; layanan berjalan dengan data lama (alasan tercetak)
  2  berkas kantor salah
  3  ditolak sebelum apa pun dihentikan
  4  host, basis data, atau penyimpanan tidak terjangkau
  5  sistem atau back up tidak ada
  6  back up rusak
  7  restore atau back up lain sedang berjalan"""


def new_run_id() -> str:
    return str(uuid.uuid4())


def progress_bar(title: str, total: int, work: Callable[[Callable[[int], None]], Any]) -> Any:
    """Run `work` with a progress bar of bytes on stderr; silent where stderr is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total or None)
        return work(lambda done: bar.advance(task, done))


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--system", "system", required=True, help="Sistem menurut berkas kantor."),
        click.option("--reason", required=True, help="Dasar/alasan permohonan."),
        click.option(
            "--approved-by", "approved_by", default="", help="ID pejabat yang menyetujui (di luar sistem)."
        ),
        click.option("--letter", default="", help="Nomor surat atau nota persetujuan."),
        click.option("--requester", default="", help="Nama pemohon; kosong: diisi petugas."),
        click.option("--unit", default="", help="Unit kerja pemohon; kosong: OPD pemilik data."),
        click.option("--email", default="", help="Alamat email pemohon."),
        click.option("--resume", "run", default="", help="Lanjutkan run dengan nomor ini."),
        click.option("--yes", is_flag=True, help="Jangan bertanya lagi sebelum layanan dihentikan."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(name="restore", epilog=CODES)
@_common
@click.option("--backup", default="", help="ID back up; kosong: terbaru yang terverifikasi.")
@click.option(
    "--test", is_flag=True, help="Tujuan Uji: tidak menghentikan layanan, tidak menyentuh data berjalan."
)
@click.option(
    "--incident", is_flag=True, help="Indikasi insiden siber: --backup wajib, data lama dijaga sebagai bukti."
)
def restore(system: str, backup: str, test: bool, incident: bool, **words: Any) -> None:
    """Menjalankan SOP Restore Data tanpa server Prefect, dengan catatan dan formulir yang sama.

    Restore Produksi memerlukan persetujuan di luar sistem: --approved-by dan --letter; formulir mencetaknya demikian.
    """
    _carry_out(system, backup=backup, purpose="Uji" if test else "Produksi", cyber_incident=incident, **words)


@click.command(name="rollback", epilog=CODES)
@_common
def rollback(system: str, **words: Any) -> None:
    """Membatalkan restore terakhir: data sebelum restore mendapat kembali namanya; tidak ada yang dihapus."""
    _carry_out(system, rollback=True, **words)


def _carry_out(
    system: str,
    *,
    reason: str,
    approved_by: str,
    letter: str,
    requester: str,
    unit: str,
    email: str,
    run: str,
    yes: bool,
    **request: Any,
) -> None:
    console = Console()
    with open_workplace() as place:
        entry = place.office.system(system)
        paper = PaperApproval(signer=approved_by, letter=letter)
        refuse_unapproved(place, request.get("purpose", "Produksi"), paper)
        wanted = RestoreRequest(
            system=system,
            requester=requester or f"Petugas atas nama {entry.owner}",
            unit=unit or entry.owner,
            reason=reason,
            email=email,
            damage="-",
            personal_data=entry.personal_data,
            **request,
        )
        restore_run = RestoreRun(place, run or new_run_id(), wanted)
        submit(restore_run, paper, system=system, again=bool(run))
        console.print(f"Permohonan {restore_run.number()} · run {restore_run.run}")
        progress_bar(
            "Memeriksa back up", restore_run.expected_bytes(), lambda done: receive(restore_run, done)
        )
        for label, value in make_plan_facts(restore_run.plan, restore_run.impact):
            console.print(f"  {label}: {value}", markup=False)
        approve_on_paper(restore_run, paper)
        if not yes and not click.confirm("Lanjutkan?"):
            _withdraw(restore_run)
        carry_on(restore_run)


def carry_on(run: RestoreRun) -> None:
    """Steps 2 to 5 as far as they are not done, and the form. Raises JagadataError unless the restore succeeded."""
    if run.result is None:
        with _signals_interrupt():
            progress_bar("Mengambil dan memulihkan", run.expected_bytes(), lambda done: recover(run, done))
    finish(run)
    Console().print(render_restore(run.form(), run.place.timezone), markup=False)
    raise_unless_restored(run)


def _withdraw(run: RestoreRun) -> NoReturn:
    """Raises RefusedError; click.Abort where an attempt began before, whose end this no is not."""
    if not withdraw(run):
        raise click.Abort
    raise RefusedError(
        f"Permohonan {run.number()} dibatalkan petugas; tidak ada yang dihentikan atau diubah.",
        "Ajukan permohonan baru bila restore masih diperlukan.",
    )


@contextlib.contextmanager
def _signals_interrupt() -> Iterator[None]:
    """SIGTERM, and the SIGHUP of a terminal that is gone, end a restore as Ctrl-C does: not before the services are started again.

    Python itself would end the process at once, and leave the services to the switch.
    """
    if threading.current_thread() is not threading.main_thread():  # only there are signals seen
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        for caught in (signal.SIGTERM, signal.SIGHUP):  # a second one must not break off the start
            signal.signal(caught, signal.SIG_IGN)
        raise KeyboardInterrupt

    chosen = [
        one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) != signal.SIG_IGN
    ]  # nohup
    former = {one: signal.signal(one, interrupt) for one in chosen}
    try:
        yield
    finally:
        for one, handler in former.items():
            signal.signal(one, handler)

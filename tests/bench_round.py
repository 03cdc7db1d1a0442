"""`make bench`, second part: a whole round of data collection at full size. `python -m tests.bench_round [FILES] [ROWS]`.

60 OPD, 500 files (half XLSX, half CSV) of 4,000 rows and 8 columns: intake, checks, answers, inventory, packages, report.
Memory is that of the process and its children together, sampled from /proc (PSS: what they share counts once).
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import xlsxwriter

from jagadata.collection.closing import steps
from jagadata.collection.intake.run import close_intake, take_in_round
from jagadata.collection.inventory.run import fill_inventory
from jagadata.collection.letters import dispatch
from jagadata.collection.run import RoundRun
from jagadata.connections import open_workplace
from jagadata.demo.agencies import make_collection
from jagadata.lab.postgres import start_postgres
from jagadata.lab.ssh_server import start_ssh
from jagadata.office.file import load_office
from tests.lab.office import open_office
from tests.lab.round import Clock, agree, yes

AGENCIES = 60
WORDS = ("Sawah", "Jalan", "Pasar", "Sungai", "Sekolah", "Hutan", "Kapal", "Ternak", "Rumah")
TYPES = ("year", "region", "text", "text", "integer", "number", "date", "text")


def heads(number: int) -> tuple[str, ...]:
    """Headings of one data set; no two of one OPD are alike."""
    word = WORDS[number // AGENCIES % len(WORDS)]
    return (
        "Tahun",
        "Kode Wilayah",
        f"Nama {word}",
        f"Jenis {word}",
        f"Jumlah {word}",
        "Nilai",
        "Tanggal",
        "Keterangan",
    )


def make_policy(collection, files: int):
    """The demo's part with 60 OPD and so many data sets."""
    agencies = [
        {
            "id": f"opd-{n}",
            "name": f"Dinas Nomor {n}",
            "head": f"Kepala Dinas Nomor {n}",
            "email": [f"opd{n}@example.id"],
        }
        for n in range(AGENCIES)
    ]

    def columns(number):
        return [
            {"name": name, "type": kind, "key": place == 2, "required": name != "Keterangan"}
            for place, (name, kind) in enumerate(zip(heads(number), TYPES, strict=True))
        ]

    datasets = [
        {
            "code": f"data-{n}",
            "name": f"Data nomor {n}",
            "agency": f"opd-{n % AGENCIES}",
            "unit": "unit",
            "columns": columns(n),
        }
        for n in range(files)
    ]
    return {**collection, "agencies": agencies, "datasets": datasets}


def make_rows(number: int, rows: int, year: int):
    for row in range(rows):
        place = f"3503{1 + row % 14:02}0"
        yield (
            year,
            place,
            f"Objek {number}-{row}",
            f"Kelompok {row % 9}",
            row * 7 % 1000,
            row / 8,
            f"{year}-01-{1 + row % 28:02}",
            "",
        )


def write_files(folder: Path, files: int, rows: int, year: int) -> int:
    """Into the drop folders; returns bytes."""
    total = 0
    for number in range(files):
        target = folder / f"opd-{number % AGENCIES}"
        target.mkdir(parents=True, exist_ok=True)
        if number % 2:
            lines = [
                ";".join(heads(number)),
                *(
                    ";".join(
                        str(cell).replace(".", ",") if isinstance(cell, float) else str(cell) for cell in row
                    )
                    for row in make_rows(number, rows, year)
                ),
            ]
            content = "\r\n".join(lines).encode()
        else:
            buffer = io.BytesIO()
            book = xlsxwriter.Workbook(buffer, {"in_memory": True})
            sheet = book.add_worksheet(f"data-{number}")
            sheet.write_row(0, 0, heads(number))
            for place, row in enumerate(make_rows(number, rows, year), 1):
                sheet.write_row(place, 0, row)
            book.close()
            content = buffer.getvalue()
        (target / f"data-{number}.{'csv' if number % 2 else 'xlsx'}").write_bytes(content)
        total += len(content)
    return total


class Memory:
    """The highest PSS of this process and its descendants, in MiB, sampled five times a second."""

    def __init__(self):
        self.peak = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._end.set()
        self._thread.join()

    def _run(self):
        while not self._end.wait(0.2):
            self.peak = max(self.peak, sum(map(pss, family(os.getpid()))) / 1024)


def family(number: int):
    yield number
    try:
        children = Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii").split()
    except OSError:
        return
    for child in children:
        yield from family(int(child))


def pss(number: int) -> int:
    try:
        text = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def main() -> None:
    files, rows = (int(word) for word in sys.argv[1:3]) if len(sys.argv) == 3 else (500, 4000)
    folder = Path(tempfile.mkdtemp(prefix="jaga-bench-"))
    folder.chmod(0o755)
    times: list[tuple[str, float]] = []
    try:
        with ExitStack() as stack:
            # The servers run apart from what is measured; only the mail sink is a thread of this process.
            postgres = stack.enter_context(start_postgres(folder / "pg"))
            ssh = stack.enter_context(start_ssh(folder / "ssh"))
            collection = make_policy(make_collection(postgres, folder, database="satu_data"), files)
            lab = open_office(
                stack, folder / "kantor", postgres, ssh, "bench", rows=10, collection=collection
            )
            for name in ("kiriman", "publikasi"):
                shutil.move(folder / name, lab.folder / name)
            shutil.copytree(folder / "keys", lab.folder / "keys", dirs_exist_ok=True)
            clock = Clock()
            with open_workplace(load_office(lab.path), clock=clock) as place:
                run = RoundRun(place, "bench")
                run.open()
                lab.application.supervisor.stop()
                agree(run, clock)

                def step(what, work):
                    begun = time.monotonic()
                    result = work()
                    times.append((what, time.monotonic() - begun))
                    return result

                with Memory() as memory:
                    step("letters to 60 OPD", lambda: dispatch.invite(run))
                    run.journal.note("2", "done", failed=[])
                    run.decide("attendance", yes("wahyu", clock, hadir=["opd-1"]))
                    run.meet()
                    size = write_files(lab.folder / "kiriman", files, rows, run.round.year)
                    clock.now = datetime.now(UTC) + timedelta(minutes=5)
                    memory.peak = 0
                    done = step("intake, checks, answers", lambda: take_in_round(run))
                    run.decide("closing-1", yes("wahyu", clock))
                    step("closing", lambda: close_intake(run))
                    step("inventory, packages", lambda: fill_inventory(run))
                    report = step("report", lambda: steps.finish(run))
            assert report.complete == files, (report.complete, done.problems[:3])
            print(
                f"{AGENCIES} OPD, {files} files, {files * rows:,} rows, {size / 1e6:.0f} MB: all {report.complete} complete"
            )
            for what, seconds in times:
                print(f"  {what:28}{seconds:8.1f} s")
            print(f"  {'all':28}{sum(seconds for _, seconds in times):8.1f} s (wanted: under 600)")
            print(f"  peak memory                 {memory.peak:8.0f} MiB (wanted: under 1024)")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

"""The sandbox in which files are examined: whatever a file does to its reader, the run goes on and nothing stays behind."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import openpyxl
import pytest

from jagadata.adapters.spreadsheets import examiner
from jagadata.adapters.spreadsheets.examiner import close_reader, examine
from jagadata.collection.round import Round
from jagadata.collection.tables.examination import from_json, to_json
from jagadata.errors import JagadataError
from jagadata.office.collection import Limits
from tests.lab.collection import make_policy
from tests.lab.corpus.asked import DATASETS, PEOPLE_HEAD, RICE_HEAD, people, rice
from tests.lab.corpus.makers import book, text
from tests.lab.repository import ROOT


@pytest.fixture
def send(tmp_path):
    def send(name, data, **limits):
        path = tmp_path / "dikirim"
        path.write_bytes(data)
        chosen = {"memory_mib": 400, "seconds": 20, **limits}
        return examine(
            path,
            name,
            DATASETS,
            round=Round(2026, 2),
            limits=Limits(**chosen),
            region="3503",
            folder=tmp_path,
        )

    return send


def _children(pid):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = path.read_text().rpartition(")")[2].split()[1]
            if int(parent) == pid:
                found.append(int(path.parent.name))
    return found


def _sandbox():
    process = examiner._READER._process
    return process.pid if process else 0


def _unread(pipe):
    """Bytes that lie in it."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def _ends(pid, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][:1]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_reader_out_of_processor_time_is_a_finding_and_the_next_file_is_read(send):
    rows = [[f"Desa {n}", 2026, f"{n},5", "1.234,25"] for n in range(200_000)]
    found = send("besar.csv", text([RICE_HEAD, *rows]), seconds=1)
    assert [one.code for one in found.findings] == ["batas-waktu"]
    assert found.tables == ()
    assert send("kecil.csv", text([RICE_HEAD, *rice()])).complete
    assert _children(_sandbox()) == []


def test_the_sandbox_may_be_killed_between_two_files(send):
    assert send("satu.csv", text([RICE_HEAD, *rice()])).complete
    os.kill(_sandbox(), signal.SIGKILL)
    assert send("dua.csv", text([RICE_HEAD, *rice()])).complete


def test_the_sandbox_may_be_killed_while_it_is_asked(tmp_path):
    (tmp_path / "satu.csv").write_bytes(text([RICE_HEAD, *rice()]))
    found = []

    def ask(region_name=""):
        found.append(
            examine(
                tmp_path / "satu.csv",
                "satu.csv",
                DATASETS,
                round=Round(2026, 2),
                limits=Limits(),
                region="3503",
                region_name=region_name,
                folder=tmp_path,
            )
        )

    def ask_stopped(region_name, signal_after):
        """While it does not read; returns how many bytes of the question lay in the pipe then."""
        os.kill(pid, signal.SIGSTOP)
        asking = threading.Thread(target=ask, args=(region_name,))
        asking.start()
        end, before = time.monotonic() + 20, -1
        while (not (lies := _unread(pipe)) or lies != before) and time.monotonic() < end:
            before = lies
            time.sleep(0.2)
        os.kill(pid, signal_after)
        asking.join()
        return lies

    ask()
    pid, pipe = _sandbox(), examiner._READER._process.stdin.fileno()
    size = ask_stopped("", signal.SIGCONT)
    holds = fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
    assert ask_stopped("x" * (holds + 4000 - size), signal.SIGKILL) == holds  # 4000 bytes are still with us
    assert [one.complete for one in found] == [True, True, True]
    assert _sandbox() != pid
    assert not Path(f"/proc/{pid}").exists(), "not even as a zombie"


def test_many_threads_ask_and_each_gets_its_own_answer(tmp_path):
    answers = {}

    def ask(number):
        path = tmp_path / str(number)
        path.write_bytes(text([PEOPLE_HEAD, *people(count=5 + number)]))
        found = examine(
            path,
            f"{number}.csv",
            DATASETS,
            round=Round(2026, 2),
            limits=Limits(),
            region="3503",
            folder=tmp_path,
        )
        answers[number] = (found.name, found.tables[0].rows)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: (f"{number}.csv", 5 + number) for number in range(8)}


def test_nothing_runs_on_after_the_reader_is_closed(send):
    send("satu.csv", text([RICE_HEAD, *rice()]))
    pid = _sandbox()
    close_reader()
    assert _ends(pid)
    gc.collect()


def test_the_sandbox_and_its_work_end_with_a_run_that_is_killed(tmp_path):
    (tmp_path / "besar.csv").write_bytes(
        text([RICE_HEAD, *([f"Desa {n}", 2026, "1,5", "1,5"] for n in range(150_000))])
    )
    program = (
        "import sys; from pathlib import Path; from tests.lab.corpus.asked import DATASETS\n"
        "from jagadata.adapters.spreadsheets.examiner import examine, _READER\n"
        "from jagadata.collection.round import Round; from jagadata.office.collection import Limits\n"
        "folder = Path(sys.argv[1]); _READER._started(); print(_READER._process.pid, flush=True)\n"
        "examine(folder / 'besar.csv', 'besar.csv', DATASETS, round=Round(2026, 2), limits=Limits(), region='3503', folder=folder)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
    with run:
        pid = int(run.stdout.readline())
        end = time.monotonic() + 20
        while not (work := _children(pid)) and time.monotonic() < end:
            time.sleep(0.02)
        run.kill()
    assert work
    assert all(_ends(one) for one in (*work, pid))


def test_a_folder_that_cannot_be_written_is_no_fault_of_the_file(send, tmp_path):
    path = tmp_path / "berkas"
    path.write_bytes(text([RICE_HEAD, *rice()]))
    with pytest.raises(JagadataError, match="mesin ini tidak dapat") as caught:
        examine(
            path,
            "a.csv",
            DATASETS,
            round=Round(2026, 2),
            limits=Limits(),
            region="3503",
            folder=tmp_path / "tidak ada",
        )
    assert caught.value.transient


def test_a_file_larger_than_the_limit_is_refused_unread(send):
    [found] = send("besar.csv", b"a;b\r\n" * 30_000, file_mib=0.1).findings
    assert found.code == "berkas-terlalu-besar"


def test_a_name_of_any_signs_is_no_trouble(send):
    found = send("lapor\udcff\x00an/..\\data 2026\n.csv", text([RICE_HEAD, *rice()]))
    assert found.name == "data 2026 .csv"
    assert found.complete


def test_an_examination_survives_being_written_down(send):
    found = send("data.xlsx", book(("Data", [PEOPLE_HEAD, *people()])))
    assert from_json(to_json(found)) == found
    assert found.complete


def test_the_sandbox_is_given_no_secret_of_the_run(send, monkeypatch):
    close_reader()
    monkeypatch.setenv("RAHASIA_UJI", "jangan")
    send("satu.csv", text([RICE_HEAD, *rice()]))
    assert b"RAHASIA_UJI" not in Path(f"/proc/{_sandbox()}/environ").read_bytes()


def test_a_fault_in_one_sheet_spoils_no_other_data_set_of_the_file(tmp_path):
    policy = make_policy()
    workbook = openpyxl.Workbook()
    first = workbook.active
    first.title = "asn-golongan"
    for row in (("Tahun", "Golongan", "Jumlah (orang)"), (2026, "III", 12), (2026, "IV", 7)):
        first.append(row)
    second = workbook.create_sheet("pelatihan")
    for row in (("Tahun", "Jumlah (kegiatan)"), (2026, "tiga")):
        second.append(row)
    path = tmp_path / "dua data.xlsx"
    workbook.save(path)
    found = examine(
        path,
        path.name,
        [one for one in policy.datasets if one.agency == "bkpsdm"],
        round=Round(2026, 2),
        limits=policy.limits,
        region="3503",
        folder=tmp_path,
    )
    assert {one.dataset for one in found.faults} == {"pelatihan"}
    assert found.is_complete("asn-golongan")
    assert not found.is_complete("pelatihan")

"""`jaga verify`, `restore`, `rollback`, `kept`: an application comes back with no Prefect at all, and what is left is said truly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner
from psycopg import sql

from jagadata.cli import main
from jagadata.connections import open_workplace
from jagadata.demo.office import grant
from jagadata.restore.kept import current_name_of, list_kept, newest_kept
from jagadata.restore.run import RestoreRun

APPROVED = ("--approved-by", "rina", "--letter", "046/31/406.020/2026")


@pytest.fixture
def jaga(office_lab):
    """`jaga` with this office file and no Prefect server."""

    def call(*arguments, answer=None):
        environment = {
            "JAGADATA_OFFICE": str(office_lab.path),
            "PREFECT_API_URL": "http://127.0.0.1:9/api",
            "COLUMNS": "300",
        }
        return CliRunner().invoke(main, arguments, input=answer, env=environment, catch_exceptions=False)

    return call


@pytest.fixture
def archive(office_lab):
    """A second database of the application, under as odd a name as PostgreSQL takes; returns a reader of its one row."""
    name = f"{office_lab.application.database} 'arsip' \"../\n".ljust(61, "x") + "é"
    owner = f"app_{office_lab.application.system.replace('-', '_')}"
    office_lab.postgres.sql(f'CREATE DATABASE {quote(name)} OWNER "{owner}"')
    office_lab.postgres.sql(f'SET ROLE "{owner}"; CREATE TABLE arsip AS SELECT 1 AS isi', name)
    office_lab.change(lambda value: value["systems"][0]["data"].append({"database": name}))
    grant(office_lab.postgres, office_lab.path)

    class Archive:
        @property
        def row(self):
            return office_lab.postgres.sql("SELECT isi FROM arsip", name)[0][0]

        @row.setter
        def row(self, value):
            office_lab.postgres.sql(f"UPDATE arsip SET isi = {value}", name)

        def drop(self):
            office_lab.postgres.sql(f"DROP DATABASE {quote(name)} WITH (FORCE)")

    return Archive()


def quote(name):
    return sql.Identifier(name).as_string()


def test_a_no_to_the_last_question_ends_the_request_and_tells_its_requester(office_lab, jaga):
    with office_lab.place() as place:
        office_lab.back_up(place)
    office_lab.sql("DELETE FROM aplikasi.surat WHERE id > 5")
    wanted = ("--system", office_lab.application.system, "--reason", "Data hilang", *APPROVED)
    asked = (*wanted, "--requester", "Dewi", "--email", "dewi@example.id")
    undecided = jaga("restore", *asked, answer="")  # the terminal is gone: that is no answer
    assert (undecided.exit_code, office_lab.is_up()) == (1, True), undecided.output
    waiting = undecided.stdout.partition("run ")[2].split()[0]
    refused = jaga("restore", *wanted, "--resume", waiting, answer="n\n")
    assert (refused.exit_code, "dibatalkan petugas" in refused.stderr) == (3, True), refused.output
    resumed = jaga("resume", waiting, "--yes")
    assert (resumed.exit_code, "sudah ditutup (Ditolak)" in resumed.stderr) == (3, True), resumed.output
    assert (office_lab.is_up(), office_lab.letters()) == (True, 5)
    with office_lab.place() as place:
        run = RestoreRun(place, waiting)
        form = run.form()
        assert (form.status, form.approval, form.stopped) == ("Ditolak", "Menyetujui", None)
        assert run.number() in undecided.stdout
        assert place.records.keys(f"forms/restore/{form.at.year}/{waiting}-langkah-5")
    _, told = office_lab.mail.messages()
    assert (str(told["to"]), "ditolak" in str(told["subject"])) == ("dewi@example.id", True)
    text = told.get_body(("plain",)).get_content()
    assert "tidak dilaksanakan" in text
    assert "Dibatalkan petugas" in text
    assert "Rina" not in text


def test_a_no_does_not_end_a_run_that_was_begun_before(office_lab, jaga):
    with office_lab.place() as place:
        office_lab.back_up(place)
        run = office_lab.received(place)
        run.journal.note("prepare", "begin")
    wanted = ("--system", office_lab.application.system, "--reason", "Data hilang", *APPROVED)
    assert jaga("restore", *wanted, "--resume", run.run, answer="n\n").exit_code == 1
    with office_lab.place() as place:
        assert RestoreRun(place, run.run).status == "Diproses"


def test_an_application_comes_back_and_goes_back_again_from_the_command_line(office_lab, archive, jaga):
    system = office_lab.application.system
    missing = jaga("verify")
    assert (missing.exit_code, "TIDAK ADA" in missing.stdout) == (5, True), missing.output
    with office_lab.place() as place:
        office_lab.back_up(place)
    office_lab.sql("DELETE FROM aplikasi.surat WHERE id > 5")
    archive.row = 5
    verified = jaga("verify")
    assert (verified.exit_code, verified.stdout.count("UTUH")) == (0, 2), verified.output
    text = office_lab.path.read_text(encoding="utf-8")
    office_lab.change(lambda value: value["keys"].pop("identities"))
    unread = jaga("verify")  # nothing can be said about the copies here, least of all that they are damaged
    assert (unread.exit_code, unread.stdout.count("TIDAK DIPERIKSA")) == (3, 2), unread.output
    office_lab.path.write_text(text, encoding="utf-8")
    wanted = ("--system", system, "--reason", "Data hilang", "--yes")
    for wrong, said in (
        ((), "memerlukan persetujuan"),
        (("--approved-by", "bambang", "--letter", "1"), "salah satu dari: rina"),
        ((*APPROVED, "--requester", "Dr. Rina Kartika"), "pemohon"),
        (("--test",), "Restore Uji memerlukan persetujuan"),
    ):
        refused = jaga("restore", *wanted, *wrong)
        assert (refused.exit_code, said in refused.stderr) == (3, True), refused.output

    done = jaga("restore", *wanted, *APPROVED, "--requester", "Dewi", "--email", "dewi@example.id")
    assert done.exit_code == 0, done.output
    assert (office_lab.letters(), archive.row) == (200, 1)
    run = done.stdout.partition("run ")[2].split()[0]
    assert jaga("restore", *wanted, *APPROVED, "--resume", "tidak-ada").exit_code == 5
    with office_lab.place() as place:
        form = RestoreRun(place, run).form()
        assert form.status == "Selesai"
        assert form.approver.remark == "persetujuan di luar sistem, surat 046/31/406.020/2026"
        assert place.records.keys(f"forms/restore/{form.at.year}/{run}")
    told = [(str(message["to"]), str(message["subject"])) for message in office_lab.mail.messages()]
    assert [to for to, _ in told] == ["dewi@example.id"] * 2
    assert ("telah diterima" in told[0][1], "selesai" in told[1][1]) == (True, True), told

    early = jaga("acknowledge", "tidak-ada", "--note", "telepon")
    stranger = jaga("acknowledge", run, "--as", "rina", "--note", "telepon")
    assert (early.exit_code, stranger.exit_code, "salah satu dari: agus" in stranger.stderr) == (5, 3, True)
    assert jaga("acknowledge", run, "--note", "telepon 08.30 WIB, agenda 12").exit_code == 0
    again = jaga("acknowledge", run, "--note", "sekali lagi")
    assert (again.exit_code, "sudah dicatat" in again.stderr) == (3, True), again.output
    with office_lab.place() as place:
        form = RestoreRun(place, run).form()
        assert (form.acknowledged, form.acknowledged_by) == (
            "Diterima pemohon",
            "telepon 08.30 WIB, agenda 12",
        )
        assert [key for key in place.records.keys("forms/restore/") if key.endswith(f"{run}-langkah-6.pdf")]

    folder = office_lab.folder / "berita-acara"
    letter = ("--save", str(folder), "--minutes", "046/32/406.020/2026")
    assert jaga("forms", *letter).exit_code == 3
    made = jaga("forms", "--run", run, *letter)
    assert made.exit_code == 0, made.output
    assert (folder / f"berita-acara-{run}.pdf").read_bytes().startswith(b"%PDF-")

    # Rolled back, and back again: each time what was live until then is what can come back.
    for state in ((5, 5), (200, 1)):
        back = jaga("rollback", *wanted, *APPROVED)
        assert back.exit_code == 0, back.output
        assert (office_lab.letters(), archive.row) == state
    shown = jaga("kept").stdout
    assert shown.count("dipakai lagi sejak rollback") == 4, shown
    later = open_workplace(place.office, clock=lambda: datetime.now(UTC) + timedelta(days=400))
    with later:
        places = [current_name_of(later, one) for one in list_kept(later)]
        assert places == ["in use"] * 4 + ["beside"] * 2
        newest = newest_kept(later, system)
    for one in newest:
        office_lab.postgres.sql(f"DROP DATABASE {quote(one.kept)} WITH (FORCE)")
    # What is live now is on record as once kept; it is no old data.
    nothing = jaga("rollback", *wanted, *APPROVED)
    assert (nothing.exit_code, "Tidak ada data lama" in nothing.stderr) == (5, True), nothing.output
    archive.drop()  # one of the two is gone: it gets its name without an exchange
    again = jaga("restore", *wanted, *APPROVED)
    assert again.exit_code == 0, again.output
    assert "dampak tidak dapat dihitung" in again.stdout
    assert (office_lab.letters(), archive.row) == (200, 1)


def test_a_page_that_is_no_prefect_server_is_told():
    class Page(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Masuk</html>")

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.handle_request, daemon=True).start()
        environment = {"PREFECT_API_URL": f"http://127.0.0.1:{server.server_port}"}
        result = CliRunner().invoke(main, ["pending"], env=environment, catch_exceptions=False)
    assert (result.exit_code, "bukan server Prefect" in result.stderr) == (3, True), result.output


@pytest.mark.whole
def test_a_restore_that_is_told_to_end_starts_the_service_before_it_ends(office_lab):
    """SIGHUP: the terminal from which it was typed is gone."""
    with office_lab.place() as place:
        office_lab.back_up(place)
    office_lab.sql("DELETE FROM aplikasi.surat WHERE id > 5")
    command = [sys.executable, "-m", "jagadata.cli", "restore", "--yes", "--reason", "Data hilang"]
    process = subprocess.Popen(
        [*command, "--system", office_lab.application.system, *APPROVED],
        env={**os.environ, "JAGADATA_OFFICE": str(office_lab.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while office_lab.is_up() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGHUP)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1, (output, errors)
    assert office_lab.is_up()
    with office_lab.place() as place:
        assert place.services(office_lab.application.system).switch().state == "disarmed"

"""What OPD send by mail and drop folder, taken in from real IMAP servers, kept, examined and answered over real SMTP."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from jagadata.adapters.drops.folder import FolderDrop
from jagadata.adapters.drops.store import StoreDrop
from jagadata.adapters.mail.smtp import MailChannel
from jagadata.collection.doctor import make_checks
from jagadata.collection.intake.answers import STUCK, answer
from jagadata.collection.intake.arrival import Arrival, ArrivedFile
from jagadata.collection.intake.checking import check_received
from jagadata.collection.intake.receipts import list_receipts, list_received, open_file, parse_number
from jagadata.collection.intake.run import work_folder
from jagadata.collection.intake.take_in import HOURLY, accept_quarantined, take_in
from jagadata.collection.intake.unread_mails import make_unread_rows
from jagadata.collection.round import Round
from jagadata.collection.run import RoundOrder, RoundRun
from jagadata.collection.tables.examination import CleanTable, Examination, Finding, PersonalData
from jagadata.errors import DamagedError, JagadataError, NotFoundError, RefusedError, UnreachableError
from jagadata.lab.imap_server import start_imap
from jagadata.lab.mail import start_mail
from jagadata.lab.memory_channel import MemoryChannel
from jagadata.lab.memory_store import MemoryStore
from jagadata.lab.processes import free_port
from jagadata.workplace import Workplace
from tests.lab.imap import (
    NOON,
    make_collection,
    make_mail,
    make_mailbox,
    make_place,
    make_trusted,
    start_dovecot,
)
from tests.lab.needs import is_there

ROUND = Round(2026, 2)
GOOD = b"PK baik"


def found_in(path, receipt):
    """A working examiner of one rule: what begins with PK is complete."""
    content = path.read_bytes()
    table = CleanTable(
        dataset="pegawai", sheet="Data", heading_row=1, columns=("Tahun",), rows=2, file="x.parquet"
    )
    if content.startswith(b"PK"):
        return Examination(name=receipt.name, kind="xlsx", tables=(table,))
    wrong = Finding(
        code="nilai",
        severity="kesalahan",
        where="lembar 'Data', baris 7",
        text="Tahun kosong.",
        action="Isi tahunnya.",
        count=3,
    )
    nik = PersonalData(kind="NIK", where="kolom 'NIK'", count=12, sample="3503********0001")
    return Examination(name=receipt.name, kind="xlsx", tables=(table,), findings=(wrong,), personal=(nik,))


@pytest.fixture(scope="module")
def pymap(lab):
    with start_imap(lab / "pymap") as server:
        yield server


@pytest.fixture(scope="module")
def dovecot(lab):
    with start_dovecot(lab / "dovecot") as server:
        yield server


def empty(server):
    client = server.client()
    if client.untagged_responses["EXISTS"] != [b"0"]:
        client.store("1:*", "+FLAGS", "(\\Deleted)")
        client.expunge()
    client.logout()
    return server


@pytest.fixture
def imap(request):
    """The quicker server of those that are there, its INBOX empty."""
    return empty(request.getfixturevalue("dovecot" if is_there("dovecot") else "pymap"))


@pytest.fixture(params=["pymap", pytest.param("dovecot", marks=pytest.mark.needs("dovecot"))])
def each_imap(request):
    """Each real server in turn, its INBOX empty."""
    return empty(request.getfixturevalue(request.param))


class Office:
    """A workplace and its ways in, so that a test reads like a sentence."""

    def __init__(self, place, imap=None, **mailbox):
        self.place = place
        self.imap = imap
        self.mailbox = make_mailbox(imap, place, **mailbox) if imap else None
        self.came = 0

    def deliver(self, *mails):
        self.imap.deliver(NOON + timedelta(seconds=self.came), *mails)
        self.came += len(mails)

    def take_in(self, *more, **options):
        sources = [*([self.mailbox] if self.mailbox else []), *more]
        return take_in(self.place, ROUND, sources, **options)

    def run(self, *more):
        """All of step 4."""
        taken = self.take_in(*more)
        checked = check_received(self.place, ROUND, found_in)
        return taken, checked, answer(self.place, ROUND)

    def receipts(self):
        return list_receipts(self.place, ROUND)

    def states(self):
        return [(one.number[-2:], one.state, one.agency, one.name) for one in self.receipts()]

    def content(self, receipt):
        with open_file(self.place, receipt) as path:
            return path.read_bytes()


@pytest.fixture
def office(tmp_path, imap, mail_sink):
    return Office(make_place(tmp_path / "kantor", mail_sink), imap)


@pytest.fixture
def each_office(tmp_path, each_imap, mail_sink):
    return Office(make_place(tmp_path / "kantor", mail_sink), each_imap)


@pytest.fixture
def quiet(tmp_path, mail_sink):
    """Without a mailbox."""
    return Office(make_place(tmp_path / "kantor", mail_sink))


def drop_into(path, agency, name, content, age=60):
    target = path / agency / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


def make_drop(path, *, later=60, **options):
    """The drop folder as it is seen so many seconds from now."""
    return FolderDrop(
        path=path,
        agencies=frozenset({"bkpsdm", "dinkes"}),
        clock=lambda: datetime.now(UTC) + timedelta(seconds=later),
        **options,
    )


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


# --- from the mailbox to the answer ---


def test_a_mail_with_two_files_is_kept_examined_and_answered_in_its_thread(each_office, mail_sink, tmp_path):
    each_office.deliver(
        make_mail(("pegawai.xlsx", GOOD), ("golongan é.xlsx", b"salah"), message_id="<m1@bkpsdm>")
    )
    taken, checked, answered = each_office.run()
    assert [one.number for one in taken.receipts] == ["TT-2026-S2-0001", "TT-2026-S2-0002"]
    assert not (taken.problems + checked.problems + answered.problems)
    assert [each_office.content(one) for one in each_office.receipts()] == [GOOD, b"salah"]
    receipt, findings = mail_sink.messages()
    for mail in (receipt, findings):
        assert mail["To"] == "data@bkpsdm.example.id"
        assert mail["In-Reply-To"] == "<m1@bkpsdm>"
        assert mail["Auto-Submitted"] == "auto-replied"
    assert (
        f"TT-2026-S2-0001: pegawai.xlsx (7 bita), SHA-256 {each_office.receipts()[0].sha256[:16]}"
        in text_of(receipt)
    )
    text = text_of(findings)
    assert "TT-2026-S2-0001 pegawai.xlsx: lengkap (Jumlah Pegawai)" in text
    assert "TT-2026-S2-0002 golongan é.xlsx: perlu perbaikan, 1 hal" in text
    assert "Perbaikan 1: lembar 'Data', baris 7 (3 tempat): Tahun kosong. Isi tahunnya." in text
    assert "NIK di kolom 'NIK' (12 isian, misalnya 3503********0001)" in text
    assert [one.examination.complete for one in list_received(each_office.place, ROUND)] == [True, False]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and GOOD in path.read_bytes()]


def test_run_again_nothing_is_taken_in_nor_answered_twice(office, mail_sink):
    office.deliver(
        make_mail(("a.xlsx", GOOD)),
        make_mail(text="Tanpa lampiran"),
        make_mail(("b.xlsx", b"x"), sender="x@luar.example"),
    )
    office.run()
    stored, sent = keys_of(office.place), len(mail_sink.messages())
    taken, checked, answered = office.run()
    assert (taken.receipts, checked.receipts, answered.sent) == ((), (), 0)
    assert (keys_of(office.place), len(mail_sink.messages())) == (stored, sent)


def keys_of(place):
    return [one.key for store in place.stores for one in store.list("")]


def test_nothing_in_the_mailbox_is_read_moved_or_deleted_and_the_keyword_is_only_for_people(each_office):
    each_office.deliver(make_mail(("a.xlsx", GOOD)))
    each_office.take_in()
    client = each_office.imap.client()
    _, (flags,) = client.fetch("1", "(FLAGS)")
    takes_keywords = b"\\*" in client.response("PERMANENTFLAGS")[1][0]
    assert b"\\Seen" not in flags
    assert (b"$JagadataDiterima" in flags) == takes_keywords
    client.store("1", "+FLAGS", "(\\Seen)")
    client.logout()
    each_office.deliver(make_mail(("b.xlsx", GOOD + b"2")))
    assert [one.name for one in each_office.take_in().receipts] == ["b.xlsx"]


def test_a_mail_above_the_limit_is_refused_by_its_head_and_answered(each_office, mail_sink):
    each_office.deliver(
        make_mail(("besar.xlsx", os.urandom(1_200_000)), subject="[bkpsdm] besar"),
        make_mail(("kecil.xlsx", GOOD)),
    )
    each_office.run()
    assert [one[1] for one in each_office.states()] == ["ditolak", "diterima"]
    assert "pecah menjadi beberapa surel" in each_office.receipts()[0].reason
    refused = next(mail for mail in mail_sink.messages() if "tidak dapat diterima" in mail["Subject"])
    assert "paling besar" in text_of(refused)


def test_a_file_that_is_sent_again_is_the_same_file_and_is_not_stored_or_examined_again(office, mail_sink):
    again = make_mail(("a.xlsx", GOOD), message_id="<a@x>")
    office.deliver(
        make_mail(("a.xlsx", GOOD)),
        again,
        again,
        make_mail(("a.xlsx", GOOD), sender="data@dinkes.example.id"),
    )
    office.run()
    first, second, third = office.receipts()
    assert (second.duplicate_of, second.stream) == (first.number, first.stream)
    assert third.duplicate_of == ""
    assert len([key for key in keys_of(office.place) if "/files/" in key]) == 2
    assert [one.examination.complete for one in list_received(office.place, ROUND)] == [True, True, True]
    assert any("isinya sama dengan TT-2026-S2-0001" in text_of(mail) for mail in mail_sink.messages())
    assert len(mail_sink.messages()) == 5  # three receipts; findings for what was examined


def test_mails_without_message_id_date_or_subject_are_taken_in_once_each(each_office):
    bare = b"From: data@bkpsdm.example.id\r\nContent-Type: application/x; name=%s.csv\r\n\r\nPK %s\r\n"
    each_office.deliver(*(bare % (name, name) for name in (b"a", b"bb")))
    each_office.take_in()
    assert len(each_office.take_in().receipts) == 0
    assert [one.name for one in each_office.receipts()] == ["a.csv", "bb.csv"]
    assert each_office.receipts()[0].reference == ""


def test_what_came_before_the_round_is_left_alone(each_office):
    each_office.deliver(make_mail(("lama.xlsx", GOOD)))
    since = NOON + timedelta(seconds=30)
    assert each_office.take_in(since=since).receipts == ()
    each_office.mailbox.since = since
    each_office.imap.deliver(since + timedelta(seconds=1), make_mail(("baru.xlsx", GOOD)))
    assert [one.name for one in each_office.take_in().receipts] == ["baru.xlsx"]


# --- who is not believed, and who is not answered ---


def test_an_unknown_address_is_quarantined_answered_once_a_day_and_processed_when_the_office_accepts(
    office, mail_sink
):
    stranger = {"sender": "seseorang@luar.example", "subject": "[bkpsdm] data"}
    office.deliver(make_mail(("x.xlsx", GOOD), **stranger), make_mail(("y.xlsx", b"salah"), **stranger))
    office.run()
    first, second = office.receipts()
    assert {(one.state, one.agency, one.claimed) for one in (first, second)} == {("karantina", "", "bkpsdm")}
    assert list_received(office.place, ROUND) == []
    (neutral,) = mail_sink.messages()
    assert "menunggu pemeriksaan petugas" in neutral["Subject"]
    assert "TT-" not in neutral.as_string()

    number = parse_number(ROUND, second.number)
    accepted = accept_quarantined(office.place, ROUND, number, "bkpsdm", by="wahyu")
    assert accept_quarantined(office.place, ROUND, number, "bkpsdm", by="wahyu") == accepted
    with pytest.raises(RefusedError, match="tidak sedang dikarantina"):
        accept_quarantined(office.place, ROUND, number, "dinkes", by="wahyu")
    with pytest.raises(NotFoundError):
        accept_quarantined(office.place, ROUND, 99, "bkpsdm", by="wahyu")
    office.run()
    assert [(one.agency, one.examination.complete) for one in list_received(office.place, ROUND)] == [
        ("bkpsdm", False)
    ]
    later = mail_sink.messages()[1:]
    assert [mail["To"] for mail in later] == ["data@bkpsdm.example.id"] * 2  # never to the stranger
    assert office.run()[2].sent == 0


def test_a_forged_sender_is_quarantined_and_not_answered(office, mail_sink):
    office.deliver(
        make_mail(
            ("palsu.xlsx", GOOD), Authentication_Results="mx.diskominfo.example.id; dmarc=fail header.from=x"
        )
    )
    office.run()
    (receipt,) = office.receipts()
    assert (receipt.state, receipt.claimed) == ("karantina", "bkpsdm")
    assert "dmarc=fail" in receipt.reason
    assert mail_sink.messages() == []


def test_a_loop_ends_because_machines_replies_and_crowds_get_no_answer(office, mail_sink):
    office.deliver(
        make_mail(text="Saya sedang cuti.", Auto_Submitted="auto-replied"),
        make_mail(text="Terima kasih.", In_Reply_To="<jawaban@x>", subject="Re: Tanda terima"),
        make_mail(("daftar.xlsx", GOOD), Precedence="bulk"),
        make_mail(("a.xlsx", GOOD), sender="satudata@diskominfo.example.id"),
        make_mail(("b.xlsx", GOOD), sender="Mail Delivery <mailer-daemon@bkpsdm.example.id>"),
    )
    office.run()
    assert [one[1] for one in office.states()] == [
        "tanpa berkas",
        "tanpa berkas",
        "diterima",
        "karantina",
        "karantina",
    ]
    assert mail_sink.messages() == []
    office.deliver(make_mail(text="Halo"), make_mail(text="Halo lagi"))
    office.run()
    (hint,) = mail_sink.messages()
    assert "sebagai lampiran" in text_of(hint)


def test_mails_without_data_that_nobody_answers_are_shown_to_people(office, mail_sink):
    office.deliver(
        make_mail(text="Saya sedang cuti.", Auto_Submitted="auto-replied"),
        make_mail(
            text="Bolehkah format lain?", In_Reply_To="<undangan@x>", subject="Re: Undangan 081234567890"
        ),
        make_mail(text="User unknown", sender="Mail Delivery <mailer-daemon@bkpsdm.example.id>"),
        make_mail(text="Tolong", Authentication_Results="mx.example.id; dmarc=fail"),
        make_mail(("a.xlsx", GOOD)),
    )
    office.run()
    rows = make_unread_rows(office.receipts())

    assert [row["Tanda terima"][-1] for row in rows] == ["2", "3", "4"]
    assert "perlu dibaca petugas" in rows[0]["Sebab"]
    assert "345678" not in rows[0]["Perihal"]
    assert "alamat mesin" in rows[1]["Sebab"]
    assert "dmarc=fail" in rows[2]["Sebab"]
    assert all(
        "Tanda terima" in mail["Subject"] or "Hasil" in mail["Subject"] for mail in mail_sink.messages()
    )


def test_more_than_so_many_mails_in_an_hour_are_kept_and_not_answered(quiet, mail_sink):
    mails = [made(f"{n:064x}", at=NOON + timedelta(seconds=n)) for n in range(HOURLY + 3)]
    quiet.take_in(Source(mails))
    assert [one.answer for one in quiet.receipts()] == [True] * HOURLY + [False] * 3
    assert "lebih dari 20 surel" in " ".join(quiet.receipts()[-1].remarks)


class Source:
    """Arrivals that are there already; `broken` files fail while they are read."""

    name = "uji"

    def __init__(self, arrivals):
        self.arrivals = arrivals
        self.marked = []

    def fetch(self, known):
        yield from [one for one in self.arrivals if one.key not in known]

    def mark(self, arrival):
        self.marked.append(arrival.key)


def made(key, *files, at=NOON, **values):
    content = files or (("a.xlsx", f"PK {key}".encode()),)
    made = [
        ArrivedFile(name=name, size=len(data), open=lambda data=data: closing(BytesIO(data)))
        for name, data in content
    ]
    sender = {"sender": "data@bkpsdm.example.id", "agency": "bkpsdm", **values}
    return Arrival(key=key, source="surel", at=at, files=tuple(made), **sender)


# --- faults ---


def test_a_file_that_breaks_while_it_is_read_is_named_and_the_others_go_on(quiet):
    def broken():
        raise UnreachableError("putus", transient=True)

    bad = Arrival(
        key="b" * 64,
        source="folder",
        sender="",
        at=NOON,
        agency="bkpsdm",
        files=(ArrivedFile(name="b", size=3, open=broken),),
    )
    source = Source([bad, made("c" * 64)])
    taken = quiet.take_in(source)
    assert [problem.what for problem in taken.problems] == ["putus"]
    assert source.marked == ["c" * 64]
    assert len(quiet.receipts()) == 1


def test_killed_between_any_two_writes_and_run_again_all_is_there_once(tmp_path):
    """The primary store refuses from the n-th write on; then it is back."""
    mails = [made("1" * 64, ("a.xlsx", GOOD), ("b.xlsx", b"salah")), made("2" * 64, ("a.xlsx", GOOD))]
    faults = 0
    for writes in range(40):
        store = Failing(writes)
        place = make_place(tmp_path / str(writes), connections=Stores(store))
        office = Office(place)
        try:
            office.run(Source(mails))
        except JagadataError:
            faults += 1
        healthy = store.left > 0
        store.left = 1000
        place.clock = lambda: NOON + STUCK
        office.run(Source(mails))
        assert [(one.number, one.part, one.name) for one in office.receipts()] == [
            ("TT-2026-S2-0001", 1, "a.xlsx"),
            ("TT-2026-S2-0002", 2, "b.xlsx"),
            ("TT-2026-S2-0003", 1, "a.xlsx"),
        ]
        assert [office.content(one) for one in office.receipts()] == [GOOD, b"salah", GOOD]
        assert [one.examination.complete for one in list_received(place, ROUND)] == [True, False, True]
        assert len([key for key in keys_of(place) if key.endswith(("tanda-terima.json", "hasil.json"))]) == 3
        assert 3 <= len(place.connections.channel.sent) <= 4  # one may have been on its way
        if healthy:
            break
    assert faults > 8


class Failing(MemoryStore):
    """Fails every write after so many."""

    def __init__(self, left):
        super().__init__("utama")
        self.left = left

    def put(self, key, data):
        self.left -= 1
        if self.left < 0:
            raise UnreachableError("putus", transient=True)
        return super().put(key, data)


class Stores:
    """Connections with this store as the primary; without a mail server, mails are kept in `channel`."""

    def __init__(self, store, mail=None):
        self.store_, self.mail, self.channel = store, mail, MemoryChannel()

    def store(self, entry):
        return self.store_ if entry.name == "utama" else MemoryStore("kedua")

    def channels(self):
        if self.mail is None:
            return [self.channel]
        sender = "jagadata@diskominfo.example.id"
        return [MailChannel(host=self.mail.host, port=self.mail.port, security="none", sender=sender)]


def test_two_workers_at_once_take_in_and_answer_each_mail_once(tmp_path):
    store = MemoryStore("utama")
    mails = [made(f"{n:064x}") for n in range(12)]
    first = make_place(tmp_path / "a", connections=Stores(store))
    places = [first, make_again(first)]
    barrier = threading.Barrier(2)

    def work(place):
        barrier.wait()
        Office(place).run(Source(mails))

    threads = [threading.Thread(target=work, args=(place,)) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.number for one in list_receipts(first, ROUND)] == [f"TT-2026-S2-{n:04}" for n in range(1, 13)]
    Office(first).run(Source(mails))
    assert len(first.connections.channel.sent) == 24


def make_again(place):
    return Workplace(place.office, clock=place.clock, connections=place.connections)


def test_while_the_primary_store_is_silent_nothing_is_taken_in(tmp_path, quiet):
    quiet.take_in(Source([made("1" * 64)]))
    (tmp_path / "kantor/utama").rename(tmp_path / "kantor/lepas")
    with pytest.raises(UnreachableError):
        quiet.take_in(Source([made("2" * 64)]))
    assert not [one.key for one in quiet.place.stores[1].list("")]


def test_a_mail_server_that_is_away_is_shown_and_the_answers_go_out_later_once(tmp_path):
    class Away:
        host, port = "127.0.0.1", free_port()

    office = Office(make_place(tmp_path / "kantor", Away))
    source = Source([made("1" * 64)])
    answered = office.run(source)[2]
    assert answered.sent == 0
    assert [one.where for one in answered.problems] == ["jawaban TT-2026-S2-0001"] * 2
    with start_mail(tmp_path / "mail") as sink:
        office.place.connections = Stores(None, sink)
        office.place._open.pop(("channels", ""))
        assert office.run(source)[2].sent == 2
        assert office.run(source)[2].sent == 0
        assert len(sink.messages()) == 2


def test_a_dead_mail_server_is_not_asked_for_each_answer_and_an_address_that_fails_holds_up_nobody(tmp_path):
    office = Office(make_place(tmp_path, connections=Stores(MemoryStore("utama"))))
    channel, now = office.place.connections.channel, NOON
    office.take_in(Source([made(f"{n:064x}", sender=f"a{n}@dinkes.example.id") for n in range(9)]))
    channel.fault = UnreachableError("mati", transient=True)
    for _run in range(9):
        now += timedelta(minutes=15)
        office.place.clock = lambda now=now: now
        answered = answer(office.place, ROUND)
    assert answered.problems[-1].what.startswith("4 jawaban menunggu")
    attempts = [key for key in keys_of(office.place) if key.endswith(".gagal.json")]
    assert len(attempts) == 45
    channel.fault = None
    office.place.clock = lambda: now + timedelta(hours=7)
    assert answer(office.place, ROUND).sent == 9


def test_bytes_that_were_changed_in_the_store_are_never_examined(tmp_path, quiet):
    quiet.take_in(Source([made("1" * 64)]))
    (path,) = (tmp_path / "kantor/utama/rounds/2026-s2/files").iterdir()
    path.chmod(0o600)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    checked = check_received(quiet.place, ROUND, found_in)
    assert [one.where for one in checked.problems] == ["TT-2026-S2-0001 a.xlsx"]
    with pytest.raises(DamagedError), open_file(quiet.place, quiet.receipts()[0]):
        pass


def test_an_imap_server_that_is_away_is_named_and_the_folder_is_still_taken_in(tmp_path, imap, mail_sink):
    office = Office(make_place(tmp_path / "kantor", mail_sink), imap, port=free_port())
    drop_into(tmp_path / "kiriman", "dinkes", "a.csv", b"PK")
    taken = office.take_in(make_drop(tmp_path / "kiriman"))
    assert "tidak menjawab" in taken.problems[0].what
    assert [one.agency for one in taken.receipts] == ["dinkes"]


def test_a_broken_connection_is_made_again(each_office):
    each_office.deliver(make_mail(("a.xlsx", GOOD)), make_mail(("b.xlsx", GOOD + b"2")))
    fetched = each_office.mailbox.fetch(())
    assert next(fetched).files[0].name == "a.xlsx"
    each_office.mailbox._client.client.sock.shutdown(2)
    assert next(fetched).files[0].name == "b.xlsx"


def test_a_wrong_password_is_refused_and_shown_nowhere(each_office):
    wrong = make_mailbox(each_office.imap, each_office.place, password="Rah4sia-salah")
    with pytest.raises(RefusedError, match="menolak pengguna 'data'") as caught:
        list(wrong.fetch(()))
    assert "Rah4sia" not in f"{caught.value!r}{caught.value.__cause__!r}{wrong!r}"


def test_a_folder_that_is_not_there_is_named(office):
    with pytest.raises(RefusedError, match="Folder surel 'Lain'"):
        list(make_mailbox(office.imap, office.place, folder="Lain").fetch(()))


def test_without_tls_only_loopback_is_asked(quiet):
    class Elsewhere:
        host, port, user, password = "192.0.2.1", 143, "data", "x"

    with pytest.raises(RefusedError, match="tanpa TLS"):
        list(make_mailbox(Elsewhere, quiet.place).fetch(()))


@pytest.mark.needs("dovecot")
def test_tls_is_verified_from_the_first_byte_and_after_starttls(lab, quiet):
    make_trusted(lab / "tls")
    make_trusted(lab / "tls-lain")
    with start_dovecot(lab / "dovecot-tls", certificate=lab / "tls") as server:
        for security, port in (("starttls", server.port), ("ssl", server.secure)):
            secure = {"security": security, "port": port}
            for ca in (None, lab / "tls-lain/cert.pem"):
                with pytest.raises(RefusedError, match="Sambungan aman"):
                    list(make_mailbox(server, quiet.place, **secure, ca=ca).fetch(()))
            server.deliver(NOON, make_mail(("a.xlsx", GOOD)))
            trusting = make_mailbox(server, quiet.place, **secure, ca=lab / "tls/cert.pem")
            assert [one.agency for one in trusting.fetch(())][-1] == "bkpsdm"


# --- the drop folder and the store ---


def test_files_in_the_folder_of_an_opd_are_taken_in_and_answered_together_by_mail(tmp_path, quiet, mail_sink):
    drop = tmp_path / "kiriman"
    drop_into(drop, "dinkes", "Data Puskesmas.xlsx", GOOD)
    drop_into(drop, "dinkes", "2026/sub/lagi.csv", b"salah")
    for name in (".hidden", "~$Data.xlsx", "data.xlsx.part", "Thumbs.db"):
        drop_into(drop, "dinkes", name, b"x")
    quiet.run(make_drop(drop))
    assert sorted(quiet.states()) == [
        ("01", "diterima", "dinkes", "Data Puskesmas.xlsx"),
        ("02", "diterima", "dinkes", "lagi.csv"),
    ]
    assert {one.sent_name for one in quiet.receipts()} == {"Data Puskesmas.xlsx", "2026/sub/lagi.csv"}
    receipt, findings = mail_sink.messages()
    assert receipt["To"] == findings["To"] == "data@dinkes.example.id"
    assert receipt["In-Reply-To"] is None
    assert "TT-2026-S2-0002" in text_of(receipt)
    assert quiet.run(make_drop(drop))[2].sent == 0


def test_a_file_that_still_grows_is_left_for_the_next_time(tmp_path, quiet):
    drop = tmp_path / "kiriman"
    path = drop_into(drop, "dinkes", "a.csv", b"PK")
    os.utime(path, (1, 1))  # a copy that keeps its old date
    assert quiet.take_in(make_drop(drop, later=10)).receipts == ()
    assert len(quiet.take_in(make_drop(drop, later=31)).receipts) == 1


def test_a_file_that_is_replaced_is_a_new_delivery_and_one_that_changes_while_it_is_read_waits(
    tmp_path, quiet
):
    drop = tmp_path / "kiriman"
    path = drop_into(drop, "dinkes", "a.csv", b"PK 1")
    quiet.take_in(make_drop(drop))
    path.write_bytes(b"PK 22")
    (arrival,) = make_drop(drop).fetch({one.arrival for one in quiet.receipts()})
    path.write_bytes(b"PK 333")
    assert "sedang diubah" in quiet.take_in(Source([arrival])).problems[0].what
    quiet.take_in(make_drop(drop))
    assert [quiet.content(one) for one in quiet.receipts()] == [b"PK 1", b"PK 333"]


def test_links_pipes_and_other_folders_are_never_followed(tmp_path, quiet):
    drop, outside = tmp_path / "kiriman", tmp_path / "luar"
    outside.mkdir()
    (outside / "rahasia.csv").write_bytes(b"PK rahasia")
    drop_into(drop, "dinkes", "a.csv", b"PK")
    (drop / "dinkes/tautan.csv").symlink_to(outside / "rahasia.csv")
    (drop / "dinkes/folder").symlink_to(outside)
    os.mkfifo(drop / "dinkes/pipa.csv")
    drop_into(drop, "entah", "b.csv", b"PK b")
    quiet.take_in(make_drop(drop))
    found = {one[3]: one[1] for one in quiet.states()}
    assert found == {
        "a.csv": "diterima",
        "tautan.csv": "ditolak",
        "folder": "ditolak",
        "pipa.csv": "ditolak",
        "b.csv": "karantina",
    }
    assert not any(b"rahasia" in quiet.content(one) for one in quiet.receipts() if one.stream)


def test_a_gigabyte_is_refused_unread_and_an_empty_file_too(tmp_path, quiet, mail_sink):
    drop = tmp_path / "kiriman"
    with drop_into(drop, "dinkes", "besar.xlsx", b"").open("r+b") as file:
        file.truncate(2**30)
    drop_into(drop, "dinkes", "kosong.xlsx", b"")
    quiet.run(make_drop(drop))
    assert {one.state for one in quiet.receipts()} == {"ditolak"}
    (mail,) = mail_sink.messages()
    assert "besar.xlsx (1,1 GB), tidak diterima: berkas berukuran 1,1 GB" in text_of(mail)
    assert "berkas kosong" in text_of(mail)


def test_a_folder_that_is_not_mounted_is_named(tmp_path, quiet):
    taken = quiet.take_in(make_drop(tmp_path / "tidak-ada"))
    assert "tidak dapat dibaca" in taken.problems[0].what


def test_names_that_are_no_text_and_names_full_of_tricks_are_kept_and_shown_plainly(
    tmp_path, quiet, mail_sink
):
    drop = tmp_path / "kiriman"
    drop_into(drop, "dinkes", os.fsdecode(b"data \xe9\n.csv"), b"PK 1")
    quiet.run(make_drop(drop), Source([made("1" * 64, ("../../../etc/cron.d/\u202ex.csv", b"PK 2"))]))
    assert sorted(one.name for one in quiet.receipts()) == ["data é .csv", "x.csv"]
    assert {one.sent_name for one in quiet.receipts()} == {"data é\n.csv", "../../../etc/cron.d/\u202ex.csv"}


def test_a_prefix_of_a_store_is_a_way_in_as_well(quiet):
    store = MemoryStore("kiriman")
    for key, content in (
        ("masuk/dinkes/a.csv", b"PK a"),
        ("masuk/b.csv", b"PK b"),
        ("lain/dinkes/c.csv", b"c"),
    ):
        store.put(key, content)
    drop = StoreDrop(store=store, prefix="masuk", agencies=frozenset({"dinkes"}))
    quiet.take_in(drop)
    assert quiet.take_in(drop).receipts == ()
    assert [(one[1], one[3]) for one in quiet.states()] == [("diterima", "a.csv"), ("karantina", "b.csv")]


# --- scale ---


def test_the_store_is_read_in_proportion_to_what_is_there(tmp_path, mail_sink):
    reads = []
    for count in (20, 40):
        store = Counting("utama")
        office = Office(make_place(tmp_path / str(count), connections=Stores(store)))
        source = Source([made(f"{n:064x}") for n in range(count)])
        office.run(source)
        store.reads = 0
        office.run(source)
        reads.append(store.reads)
    assert reads[1] <= 2 * reads[0]


class Counting(MemoryStore):
    reads = 0

    def get(self, key, *, version=None):
        self.reads += 1
        return super().get(key, version=version)


def test_doctor_counts_mails_whose_sender_the_server_says_nothing_of(tmp_path, imap, mail_sink):
    entry = {"host": imap.host, "user": imap.user, "password": "env:SANDI"}
    office = Office(make_place(tmp_path / "kantor", mail_sink, mailbox=entry), imap)
    run = RoundRun(office.place, "putaran", RoundOrder(round=str(ROUND)))
    run.open()
    run.journal.note("2", "done")

    def found():
        checks = {subject: check for _, subject, check in make_checks(office.place)}
        return checks["keaslian pengirim"]()[0]

    assert found()[0] == "OK"
    office.deliver(make_mail(("a.xlsx", GOOD)))
    office.take_in()
    state, what, action = found()
    assert (state, what.partition(",")[0]) == ("DILEWATI", "1 surel OPD tanpa Authentication-Results")
    assert "require_authentication" in action


def test_a_spool_beside_the_office_file_is_found_from_any_folder(quiet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    quiet.take_in(Source([made("1" * 64)]))
    assert str(quiet.place.office.spool) == "spool"
    with work_folder(quiet.place) as folder:
        assert folder.parent == tmp_path / "kantor/spool"
    (receipt,) = [one for one in quiet.receipts() if one.stream]
    assert quiet.content(receipt)


def test_an_answer_that_one_of_two_addresses_is_to_get_later_is_not_sent_to_the_other_again(tmp_path):
    agencies = make_collection()["agencies"]
    agencies[0]["email"].append("kedua@bkpsdm.example.id")
    place = make_place(tmp_path / "a", connections=Stores(MemoryStore("utama")), agencies=agencies)
    channel = place.connections.channel
    channel.deferred = {"kedua@bkpsdm.example.id"}
    drop_into(tmp_path / "drop", "bkpsdm", "pegawai.xlsx", GOOD)
    _, _, answered = Office(place).run(make_drop(tmp_path / "drop"))
    assert answered.problems
    assert {message.to for message in channel.sent} == {("data@bkpsdm.example.id",)}
    first = len(channel.sent)
    channel.deferred = set()
    assert not answer(place, ROUND).problems
    assert {message.to for message in channel.sent[first:]} == {("kedua@bkpsdm.example.id",)}
    assert len(channel.sent) == 2 * first
    assert (answer(place, ROUND).sent, len(channel.sent)) == (0, 2 * first)

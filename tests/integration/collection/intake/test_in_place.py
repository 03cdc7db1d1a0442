"""What OPD send in place of a plain attachment: ZIP archives, links, pasted tables, photos; from a real IMAP server to the answer."""

from __future__ import annotations

import base64
import contextlib
import io
import struct
import zipfile
from dataclasses import replace

import pytest

from jagadata.adapters.spreadsheets.examiner import examine
from jagadata.adapters.spreadsheets.spreadsheets import Spreadsheets
from jagadata.collection.doctor import make_checks
from jagadata.collection.intake import archives
from jagadata.collection.intake.answers import answer
from jagadata.collection.intake.checking import check_received
from jagadata.collection.intake.receipts import list_receipts, open_file, read_check
from jagadata.collection.intake.take_in import take_in
from jagadata.collection.intake.unread_mails import make_unread_rows
from jagadata.collection.round import Round
from jagadata.errors import UnreachableError
from jagadata.lab.imap_server import start_imap
from tests.lab.imap import NOON, make_mail, make_mailbox, make_place

ROUND = Round(2026, 2)
TABLE = "Tahun;Jumlah Pegawai\n2025;10\n2026;12\n"
HTML_TABLE = "<table><tr><th>Tahun</th><th>Jumlah</th></tr>" + "".join(
    f"<tr><td>{year}</td><td>1.{year - 2000}0</td></tr>" for year in (2024, 2025, 2026)
)
REPLY = {"In_Reply_To": "<undangan@diskominfo>", "subject": "Re: Permintaan Data"}
NOT_OURS = "Pada Sel, 10 Nov 2026 pukul 08.00 Dinas Kominfo menulis:\n> https://drive.google.com/x\n"


class Office:
    """A workplace whose mailbox is at a real server and whose files are read in the real sandbox."""

    def __init__(self, place, imap):
        self.place = place
        self.imap = imap
        self.mailbox = make_mailbox(imap, place)

    def run(self, *mails, ways=None):
        """What came of these mails: receipts, and every answer that was sent."""
        self.imap.deliver(NOON, *mails)
        policy, spool = self.place.office.collection, self.place.office.spool_folder
        examiner = Spreadsheets() if ways is None else Shut(ways)

        def look(path, receipt):
            asked = [one for one in policy.datasets if one.agency == receipt.agency]
            how = {} if ways is None else {"ways": ways}
            found = spool / "periksa"
            found.mkdir(exist_ok=True)
            return examine(path, receipt.name, asked, round=ROUND, limits=policy.limits, region="3503", folder=found, **how)  # fmt: skip

        taken = take_in(
            self.place,
            ROUND,
            [self.mailbox],
            open_archives=lambda arrival: archives.opened(arrival, examiner, policy.limits, spool),
        )
        self.checked = check_received(self.place, ROUND, look)
        answer(self.place, ROUND)
        assert taken.problems == ()
        return list_receipts(self.place, ROUND)

    def codes(self, receipt):
        return [one.code for one in read_check(self.place, ROUND, receipt.receipt).findings]

    def content(self, receipt):
        with open_file(self.place, receipt) as path:
            return path.read_bytes()


class Shut(Spreadsheets):
    """On a machine where only these ways of shutting a reader off work."""

    def __init__(self, ways):
        self.ways = ways

    def open_archive(self, path, into, limits, *, folder, unconfined=False):
        from jagadata.adapters.spreadsheets.examiner import open_archive

        return open_archive(path, into, limits, folder=folder, unconfined=unconfined, ways=self.ways)


@pytest.fixture(scope="module")
def server(lab):
    with start_imap(lab / "pymap-pengganti") as server:
        yield server


@pytest.fixture
def office(tmp_path, server, mail_sink):
    client = server.client()
    client.store("1:*", "+FLAGS", "(\\Deleted)")
    client.expunge()
    client.logout()
    return Office(
        make_place(tmp_path / "kantor", mail_sink, limits={"file_mib": 1, "unpacked_mib": 5}), server
    )


def packed(*files, **options):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return made.getvalue()


def texts(sink):
    return [mail.get_body(("plain",)).get_content() for mail in sink.messages()]


# --- archives ---


def test_each_table_of_a_zip_has_a_receipt_and_an_answer_of_its_own(office, mail_sink):
    data = packed(
        ("Data BKPSDM/pegawai.csv", TABLE),
        ("Data BKPSDM/foto.jpg", b"\xff\xd8\xff\xe0" + b"x" * 50),
        ("Data BKPSDM/surat.pdf", b"%PDF-1.7 isi"),
        ("__MACOSX/._pegawai.csv", b"x"),
        ("Data BKPSDM/~$pegawai.xlsx", b"x"),
        ("Thumbs.db", b"x"),
    )
    found = office.run(make_mail(("kiriman.zip", data)))
    assert [(one.number[-4:], one.name, one.archive, one.parts) for one in found] == [
        ("0001", "pegawai.csv", "kiriman.zip", 3),
        ("0002", "foto.jpg", "kiriman.zip", 3),
        ("0003", "surat.pdf", "kiriman.zip", 3),
    ]
    assert office.content(found[0]) == TABLE.encode()
    receipt, findings = texts(mail_sink)
    assert "TT-2026-S2-0001: pegawai.csv (dalam kiriman.zip) (" in receipt
    assert "gambar JPEG" in findings
    assert "dokumen PDF" in findings
    assert office.run() == found  # once


def test_an_intake_that_stops_within_an_archive_goes_on_there(office):
    data = packed(("a.csv", TABLE), ("b.csv", TABLE + "2024;9\n"), ("c.csv", TABLE + "2023;8\n"))
    office.imap.deliver(NOON, make_mail(("kiriman.zip", data)))
    policy, spool = office.place.office.collection, office.place.office.spool_folder

    @contextlib.contextmanager
    def cut(arrival):
        """The second file can't be read any more."""
        with archives.opened(arrival, Spreadsheets(), policy.limits, spool) as whole:
            first, second, third = whole.files
            yield replace(whole, files=(first, replace(second, open=broken), third))

    def broken():
        raise UnreachableError("putus", transient=True)

    taken = take_in(office.place, ROUND, [office.mailbox], open_archives=cut)
    assert [one.what for one in taken.problems] == ["putus"]
    assert [one.name for one in list_receipts(office.place, ROUND)] == ["a.csv"]
    found = office.run()
    assert [(one.number[-4:], one.name) for one in found] == [
        ("0001", "a.csv"),
        ("0002", "b.csv"),
        ("0003", "c.csv"),
    ]


def test_an_archive_that_cannot_be_opened_is_refused_with_its_reason(office, mail_sink):
    locked = bytearray(packed(("a.csv", TABLE)))
    for sign, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(sign) + flags] |= 1
    bomb = packed(("nol.csv", b"0" * (6 << 20)))
    many = packed(*((f"{n}.csv", TABLE) for n in range(51)))
    whole = packed(("a.csv", TABLE), ("b.csv", TABLE))
    for name, data, words in (
        ("kunci.zip", bytes(locked), "kata sandi"),
        ("bom.zip", bomb, "lebih dari 5 MB"),
        ("banyak.zip", many, "51 berkas"),
        ("kosong.zip", packed(("folder/", b"")), "tidak berisi berkas"),
        ("putus.zip", whole[:-30], "terpotong atau rusak"),
    ):
        receipt = office.run(make_mail((name, data)))[-1]
        assert (receipt.state, receipt.name) == ("ditolak", name)
        assert words in receipt.reason, name
        assert words in texts(mail_sink)[-1], name


def test_an_archive_within_an_archive_is_named_and_not_opened(office):
    inner = packed(("a.csv", TABLE))
    (only,) = office.run(make_mail(("luar.zip", packed(("dalam.zip", inner)))))
    assert (only.name, only.archive) == ("dalam.zip", "luar.zip")
    assert office.codes(only) == ["arsip"]


def test_a_path_in_an_archive_leads_nowhere(office, tmp_path):
    data = packed(("../../../../tmp/jahat.csv", TABLE), ("C:\\Windows\\jahat2.csv", TABLE + "1;1\n"))
    found = office.run(make_mail(("jalan.zip", data)))
    assert [one.name for one in found] == ["jahat.csv", "jahat2.csv"]
    assert not list(tmp_path.rglob("jahat*"))


def test_where_no_reader_can_be_shut_off_an_archive_is_kept_and_nothing_is_read(office, mail_sink):
    found = office.run(
        make_mail(("kiriman.zip", packed(("a.csv", TABLE))), ("b.csv", TABLE.encode())), ways=()
    )
    assert [(one.name, one.state) for one in found] == [("kiriman.zip", "diterima"), ("b.csv", "diterima")]
    assert office.checked.unconfined == 2
    assert "2 berkas disimpan dan belum dibaca" in office.checked.problems[0].what
    assert len(texts(mail_sink)) == 1  # the receipt
    assert next(office.codes(one) for one in office.run()) == ["arsip"]  # a machine that can, later


# --- links, pasted tables, photos ---


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.url", b"[InternetShortcut]\r\nURL=https://drive.google.com/file/d/1\r\n"),
        ("data.gsheet", b'{"url": "https://docs.google.com/open?id=1", "doc_id": "1", "email": "x"}'),
        ("data.webloc", (b'<?xml version="1.0"?>\n<!DOCTYPE plist PUBLIC "x">\n<plist><dict><key>URL</key>'
                        b"<string>https://drive.google.com/x</string></dict></plist>")),
        ("data2.webloc", b"bplist00\xd1\x01\x02SURL_\x10\x1ahttps://drive.google.com/x\x08\x0b"),
        ("data.desktop", b"[Desktop Entry]\nType=Link\nURL=https://drive.google.com/x\n"),
        ("data.lnk", b"L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00F" + b"\0" * 90),
        ("tautan.txt", b"Berikut data kami:\nhttps://drive.google.com/drive/folders/1\n"),
    ],
)  # fmt: skip
def test_a_file_that_only_points_elsewhere_is_named_so(office, mail_sink, name, content):
    (receipt,) = office.run(make_mail((name, content)))
    assert office.codes(receipt) == ["tautan"]
    assert "hanya tautan" in texts(mail_sink)[-1]


@pytest.mark.parametrize("reply", [{}, REPLY], ids=["new", "reply"])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"text": "Data: https://drive.google.com/file/d/1/view"}, "tautan ke drive.google.com"),
        ({"text": "Ini", "html": "<p><a href='https://s.id/data-opd'>data</a></p>"}, "tautan ke s.id"),
        ({"text": "Ini", "html": f"<p>Berikut:</p>{HTML_TABLE}</table>"}, "tabel di badan surel"),
        ({"text": "Tahun\tJumlah\n2024\t10\n2025\t12\n2026\t14\n"}, "tabel di badan surel"),
    ],
)
def test_a_mail_with_a_link_or_a_pasted_table_is_answered_reply_or_not(office, mail_sink, body, words, reply):
    (receipt,) = office.run(make_mail(**body, **reply))
    assert (receipt.state, receipt.answer) == ("tanpa berkas", True)
    (told,) = texts(mail_sink)
    assert f"yang datang hanya {words}" in told
    assert "lampiran" in told
    assert make_unread_rows([receipt]) == []


def png(width, height, size):
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x02\0\0\0"
    return head + b"x" * (size - len(head))


def with_picture(content, text="Terlampir."):
    return (
        b"From: data@bkpsdm.example.id\r\nTo: satudata@diskominfo.example.id\r\nSubject: Re: Permintaan\r\n"
        b"Message-ID: <gambar@bkpsdm>\r\nIn-Reply-To: <undangan@diskominfo>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        + text.encode()
        + b"\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <g>\r\nContent-Disposition: inline; filename=image001.png\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content) + b"\r\n--b--\r\n"
    )


def test_a_photo_within_a_reply_is_refused_by_name_and_a_logo_is_nothing(office, mail_sink):
    (receipt,) = office.run(with_picture(png(1280, 720, 9_000)))
    assert (receipt.name, receipt.state) == ("image001.png", "diterima")
    assert "gambar PNG" in texts(mail_sink)[-1]
    found = office.run(with_picture(png(180, 90, 3_000)).replace(b"<gambar@", b"<logo@"))[-1]
    assert (found.state, found.answer) == ("tanpa berkas", False)


@pytest.mark.parametrize(
    "body",
    [
        {"text": f"Baik, kami hadir.\n\n{NOT_OURS}"},
        {"text": "Baik.\n\n-----Original Message-----\nFrom: x\nhttps://drive.google.com/x\n"},
        {"text": "Baik.\n\n________________________________\nDari: Kominfo\nDikirim: Senin\nhttps://s.id/x"},
        {"text": "Baik", "html": f"<p>Baik.</p><blockquote>{HTML_TABLE}</table></blockquote><p>Salam</p>"},
        {"text": "Baik", "html": f'<p>Baik.</p><div id="divRplyFwdMsg">x</div>{HTML_TABLE}</table>'},
        {"text": "Baik. Salam, BKPSDM https://bkpsdm.example.id https://instagram.com/bkpsdm"},
        {"text": "Baik", "html": "<table><tr><td>Budi</td><td>Kasubag</td></tr><tr><td>Telp</td><td>0355-791234</td></tr>"
                                 "<tr><td>HP</td><td>0812-3456-7890</td></tr></table>"},
    ],
)  # fmt: skip
def test_a_reply_that_only_quotes_or_signs_is_left_to_people(office, mail_sink, body):
    (receipt,) = office.run(make_mail(**body, **REPLY))
    assert (receipt.offered, receipt.answer) == ((), False)
    assert mail_sink.messages() == []
    assert len(make_unread_rows([receipt])) == 1


def test_a_link_beside_an_attachment_is_mentioned(office, mail_sink):
    office.run(make_mail(("surat.pdf", b"%PDF-1.7"), text="Data: https://drive.google.com/x"))
    assert "tautan ke drive.google.com; kirim berkasnya sebagai lampiran" in texts(mail_sink)[0]


def test_a_link_of_an_unknown_sender_is_left_to_people(office, mail_sink):
    office.run(make_mail(text="https://drive.google.com/x", sender="x@luar.example"))
    assert mail_sink.messages() == []


def test_doctor_tries_a_reader_in_the_spool_beside_the_office_file(office, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(office.place.office.spool) == "spool"
    checks = {subject: check for _, subject, check in make_checks(office.place)}
    [(state, what, _action)] = checks["pengurungan pembaca berkas"]()
    assert (state, "dikurung dengan" in what) == ("OK", True)

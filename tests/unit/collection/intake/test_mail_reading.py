"""Mails as offices and attackers really send them: what is found in them, and who they are believed to be from."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from jagadata.collection.intake.mail_heads import read_head
from jagadata.collection.intake.mail_parts import read_mail
from jagadata.collection.intake.receipts import clean_name
from jagadata.collection.intake.senders import Senders, parse_address

SENDERS = Senders(
    addresses={"data@bkpsdm.example.id": "bkpsdm", "@dinkes.example.id": "dinkes"},
    agencies=frozenset({"bkpsdm", "dinkes"}),
    own=frozenset({"satudata@diskominfo.example.id"}),
)
AT = datetime(2026, 11, 10, tzinfo=UTC)
HEAD = b"From: data@bkpsdm.example.id\r\nSubject: Data\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\n"
XLSX = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def read(raw, **head):
    return read_mail(raw, at=AT, senders=SENDERS, **head)


def mixed(*parts):
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body + b"--b--\r\n"


def part(fields, content=b"isi", kind=XLSX):
    return b"Content-Type: " + kind + b"\r\n" + fields + b"\r\n\r\n" + content


def names(raw):
    return [one.name for one in read(raw).files]


def bytes_of(file):
    with file.open() as stream:
        return stream.read()


# --- attachments ---


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (b'Content-Disposition: attachment; filename="data 2026.xlsx"', "data 2026.xlsx"),
        (b"Content-Disposition: attachment; filename*=UTF-8''data%20%C3%A9.xlsx", "data é.xlsx"),
        (b'Content-Disposition: attachment; filename*0="data ";\r\n filename*1=2026.xlsx', "data 2026.xlsx"),
        (b'Content-Disposition: attachment; filename="=?utf-8?B?ZGF0YSDDqS54bHN4?="', "data é.xlsx"),
        (b'Content-Disposition: attachment; filename="data \xc3\xa9.xlsx"', "data é.xlsx"),
        (b'Content-Disposition: attachment; filename="data \xe9.xlsx"', "data é.xlsx"),
        (b"Content-Disposition: attachment", "lampiran-1.xlsx"),
        (b"Content-Disposition: attachment; filename*=bukan-charset''data%C3.xlsx", "dataÃ.xlsx"),
        (b'Content-Disposition: attachment; filename="=?entah?B?!!?="', "=?entah?B?!!?="),
        (b"Content-Disposition: inline; filename=dari-apple.xlsx", "dari-apple.xlsx"),
    ],
)
def test_a_file_is_named_as_its_sender_named_it_however_that_was_written(fields, name):
    (file,) = read(mixed(part(b"", kind=b"text/plain"), part(fields))).files
    assert file.name == name
    assert bytes_of(file) == b"isi"
    assert bytes_of(file) == b"isi"  # again


def test_a_name_that_stands_only_in_the_content_type_counts():
    assert names(mixed(part(b"", kind=XLSX + b'; name="lama.xlsx"'))) == ["lama.xlsx"]


def test_encoded_content_is_decoded_and_what_is_broken_is_said():
    good = part(
        b"Content-Disposition: attachment; filename=a.xlsx\r\nContent-Transfer-Encoding: base64", b"aXNpIQ=="
    )
    assert bytes_of(read(mixed(good)).files[0]) == b"isi!"
    broken = part(
        b"Content-Disposition: attachment; filename=a.xlsx\r\nContent-Transfer-Encoding: base64", b"aXNpI"
    )
    assert any("rusak sebagian" in remark for remark in read(mixed(broken)).remarks)


def test_a_mail_without_the_boundaries_that_it_needs_is_refused_with_words():
    (file,) = read(HEAD + b"Content-Type: multipart/mixed\r\n\r\nisi").files
    assert "kirim ulang" in file.refusal


def test_logos_signatures_and_calendars_are_no_data():
    raw = mixed(
        part(b"Content-ID: <logo>\r\nContent-Disposition: inline; filename=logo.png", kind=b"image/png"),
        part(b"Content-Disposition: attachment; filename=smime.p7s", kind=b"application/pkcs7-signature"),
        part(b"Content-Disposition: attachment; filename=undangan.ics", kind=b"text/calendar"),
        part(b"Content-Disposition: attachment; filename=data.csv", kind=b"text/csv"),
    )
    assert names(raw) == ["data.csv"]
    assert read(raw).remarks == ("gambar di badan surel diabaikan",)


def test_files_in_a_forwarded_mail_are_found():
    inner = mixed(part(b"Content-Disposition: attachment; filename=terusan.xlsx"))
    inner = inner.replace(b"boundary=b", b"boundary=c").replace(b"--b", b"--c")
    raw = mixed(b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n" + inner)
    assert names(raw) == ["terusan.xlsx"]
    encoded = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    assert names(mixed(encoded + base64.encodebytes(inner))) == ["terusan.xlsx"]


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        (b"application/ms-tnef", b"winmail.dat", "winmail.dat"),
        (b"application/octet-stream", b"WINMAIL.DAT", "winmail.dat"),
        (b"application/pkcs7-mime", b"smime.p7m", "S/MIME"),
        (b"message/external-body", b"x", "rujukan"),
    ],
)
def test_what_nobody_can_open_is_refused_with_words_and_the_rest_is_taken(kind, name, words):
    raw = mixed(
        part(b"Content-Disposition: attachment; filename=" + name, kind=kind),
        part(b"Content-Disposition: attachment; filename=data.xlsx"),
    )
    refused, taken = read(raw).files
    assert words in refused.refusal
    assert (taken.name, taken.refusal) == ("data.xlsx", "")


def test_a_mail_of_words_only_has_no_files_and_its_html_is_left_alone():
    raw = HEAD + b'Content-Type: text/html\r\n\r\n<img src="http://192.0.2.1/x.png"><script>alert(1)</script>'
    arrival = read(raw)
    assert (arrival.files, arrival.refusal, arrival.agency, arrival.answer) == ((), "", "bkpsdm", True)


# --- hostile ---


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
        + b"".join(
            b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(500)
        ),
        b"Content-Type: message/rfc822\r\n\r\n" * 2000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\n\n" * 5000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\n" * 30_000,
        b"X: y\r\n" * 50_000,
        b"X: " + b"y" * 1_000_000,
        b"Content-Type: a/b; " + b" name*0=a;" * 100_000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + (b'--b\r\nContent-Type: a/b; x="' + b";" * 60_000 + b"\r\n\r\nx\r\n") * 200,
        b"Subject: a" + b"\r\n =?utf-8?q?a?=" * 20_000,
        b"\r\n" + b"\n" * 2_100_000,
    ],
    ids=[
        "nested",
        "forwarded",
        "parts",
        "boundaries",
        "fields",
        "long",
        "parameters",
        "quotes",
        "folded",
        "lines",
    ],
)
def test_a_bomb_of_a_mail_is_refused_with_words_that_name_the_way_out(raw):
    arrival = read(b"From: data@bkpsdm.example.id\r\nMIME-Version: 1.0\r\n" + raw)
    assert "kirim ulang" in arrival.refusal
    assert (arrival.agency, arrival.answer) == ("bkpsdm", True)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 1000,
        b"From\r\n: x\r\nbukan surel",
        HEAD + b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: ;;;=\r\n\r\nx",
        HEAD + b"Content-Transfer-Encoding: entah\r\nContent-Type: application/x; name=a\r\n\r\nx",
        b"From: =?utf-8?b?////?= <a@b.id>\r\nSubject: =?unicode-escape?q?\\ud800?=\r\n\r\n",
        b"From: a@b.id\r\nSubject: \xff\xfe\r\nMessage-ID: <\xff>\r\n\r\n",
    ],
)
def test_broken_mails_never_raise_and_can_be_written_down(raw):
    arrival = read(raw)
    text = "".join([arrival.subject, arrival.sender, arrival.reference, *(one.name for one in arrival.files)])
    text.encode()
    assert len(arrival.key) == 64


def test_a_message_id_cannot_add_a_header_to_the_answer():
    for field in (b"<a@b>\r\n\tBcc: x@y", b"<a b@c>", b"<" + b"a" * 300 + b">", b"a@b", b"<a@b> <c@d>"):
        assert read_head(b"Message-ID: " + field + b"\r\n\r\n").reference == ""
    assert read_head(b"Message-ID: <a.1@b>\r\n\r\n").reference == "<a.1@b>"


# --- who ---


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("Data@BKPSDM.example.id", "data@bkpsdm.example.id"),
        ('"Budi, S.Kom" <data@bkpsdm.example.id>', "data@bkpsdm.example.id"),
        ("Budi, S.Kom <data@bkpsdm.example.id>", "data@bkpsdm.example.id"),
        ('"data@bkpsdm.example.id" <jahat@luar.example>', "jahat@luar.example"),
        ("data@bkpsdm.example.id <jahat@luar.example>", "jahat@luar.example"),
        ("data@bkpsdm.example.id, <jahat@luar.example>", ""),
        ("<data@bkpsdm.example.id> <jahat@luar.example>", ""),
        ("data@bkpsdm.example.id jahat@luar.example", ""),
        ("a@b.id, c@d.id", ""),
        ("", ""),
    ],
)
def test_an_address_is_what_stands_between_the_brackets_and_trickery_is_none(header, address):
    assert parse_address(header) == address


def arrival_from(sender, *fields, subject="Data"):
    raw = (
        f"From: {sender}\r\nSubject: {subject}\r\n".encode()
        + b"".join(one + b"\r\n" for one in fields)
        + b"\r\nx"
    )
    return read(raw)


def test_the_address_tells_the_opd_and_a_tag_in_the_subject_only_claims_it():
    assert arrival_from("siapa@dinkes.example.id").agency == "dinkes"
    assert arrival_from("x@sub.dinkes.example.id").agency == ""
    unknown = arrival_from("operator@gmail.example", subject="[BKPSDM] data")
    assert (unknown.agency, unknown.claimed) == ("", "bkpsdm")
    assert "tidak terdaftar" in unknown.doubt
    assert arrival_from("data@bkpsdm.example.id", subject="[dinkes] data").agency == "bkpsdm"


def test_a_sender_whom_the_server_calls_forged_is_doubted_and_never_answered():
    for verdict in (
        b"mx.id; spf=fail smtp.mailfrom=x",
        b"mx.id; dkim=none; dmarc=fail (p=none)",
        b"mx.id; spf=pass;\r\n dmarc=fail",
    ):
        found = arrival_from("data@bkpsdm.example.id", b"Authentication-Results: " + verdict)
        assert (found.agency, found.claimed, found.answer) == ("", "bkpsdm", False), verdict
        assert "tidak" in found.doubt


@pytest.mark.parametrize(
    ("verdict", "believed"),
    [
        (b"mx.id; dmarc=pass", True),
        (b"mx.id; spf=pass smtp.mailfrom=x@bkpsdm.example.id", True),
        (b"MX.id 1; dkim=pass header.d=bkpsdm.example.id", True),
        (b'(by us) "mx.id"; dmarc=pass', True),
        (b"mx.id; spf=none; dkim=none", False),
        (b"mx.bkpsdm.example.id; dmarc=pass; dkim=pass header.d=bkpsdm.example.id", False),
        (b"mx.id.evil.example; dmarc=pass", False),
        (b"evil; x=mx.id; dmarc=pass", False),
        (b"mx.id-2; dmarc=pass", False),
        (b"; dmarc=pass", False),
        (None, False),
    ],
)
def test_an_office_may_believe_only_whom_its_server_vouches_for(verdict, believed):
    fields = [b"Authentication-Results: " + verdict] if verdict else []
    raw = b"From: data@bkpsdm.example.id\r\n" + b"".join(one + b"\r\n" for one in fields) + b"\r\nx"
    found = read_mail(raw, at=AT, senders=replace(SENDERS, authority="mx.id"))
    assert (found.agency == "bkpsdm", found.answer) == (believed, believed)
    assert believed or found.claimed == "bkpsdm"
    lenient = read_mail(raw, at=AT, senders=SENDERS)
    assert (lenient.agency, lenient.unproven) == ("bkpsdm", verdict is None)


def test_what_the_sender_wrote_above_the_word_of_our_server_does_not_count():
    raw = (
        b"Authentication-Results: mx.bkpsdm.example.id; dmarc=pass\r\n"
        b"Authentication-Results: mx.id; dmarc=fail\r\n"
        b"Authentication-Results: mx.id; dmarc=pass\r\n"  # below: it came with the mail
        b"From: data@bkpsdm.example.id\r\n\r\nx"
    )
    found = read_mail(raw, at=AT, senders=replace(SENDERS, authority="mx.id"))
    assert (found.agency, found.claimed, found.answer) == ("", "bkpsdm", False)
    assert "dmarc=fail" in found.doubt


def test_who_accepts_the_invitation_in_a_calendar_sends_no_data_and_is_not_answered():
    raw = mixed(
        part(b"Content-Disposition: inline", kind=b"text/calendar; method=REPLY"),
        part(
            b'Content-Disposition: attachment; filename="invite.ics"',
            kind=b'application/ics; name="invite.ics"',
        ),
    )
    found = read(raw)

    assert (found.files, found.answer) == ((), False)
    assert "jawaban undangan" in " ".join(found.remarks)
    with_data = read(
        mixed(part(b"", kind=b"text/calendar"), part(b"Content-Disposition: attachment; filename=a.xlsx"))
    )
    assert ([one.name for one in with_data.files], with_data.answer) == (["a.xlsx"], True)


def test_good_verdicts_and_those_of_other_servers_change_nothing():
    for verdicts in (
        (b"mx.id; spf=pass; dmarc=pass",),
        (b"mx.id; spf=softfail; dkim=pass header.d=bkpsdm.example.id",),
        (b'mx.id; dkim=pass header.d="bkpsdm.example.id"; spf=neutral',),
        (b"mx.id; spf=fail; dkim=pass header.d=bkpsdm.example.id",),
        (b"mx.id; spf=pass smtp.mailfrom=kirim@mail.bkpsdm.example.id; dkim=none",),
        (b"mx.id; spf=pass smtp.mailfrom=relay.example; dkim=pass header.i=@example.id",),
        (b"mx.id; spf=pass", b"penerus.id; spf=fail; dmarc=fail"),
        (b"mx.id 1; none",),
    ):
        fields = [b"Authentication-Results: " + one for one in verdicts]
        assert arrival_from("data@bkpsdm.example.id", *fields).agency == "bkpsdm", verdicts


@pytest.mark.parametrize(
    "verdict",
    [
        b"mx.id; spf=fail smtp.mailfrom=x@bkpsdm.example.id; dkim=pass header.d=evil.example; dmarc=none",
        b"mx.id; spf=pass smtp.mailfrom=x@evil.example; dkim=none; dmarc=none",
        b"mx.id; dkim=pass header.d=evilbkpsdm.example.id.evil.example",
        b"mx.id; spf=softfail smtp.mailfrom=x@bkpsdm.example.id; dkim=none",
        b'mx.id; spf=pass smtp.mailfrom="x; dkim=pass header.d=bkpsdm.example.id"@evil.example',
        b'mx.id; spf=pass smtp.mailfrom="x\\"; dkim=pass header.d=bkpsdm.example.id"@evil.example',
        b'mx.id; spf=fail smtp.mailfrom="x dmarc=pass y"@evil.example',
    ],
)
def test_a_pass_of_another_domain_vouches_for_nobody(verdict):
    assert arrival_from("data@bkpsdm.example.id", b"Authentication-Results: " + verdict).agency == ""


def test_a_pass_that_the_sender_wrote_himself_does_not_outweigh_a_failure():
    fields = [
        b"Authentication-Results: mx.id; spf=fail",
        b"Authentication-Results: mx.id; dkim=pass; spf=pass",
    ]
    assert arrival_from("data@bkpsdm.example.id", *fields).agency == ""


@pytest.mark.parametrize(
    "field",
    [
        b"Auto-Submitted: auto-replied",
        b"Auto-Submitted: auto-generated; type=x",
        b"Precedence: bulk",
        b"List-Id: <semua.example.id>",
        b"X-Auto-Response-Suppress: All",
        b"Return-Path: <>",
        b"Content-Type: multipart/report; boundary=b",
    ],
)
def test_machines_are_not_answered(field):
    found = arrival_from("data@bkpsdm.example.id", field)
    assert not found.answer
    assert any("tidak dijawab" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    "sender",
    [
        "MAILER-DAEMON@bkpsdm.example.id",
        "no-reply@bkpsdm.example.id",
        "satudata@diskominfo.example.id",
        "x, y@z",
    ],
)
def test_neither_are_robots_ourselves_nor_nobody(sender):
    assert not arrival_from(sender).answer


def test_a_person_is_answered_also_where_a_program_says_that_it_is_no_machine():
    assert arrival_from("data@bkpsdm.example.id", b"Auto-Submitted: no").answer


def test_a_delivery_report_gives_no_files_though_our_own_letter_is_in_it():
    letter = b"Content-Type: message/rfc822\r\n\r\n" + mixed(
        part(b"Content-Disposition: attachment; filename=formulir.xlsx")
    )
    raw = (
        b"From: MAILER-DAEMON@x.id\r\nContent-Type: multipart/report; boundary=r\r\n\r\n--r\r\n"
        + letter
        + b"\r\n--r--\r\n"
    )
    found = read(raw)
    assert (found.files, found.answer) == ((), False)


# --- keys and names ---


def test_the_same_mail_delivered_twice_has_one_key_and_another_mail_with_a_stale_message_id_has_its_own():
    first = read_head(HEAD + b"Received: a\r\n\r\n")
    assert read_head(HEAD + b"Received: b\r\n\r\n").key == first.key
    assert read_head(HEAD + b"Date: Tue, 10 Nov 2026 11:00:00 +0700\r\n\r\n").key != first.key


def test_mails_without_message_id_are_told_apart_by_size_and_time():
    raw = b"From: a@b.id\r\n\r\n"
    keys = {read_head(raw, size=size, arrived=at).key for size in (1, 2) for at in ("x", "y")}
    assert len(keys) == 4
    assert read_head(raw, size=1, arrived="x").key in keys


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Siti\\data.xlsx", "data.xlsx"),
        ("/tmp/a/", "a"),
        ("data\r\nBcc: x.xlsx", "data Bcc: x.xlsx"),
        ("laporan\u202excod.exe", "laporan xcod.exe"),
        (".htaccess", "htaccess"),
        ("..", "tanpa-nama"),
        ("", "tanpa-nama"),
        ("a" * 300 + ".xlsx", "a" * 108 + "….xlsx"),
    ],
)
def test_a_name_is_shown_without_its_tricks(sent, shown):
    assert clean_name(sent) == shown

import email.policy
import ipaddress
import logging
import re
import socket
import ssl
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jagadata.adapters.mail.apprise import AppriseChannel
from jagadata.adapters.mail.smtp import MailChannel
from jagadata.errors import RefusedError, UnreachableError
from jagadata.lab.memory_channel import MemoryChannel
from jagadata.lab.processes import free_port
from jagadata.ports.channel import Message

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # loopback only

SECRET = "Rah4sia-Sekali/:@?#"
PDF = b"%PDF-1.7\n\x00\xff bukan teks"
MESSAGE = Message(
    to=("siti@trenggalekkab.go.id",),
    subject="Restore data SIMPEG selesai — é",
    text="Yth. Siti,\n\nSelesai.",
    html="<p>Yth. Siti,</p><p><strong>Nomor</strong>: 046/13<br></p><p>Selesai.</p>",
    attachments=(("formulir restore é.pdf", PDF),),
)


class Inbox:
    """Keeps what it gets; answers for addresses that begin with the name of a fault."""

    def __init__(self):
        self.got = []
        self.at_data = ""

    async def handle_RCPT(self, _server, session, envelope, address, _options):
        if address.startswith("salah"):
            return "550 no such user"
        if address.startswith("nanti"):
            return "450 4.2.0 greylisted, come back later"
        if address.startswith("usir"):
            return "421 too many letters"
        if address.startswith("putus"):
            session.loop.call_soon(_server.transport.abort)
            return "250 OK"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        if self.at_data:
            return self.at_data
        self.got.append(
            (envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default))
        )
        return "250 OK"


def serve(inbox, **options):
    server = Controller(inbox, hostname="127.0.0.1", port=free_port(), **options)
    server.start()
    return server


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def server(inbox):
    server = serve(inbox)
    yield server
    server.stop()


@pytest.fixture
def guarded(inbox):
    """Asks for a login."""

    def check(_server, _session, _envelope, _mechanism, login):
        right = (login.login, login.password) == (b"layanan", SECRET.encode())
        return AuthResult(success=right, handled=False)

    server = serve(inbox, authenticator=check, auth_required=True, auth_require_tls=False)
    yield server
    server.stop()


def make_certificate(folder):
    """A self-signed certificate: cert.pem and key.pem."""
    key, name, now = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]),
        datetime.now(UTC),
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def channel(port, security="none", **options):
    sender = options.pop("sender", "Diskominfo <layanan@trenggalekkab.go.id>")
    return MailChannel(host="127.0.0.1", port=port, security=security, sender=sender, **options)


def test_a_letter_arrives_with_both_alternatives_and_its_attachment(server, inbox):
    assert channel(server.port).send(MESSAGE).reference == "e-mail ke siti@trenggalekkab.go.id"
    ((to, mail),) = inbox.got
    assert to == ["siti@trenggalekkab.go.id"]
    assert mail["Subject"] == MESSAGE.subject
    assert mail["From"] == "Diskominfo <layanan@trenggalekkab.go.id>"
    assert mail["To"] == "siti@trenggalekkab.go.id"
    assert abs(mail["Date"].datetime - datetime.now(UTC)) < timedelta(hours=1)
    assert re.fullmatch(r"<\S+@trenggalekkab\.go\.id>", mail["Message-ID"])
    assert "<strong>Nomor</strong>: 046/13" in mail.get_body(("html",)).get_content()
    assert mail.get_body(("plain",)).get_content().splitlines() == MESSAGE.text.splitlines()
    (attachment,) = mail.iter_attachments()
    assert attachment.get_filename() == "formulir restore é.pdf"
    assert attachment.get_content_type() == "application/pdf"
    assert attachment.get_content() == PDF


def test_a_letter_without_html_arrives_as_text(server, inbox):
    channel(server.port).send(Message(to=MESSAGE.to, subject="S", text="a < b & *c*\n  d"))
    mail = inbox.got[0][1]
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().split() == ["a", "<", "b", "&", "*c*", "d"]


def test_the_server_s_login_is_used_whatever_signs_the_password_holds(guarded, inbox):
    channel(guarded.port, user="layanan", password=SECRET).send(MESSAGE)
    assert len(inbox.got) == 1


def test_a_wrong_password_is_refused_and_repeated_nowhere(guarded, inbox, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = channel(guarded.port, user="layanan", password=SECRET + "x")
    with pytest.raises(RefusedError) as caught:
        wrong.send(MESSAGE)
    assert "menolak pengguna 'layanan'" in caught.value.message
    assert not caught.value.transient
    assert SECRET not in f"{caught.value}{wrong!r}{caplog.text}"
    assert not inbox.got


def test_a_server_that_asks_for_a_login_and_gets_none_is_named(guarded):
    with pytest.raises(RefusedError, match="menolak surel"):
        channel(guarded.port).send(MESSAGE)


def test_a_server_that_does_not_answer_is_unreachable_and_may_be_tried_again():
    with pytest.raises(UnreachableError) as caught:
        channel(free_port()).send(MESSAGE)
    assert caught.value.transient
    assert "mail.host" in caught.value.hint


def test_starttls_is_never_given_up_where_the_server_has_none(server, inbox):
    with pytest.raises(RefusedError, match="tidak mendukung"):
        channel(server.port, "starttls").send(MESSAGE)
    assert not inbox.got


@pytest.fixture
def server_context(tmp_path):
    make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(inbox, server_context):
    server = serve(inbox, tls_context=server_context)
    try:
        with pytest.raises(RefusedError, match="Sambungan aman"):
            channel(server.port, "starttls").send(MESSAGE)
    finally:
        server.stop()
    assert not inbox.got


def test_one_wrong_address_does_not_hold_up_the_others_and_is_named(server, inbox):
    both = Message(to=("salah@x.go.id", "budi@x.go.id", "bukan alamat"), subject="S", text="t")
    delivery = channel(server.port).send(both)
    assert delivery.reference == "e-mail ke budi@x.go.id (tidak terkirim ke salah@x.go.id, bukan alamat)"
    assert (delivery.reached, delivery.deferred) == (("budi@x.go.id",), ())
    assert [to for to, _mail in inbox.got] == [["budi@x.go.id"]]


def test_when_every_address_is_refused_the_error_names_them(server):
    with pytest.raises(RefusedError, match=r"salah@x\.go\.id"):
        channel(server.port).send(Message(to=("salah@x.go.id",), subject="S", text="t"))


def test_a_letter_to_nobody_is_refused(server):
    for target in (channel(server.port), MemoryChannel()):
        with pytest.raises(RefusedError, match="penerima"):
            target.send(Message(to=(), subject="S", text="t"))


@pytest.mark.parametrize(
    "address", ["a@x.go.id, b@x.go.id", "a@x.go.id\nBcc: b@x.go.id", "a@x.go.id?cc=b@x.go.id"]
)
def test_an_address_cannot_smuggle_in_another(address, server, inbox):
    with pytest.raises(RefusedError):
        channel(server.port).send(Message(to=(address,), subject="S", text="t"))
    assert not inbox.got


def test_a_subject_cannot_add_a_header(server, inbox):
    channel(server.port).send(Message(to=MESSAGE.to, subject="S\r\nBcc: b@x.go.id", text="t"))
    ((to, mail),) = inbox.got
    assert to == list(MESSAGE.to)
    assert mail["Bcc"] is None


def test_checking_the_server_sends_nothing(guarded, inbox):
    channel(guarded.port, user="layanan", password=SECRET).check()
    with pytest.raises(RefusedError):
        channel(guarded.port, user="layanan", password="salah").check()
    assert not inbox.got


def test_an_address_that_is_put_off_is_told_apart_from_one_that_is_refused(server, inbox):
    message = Message(to=("nanti@x.go.id", "budi@x.go.id", "salah@x.go.id"), subject="S", text="t")
    delivery = channel(server.port).send(message)
    assert delivery.reference == "e-mail ke budi@x.go.id (tidak terkirim ke nanti@x.go.id, salah@x.go.id)"
    assert (delivery.reached, delivery.deferred) == (("budi@x.go.id",), ("nanti@x.go.id",))
    assert [to for to, _mail in inbox.got] == [["budi@x.go.id"]]


def test_when_the_only_address_is_put_off_the_letter_may_be_tried_again(server):
    with pytest.raises(UnreachableError, match=r"nanti@x\.go\.id \(450 4\.2\.0 greylisted") as caught:
        channel(server.port).send(Message(to=("nanti@x.go.id",), subject="S", text="t"))
    assert caught.value.transient


@pytest.mark.parametrize(
    ("answer", "error"),
    [("452 disk full", UnreachableError), ("552 too big", RefusedError), ("554 spam", RefusedError)],
)
def test_a_letter_refused_after_its_text_is_told_with_the_server_s_words(server, inbox, answer, error):
    inbox.at_data = answer
    with pytest.raises(error, match=answer) as caught:
        channel(server.port).send(MESSAGE)
    assert caught.value.transient is (error is UnreachableError)


@pytest.mark.parametrize("fault", ["usir", "putus"])
def test_a_server_that_hangs_up_on_one_address_still_gets_the_others(server, inbox, fault):
    message = Message(to=(f"{fault}@x.go.id", "budi@x.go.id", "siti@x.go.id"), subject="S", text="t")
    delivery = channel(server.port).send(message)
    assert delivery.reached == ("budi@x.go.id", "siti@x.go.id")
    assert delivery.deferred == (f"{fault}@x.go.id",)
    assert [to for to, _mail in inbox.got] == [["budi@x.go.id"], ["siti@x.go.id"]]


def test_a_server_that_hangs_up_again_and_again_is_not_asked_for_each_address(server, inbox):
    addresses = tuple(f"putus{number}@x.go.id" for number in range(4))
    with pytest.raises(UnreachableError) as caught:
        channel(server.port).send(Message(to=(*addresses, "budi@x.go.id"), subject="S", text="t"))
    assert caught.value.transient
    assert not inbox.got


def test_a_server_that_says_nothing_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = channel(silent.getsockname()[1], timeout=0.2)
        with pytest.raises(UnreachableError) as caught:
            mute.send(MESSAGE)
    assert caught.value.transient


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_a_letter_travels_encrypted_where_the_office_says_so(
    inbox, tmp_path, monkeypatch, security, server_context
):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    options = {"tls_context": server_context, "require_starttls": True}
    if security == "ssl":
        options = {"ssl_context": server_context}
    server = serve(inbox, **options)
    try:
        channel(server.port, security).send(MESSAGE)
    finally:
        server.stop()
    assert len(inbox.got) == 1


def test_a_server_without_tls_is_not_spoken_to_in_the_open(server, inbox):
    with pytest.raises(RefusedError, match="Sambungan aman"):
        channel(server.port, "ssl").send(MESSAGE)
    assert not inbox.got


def test_what_the_message_says_about_itself_stands_in_the_mail_s_head(server, inbox):
    headers = (("Auto-Submitted", "auto-replied"), ("In-Reply-To", "<1@x.go.id>"))
    channel(server.port).send(replace(MESSAGE, headers=headers))
    mail = inbox.got[0][1]
    assert (mail["Auto-Submitted"], mail["In-Reply-To"]) == ("auto-replied", "<1@x.go.id>")


def test_a_header_that_holds_another_is_refused(server, inbox):
    with pytest.raises(RefusedError, match="tidak sah"):
        channel(server.port).send(replace(MESSAGE, headers=(("In-Reply-To", "<1@x>\r\nBcc: b@x.go.id"),)))
    assert not inbox.got


def test_a_sender_s_name_and_long_lines_arrive_as_they_are(server, inbox):
    text = "é" * 3000 + "\n.\n" + "kata " * 400
    sender = "Dinas Komunikasi, Informatika & Statistik Ñusa <layanan@x.go.id>"
    channel(server.port, sender=sender).send(Message(to=MESSAGE.to, subject="S", text=text))
    mail = inbox.got[0][1]
    (address,) = mail["From"].addresses
    assert address.display_name == "Dinas Komunikasi, Informatika & Statistik Ñusa"
    assert mail.get_content().rstrip("\r\n").replace("\r\n", "\n") == text
    assert max(map(len, mail.as_bytes().splitlines())) <= 998


@pytest.mark.parametrize(
    "sender", ["Diskominfo", "a@x.go.id, b@x.go.id", "Dinas <a@x.go.id>\nBcc: <b@x.go.id>"]
)
def test_a_sender_that_is_no_address_is_refused_and_named(server, inbox, sender):
    with pytest.raises(RefusedError) as caught:
        channel(server.port, sender=sender).send(MESSAGE)
    assert "mail.sender" in caught.value.hint
    assert not inbox.got


def test_a_password_that_no_login_can_carry_is_told_without_it(guarded, inbox):
    odd = channel(guarded.port, user="layanan", password=SECRET + "é")
    with pytest.raises(RefusedError, match="tidak dapat dikirim") as caught:
        odd.send(MESSAGE)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert not inbox.got


def test_a_login_that_is_put_off_may_be_tried_again(inbox):
    def busy(*_):
        return AuthResult(success=False, handled=False, message="454 4.7.0 Temporary authentication failure")

    server = serve(inbox, authenticator=busy, auth_required=True, auth_require_tls=False)
    try:
        with pytest.raises(UnreachableError) as caught:
            channel(server.port, user="layanan", password=SECRET).send(MESSAGE)
    finally:
        server.stop()
    assert caught.value.transient


def room(port):
    """A room of the office, whoever a message names: apprise has one that any SMTP server can stand in for."""
    return AppriseChannel(
        "ruang",
        f"mailto://127.0.0.1:{port}/?mode=insecure&from=layanan@x.go.id&to=ruang@x.go.id&smtp=127.0.0.1",
    )


def test_a_room_of_the_office_gets_a_notice_and_neither_the_letter_nor_its_papers(server, inbox):
    told = replace(MESSAGE, notice="Satu layanan tidak berjalan.")
    assert room(server.port).send(told).reference == "saluran ruang"
    ((to, mail),) = inbox.got
    assert to == ["ruang@x.go.id"]
    assert "Satu layanan tidak berjalan." in mail.as_string()
    assert "Siti" not in mail.as_string()
    assert list(mail.iter_attachments()) == []


def test_a_letter_never_goes_into_a_room_of_the_office(server, inbox):
    with pytest.raises(RefusedError, match="tidak sampai ke penerimanya"):
        room(server.port).send(MESSAGE)
    assert not inbox.got


def test_an_apprise_address_is_never_shown(server):
    for url in (f"entah://{SECRET}", f"jsons://u:{SECRET}@127.0.0.1:{free_port()}/"):
        broken = AppriseChannel("cadangan", url)
        with pytest.raises((RefusedError, UnreachableError), match="cadangan") as caught:
            broken.send(replace(MESSAGE, notice="N"))
        assert SECRET not in f"{caught.value}{broken!r}"


def test_the_memory_channel_keeps_messages_in_order_and_fails_when_told():
    memory = MemoryChannel()
    assert memory.send(MESSAGE).reference == "e-mail ke siti@trenggalekkab.go.id"
    memory.fault = UnreachableError("putus", transient=True)
    with pytest.raises(UnreachableError):
        memory.send(MESSAGE)
    assert memory.sent == [MESSAGE]


def test_the_password_is_not_part_of_how_a_channel_shows_itself():
    assert SECRET not in repr(
        MailChannel(host="h", port=1, security="none", sender="a@b.id", password=SECRET)
    )

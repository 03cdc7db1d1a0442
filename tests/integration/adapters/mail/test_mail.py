import email.policy
import logging
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jagadata.adapters.mail.apprise import AppriseChannel, MailChannel, mail_channel
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
    """Keeps what it gets; refuses addresses that begin with 'salah'."""

    def __init__(self):
        self.got = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.startswith("salah"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
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
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def channel(port, security="none", **options):
    return mail_channel("127.0.0.1", port, security, "Diskominfo <layanan@trenggalekkab.go.id>", **options)


def test_a_letter_arrives_with_both_alternatives_and_its_attachment(server, inbox):
    assert channel(server.port).send(MESSAGE) == "e-mail ke siti@trenggalekkab.go.id"
    ((to, mail),) = inbox.got
    assert to == ["siti@trenggalekkab.go.id"]
    assert mail["Subject"] == MESSAGE.subject
    assert mail["From"] == "Diskominfo <layanan@trenggalekkab.go.id>"
    assert mail["Date"]
    assert mail["Message-ID"]
    assert "<strong>Nomor</strong>: 046/13" in mail.get_body(("html",)).get_content()
    assert "Nomor: 046/13" in mail.get_body(("plain",)).get_content()
    (attachment,) = mail.iter_attachments()
    assert attachment.get_filename() == "formulir-restore-e.pdf"
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


def test_a_certificate_that_nobody_vouches_for_is_refused(inbox, tmp_path):
    make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server = serve(inbox, tls_context=context)
    try:
        with pytest.raises(RefusedError, match="Sambungan aman"):
            channel(server.port, "starttls").send(MESSAGE)
    finally:
        server.stop()
    assert not inbox.got


def test_one_wrong_address_does_not_hold_up_the_others_and_is_named(server, inbox):
    both = Message(to=("salah@x.go.id", "budi@x.go.id", "bukan alamat"), subject="S", text="t")
    assert (
        channel(server.port).send(both)
        == "e-mail ke budi@x.go.id (tidak terkirim ke salah@x.go.id, bukan alamat)"
    )
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


def test_any_apprise_address_is_a_channel(server, inbox):
    url = (
        f"mailto://127.0.0.1:{server.port}/?mode=insecure&from=layanan@x.go.id&to=budi@x.go.id&smtp=127.0.0.1"
    )
    assert AppriseChannel("cadangan", url).send(MESSAGE) == "saluran cadangan"
    ((to, mail),) = inbox.got
    assert to == ["budi@x.go.id"]
    assert "Selesai." in mail.as_string()
    assert [part.get_content() for part in mail.iter_attachments()] == [PDF]


def test_an_apprise_address_is_never_shown(server):
    for url in (f"entah://{SECRET}", f"jsons://u:{SECRET}@127.0.0.1:{free_port()}/"):
        broken = AppriseChannel("cadangan", url)
        with pytest.raises((RefusedError, UnreachableError), match="cadangan") as caught:
            broken.send(MESSAGE)
        assert SECRET not in f"{caught.value}{broken!r}"


def test_the_memory_channel_keeps_messages_in_order_and_fails_when_told():
    memory = MemoryChannel()
    assert memory.send(MESSAGE) == "e-mail ke siti@trenggalekkab.go.id"
    memory.fault = UnreachableError("putus", transient=True)
    with pytest.raises(UnreachableError):
        memory.send(MESSAGE)
    assert memory.sent == [MESSAGE]


def test_the_password_is_not_part_of_how_a_channel_shows_itself():
    assert SECRET not in repr(
        MailChannel(host="h", port=1, security="none", sender="a@b.id", password=SECRET)
    )

"""Real IMAP servers and the mails that offices send, for the tests of the intake."""

from __future__ import annotations

import copy
import grp
import ipaddress
import os
import pwd
import secrets
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from jagadata.adapters.directory.store import DirectoryStore
from jagadata.adapters.mail.imap import ImapMailbox
from jagadata.collection.intake.senders import Senders
from jagadata.connections import RealConnections
from jagadata.evidence.keys import make_keys
from jagadata.lab.imap_server import ImapServer
from jagadata.lab.processes import Server, answers, free_port
from jagadata.office.file import parse_office
from jagadata.workplace import Workplace
from tests.lab.small_office import OFFICE

XLSX = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOON = datetime(2026, 11, 10, 5, 0, tzinfo=UTC)  # 12.00 WIB

DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{folder}/mail
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
{tls}
passdb {{
  driver = passwd-file
  args = {folder}/passwd
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {secure}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


class Dovecot(ImapServer):
    """`secure`: the port with TLS from the first byte; `port` has STARTTLS where there is a certificate."""

    secure = 0


def start_dovecot(folder, certificate=None) -> Dovecot:
    """Debian's dovecot with one maildir; `nobody` is its user where we are root. `certificate`: folder of cert.pem and key.pem."""
    uid, gid = (65534, 65534) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    (folder / "mail").mkdir(parents=True)
    folder.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(folder / "mail", uid, gid)
    password, port, secure = secrets.token_hex(8), free_port(), 0
    tls = ""
    if certificate:
        secure = free_port()
        tls = f"ssl_cert = <{certificate}/cert.pem\nssl_key = <{certificate}/key.pem"
    (folder / "passwd").write_text(f"data:{{PLAIN}}{password}\n")
    (folder / "dovecot.conf").write_text(
        DOVECOT.format(
            folder=folder,
            ssl="yes" if certificate else "no",
            tls=tls,
            uid=uid,
            gid=gid,
            user=pwd.getpwuid(uid).pw_name,
            group=grp.getgrgid(gid).gr_name,
            port=port,
            secure=secure,
        )
    )
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    server = Server(
        ["dovecot", "-F", "-c", folder / "dovecot.conf"],
        log=folder / "start.log",
        environment={**os.environ, "PATH": path},
    )
    server.wait_for(lambda: answers(port), "dovecot")
    found = Dovecot(port=port, user="data", password=password, server=server)
    found.secure = secure
    return found


def make_mail(
    *files,
    sender="Operator BKPSDM <data@bkpsdm.example.id>",
    subject="Data semester 2",
    message_id=None,
    text="Terlampir data.",
    html=None,
    **headers,
) -> bytes:
    """A mail with files (name, bytes). `headers`: Auto_Submitted='auto-replied'; None leaves one out."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = "satudata@diskominfo.example.id"
    mail["Subject"] = subject
    mail["Date"] = "Tue, 10 Nov 2026 11:59:00 +0700"
    if message_id != "":
        mail["Message-ID"] = message_id or f"<{secrets.token_hex(8)}@bkpsdm.example.id>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype=XLSX, filename=name)
    return mail.as_bytes()


def make_collection(**changes):
    """The office file's part for the collection, as far as the intake looks at it."""
    return {
        "address": "satudata@diskominfo.example.id",
        "inventory": {"database": "inventaris", "login": {"user": "inventaris", "password": "env:NONE"}},
        "limits": {"file_mib": 1},
        "agencies": [
            {
                "id": "bkpsdm",
                "name": "BKPSDM",
                "head": "Kepala BKPSDM",
                "email": ["data@bkpsdm.example.id"],
                "senders": ["operator@gmail.example"],
            },
            {
                "id": "dinkes",
                "name": "Dinas Kesehatan",
                "head": "Kepala Dinas Kesehatan",
                "email": ["data@dinkes.example.id"],
                "senders": ["@dinkes.example.id"],
            },
        ],
        "datasets": [
            {
                "code": "pegawai",
                "name": "Jumlah Pegawai",
                "agency": "bkpsdm",
                "unit": "orang",
                "columns": [{"name": "Tahun", "type": "year"}],
            },
            {
                "code": "puskesmas",
                "name": "Jumlah Puskesmas",
                "agency": "dinkes",
                "unit": "unit",
                "columns": [{"name": "Tahun", "type": "year"}],
            },
        ],
        **changes,
    }


def make_place(folder, mail=None, *, clock=lambda: NOON, connections=None, **collection):
    """A workplace with two directory stores, real keys and this mail sink; nothing else of the office is used."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = make_keys()
    for name, text in (("signing.pem", keys.signing_pem), ("identity.txt", keys.identity)):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(text)
    for name in ("utama", "kedua"):
        DirectoryStore.prepare(folder / name)
    value = copy.deepcopy(OFFICE)
    value["keys"] = {
        "signing": "file:signing.pem",
        "identity": "file:identity.txt",
        "signers": [{"key": keys.signing_public}],
        "recipients": [{"key": keys.recipient}, {"key": keys.recovery_recipient}],
    }
    value["stores"] = [
        {"kind": "directory", "name": name, "path": str(folder / name)} for name in ("utama", "kedua")
    ]
    if mail:
        value["mail"] = {
            "host": mail.host,
            "port": mail.port,
            "security": "none",
            "sender": "jagadata@diskominfo.example.id",
        }
    value["collection"] = make_collection(**collection)
    (folder / "spool").mkdir(exist_ok=True)
    value["spool"] = "spool"
    office = parse_office(yaml.safe_dump(value, allow_unicode=True), folder=folder)
    return Workplace(office, clock=clock, connections=connections or RealConnections(office))


def make_mailbox(server, place, **changes):
    """The mailbox of an office on this server."""
    values = {
        "host": server.host,
        "port": server.port,
        "security": "none",
        "user": server.user,
        "password": server.password,
        "senders": Senders.make(place.office.collection, ["jagadata@diskominfo.example.id"]),
        "limit": int(1.4 * 2**20),
    }
    return ImapMailbox(**{**values, **changes})


def make_trusted(folder) -> None:
    """cert.pem and key.pem for 127.0.0.1; whoever trusts cert.pem trusts the server."""
    folder.mkdir()
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "imap uji")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

"""The demo's office: its file, keys, roles and application, made in one folder."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from jagadata.adapters.directory.store import DirectoryStore
from jagadata.adapters.postgres.roles import render_roles_sql
from jagadata.evidence.keys import make_keys
from jagadata.lab.processes import answers, free_port
from jagadata.lab.supervisor import start_supervisor
from jagadata.office.file import load_office
from jagadata.office.secrets import reveal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jagadata.lab.mail import MailSink
    from jagadata.lab.postgres import Postgres
    from jagadata.lab.ssh_server import SshServer
    from jagadata.lab.supervisor import Supervisor

LETTERS = (
    "Undangan Rapat Koordinasi",
    "Usulan Kenaikan Pangkat",
    "Permohonan Cuti Tahunan",
    "Pemberitahuan Jadwal Diklat",
    "Penyampaian Laporan Kinerja",
)


@dataclass(frozen=True, kw_only=True)
class Application:
    """A database with its web service and queue worker under a service manager."""

    system: str
    name: str
    owner: str
    database: str
    port: int
    supervisor: Supervisor


def start_application(
    folder: Path,
    postgres: Postgres,
    *,
    system: str = "sisurat",
    name: str = "Sistem Informasi Surat",
    owner: str = "BKPSDM",
    rows: int = 1250,
) -> Application:
    """Make the database with `rows` letters, owned by a login of its own, and start both programs."""
    password = secrets.token_hex(8)
    role = f"app_{system.replace('-', '_')}"
    postgres.sql(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
    postgres.sql(f'CREATE DATABASE "{system}" OWNER {role}')
    dsn = postgres.dsn(system, user=role, password=password)
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA aplikasi")
        connection.execute(f'ALTER ROLE {role} IN DATABASE "{system}" SET search_path TO aplikasi, public')
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE surat (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, nomor text NOT NULL, perihal text NOT NULL, tanggal date NOT NULL)"
        )
        connection.execute(
            "CREATE TABLE antrean (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, dibuat timestamptz NOT NULL)"
        )
        connection.execute(
            "INSERT INTO surat (nomor, perihal, tanggal) SELECT '800/' || i || '/406.020/2026', (%s::text[])[1 + i %% 5], date '2026-01-02' + i %% 300 FROM generate_series(1, %s) i",
            (list(LETTERS), rows),
        )
    port = free_port()
    programs: Mapping[str, Sequence[str]] = {
        "web": [sys.executable, "-m", "jagadata.lab.app", str(port)],
        "antrean": [sys.executable, "-m", "jagadata.lab.queue_worker", "0.5"],
    }
    supervisor = start_supervisor(folder, programs, environment={"APP_DSN": dsn})
    supervisor.server.wait_for(lambda: answers(port), "web application")
    return Application(
        system=system, name=name, owner=owner, database=system, port=port, supervisor=supervisor
    )


def grant(postgres: Postgres, office_path: Path) -> None:
    """Run what `jaga db prepare` prints, as an administrator would."""
    office = load_office(office_path)
    secret = reveal(str(office.server("pg-utama").secret), folder=office.folder)
    environment = {
        **os.environ,
        "PGPASSWORD": postgres.password,
        "PGHOST": postgres.host,
        "PGPORT": str(postgres.port),
        "PGUSER": postgres.superuser,
    }
    command = [str(postgres.bin / "psql"), "-X", "-q", "-d", "postgres"]
    subprocess.run(
        command,
        input=render_roles_sql(office, "pg-utama", secret),
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )


def make_office(
    folder: Path,
    applications: Sequence[Application],
    postgres: Postgres,
    ssh: SshServer,
    mail: MailSink,
    *,
    primary: dict[str, Any] | None = None,
    policy: dict[str, Any] | None = None,
    collection: dict[str, Any] | None = None,
    own_database: str = "jagadata",
) -> Path:
    """Write office.yaml with keys and secrets beside it, prepare directory stores and database roles; returns its path.

    `primary` is the primary store's entry (default: a directory); the second is a directory. `collection`: see agencies.py.
    """
    (folder / "keys").mkdir(parents=True, exist_ok=True)

    def secret(name: str, text: str) -> str:
        path = folder / "keys" / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return f"file:keys/{name}"

    keys = make_keys()
    DirectoryStore.prepare(folder / "simpanan-kedua")
    if primary is None:
        DirectoryStore.prepare(folder / "simpanan-utama")
        primary = {"kind": "directory", "name": "utama", "path": "simpanan-utama"}
    office = {
        "version": 1,
        "office": {
            "name": "Dinas Komunikasi dan Informatika Kabupaten Trenggalek",
            "city": "Trenggalek",
            "letterhead": {
                "lines": ["PEMERINTAH KABUPATEN TRENGGALEK", "DINAS KOMUNIKASI DAN INFORMATIKA"],
                "address": "Jalan Brigjen Sutran Nomor 9, Trenggalek 66315",
                "contact": "Telp. (0355) 000000 · Laman diskominfo.example.id",
            },
        },
        "officials": [
            {
                "id": "sari",
                "name": "Sari Wulandari, S.Kom.",
                "nip": "199003122015042001",
                "post": "Staf Seksi Pengembangan dan Pengelolaan Aplikasi TIK",
                "email": "sari@example.id",
                "duties": [{"role": "staf_aplikasi"}],
            },
            {
                "id": "agus",
                "name": "Agus Prasetyo, A.Md.",
                "nip": "198705212010011003",
                "post": "Staf Seksi Layanan Infrastruktur dan TIK",
                "email": "agus@example.id",
                "duties": [{"role": "staf_infrastruktur"}],
            },
            {
                "id": "bambang",
                "name": "Bambang Susilo, S.T., M.T.",
                "nip": "197803122005011004",
                "post": "Kasi Pengembangan dan Pengelolaan Aplikasi TIK",
                "email": "bambang@example.id",
                "duties": [{"role": "kasi_aplikasi"}],
            },
            {
                "id": "rina",
                "name": "Rina Kartika, S.T.",
                "nip": "198001012006042003",
                "post": "Kasi Layanan Infrastruktur dan TIK",
                "email": "rina@example.id",
                "duties": [{"role": "kasi_infrastruktur", "acting": "Plt."}],
            },
            {
                "id": "wahyu",
                "name": "Wahyu Nugroho, S.Si.",
                "nip": "198212202009031002",
                "post": "Kasi Data dan Statistik",
                "rank": "Penata Tingkat I (III/d)",
                "email": "wahyu@example.id",
                "duties": [{"role": "kasi_data"}],
            },
            {
                "id": "endang",
                "name": "Endang Lestari, S.Kom., M.M.",
                "nip": "197506152000032001",
                "post": "Kabid E-Government dan Statistik",
                "rank": "Pembina (IV/a)",
                "email": "endang@example.id",
                "duties": [{"role": "kabid_egov"}],
            },
            {
                "id": "hadi",
                "name": "Drs. Hadi Santoso, M.Si.",
                "nip": "196909091994031005",
                "post": "Kepala Dinas Komunikasi dan Informatika",
                "rank": "Pembina Utama Muda (IV/c)",
                "email": "hadi@example.id",
                "duties": [{"role": "kadis"}],
            },
        ],
        "keys": {
            "signing": secret("signing.pem", keys.signing_pem),
            "identities": [secret("identity.txt", keys.identity)],
            "signers": [{"key": keys.signing_public}],
            "recipients": [
                {"key": keys.recipient, "note": "kantor"},
                {"key": keys.recovery_recipient, "note": "pemulihan"},
            ],
        },
        "hosts": [
            {
                "name": f"aplikasi-{one.system}",
                "address": ssh.address,
                "port": ssh.port,
                "user": ssh.user,
                "key": secret("ssh", ssh.client_key.read_text(encoding="ascii")),
                "known_hosts": str(ssh.known_hosts),
                "control": "direct",
                "sudo": False,
                "supervisor_config": str(one.supervisor.config),
                "switch_folder": str(folder / f"sakelar-{one.system}"),
            }
            for one in applications
        ],
        "servers": [
            {
                "name": "pg-utama",
                "address": postgres.host,
                "port": postgres.port,
                "own_database": own_database,
                "dump": {"user": "jagadata_dump"},
                "restore": {"user": "jagadata_restore"},
                "secret": secret("rahasia-pg", secrets.token_urlsafe(32)),
                "tools": str(postgres.bin),
                "data_host": f"aplikasi-{applications[0].system}",
            }
        ],
        "stores": [primary, {"kind": "directory", "name": "kedua", "path": "simpanan-kedua"}],
        "systems": [
            {
                "id": one.system,
                "name": one.name,
                "owner": one.owner,
                "server": "pg-utama",
                "data": [{"database": one.database}],
                "services": [
                    {
                        "unit": "web",
                        "host": f"aplikasi-{one.system}",
                        "manager": "supervisor",
                        "port": one.port,
                        "probe": {"url": f"http://127.0.0.1:{one.port}/sehat", "timeout": 30},
                    },
                    {"unit": "antrean", "host": f"aplikasi-{one.system}", "manager": "supervisor"},
                ],
            }
            for one in applications
        ],
        "mail": {"host": mail.host, "port": mail.port, "security": "none", "sender": "jagadata@example.id"},
        "policy": policy or {},
        **({"collection": collection} if collection else {}),
        "spool": str(folder),
    }
    path = folder / "office.yaml"
    path.write_text(yaml.safe_dump(office, sort_keys=False, allow_unicode=True), encoding="utf-8")
    grant(postgres, path)
    return path

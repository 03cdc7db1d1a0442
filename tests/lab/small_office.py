"""A small faultless office as plain data, and a workplace over it with stores in memory and real keys."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime
from pathlib import Path

import yaml

from jagadata.evidence.keys import make_keys
from jagadata.lab.memory_channel import MemoryChannel
from jagadata.lab.memory_store import MemoryStore
from jagadata.office.file import parse_office
from jagadata.workplace import Workplace

SIGNER = "ed25519:" + "A" * 43 + "="

RECIPIENT, RECOVERY = "age1" + "q" * 58, "age1" + "p" * 58

OFFICE = {
    "version": 1,
    "office": {
        "name": "Dinas Kominfo",
        "city": "Trenggalek",
        "letterhead": {"lines": ["PEMERINTAH KABUPATEN TRENGGALEK"], "address": "Jalan Sutran 9"},
    },
    "officials": [
        {
            "id": "sari",
            "name": "Sari",
            "nip": "19900312 201504 2 001",
            "post": "Staf",
            "duties": [{"role": "staf_aplikasi"}],
        },
        {
            "id": "rina",
            "name": "Rina",
            "post": "Kasi",
            "duties": [
                {
                    "role": "kasi_infrastruktur",
                    "acting": "Plt.",
                    "since": date(2026, 1, 1),
                    "until": date(2026, 6, 30),
                }
            ],
        },
    ],
    "keys": {
        "signing": "file:keys/signing.pem",
        "identity": "env:JAGADATA_IDENTITAS",
        "signers": [{"key": SIGNER}],
        "recipients": [{"key": RECIPIENT}, {"key": RECOVERY, "note": "pemulihan"}],
    },
    "hosts": [
        {
            "name": "app1",
            "address": "10.0.0.11",
            "user": "jagadata",
            "key": "file:keys/ssh",
            "known_hosts": "known_hosts",
        }
    ],
    "servers": [
        {
            "name": "pg1",
            "via": "app1",
            "dump": {"user": "jagadata_dump", "password": "env:SANDI_DUMP"},
            "restore": {"user": "jagadata_restore", "password": "prefect:sandi-restore"},
        }
    ],
    "stores": [
        {
            "kind": "s3",
            "name": "utama",
            "endpoint": "https://s3.example.id",
            "bucket": "jagadata",
            "access_key": "env:KUNCI",
            "secret_key": "env:RAHASIA",
        },
        {"kind": "directory", "name": "kedua", "path": "/mnt/cadangan"},
    ],
    "systems": [
        {
            "id": "simpeg",
            "name": "Sistem Informasi Kepegawaian",
            "owner": "BKPSDM",
            "server": "pg1",
            "data": [{"database": "simpeg"}],
            "services": [
                {
                    "unit": "simpeg-web.service",
                    "host": "app1",
                    "port": 8080,
                    "probe": {"url": "http://127.0.0.1:8080/sehat"},
                }
            ],
        }
    ],
}


KEYS = make_keys()


NOW = datetime(2026, 11, 15, 3, tzinfo=UTC)


def memory_store(name):
    return MemoryStore(name, clock=lambda: NOW)


class Stores:
    """Two stores in memory."""

    def __init__(self, *stores):
        self.stores = {
            store.name: store for store in stores or (memory_store("utama"), memory_store("kedua"))
        }

        self.channel = MemoryChannel()

    def store(self, entry):
        return self.stores[entry.name]

    def channels(self):
        return [self.channel]


def make_place(
    monkeypatch,
    connections=None,
    systems=(),
    servers=(),
    duties=(),
    change=None,
    clock=lambda: NOW,
    clocks=None,
    **backup_policy,
):
    """This office with its stores in memory and real keys; `systems`, `servers`: further ones; `change`: of the file's value;
    `clock`, `clocks`: the worker's, and how the others are read."""
    monkeypatch.setenv("JAGADATA_TANDA_TANGAN", KEYS.signing_pem)
    monkeypatch.setenv("JAGADATA_IDENTITAS", KEYS.identity)
    raw = copy.deepcopy(OFFICE)
    raw["keys"] |= {
        "signing": "env:JAGADATA_TANDA_TANGAN",
        "signers": [{"key": KEYS.signing_public}],
        "recipients": [{"key": KEYS.recipient}, {"key": KEYS.recovery_recipient}],
    }
    raw["officials"][0]["email"] = "sari@example.id"
    raw["officials"][0]["duties"] = duties or raw["officials"][0]["duties"]
    raw["systems"] += systems
    raw["servers"] += servers
    raw["policy"] = {"backup": backup_policy}
    if change:
        change(raw)
    office = parse_office(yaml.safe_dump(raw), folder=Path("/kantor"))
    return Workplace(office, connections=connections or Stores(), clock=clock, clocks=clocks)

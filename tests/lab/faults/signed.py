"""What an office signed: keys that are the same in each run, and one sound manifest."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jagadata.evidence.envelope import Seals, Signer
from jagadata.office.machines import PublicKey

AT = "2026-11-01T18:00:00+00:00"

NOW = datetime(2026, 11, 15, tzinfo=UTC)

KIND = "application/vnd.jagadata.uji+json"

SIGNER = Signer(key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))))

STRANGER = Signer(key=Ed25519PrivateKey.from_private_bytes(bytes(32)))

SEALS = Seals(keys=[PublicKey(key=SIGNER.public)], timezone=ZoneInfo("Asia/Jakarta"))

HASH = "0" * 64

MANIFEST = {
    "format": 2,
    "backup": "20261101t180003z-4f0c9a1b2d",
    "at": AT,
    "office": "Dinas Kominfo",
    "system": "simpeg",
    "system_name": "Sistem Informasi Kepegawaian",
    "owner": "BKPSDM",
    "period": "2026-11",
    "occasion": "Terjadwal",
    "started": "2026-11-01T18:00:03Z",
    "finished": "2026-11-01T18:10:03Z",
    "started_local": "2 November 2026 pukul 01.00.03 WIB",
    "finished_local": "2 November 2026 pukul 01.10.03 WIB",
    "source": {"name": "pg1", "version": "17.10", "system_identifier": "7301"},
    "data": [
        {
            "kind": "postgresql",
            "database": "simpeg",
            "identity": "oid:16384@7301",
            "size": 8192,
            "tool": "pg_dump 17.10",
            "codec": "none",
            "archive": {
                "objects": [
                    {"key": "systems/simpeg/a.000", "version": "v1", "size": 7, "sha256": "a" * 64},
                    {"key": "systems/simpeg/a.001", "version": None, "size": 5, "sha256": "b" * 64},
                ],
                "plain_size": 11,
                "plain_sha256": "c" * 64,
            },
            "archive_size": 11,
            "properties": {
                "objects": [{"key": "systems/simpeg/p.000", "version": "v2", "size": 3, "sha256": "d" * 64}],
                "plain_size": 2,
                "plain_sha256": "e" * 64,
            },
            "rows": {"public.pegawai": 1200},
            "file_name": "bkpsdm_simpeg.dump.age",
            "proof": {
                "state": "terbukti dengan catatan",
                "untested": "",
                "seconds": 12.5,
                "shortfalls": [
                    {
                        "weight": "note",
                        "what": "hak pada public.pegawai",
                        "sql": "GRANT SELECT ON pegawai TO baca",
                    }
                ],
                "rows": {"public.pegawai": 1200},
                "digests": {"public.pegawai": "f" * 64},
                "sequences": {"public.pegawai_id_seq": [1200, True]},
            },
        }
    ],
    "verification": {"at": AT, "means": ["hash SHA-256 seluruh objek sesuai"]},
    "recipients": ["age1" + "q" * 58],
    "clocks": {
        "worker": "2026-11-01T18:10:03Z",
        "database": "2026-11-01T18:10:04Z",
        "store": "2026-11-01T18:10:02Z",
    },
    "run": "0a1b2c3d-run",
    "form_number": "046/12/406.020/2026",
    "note": "",
    "software": "0.1.0",
}
"""As it is written today: every field is here."""

_OLD_ENTRY = {name: item for name, item in MANIFEST["data"][0].items() if name not in ("identity", "proof")}

OLD_MANIFEST = {
    **{name: item for name, item in MANIFEST.items() if name != "clocks"},
    "format": 1,
    "data": [{**_OLD_ENTRY, "oid": 16384}],
}
"""The same backup as format 1 told it: an OID as a bare number, no proof, no clocks."""

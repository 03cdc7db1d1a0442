"""Signed records over stores in memory."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from jagadata.evidence.envelope import Seals
from jagadata.evidence.keys import make_keys, parse_signer
from jagadata.evidence.records import Records
from jagadata.lab.memory_store import MemoryStore
from jagadata.office.machines import PublicKey

KEYS = make_keys()

SIGNER = parse_signer(KEYS.signing_pem)

SEALS = Seals(keys=[PublicKey(key=KEYS.signing_public)], timezone=ZoneInfo("Asia/Jakarta"))


def records(*stores, signer=SIGNER):
    return Records(stores or (MemoryStore("utama"),), signer, SEALS)

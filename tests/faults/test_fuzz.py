"""Whatever a store, a host or a form gives: a value or an error told to people, never a crash. What is broken is named; the rest is read."""

from __future__ import annotations

import base64
import io
import json
from contextlib import suppress
from dataclasses import asdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, get_args

import pyrage
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from jagadata.adapters.postgres.properties import DatabaseProperties
from jagadata.adapters.postgres.properties import parse_properties as read_description
from jagadata.adapters.postgres.restore import parse_stages
from jagadata.backup.papers.form import BackupForm, BackupRow
from jagadata.backup.run import BackupOrder
from jagadata.errors import DamagedError, JagadataError
from jagadata.evidence.envelope import canonical_json, digest
from jagadata.evidence.journal import JOURNAL_KIND, Journal
from jagadata.evidence.keys import NewKeys, make_keys, parse_identity, parse_recipients, parse_signer
from jagadata.evidence.numbers import NUMBER_KIND, claim_number
from jagadata.evidence.records import Records
from jagadata.lab.memory_store import MemoryStore
from jagadata.office.machines import HostEntry, System
from jagadata.office.secrets import reveal
from jagadata.papers.values import Signature, from_json, to_json
from jagadata.ports.host import Completed
from jagadata.restore.kept import KEPT_KIND, list_kept
from jagadata.restore.papers.form import RestoreForm
from jagadata.restore.request import (
    Impact,
    Plan,
    PlannedDataSet,
    RestoreRequest,
    parse_impact,
    parse_plan,
    parse_restore_request,
)
from jagadata.restore.run import RestoreRun
from jagadata.restore.steps import APPROVAL
from jagadata.services.control import ServiceControl
from jagadata.services.states import State, SwitchState, parse_listening, parse_switch, parse_units
from jagadata.stores import layout
from jagadata.vault.catalog import read_catalog, write_receipt
from jagadata.vault.manifest import MANIFEST_KIND, RECEIPT_KIND, DataEntry, Manifest
from jagadata.vault.spool import fetch_archive
from jagadata.vault.stream import read_stream, store_stream
from jagadata.vault.verification import parse_properties
from tasks.parameters import PerintahBackup, Permohonan, parse_order, parse_request
from tests.lab.faults.signed import AT, KIND, MANIFEST, NOW, SEALS, SIGNER, STRANGER
from tests.lab.faults.strategies import CAREFUL, FEW, junk, mutations, told

if TYPE_CHECKING:
    from jagadata.findings import Problem

KEYS: NewKeys = make_keys()
IDENTITY = parse_identity(KEYS.identity)
RUN = "0a1b2c3d-run"

garbage = st.one_of(
    st.binary(max_size=60),
    junk.map(lambda value: json.dumps(value).encode()),
    junk.map(lambda value: STRANGER.seal(MANIFEST_KIND, {"at": AT, "x": value})),
    mutations(json.loads(SIGNER.seal(MANIFEST_KIND, MANIFEST))).map(canonical_json),
    st.sampled_from([b"", b"{}", b"[" * 5000, b'{"payload":' * 2000, b"\xff\xfe{\0}\0", b"9" * 5000, b"NaN"]),
)
"""Bytes that nobody signed as they are."""


def records(*stores):
    return Records(stores or (MemoryStore("utama"),), SIGNER, SEALS)


def sealed(payload, kind=KIND):
    """An envelope of these very payload bytes, be they JSON or not, with a good signature."""
    from jagadata.evidence.envelope import _pre_authentication_encoding

    signature = SIGNER.key.sign(_pre_authentication_encoding(kind, payload))
    return canonical_json(
        {
            "payloadType": kind,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [{"keyid": SIGNER.public, "sig": base64.b64encode(signature).decode()}],
        }
    )


# --- envelopes and records ----------------------------------------------------------------------------------------

ENVELOPE = json.loads(SIGNER.seal(KIND, {"at": AT, "isi": "surat"}))


@CAREFUL
@given(mutations(ENVELOPE).map(canonical_json) | garbage)
def test_whatever_lies_in_a_store_is_an_envelope_or_damaged(data):
    found = told(SEALS.open, data, KIND, where="uji")
    assert found in (None, {"at": AT, "isi": "surat"})


@CAREFUL
@given(
    st.dictionaries(
        st.sampled_from(["at", "isi"]), junk | st.sampled_from([AT, "2026-11-01", "", "0"]), max_size=2
    )
)
def test_whatever_we_signed_ourselves_is_a_value_with_a_time_or_damaged(value):
    told(SEALS.open, SIGNER.seal(KIND, value), KIND, where="uji")


@CAREFUL
@given(st.binary(max_size=60) | junk.map(lambda value: json.dumps(value).encode()))
def test_a_signed_payload_that_is_no_json_object_with_a_time_is_damaged(payload):
    assert told(SEALS.open, sealed(payload), KIND, where="uji") is None


def test_an_envelope_of_an_unprintable_kind_is_told_printably():
    told(SEALS.open, json.dumps({**ENVELOPE, "payloadType": "\ud800"}).encode(), KIND, where="uji")


@pytest.mark.parametrize("kind", ["x" * 10**6, "\x1b[2J\x1b[H"])
def test_an_envelope_of_a_hostile_kind_is_told_in_one_short_line(kind):
    with pytest.raises(DamagedError) as caught:
        SEALS.open(json.dumps({**ENVELOPE, "payloadType": kind}).encode(), KIND, where="uji")
    assert len(caught.value.message) < 1000
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("payload", [b'{"at":"0001-01-01T00:00:00+14:00"}', b"[" * 5000])
def test_a_signed_payload_at_the_edge_of_time_or_depth_is_damaged(payload):
    assert told(SEALS.open, sealed(payload), KIND, where="uji") is None


keys_below = st.from_regex(r"[a-z0-9_-][a-z0-9_-]{0,9}(\.json|\.pdf|\.dropped\.json)?", fullmatch=True)


@CAREFUL
@given(st.dictionaries(keys_below, garbage, max_size=4))
def test_a_good_record_is_listed_among_any_garbage_and_the_garbage_is_named(found):
    store = MemoryStore("utama")
    for key, data in found.items():
        store.put(f"x/{key}", data)
    with suppress(JagadataError):
        records(store).write("x/baik.json", KIND, {"at": AT})
    problems: list[Problem] = []
    listed = [one.key for one in records(store).list("x/", KIND, problems)]
    assert "x/baik.json" in [*listed, *(one.where for one in problems)]
    assert {*listed, *(one.where for one in problems)} == {
        f"x/{key}" for key in {*found, "baik.json"} if key.endswith(".json")
    }
    for problem in problems:
        problem.what.encode()


@CAREFUL
@given(
    st.dictionaries(
        keys_below
        | st.sampled_from(
            ["000001.json", "000002-c.json", "1.json", "000009.pdf", "-c.json", "000003-c-c.json", "1_0.json"]
        ),
        garbage | junk.map(lambda value: SIGNER.seal(NUMBER_KIND, {"at": AT, "run": value})),
        max_size=5,
    )
)
def test_numbers_are_claimed_among_any_garbage_and_never_twice(found):
    first, second = MemoryStore("utama"), MemoryStore("kedua")
    for number, (key, data) in enumerate(found.items()):
        (first, second)[number % 2].put(f"numbers/form/2026/{key}", data)
    numbers = [
        told(claim_number, records(first, second), "form", 2026, run=f"run-{number}", at=AT)
        for number in range(3)
    ]
    assert None not in numbers
    assert len(set(numbers)) == 3
    assert all(number.isdigit() for number in numbers)
    assert claim_number(records(first, second), "form", 2026, run="run-1", at=AT) == numbers[1]


# --- the journal --------------------------------------------------------------------------------------------------


def lines(*changes):
    """Signed lines of a journal; each change overrides fields of one line, in a chain that is whole up to there."""
    store, previous = MemoryStore("utama"), ""
    for sequence, change in enumerate(changes, 1):
        value = {
            "format": 1,
            "at": AT,
            "run": RUN,
            "step": "1",
            "subject": "",
            "event": "done",
            "data": {},
            "sequence": sequence,
            "previous": previous,
            **change,
        }
        envelope = SIGNER.seal(JOURNAL_KIND, {name: item for name, item in value.items() if item is not ...})
        store.put(f"runs/{RUN}/journal/{sequence:06}.json", envelope)
        previous = digest(envelope)
    return store


@CAREFUL
@given(st.lists(garbage, min_size=1, max_size=3), st.booleans())
def test_a_journal_with_garbage_in_it_is_damaged_and_nothing_is_added(found, begun):
    store = lines({}) if begun else MemoryStore("utama")
    for number, data in enumerate(found, 1 + begun):
        store.put(f"runs/{RUN}/journal/{number:06}.json", data)
    with pytest.raises(DamagedError):
        Journal(records(store), RUN)


@CAREFUL
@given(
    st.integers(0, 2),
    st.dictionaries(
        st.sampled_from(["format", "run", "sequence", "previous"]),
        junk | st.just(...),
        min_size=1,
        max_size=2,
    ),
)
def test_a_line_of_another_format_run_or_chain_is_refused(number, change):
    changes = [{}, {}, {}]
    changes[number] = change
    journal = told(Journal, records(lines(*changes)), RUN)
    if journal is not None:  # only what Python takes for equal: 1.0, True
        assert [entry.sequence for entry in journal.entries] == [1, 2, 3]


@CAREFUL
@given(st.text(), st.text(), st.dictionaries(st.text(), junk, max_size=3))
def test_a_journal_gives_back_whatever_was_noted(step, subject, data):
    store = MemoryStore("utama")
    Journal(records(store), RUN).note(step, "done", subject, **data)
    assert Journal(records(store), RUN).outcome(step, subject) == json.loads(canonical_json(data))


@CAREFUL
@given(st.lists(st.integers(0, 30), min_size=1, max_size=5, unique=True))
def test_a_journal_with_lines_missing_is_never_read_as_whole(numbers):
    store = lines(*[{}] * 5)
    for number in numbers:
        with suppress(JagadataError):
            store.remove(
                store.find(f"runs/{RUN}/journal/{number:06}.json") or SimpleNamespace(key="tidak-ada")
            )
    left = len(list(store.list("runs/")))
    journal = told(Journal, records(store), RUN)
    assert (journal is not None) is (set(range(1, left + 1)) == set(range(1, 6)) - set(numbers))


@pytest.mark.parametrize("key", ["salinan.json", "000001.json.bak", "000001.pdf", "000001-c.json"])
def test_a_foreign_object_in_a_journal_is_told(key):
    store = lines({})
    store.put(f"runs/{RUN}/journal/{key}", b"")
    told(Journal, records(store), RUN)


@pytest.mark.parametrize("field", ["step", "subject", "event", "data"])
def test_a_signed_line_without_a_field_is_told(field):
    told(Journal, records(lines({field: ...})), RUN)


def test_a_step_that_fails_over_a_hostile_envelope_is_journalled_as_failed():
    store = MemoryStore("utama")
    journal = Journal(records(store), RUN)
    hostile = json.dumps({**ENVELOPE, "payloadType": "\ud800"}).encode()
    with pytest.raises(DamagedError):
        journal.once("1", lambda: SEALS.open(hostile, KIND, where="uji"))


# --- the catalog --------------------------------------------------------------------------------------------------

BACKUP = MANIFEST["backup"]
FOLDER = f"systems/simpeg/backups/{BACKUP}"
OTHER = "20261001t180003z-0000000000"


def shelf(*stores):
    """Stores that hold one good backup with a review."""
    envelope = SIGNER.seal(MANIFEST_KIND, Manifest.model_validate(MANIFEST).model_dump(mode="json"))
    for store in stores:
        store.put(f"{FOLDER}/manifest.json", envelope)
    write_receipt(records(*stores), ("simpeg", BACKUP, digest(envelope)), "review", NOW, decision="Diterima")
    return stores


def good(catalog):
    """The good backup, with everything that is asked of it."""
    backup = catalog.get(BACKUP)
    assert catalog.newest("simpeg").id == BACKUP
    assert (backup.review, backup.restorable, backup.held, backup.locked_until) == (
        "Diterima",
        True,
        False,
        None,
    )
    return backup


garbage_keys = st.sampled_from(
    [
        f"systems/simpeg/backups/{OTHER}/manifest.json",
        f"systems/simpeg/backups/{OTHER}/receipts/x.json",
        f"{FOLDER}/receipts/20261101t181500123456z-copy.json",
        f"{FOLDER}/receipts/x.json",
        f"{FOLDER}/receipts/manifest.json",
        f"{FOLDER}/data/manifest.json",
        "systems/manifest.json",
        "systems/simpeg/manifest.json",
        "systems/receipts/receipts/receipts/receipts.json",
        "systems/-/backups/-/manifest.json",
    ]
)


@CAREFUL
@given(st.dictionaries(garbage_keys, garbage, max_size=5), st.booleans())
def test_the_catalog_goes_on_over_garbage_and_names_it(found, alone):
    stores = [MemoryStore("utama"), *([] if alone else [MemoryStore("kedua")])]
    shelf(*stores)
    for number, (key, data) in enumerate(found.items()):
        stores[number % len(stores)].put(key, data)
    catalog = read_catalog(stores, records(*stores))
    good(catalog)
    told_of = "\n".join(f"{problem.where}: {problem.what}" for problem in catalog.problems)
    told_of.encode()
    for key in found:
        assert key in told_of
    assert [backup.id for backup in catalog.backups] == [BACKUP]


@CAREFUL
@given(mutations(MANIFEST))
def test_a_signed_manifest_of_any_content_never_hides_the_others(value):
    assume(isinstance(value.get("at"), str))
    stores = shelf(MemoryStore("utama"))
    name = layout.make_manifest_key("simpeg", OTHER)
    stores[0].put(name, SIGNER.seal(MANIFEST_KIND, {**value, "backup": OTHER, "system": "simpeg"}))
    for field in ("at", "started", "finished"):
        with suppress(ValueError, TypeError, KeyError, OverflowError):  # naive times: see below
            assume(
                getattr(Manifest.model_validate({**MANIFEST, field: value[field]}), field).tzinfo is not None
            )
    catalog = read_catalog(stores, records(*stores))
    assert catalog.get(BACKUP).review == "Diterima"
    assert len(catalog.backups) + sum(name in problem.where for problem in catalog.problems) == 2


@CAREFUL
@given(
    mutations(
        {"format": 1, "backup": BACKUP, "manifest": "0" * 64, "at": AT, "kind": "hold", "run": "", "data": {}}
    )
)
def test_a_signed_receipt_of_any_content_never_hides_a_backup(value):
    assume(value.get("at") == AT)
    stores = shelf(MemoryStore("utama"))
    stores[0].put(f"{FOLDER}/receipts/x.json", SIGNER.seal(RECEIPT_KIND, value))
    good(read_catalog(stores, records(*stores)))


@CAREFUL
@given(st.sets(garbage_keys, min_size=1, max_size=3), garbage)
def test_garbage_in_one_store_never_hides_what_the_other_has(places, data):
    assume(not opens(data))  # see below
    whole, broken = MemoryStore("utama"), MemoryStore("kedua")
    shelf(whole)
    broken.put(f"{FOLDER}/manifest.json", data)
    for key in places:
        broken.put(key, data)
    for stores in ([whole, broken], [broken, whole]):
        catalog = read_catalog(stores, records(*stores))
        assert good(catalog).stores == ("utama",)
        assert f"{FOLDER}/manifest.json di kedua" in [problem.where for problem in catalog.problems]


def opens(data):
    return told(SEALS.open, data, MANIFEST_KIND, where="uji") is not None


@pytest.mark.parametrize(
    "change", [lambda envelope: envelope + b"\n", lambda envelope: b'{"x":1,' + envelope[1:]]
)
def test_an_envelope_rewritten_in_one_store_never_hides_the_whole_one_in_the_other(change):
    whole, broken = MemoryStore("utama"), MemoryStore("kedua")
    shelf(whole)
    broken.put(f"{FOLDER}/manifest.json", change(whole.get(f"{FOLDER}/manifest.json")))
    assert good(read_catalog([whole, broken], records(whole, broken))).stores == ("utama",)


@pytest.mark.parametrize("field", ["started"])
def test_a_signed_manifest_with_a_time_without_a_zone_is_named(field):
    stores = shelf(MemoryStore("utama"))
    value = {**MANIFEST, "backup": OTHER, field: "2026-10-01T18:00:03"}
    stores[0].put(layout.make_manifest_key("simpeg", OTHER), SIGNER.seal(MANIFEST_KIND, value))
    good(read_catalog(stores, records(*stores)))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("lock", {}),
        ("lock", {"until": "besok"}),
        ("lock", {"until": None}),
        ("copy", {"store": "utama"}),
        ("copy", {"store": "utama", "versions": []}),
    ],
)
def test_a_signed_receipt_with_odd_data_is_named_or_without_effect(kind, data):
    stores = shelf(MemoryStore("utama"))
    hashed = digest(stores[0].get(f"{FOLDER}/manifest.json"))
    write_receipt(records(*stores), ("simpeg", BACKUP, hashed), kind, NOW, **data)
    backup = read_catalog(stores, records(*stores)).get(BACKUP)
    assert backup.locked_until is None
    backup.version("utama", MANIFEST["data"][0]["archive"]["objects"][0]["key"])


class SpotStore(MemoryStore):
    """A store whose disk has one bad spot: `bad` is the key that can't be read."""

    bad = layout.make_manifest_key("simpeg", OTHER)

    def get(self, key, *, version=None):
        if key == self.bad:
            raise JagadataError(f"Objek {key} tidak dapat dibaca.")
        return super().get(key, version=version)


def test_a_manifest_on_a_bad_spot_of_the_disk_does_not_hide_the_others():
    stores = (SpotStore("utama"),)
    stores[0].put(SpotStore.bad, b"")
    shelf(*stores)
    good(read_catalog(stores, records(*stores)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        SIGNER.seal(KEPT_KIND, {"at": AT}),
        SIGNER.seal(KEPT_KIND, {"at": AT, "until": AT, "alasan": "isian versi lain"}),
    ],
)
def test_a_kept_record_that_can_not_be_read_is_named(data):
    store, problems = MemoryStore("utama"), []
    store.put("kept/simpeg/run-1.json", data)
    assert list_kept(SimpleNamespace(records=records(store)), problems=problems) == []
    assert [problem.where for problem in problems] == ["kept/simpeg/run-1.json"]


# --- streams ------------------------------------------------------------------------------------------------------

PLAIN = bytes(range(256)) * 40


def stream_of(codec="none"):
    store = MemoryStore("utama")
    import zstandard

    plain = PLAIN if codec == "none" else zstandard.compress(PLAIN)
    return store, store_stream(io.BytesIO(plain), store, "x/db01", [KEYS.recipient], limit=2000)


@FEW
@given(st.data(), st.sampled_from(["none", "zstd"]))
def test_objects_that_were_changed_cut_or_exchanged_are_never_taken_for_whole(data, codec):
    store, stream = stream_of(codec)
    number = data.draw(st.integers(0, 99)) % len(stream.objects)  # age adds chance: no two files are alike
    entry = stream.objects[number]
    before = store.get(entry.key)
    spot = data.draw(st.integers(0, 9999)) % len(before)
    after = {
        "cut": before[:spot],
        "longer": before + b"x",
        "empty": b"",
        "flipped": before[:spot] + bytes([before[spot] ^ 1]) + before[spot + 1 :],
        "another": data.draw(st.binary(max_size=40)),
        "exchanged": store.get(stream.objects[number - 1].key),
    }[data.draw(st.sampled_from(["cut", "longer", "empty", "flipped", "another", "exchanged"]))]
    assume(after != before)
    store._objects[entry.key] = (store.find(entry.key), after)
    trusted = data.draw(st.booleans())  # also where the manifest speaks of the changed bytes
    if trusted:
        changed = entry.model_copy(update={"size": len(after), "sha256": digest(after)})
        objects = [*stream.objects[:number], changed, *stream.objects[number + 1 :]]
        stream = stream.model_copy(update={"objects": objects})
    with pytest.raises(DamagedError):
        read_stream(stream, store, {}.get, [IDENTITY], None)
    fields = {
        "database": "d",
        "identity": "oid:1@7301",
        "size": 1,
        "tool": "",
        "codec": codec,
        "archive_size": 1,
        "rows": {},
    }
    entry = DataEntry.model_validate({**fields, "archive": stream, "properties": stream})
    with open("/dev/null", "r+b") as sink, pytest.raises(DamagedError):  # noqa: PTH123 - a device
        fetch_archive(entry, store, {}.get, [IDENTITY], sink.fileno())


@FEW
@given(st.binary(max_size=300))
@example(b"age-encryption.org/v1\n")
@example(b"age-encryption.org/v1\n-> X25519 \n")
@example(b"-----BEGIN AGE ENCRYPTED FILE-----\n")
def test_what_is_no_age_file_is_damaged_though_its_hash_is_right(data):
    store, stream = stream_of()
    store._objects["x/db01.000"] = (store.find("x/db01.000"), data)
    entry = stream.objects[0].model_copy(update={"size": len(data), "sha256": digest(data)})
    with pytest.raises(DamagedError):
        read_stream(stream.model_copy(update={"objects": [entry]}), store, {}.get, [IDENTITY], None)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"name":"d","owner":"o"}',
        json.dumps(
            {
                **asdict(
                    DatabaseProperties(
                        name="d", owner="o", encoding="UTF8", locale_provider="libc", collate="C", ctype="C"
                    )
                ),
                "baru": 1,
            }
        ).encode(),
    ],
)
def test_properties_that_this_version_can_not_read_are_told(text):
    told(lambda: read_description(parse_properties(text)))


# --- pg_restore --list --------------------------------------------------------------------------------------------

HEADER = ";\n; Archive created at 2026-11-01 18:00:03 UTC\n;     dbname: simpeg\n;\n"
TYPES = (
    "SCHEMA -",
    "EXTENSION -",
    "TABLE public",
    "TABLE DATA public",
    "ACL -",
    "DEFAULT ACL public",
    "COMMENT -",
    "BLOBS -",
    "ROW SECURITY public",
    "POLICY public",
    "COMMENT public POLICY",
)
names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"),
    max_size=12,
)
entries = st.tuples(st.integers(1, 9999), st.sampled_from(TYPES), names, names).map(
    lambda found: "{}; 1259 16384 {} {} {}".format(*found)
)


@CAREFUL
@given(st.lists(entries, max_size=12, unique=True))
def test_each_entry_of_a_listing_is_restored_once_in_its_order(found):
    stages = parse_stages(HEADER + "".join(f"{line}\n" for line in found))
    parts = [stages.schemas, stages.extensions, stages.objects, stages.policies, stages.rights]
    assert sorted(line for part in parts for line in part) == sorted(found)
    for part in parts:
        assert list(part) == [line for line in found if line in part]
    assert all(" SCHEMA - " in line for line in stages.schemas)
    assert all(" ACL " in line for line in stages.rights)
    assert all("POLICY" in line or " ROW SECURITY " in line for line in stages.policies)


@CAREFUL
@given(st.text() | st.binary().map(lambda data: data.decode(errors="surrogateescape")))
def test_any_listing_is_sorted_without_a_fault_and_nothing_is_made_up(listing):
    stages = parse_stages(listing)
    for line in [*stages.schemas, *stages.extensions, *stages.objects, *stages.policies, *stages.rights]:
        assert line in listing
        assert not line.startswith(";")


@pytest.mark.parametrize("sign", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_a_name_with_a_sign_that_python_takes_for_a_line_s_end_is_one_entry(sign):
    line = f"7; 1259 16384 TABLE public a{sign}9; 0 0 ACL b pemilik"
    assert parse_stages(f"{line}\n").objects == [line]


# --- what a host answers ------------------------------------------------------------------------------------------

SYSTEM = System.model_validate(
    {
        "id": "simpeg",
        "name": "SIMPEG",
        "owner": "BKPSDM",
        "server": "pg1",
        "data": [{"database": "simpeg"}],
        "services": [
            {"unit": "web.service", "host": "app1", "port": 8080},
            {"unit": "antrean", "host": "app1", "manager": "supervisor"},
        ],
    }
)
script_words = st.sampled_from(
    [
        *(
            "unit",
            "was",
            "switch",
            "systemd",
            "supervisor",
            "web.service",
            "antrean",
            "running",
            "stopped",
            "unknown",
        ),
        *("armed", "disarmed", "fired", "alive", "dead", "deadline", "reboot", "-", "a,b", ",", "t1"),
        *("0", "5", "-3", "1e9", "nan", "12.5"),
    ]
)
script_lines = st.lists(script_words | st.text(max_size=4), max_size=7).map(" ".join)
switch_lines = st.tuples(
    st.sampled_from(["armed", "disarmed", "fired"]),
    script_words,
    st.sampled_from(["0", "60", "12.5"]),
    st.sampled_from(["-", "deadline", "reboot"]),
    st.sampled_from(["alive", "dead"]),
).map(lambda words: "switch " + " ".join(words))


def is_a_switch_with_odd_seconds(line):
    words = line.split()
    if len(words) != 6 or words[0] != "switch":
        return False
    with suppress(ValueError):
        float(words[3])
        return False
    return True


outputs = st.lists(
    script_lines.filter(lambda line: not is_a_switch_with_odd_seconds(line)) | switch_lines, max_size=5
).map("\n".join)
tcp_lines = st.tuples(st.integers(0, 2**16 - 1), st.sampled_from(["0A", "01", "06", ""])).map(
    lambda found: f"   0: 0100007F:{found[0]:04X} 00000000:0000 {found[1]}"
)


def completed(stdout="", code=0, stderr=""):
    return Completed(argv=("x",), code=code, stdout=stdout, stderr=stderr, seconds=0)


@CAREFUL
@given(outputs | st.text())
def test_units_are_read_from_any_output(text):
    for kind in ("unit", "was"):
        for state in parse_units("app1", text, kind=kind):
            assert state.state in get_args(State)
            assert state.unit in text
            assert state.host == "app1"


@CAREFUL
@given(outputs)
def test_a_switch_is_read_from_any_output_or_missed(text):
    found = told(parse_switch, "app1", completed(text))
    assert (found is not None) or "switch armed t1 5 - alive" not in text.splitlines()
    assert found is None or isinstance(found, SwitchState)


@CAREFUL
@given(
    st.lists(
        tcp_lines | st.sampled_from(["", "  sl  local_address rem_address   st", "cat: tcp6: tidak ada"]),
        max_size=6,
    )
)
def test_listening_ports_are_those_in_the_listen_state(found):
    ports = parse_listening("\n".join(found))
    assert ports == {int(line.split()[1].split(":")[1], 16) for line in found if line.endswith(" 0A")}


def test_a_switch_with_seconds_that_are_no_number_is_told():
    told(parse_switch, "app1", completed("switch armed t1 lima - alive"))


@pytest.mark.parametrize("seconds", ["nan", "inf"])
def test_a_switch_with_impossible_seconds_is_told(seconds):
    found = told(parse_switch, "app1", completed(f"switch armed t1 {seconds} - alive"))
    assert found is None or found.seconds < 10**9


@pytest.mark.parametrize("line", ["0: 0100007F: 0:0 0A", "0: x:web 0:0 0A"])
def test_a_line_of_ports_that_is_none_is_told_or_left_out(line):
    told(parse_listening, line)


class OddHost:
    """A host that answers each command with the next of `answers`, whatever was asked."""

    name = "app1"

    def __init__(self, answers):
        self.answers = list(answers)

    def run(self, argv, *, stdin="", timeout=30, check=True):
        del stdin, timeout
        stdout, code, stderr = self.answers.pop(0) if self.answers else ("", 0, "")
        if check and code:
            raise JagadataError("gagal")
        return Completed(argv=tuple(argv), code=code, stdout=stdout, stderr=stderr, seconds=0)

    def close(self):
        pass


@CAREFUL
@given(
    st.lists(
        st.tuples(
            outputs | st.just("  sl  local_address rem_address   st\n"),
            st.sampled_from([0, 0, 1, 10, 11, 12, 13, 64, 65, 70, 126, 127, 255, -9]),
            st.text(max_size=9) | st.sampled_from(["\n", "jagadata-host: x\n"]),
        ),
        max_size=6,
    ),
    st.sampled_from(["script", "direct"]),
)
def test_services_are_handled_or_refused_whatever_the_host_answers(answers, control):
    entry = HostEntry.model_validate(
        {"name": "app1", "address": "h", "user": "u", "key": "env:K", "known_hosts": "k", "control": control}
    )
    for number in range(9):
        host = OddHost(answers)
        services = ServiceControl(
            SYSTEM, {"app1": entry}, lambda _, host=host: host, probe=SimpleNamespace(), sleep=lambda _: None
        )
        calls = (
            services.status,
            services.stop,
            services.start,
            services.prove_stopped,
            services.probe,
            services.switch,
            lambda services=services: services.arm("t1", 60),
            lambda services=services: services.take_over_switch("t1"),
            lambda services=services: services.disarm("t1"),
        )
        found = told(calls[number])
        if number == 3 and found is not None:  # stopped only if the host said so, of each unit
            assert len(found) == 2
            assert any("unit systemd web.service stopped" in answer[0] for answer in answers)


# --- keys and secrets ---------------------------------------------------------------------------------------------


@CAREFUL
@given(
    st.text()
    | st.text(max_size=70).map(lambda text: f"AGE-SECRET-KEY-{text}\n")
    | st.binary().map(lambda data: data.decode(errors="surrogateescape"))
)
def test_any_text_is_an_identity_or_refused_and_never_repeated(text):
    try:
        found, said = parse_identity(text), ""
    except JagadataError as error:
        found, said = None, str(error)
    assert isinstance(found, pyrage.x25519.Identity | None)
    assert len(text) < 9 or text not in said


@CAREFUL
@given(st.data())
def test_an_identity_with_a_changed_sign_is_refused(data):
    spot = data.draw(st.integers(0, len(KEYS.identity) - 1))
    sign = data.draw(st.characters(exclude_categories=["Cs"]))
    assume(sign.upper() != KEYS.identity[spot] and not sign.isspace())
    assert told(parse_identity, KEYS.identity[:spot] + sign + KEYS.identity[spot + 1 :]) is None


@CAREFUL
@given(st.text() | st.text(max_size=60).map(lambda text: f"age1{text}"))
@example("age1pq1")
@example("ssh-ed25519 AAAA")
def test_any_text_is_a_recipient_or_refused(text):
    told(parse_recipients, [text])


@CAREFUL
@given(
    st.text()
    | st.binary(max_size=80).map(
        lambda data: (
            f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(data).decode()}\n-----END PRIVATE KEY-----\n"
        )
    )
    | st.binary().map(lambda data: data.decode(errors="surrogateescape"))
)
def test_any_text_is_a_signing_key_or_refused(pem):
    told(parse_signer, pem)


def damaged_pem(spot, mask):
    der = bytearray(base64.b64decode("".join(KEYS.signing_pem.splitlines()[1:-1])))
    der[spot] ^= mask
    return f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(der).decode()}\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("spot", [9, 11])
def test_a_signing_key_of_an_unknown_algorithm_is_refused(spot):
    told(parse_signer, damaged_pem(spot, 1))


@pytest.mark.parametrize("reference", ["file:biner", "file:a\0b", "file:~tidak-ada-pengguna-ini/x"])
def test_a_secret_file_that_is_no_text_or_no_path_is_refused(tmp_path, reference):
    (tmp_path / "biner").write_bytes(b"\xff\xfe")
    (tmp_path / "biner").chmod(0o600)
    assert told(reveal, reference, folder=tmp_path) is None


# --- what the journal gives back ----------------------------------------------------------------------------------

PLAN = Plan(
    request=RestoreRequest(system="simpeg", requester="Dewi", unit="BKPSDM", reason="hilang"),
    backup=BACKUP,
    manifest="0" * 64,
    system_identifier="7301",
    data=(PlannedDataSet(name="simpeg", identity="oid:16384@7301"),),
    mode="sop",
    services=("app1/web.service",),
    office_entry="0" * 64,
)
IMPACT = Impact(
    rows={"public.pegawai": (1200, 1190)},
    live_size=1,
    needed_space=1,
    free_space=1,
    space_declared=False,
    minutes_off=0.5,
    minutes_total=1.0,
)


@CAREFUL
@given(mutations(json.loads(canonical_json(PLAN.to_json()))) | junk)
def test_any_json_is_a_plan_with_a_hash_or_refused(value):
    plan = told(parse_plan, value)
    if plan is not None:
        assert (plan.hash == PLAN.hash) is (canonical_json(plan.to_json()) == canonical_json(PLAN.to_json()))


OLD_PLAN = parse_plan(
    {
        **{name: item for name, item in PLAN.to_json().items() if name not in ("data", "format")},
        "databases": [{"name": "simpeg", "oid": 16384, "side": "", "side_oid": None}],
    }
)


@CAREFUL
@given(mutations(json.loads(canonical_json(OLD_PLAN.to_json()))))
def test_any_json_of_a_former_version_is_a_plan_with_its_hash_or_refused(value):
    plan = told(parse_plan, value)
    if plan is not None:
        same = canonical_json(plan.to_json()) == canonical_json(OLD_PLAN.to_json())
        assert (plan.hash == OLD_PLAN.hash) is same


@CAREFUL
@given(mutations(json.loads(canonical_json(IMPACT.to_json()))) | junk)
def test_any_json_is_an_impact_or_refused(value):
    told(parse_impact, value)


@CAREFUL
@given(mutations(asdict(PLAN.request), st.text() | st.booleans()))
def test_any_texts_are_a_request_or_refused(value):
    with suppress(AttributeError):  # see below
        told(parse_restore_request, value)


@pytest.mark.parametrize("change", [{"system": 5}, {"reason": None}, {"email": ["@", 5]}])
def test_a_request_with_odd_fields_is_refused(change):
    told(parse_restore_request, {**asdict(PLAN.request), **change})


@pytest.mark.parametrize(
    "data", [{"answer": "yes", "signer": "rina", "plan": "", "kode": "1"}, {"answer": "yes"}]
)
def test_a_decision_of_another_version_is_told(data):
    journal = Journal(records(lines({"step": APPROVAL, "data": data})), RUN)
    run = RestoreRun(SimpleNamespace(journal=lambda _: journal), RUN)
    told(lambda: run.decision)


BACKUP_FORM = BackupForm(
    number="1",
    period="2026-11",
    at=NOW,
    rows=(BackupRow(system="simpeg", application="SIMPEG", started=NOW, verification=("x",)),),
    performer=Signature(name="Sari", at=NOW),
)
RESTORE_FORM = RestoreForm(
    number="1", at=NOW, requester="Dewi", rows=(("public.pegawai", 1, None),), remarks=("x",)
)


@CAREFUL
@given(st.sampled_from([BACKUP_FORM, RESTORE_FORM]), st.data())
def test_any_json_is_a_form_that_is_read_back_or_damaged(form, data):
    value = data.draw(mutations(to_json(form)) | junk)
    found = told(from_json, type(form), value)
    if found is not None:
        assert from_json(type(form), to_json(found)) == found


def test_both_forms_are_read_back():
    for form in (BACKUP_FORM, RESTORE_FORM):
        assert from_json(type(form), to_json(form)) == form


# --- the run forms ------------------------------------------------------------------------------------------------

ASKED = {
    "nama_aplikasi": "simpeg — Sistem Informasi Kepegawaian (BKPSDM)",
    "nama_pemohon": "Dewi Lestari",
    "unit_kerja": "BKPSDM",
    "uraian_kerusakan": "Semua hilang",
    "alasan": "Data hilang",
    "email": "dewi@example.id",
    "tujuan": "Produksi",
    "titik_pemulihan": BACKUP,
    "indikasi_insiden_siber": False,
}
ORDERED = {
    "sistem": ["simpeg — Sistem Informasi Kepegawaian (BKPSDM)"],
    "periode": "2026-11",
    "pelaksanaan": "Manual",
    "pelaksana": "sari — Sari Wulandari",
    "catatan": "",
}


def fill(kind, value, way):
    """A form as the server gives it (JSON) or as Prefect does (plain objects); None where its contract refuses it."""
    with suppress(ValidationError):
        return kind.model_validate(value) if way == "python" else kind.model_validate_json(json.dumps(value))
    return None


ways = st.sampled_from(["python", "json"])
typed = junk | st.sampled_from(
    [" — ", "—", "simpeg —", " ", "@", "a@b c", "Uji", "Pengembalian", "\0", "\x1b[2J", "\ud800"]
)


@CAREFUL
@given(mutations(ASKED, typed), ways)
def test_any_request_form_is_a_request_that_can_be_planned_or_refused(value, way):
    form = fill(Permohonan, value, way)
    request = told(parse_request, form) if form else None
    if request is not None:
        assert all(text.strip() for text in (request.system, request.requester, request.unit, request.reason))
        assert parse_restore_request(json.loads(canonical_json(asdict(request)))) == request
        assert request.purpose in ("Produksi", "Uji")
        assert not (request.cyber_incident and not request.backup and not request.rollback)


@CAREFUL
@given(mutations(ORDERED, typed), ways)
def test_any_order_form_is_an_order_or_refused(value, way):
    form = fill(PerintahBackup, value, way)
    if form:
        order = told(parse_order, form)
        assert isinstance(order, BackupOrder)
        canonical_json(asdict(order))
        assert not any(" — " in system for system in order.systems)


def test_a_sound_form_is_a_request_and_an_order():
    assert parse_request(Permohonan.model_validate(ASKED)).system == "simpeg"
    assert parse_order(PerintahBackup.model_validate(ORDERED)).performer == "sari"

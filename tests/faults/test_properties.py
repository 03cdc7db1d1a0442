"""What must hold for every value, not only for those that somebody thought of: office file, names, retention, plans, months, envelopes."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from jagadata.backup.retention import apply_policy
from jagadata.errors import DamagedError, OfficeFileError
from jagadata.evidence.envelope import canonical_json, digest
from jagadata.office.file import Office, deployment_digest, parse_office
from jagadata.office.policy import RetentionPolicy
from jagadata.ports.proof import WORST_FIRST
from jagadata.restore.names import make_kept_name, make_side_name
from jagadata.restore.request import Impact, Plan, PlannedDataSet, RestoreRequest, parse_impact, parse_plan
from jagadata.services.script import direct_name
from jagadata.stores import layout
from jagadata.stores.layout import check_key, is_key
from jagadata.text.formats import WIB
from jagadata.text.names import (
    FILE_NAME,
    LONGEST_FILE_NAME,
    make_backup_id,
    make_file_name,
    make_number,
    make_slug,
)
from jagadata.text.periods import (
    Period,
    add_working_days,
    count_working_days,
    due_in,
    is_working_day,
    parse_period,
    period_of,
)
from jagadata.vault.catalog import Backup
from jagadata.vault.clocks import Clocks
from jagadata.vault.identity import identity_of_oid
from jagadata.vault.manifest import (
    MANIFEST_KIND,
    BackupReceipt,
    Manifest,
    manifest_hash,
    parse_manifest,
)
from tests.lab.faults.signed import AT, HASH, KIND, MANIFEST, NOW, OLD_MANIFEST, SEALS, SIGNER, STRANGER
from tests.lab.faults.strategies import CAREFUL, FEW, edit, junk, look, mutations, places, put, told, words

# --- the office file ----------------------------------------------------------------------------------------------

TEXT = (
    resources.files("jagadata")
    .joinpath("office/starter.yaml")
    .read_text(encoding="utf-8")
    .replace("ed25519:GANTI", SIGNER.public)
    .replace("age1GANTI", "age1" + "q" * 58)
)
OFFICE = yaml.safe_load(TEXT)
SECRET = "QQPZRY9X8GF2TVDW0S3"
SNIPPETS = (
    *("\t", " ", "\n", "\n\n", "  ", "- ", ": ", "#", "'", '"', "{", "}", "[", "]", ",", "|\n", ">\n"),
    *("&a ", "*a", "<<: *a", "!!str ", "!!binary ", "!!set ", "!x ", "? ", "---\n", "...\n", "%YAML 9.9\n"),
    *("null", "~", "true", "0", "-1", "1e999", ".nan", ".inf", "2026-02-30", "2026-01-01 25:61:61", "1:60"),
    *("\0", "\x1b[2J", "\u2028", "\x85", "\ufeff", "é", "🙂", '"\\x00"', '"\\ud800"', "{year}", "{", "0o9"),
)


def read_office(text):
    return parse_office(text, folder=Path("/kantor"))


@cache
def faults_of(text):
    """The faults of an office file, without their list marks; nothing for a sound one."""
    try:
        read_office(text)
    except OfficeFileError as error:
        first, *lines = error.message.splitlines()
        assert str(len(lines)) in first
        assert all(line.startswith("  - ") for line in lines)
        return [line.removeprefix("  - ") for line in lines]
    return []


def use(office):
    """What every run does with an office that was accepted."""
    for system in office.systems:
        assert len(office.system_digest(system.id)) == 64
        assert office.server(system.server)
        assert all(office.host(service.host) for service in system.services)
    assert len(deployment_digest(office)) == 64
    for official in office.officials:
        assert office.official(official.id) == official
    number = {"classification": "046", "sequence": "1-C", "unit": "406.020", "year": 2026}
    assert make_number(office.office.number, **number) is not None
    assert ".." not in make_file_name(office.policy.backup.file_name, **PARTS)


@FEW
@given(mutations(OFFICE, junk | st.dates() | st.datetimes() | st.binary(max_size=8)))
def test_an_office_file_of_any_values_is_an_office_or_refused_with_its_faults(raw):
    try:
        text = yaml.safe_dump(raw, allow_unicode=True)
        yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # PyYAML can't read all that it writes
        assume(False)
    office = told(read_office, text)
    assert isinstance(office, Office | None)
    if office:
        use(office)


@FEW
@given(st.data())
def test_an_office_file_with_any_scribble_in_its_text_is_an_office_or_refused(data):
    text = TEXT
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(text)))
        end = begin + data.draw(st.integers(0, 40))
        text = text[:begin] + data.draw(st.sampled_from(SNIPPETS) | st.text(max_size=5)) + text[end:]
    office = told(read_office, text)
    assert isinstance(office, Office | None)
    if office:
        use(office)


@FEW
@given(st.text())
@example("&a [*a]")
@example("&a {office: *a}")
@example("[" * 3000)
@example("a: " * 3000)
@example("- " * 3000)
def test_any_text_is_told_as_an_office_file_or_none(text):
    told(read_office, text)


SINGLE_FAULTS = {
    ("office", "timezone"): "Asia/Trenggalek",
    ("office", "lain"): 1,
    ("officials", 0, "nama"): "x",
    ("officials", 1, "id"): "Dua Kata",
    ("officials", 2, "duties", 0, "role"): "raja",
    ("keys", "signers", 0, "key"): "ed25519:x",
    ("keys", "identity"): "AGE",
    ("hosts", 0, "port"): 0,
    ("servers", 0, "port"): 70000,
    ("servers", 0, "data_host"): "tidak-ada",
    ("stores", 0, "bucket"): "a b",
    ("stores", 1, "name"): "utama",
    ("systems", 0, "data"): [],
    ("systems", 0, "server"): "tidak-ada",
    ("systems", 0, "services", 0, "probe", "via"): "tidak-ada",
    ("systems", 0, "services", 1, "unit"): "a b",
    ("mail", "port"): "x",
    ("channels",): "x",
    ("policy", "backup", "cron"): "x",
    ("policy", "backup", "retention", "keep_last"): 0,
    ("policy", "restore", "kept_days"): None,
    ("prefect", "ui"): "ftp://x",
    ("holidays",): ["kemarin"],
    ("spool",): 5,
}


@FEW
@given(st.sets(st.sampled_from(sorted(SINGLE_FAULTS, key=str)), min_size=1, max_size=len(SINGLE_FAULTS)))
@example(set(SINGLE_FAULTS))
def test_however_many_faults_there_are_all_are_listed_each_once(chosen):
    raw, expected = OFFICE, []
    for place in chosen:
        raw = put(raw, place, SINGLE_FAULTS[place])
        expected += faults_of(yaml.safe_dump(put(OFFICE, place, SINGLE_FAULTS[place])))
    assert len(expected) == len(chosen)
    assert sorted(faults_of(yaml.safe_dump(raw))) == sorted(expected)


REFERENCES = ("via", "data_host", "server", "host")


def refuse_to_repeat(place, secret=f"AGE-SECRET-KEY-1{SECRET}"):
    said = ""
    try:
        read_office(yaml.safe_dump(put(OFFICE, place, secret)))
    except OfficeFileError as error:
        said = str(error)
    assert SECRET not in said, place


def test_a_secret_that_was_typed_in_any_place_is_never_repeated():
    for place in places(OFFICE):
        if place[-1] not in REFERENCES and place not in [("hosts", 0, "name"), ("servers", 0, "name")]:
            refuse_to_repeat(place)


@pytest.mark.parametrize(
    "place",
    [
        ("hosts", 0, "name"),
        ("servers", 0, "name"),
        ("servers", 0, "via"),
        ("systems", 0, "server"),
        ("systems", 0, "services", 1, "host"),
        ("systems", 0, "services", 0, "probe", "via"),
    ],
    ids=str,
)
def test_a_secret_that_was_typed_as_a_reference_is_never_repeated(place):
    refuse_to_repeat(place)


@pytest.mark.parametrize(
    "typed",
    [
        *("0x_", "0b_", "9" * 5000, "!!int abc", "!!float x", "!!bool x", "!!timestamp abc"),
        *('"\\UFFFFFFFF"', '"\\U00110000"'),
    ],
)
def test_a_value_that_yaml_itself_can_not_make_is_a_fault_of_the_file(typed):
    told(read_office, f"version: {typed}")


def test_a_structure_nested_by_aliases_is_a_fault_of_the_file():
    lines = ["a0: &a0 []", *(f"a{number}: &a{number} [*a{number - 1}]" for number in range(1, 3000))]
    told(read_office, "\n".join([*lines, "systems: [{data: [{database: *a2999}]}]"]))


def test_a_field_with_an_impossible_name_hides_no_other_fault():
    faults = faults_of('"\\ud800": 1')
    assert len(faults) > 1
    assert "baris 1: nama isian memuat tanda yang tidak sah; hapus" in faults[0]


@pytest.mark.parametrize(
    ("place", "template"),
    [(("office", "number"), "{sequence[a]}"), (("policy", "backup", "file_name"), "{opd[a]}")],
)
def test_a_template_with_an_odd_index_is_a_fault_of_the_file(place, template):
    assert len(faults_of(yaml.safe_dump(put(OFFICE, place, template)))) == 1


@pytest.mark.parametrize("template", ["{year[0]}", "{year:s}", "{year:>4s}", "{year.upper}"])
def test_a_number_template_that_was_accepted_can_be_used(template):
    office = told(read_office, yaml.safe_dump(put(OFFICE, ("office", "number"), template)))
    if office:
        use(office)


@pytest.mark.parametrize("field", ["minimum_days"])
def test_a_retention_that_was_accepted_can_be_applied(field):
    place = ("policy", "backup", "retention", field)
    office = told(read_office, yaml.safe_dump(put(OFFICE, place, 10**9)))
    if office:
        apply_policy([make_backup("a", 1)], office.policy.backup.retention, NOW)


def test_a_path_that_was_accepted_can_be_used():
    office = told(read_office, yaml.safe_dump(put(OFFICE, ("spool",), "~tidak-ada-pengguna-ini/spool")))
    if office:
        told(office.path, office.spool)


# --- names --------------------------------------------------------------------------------------------------------

PARTS = {
    "opd": "Badan Kepegawaian Daerah",
    "system": "simpeg",
    "object": "simpeg",
    "engine": "postgresql",
    "kind": "full",
    "period": "2026-11",
    "at": datetime(2026, 12, 1, 1, 0, 5, tzinfo=WIB),
    "revision": 1,
    "extension": "dump.age",
}
databases = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=63
).map(lambda name: name.encode()[:63].decode(errors="ignore") or "x")
tokens = st.text(max_size=80)
zones = st.sampled_from(
    [UTC, WIB, ZoneInfo("Asia/Jayapura"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")]
)
moments = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001 - the zone is drawn
identifiers = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)


@CAREFUL
@given(moments, moments, st.text(min_size=8, max_size=40), identifiers)
def test_backup_ids_sort_by_time_and_make_keys_whatever_the_chance_was(one, other, chance, system):
    assume(sum(sign.isascii() and sign.isalnum() for sign in chance) >= 8)
    first, second = make_backup_id(one, chance), make_backup_id(other, chance)
    assert is_key(layout.make_manifest_key(system, first))
    assert "/" not in first
    if one.replace(microsecond=0) < other.replace(microsecond=0):
        assert first < second or one.astimezone(UTC).year < 1000


@CAREFUL
@given(st.lists(st.tuples(databases, tokens), min_size=2, max_size=4, unique=True))
@example([("d" * 62 + "1", "t"), ("d" * 62 + "2", "t")])
@example([("simpeg", "a"), ("simpeg", "A")])
@example([("simpeg", "x" * 70 + "1"), ("simpeg", "x" * 70 + "2")])
def test_names_beside_the_live_database_are_distinct_whole_and_fit(pairs):
    made = [make(*pair) for pair in pairs for make in (make_side_name, make_kept_name)]
    assert len(set(made)) == len(made)
    assert not set(made) & {database for database, _ in pairs}
    for name in made:
        assert 0 < len(name.encode()) <= 63
        assert name.isprintable()
    # A kept database may be restored over in its turn: names made of names are distinct, too.
    again = [make_kept_name(name, pairs[0][1]) for name in made]
    assert len({*made, *again}) == 2 * len(made)


@CAREFUL
@given(st.text(), st.integers(1, 60))
def test_slugs_are_key_parts_whatever_they_are_made_of(text, longest):
    slug = make_slug(text, longest)
    assert is_key(slug)
    assert len(slug) <= max(longest, 1)
    assert not set("/.") & set(slug)
    assert make_slug(slug, longest) == slug


@CAREFUL
@given(
    st.lists(
        st.sampled_from(["{" + name + "}" for name in ("opd", "system", "object", "time", "revision", "ext")])
        | st.sampled_from(["/", "..", ".", "-", "_", "\\", "\0", "{{", "}}", "é", " "]),
        max_size=30,
    ),
    st.text(max_size=60),
    st.integers(1, 999),
)
@example(["{opd}"] * 30, "x" * 60, 1)
@example(["..", "/", "{ext}", ".."], "", 1)
def test_a_file_name_by_any_policy_is_one_name_and_no_place(pieces, opd, revision):
    made = make_file_name("".join(pieces), **{**PARTS, "opd": opd, "revision": revision})
    assert 0 < len(made.encode()) <= LONGEST_FILE_NAME
    assert ".." not in made
    assert "/" not in made
    assert not made.startswith((".", "-"))
    assert made.isascii()
    assert made.isprintable()


@CAREFUL
@given(st.sets(st.integers(1, 10**6), min_size=2, max_size=5), identifiers)
def test_two_revisions_never_share_a_file_name(revisions, system):
    made = {make_file_name(FILE_NAME, **{**PARTS, "system": system, "revision": one}) for one in revisions}
    assert len(made) == len(revisions)


@FEW
@given(
    st.lists(
        st.sampled_from(
            ["{classification}", "{sequence}", "{unit}", "{year}", "{sequence:>6}", "{unit!s}", "{year!r}"]
        )
        | st.sampled_from(["/", "-", " ", "{{", "}}", "{", "}", "{bulan}", "{0}", "{}", "No."]),
        min_size=1,
        max_size=8,
    )
)
def test_letter_numbers_can_be_made_by_every_template_that_is_accepted(pieces):
    office = told(read_office, yaml.safe_dump(put(OFFICE, ("office", "number"), "".join(pieces))))
    if office:
        use(office)


@CAREFUL
@given(st.text(st.sampled_from("abz09._/-A é\n\\"), max_size=12) | st.text())
@example("a" * 241)
@example("a/" * 256 + "a")
@example("a\n")
def test_a_key_is_never_a_way_out(text):
    key = told(check_key, text)
    assert (key == text) is is_key(text)
    if key is not None:
        assert not Path(key).is_absolute()
        assert not {"", ".", ".."} & set(key.split("/"))
        assert not any(part.startswith(".") for part in key.split("/"))
        assert len(key) <= 512


def test_scripts_of_two_systems_on_one_machine_have_two_names():
    pairs = [("app", "1-simpeg"), ("app-1", "simpeg")]
    made = {direct_name(SimpleNamespace(name=host), SimpleNamespace(id=system)) for host, system in pairs}
    assert len(made) == 2


# --- retention ----------------------------------------------------------------------------------------------------

SOUND_MANIFEST = parse_manifest(MANIFEST, where="uji")


def make_backup(name, days_ago, *receipts, system="simpeg"):
    at = NOW - timedelta(days=days_ago)
    manifest = SOUND_MANIFEST.model_copy(
        update={
            "backup": name,
            "system": system,
            "started": at,
            "finished": at + timedelta(minutes=9),
            "at": at,
        }
    )
    made = [
        BackupReceipt.model_validate(
            {"backup": name, "manifest": HASH, "at": at + timedelta(hours=number), **receipt}
        )
        for number, receipt in enumerate(receipts, 1)
    ]
    return Backup(manifest=manifest, digest=HASH, envelope=b"", stores=("utama",), receipts=tuple(made))


receipts = st.sampled_from(
    [
        {"kind": "review", "data": {"decision": "Diterima"}},
        {"kind": "review", "data": {"decision": "Dikembalikan"}},
        {"kind": "hold"},
        {"kind": "release"},
        {"kind": "prune"},
        {"kind": "copy", "data": {"store": "kedua", "versions": {}}},
        {"kind": "lock", "data": {"until": (NOW + timedelta(days=9)).isoformat()}},
        {"kind": "lock", "data": {"until": (NOW - timedelta(days=9)).isoformat()}},
    ]
)


@st.composite
def shelves(draw):
    """Backups of up to three systems; some of one moment, some of the future (a clock that went wrong)."""
    count = draw(st.integers(0, 9))
    return [
        make_backup(
            f"b{number}",
            draw(st.integers(-3, 400) | st.sampled_from([30, 31, 100])),
            *draw(st.lists(receipts, max_size=3)),
            system=draw(st.sampled_from(["simpeg", "sippd", "a"])),
        )
        for number in range(count)
    ]


policies = st.builds(
    RetentionPolicy,
    keep_last=st.integers(1, 5),
    minimum_days=st.integers(0, 60),
    holds=st.lists(st.sampled_from(["b0", "b1", "lain"]), max_size=2, unique=True),
)


@CAREFUL
@given(shelves(), policies)
def test_retention_keeps_what_must_never_go_and_says_why_of_each(backups, policy):
    decisions = apply_policy(backups, policy, NOW)
    assert sorted(one.backup.id for one in decisions) == sorted(one.id for one in backups if not one.pruned)
    assert all(one.reasons and all(one.reasons) for one in decisions)
    going = {one.backup.id: one.backup for one in decisions if not one.keep}
    for one in going.values():
        assert not one.held
        assert one.id not in policy.holds
        assert not (one.locked_until and one.locked_until > NOW)
        assert one.manifest.finished + timedelta(days=policy.minimum_days) <= NOW
    for system in {one.manifest.system for one in backups}:
        good = [one for one in backups if one.manifest.system == system and one.restorable]
        good.sort(key=lambda one: (one.manifest.started, one.id), reverse=True)
        assert not {one.id for one in good[: policy.keep_last]} & set(going)


@CAREFUL
@given(shelves(), policies, st.randoms(use_true_random=False))
def test_retention_does_not_mind_in_which_order_backups_are_found(backups, policy, chance):
    shuffled = list(backups)
    chance.shuffle(shuffled)
    assert apply_policy(shuffled, policy, NOW) == apply_policy(backups, policy, NOW)


@CAREFUL
@given(shelves(), policies)
def test_retention_applied_again_removes_nothing_more(backups, policy):
    first = apply_policy(backups, policy, NOW)
    stay = [one.backup for one in first if one.keep]
    assert [one.backup.id for one in apply_policy(stay, policy, NOW)] == [one.id for one in stay]
    assert all(one.keep for one in apply_policy(stay, policy, NOW))
    marked = [
        replace(
            one.backup, receipts=(*one.backup.receipts, make_backup("x", 0, {"kind": "prune"}).receipts[0])
        )
        for one in first
        if not one.keep
    ]
    assert all(one.keep for one in apply_policy([*stay, *marked], policy, NOW))


@CAREFUL
@given(shelves(), policies, st.integers(0, 8))
def test_a_stricter_retention_never_removes_more(backups, policy, more):
    stricter = policy.model_copy(
        update={"keep_last": policy.keep_last + more, "minimum_days": policy.minimum_days + more}
    )
    going = {one.backup.id for one in apply_policy(backups, policy, NOW) if not one.keep}
    assert {one.backup.id for one in apply_policy(backups, stricter, NOW) if not one.keep} <= going


@CAREFUL
@given(shelves(), policies)
def test_retention_of_one_system_does_not_depend_on_the_others(backups, policy):
    together = {one.backup.id: (one.keep, one.reasons) for one in apply_policy(backups, policy, NOW)}
    for system in {one.manifest.system for one in backups}:
        alone = apply_policy([one for one in backups if one.manifest.system == system], policy, NOW)
        assert {one.backup.id: (one.keep, one.reasons) for one in alone}.items() <= together.items()


# --- manifest -----------------------------------------------------------------------------------------------------

OPTIONAL = [
    ("note",),
    ("clocks",),
    *(("clocks", name) for name in ("database", "store")),
    *(("data", 0, name) for name in ("kind", "file_name", "proof")),
    *(
        ("data", 0, "proof", name)
        for name in ("untested", "seconds", "shortfalls", "rows", "digests", "sequences")
    ),
    ("data", 0, "proof", "shortfalls", 0, "sql"),
]
"""What a manifest may leave out."""

TABLES = [("data", 0, "rows"), *(("data", 0, "proof", name) for name in ("rows", "digests", "sequences"))]
"""Where there is an entry for each table: any of them may be missing."""

FIELDS = [place for place in places(MANIFEST) if isinstance(place[-1], str)]


def test_a_manifest_is_read_back_as_it_was_written():
    value = SOUND_MANIFEST.model_dump(mode="json")
    assert parse_manifest(value, where="uji") == SOUND_MANIFEST
    envelope = SIGNER.seal(MANIFEST_KIND, value)
    assert parse_manifest(SEALS.open(envelope, MANIFEST_KIND, where="uji"), where="uji") == SOUND_MANIFEST
    assert value == json.loads(canonical_json(value))
    assert set(FIELDS) == {place for place in places(value) if isinstance(place[-1], str)}, (
        "every field is in these tests"
    )
    assert set(Manifest.model_fields) == set(MANIFEST), "every field is in these tests"


def test_a_manifest_of_format_1_tells_the_same_backup_without_proof_and_clocks():
    old = parse_manifest(OLD_MANIFEST, where="uji")
    (entry,) = SOUND_MANIFEST.data
    assert old == SOUND_MANIFEST.model_copy(
        update={"format": 1, "clocks": None, "data": [entry.model_copy(update={"proof": None})]}
    )
    assert (old.state, SOUND_MANIFEST.state) == ("terbaca", "terbukti dengan catatan")
    assert parse_manifest(old.model_dump(mode="json"), where="uji") == old


@CAREFUL
@given(st.data())
def test_a_manifest_of_any_texts_and_sizes_is_read_back_as_it_was_written(data):
    value = MANIFEST
    for place in [
        ("office",),
        ("system_name",),
        ("note",),
        ("data", 0, "database"),
        ("data", 0, "file_name"),
        ("data", 0, "identity"),
        ("data", 0, "proof", "untested"),
        ("data", 0, "proof", "shortfalls", 0, "what"),
        ("data", 0, "proof", "shortfalls", 0, "sql"),
    ]:
        value = put(value, place, data.draw(st.text()))
    for place in [("data", 0, "size"), ("data", 0, "archive", "objects", 0, "size")]:
        value = put(value, place, data.draw(st.integers(0, 2**70)))
    proof = ("data", 0, "proof")
    for place, found in [
        (("data", 0, "rows"), st.integers()),
        ((*proof, "rows"), st.integers()),
        ((*proof, "digests"), st.text()),
        ((*proof, "sequences"), st.tuples(st.integers(), st.booleans()).map(list)),
    ]:
        value = put(value, place, data.draw(st.dictionaries(st.text(), found, max_size=4)))
    value = put(value, (*proof, "state"), data.draw(st.sampled_from(WORST_FIRST)))
    value = put(value, (*proof, "seconds"), data.draw(st.floats(0, 1e6)))
    for name in Clocks.model_fields:
        said = st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
        value = put(value, ("clocks", name), data.draw(said if name == "worker" else st.none() | said))
    made = parse_manifest(value, where="uji")
    envelope = SIGNER.seal(MANIFEST_KIND, made.model_dump(mode="json"))
    assert parse_manifest(SEALS.open(envelope, MANIFEST_KIND, where="uji"), where="uji") == made


@CAREFUL
@given(mutations(MANIFEST))
def test_a_changed_manifest_is_refused_or_has_another_digest(value):
    assume(canonical_json(value) != canonical_json(MANIFEST))
    before = manifest_hash(SIGNER.seal(MANIFEST_KIND, MANIFEST))
    assert manifest_hash(SIGNER.seal(MANIFEST_KIND, value)) != before
    made = told(parse_manifest, value, where="uji")
    if made is not None and made != SOUND_MANIFEST:
        assert digest(canonical_json(made.model_dump(mode="json"))) != digest(
            canonical_json(SOUND_MANIFEST.model_dump(mode="json"))
        )


@pytest.mark.parametrize("place", FIELDS, ids=str)
def test_a_manifest_without_a_field_or_with_one_of_another_kind_is_refused(place):
    if place not in OPTIONAL and place[:-1] not in TABLES:
        with pytest.raises(DamagedError):
            parse_manifest(edit(MANIFEST, place, lambda above, key: above.pop(key)), where="uji")
    odd = ({"a": [1]}, [[]], object()) if place not in TABLES else ([1], "x", {"a": [1]}, {"a": {}})
    for value in odd:
        with pytest.raises(DamagedError):
            parse_manifest(put(MANIFEST, place, value), where="uji")


@pytest.mark.parametrize("place", OPTIONAL, ids=str)
def test_a_manifest_without_what_may_be_left_out_differs_in_nothing_else(place):
    made = parse_manifest(edit(MANIFEST, place, lambda above, key: above.pop(key)), where="uji")
    value = made.model_dump(mode="json")
    assert not look(value, place) or place[-1] == "kind"
    assert put(
        value, place, look(SOUND_MANIFEST.model_dump(mode="json"), place)
    ) == SOUND_MANIFEST.model_dump(mode="json")


@pytest.mark.parametrize(
    "place", [(), *(place for place in places(MANIFEST) if isinstance(look(MANIFEST, place), dict))], ids=str
)
def test_a_manifest_with_an_unknown_field_anywhere_is_refused(place):
    if place in TABLES:
        return
    with pytest.raises(DamagedError):
        parse_manifest(put(MANIFEST, (*place, "tambahan"), 1), where="uji")


@CAREFUL
@given(junk)
def test_a_manifest_of_another_format_is_refused(value):
    assume(value not in (1, 2))
    with pytest.raises(DamagedError):
        parse_manifest({**MANIFEST, "format": value}, where="uji")


@pytest.mark.parametrize("period", ["٢٠٢٦-11", "0000-01"])
def test_a_period_that_a_manifest_may_hold_is_a_month(period):
    made = told(parse_manifest, {**MANIFEST, "period": period}, where="uji")
    if made is not None:
        assert parse_period(made.period)


# --- plans --------------------------------------------------------------------------------------------------------

requests = st.builds(
    RestoreRequest,
    system=words,
    requester=words,
    unit=words,
    reason=words,
    purpose=st.sampled_from(["Produksi", "Uji"]),
    backup=words,
    nip=st.text(),
    post=st.text(),
    phone=st.text(),
    email=st.sampled_from(["", "a@example.id", "b@example.id"]),
    requested_at=st.text(),
    occurred_at=st.text(),
    damage=st.text(),
    suspected_cause=st.text(),
    service_impact=st.text(),
    downtime_allowed=st.text(),
    personal_data=st.booleans(),
    cyber_incident=st.booleans(),
    fallback=st.text(),
    rollback=st.booleans(),
)
identities = st.none() | st.builds(identity_of_oid, st.integers(1, 2**32 - 1), st.just("7301")) | st.text()
planned = st.builds(
    PlannedDataSet, name=words, identity=identities, side=st.text(max_size=9), side_identity=identities
)
plans = st.builds(
    Plan,
    request=requests,
    backup=st.text(),
    manifest=st.text(),
    system_identifier=st.text(),
    data=st.lists(planned, max_size=3).map(tuple),
    mode=st.sampled_from(["sop", "minimal", "uji", "rollback"]),
    services=st.lists(st.text(), max_size=3).map(tuple),
    office_entry=st.text(),
)
impacts = st.builds(
    Impact,
    rows=st.dictionaries(st.text(), st.tuples(st.none() | st.integers(), st.integers()), max_size=4),
    live_size=st.none() | st.integers(),
    needed_space=st.integers(),
    free_space=st.none() | st.integers(),
    space_declared=st.booleans(),
    minutes_off=st.floats(0, 1e6),
    minutes_total=st.floats(0, 1e6),
    sessions=st.lists(st.text(), max_size=3).map(tuple),
    ends_sessions=st.booleans(),
    taken_down_too=st.lists(st.text(), max_size=3).map(tuple),
    missing_roles=st.lists(st.text(), max_size=3).map(tuple),
    remarks=st.lists(st.text(), max_size=3).map(tuple),
    limits=st.dictionaries(st.text(), st.floats(0, 1e6), max_size=2),
)


def through_the_journal(value):
    """As a journal line gives it back: signed, stored, read."""
    return SEALS.open(SIGNER.seal(KIND, {"at": AT, "data": value}), KIND, where="uji")["data"]


@CAREFUL
@given(plans)
def test_a_plan_comes_back_from_the_journal_as_it_was_with_its_hash(plan):
    again = parse_plan(through_the_journal(plan.to_json()))
    assert again == plan
    assert again.hash == plan.hash


@FEW
@given(plans, plans, st.data())
def test_a_plan_that_differs_in_anything_has_another_hash(plan, other, data):
    name = data.draw(st.sampled_from([field.name for field in fields(Plan)]))
    changed = replace(plan, **{name: getattr(other, name)})
    assert (changed.hash == plan.hash) is (changed == plan)
    name = data.draw(st.sampled_from([field.name for field in fields(RestoreRequest)]))
    changed = replace(plan, request=replace(plan.request, **{name: getattr(other.request, name)}))
    assert (changed.hash == plan.hash) is (changed == plan)
    assert (plan.hash == other.hash) is (plan == other)


@CAREFUL
@given(plans, st.integers(0, 2), st.data())
def test_a_plan_with_another_database_or_another_order_of_services_has_another_hash(plan, number, data):
    assume(number < len(plan.data))
    one, other = plan.data[number], data.draw(planned)
    for field in fields(PlannedDataSet):
        new = replace(one, **{field.name: getattr(other, field.name)})
        changed = replace(plan, data=(*plan.data[:number], new, *plan.data[number + 1 :]))
        assert (changed.hash == plan.hash) is (new == one)
    turned = replace(plan, services=plan.services[::-1])
    assert (turned.hash == plan.hash) is (turned.services == plan.services)


@CAREFUL
@given(impacts)
def test_an_impact_comes_back_from_the_journal_as_it_was(impact):
    assert parse_impact(through_the_journal(impact.to_json())) == impact


def test_a_request_that_was_accepted_can_be_written_down():
    request = told(RestoreRequest, system="s", requester="Dewi", unit="u", reason="rusak \udcff")
    if request is not None:
        told(through_the_journal, request.reason)


# --- months and days ----------------------------------------------------------------------------------------------

periods = st.builds(Period, st.integers(1, 9999), st.integers(1, 12))
near_periods = st.builds(Period, st.integers(1980, 2200), st.integers(1, 12))
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
holidays = st.lists(days, max_size=5)


@CAREFUL
@given(periods, periods)
def test_a_month_is_read_back_and_sorts_as_its_text(one, other):
    assert parse_period(str(one)) == one
    assert parse_period(f" {one}\n") == one
    assert (one < other) is (str(one) < str(other))


@CAREFUL
@given(st.text() | st.text("0123456789-", max_size=8) | st.from_regex(r"\d{4}-\d{2}", fullmatch=True))
@example("٢٠٢٦-11")
@example("2026-13")
@example("0000-01")
@example("2026-1")
def test_any_text_is_a_month_or_refused(text):
    found = told(parse_period, text)
    if found is not None:
        assert str(found) == text.strip()


@CAREFUL
@given(near_periods, st.integers(-2000, 2000), st.integers(-2000, 2000))
def test_months_add_up(period, one, other):
    assert period.plus(one).plus(-one) == period
    assert period.plus(one).plus(other) == period.plus(one + other)
    assert period.previous < period < period.next
    assert period.next.previous == period
    assert (period.plus(one) < period.plus(other)) is (one < other)


@CAREFUL
@given(moments)
def test_a_moment_belongs_to_the_month_on_the_office_s_clock(moment):
    period = period_of(moment)
    begin = datetime(period.year, period.month, 1, tzinfo=WIB)
    assert begin <= moment
    assert period_of(begin) == period
    assert period_of(begin - timedelta(microseconds=1)) == period.previous


@CAREFUL
@given(
    near_periods, st.integers(0, 59), st.integers(0, 23), st.sampled_from(["1", "15", "31", "L", "*", "29"])
)
def test_a_backup_is_due_within_its_month(period, minute, hour, day):
    due = due_in(f"{minute} {hour} {day} * *", period)
    end = datetime(period.next.year, period.next.month, 1, tzinfo=WIB)
    assert datetime(period.year, period.month, 1, tzinfo=WIB) <= due <= end
    assert due == end or (due.minute, due.hour) == (minute, hour)


@CAREFUL
@given(days, st.integers(0, 60), holidays)
def test_working_days_are_counted_as_they_were_added(day, count, free):
    last = add_working_days(day, count, free)
    assert count_working_days(day, last, free) == count
    assert count == 0 or is_working_day(last, free)


# --- envelopes ----------------------------------------------------------------------------------------------------

facts = st.dictionaries(st.text(max_size=8), junk, max_size=4).map(lambda value: {**value, "at": AT})


@FEW
@given(facts)
def test_what_was_signed_is_read_back_whatever_it_is(value):
    assert SEALS.open(SIGNER.seal(KIND, value), KIND, where="uji") == json.loads(canonical_json(value))


@CAREFUL
@given(facts, st.lists(st.tuples(st.integers(0), st.integers(1, 255)), min_size=1, max_size=4), st.data())
def test_an_envelope_with_changed_bytes_is_damaged_or_says_the_same(value, flips, data):
    changed = bytearray(SIGNER.seal(KIND, value))
    for place, mask in flips:
        changed[place % len(changed)] ^= mask
    if data.draw(st.booleans()):
        del changed[data.draw(st.integers(0, len(changed) - 1)) :]
    found = told(SEALS.open, bytes(changed), KIND, where="uji")
    assert found is None or canonical_json(found) == canonical_json(value)


@FEW
@given(facts, facts, st.sampled_from(["payload", "payloadType", "signatures"]))
def test_parts_of_two_envelopes_never_make_a_third(one, other, part):
    assume(canonical_json(one) != canonical_json(other))
    first, second = json.loads(SIGNER.seal(KIND, one)), json.loads(SIGNER.seal(KIND + "x", other))
    with pytest.raises(DamagedError):
        SEALS.open(canonical_json({**first, part: second[part]}), KIND, where="uji")


@FEW
@given(facts)
def test_what_a_stranger_signed_is_never_read_not_even_under_our_name(value):
    envelope = STRANGER.seal(KIND, value)
    forged = json.loads(envelope)
    forged["signatures"][0]["keyid"] = SIGNER.public
    for data in (envelope, canonical_json(forged)):
        with pytest.raises(DamagedError):
            SEALS.open(data, KIND, where="uji")


@CAREFUL
@given(st.binary())
def test_random_bytes_are_never_an_envelope(data):
    with pytest.raises(DamagedError):
        SEALS.open(data, KIND, where="uji")


@CAREFUL
@given(st.dictionaries(st.text(), st.text(), max_size=3))
def test_canonical_json_does_not_depend_on_the_order(value):
    assert canonical_json(value) == canonical_json(dict(reversed(value.items())))
    assert json.loads(canonical_json(value)) == value

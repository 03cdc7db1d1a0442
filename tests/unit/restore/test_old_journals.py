"""Journals of restores that earlier versions wrote are read as they were meant; what can't be read is refused by name.

journals/379bedf.json holds what the code of commit 379bedf wrote (real servers), and the forms that it made of it.
"""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from jagadata.errors import RefusedError
from jagadata.evidence.journal import FORMAT, JOURNAL_KIND
from jagadata.evidence.keys import make_keys
from jagadata.lab.memory_store import MemoryStore
from jagadata.office.file import parse_office
from jagadata.papers.values import from_json
from jagadata.restore.papers.form import RestoreForm
from jagadata.restore.record import is_restore, read_swap_intents
from jagadata.restore.run import RestoreRun
from jagadata.restore.steps import SideCounted
from jagadata.workplace import Workplace

OLD = json.loads((Path(__file__).parent / "journals/379bedf.json").read_text(encoding="utf-8"))
KEYS = make_keys()
NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)


class Stores:
    def __init__(self):
        self.stores = {name: MemoryStore(name) for name in ("utama", "kedua")}

    def store(self, entry):
        return self.stores[entry.name]


@pytest.fixture
def place(monkeypatch):
    """The office that wrote them, with empty stores in memory."""
    monkeypatch.setenv("JAGADATA_TANDA_TANGAN", KEYS.signing_pem)
    keys = {
        "signing": "env:JAGADATA_TANDA_TANGAN",
        "signers": [{"key": KEYS.signing_public}],
        "recipients": [{"key": KEYS.recipient}, {"key": KEYS.recovery_recipient}],
    }
    office = parse_office(yaml.safe_dump({**OLD["office"], "keys": keys}), folder=Path("/kantor"))
    with Workplace(office, connections=Stores(), clock=lambda: NOW) as opened:
        yield opened


def lay_down(place, name, change=lambda line: None):
    """An old journal in the store, line by line, sealed and chained; `change` alters each line first."""
    run, previous = name.removesuffix("-sebelum"), ""
    for sequence, line in enumerate(copy.deepcopy(OLD["runs"][name]), 1):
        change(line)
        value = {**line, "format": FORMAT, "run": run, "sequence": sequence, "previous": previous}
        key = f"runs/{run}/journal/{sequence:06}.json"
        previous = place.records.write(key, JOURNAL_KIND, value).digest
    return RestoreRun(place, run)


@pytest.mark.parametrize("name", OLD["runs"])
def test_the_form_of_an_old_journal_is_the_one_that_was_made_then(place, name):
    run = lay_down(place, name)
    assert run.form() == from_json(RestoreForm, OLD["forms"][name])
    assert is_restore(run.journal)


@pytest.mark.parametrize("name", [name for name in OLD["runs"] if name != "ditolak-1"])
def test_an_approval_of_then_still_holds_for_its_exact_plan(place, name):
    run = lay_down(place, name)
    assert run.plan.hash == run.received.hash
    assert run.approval is None or run.approval.plan == run.plan.hash


def test_what_a_dead_run_intended_is_known_to_who_comes_next(place):
    run = lay_down(place, "terhenti-3-sebelum")
    server = run.plan.system_identifier
    (intent,) = read_swap_intents(run.journal, server)
    written = OLD["runs"]["terhenti-3"][13]["data"]["databases"][0]
    assert (intent.name, intent.side, intent.kept) == ("sisurat", written["side"], written["kept"])
    assert intent.side_identity == f"oid:{written['side_oid']}@{server}"


def add_unknown(line):
    line["data"]["sejak_versi_0"] = {"x": [1]}
    for name in ("impact", "request"):
        if name in line["data"]:
            line["data"][name]["sejak_versi_0"] = True
    for file in line["data"].get("files", ()):
        file["sejak_versi_0"] = True


@pytest.mark.parametrize("name", OLD["runs"])
def test_fields_that_this_version_does_not_know_are_passed_over(place, name):
    run = lay_down(place, name, add_unknown)
    assert run.form() == from_json(RestoreForm, OLD["forms"][name])


OPTIONAL = {
    "1": ("means", "store"),
    "2": ("sessions", "proof"),
    "3": ("rows", "swap_seconds"),
    "recovery": ("fired", "sessions", "proof", "fetched_from", "swap_seconds"),
    "approval": ("proof", "reference"),
    "6": ("note",),
}


@pytest.mark.parametrize("name", [name for name in OLD["runs"] if name != "surat-1"])
def test_fields_that_an_earlier_version_did_not_write_have_their_defaults(place, name):
    def drop(line):
        for field in OPTIONAL.get(line["step"], ()):
            line["data"].pop(field, None)
        line["data"].get("impact", {}).pop("remarks", None)

    run = lay_down(place, name, drop)
    assert run.form() == from_json(RestoreForm, OLD["forms"][name])


def test_a_line_that_lacks_what_it_is_about_is_refused_by_name(place):
    def spoil(line):
        if (line["step"], line["event"]) == ("recovery", "done"):
            line["data"]["status"] = "Entah"

    run = lay_down(place, "selesai-1", spoil)
    with pytest.raises(RefusedError, match=r"langkah 'recovery' ditulis versi Jagadata lain.*status"):
        run.form()


def test_the_form_shows_the_rows_of_each_table_in_the_backup_and_as_restored(place):
    run = lay_down(place, "selesai-1")
    run.journal.note(
        SideCounted.STEP, SideCounted.EVENT, "sisurat", tables={"aplikasi.antrean": 1, "aplikasi.surat": 199}
    )
    assert run.form().rows == (("aplikasi.surat", 200, 199), ("aplikasi.antrean", 1, 1))


def test_rows_that_an_earlier_attempt_counted_are_not_those_of_the_next(place):
    run = lay_down(place, "terhenti-2-sebelum")
    run.journal.note(SideCounted.STEP, SideCounted.EVENT, "sisurat", tables={"aplikasi.surat": 200})
    assert run.form().rows
    run.journal.note("prepare", "begin")
    assert run.form().rows == ()

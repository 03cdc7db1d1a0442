"""Envelopes, records, number claims and journals: what is forged, moved or interrupted is noticed, and nothing is taken twice."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from jagadata.errors import AlreadyExistsError, DamagedError, JagadataError, RefusedError, UnreachableError
from jagadata.evidence.envelope import Seals
from jagadata.evidence.journal import Journal
from jagadata.evidence.keys import make_keys, parse_identity, parse_recipients, parse_signer
from jagadata.evidence.numbers import claim_number
from jagadata.lab.memory_store import MemoryStore
from jagadata.office.machines import PublicKey
from tests.lab.gone_store import GoneStore
from tests.lab.records import KEYS, SEALS, SIGNER, records

if TYPE_CHECKING:
    from jagadata.findings import Problem

KIND = "application/vnd.jagadata.uji+json"
AT = "2026-11-01T18:00:00+00:00"


def test_what_was_signed_is_read_back():
    assert SEALS.open(SIGNER.seal(KIND, {"at": AT, "isi": "é"}), KIND, where="uji") == {"at": AT, "isi": "é"}


def test_an_envelope_changed_anywhere_is_damaged_or_says_the_same():
    value = {"at": AT, "isi": "surat"}
    whole = SIGNER.seal(KIND, value)
    for place in range(len(whole)):
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        try:
            assert SEALS.open(changed, KIND, where="uji") == value
        except DamagedError:
            continue


@pytest.mark.parametrize("junk", [b"", b"{}", b"[]", b"null", b"\xff", b'{"payload": 1}', b"[" * 5000])
def test_junk_is_damaged_not_a_crash(junk):
    with pytest.raises(DamagedError):
        SEALS.open(junk, KIND, where="uji")


def test_another_kind_another_key_and_a_key_outside_its_days_are_refused():
    whole = SIGNER.seal(KIND, {"at": AT})
    with pytest.raises(DamagedError, match="berjenis"):
        SEALS.open(whole, KIND + "x", where="uji")
    with pytest.raises(DamagedError, match="tidak dikenal"):
        SEALS.open(parse_signer(make_keys().signing_pem).seal(KIND, {"at": AT}), KIND, where="uji")
    for days in (
        {"since": date(2026, 11, 3)},
        {"until": date(2026, 11, 1)},
    ):  # in Jakarta it was the 2nd already
        seals = Seals(keys=[PublicKey(key=KEYS.signing_public, **days)], timezone=ZoneInfo("Asia/Jakarta"))
        with pytest.raises(DamagedError, match="masa berlaku"):
            seals.open(whole, KIND, where="uji")


def test_keys_that_are_none_are_told():
    with pytest.raises(RefusedError):
        parse_signer("bukan kunci")
    with pytest.raises(RefusedError):
        parse_identity("AGE-SECRET-KEY-RUSAK")
    with pytest.raises(RefusedError):
        parse_recipients(["age1salah"])
    assert str(parse_identity(f"# catatan\n{KEYS.identity}\n").to_public()) == KEYS.recipient


def test_records_fall_back_to_the_second_store_and_are_found_there():
    first, second = GoneStore("utama"), MemoryStore("kedua")
    written = records(first, second).write("a/b.json", KIND, {"at": AT})
    assert written.store == "kedua"
    first.gone = False
    assert records(first, second).read("a/b.json", KIND).value == {"at": AT}
    with pytest.raises(AlreadyExistsError):
        records(second).write("a/b.json", KIND, {"at": AT})
    first.gone = True
    with pytest.raises(UnreachableError):
        records(first).write("a/c.json", KIND, {"at": AT})
    with pytest.raises(RefusedError, match="Kunci tanda tangan"):
        records(signer=None).write("a", KIND, {"at": AT})


def test_an_unreadable_record_is_a_problem_and_the_others_are_listed():
    store = MemoryStore("utama")
    records(store).write("x/1.json", KIND, {"at": AT})
    store.put("x/2.json", b"rusak")
    problems: list[Problem] = []
    assert [one.key for one in records(store).list("x/", KIND, problems)] == ["x/1.json"]
    assert [problem.where for problem in problems] == ["x/2.json"]


def test_numbers_are_claimed_once_by_many_at_the_same_time_and_a_run_keeps_its_own():
    store, found = MemoryStore("utama"), []

    def claim(run):
        found.append(claim_number(records(store), "form", 2026, run=run, at=AT))

    threads = [threading.Thread(target=claim, args=(f"run-{number}",)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, found)) == list(range(1, 13))
    again = claim_number(records(store), "form", 2026, run="run-3", at=AT)
    assert again in found
    assert claim_number(records(store), "form", 2027, run="run-3", at=AT) == "1"


def test_a_number_claimed_on_the_second_store_never_meets_one_of_the_first():
    first, second = GoneStore("utama"), MemoryStore("kedua")
    first.gone = False
    assert claim_number(records(first, second), "form", 2026, run="a", at=AT) == "1"
    first.gone = True
    assert claim_number(records(first, second), "form", 2026, run="b", at=AT) == "2-C"
    first.gone = False
    assert claim_number(records(first, second), "form", 2026, run="c", at=AT) == "3"


def test_a_step_is_done_once_whoever_goes_on():
    store, calls = MemoryStore("utama"), []
    first = Journal(records(store), "run")

    def work():
        calls.append(1)
        return {"ok": True, "step": 1, "subject": "x", "event": "y"}

    assert first.once("1", work)["ok"]
    assert Journal(records(store), "run").once("1", work)["step"] == 1
    assert calls == [1]


def test_a_failed_step_is_on_record_with_its_reason_and_is_done_again():
    store = MemoryStore("utama")
    journal = Journal(records(store), "run")

    def fail():
        raise RefusedError("tidak bisa", "perbaiki")

    with pytest.raises(RefusedError):
        journal.once("1", fail)
    again = Journal(records(store), "run")
    assert again.outcome("1") is None
    assert again.began("1")
    assert again.last("1", "failed").data == {"message": "tidak bisa", "hint": "perbaiki"}
    assert again.once("1", lambda: {"ok": True}) == {"ok": True}


def test_lines_of_two_workers_are_one_chain():
    store = MemoryStore("utama")
    one, other = Journal(records(store), "run"), Journal(records(store), "run")
    for number in range(5):
        one.note(f"a{number}", "done")
        other.note(f"b{number}", "done")
    read = Journal(records(store), "run")
    assert [entry.sequence for entry in read.entries] == list(range(1, 11))
    previous = ""
    for entry in read.entries:
        record = records(store).read(
            f"runs/run/journal/{entry.sequence:06}.json", "application/vnd.jagadata.journal+json"
        )
        assert record.value["previous"] == previous
        previous = record.digest


def test_a_line_moved_from_another_run_is_damaged():
    store = MemoryStore("utama")
    Journal(records(store), "lain").note("1", "done")
    store.put("runs/run/journal/000001.json", store.get("runs/lain/journal/000001.json"))
    with pytest.raises(DamagedError, match="run lain"):
        Journal(records(store), "run")


def test_inside_buffered_nothing_waits_for_a_store_and_all_is_written_once_it_is_back():
    store = GoneStore("utama")
    store.gone = False
    journal = Journal(records(store), "run", clock=lambda: datetime(2026, 11, 1, tzinfo=UTC))
    journal.note("1", "done")
    with journal.buffered():
        store.gone = True
        journal.note("2", "begin")
        journal.note("2", "done", jam=1)
        assert journal.outcome("2") == {"jam": 1}
        assert not journal.wait(0.2)
    assert journal.flush() == 2
    store.gone = False
    assert journal.flush() == 0
    assert [entry.event for entry in Journal(records(store), "run").entries] == ["done", "begin", "done"]


def test_a_line_never_overtakes_one_that_could_not_be_written_yet():
    store = GoneStore("utama")
    store.gone = False
    journal = Journal(records(store), "run", clock=lambda: datetime(2026, 11, 1, tzinfo=UTC))
    with journal.buffered():
        store.gone = True
        journal.note("2", "done")
    assert journal.flush() == 1
    with pytest.raises(UnreachableError, match="terdahulu"):
        journal.note("5", "done")
    store.gone = False
    journal.note("5", "done")
    assert [entry.step for entry in Journal(records(store), "run").entries] == ["2", "5"]


def test_the_envelope_is_plain_dsse():
    outer = json.loads(SIGNER.seal(KIND, {"at": AT}))
    assert set(outer) == {"payloadType", "payload", "signatures"}
    assert outer["signatures"][0]["keyid"] == KEYS.signing_public


def test_every_error_says_what_to_do_next():
    error = JagadataError("apa yang salah", "Lakukan ini.")
    assert "PETUNJUK: Lakukan ini." in str(error)

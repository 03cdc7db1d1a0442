"""The gate of SOP Back Up Data where nobody could answer it."""

from __future__ import annotations

import pytest

from jagadata.backup.letters import ask_for_review, notify_review
from tasks import backup as steps
from tests.lab.backup_runs import DRAFT, NAMED, run_that_did
from tests.lab.small_office import make_place


@pytest.mark.parametrize(
    ("duties", "why"),
    [
        ([{"role": "staf_aplikasi"}], "tidak ada yang memegang peran ini"),
        ([{"role": "staf_aplikasi"}, {"role": "kasi_aplikasi"}], "pelaksana sendiri"),
    ],
)
def test_a_good_month_that_nobody_may_examine_ends_well_and_the_office_is_told(monkeypatch, duties, why):
    with make_place(monkeypatch, duties=duties) as place:
        run = run_that_did(place, {"draft": DRAFT}, {"draft": DRAFT}, NAMED, NAMED)
        run.fill_form()
        ask_for_review(run, link="")
        assert not place.connections.channel.sent
        decision = steps.ask_review(run)  # without a gate that nobody could answer
        form = run.review(decision)
        notify_review(run, form)
        state = steps.ending(run)
        assert (state.is_completed(), form.review) == (True, None)
        assert "belum diperiksa: " in form.remarks[-1]
        assert why in form.remarks[-1]
        [message] = place.connections.channel.sent
        assert message.to == ("sari@example.id",)
        assert "belum diperiksa" in message.subject

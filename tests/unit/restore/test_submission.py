"""Who may ask for a restore without Prefect: the rules of every way in, before anything is read or stopped."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from jagadata.errors import RefusedError
from jagadata.restore.submission import PaperApproval, refuse_unapproved


def place(*, approve_tests):
    restore = SimpleNamespace(approve_tests=approve_tests)
    return SimpleNamespace(office=SimpleNamespace(policy=SimpleNamespace(restore=restore)))


@pytest.mark.parametrize(
    "paper", [PaperApproval(), PaperApproval(signer="rina"), PaperApproval(letter="005/1")]
)
def test_production_needs_an_official_and_a_letter_whatever_the_policy(paper):
    for approve_tests in (False, True):
        with pytest.raises(RefusedError, match="Restore Produksi memerlukan persetujuan"):
            refuse_unapproved(place(approve_tests=approve_tests), "Produksi", paper)


def test_a_restore_test_needs_them_only_where_the_office_wants_it():
    refuse_unapproved(place(approve_tests=False), "Uji", PaperApproval())
    with pytest.raises(RefusedError, match="Restore Uji memerlukan persetujuan"):
        refuse_unapproved(place(approve_tests=True), "Uji", PaperApproval())


def test_an_official_with_a_letter_is_enough():
    refuse_unapproved(place(approve_tests=True), "Produksi", PaperApproval(signer="rina", letter="005/1"))

"""Several stores as one: the first good copy counts, and which fault is told when none is good."""

from __future__ import annotations

import pytest

from jagadata.errors import DamagedError, NotFoundError, RefusedError, UnreachableError
from jagadata.lab.memory_store import MemoryStore
from jagadata.stores.copies import from_all, from_first_good

UTAMA, KEDUA, KETIGA = MemoryStore("utama"), MemoryStore("kedua"), MemoryStore("ketiga")
MISSING = NotFoundError("tidak ada di mana pun")


def answering(**faults):
    """Work that fails in these stores and gives the others' names."""

    def work(store):
        if store.name in faults:
            raise faults[store.name]
        return store.name

    return work


def test_the_first_good_copy_counts_and_the_faults_before_it_are_told():
    damaged = DamagedError("rusak")
    found = from_first_good([UTAMA, KEDUA, KETIGA], answering(utama=damaged), missing=MISSING)
    assert (found.value, found.store.name, found.faults) == ("kedua", "kedua", (damaged,))


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (DamagedError("rusak"), UnreachableError("diam"), "rusak"),
        (NotFoundError("tidak di sini"), UnreachableError("diam"), "diam"),
        (NotFoundError("tidak di sini"), NotFoundError("tidak di sana"), "tidak ada di mana pun"),
    ],
)
def test_the_first_fault_is_told_unless_it_only_says_not_here(first, second, told):
    with pytest.raises(Exception, match=told):
        from_first_good([UTAMA, KEDUA], answering(utama=first, kedua=second), missing=MISSING)


def test_no_store_at_all_is_missing_and_what_may_not_pass_is_raised_at_once():
    with pytest.raises(NotFoundError, match="di mana pun"):
        from_first_good([], answering(), missing=MISSING)
    with pytest.raises(RefusedError):
        from_first_good(
            [UTAMA, KEDUA],
            answering(utama=RefusedError("berubah")),
            missing=MISSING,
            passable=(DamagedError,),
        )


def test_from_all_names_who_did_not_answer_and_raises_only_when_nobody_did():
    silent = UnreachableError("diam")
    answers = from_all([UTAMA, KEDUA], answering(utama=silent))
    assert (answers.values, answers.faults) == (("kedua",), (("utama", silent),))
    with pytest.raises(UnreachableError):
        from_all([UTAMA], answering(utama=silent))
    assert from_all([], answering()).values == ()

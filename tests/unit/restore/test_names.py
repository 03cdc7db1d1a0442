"""Names beside the live database: they fit PostgreSQL, and never collide."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st

from jagadata.restore.names import make_kept_name, make_side_name

databases = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: len(name.encode()) <= 63
)

tokens = st.text(min_size=1, max_size=40)


@given(databases, tokens)
@example("é" * 31, "20261101t180003z-k3v9q2xa")
@example('nama "aneh"\n; --', "a/../b")
def test_names_beside_the_live_database_fit_postgresql_and_are_whole_characters(database, token):
    for name in (make_side_name(database, token), make_kept_name(database, token)):
        assert 0 < len(name.encode()) <= 63
        assert name.isprintable()
        assert name != database


@given(databases, databases, tokens, tokens)
def test_names_beside_the_live_database_never_collide(one, other, token, second):
    assume((one, token) != (other, second))
    names = {make(*of) for make in (make_side_name, make_kept_name) for of in ((one, token), (other, second))}
    assert len(names) == 4


def test_long_names_that_share_their_beginning_stay_apart():
    assert make_side_name("d" * 62 + "1", "t") != make_side_name("d" * 62 + "2", "t")

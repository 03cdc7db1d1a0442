"""Keys and prefixes of stores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagadata.errors import RefusedError
from jagadata.vault.layout import check_key, check_prefix, is_key


@pytest.mark.parametrize(
    "key", ["a", "a/b", "systems/sisurat/20261101t180003z-k3v9q2xa/arsip.000", "a.b-c_d", "-", "0"]
)
def test_a_key_is_itself(key):
    assert check_key(key) == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/..",
        "a..b",
        ".a",
        "a/.b",
        "A",
        "a b",
        "a\\b",
        "a\n",
        "ä",
        "a" * 241,
        "a/" * 256 + "a",
    ],
)
def test_anything_else_is_refused_and_named(key):
    with pytest.raises(RefusedError, match="tidak sah"):
        check_key(key)


@given(st.text(alphabet="a0._-/", max_size=12))
def test_no_key_climbs_hides_or_is_absolute(text):
    if is_key(text):
        parts = text.split("/")
        assert all(part and not part.startswith(".") and ".." not in part for part in parts)


@given(st.text(alphabet="ab.-/", min_size=1, max_size=12), st.integers(0, 12))
def test_every_beginning_of_a_key_is_a_prefix(text, length):
    if is_key(text):
        assert check_prefix(text[:length]) == text[:length]

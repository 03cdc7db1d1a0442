"""Keys and prefixes of stores: safe ones, and all of them spelled in one module."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagadata.errors import RefusedError
from jagadata.stores import layout
from jagadata.stores.layout import check_key, check_prefix, is_key


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


def spelled(path):
    """Texts of a module that begin or divide like a key in a store; docstrings are no texts of the code."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docs
        and KEY_LIKE.search(node.value)
    ]


ROOT = Path(__file__).parents[3]
KEY_LIKE = re.compile(
    r"^(systems|forms|rounds|runs|kept|watch|doctor|numbers)/|/(backups|receipts|data|journal|papers)/"
    r"|manifest\.json$|-langkah-[^6]|\.dropped\.json|^jagadata-watch$"
)


@pytest.mark.parametrize("room", ["jagadata", "tasks", "flows", "deployments"])
def test_no_module_but_the_layout_spells_a_key(room):
    found = {
        str(path.relative_to(ROOT)): texts
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.name != "layout.py" and (texts := spelled(path))
    }
    assert found == {}


def test_what_is_made_of_parts_is_parsed_into_them_again():
    at = datetime(2026, 11, 1, 18, 0, 3, tzinfo=UTC)
    folder = layout.make_backup_folder("simpeg", "b1")
    assert layout.parse_backup_key(layout.make_manifest_key("simpeg", "b1")) == layout.BackupKey(
        folder=folder, what="manifest"
    )
    receipt = layout.make_receipt_key("simpeg", "b1", at, "copy")
    assert layout.parse_backup_key(receipt) == layout.BackupKey(folder=folder, what="receipt")
    data = layout.make_data_prefix("simpeg", "b1") + "db01.dump.age.000"
    assert layout.parse_backup_key(data) == layout.BackupKey(folder=folder, what="data")
    assert layout.parse_backup_key("systems/simpeg/catatan").what == "other"
    assert layout.parse_run(layout.make_line_key("r1", 12)) == "r1"
    form = layout.make_form_key("restore", 2026, "r-1", 5)
    assert layout.parse_form_key(f"{form}.pdf") == layout.FormKey(procedure="restore", run="r-1", step="5")
    assert layout.parse_claimed_round(layout.make_claim_key("2026-s2", 1)) == "2026-s2"
    assert layout.parse_claimed_round(layout.make_paper_key("2026-s2", "runs/1.pdf")) == ""
    assert layout.parse_concern(layout.make_watch_key("abc", at, "open")) == "abc"
    kept = layout.make_kept_key("simpeg", "r1", "16385")
    assert layout.is_dropped_key(layout.make_dropped_key(kept))
    assert not layout.is_dropped_key(kept)

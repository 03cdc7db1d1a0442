"""The tests' own house: test modules stand alone, what they share lies in tests/lab, and the product knows nothing of it."""

from __future__ import annotations

import re
from pathlib import PurePath

import pytest

from tests.lab.repository import ROOT

ROOMS = ("unit", "integration", "contracts", "flows", "faults", "end_to_end")
PRODUCT = ("jagadata", "flows", "tasks", "deployments")
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SOURCES = sorted(path for package in PRODUCT for path in (ROOT / package).rglob("*.py"))


def imports_of(text: str) -> set[str]:
    """Every module of the tests that a source names, be it in a program that it holds as text; `from a import b` may mean a.b."""
    found = set(re.findall(r"\btests(?:\.\w+)+", text))
    for module, names in re.findall(r"\bfrom (tests[\w.]*) import (\([^)]*\)|[\w, ]+)", text):
        found |= {f"{module}.{name}" for name in re.findall(r"\w+", names)}
    return found


def is_of_a_test_module(module: str) -> bool:
    first, *inner = module.split(".")
    return first == "tests" and any(re.match(r"test_|conftest$", part) for part in inner)


@pytest.mark.parametrize(
    "text",
    [
        "from tests.unit.test_a import b",
        "from tests.unit import test_a",
        "import tests.faults.backup.test_a as t",
        "def f():\n    from tests.conftest import lab",
        "code = 'import sys; from tests.faults import test_a as t; t.work()'",
        "command = ['python', '-m', 'tests.faults.test_a']",
    ],
)
def test_an_import_of_a_test_module_is_seen_in_every_way_of_writing_it(text):
    assert any(map(is_of_a_test_module, imports_of(text)))


@pytest.mark.parametrize(
    "text", ["from tests.lab.office import open_office", "import tests.bench", "a = 'test_a'"]
)
def test_what_tests_share_may_be_imported(text):
    assert not any(map(is_of_a_test_module, imports_of(text)))


def test_no_test_module_is_imported_by_another():
    found = {
        path.relative_to(ROOT).as_posix(): imports_of(path.read_text(encoding="utf-8")) for path in TESTS
    }
    own = PurePath(__file__).relative_to(ROOT).as_posix()  # names such imports as examples
    assert {
        path: wrong
        for path, names in found.items()
        if path != own and (wrong := {*filter(is_of_a_test_module, names)})
    } == {}


def test_nothing_outside_tests_imports_tests():
    wrong = re.compile(r"^\s*(?:from|import) tests\b|-m\W+tests\b", re.MULTILINE)
    assert [path for path in SOURCES if wrong.search(path.read_text(encoding="utf-8"))] == []


def test_every_test_module_lies_in_a_room_that_is_a_package():
    """Two modules of one name in folders that are no packages would hide each other."""
    modules = [path for path in TESTS if path.name.startswith("test_")]
    assert {path.relative_to(ROOT / "tests").parts[0] for path in modules} <= {*ROOMS}
    assert [path for path in modules if not (path.parent / "__init__.py").is_file()] == []

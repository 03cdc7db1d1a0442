"""Every file and module that a page, a docstring, a comment or pyproject names is there."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.lab.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ROOTS = ("jagadata", "flows", "tasks", "deployments", "tests")
PLACEHOLDERS = {"NAME.py", "test_NAME.py", "NAME_run.py", "ENGINE.py", "x.py"}
"""What a reader puts a name of their own in for."""
FOREIGN = {"views/api.py", "logic/schema.py", "lib/uploader.py"}
"""Files of CKAN."""
NO_MODULES = {"service", "env", "conf", "example", "go", "id", "invalid"}
"""`jagadata.service` and the like: units, settings and hosts, not modules."""
_FILE = re.compile(r"(?<![\w/.*{}<>-])(?:[\w-]+/)*\w+\.py\b")
_DOTTED = re.compile(rf"(?<![\w/.@-])(?:{'|'.join(ROOTS)})(?:\.[A-Za-z_]\w*)+")


def pages():
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deployments/**/*.md")]
    return [*(page for page in found if not page.name.startswith("bench-report")), ROOT / "pyproject.toml"]


def sources():
    return [path for root in ROOTS for path in (ROOT / root).rglob("*.py")]


@cache
def files():
    return {"/" + path.relative_to(ROOT).as_posix() for path in sources()}


def prose(path: Path) -> str:
    """A page; of a source its docstrings and comments."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    tree = ast.parse(text)
    lines = [
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return "\n".join(lines + [token.string for token in tokens if token.type == tokenize.COMMENT])


def module_exists(dotted: str) -> bool:
    """A package, a module, or something that one of them defines."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if source.is_file() or place.is_dir():
            rest = parts[length : length + 1]
            text = source.read_text(encoding="utf-8") if source.is_file() else ""
            return not rest or re.search(rf"\b{rest[0]}\b", text) is not None
    return False


def find_missing(path: Path) -> set[str]:
    text = prose(path)
    named = {name for name in _FILE.findall(text) if "NAME/" not in name} - FOREIGN
    named = {name for name in named if name.rpartition("/")[2] not in PLACEHOLDERS}
    missing = {name for name in named if not any(file.endswith("/" + name) for file in files())}
    for dotted in _DOTTED.findall(text):
        if (
            dotted.split(".")[1] not in NO_MODULES
            and not dotted.endswith(".py")
            and not module_exists(dotted)
        ):
            missing.add(dotted)
    return missing


def test_what_the_pages_and_pyproject_name_exists():
    assert {path.name: missing for path in pages() if (missing := find_missing(path))} == {}


def test_what_docstrings_and_comments_name_exists():
    found = {str(path.relative_to(ROOT)): find_missing(path) for path in sources()}
    assert {name: missing for name, missing in found.items() if missing} == {}


@pytest.mark.parametrize(
    "text",
    [
        "see gone.py",
        "see `jagadata/gone.py`",
        "jagadata.gone",
        "(tests.lab.gone)",
        "jagadata.errors.GoneError",
    ],
)
def test_a_name_that_leads_nowhere_is_noticed(tmp_path, text):
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    assert find_missing(page)


def test_a_name_in_a_docstring_or_comment_counts_and_one_in_code_does_not(tmp_path):
    source = tmp_path / "source.py"
    source.write_text('"""As gone1.py."""\nx = "gone2.py"  # as gone3.py\n', encoding="utf-8")
    assert find_missing(source) == {"gone1.py", "gone3.py"}

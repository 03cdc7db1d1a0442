"""click's own phrases: all of them in the catalogue, and the catalogue is what gettext reads."""

import ast
import os
import re
import string
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from jagadata.cli import main
from jagadata.cli.language import Program
from tests.lab.catalogue import CATALOGUE, compile_phrases, read_phrases

FOR_PROGRAMMERS = re.compile(
    r"Could not determine name|No options defined|Arguments take exactly|defined twice|Boolean option|Choice\(|"
    r"Value must be an iterable|Invalid start character|Unknown (?:color|standard stream)"
)
"""What click says about a faulty program, not to those who use it."""


def phrases_of_click():
    """'phrase' or 'singular NUL plural' of every call of gettext in click's source."""
    for path in Path(click.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                count = {"_": 1, "ngettext": 2}.get(node.func.id, 0)
                texts = [one.value for one in node.args[:count] if isinstance(one, ast.Constant)]
                if count and len(texts) == count and not FOR_PROGRAMMERS.search(texts[0]):
                    yield "\0".join(texts)


def fields(text):
    named = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    return named | set(re.findall(r"%\((\w+)\)s", text))


def test_every_phrase_that_click_may_tell_staff_is_in_the_catalogue():
    found = set(phrases_of_click())
    assert len(found) > 40
    assert found - set(read_phrases(CATALOGUE)) == set()


def test_a_translation_asks_for_nothing_that_its_phrase_does_not_hold():
    for phrase, translation in read_phrases(CATALOGUE).items():
        if phrase:
            assert translation, phrase
            assert fields(translation) <= fields(phrase.split("\0")[-1]), phrase


def test_gettext_reads_what_the_catalogue_says():
    assert CATALOGUE.with_suffix(".mo").read_bytes() == compile_phrases(read_phrases(CATALOGUE)), (
        "run `make messages`"
    )


@pytest.mark.parametrize("locale", [{}, {"LANG": "C"}, {"LANGUAGE": "en", "LC_ALL": "en_US.UTF-8"}])
def test_the_command_line_is_indonesian_in_any_locale_and_leaves_the_locale_alone(monkeypatch, locale):
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    result = CliRunner().invoke(main, ["backups", "--nope"], prog_name="jaga")
    assert result.stderr.startswith("GALAT: Opsi '--nope' tidak ada.")
    assert dict(os.environ) == before


@pytest.fixture
def program(tmp_path):
    """A program with an option of every kind; `tmp_path` is its folder."""
    made = Program("jaga")

    @click.command()
    @click.option("--count", type=click.IntRange(1, 3), default=2, show_default=True)
    @click.option("--share", type=float)
    @click.option("--kind", type=click.Choice(["a", "b"]), required=True)
    @click.option("--day", type=click.DateTime(["%Y-%m-%d"]))
    @click.option("--folder", type=click.Path(file_okay=False, exists=True))
    @click.option("--paper", type=click.Path(dir_okay=False, exists=True))
    @click.option("--pair", nargs=2)
    def run(**_values):
        pass

    made.add_commands([run])
    (tmp_path / "berkas").touch()
    return made


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Opsi '--kind' belum diisi. Pilihannya:\n\ta,\n\tb"),
        (["--kind", "c"], "Isian '--kind' salah: 'c' bukan salah satu dari 'a', 'b'."),
        (["--count", "x"], "Isian '--count' salah: 'x' bukan bilangan."),
        (["--count", "9"], "Isian '--count' salah: 9 di luar rentang 1<=x<=3."),
        (["--share", "x"], "Isian '--share' salah: 'x' bukan bilangan."),
        (["--day", "kemarin"], "Isian '--day' salah: 'kemarin' tidak berbentuk '%Y-%m-%d'."),
        (["--folder", "tiada"], "Isian '--folder' salah: 'tiada' tidak ada."),
        (["--folder", "berkas"], "Isian '--folder' salah: 'berkas' sebuah berkas, bukan folder."),
        (["--paper", "."], "Isian '--paper' salah: '.' sebuah folder, bukan berkas."),
        (["--shares", "1"], "Opsi '--shares' tidak ada. Maksudnya '--share'?"),
    ],
)
def test_what_click_says_about_a_faulty_value_is_indonesian(program, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(program, ["run", *words], prog_name="jaga")
    assert result.stderr == f"GALAT: {said}\nPETUNJUK: Lihat `jaga run --help`.\n"


def test_the_placeholders_of_a_help_page_are_indonesian(program):
    page = CliRunner().invoke(program, ["run", "--help"], prog_name="jaga").stdout
    assert re.findall(r"--(\w+) ([A-Z]+)", page) == [
        ("count", "ANGKA"),
        ("share", "ANGKA"),
        ("folder", "FOLDER"),
        ("paper", "BERKAS"),
        ("pair", "TEKS"),
    ]
    assert "[bawaan: 2; 1<=x<=3]" in page
    assert "[wajib]" in page

"""The command line without servers: the first day's files, help pages, and what faulty input gets."""

from __future__ import annotations

import os
import re
import stat

import click
import pytest
import yaml
from click.testing import CliRunner

from jagadata.adapters.postgres.passwords import derive_password
from jagadata.cli import main
from jagadata.cli.language import Program
from jagadata.cli.tables import clean
from jagadata.errors import DamagedError, JagadataError, RefusedError, UnreachableError
from jagadata.office.file import load_office


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, without an office file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JAGADATA_OFFICE", raising=False)
    return tmp_path


def jaga(*arguments, **options):
    return CliRunner().invoke(main, list(arguments), prog_name="jaga", catch_exceptions=False, **options)


def fill_in(folder):
    """`jaga init` and `jaga keys init`, and what a person does with their output."""
    assert jaga("init").exit_code == 0
    printed = jaga("keys", "init").stdout
    keys = yaml.safe_load(printed.split("\n\n")[0])
    path = folder / "office.yaml"
    value = yaml.safe_load(path.read_text(encoding="utf-8")) | keys
    value["stores"][1]["path"] = "cadangan"
    path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    return printed


# --- help and faulty arguments ---


def commands(command=main, words=()):
    yield list(words)
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, (*words, name))


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_help_page_is_in_indonesian_and_lists_exit_codes(words):
    result = jaga(*words, "--help")
    assert result.exit_code == 0
    assert result.output.startswith("Pemakaian: ")
    assert not re.search(r"Usage|Options|Commands|Show this|\[required\]|TEXT|\bARGS\b", result.output)
    if not result.output.count("Perintah:") or not words:
        assert "Kode keluar:" in result.output


@pytest.mark.parametrize(
    ("words", "said", "place"),
    [
        (["bakups"], "Perintah 'bakups' tidak ada. Maksudnya 'backups'?", "jaga"),
        (["backups", "--nope"], "Opsi '--nope' tidak ada.", "jaga backups"),
        (["backups", "--period"], "Opsi '--period' memerlukan isian.", "jaga"),
        (["backups", "--json=1"], "Opsi '--json' tidak memakai isian.", "jaga"),
        (["db", "prepare"], "Isian 'SERVER' belum ada.", "jaga db prepare"),
        (["db", "prepare", "a", "b"], "Isian berlebih: b.", "jaga db prepare"),
        (["restore"], "Opsi '--system' belum diisi.", "jaga restore"),
        (["kept", "hapus"], "Perintah 'hapus' tidak ada.", "jaga kept"),
    ],
)
def test_faulty_arguments_are_told_in_indonesian_with_the_help_page_to_read(folder, words, said, place):
    result = jaga(*words)
    assert result.exit_code == 2
    assert result.stderr == f"GALAT: {said}\nPETUNJUK: Lihat `{place} --help`.\n"


@pytest.mark.parametrize(
    "error", [JagadataError("A gagal.", "Lakukan B."), RefusedError("A.", ""), UnreachableError("A.", "B."), DamagedError("A.", "B.")]
)  # fmt: skip
def test_an_error_is_told_in_words_with_its_exit_code_and_a_trace_only_on_demand(error):
    program = Program("jaga", params=[click.Option(["--debug"], is_flag=True)])

    @program.command(name="x")
    def fails():
        raise error

    program.callback = lambda debug: None
    result = CliRunner().invoke(program, ["x"])
    hint = f"PETUNJUK: {error.hint}\n" if error.hint else ""
    assert (result.exit_code, result.stderr) == (error.exit_code, f"GALAT: {error.message}\n{hint}")
    assert "Traceback" in CliRunner().invoke(program, ["--debug", "x"]).stderr


def test_a_prompt_that_is_broken_off_is_told(folder):
    fill_in(folder)
    result = jaga("keys", "test-recovery", input="")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "Dibatalkan.")


def test_what_would_steer_the_terminal_is_made_visible():
    assert clean("a\x1b[2Jb\x07é") == "a\\x1b[2Jb\\x07é"


# --- the first day ---


def test_init_writes_a_private_starter_and_never_overwrites(folder):
    result = jaga("init")
    assert (result.exit_code, "jaga keys init" in result.stdout) == (0, True)
    path = folder / "office.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("milik kantor", encoding="utf-8")
    result = jaga("init")
    assert result.exit_code == 3
    assert "office.yaml sudah ada dan tidak ditimpa" in result.stderr
    assert path.read_text(encoding="utf-8") == "milik kantor"


def test_init_writes_where_it_is_told(folder):
    assert jaga("init", "kantor/berkas.yaml").exit_code == 0
    assert (folder / "kantor" / "berkas.yaml").exists()


def test_init_does_not_follow_a_link(folder):
    (folder / "office.yaml").symlink_to(folder / "lain.yaml")
    assert jaga("init").exit_code == 3
    assert not (folder / "lain.yaml").exists()


def test_starter_and_keys_together_are_a_faultless_office_file(folder):
    fill_in(folder)
    office = load_office(folder / "office.yaml")
    assert office.keys.signing == f"file:{folder}/keys/signing.pem"


def test_keys_are_private_and_the_recovery_identity_is_written_nowhere(folder):
    printed = fill_in(folder)
    identity = re.search(r"AGE-SECRET-KEY-\S+", printed)[0]
    assert printed.count("AGE-SECRET-KEY-") == 1
    for path in (folder / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "keys").stat().st_mode) == 0o700
    assert identity not in "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert "amplop" in printed


@pytest.mark.parametrize("left", ["signing.pem", "identity.txt"])
def test_keys_are_never_overwritten_not_even_one_of_them(folder, left):
    (folder / "keys").mkdir()
    (folder / "keys" / left).write_text("kunci lama", encoding="utf-8")
    result = jaga("keys", "init")
    assert result.exit_code == 3
    assert "AGE-SECRET-KEY" not in result.output
    assert [path.name for path in (folder / "keys").iterdir()] == [left]
    assert (folder / "keys" / left).read_text(encoding="utf-8") == "kunci lama"


def test_references_to_keys_start_at_the_office_file(folder, monkeypatch):
    monkeypatch.setenv("JAGADATA_OFFICE", str(folder / "kantor" / "office.yaml"))
    assert (
        f"signing: file:{folder}/kantor/rahasia/signing.pem"
        in jaga("keys", "init", "--folder", "kantor/rahasia").stdout
    )
    elsewhere = jaga("keys", "init", "--folder", "luar").stdout
    assert f"signing: file:{folder}/luar/signing.pem" in elsewhere


def test_a_redirected_recovery_identity_is_warned_of(folder):
    assert "dialihkan" in jaga("keys", "init").stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_told(folder):
    folder.chmod(0o500)
    try:
        result = jaga("init")
    finally:
        folder.chmod(0o700)
    assert (result.exit_code, "tidak dapat dibuat" in result.stderr) == (3, True)


@pytest.mark.parametrize(
    "words", [["db", "prepare", "pg1"], ["host", "prepare", "app1"], ["store", "prepare"], ["apply"], ["backups"], ["keys", "test-recovery"]]
)  # fmt: skip
def test_without_an_office_file_the_way_to_one_is_told(folder, words):
    result = jaga(*words)
    assert result.exit_code == 2
    assert "office.yaml tidak dapat dibaca" in result.stderr
    assert "`jaga init`" in result.stderr


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (["db", "prepare", "pg9"], "pg1"),
        (["host", "prepare", "app9"], "app1"),
        (["store", "prepare", "lain"], "utama, kedua"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(folder, words, known):
    fill_in(folder)
    result = jaga(*words)
    assert result.exit_code == 5
    assert f"'{words[-1]}' tidak ada di berkas kantor" in result.stderr
    assert f"Pilih salah satu dari: {known}." in result.stderr


def test_what_administrators_paste_is_printed_and_holds_no_secret(folder, monkeypatch):
    fill_in(folder)
    secret = "rahasia server yang cukup panjang"
    monkeypatch.setenv("JAGADATA_RAHASIA_PG", secret)
    sql, script = jaga("db", "prepare", "pg1").stdout, jaga("host", "prepare", "app1").stdout
    assert sql.startswith("--")
    assert "GRANT pg_read_all_data" in sql
    assert script.startswith("#!/bin/sh\n")
    assert "NOPASSWD" in script
    assert "SCRAM-SHA-256$" in sql
    for hidden in ("PRIVATE KEY", secret, derive_password(secret, "jagadata_restore")):
        assert hidden not in sql + script


def test_directory_stores_are_prepared_as_often_as_one_likes(folder):
    fill_in(folder)
    assert "bucket 'jagadata'" in jaga("store", "prepare", "utama").stdout
    first = jaga("store", "prepare")
    marker = (folder / "cadangan" / "jagadata-store.json").read_text()
    again = jaga("store", "prepare", "kedua")
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert f"kedua: {folder}/cadangan siap." in again.stdout
    assert (folder / "cadangan" / "jagadata-store.json").read_text() == marker


def test_a_store_that_can_not_be_made_is_told(folder):
    fill_in(folder)
    (folder / "cadangan").write_text("sebuah berkas")
    result = jaga("store", "prepare")
    assert result.exit_code in (3, 4)
    assert result.stderr.startswith("GALAT: ")
    assert f"{folder}/cadangan" in result.stderr


def test_apply_touches_no_server_while_the_office_file_has_faults(folder):
    jaga("init")
    result = jaga("apply")
    assert result.exit_code == 2
    assert "keys.signers[0].key" in result.stderr


@pytest.mark.parametrize("period", ["2026-13", "26-11", "November", "2026-00", "../2026-11"])
def test_an_impossible_period_is_refused(folder, period):
    fill_in(folder)
    result = jaga("backups", "--period", period)
    assert result.exit_code == 3
    assert "GALAT:" in result.stderr

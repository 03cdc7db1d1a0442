"""The process that reads what strangers sent, attacked from inside: each way of shutting it off, with the others switched off."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jagadata.adapters.confinement import CALLS, EVERYTHING, has_seccomp, landlock_version
from jagadata.adapters.spreadsheets.examiner import examine, open_archive, try_confinement
from jagadata.collection.round import Round
from jagadata.errors import UnconfinedError
from jagadata.office.collection import Limits
from tests.lab.corpus.asked import DATASETS, RICE_HEAD, rice
from tests.lab.corpus.makers import text
from tests.lab.repository import ROOT
from tests.lab.sandbox_attack import SECRET

NAMESPACES, LANDLOCK = ("ruang nama",), ("Landlock", CALLS)
SHUT = [NAMESPACES, ("ruang nama", CALLS), LANDLOCK, EVERYTHING]
ALWAYS_DONE = {  # where nothing is shut: else the attacks below would prove nothing
    "baca kunci tanda tangan",
    "baca berkas mesin (/etc/passwd)",
    "baca lingkungan proses induk",
    "baca memori proses induk (/proc)",
    "baca berkas terbuka proses induk",
    "lihat folder kerja",
    "tulis di folder kerja",
    "hapus berkas",
    "ganti nama berkas",
    "potong berkas",
    "ubah izin berkas",
    "kirim TCP ke mesin ini",
    "kirim UDP ke mesin ini",
    "kirim lewat soket berkas",
    "kirim lewat soket abstrak",
    "kirim sinyal ke proses induk",
    "jalankan program",
}


def _name(ways):
    return "+".join(ways) or "nothing"


def _is_there(ways):
    try:
        return bool(try_confinement(Path("/tmp"), ways))
    except UnconfinedError:
        return False


def _need(ways):
    if not _is_there(ways):
        if os.environ.get("CI") == "true":
            pytest.fail(f"this machine can't shut a process off by {_name(ways)}")
        pytest.skip(f"this machine can't shut a process off by {_name(ways)}")


def _attack(folder, ways):
    return _run([sys.executable, "-m", "tests.lab.sandbox_attack", str(folder), *ways])


def _run(command):
    """What a process that is asked, as the sandbox is, prints as JSON."""
    asked, asking = os.pipe()  # its end would end the fork
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "RAHASIA_UJI": SECRET},
            stdin=asked,
            stdout=subprocess.PIPE,
            timeout=60,
            check=True,
        )
    finally:
        os.close(asked)
        os.close(asking)
    return json.loads(done.stdout)


@pytest.mark.parametrize("ways", SHUT, ids=_name)
def test_code_in_the_sandbox_gets_nothing_of_the_run_that_reads_its_file(tmp_path, ways):
    _need(ways)
    answer = _attack(tmp_path, ways)
    assert answer["way"] == ways[0]
    assert answer["own"] == "isi kiriman"
    assert {name: got for name, got in answer["got"].items() if got} == {}
    assert answer["reached"] == []
    assert answer["key"] == SECRET
    assert (tmp_path / "kunci.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "korban4").read_text(encoding="ascii") == "utuh"


def test_the_same_code_gets_all_of_it_where_nothing_is_shut(tmp_path):
    answer = _attack(tmp_path, ())
    assert answer["way"] == ""
    done = {name for name, got in answer["got"].items() if got}
    assert done >= ALWAYS_DONE
    assert SECRET in answer["got"]["baca kunci tanda tangan"]
    assert SECRET in answer["got"]["baca lingkungan proses induk"]
    assert "sinyal" in answer["reached"]
    assert answer["reached"].count("soket") == 3


def _examine(folder, **how):
    path = folder / "dikirim"
    path.write_bytes(text([RICE_HEAD, *rice()]))
    return examine(
        path,
        "padi.csv",
        DATASETS,
        round=Round(2026, 2),
        limits=Limits(),
        region="3503",
        folder=folder,
        **how,
    )


@pytest.mark.parametrize("ways", [NAMESPACES, LANDLOCK], ids=_name)
def test_a_table_is_read_the_same_in_each_way(tmp_path, ways):
    _need(ways)
    found = _examine(tmp_path, ways=ways)
    assert found.complete
    assert [(tmp_path / one.file).is_file() for one in found.tables] == [True]


def test_where_no_way_works_a_file_is_not_read_unless_the_office_wants_it(tmp_path):
    with pytest.raises(UnconfinedError, match="tidak dapat dikurung") as caught:
        _examine(tmp_path, ways=())
    assert "jaringan" in caught.value.message
    assert "Landlock" in caught.value.hint
    with pytest.raises(UnconfinedError):
        try_confinement(tmp_path, ())
    assert _examine(tmp_path, ways=(), unconfined=True).complete


def test_landlock_without_libseccomp_is_not_believed(tmp_path):
    if not landlock_version() or not has_seccomp():
        pytest.skip("no Landlock or no libseccomp here")
    with pytest.raises(UnconfinedError, match="jaringan"):
        _examine(tmp_path, ways=("Landlock",))


@pytest.mark.parametrize(
    "lie",
    [
        "[]",
        "{}",
        '{"ended": "terbuka", "at": "jaringan"}',
        '{"ended": ["waktu"]}',
        '{"examination": 1, "sizes": []}',
        '{"examination": {"tables": [{}]}, "sizes": []}',
        '{"examination": {"name": "x", "tables": [{"dataset": 1}]}, "sizes": [0]}',
        '{"examination": {"name": "x", "tables": [{"dataset": "x"}]}, "sizes": ["banyak"]}',
        "[" * 100_000,
        "bukan json",
    ],
)
def test_what_code_in_a_file_says_in_the_readers_name_is_a_fault_of_the_file(tmp_path, lie):
    """The fork says it in place of the reader; the way from there to the finding is the real one."""
    answer = _run([sys.executable, "-m", "tests.lab.lying_reader", str(tmp_path), lie])
    assert answer["codes"] in (["berkas-rusak"], ["batas-memori"])
    assert answer["left"] == ["dikirim"]


def test_an_archive_is_opened_in_the_sandbox_too(tmp_path):
    path, into = tmp_path / "a.zip", tmp_path / "isi"
    path.write_bytes(b"PK\x03\x04 terpotong")
    into.touch()
    assert "rusak" in open_archive(path, into, Limits(), folder=tmp_path)["refusal"]


UNDER_THE_UNIT = """
import sys
from pathlib import Path
from jagadata.adapters import confinement
library, allow, deny = confinement._seccomp, 0x7FFF0000, 0x00050001
rules = library.seccomp_init(deny)
for name in sys.argv[2:]:
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number >= 0:
        library.seccomp_rule_add(rules, allow, number, 0)
assert library.seccomp_load(rules) == 0
from jagadata.adapters.spreadsheets.examiner import try_confinement
print(try_confinement(Path(sys.argv[1])))
"""


def _allowed_by(unit):
    """The system calls that a unit allows, as this machine's systemd understands it; namespaces are forbidden to it."""
    done = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True)
    groups = {}
    for line in done.stdout.splitlines():
        if line.startswith("@"):
            groups[line.strip()] = inner = []
        elif line.strip() and not line.strip().startswith("#"):
            inner.append(line.strip())

    def expand(name):
        return {one for inner in groups[name] for one in expand(inner)} if name.startswith("@") else {name}

    lines = [
        line for line in unit.read_text(encoding="ascii").splitlines() if line.startswith("SystemCallFilter=")
    ]
    found = {one for line in lines for name in line.partition("=")[2].split() for one in expand(name)}
    assert "RestrictNamespaces=yes" in unit.read_text(encoding="ascii")
    return sorted(found - {"unshare", "setns"})


def test_under_the_workers_unit_one_way_is_left(tmp_path):
    _need(LANDLOCK)
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not here")
    allowed = _allowed_by(ROOT / "deployments/systemd/jagadata-worker.service")
    done = subprocess.run(
        [sys.executable, "-c", UNDER_THE_UNIT, str(tmp_path), *allowed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("Landlock"), done.stderr

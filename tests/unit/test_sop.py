import re

import pytest

from jagadata import sop
from jagadata.office.people import ROLES
from tests.lab.repository import ROOT

SOURCE = (ROOT / "docs" / "sop" / "source.txt").read_text(encoding="utf-8")
HEADINGS = {
    "Pengumpulan Data": "URAIAN PROSEDUR",
    "Restore Data": "URAIAN PROSEDUR RESTORE DATA",
    "Back Up Data": "URAIAN PROSEDUR BACK UP DATA",
}


def rows_of(procedure):
    """The rows of its table in the source: number, text, then whatever cells are filled."""
    text = re.split(rf"^\**{HEADINGS[procedure.name]}\**$", SOURCE, flags=re.MULTILINE)[1]
    text = re.split(r"^\**URAIAN", text, flags=re.MULTILINE)[0]
    text = re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)
    rows = [line.split("\t") for line in text.splitlines() if re.match(r"[0-9]+\t", line)]
    return [(int(row[0]), row[1], [cell for cell in row[2:] if cell.strip()]) for row in rows]


@pytest.mark.parametrize("procedure", sop.PROCEDURES, ids=lambda procedure: procedure.name)
def test_every_step_stands_word_for_word_in_the_source(procedure):
    rows = rows_of(procedure)
    assert [(step.number, step.text) for step in procedure.steps] == [row[:2] for row in rows]
    for step, (_number, _text, cells) in zip(procedure.steps, rows, strict=True):
        said = [step.equipment, step.time, step.output]
        assert [cell for cell in said if cell] == cells


def test_the_head_of_the_sop_stands_in_the_source():
    for text in (
        sop.NUMBER,
        sop.NAME,
        sop.APPROVER,
        sop.APPROVER_NIP,
        *sop.LEGAL_BASIS,
        *sop.WARNINGS,
        *sop.RECORDS,
    ):
        assert text in SOURCE


def test_the_typos_of_the_source_are_kept():
    assert sop.DATA_COLLECTION.step(1).text.startswith("Memperiapkan")
    assert len(sop.APPROVER_NIP) == 17


def test_titles_are_number_and_text():
    assert sop.BACKUP.step(1).title == "1. Melakukan Backup sesuai dengan jadwal yang telah ditetapkan"


def test_no_time_standard_is_invented_for_backup_and_restore():
    steps = (*sop.BACKUP.steps, *sop.RESTORE.steps)
    assert {step.time_text for step in steps} == {"waktu baku belum ditetapkan"}
    assert [step.time for step in sop.DATA_COLLECTION.steps] == [
        "3 hari",
        "1 hari",
        "1 hari",
        "Per 6 bulan",
        "2 kali dalam 1 tahun",
    ]


@pytest.mark.parametrize("procedure", sop.PROCEDURES, ids=lambda procedure: procedure.name)
def test_every_role_is_known_to_the_office_file_or_is_a_party(procedure):
    roles = {role for step in procedure.steps for role in (step.role, *step.with_roles)}
    assert roles <= {*ROLES, *sop.PARTIES}


def test_who_checks_is_not_who_performs():
    assert sop.BACKUP.step(6).role not in {step.role for step in sop.BACKUP.steps[:5]}

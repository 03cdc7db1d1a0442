"""The corpus examined, and its report."""

from __future__ import annotations

from jagadata.adapters.spreadsheets.examiner import examine
from jagadata.collection.round import Round
from jagadata.office.collection import Limits
from tests.lab.corpus import hostile, tables
from tests.lab.corpus.asked import DATASETS
from tests.lab.repository import ROOT

PAGE = ROOT / "docs" / "corpus.md"
CASES = (*tables.CASES, *hostile.CASES)
ROUND = Round(2026, 2)
LIMITS = Limits(file_mib=20, unpacked_mib=32, rows=50_000, memory_mib=400, seconds=20)

INTRO = """# Corpus of what OPD send

Made by `python -m tests.lab.corpus --write`; every file is described and generated in `tests/lab/corpus`, none is copied, and no name or
number in them is anyone's. Asked for: {asked}; round: {round}.

{count} files, {understood} with a table that was understood, {refused} refused in words.

| Berkas | Apa | Dikenali sebagai | Baris | Temuan | Data pribadi | Detik |
|---|---|---|---|---|---|---|
"""


def examine_all(folder):
    """(case, examination) for every file."""
    done = []
    for number, case in enumerate(CASES):
        path = folder / f"{number:03}"
        path.write_bytes(case.make())
        done.append((case, examine_case(case, path, folder)))
    return done


def examine_case(case, path, folder, **more):
    return examine(
        path,
        case.name,
        DATASETS,
        round=ROUND,
        limits=LIMITS,
        region="3503",
        region_name="Kabupaten Trenggalek",
        folder=folder,
        **more,
    )


def render_report(done):
    lines = []
    for case, found in done:
        codes = ", ".join(
            f"{one.code}{f' ×{one.count}' if one.count > 1 else ''}{'' if one.severity == 'kesalahan' else ' (p)'}"
            for one in found.findings
        )
        tables = ", ".join(sorted(table.dataset for table in found.tables))
        kinds = ", ".join(sorted({one.kind for one in found.personal}))
        held = " · ditahan" if any(table.held for table in found.tables) else ""
        cells = (
            found.name,
            case.what,
            f"{found.kind}{f': {tables}' if tables else ''}" or "-",
            str(sum(table.rows for table in found.tables)),
            codes or "-",
            f"{kinds}{held}" or "-",
            f"{found.seconds:.2f}",
        )
        lines.append(_row(cells))
    understood = sum(1 for _case, found in done if found.tables)
    return (
        INTRO.format(
            asked=", ".join(f"{one.name} (`{one.code}`)" for one in DATASETS),
            round=ROUND.text,
            count=len(done),
            understood=understood,
            refused=len(done) - understood,
        )
        + "".join(lines)
        + "\n(p): peringatan, yang tidak menahan kelengkapan; yang lain harus diperbaiki OPD.\n"
    )


def _row(cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def without_seconds(report):
    """The report's lines without their last column."""
    return [line.rpartition(" | ")[0] if line.startswith("| ") else line for line in report.splitlines()]

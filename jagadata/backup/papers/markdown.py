"""The backup form as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.backup.papers.sheet import count_outcomes, row_size
from jagadata.papers.markdown import only_known, templates
from jagadata.papers.sheet import make_notes, when, yes_or_no
from jagadata.text.formats import WIB, format_date, format_duration
from jagadata.text.periods import parse_period

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from jagadata.backup.papers.form import BackupForm, BackupRow


def render_backup(form: BackupForm, tz: ZoneInfo = WIB) -> str:
    """The form as far as it is filled in, as tables."""
    head = [
        ("Periode", parse_period(form.period).text),
        ("Pelaksanaan", form.occasion),
        ("Jadwal yang Ditetapkan", form.schedule),
        ("Jumlah Aplikasi", count_outcomes(form)),
        ("Tanggal Pengisian", when(form.at, tz)),
        ("Pelaksana", form.performer.name),
        ("Keterangan", form.note),
    ]
    review = [
        ("Hasil Pemeriksaan", form.review or ""),
        ("Catatan", form.review_note),
        ("Pemeriksa", form.reviewer.name),
        ("Tanggal", when(form.reviewer.at, tz)),
    ]
    return templates.get_template("backup/form.md.j2").render(
        form=form,
        head=only_known(head),
        rows=[_cells(number, row) for number, row in enumerate(form.rows, 1)],
        details=[_details(number, row, tz) for number, row in enumerate(form.rows, 1)],
        review=only_known(review),
        notes=make_notes(form.remarks, (form.performer, form.reviewer)),
    )


def _cells(number: int, row: BackupRow) -> tuple[str, ...]:
    return (
        str(number),
        row.application,
        row.outcome or "-",
        row_size(row) or "-",
        format_duration(row.duration) if row.duration is not None else "-",
    )


def _details(number: int, row: BackupRow, tz: ZoneInfo) -> tuple[str, list[str]]:
    """What a narrow dialog can't show in columns."""
    lines = [
        ("Mulai", when(row.started, tz)),
        ("Penyimpanan", row.storage),
        ("Salinan kedua", row.second_copy),
        ("Hash sesuai setelah penyalinan", yes_or_no(row.hash_matches)),
        ("Retensi s.d.", format_date(row.retained_until, tz) if row.retained_until else ""),
        ("Sebab gagal", row.reason),
        ("Cara verifikasi", "; ".join(row.verification)),
        *(("File", f"{file.name} (SHA-256 {file.sha256[:16] or '-'}…)") for file in row.files),
        ("Kendala/tindak lanjut", row.obstacles),
        ("Keterangan", row.remarks),
    ]
    return f"{number}. {row.application}", [f"{label}: {value}" for label, value in only_known(lines)]

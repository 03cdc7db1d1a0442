"""The mails of the SOP back up: to the Kasi who checks, and to those who perform. Pure given templates/backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jagadata.backup.papers.sheet import count_outcomes
from jagadata.papers.mails import addressee, make_mail
from jagadata.text.periods import parse_period

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.backup.papers.form import BackupForm
    from jagadata.papers.values import Signature
    from jagadata.ports.channel import Message


def _about_backup(
    name: str,
    form: BackupForm,
    to: Sequence[str],
    signature: Signature,
    facts: Sequence[tuple[str, str]],
    person: str = "",
    **values: Any,
) -> Message:
    period = parse_period(form.period).text
    lines = [
        ("Nomor Formulir", form.number),
        ("Periode", period),
        ("Pelaksanaan", form.occasion),
        ("Jumlah Aplikasi", count_outcomes(form)),
        *facts,
    ]
    return make_mail(
        f"backup/{name}",
        to,
        person=person or addressee(signature),
        office=form.office,
        facts=lines,
        form=form,
        period=period,
        **values,
    )


_RESPONSIBLE = "Pejabat Penanggung Jawab Back Up Data"
"""Whom a letter to several of them addresses, the Kasi among them."""


def _failures(form: BackupForm) -> list[tuple[str, str]]:
    return [(row.application, f"Gagal: {row.reason or '-'}") for row in form.rows if row.outcome == "Gagal"]


def render_review_request(
    form: BackupForm,
    *,
    to: Sequence[str],
    link: str,
    until: str = "",
    attachments: Sequence[tuple[str, bytes]] = (),
) -> Message:
    """To the Kasi (step 6): the form is ready to be received and checked."""
    return _about_backup(
        "review_request",
        form,
        to,
        form.reviewer,
        _failures(form),
        link=link,
        link_text="Buka halaman pemeriksaan",
        attachments=attachments,
        until=until,
    )


def render_returned(
    form: BackupForm, *, to: Sequence[str], attachments: Sequence[tuple[str, bytes]] = ()
) -> Message:
    """To the performer: Dikembalikan, with the reviewer's note."""
    facts = [("Catatan Pemeriksa", form.review_note), ("Pemeriksa", form.reviewer.name)]
    return _about_backup("returned", form, to, form.performer, facts, attachments=attachments)


def render_unexamined(form: BackupForm, *, to: Sequence[str]) -> Message:
    """To those responsible: nobody may examine the form, and why."""
    facts = [("Keterangan", "; ".join(form.remarks))]
    return _about_backup("unexamined", form, to, form.performer, facts, person=_RESPONSIBLE)


def render_backup_failure(
    form: BackupForm, *, to: Sequence[str], link: str = "", attachments: Sequence[tuple[str, bytes]] = ()
) -> Message:
    """To those responsible: which applications have no backup from this run, and why."""
    failures = _failures(form)
    return _about_backup(
        "failed",
        form,
        to,
        form.performer,
        failures,
        link=link,
        attachments=attachments,
        failed=len(failures),
        person=_RESPONSIBLE,
        notice=True,
    )

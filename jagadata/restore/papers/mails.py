"""The mails of the SOP restore: to the requester, and to those who may approve. Pure given templates/restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jagadata.papers.mails import addressee, make_mail
from jagadata.papers.sheet import when
from jagadata.text.formats import WIB, format_duration, format_moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from jagadata.ports.channel import Message
    from jagadata.restore.papers.form import RestoreForm


def _to_requester(
    name: str,
    form: RestoreForm,
    to: Sequence[str],
    facts: Sequence[tuple[str, str]],
    tz: ZoneInfo,
    **values: Any,
) -> Message:
    lines = [*_request(form, tz), *facts]
    return make_mail(
        f"restore/{name}", to, person=form.requester, office=form.office, facts=lines, form=form, **values
    )


def _request(form: RestoreForm, tz: ZoneInfo) -> list[tuple[str, str]]:
    return [
        ("Nomor Permohonan", form.number),
        ("Tanggal/Jam Permohonan", format_moment(form.at, tz)),
        ("Nama Aplikasi", form.application),
        ("Nama Data/Basis Data", form.database),
        ("Tujuan Restore", form.purpose),
        ("Titik Pemulihan", form.point),
    ]


def _times(form: RestoreForm, tz: ZoneInfo) -> list[tuple[str, str]]:
    return [
        ("Web Service Dimatikan", when(form.stopped, tz)),
        ("Web Service Diaktifkan", when(form.started, tz)),
        ("Lama Layanan Berhenti", "" if form.off_seconds is None else format_duration(form.off_seconds)),
    ]


def render_request_received(
    form: RestoreForm, *, to: Sequence[str], attachments: Sequence[tuple[str, bytes]] = (), tz: ZoneInfo = WIB
) -> Message:
    """To the requester (step 1): the request is received under its number."""
    facts = [("Uraian Kerusakan Data", form.damage)]
    return _to_requester("request_received", form, to, facts, tz, attachments=attachments)


def render_approval_request(
    form: RestoreForm,
    *,
    to: Sequence[str],
    link: str,
    until: str = "",
    facts: Sequence[tuple[str, str]] = (),
    attachments: Sequence[tuple[str, bytes]] = (),
    tz: ZoneInfo = WIB,
) -> Message:
    """To those who may approve (tambahan). `until` in words, `facts`: plan and impact."""
    lines = [
        *_request(form, tz),
        ("Pemohon", ", ".join(filter(None, (form.requester, form.unit)))),
        ("Uraian Kerusakan Data", form.damage),
        ("Dasar/Alasan Permohonan", form.reason),
        *facts,
    ]
    return make_mail(
        "restore/approval_request",
        to,
        person=addressee(form.approver),
        office=form.office,
        facts=lines,
        link=link,
        link_text="Buka halaman persetujuan",
        attachments=attachments,
        form=form,
        until=until,
    )


def render_rejection(
    form: RestoreForm, *, to: Sequence[str], attachments: Sequence[tuple[str, bytes]] = (), tz: ZoneInfo = WIB
) -> Message:
    """To the requester: not approved, or not carried out all the same; nothing was stopped or changed."""
    facts = [("Keterangan", form.status_reason)]
    if form.approval != "Menyetujui":
        facts = [("Catatan", form.approval_note), *facts, ("Pejabat", form.approver.name)]
    return _to_requester("rejected", form, to, facts, tz, attachments=attachments)


def render_completion(
    form: RestoreForm,
    *,
    to: Sequence[str],
    until: str = "",
    link: str = "",
    attachments: Sequence[tuple[str, bytes]] = (),
    tz: ZoneInfo = WIB,
) -> Message:
    """To the requester (step 5): done, checked, the service is up; asks for the acknowledgement of step 6."""
    facts = [
        ("Back Up yang Digunakan", when(form.backup_at, tz)),
        *_times(form, tz),
        ("Hasil Verifikasi", form.verification),
        ("Basis Data Lama", form.kept),
    ]
    return _to_requester("completed", form, to, facts, tz, link=link, attachments=attachments, until=until)


def render_failure(
    form: RestoreForm,
    *,
    to: Sequence[str],
    running: bool = True,
    attachments: Sequence[tuple[str, bytes]] = (),
    tz: ZoneInfo = WIB,
) -> Message:
    """To the requester (step 5): failed. `running`: the service was seen to answer, on the old data."""
    facts = [*_times(form, tz), ("Penyebab", form.status_reason)]
    return _to_requester("failed", form, to, facts, tz, attachments=attachments, running=running)


def render_acknowledgement_reminder(
    form: RestoreForm, *, to: Sequence[str], until: str = "", link: str = "", tz: ZoneInfo = WIB
) -> Message:
    """To the requester (step 6): the acknowledgement is still missing."""
    facts = [("Status Aduan", form.status)]
    return _to_requester("acknowledgement_reminder", form, to, facts, tz, link=link, until=until)


def render_unconfirmed_closure(
    form: RestoreForm, *, to: Sequence[str], attachments: Sequence[tuple[str, bytes]] = (), tz: ZoneInfo = WIB
) -> Message:
    """To the requester (step 6): 'ditutup tanpa konfirmasi'."""
    facts = [("Status Aduan", form.status)]
    return _to_requester("closed_unconfirmed", form, to, facts, tz, attachments=attachments)

"""The last of a round: the closing report, filed and sent once everything is taken in."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from jagadata import sop
from jagadata.collection.claims import FINISHED, ended
from jagadata.collection.closing.report import Report, make_report_sheet
from jagadata.collection.closing.timing import make_timings
from jagadata.collection.intake.copies import copy_round
from jagadata.collection.intake.receipts import list_receipts
from jagadata.collection.intake.releases import list_releases, make_held_rows, render_release
from jagadata.collection.intake.run import (
    list_deliveries,
    list_quarantine,
    list_unread_mails,
)
from jagadata.collection.inventory.run import read_published
from jagadata.collection.letters import dispatch
from jagadata.collection.steps import (
    COLLECT,
    INVITE,
    MEET,
    SCHEDULE,
    STEPS,
    TAKE_IN,
    DatasetTaken,
    TakenIn,
)
from jagadata.evidence.lines import read_outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagadata.collection.closing.report import ReportWorkbooks
    from jagadata.collection.run import RoundRun
    from jagadata.signoff.signers import Decision


def stored(run: RoundRun, refusals: Mapping[str, list[str]]) -> list[tuple[str, int, str]]:
    """(data set, rows, what became of it) of what is in the inventory, or should be."""
    found = []
    for one in run.datasets():
        taken = read_outcome(run.journal, DatasetTaken, one.code)
        refused = refusals.get(one.code, [])
        if taken or refused:
            names = [publisher.name for publisher, _ in run.place.publishers(run.policy)]
            places = [where for name in names if (where := read_published(run, one, name))]
            texts = [
                *([f"versi {taken.label}"] if taken else []),
                *(f"terpublikasi: {_public(where)}" for where in places),
                *(
                    render_release(run, release)
                    for release in list_releases(run)
                    if release.dataset == one.code
                ),
                *map(hide_paths, refused),
            ]
            found.append((one.name, taken.rows if taken else 0, "; ".join(texts)))
    return found


def _public(where: str) -> str:
    """An address of a portal as it is; of a folder of this machine only its last parts, as a publisher names them."""
    return where if where.startswith(("http://", "https://")) else hide_paths(where)


def hide_paths(text: str) -> str:
    """Without the folders of this machine: '/srv/satu-data/asn/2026-s2.1' is 'asn/2026-s2.1'."""
    return re.sub(
        r"(?<![\w:/.])/(?:[^\s/'\";,]+/)+[^\s/'\";,]*",
        lambda match: "/".join(match[0].rstrip("/").split("/")[-2:]),
        text,
    )


def make_report(run: RoundRun) -> Report:
    """The closing report, from the journal and the receipts."""
    taken_in = read_outcome(run.journal, TakenIn)
    begun = run.open().at
    meeting = run.proposal.begins_at(run.place.timezone)
    ends = {step: ended(run.journal, step) for step in STEPS}
    times = {
        1: (begun, ends[SCHEDULE]),
        2: (ends[SCHEDULE], ends[INVITE]),
        3: (min(meeting, ends[MEET] or meeting), ends[MEET]),
        4: (ends[INVITE], ends[COLLECT]),
        5: (ends[COLLECT], ends[TAKE_IN]),
    }
    failed = [run.agency(key).name for key in _uninvited(run)]
    held, unread = list_quarantine(run), list_unread_mails(run)
    deliveries = list_deliveries(run)
    notes = [
        *([f"Undangan tidak terkirim kepada: {', '.join(failed)}"] if failed else []),
        *([f"{len(held)} berkas dari pengirim yang tidak dikenal tidak diterima"] if held else []),
        *([f"{len(unread)} surel tanpa data tidak dijawab dan perlu dibaca petugas"] if unread else []),
        *(
            f"'{row['Data']}' ditahan karena data pribadi: {row['Sebab']}"
            for row in make_held_rows(deliveries)
        ),
        *(f"Data pribadi pada '{one.dataset}' {render_release(run, one)}" for one in list_releases(run)),
    ]
    return Report(
        round=run.round,
        number=run.number(run.policy.request_code, "laporan"),
        at=run.place.clock(),
        deadline=run.deadline,
        timings=make_timings(
            sop.DATA_COLLECTION, times, run.round, run.place.office.holidays, run.place.timezone
        ),
        agencies=tuple(run.agencies),
        present=run.meet().present,
        deliveries=tuple(deliveries),
        arrivals=tuple(one.arrived for one in list_receipts(run.place, run.round) if one.state == "diterima"),
        stored=tuple(stored(run, taken_in.refusals if taken_in else {})),
        notes=tuple(notes),
    )


def _uninvited(run: RoundRun) -> list[str]:
    return [one.id for one in run.agencies if run.journal.outcome(f"mail:invitation:{one.id}") is None]


def _closed_by(run: RoundRun) -> Decision | None:
    """The decision that closed the collection; None where its time ran out and nobody signed."""
    last = run.decision(f"closing-{run.closings - 1}")
    return last if last and last.answer == "yes" else None


def finish(run: RoundRun) -> Report:
    """Keep the report as PDF and workbook, end the round, and tell those who take part."""
    workbooks: ReportWorkbooks = run.place.spreadsheets
    report = make_report(run)
    lacks = [
        f"Salinan kedua belum lengkap ({one.where}): {hide_paths(one.what)}"
        for one in copy_round(run.place, run.round)
    ]
    report = replace(report, notes=(*report.notes, *lacks))
    signer = run.signature("kasi_data", _closed_by(run))
    sheet = make_report_sheet(report, city=run.place.office.office.city, signer=signer, tz=run.place.timezone)
    papers = [
        ("laporan-penutup.pdf", dispatch.pdf(run, sheet, "collection/report")),
        ("laporan-penutup.xlsx", workbooks.make_report(report, run.place.timezone)),
    ]
    for name, content in papers:
        dispatch.keep(run, name, content)
    copy_round(run.place, run.round)
    dispatch.notify_end(run, papers, status=FINISHED)
    run.end(FINISHED)
    return report

"""The numbered steps of SOP Pengumpulan Data as Prefect tasks, and the gates between them; what they do is in jagadata/collection."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.states import Cancelled, Completed, Failed
from pydantic import Field

from jagadata import sop
from jagadata.collection.claims import FINISHED
from jagadata.collection.closing import steps
from jagadata.collection.closing.markdown import render_report
from jagadata.collection.gates import ATTENDANCE, CLOSING, CONFIRMATION, PROPOSAL, SIGNATURE
from jagadata.collection.intake import delivery_table
from jagadata.collection.intake.run import close_intake, list_deliveries, tell_extension
from jagadata.collection.inventory.run import fill_inventory
from jagadata.collection.last_round import find_last_round
from jagadata.collection.letters import dispatch
from jagadata.collection.letters.markdown import render_proposal
from jagadata.collection.meeting import find_attendance_faults
from jagadata.collection.proposal import find_warnings
from jagadata.collection.run import RoundRun
from jagadata.collection.steps import COLLECT, INVITE, MEET, MINUTES
from jagadata.papers.markdown import escape_markdown
from jagadata.text.formats import format_date
from tasks import artifacts, gates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from prefect import State

    from jagadata.collection.last_round import LastRound
    from jagadata.collection.proposal import Proposal
    from jagadata.office.collection import DatasetEntry
    from jagadata.signoff.gates import Gate
    from jagadata.signoff.signers import Decision

STEPS = sop.DATA_COLLECTION


def _title(number: int) -> dict[str, Any]:
    step = STEPS.step(number)
    return {"name": step.title, "description": step.text, "cache_policy": NO_CACHE, "persist_result": False}


@task(**_title(1))
def prepare(run: RoundRun) -> None:
    run.prepare()
    _show(run, "jadwal", _schedule(run, run.proposal, run.datasets()))


@task(**_title(2))
def invite(run: RoundRun) -> None:
    failed = dispatch.invite(run)
    for name, content in dispatch.attendance_papers(run):
        dispatch.keep(run, f"{run.attempt}-{name}", content)
    rows = [
        {
            "OPD": one.name,
            "Alamat": ", ".join(one.email),
            "Undangan": failed.get(one.id) or dispatch.describe_sending(run, one),
        }
        for one in run.agencies
    ]
    artifacts.table(artifacts.make_key("undangan", str(run.round)), rows, run.title)
    run.note_invited(failed)


@task(**_title(3))
def meet(run: RoundRun) -> None:
    run.meet()
    paper = dispatch.presence_paper(run)
    dispatch.keep(run, paper[0], paper[1])
    dispatch.notify_absent(run, dispatch.presence_paper(run, contacts=False))
    run.journal.note(MINUTES, "done")


@task(**_title(4))
def collect(run: RoundRun) -> None:
    deliveries = close_intake(run)
    rows = delivery_table.make_delivery_rows(deliveries, run.place.timezone)
    artifacts.table(artifacts.make_key("penyampaian-data", str(run.round)), rows, run.title)


@task(**_title(5))
def take_inventory(run: RoundRun) -> None:
    fill_inventory(run)
    report = steps.finish(run)
    _show(run, "laporan", render_report(report, run.place.timezone))


def _schedule(
    run: RoundRun, proposal: Proposal, datasets: Sequence[DatasetEntry], last: LastRound | None = None
) -> str:
    warnings = find_warnings(proposal, run.place.office.holidays)
    return render_proposal(proposal, datasets, run.round, run.place.timezone, last=last, warnings=warnings)


def _show(run: RoundRun, what: str, text: str) -> None:
    artifacts.markdown(artifacts.make_key(what, str(run.round)), text, run.title)


def step_1(run: RoundRun) -> None:
    if run.is_confirmed:
        prepare(run)


def step_2(run: RoundRun) -> None:
    if run.journal.outcome(INVITE) is None:
        invite(run)


def step_3(run: RoundRun) -> None:
    if run.journal.outcome(MINUTES) is None:
        meet(run)


def step_4(run: RoundRun) -> None:
    if run.journal.outcome(COLLECT) is None:
        collect(run)


def step_5(run: RoundRun) -> None:
    if not run.status:
        take_inventory(run)


def _ask(
    run: RoundRun,
    gate: Gate,
    name: str,
    *,
    text: str,
    due: datetime,
    attachments: Callable[[], Sequence[dispatch.Attachment]] = tuple,
    extra: dict[str, tuple[Any, Any]] | None = None,
    check: Callable[[Decision], Sequence[str]] = lambda _decision: (),
) -> Decision:
    """The decision of one gate, asked for once and written down."""
    known = run.decision(name)
    if known:
        return known
    if not run.journal.outcome(f"mail:{name}"):
        link = gates.run_page(run.place, run.run)
        dispatch.ask(run, gate, name, due=due, link=link, attachments=attachments())
    decision = gates.ask(
        run.journal,
        gate,
        name=name,
        text=text,
        signers=run.holders(gate.role),
        due=due,
        extra=extra,
        check=check,
    )
    run.decide(name, decision)
    return decision


def ask_completion(run: RoundRun) -> None:
    """The Kasi completes what is proposed (place, time, agenda, what is asked of whom), or cancels the round."""
    proposal = run.propose()
    codes = [one.code for one in run.policy.datasets]
    extra = {
        "tanggal": (date, Field(default=proposal.day, title="Tanggal rapat")),
        "mulai": (str, Field(default=proposal.begins, title="Mulai (jam.menit)")),
        "selesai": (str, Field(default=proposal.ends, title="Selesai (jam.menit)")),
        "tempat": (str, Field(default=proposal.place, title="Tempat")),
        "acara": (
            str,
            Field(
                default="\n".join(proposal.agenda),
                title="Acara",
                description="Satu baris untuk setiap acara.",
            ),
        ),
        "batas_waktu": (date, Field(default=proposal.deadline, title="Batas waktu penyampaian data")),
        "data": (
            list[str],
            Field(
                default=list(proposal.datasets),
                title="Data yang diminta",
                json_schema_extra={"items": {"type": "string", "enum": cast("Any", codes)}},
            ),
        ),
    }
    returned = run.returned()
    name = PROPOSAL.numbered_name(run.attempt)
    last = find_last_round(run) if run.decision(name) is None else None
    text = _schedule(run, proposal, run.policy.datasets, last)
    _ask(
        run,
        PROPOSAL,
        name,
        text=f"**{escape_markdown(returned)}**\n\n{text}" if returned else text,
        due=run.gate_due(PROPOSAL),
        extra=extra,
        check=run.faults,
    )


def ask_confirmation(run: RoundRun) -> None:
    """The Kabid confirms the schedule, unless the office has switched this gate off."""
    if run.status or not run.policy.confirm:
        return
    proposal = run.completed
    chosen = [one for one in run.policy.datasets if one.code in proposal.datasets]
    _ask(
        run,
        CONFIRMATION,
        CONFIRMATION.numbered_name(run.attempt),
        text=_schedule(run, proposal, chosen),
        due=run.gate_due(CONFIRMATION),
        check=run.schedule_faults,
    )


def ask_signature(run: RoundRun) -> None:
    """The Kadis signs the letters, which are attached to the request as they will be sent to the first OPD."""
    if not run.is_confirmed or not run.policy.sign:
        return
    invitation, request = dispatch.numbers(run)
    text = _schedule(run, run.proposal, run.datasets())
    _ask(
        run,
        SIGNATURE,
        SIGNATURE.numbered_name(run.attempt),
        text=f"Surat Undangan {invitation} dan Surat Permintaan Data {request} kepada {len(run.agencies)} OPD.\n\n{text}",
        due=run.gate_due(SIGNATURE),
        attachments=lambda: dispatch.enclosures(run, run.agencies[0]),
        check=run.schedule_faults,
    )


def goes_on(run: RoundRun) -> bool:
    """False where the round ended before its letters went out; those who take part are notified once."""
    if run.status and run.journal.outcome(INVITE) is None:
        dispatch.notify_end(run)
        return False
    return True


def ask_attendance(run: RoundRun) -> None:
    """After the meeting: who came, from the sheet (`jaga round attendance`) or ticked here, and the minutes."""
    if run.journal.outcome(MEET) is not None:
        return
    ids = [one.id for one in run.agencies]
    sheet = run.attendance_sheet()
    leader = run.signature("kabid_egov")
    extra = {
        "hadir": (
            list[str],
            Field(
                default=sorted(sheet.present) if sheet else [],
                title="OPD yang hadir",
                description="Kosongkan bila daftar hadir sudah dimasukkan dari berkas XLSX.",
                json_schema_extra={"items": {"type": "string", "enum": cast("Any", ids)}},
            ),
        ),
        "pemimpin": (
            str,
            Field(
                default=leader.name,
                title="Pemimpin rapat",
                description="Nama yang memimpin rapat, bukan yang mengisi formulir ini.",
            ),
        ),
        "jabatan_pemimpin": (str, Field(default=leader.post, title="Jabatan pemimpin rapat")),
        "sudah_dilaksanakan": (
            bool,
            Field(
                default=False,
                title="Rapat sudah dilaksanakan, lebih awal daripada jadwal",
                description="Hanya bila waktu pada jadwal belum lewat.",
            ),
        ),
        "notulen": (
            str,
            Field(default="", title="Notulen", description="Pokok pembicaraan dan kesepakatan."),
        ),
    }
    held = f"Rapat: {format_date(run.proposal.day)} di {run.proposal.place}."
    _ask(
        run,
        ATTENDANCE,
        ATTENDANCE.name,
        text=escape_markdown(held),
        due=run.attendance_due(),
        attachments=lambda: dispatch.attendance_papers(run),
        extra=extra,
        check=partial(find_attendance_faults, run),
    )


def ask_closing(run: RoundRun) -> None:
    """The Kasi closes the collection or gives more time; after the deadline and its grace it closes without waiting further."""
    tell_extension(run)
    extra = {
        "batas_waktu": (date, Field(default=run.deadline, title="Batas waktu baru (bila diperpanjang)")),
    }
    decision = _ask(
        run,
        CLOSING,
        CLOSING.numbered_name(run.closings),
        text=delivery_table.render_deliveries(list_deliveries(run), run.deadline, run.place.timezone),
        due=run.closing_due(),
        extra=extra,
        check=run.extension_faults,
    )
    if decision.answer == "no":
        tell_extension(run)


def ending(run: RoundRun) -> State[Any]:
    """The run's last state, named as the round ended."""
    if run.status == FINISHED:
        return Completed(name=FINISHED, message=run.title)
    if run.status:
        return Cancelled(name=run.status, message=f"{run.title}: {run.reason}")
    return Failed(message=f"{run.title} belum selesai.")

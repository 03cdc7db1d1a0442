"""Sign-offs: the flow suspends until someone who holds the role has decided. What holds, and why suspend: docs/adr/0009."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from prefect import runtime, suspend_flow_run
from prefect.input import RunInput
from pydantic import Field, ValidationError, create_model

from jagadata.signoff.gates import note_asked
from jagadata.signoff.signers import Decision, label, parse_label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jagadata.evidence.journal import Journal
    from jagadata.office.people import Official
    from jagadata.signoff.gates import Gate
    from jagadata.workplace import Workplace

EXPIRED = "Kedaluwarsa"
"""The answer that flows/watch.py gives after the deadline: the gate's own timeout would end the run as Failed without a word."""
SLACK = timedelta(days=7)
"""How much later than the deadline Prefect itself gives up."""


def run_page(place: Workplace, run: str) -> str:
    """Where staff answer this run's gates: at the address of the office file, else at the one that the worker uses."""
    return place.office.prefect.run_page(run) or str(runtime.flow_run.ui_url or "")


def make_input(
    title: str, yes: str, no: str, signers: Sequence[Official], extra: Mapping[str, tuple[Any, Any]]
) -> type[RunInput]:
    """The form of a gate. The decision is required, so an empty resume is refused by the server.

    `extra` are further fields, name -> (type, pydantic Field), each with a default: the answer after the deadline has none.
    """
    fields: Any = extra
    choices: list[Any] = [label(official) for official in signers]
    decisions: Any = Literal[yes, no, EXPIRED]
    return cast(
        "type[RunInput]",
        create_model(
            title,
            __base__=RunInput,
            keputusan=(decisions, Field(title="Keputusan")),
            penandatangan=(
                str,
                Field(
                    title="Penandatangan",
                    description="Pejabat yang memegang peran ini hari ini.",
                    json_schema_extra={"enum": choices},
                    min_length=1,
                ),
            ),
            **fields,
            catatan=(str, Field(default="", title="Catatan")),
        ),
    )


def ask(
    journal: Journal,
    gate: Gate,
    *,
    text: str,
    signers: Sequence[Official],
    due: datetime,
    name: str = "",
    extra: Mapping[str, tuple[Any, Any]] | None = None,
    check: Callable[[Decision], Sequence[str]] = lambda _decision: (),
) -> Decision:
    """The decision of a gate, suspending the run until there is one. Call only in the top-level flow, outside any `with Recovery`.

    `due` (aware) is noted for flows/watch.py; an answer that does not fit is asked for again. `name`: of a numbered gate.
    `extra` are further fields of the form (see `make_input`); what `check` says against an answer stands above the form
    when it is asked again.
    """
    name = name or gate.name
    note_asked(journal, name, gate, due=due, signer=label(signers[0]))
    form = make_input(gate.title, gate.yes, gate.no, signers, extra or {})
    faults: Sequence[str] = ()
    for attempt in range(1, 20):
        seconds = max(60, int((due - journal.clock() + SLACK).total_seconds()))
        try:
            answer: Any = suspend_flow_run(
                wait_for_input=form.with_initial_data(description=_with_faults(text, faults)),
                key=f"{name}-{attempt}",
                timeout=seconds,
            )
        except ValidationError:
            continue
        decision = _decide(answer, journal, gate, signers, due, tuple(extra or ()))
        faults = check(decision) if decision else ()
        if decision and not faults:
            return decision
        journal.note(name, "note", text=f"jawaban ke-{attempt} tidak sah dan ditanyakan kembali")
    raise RuntimeError(f"gate {name}: no fitting answer in 19 attempts")


def _with_faults(text: str, faults: Sequence[str]) -> str:
    if not faults:
        return text
    lines = "\n".join(f"- {fault}" for fault in faults)
    return f"**Isian sebelumnya belum dapat diterima:**\n\n{lines}\n\n{text}"


def _decide(
    answer: Any,
    journal: Journal,
    gate: Gate,
    signers: Sequence[Official],
    due: datetime,
    extra: Sequence[str],
) -> Decision | None:
    at = journal.clock()
    if answer.keputusan == EXPIRED:
        return Decision(answer="expired", signer="", note="", at=at.isoformat()) if at >= due else None
    signer = parse_label(answer.penandatangan)
    if answer.keputusan not in (gate.yes, gate.no) or signer not in [official.id for official in signers]:
        return None
    return Decision(
        answer="yes" if answer.keputusan == gate.yes else "no",
        signer=signer,
        note=answer.catatan,
        at=at.isoformat(),
        values={name: answer.model_dump(mode="json")[name] for name in extra},
    )

"""One reminder for a gate that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.backup.papers.form import BackupForm
from jagadata.backup.papers.mails import render_review_request
from jagadata.papers.outbox import email_addresses, send
from jagadata.papers.values import from_json
from jagadata.restore import letters
from jagadata.signoff.gates import ROUND_GATES
from jagadata.text.formats import format_moment

if TYPE_CHECKING:
    from jagadata.signoff.gates import OpenGate
    from jagadata.workplace import Workplace


def remind(place: Workplace, run_id: str, gate: OpenGate) -> bool:
    """One reminder for a gate that waits: the first mail again, with the deadline. False if no channel took it."""
    until = format_moment(gate.due, place.timezone)
    if gate.gate.startswith(ROUND_GATES):
        from jagadata.collection.letters import dispatch

        dispatch.remind_of_gate(place, run_id, gate)
        return True
    if gate.gate == "review":
        opened = place.journal(run_id).outcome("5")
        if not opened:
            return True
        holders = place.office.holders("kasi_aplikasi", place.today())
        form = from_json(BackupForm, opened)
        return send(place, render_review_request(form, to=email_addresses(holders), link="", until=until))[0]
    return letters.remind(place, run_id, gate)

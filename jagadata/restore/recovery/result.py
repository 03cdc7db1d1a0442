"""What steps 2 to 4 of a restore came to, as the journal keeps it and the form and the requester are told."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from jagadata.errors import SwitchFiredError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jagadata.errors import JagadataError


def make_outcome(
    facts: Mapping[str, Any], error: JagadataError | None, actions: Sequence[str], *, failed: bool
) -> dict[str, Any]:
    """The facts, the measured time off (s), and {"status": "Selesai" | "Gagal", "reason", "actions", "fired"}."""
    outcome, actions = dict(facts), list(actions)
    if "off_at" in facts and "on_at" in facts:
        off, on = (datetime.fromisoformat(facts[name]) for name in ("off_at", "on_at"))
        outcome["downtime_seconds"] = round((on - off).total_seconds(), 1)
    reason = f"{error.message} {error.hint}".strip() if error else ""
    if reason and not failed:  # the new data carry the service, whatever stood in between
        actions, reason = [*actions, f"sempat terganggu: {reason}"], ""
    outcome["fired"] = isinstance(error, SwitchFiredError)
    if error and "off_at" not in facts:
        outcome["exit_code"] = error.exit_code  # refused before anything was stopped
    return {**outcome, "status": "Gagal" if failed else "Selesai", "reason": reason, "actions": actions}

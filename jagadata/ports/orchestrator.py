"""What runs the flows must be able to do for whoever looks at runs and answers their gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, kw_only=True)
class FlowRun:
    """One run as the orchestrator shows it."""

    id: str
    name: str
    flow: str
    state: str  # name, such as 'Suspended' or 'Selesai'
    kind: str  # type, such as 'PAUSED' or 'COMPLETED'
    message: str
    since: str  # ISO


@dataclass(frozen=True, kw_only=True)
class GateQuestion:
    """What a suspended run asks: the Markdown above the form, and the choices of its fields."""

    text: str
    decisions: tuple[str, ...]  # the positive one first, the negative second
    signers: tuple[str, ...]


class Orchestrator(Protocol):
    """Starts runs, shows them, takes answers. Raises UnreachableError, RefusedError with the server's reason, NotFoundError."""

    def run(self, deployment: str, parameters: dict[str, Any]) -> str:
        """Start `FLOW/NAME`; the run's id."""
        ...

    def read(self, run: str) -> FlowRun: ...
    def pending(self) -> list[FlowRun]:
        """Runs that wait for an answer."""
        ...

    def wait(self, run: str, states: Collection[str], seconds: float) -> FlowRun: ...
    def gate(self, run: str, seconds: float = 10) -> GateQuestion: ...
    def answer(
        self,
        run: str,
        decision: str,
        signer: str,
        note: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Answer the gate of a run; `values` are what else it asks for. Refused: the run still waits."""
        ...

    def deployment_tags(self, deployment: str) -> list[str] | None:
        """The tags of `FLOW/NAME`, or None if it is not deployed."""
        ...

    def has_worker(self, pool: str) -> bool: ...
    def ui_url(self, run: str) -> str: ...
    def close(self) -> None: ...

"""What a probe of a service must be able to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jagadata.office.machines import Probe


class Prober(Protocol):
    """Asks a web service once; `port` is the near end of an SSH forward. Returns what was seen; raises JagadataError."""

    def ask(self, probe: Probe, *, port: int | None, seconds: float) -> str: ...

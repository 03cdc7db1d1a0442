"""Sessions that are still open on the databases once the services are stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jagadata.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.ports.data_source import DataSource


def clear_sessions(server: DataSource, names: Sequence[str], policy: Literal["end", "refuse"]) -> list[str]:
    """End them as the policy says, and return who they were.

    Raises:
        RefusedError: there are some and the policy is to refuse, or one of them may not be ended.
    """
    found = [facts for name in names if (facts := server.look(name)) is not None]
    sessions = [session for facts in found for session in facts.sessions]
    if sessions and policy == "refuse":
        raise RefusedError(
            "Masih ada sesi pada basis data setelah layanan dihentikan: " + "; ".join(sessions[:5]) + ".",
            "Tutup aplikasi yang memakainya, atau tetapkan policy.restore.sessions: end.",
        )
    if (
        sessions
    ):  # one that may not be ended is reported now, not after hours of restoring with the service off
        for name in names:
            server.end_sessions(name)
    return sessions

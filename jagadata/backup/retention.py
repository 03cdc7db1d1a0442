"""Retention: which backups stay and which may go, with the reasons for each. One pure function; `prune.py` carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from jagadata.text.formats import format_date

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from jagadata.office.policy import RetentionPolicy
    from jagadata.vault.catalog import Backup


@dataclass(frozen=True, kw_only=True)
class RetentionDecision:
    """One backup: `keep` with every reason to, or removal with the rule that allows it."""

    backup: Backup
    keep: bool
    reasons: tuple[str, ...]


def apply_policy(
    backups: Sequence[Backup],
    policy: RetentionPolicy,
    now: datetime,
    *,
    unclear: Collection[str] = (),
    ahead: Collection[str] = (),
    names: Mapping[str, str] = MappingProxyType({}),
) -> tuple[RetentionDecision, ...]:
    """Decide for every backup, newest first within each system; those pruned already are left out.

    Never goes: the newest restorable backup of a system, one of the last N, one younger than the minimum,
    one that is held, or locked, or of which not every record could be read (`unclear`, ids): it may be held.
    `names`: the present id of a system that had another one. One that a wrong clock made (`ahead`, ids) stays, and counts for nothing that others may go for.
    Dates are those of the clock of `now` (aware).
    """
    ordered = sorted(
        (one for one in backups if not one.pruned),
        key=lambda one: (one.manifest.started, one.id),
        reverse=True,
    )
    decisions = []
    present = {one.id: names.get(one.manifest.system, one.manifest.system) for one in ordered}
    for system in sorted(set(present.values())):
        own = [one for one in ordered if present[one.id] == system]
        good = [one for one in own if one.restorable and one.id not in {*unclear, *ahead}]
        newest = next(iter(good), None)
        counted = [one.id for one in good][: policy.keep_last]
        for one in own:
            reasons = _reasons(one, policy, now, newest=one is newest, counted=one.id in counted)
            if one.id in unclear:
                reasons.append("sebagian catatannya tidak terbaca")
            if one.id in ahead:
                reasons.append("waktunya lebih maju daripada sekarang: dibuat dengan jam yang salah")
            decisions.append(
                RetentionDecision(
                    backup=one, keep=bool(reasons), reasons=tuple(reasons) or (_why_it_goes(one, policy),)
                )
            )
    return tuple(decisions)


def _reasons(
    one: Backup, policy: RetentionPolicy, now: datetime, *, newest: bool, counted: bool
) -> list[str]:
    reasons = []
    if newest:
        reasons.append("back up terverifikasi terbaru sistem ini")
    if counted:
        reasons.append(f"termasuk {policy.keep_last} back up terakhir")
    until = one.manifest.finished + timedelta(days=policy.minimum_days)
    if now < until:
        reasons.append(
            f"belum {policy.minimum_days} hari (sampai {format_date(until.astimezone(now.tzinfo).date())})"
        )
    if one.id in policy.holds:
        reasons.append("ditahan menurut berkas kantor")
    if one.held:
        reasons.append("ditahan")
    if one.locked_until and now < one.locked_until:
        until = one.locked_until.astimezone(now.tzinfo)
        reasons.append(f"terkunci sampai {format_date(until.date())}")
    return reasons


def _why_it_goes(one: Backup, policy: RetentionPolicy) -> str:
    age = f"lebih dari {policy.minimum_days} hari"
    if not one.restorable:
        return f"dikembalikan oleh pemeriksa dan {age}"
    return f"di luar {policy.keep_last} back up terakhir dan {age}"

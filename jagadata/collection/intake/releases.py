"""Personal data that is held back (UU 27/2022), and the Kasi's decision to let one table of it pass: a signed line of the run's journal.

A decision is about one table as it was seen: another table of the same data set is held again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from jagadata.errors import NotFoundError, RefusedError
from jagadata.text.formats import format_date

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jagadata.collection.intake.deliveries import Delivery
    from jagadata.collection.run import RoundRun
    from jagadata.office.people import Official

_STEP = "release"


@dataclass(frozen=True, kw_only=True)
class Release:
    """Who let the table with this digest pass, when (ISO), why, and what was found in it."""

    dataset: str
    digest: str
    signer: str
    at: str
    note: str
    found: tuple[str, ...]


def list_releases(run: RoundRun) -> list[Release]:
    """All of the round, in their order."""
    return [
        Release(
            dataset=entry.subject,
            digest=str(entry.data["digest"]),
            signer=str(entry.data["signer"]),
            at=str(entry.data["at"]),
            note=str(entry.data["note"]),
            found=tuple(entry.data["found"]),
        )
        for entry in run.journal.entries
        if (entry.step, entry.event) == (_STEP, "done")
    ]


def released_tables(run: RoundRun) -> frozenset[tuple[str, str]]:
    """(data set, digest) of every table that was let pass, perhaps a moment ago on the command line."""
    run.journal.refresh()
    return frozenset((one.dataset, one.digest) for one in list_releases(run))


def list_held(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """What waits for the Kasi: tables with personal data of data sets of which the office file does not say so."""
    return [
        one
        for one in deliveries
        if one.table
        and one.table.held
        and not one.released
        and not one.dataset.personal
        and one.dataset.public
    ]


def make_held_rows(deliveries: Iterable[Delivery]) -> list[dict[str, str]]:
    """As the rows of a table."""
    return [
        {
            "Kode": one.dataset.code,
            "Data": one.dataset.name,
            "Tanda terima": one.received.number if one.received else "-",
            "Sebab": explain(one),
        }
        for one in list_held(deliveries)
    ]


def explain(delivery: Delivery) -> str:
    """Why a table is held: "NIK pada kolom 'NIK' (C); Nama orang pada kolom 'Nama' (B)"."""
    return (
        "; ".join(delivery.table.held_for) if delivery.table and delivery.table.held_for else "data pribadi"
    )


def release(
    run: RoundRun, deliveries: Iterable[Delivery], code: str, official: Official, note: str
) -> Release:
    """Let the table that counts now pass. Raises NotFoundError: no such data set; RefusedError: whoever may not, nothing is held, no reason."""
    delivery = next((one for one in deliveries if one.dataset.code == code), None)
    if delivery is None:
        raise NotFoundError(
            f"Data '{code}' tidak diminta pada {run.title}.", "Lihat kodenya dengan `jaga round show`."
        )
    if official.id not in [one.id for one in run.holders("kasi_data")]:
        raise RefusedError(
            f"{official.name} bukan Kasi yang bertugas hari ini; data pribadi hanya dilepas oleh Kasi.",
            "Minta Kasi menjalankan perintah ini dengan --by miliknya.",
        )
    if not note.strip():
        raise RefusedError(
            "Alasan pelepasan kosong.", "Tulis dasar hukum atau alasannya pada --note; alasan itu dicatat."
        )
    if delivery not in list_held([delivery]) or delivery.table is None:
        raise RefusedError(
            f"Data '{code}' tidak sedang ditahan karena temuan data pribadi.",
            "Lihat yang ditahan dengan `jaga round show`; yang tertutup menurut berkas kantor diubah di berkas kantor.",
        )
    run.journal.note(
        _STEP,
        "done",
        code,
        digest=delivery.table.digest,
        signer=official.id,
        at=run.place.clock().isoformat(),
        note=note.strip(),
        found=list(delivery.table.held_for),
    )
    return list_releases(run)[-1]


def render_release(run: RoundRun, one: Release) -> str:
    """Such as "dilepas oleh Wahyu, 5 Juli 2026: dasar ... (Nama orang pada kolom 'Nama')"."""
    day = datetime.fromisoformat(one.at).astimezone(run.place.timezone).date()
    who = run.place.office.official(one.signer).name
    found = f" ({'; '.join(one.found)})" if one.found else ""
    return f"dilepas oleh {who}, {format_date(day)}: {one.note}{found}"

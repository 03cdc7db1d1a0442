"""The answers to what OPD sent, in words for their clerks, filled from templates/collection/. Pure given those."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jagadata.collection.intake.receipts import LATE
from jagadata.collection.tables.personal import mask
from jagadata.papers.mails import make_mail
from jagadata.text.formats import format_bytes, format_moment, format_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from jagadata.collection.intake.receipts import Receipt
    from jagadata.collection.round import Round
    from jagadata.collection.tables.examination import Examination, Finding
    from jagadata.ports.channel import Message

_SHOWN = 25  # findings of one file; whoever repairs these sends it again
_NUMBERS = 3  # in a subject


@dataclass(frozen=True, kw_only=True)
class Letterbox:
    """What every answer of a round has in common."""

    office: str
    address: str  # where data is sent
    round: Round
    tz: ZoneInfo


def make_receipt_mail(box: Letterbox, receipts: Sequence[Receipt], to: Sequence[str], agency: str) -> Message:
    """What was received, each file with its number; or why nothing of it could be."""
    kept = any(one.state == "diterima" for one in receipts)
    facts = [_receipt_fact(one) for one in receipts]
    if offered := _offered(receipts):
        facts.append(("Tidak diambil", f"{offered}; kirim berkasnya sebagai lampiran"))
    return _mail("receipt" if kept else "refused", box, receipts, to, agency, facts)


def make_empty_mail(box: Letterbox, receipts: Sequence[Receipt], to: Sequence[str], agency: str) -> Message:
    """What came in place of a file, or nothing at all, and what to do."""
    return _mail("empty", box, receipts, to, agency, [], offered=_offered(receipts))


def _offered(receipts: Sequence[Receipt]) -> str:
    return " dan ".join(dict.fromkeys(what for one in receipts for what in one.offered))


def make_closed_mail(box: Letterbox, receipts: Sequence[Receipt], to: Sequence[str], agency: str) -> Message:
    """To an OPD that sent after the round was closed: kept, not counted, and what to do."""
    facts = [_receipt_fact(one) for one in receipts]
    return _mail("closed", box, receipts, to, agency, facts, next=box.round.next.text)


def make_unknown_mail(box: Letterbox, receipts: Sequence[Receipt], to: Sequence[str]) -> Message:
    """To an address that nobody vouches for: nothing about the round, the files or the OPD."""
    return _mail("unknown", box, receipts, to, "", [])


def make_findings_mail(
    box: Letterbox,
    receipts: Sequence[Receipt],
    to: Sequence[str],
    agency: str,
    found: Mapping[int, Examination],
    datasets: Mapping[str, str],
) -> Message:
    """What was found in each file. `found` by receipt; `datasets`: names by code."""
    files = [one for one in receipts if one.receipt in found]
    facts = [fact for one in files for fact in _file_facts(one, found[one.receipt], datasets)]
    return _mail(
        "findings",
        box,
        files,
        to,
        agency,
        facts,
        complete=all(one.complete for one in found.values()),
        has_warnings=any(one.findings for one in found.values()),
    )


def _mail(
    name: str,
    box: Letterbox,
    receipts: Sequence[Receipt],
    to: Sequence[str],
    agency: str,
    facts: Sequence[tuple[str, str]],
    **values: Any,
) -> Message:
    first = receipts[0]
    numbers = ", ".join(one.number for one in receipts[:_NUMBERS])
    if len(receipts) > _NUMBERS:
        numbers += f" dan {len(receipts) - _NUMBERS} lainnya"
    message = make_mail(
        f"collection/{name}",
        to,
        person=f"Pengelola Data {agency}" if agency else "Pengirim",
        office=box.office,
        facts=facts,
        agency=agency,
        round=box.round.text,
        numbers=numbers,
        at=format_moment(first.arrived, box.tz),
        source=first.source,
        address=box.address,
        **values,
    )
    return replace(message, headers=_headers(first, to))


def _headers(receipt: Receipt, to: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """An answer by a machine (RFC 3834), in the thread of the mail that it answers."""
    headers = [("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")]
    if receipt.reference and list(to) == [receipt.sender]:
        headers += [("In-Reply-To", receipt.reference), ("References", receipt.reference)]
    return tuple(headers)


def _receipt_fact(receipt: Receipt) -> tuple[str, str]:
    what = (
        f"{receipt.title} ({format_bytes(receipt.size)})"
        if receipt.name
        else mask(receipt.subject) or "surel"
    )
    if receipt.state in ("ditolak", LATE) and receipt.reason:
        return receipt.number, f"{what}, tidak diterima: {receipt.reason}"
    if receipt.duplicate_of:
        return receipt.number, f"{what}, isinya sama dengan {receipt.duplicate_of} yang sudah kami terima"
    return receipt.number, f"{what}, SHA-256 {receipt.sha256[:16]}"


def _file_facts(receipt: Receipt, found: Examination, datasets: Mapping[str, str]) -> list[tuple[str, str]]:
    names = [datasets.get(table.dataset, table.dataset) for table in found.tables if table.dataset]
    known = ", ".join(dict.fromkeys(names))
    if found.complete:
        outcome = f"lengkap ({known})"
    elif found.faults:
        outcome = f"perlu perbaikan, {format_number(len(found.faults))} hal" + (
            f" ({known})" if known else ""
        )
    else:
        outcome = (
            "tidak ada tabel yang sesuai dengan data yang diminta; pakai formulir yang telah disampaikan"
        )
    facts = [(f"{receipt.number} {receipt.title}", outcome)]
    ordered = sorted(found.findings, key=lambda one: one.severity != "kesalahan")
    facts += [_finding_fact(number, one) for number, one in enumerate(ordered[:_SHOWN], 1)]
    if len(ordered) > _SHOWN:
        facts.append(
            (
                "Selebihnya",
                f"{format_number(len(ordered) - _SHOWN)} hal lain disampaikan setelah perbaikan ini",
            )
        )
    facts += [
        (
            "Data pribadi",
            f"{one.kind} di {one.where} ({format_number(one.count)} isian, misalnya {one.sample}); tidak akan dipublikasikan",
        )
        for one in found.personal
    ]
    return facts


def _finding_fact(number: int, finding: Finding) -> tuple[str, str]:
    label = "Catatan" if finding.severity == "peringatan" else "Perbaikan"
    places = f" ({format_number(finding.count)} tempat)" if finding.count > 1 else ""
    where = f"{finding.where}{places}: " if finding.where else ""
    return f"{label} {number}", " ".join(part for part in (f"{where}{finding.text}", finding.action) if part)

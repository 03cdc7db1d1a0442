"""Step 5 of a round: complete data sets into the inventory, packages to the publishers, and the closing report."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jagadata import sop
from jagadata.collection import dispatch
from jagadata.collection.intake_run import (
    deliveries,
    examine_receipt,
    quarantine,
    tables_of,
    unread_mails,
    work_folder,
)
from jagadata.collection.package import check_publishable
from jagadata.collection.receipts import list_receipts, open_file
from jagadata.collection.report import Report, make_report_sheet
from jagadata.collection.round_claims import FINISHED, STEPS, ended
from jagadata.collection.second_copies import copy_round
from jagadata.collection.timing import make_timings
from jagadata.errors import DamagedError, JagadataError, NotFoundError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jagadata.collection.deliveries import Delivery
    from jagadata.collection.examination import CleanTable
    from jagadata.collection.inventory import InventoryBook, Version
    from jagadata.collection.publishing import Publisher
    from jagadata.collection.receipts import Receipt
    from jagadata.collection.round_run import RoundRun
    from jagadata.office_collection import DatasetEntry


def take_inventory(run: RoundRun) -> None:
    """Step 5. What failed or was refused stops nothing else: the report names it, and `jaga inventory take-in` tries it again.

    Raises UnreachableError, RefusedError: the inventory.
    """
    run.journal.once("5", lambda: {"refusals": carry_in(run)})


def carry_in(run: RoundRun) -> dict[str, list[str]]:
    """Complete data sets into the inventory and to every publisher; what is done is not done again.

    Returns why not, by data set. Raises UnreachableError; RefusedError: the inventory as a whole.
    """
    place = run.place
    book = place.inventory(run.policy)
    book.migrate()
    book.request(run.agencies, run.datasets(), run.round, by="Jagadata", at=place.clock())
    receipts = {one.receipt: one for one in list_receipts(place, run.round)}
    refusals = {}
    for delivery in deliveries(run):
        if delivery.is_complete and delivery.received:
            try:
                found = _carry(run, book, delivery, receipts[delivery.received.receipt])
            except (DamagedError, NotFoundError, RefusedError) as error:  # of this file, this table
                found = [f"belum masuk inventaris: {error.message}"]
            if found:
                refusals[delivery.dataset.code] = found
    return refusals


def _carry(run: RoundRun, book: InventoryBook, delivery: Delivery, receipt: Receipt) -> list[str]:
    """One data set; returns who refused it and why."""
    place, dataset = run.place, delivery.dataset
    publishers = list(enumerate(place.publishers(run.policy)))
    published = [_published(run, dataset, publisher.name) for _, (publisher, _) in publishers]
    if run.journal.outcome("dataset", dataset.code) and all(published):
        return []
    with work_folder(place) as folder, open_file(place, receipt) as path:
        found = examine_receipt(run, path, receipt, folder, {})
        table = _same_table(delivery, found.tables)
        parquet = tables_of(folder, receipt) / table.file

        def take() -> dict[str, Any]:
            version = book.take_in(dataset, run.round, table, parquet, receipt.number, place.clock())
            return {"label": version.label, "rows": version.rows}

        label = run.journal.once("dataset", take, dataset.code)["label"]
        version = next(one for one in book.versions(dataset.code, run.round) if one.label == label)
        try:
            check_publishable(dataset, version)
        except RefusedError as error:
            return [error.message]
        refusals = []
        for number, (publisher, terms) in publishers:
            if published[number]:
                continue
            try:
                _publish(run, delivery, version, parquet, folder / f"paket-{number}", publisher, terms)
            except JagadataError as error:
                refusals.append(f"{publisher.name}: {error.message}")
    return refusals


def _same_table(delivery: Delivery, tables: tuple[CleanTable, ...]) -> CleanTable:
    """The very table that was found complete. Raises DamagedError if the file now reads differently."""
    for table in tables:
        if delivery.table and (table.dataset, table.digest) == (
            delivery.dataset.code,
            delivery.table.digest,
        ):
            return table
    raise DamagedError(
        f"Tabel '{delivery.dataset.code}' tidak lagi terbaca seperti saat diperiksa.",
        "Laporkan kepada pengembang; berkas aslinya tetap tersimpan.",
    )


def _published(run: RoundRun, dataset: DatasetEntry, publisher: str) -> str:
    """Where this publisher has the data set; "" where it does not."""
    outcome = run.journal.outcome("publish", f"{dataset.code} {publisher}")
    return str(outcome["place"]) if outcome else ""


def _publish(
    run: RoundRun,
    delivery: Delivery,
    version: Version,
    parquet: Path,
    folder: Path,
    publisher: Publisher,
    terms: str,
) -> None:
    """To one publisher. Raises JagadataError: it refuses, or does not answer now."""
    from jagadata.adapters.data_files import write_package  # late: pyarrow is slow to load

    dataset, place = delivery.dataset, run.place
    package = write_package(
        parquet,
        folder,
        dataset=dataset,
        version=version,
        agency=run.agency(dataset.agency),
        custodian=place.office.office.name,
        terms=terms,
    )

    def work() -> dict[str, Any]:
        where = publisher.publish(package).place
        place.inventory(run.policy).bring_to(
            dataset.code, run.round, "Terpublikasi", by="Jagadata", why=where, at=place.clock()
        )
        return {"place": where}

    run.journal.once("publish", work, f"{dataset.code} {publisher.name}")


def stored(run: RoundRun, refusals: Mapping[str, list[str]]) -> list[tuple[str, int, str]]:
    """(data set, rows, what became of it) of what is in the inventory, or should be."""
    found = []
    for one in run.datasets():
        outcome = run.journal.outcome("dataset", one.code)
        refused = refusals.get(one.code, [])
        if outcome or refused:
            names = [publisher.name for publisher, _ in run.place.publishers(run.policy)]
            places = [place for name in names if (place := _published(run, one, name))]
            texts = [
                *([f"versi {outcome['label']}"] if outcome else []),
                *(f"terpublikasi: {place}" for place in places),
                *refused,
            ]
            found.append((one.name, int(outcome["rows"]) if outcome else 0, "; ".join(texts)))
    return found


def make_report(run: RoundRun) -> Report:
    """The closing report, from the journal and the receipts."""
    journal = run.journal

    begun = datetime.fromisoformat(run.open()["at"])
    meeting = run.proposal.begins_at(run.place.timezone)
    ends = {step: ended(journal, step) for step in STEPS}
    times = {
        1: (begun, ends["1"]),
        2: (ends["1"], ends["2"]),
        3: (min(meeting, ends["3"] or meeting), ends["3"]),
        4: (ends["2"], ends["4"]),
        5: (ends["4"], ends["5"]),
    }
    failed = [run.agency(key).name for key in _uninvited(run)]
    held, unread = quarantine(run), unread_mails(run)
    notes = [
        *([f"Undangan tidak terkirim kepada: {', '.join(failed)}"] if failed else []),
        *([f"{len(held)} berkas dari pengirim yang tidak dikenal tidak diterima"] if held else []),
        *([f"{len(unread)} surel tanpa data tidak dijawab dan perlu dibaca petugas"] if unread else []),
    ]
    return Report(
        round=run.round,
        number=run.number(run.policy.request_code, "laporan"),
        at=run.place.clock(),
        deadline=run.deadline,
        timings=make_timings(
            sop.DATA_COLLECTION, times, run.round, run.place.office.holidays, run.place.timezone
        ),
        agencies=tuple(run.agencies),
        present=run.meet().present,
        deliveries=tuple(deliveries(run)),
        arrivals=tuple(one.arrived for one in list_receipts(run.place, run.round) if one.state == "diterima"),
        stored=tuple(stored(run, (journal.outcome("5") or {}).get("refusals", {}))),
        notes=tuple(notes),
    )


def _uninvited(run: RoundRun) -> list[str]:
    return [one.id for one in run.agencies if run.journal.outcome(f"mail:invitation:{one.id}") is None]


def finish(run: RoundRun) -> Report:
    """Keep the report as PDF and workbook, end the round, and tell those who take part."""
    from jagadata.adapters.workbooks import make_report_workbook  # late: a gate needs none of it

    report = make_report(run)
    lacks = [
        f"Salinan kedua belum lengkap ({one.place}): {one.what}" for one in copy_round(run.place, run.round)
    ]
    report = replace(report, notes=(*report.notes, *lacks))
    signer = run.signature("kasi_data")
    sheet = make_report_sheet(report, city=run.place.office.office.city, signer=signer, tz=run.place.timezone)
    papers = [
        ("laporan-penutup.pdf", dispatch.pdf(run, sheet, "collection/report.typ")),
        ("laporan-penutup.xlsx", make_report_workbook(report, run.place.timezone)),
    ]
    for name, content in papers:
        dispatch.keep(run, name, content)
    copy_round(run.place, run.round)
    dispatch.tell_end(run, papers, status=FINISHED)
    run.end(FINISHED)
    return report

"""Step 5 of a round: complete data sets into the inventory, packages to the publishers, and the closing report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jagadata.collection.intake.receipts import list_receipts, open_file
from jagadata.collection.intake.releases import explain
from jagadata.collection.intake.run import (
    examine_receipt,
    list_deliveries,
    tables_of,
    work_folder,
)
from jagadata.collection.inventory.package import check_publishable
from jagadata.collection.steps import DATASET, DatasetPublished, DatasetTaken, TakenIn
from jagadata.errors import DamagedError, JagadataError, NotFoundError, RefusedError
from jagadata.evidence.lines import once, read_outcome

if TYPE_CHECKING:
    from pathlib import Path

    from jagadata.collection.intake.deliveries import Delivery
    from jagadata.collection.intake.receipts import Receipt
    from jagadata.collection.inventory.publishing import PackageWriter, Publisher
    from jagadata.collection.ports import InventoryBook, Version
    from jagadata.collection.run import RoundRun
    from jagadata.collection.tables.examination import CleanTable
    from jagadata.office.collection import DatasetEntry


def fill_inventory(run: RoundRun) -> None:
    """Step 5. What failed or was refused stops nothing else: the report names it, and `jaga inventory take-in` tries it again.

    Raises UnreachableError, RefusedError: the inventory.
    """
    once(run.journal, TakenIn, lambda: TakenIn(refusals=carry_in(run)))


def carry_in(run: RoundRun) -> dict[str, list[str]]:
    """Complete data sets into the inventory and to every publisher; what is done is not done again.

    Returns why not, by data set. Raises UnreachableError; RefusedError: the inventory as a whole.
    """
    place = run.place
    book: InventoryBook = place.inventory(run.policy)
    book.migrate()
    book.request(run.agencies, run.datasets(), run.round, by="Jagadata", at=place.clock())
    receipts = {one.receipt: one for one in list_receipts(place, run.round)}
    refusals = {}
    for delivery in list_deliveries(run):
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
    publishers: list[tuple[int, tuple[Publisher, str]]] = list(enumerate(place.publishers(run.policy)))
    published = [read_published(run, dataset, publisher.name) for _, (publisher, _) in publishers]
    if run.journal.outcome(DATASET, dataset.code) and all(published):
        return []
    with work_folder(place) as folder, open_file(place, receipt) as path:
        found = examine_receipt(run, path, receipt, folder, {})
        table = _same_table(delivery, found.tables)
        parquet = tables_of(folder, receipt) / table.file

        def take() -> DatasetTaken:
            version = book.take_in(dataset, run.round, table, parquet, receipt.number, place.clock())
            return DatasetTaken(label=version.label, rows=version.rows)

        label = once(run.journal, DatasetTaken, take, dataset.code).label
        version = next(one for one in book.versions(dataset.code, run.round) if one.label == label)
        if delivery.released:  # the inventory keeps on saying that it holds personal data
            version = replace(version, held=False)
        try:
            check_publishable(dataset, version, why=explain(delivery))
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


def read_published(run: RoundRun, dataset: DatasetEntry, publisher: str) -> str:
    """Where this publisher has the data set; "" where it does not."""
    published = read_outcome(run.journal, DatasetPublished, f"{dataset.code} {publisher}")
    return published.where if published else ""


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
    dataset, place = delivery.dataset, run.place
    writer: PackageWriter = place.spreadsheets
    package = writer.write_package(
        parquet,
        folder,
        dataset=dataset,
        version=version,
        agency=run.agency(dataset.agency),
        custodian=place.office.office.name,
        terms=terms,
    )

    def work() -> DatasetPublished:
        where = publisher.publish(package).where
        book: InventoryBook = place.inventory(run.policy)
        book.bring_to(dataset.code, run.round, "Terpublikasi", by="Jagadata", why=where, at=place.clock())
        return DatasetPublished(where=where)

    once(run.journal, DatasetPublished, work, f"{dataset.code} {publisher.name}")

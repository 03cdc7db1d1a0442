"""Step 5 of a round: complete data sets into the inventory, packages to the publishers, and the closing report."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jagadata import sop
from jagadata.collection import dispatch
from jagadata.collection.intake_run import deliveries, examine_receipt, quarantine, tables_of, work_folder
from jagadata.collection.package import check_publishable
from jagadata.collection.receipts import list_receipts, open_file
from jagadata.collection.report import Report, make_report_sheet
from jagadata.collection.round_run import FINISHED
from jagadata.collection.second_copies import copy_round
from jagadata.collection.timing import make_timings
from jagadata.errors import DamagedError, JagadataError, RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from jagadata.collection.deliveries import Delivery
    from jagadata.collection.examination import CleanTable
    from jagadata.collection.inventory import Version
    from jagadata.collection.round_run import RoundRun


def take_inventory(run: RoundRun) -> None:
    """Step 5. A data set that is done is not done again; a publisher that refuses stops nothing and is named in the report.

    Raises UnreachableError, RefusedError: the inventory.
    """
    place = run.place
    book = place.inventory(run.policy)
    book.migrate()
    book.request(run.agencies, run.datasets(), run.round, by="Jagadata", at=place.clock())
    receipts = {one.receipt: one for one in list_receipts(place, run.round)}
    for delivery in deliveries(run):
        if delivery.is_complete and delivery.received:
            number = delivery.received.receipt

            def work(delivery: Delivery = delivery, number: int = number) -> dict[str, Any]:
                with work_folder(place) as folder, open_file(place, receipts[number]) as path:
                    found = examine_receipt(run, path, receipts[number], folder, {})
                    table = _same_table(delivery, found.tables)
                    parquet = tables_of(folder, receipts[number]) / table.file
                    version = book.take_in(
                        delivery.dataset,
                        run.round,
                        table,
                        parquet,
                        receipts[number].number,
                        place.clock(),
                    )
                    return _publish(run, delivery, version, parquet, folder / "paket")

            run.journal.once("dataset", work, delivery.dataset.code)
    run.journal.once("5", lambda: {"datasets": len(stored(run))})


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


def _publish(
    run: RoundRun, delivery: Delivery, version: Version, parquet: Path, folder: Path
) -> dict[str, Any]:
    """What became of one data set: {"label", "rows", "places", "refused"}."""
    from jagadata.adapters.data_files import write_package  # late: pyarrow is slow to load

    found: dict[str, Any] = {"label": version.label, "rows": version.rows, "places": [], "refused": []}
    dataset, place = delivery.dataset, run.place
    try:
        check_publishable(dataset, version)
    except RefusedError as error:
        found["refused"].append(error.message)
        return found
    for number, (publisher, terms) in enumerate(place.publishers(run.policy)):
        try:
            package = write_package(
                parquet,
                folder / str(number),
                dataset=dataset,
                version=version,
                agency=run.agency(dataset.agency),
                custodian=place.office.office.name,
                terms=terms,
            )
            found["places"].append(publisher.publish(package).place)
        except JagadataError as error:
            found["refused"].append(f"{publisher.name}: {error.message}")
    if found["places"]:
        place.inventory(run.policy).bring_to(
            dataset.code, run.round, "Terpublikasi", by="Jagadata", why=found["places"][0], at=place.clock()
        )
    return found


def stored(run: RoundRun) -> list[tuple[str, int, str]]:
    """(data set, rows, what became of it) of what is in the inventory."""
    found = []
    for one in run.datasets():
        outcome = run.journal.outcome("dataset", one.code)
        if outcome:
            places = [f"terpublikasi: {place}" for place in outcome["places"]]
            text = "; ".join([f"versi {outcome['label']}", *places, *outcome["refused"]])
            found.append((one.name, int(outcome["rows"]), text))
    return found


def make_report(run: RoundRun) -> Report:
    """The closing report, from the journal and the receipts."""
    journal = run.journal

    def ended(step: str) -> datetime | None:
        entry = journal.last(step)
        return entry.at if entry else None

    begun = datetime.fromisoformat(run.open()["at"])
    meeting = run.proposal.begins_at(run.place.timezone)
    times = {
        1: (begun, ended("1")),
        2: (ended("1"), ended("2")),
        3: (min(meeting, ended("3") or meeting), ended("3")),
        4: (ended("2"), ended("4")),
        5: (ended("4"), ended("5")),
    }
    failed = [run.agency(key).name for key in _uninvited(run)]
    held = quarantine(run)
    notes = [
        *([f"Undangan tidak terkirim kepada: {', '.join(failed)}"] if failed else []),
        *([f"{len(held)} berkas dari pengirim yang tidak dikenal tidak diterima"] if held else []),
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
        stored=tuple(stored(run)),
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
    run.end(FINISHED)
    dispatch.tell_end(run, papers)
    return report

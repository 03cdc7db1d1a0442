"""Numbers of forms and letters, claimed once for all workers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jagadata.errors import AlreadyExistsError, DamagedError, UnreachableError
from jagadata.stores import layout
from jagadata.text.names import make_number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from jagadata.evidence.records import Records
    from jagadata.office.people import OfficeInfo

NUMBER_KIND = "application/vnd.jagadata.number+json"
FORM_SERIES, LETTER_SERIES = "form", "surat"


def next_number(
    records: Records, info: OfficeInfo, series: str, *, run: str, at: datetime, classification: str = ""
) -> str:
    """The next number of a series as it is printed, such as '046/12/406.020/2026', claimed for `run`.

    `classification` empty: the office's. Raises UnreachableError: no store answers.
    """
    year = at.astimezone(ZoneInfo(info.timezone)).year
    return make_number(
        info.number,
        classification=classification or info.classification,
        sequence=claim_number(records, series, year, run=run, at=at.isoformat()),
        unit=info.unit_code,
        year=year,
    )


def claim_number(records: Records, series: str, year: int, *, run: str, at: str) -> str:
    """The next number of a series, claimed for ever by a conditional put: '12', or '12-C' when only the second store answered.

    It follows the highest that any store knows of. A run that asks again gets the number that it holds. Numbers start at 1
    each year.
    """
    prefix = layout.make_numbers_prefix(series, year)
    holders: dict[str, str] = {}
    for key in sorted(records.keys(prefix)):
        sequence = key.removeprefix(prefix).removesuffix(".json")
        try:
            holders[sequence] = str(records.read(key, NUMBER_KIND).value.get("run"))
        except DamagedError:
            holders[sequence] = ""
    for sequence, holder in holders.items():
        if holder == run:
            return sequence.lstrip("0")
    value = {"at": at, "run": run, "series": series, "year": year}
    for store in records.stores:
        suffix = "" if store is records.stores[0] else "-c"
        first = 1 + _highest(holders)
        for sequence in (f"{first + step:06}{suffix}" for step in range(1000)):
            try:
                records.write(f"{prefix}{sequence}.json", NUMBER_KIND, value, first=store)
            except AlreadyExistsError:
                continue
            except UnreachableError:
                break
            return sequence.lstrip("0").upper()
    raise UnreachableError(
        "Nomor formulir tidak dapat diambil: tidak ada penyimpanan yang menjawab.",
        "Periksa dengan `jaga doctor`.",
        transient=True,
    )


def _highest(taken: Iterable[str]) -> int:
    """The highest number that any store knows of, with whatever ending; 0 if there is none."""
    found = (key.split("-")[0] for key in taken)
    return max((int(number) for number in found if number.isdigit()), default=0)

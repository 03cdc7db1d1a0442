"""Each file that was taken in is examined, once (SOP step 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jagadata.collection.intake.receipts import (
    Receipt,
    checked_numbers,
    list_receipts,
    open_file,
    write_check,
)
from jagadata.errors import AlreadyExistsError, JagadataError, UnconfinedError
from jagadata.findings import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jagadata.collection.round import Round
    from jagadata.collection.tables.examination import Examination
    from jagadata.workplace import Workplace


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was examined now. `problems`: files that could not be and are tried again.

    `unconfined`: so many of them were left unread, because this machine can't shut off their reader.
    """

    receipts: tuple[Receipt, ...] = ()
    problems: tuple[Problem, ...] = ()
    unconfined: int = 0


def check_received(
    place: Workplace, round: Round, examine: Callable[[Path, Receipt], Examination]
) -> Checked:
    """Examine every file that was not examined yet. `examine` gets a path that is gone afterwards, and the receipt.

    A file that can't be examined now is named among the problems, and the others go on.
    """
    checked = checked_numbers(place, round)
    done: list[Receipt] = []
    problems: list[Problem] = []
    waiting = [one for one in list_receipts(place, round) if one.is_to_examine and one.receipt not in checked]
    for number, receipt in enumerate(waiting):
        try:
            with open_file(place, receipt) as path:
                found = examine(path, receipt)
            write_check(place, round, receipt, found)
        except AlreadyExistsError:
            continue
        except UnconfinedError as error:
            left = len(waiting) - number
            what = f"{left} berkas disimpan dan belum dibaca: {error.message}"
            problems.append(Problem(where=f"{receipt.number} {receipt.name}", what=what))
            return Checked(receipts=tuple(done), problems=tuple(problems), unconfined=left)
        except JagadataError as error:
            problems.append(Problem(where=f"{receipt.number} {receipt.name}", what=error.message))
            continue
        done.append(receipt)
    return Checked(receipts=tuple(done), problems=tuple(problems))

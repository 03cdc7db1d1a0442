"""Several stores that hold the same: from the first whose copy is good, and from all that answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from jagadata.errors import JagadataError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jagadata.ports.store import Store

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Good(Generic[T]):
    """What the first good copy gave, the store that it came from, and what was wrong with those before it."""

    value: T
    store: Store
    faults: tuple[JagadataError, ...]


def from_first_good(
    stores: Iterable[Store],
    work: Callable[[Store], T],
    *,
    missing: JagadataError,
    passable: tuple[type[JagadataError], ...] = (JagadataError,),
) -> Good[T]:
    """What `work` makes of the first store whose copy is good; a fault of a `passable` kind lets the next one try.

    Raises the first fault, where only "not there" gives way to what says more; `missing` where no store holds it at all.
    """
    faults: list[JagadataError] = []
    for store in stores:
        try:
            return Good(value=work(store), store=store, faults=tuple(faults))
        except passable as error:
            faults.append(error)
    raise next((fault for fault in faults if not isinstance(fault, NotFoundError)), missing)


@dataclass(frozen=True, kw_only=True)
class Answers(Generic[T]):
    """What each store that answers gave, in their order, and the fault of each that did not, by its name."""

    values: tuple[T, ...]
    faults: tuple[tuple[str, JagadataError], ...]


def from_all(
    stores: Sequence[Store],
    work: Callable[[Store], T],
    *,
    passable: tuple[type[JagadataError], ...] = (JagadataError,),
) -> Answers[T]:
    """What `work` makes of every store that answers. Raises the first fault if none does."""
    values: list[T] = []
    faults: list[tuple[str, JagadataError]] = []
    for store in stores:
        try:
            values.append(work(store))
        except passable as error:
            faults.append((store.name, error))
    if faults and not values:
        raise faults[0][1]
    return Answers(values=tuple(values), faults=tuple(faults))

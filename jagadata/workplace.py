"""The office with everything that it names, opened when first used and closed together."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, Self
from zoneinfo import ZoneInfo

from jagadata.errors import JagadataError, RefusedError
from jagadata.evidence.envelope import Seals, Signer
from jagadata.evidence.journal import Journal, now
from jagadata.evidence.keys import parse_identity, parse_recipients, parse_signer
from jagadata.evidence.mirror import Backlog
from jagadata.evidence.records import Records
from jagadata.office.secrets import reveal
from jagadata.services.control import ServiceControl
from jagadata.stores.absent import AbsentStore
from jagadata.vault.catalog import Catalog, join_catalogs, read_catalog
from jagadata.vault.clocks import Clocks, read_store_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime
    from types import TracebackType

    from jagadata.evidence.keys import Identity
    from jagadata.office.collection import Collection
    from jagadata.office.file import Office
    from jagadata.office.machines import HostEntry, ServerEntry, System
    from jagadata.office.stores import StoreEntry
    from jagadata.ports.channel import Channel
    from jagadata.ports.data_source import DataSource
    from jagadata.ports.host import Host
    from jagadata.ports.orchestrator import Orchestrator
    from jagadata.ports.printer import Printer
    from jagadata.ports.probe import Prober
    from jagadata.ports.store import Store


class Connections(Protocol):
    """Makes the adapters that the office file asks for; `connections.py` is the real one, tests give fakes."""

    def store(self, entry: StoreEntry) -> Store: ...
    def host(self, entry: HostEntry) -> Host: ...
    def server(
        self, system: System, entry: ServerEntry, host: Callable[[str], Host], stack: contextlib.ExitStack
    ) -> DataSource: ...
    def channels(self) -> Sequence[Channel]: ...
    def arrivals(
        self,
        policy: Collection,
        store: Callable[[str], Store],
        clock: Callable[[], datetime],
        since: datetime,
        stack: contextlib.ExitStack,
    ) -> Any: ...
    def inventory(
        self, policy: Collection, host: Callable[[str], Host], stack: contextlib.ExitStack
    ) -> Any: ...
    def publishers(self, policy: Collection) -> Any: ...
    def spreadsheets(self) -> Any: ...
    def probe(self) -> Prober: ...
    def printer(self) -> Printer: ...
    def orchestrator(self) -> Orchestrator: ...


class Workplace:
    """Where backups and restores are carried out. Use as a context manager; threads may share one.

    `clock` gives the present moment (aware). One that is given stands for the clocks of stores and databases too, unless
    `clocks` says how they are read.
    """

    def __init__(
        self,
        office: Office,
        *,
        connections: Connections,
        clock: Callable[[], datetime] = now,
        clocks: Callable[[Workplace, str | None], Sequence[Clocks]] | None = None,
    ) -> None:
        self.office = office
        self.connections = connections
        self.clock = clock
        self._clocks = clocks or (read_clocks if clock is now else _read_own_clock)
        self.timezone = ZoneInfo(office.office.timezone)
        self._stack = contextlib.ExitStack()
        self._lock = threading.RLock()
        self._open: dict[tuple[str, str], Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if ("backlog", "") in self._open:
            self.records.settle()  # what still misses is copied by the watch
        self._stack.close()
        self._open.clear()

    def _once(self, kind: str, name: str, make: Callable[[], Any]) -> Any:
        with self._lock:
            if (kind, name) not in self._open:
                self._open[kind, name] = make()
            return self._open[kind, name]

    def today(self) -> date:
        return self.clock().astimezone(self.timezone).date()

    @property
    def stores(self) -> list[Store]:
        """The primary store first. One that can't be opened answers nothing, with the reason, and hides none of the others."""
        return [
            self._once("store", entry.name, partial(self._open_store, entry)) for entry in self.office.stores
        ]

    def _open_store(self, entry: StoreEntry) -> Store:
        try:
            return self.connections.store(entry)
        except JagadataError as error:
            return AbsentStore(entry.name, error)

    @property
    def seals(self) -> Seals:
        return Seals(keys=self.office.keys.signers, timezone=self.timezone)

    @property
    def signer(self) -> Signer:
        """Raises RefusedError: the key is missing, or the office file does not list its public half."""
        signer: Signer = self._once("key", "signing", self._signer)
        return signer

    def _signer(self) -> Signer:
        signer = parse_signer(reveal(self.office.keys.signing, folder=self.office.folder))
        if signer.public not in [key.key for key in self.office.keys.signers]:
            raise RefusedError(
                "Kunci tanda tangan worker ini tidak tercantum di keys.signers.",
                f"Tambahkan '{signer.public}' ke keys.signers, atau pakai kunci yang tercantum.",
            )
        return signer

    def identities(self) -> list[Identity]:
        """The private age identities of this worker, the present one first. Raises RefusedError if there is none.

        One that can't be read hides none of the others; `unreadable_identities` names it.
        """
        found, faults = self._identities()
        if found:
            return list(found)
        raise (
            faults[0]
            if faults
            else RefusedError(
                "Identitas age tidak tersedia di worker ini.", "Isi keys.identities di berkas kantor."
            )
        )

    def unreadable_identities(self) -> list[JagadataError]:
        return list(self._identities()[1])

    def _identities(self) -> tuple[list[Identity], list[JagadataError]]:
        def read() -> tuple[list[Identity], list[JagadataError]]:
            found: list[Identity] = []
            faults: list[JagadataError] = []
            for reference in self.office.keys.identities:
                try:
                    found.append(parse_identity(reveal(reference, folder=self.office.folder)))
                except JagadataError as error:
                    faults.append(error)
            return found, faults

        made: tuple[list[Identity], list[JagadataError]] = self._once("key", "identities", read)
        return made

    def identities_for(self, recipients: Sequence[str]) -> list[Identity]:
        """Those of this worker's identities that open what was encrypted to these public keys.

        Raises RefusedError that names the keys by their notes and days: what is encrypted is whole, another key is needed.
        """
        held = self.identities()
        if found := [one for one in held if not recipients or str(one.to_public()) in recipients]:
            return found
        needed = " atau ".join(self.office.keys.describe_recipients(recipients))
        unread = "".join(f" {fault.message}" for fault in self.unreadable_identities())
        raise RefusedError(
            f"Identitas untuk membukanya tidak ada di worker ini; yang diperlukan: {needed}.{unread}",
            "Isinya tidak rusak. Tambahkan identitas itu ke keys.identities (yang lain tetap tercantum), lalu ulangi.",
        )

    def recipients(self) -> list[str]:
        """Public age keys in force today: the office's and the recovery key. Raises RefusedError for a faulty or missing one."""
        today = self.today()
        keys = [key.key for key in self.office.keys.recipients if key.holds_on(today)]
        parse_recipients(keys)
        if not keys:
            raise RefusedError(
                "Tidak ada kunci penerima yang berlaku hari ini.",
                "Perbarui keys.recipients di berkas kantor.",
            )
        return keys

    @property
    def records(self) -> Records:
        """Readable without the signing key; writing without it is refused."""
        signer: Signer | None
        try:
            signer = self.signer
        except JagadataError:
            signer = None
        backlog: Backlog = self._once("backlog", "", Backlog)
        return Records(self.stores, signer, self.seals, backlog)

    def journal(self, run: str) -> Journal:
        """The journal of a run, one object per run and workplace."""
        journal: Journal = self._once("journal", run, lambda: Journal(self.records, run, clock=self.clock))
        return journal

    def catalog(self, system: str | None = None) -> Catalog:
        """Judged at the worker's present moment; `moment` asks the other clocks too."""
        names = {old: one.id for one in self.office.systems for old in one.formerly}
        wanted = [system, *(old for old, present in names.items() if present == system)] if system else [None]
        found = [read_catalog(self.stores, self.records, one) for one in wanted]
        return join_catalogs(found, names).as_of(self.clock())

    def moment(self, system: str | None = None) -> datetime:
        """The present as all clocks agree that it has come: of the worker, of each store, and of a system's database or of all."""
        return min(clocks.earliest for clocks in self._clocks(self, system))

    def host(self, name: str) -> Host:
        def make() -> Host:
            host = self.connections.host(self.office.host(name))
            self._stack.callback(host.close)
            return host

        host: Host = self._once("host", name, make)
        return host

    def server(self, system: str) -> DataSource:
        """The source of a system's data, its SSH forward opened if it needs one. Each system has a login of its own there."""
        one = self.office.present_system(system)
        entry = self.office.server(one.server)
        server: DataSource = self._once(
            "server", system, lambda: self.connections.server(one, entry, self.host, self._stack)
        )
        return server

    def services(self, system: str) -> ServiceControl:
        return ServiceControl(
            self.office.system(system),
            {host.name: host for host in self.office.hosts},
            self.host,
            probe=self.connections.probe(),
        )

    @property
    def channels(self) -> Sequence[Channel]:
        channels: Sequence[Channel] = self._once("channels", "", self.connections.channels)
        return channels

    @property
    def printer(self) -> Printer:
        printer: Printer = self._once("printer", "", self.connections.printer)
        return printer

    def orchestrator(self) -> Orchestrator:
        """A client of the Prefect server, to be closed. Raises RefusedError: its address is not known."""
        return self.connections.orchestrator()

    # --- data collection: collection/ports.py says what these are ---

    def arrivals(self, policy: Collection, since: datetime, stack: contextlib.ExitStack) -> Any:
        """Where OPD send data; `stack` closes what is opened for it."""
        stores = {store.name: store for store in self.stores}
        return self.connections.arrivals(policy, stores.__getitem__, self.clock, since, stack)

    def inventory(self, policy: Collection) -> Any:
        return self._once("inventory", "", lambda: self.connections.inventory(policy, self.host, self._stack))

    def publishers(self, policy: Collection) -> Any:
        return self.connections.publishers(policy)

    @property
    def spreadsheets(self) -> Any:
        return self._once("spreadsheets", "", self.connections.spreadsheets)


def read_clocks(place: Workplace, system: str | None = None) -> list[Clocks]:
    """Every clock asked: each store by a write, each database server of the system or of all. Who does not answer says nothing."""
    worker = place.clock()
    found = [Clocks(worker=worker, store=read_store_clock(store)) for store in place.stores]
    systems = [place.office.system(system)] if system else place.office.systems
    for entry in {one.server: one for one in systems}.values():
        with contextlib.suppress(JagadataError):
            found.append(Clocks(worker=place.clock(), database=place.server(entry.id).facts().clock))
    return found


def _read_own_clock(place: Workplace, system: str | None = None) -> list[Clocks]:
    del system
    return [Clocks(worker=place.clock())]

"""Makes the real adapters that the office file asks for, and loads only their libraries: a command that needs none starts the sooner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.adapters.ca_file import clean_ca
from jagadata.adapters.directory.store import DirectoryStore
from jagadata.adapters.http_probe import HttpProbe
from jagadata.errors import UnreachableError
from jagadata.evidence.journal import now
from jagadata.office.file import load_office
from jagadata.office.secrets import reveal
from jagadata.workplace import Workplace

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from jagadata.adapters.spreadsheets.spreadsheets import Spreadsheets
    from jagadata.adapters.ssh.host import SshHost
    from jagadata.collection.intake.arrival import Arrivals
    from jagadata.collection.inventory.publishing import Publisher
    from jagadata.collection.ports import InventoryBook
    from jagadata.office.collection import Collection
    from jagadata.office.file import Office
    from jagadata.office.machines import Credentials, HostEntry, ServerEntry, System
    from jagadata.office.stores import StoreEntry
    from jagadata.ports.channel import Channel
    from jagadata.ports.data_source import DataSource
    from jagadata.ports.host import Host
    from jagadata.ports.orchestrator import Orchestrator
    from jagadata.ports.printer import Printer
    from jagadata.ports.probe import Prober
    from jagadata.ports.store import Store


class RealConnections:
    """The office's stores, hosts, servers and channels over the network. Secrets are read when first used."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def _reveal(self, reference: str) -> str:
        return reveal(reference, folder=self.office.folder)

    def _ca(self, path: Path | None, where: str) -> Path | None:
        """The CA file as every library takes it. Raises RefusedError where it holds nothing whole."""
        return clean_ca(self.office.path(path), where=where) if path else None

    def store(self, entry: StoreEntry) -> Store:
        if entry.kind == "directory":
            return DirectoryStore(entry.name, self.office.path(entry.path))
        from jagadata.adapters.s3.store import S3Store

        return S3Store(
            entry.name,
            bucket=entry.bucket,
            prefix=entry.prefix or "",
            endpoint=entry.endpoint,
            region=entry.region,
            access_key=self._reveal(entry.access_key),
            secret_key=self._reveal(entry.secret_key),
            ca=self._ca(entry.ca, f"penyimpanan '{entry.name}'"),
            addressing=entry.addressing,
        )

    def host(self, entry: HostEntry) -> SshHost:
        from jagadata.adapters.ssh.host import SshHost

        return SshHost(
            entry.name,
            address=entry.address,
            port=entry.port,
            user=entry.user,
            key_text=self._reveal(entry.key),
            known_hosts=self.office.path(entry.known_hosts),
            via=self.host(self.office.host(entry.via)) if entry.via else None,
        )

    def server(
        self, system: System, entry: ServerEntry, host: Callable[[str], Host], stack: contextlib.ExitStack
    ) -> DataSource:
        from jagadata.adapters.postgres.access import Login
        from jagadata.adapters.postgres.server import PostgresServer

        address, port = entry.address, entry.port
        if entry.via:
            port = stack.enter_context(host(entry.via).forward(entry.address, entry.port))
            address = "127.0.0.1"

        def login(credentials: Credentials) -> Login:
            password = self._reveal(credentials.password) if credentials.password else ""
            return Login(user=credentials.user, password=password)

        def free_space(folder: str) -> int | None:
            if not entry.data_host:
                return None
            found = host(entry.data_host).run(["df", "-B1", "--output=avail", folder])
            words = found.stdout.split()
            if not words or not words[-1].isdecimal():
                raise UnreachableError(
                    f"Host '{entry.data_host}' tidak menjawab `df` seperti seharusnya.",
                    "Jalankan `df -B1 --output=avail` di host itu, lalu ulangi.",
                    transient=True,
                )
            return int(words[-1])

        return PostgresServer(
            entry.name,
            address=address,
            port=port,
            system=system.id,
            dump=login(entry.dump),
            restore=login(entry.restore),
            extensions=login(entry.extensions) if entry.extensions else None,
            secret=self._reveal(entry.secret) if entry.secret else "",
            maintenance_database=entry.own_database,
            locks_before=entry.maintenance_database,
            neighbours={
                name: other.id
                for other in self.office.systems
                if other.server == entry.name and other.id != system.id
                for name in other.databases
            },
            max_minutes=self.office.policy.restore.max_minutes,
            ca=self._ca(entry.ca, f"server basis data '{entry.name}'"),
            tools=self.office.path(entry.tools) if entry.tools else None,
            measure_free_space=free_space,
        )

    def channels(self) -> Sequence[Channel]:
        from jagadata.adapters.mail.apprise import AppriseChannel
        from jagadata.adapters.mail.smtp import MailChannel

        mail = self.office.mail
        channels: list[Channel] = []
        if mail:
            channels.append(
                MailChannel(
                    host=mail.host,
                    port=mail.port,
                    security=mail.security,
                    sender=mail.sender,
                    user=mail.user,
                    password=self._reveal(mail.password) if mail.password else None,
                )
            )
        channels += [
            AppriseChannel(f"saluran-{number}", self._reveal(url))
            for number, url in enumerate(self.office.channels, 1)
        ]
        return channels

    def arrivals(
        self,
        policy: Collection,
        store: Callable[[str], Store],
        clock: Callable[[], datetime],
        since: datetime,
        stack: contextlib.ExitStack,
    ) -> list[Arrivals]:
        """Where OPD send data; what came before `since` is of an earlier round."""
        from jagadata.adapters.drops.folder import FolderDrop
        from jagadata.adapters.drops.store import StoreDrop
        from jagadata.adapters.mail.imap import ImapMailbox
        from jagadata.collection.intake.senders import Senders

        agencies = frozenset(one.id for one in policy.agencies)
        found: list[Arrivals] = []
        entry = policy.mailbox
        if entry:
            mailbox = ImapMailbox(
                host=entry.host,
                port=entry.port,
                security=entry.security,
                user=entry.user,
                password=self._reveal(entry.password),
                senders=Senders.make(policy, [self.office.mail.sender] if self.office.mail else []),
                limit=int(policy.limits.file_mib * 1.4 * 2**20),  # base64, and the words around it
                folder=entry.folder,
                ca=self._ca(entry.ca, "kotak surat"),
                since=since,
            )
            stack.callback(mailbox.close)
            found.append(mailbox)
        for drop in policy.drops:
            if drop.kind == "folder":
                found.append(
                    FolderDrop(
                        path=self.office.path(drop.path),
                        agencies=agencies,
                        clock=clock,
                        settled=drop.settled_seconds,
                    )
                )
            else:
                found.append(StoreDrop(store=store(drop.store), prefix=drop.prefix, agencies=agencies))
        return found

    def inventory(
        self, policy: Collection, host: Callable[[str], Host], stack: contextlib.ExitStack
    ) -> InventoryBook:
        from jagadata.adapters.satu_data.database import InventoryDatabase

        return InventoryDatabase.open(policy.inventory, folder=self.office.folder, host=host, stack=stack)

    def publishers(self, policy: Collection) -> list[tuple[Publisher, str]]:
        """Each with the license that it names."""
        from jagadata.adapters.portals.ckan import CkanPublisher
        from jagadata.adapters.portals.folder import FolderPublisher

        found: list[tuple[Publisher, str]] = []
        for entry in policy.publishers:
            if entry.kind == "folder":
                found.append((FolderPublisher(self.office.path(entry.path)), "cc-by"))
            else:
                portal = CkanPublisher(
                    entry.url,
                    token=self._reveal(entry.token),
                    organization=entry.organization,
                    ca=self._ca(entry.ca, f"portal '{entry.url}'"),
                )
                found.append((portal, entry.license))
        return found

    def probe(self) -> Prober:
        return HttpProbe(self.office.folder)

    def spreadsheets(self) -> Spreadsheets:
        from jagadata.adapters.spreadsheets.spreadsheets import Spreadsheets

        return Spreadsheets()

    def printer(self) -> Printer:
        from jagadata.adapters.typst import TypstPrinter

        return TypstPrinter()

    def orchestrator(self) -> Orchestrator:
        from jagadata.adapters.orchestrator.prefect_api import PrefectApi

        return PrefectApi()


def open_workplace(office: Office | None = None, *, clock: Callable[[], datetime] = now) -> Workplace:
    """The workplace of this office file, by default of the one that JAGADATA_OFFICE names. Raises OfficeFileError."""
    office = office or load_office()
    return Workplace(office, connections=RealConnections(office), clock=clock)

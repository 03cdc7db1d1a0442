"""The small office with a database server in memory: whole backups without a process or a network."""

from __future__ import annotations

from jagadata.backup.run import BackupOrder, BackupRun
from jagadata.lab.memory_source import MemoryServer, MemorySource
from tests.lab.small_office import NOW, Stores

TABLES = {"public.surat": ["a", "b", "c"]}


class Server(MemoryServer):
    """Its data sets have identities that manifests of format 1 can say."""

    def make(self, name, tables=None, owner="pemilik"):
        number = super().make(name, tables, owner).partition(":")[2].partition("@")[0]
        self.sets[name].identity = f"oid:{number}@{self.identifier}"
        return self.sets[name].identity


class Source(MemorySource):
    kind = "postgresql"


class MemoryOffice(Stores):
    """Two stores and one server that holds `simpeg`."""

    def __init__(self, *stores):
        super().__init__(*stores)
        self.memory = Server(clock=lambda: NOW)
        self.memory.make("simpeg", TABLES)

    def server(self, entry, *_through):
        return Source(self.memory, entry.name)


def back_up(place, run="r1", **order):
    """Steps 1 to 4 of a run; its first system's backup id."""
    done = BackupRun(place, run, BackupOrder(**order))
    done.make_backups()
    assert done.failures() == []
    return done.result(done.open().systems[0]).made_backup().backup

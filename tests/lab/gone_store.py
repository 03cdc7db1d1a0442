"""A store that can be away."""

from __future__ import annotations

from jagadata.errors import UnreachableError
from jagadata.lab.memory_store import MemoryStore


class GoneStore(MemoryStore):
    """A store that does not answer while `gone`."""

    gone = True

    def _refuse(self):
        if self.gone:
            raise UnreachableError(f"{self.name} tidak menjawab", transient=True)

    def put(self, key, data):
        self._refuse()
        return super().put(key, data)

    def list(self, prefix):
        self._refuse()
        yield from super().list(prefix)

    def get(self, key, *, version=None):
        self._refuse()
        return super().get(key, version=version)

"""What `jaga doctor` makes of a store whose key has fewer rights."""

from __future__ import annotations

from jagadata.adapters.memory_store import MemoryStore
from jagadata.doctor import _write_and_read
from jagadata.errors import RefusedError


class KeptStore(MemoryStore):
    """Its key may not delete."""

    def remove(self, stored):
        raise RefusedError(f"delete_object {stored.key} ditolak oleh {self.name}: AccessDenied.")


def test_a_key_that_may_not_delete_is_no_fault_of_a_worker():
    state, finding, _action = _write_and_read(KeptStore("utama"))
    assert state == "OK"
    assert "tidak boleh menghapus" in finding

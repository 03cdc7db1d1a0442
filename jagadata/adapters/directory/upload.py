"""A file on its way into a directory store: hidden beside its final name until it is whole and on disk."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from jagadata.adapters.directory.folder import CLAIM, PART, explain, taken
from jagadata.ports.store import StoredObject

if TYPE_CHECKING:
    from types import TracebackType

    from jagadata.adapters.directory.folder import Folder
    from jagadata.errors import JagadataError

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}


class FileUpload:
    """Implements ports.Upload. Owns the open folder, and gives it back on leaving."""

    def __init__(self, folder: Folder, name: str, *, key: str, where: str) -> None:
        self._folder = folder
        self._name = name
        self._key = key
        self._place = where
        self._part = f"{PART}{secrets.token_hex(8)}"
        with contextlib.ExitStack() as stack:
            stack.enter_context(folder)
            if folder.look(name) is not None:
                raise taken(key, where)
            self._file = os.fdopen(folder.make(self._part), "wb", buffering=2**20)
            stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        with self._folder, contextlib.suppress(OSError):
            self._folder.remove(self._part)

    def write(self, data: bytes, /) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            raise self._explain(error) from error

    def _explain(self, error: OSError) -> JagadataError:
        return explain(error, self._place)

    def commit(self) -> StoredObject:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            found = os.fstat(self._file.fileno())
            self._file.close()
            self._publish()
            self._folder.remove(self._part)
            self._folder.sync()
        except OSError as error:
            raise self._explain(error) from error
        return StoredObject(
            key=self._key, size=found.st_size, modified=datetime.fromtimestamp(found.st_mtime, UTC)
        )

    def _publish(self) -> None:
        try:
            self._folder.link(self._part, self._name)
        except FileExistsError as error:
            # Over NFS an answer may be lost and the link repeated: two names of our file say that it was made.
            here = self._folder.look(self._part)
            if here is None or here.st_nlink < 2:
                raise taken(self._key, self._place) from error
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._claim_and_rename()

    def _claim_and_rename(self) -> None:
        """Without hard links: who makes the hidden claim (O_EXCL) may rename; dying in between leaves nothing half under the name."""
        claim = f"{CLAIM}{self._name}"
        try:
            os.close(self._folder.make(claim))
        except FileExistsError as error:
            raise taken(self._key, self._place) from error
        try:
            if self._folder.look(self._name) is not None:
                raise taken(self._key, self._place)
            self._folder.rename(self._part, self._name)
            self._folder.sync()
        finally:
            self._folder.remove(claim)

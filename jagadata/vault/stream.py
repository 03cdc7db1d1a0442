"""Byte streams of bounded memory: hash, encrypt (age), cut into objects; and the way back. Format: docs/format.md."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, Self

import pyrage
import zstandard

from jagadata.errors import DamagedError, JagadataError, RefusedError
from jagadata.evidence.keys import parse_recipients
from jagadata.vault.manifest import ObjectEntry, StoredStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from jagadata.evidence.keys import Identity
    from jagadata.ports.store import Store, Upload

OBJECT_SIZE = 64 * 2**30
"""Largest object (bytes): 16 MiB parts, of which S3 allows 10,000, would allow more; restores and copies stay handy."""
ZSTD_LEVEL = 3
_NO_KEY = "No matching keys"
"""How age begins when none of the identities is a recipient."""


class Writer(Protocol):
    def write(self, data: bytes, /) -> int: ...


class HashingReader:
    """Reads through to `source`; knows size and SHA-256 of what passed, and the first error, which a C library may hide."""

    def __init__(self, source: Any, progress: Callable[[int], None] | None = None) -> None:
        self.source = source
        self.size = 0
        self.sha256 = hashlib.sha256()
        self.error: BaseException | None = None
        self.progress = progress

    def read(self, size: int = -1) -> bytes:
        try:
            data: bytes = self.source.read(size)
        except BaseException as error:
            self.error = error
            raise
        self.size += len(data)
        self.sha256.update(data)
        if self.progress and data:
            self.progress(len(data))
        return data


class _Slices:
    """Reads `source` in large pieces and hands out small ones: age asks for 8 KiB at a time."""

    def __init__(self, source: HashingReader) -> None:
        self.source = source
        self._rest = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        if not self._rest:
            self._rest = memoryview(self.source.read(2**20))
        piece, self._rest = self._rest[:size], self._rest[size:]
        return bytes(piece)


class HashingWriter:
    """Writes through to `target` (None: nowhere); knows size and SHA-256 of what passed, and the first error."""

    def __init__(self, target: Writer | None = None, progress: Callable[[int], None] | None = None) -> None:
        self.target = target
        self.size = 0
        self.sha256 = hashlib.sha256()
        self.error: BaseException | None = None
        self.progress = progress

    def write(self, data: bytes) -> int:
        self.size += len(data)
        self.sha256.update(data)
        try:
            if self.target is not None:
                self.target.write(data)
            if self.progress:
                self.progress(len(data))
        except BaseException as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        pass


class ObjectWriter:
    """Writes one stream as objects `KEY.000`, `KEY.001`, ... of at most `limit` bytes. Leaving without `finish()` aborts."""

    def __init__(self, store: Store, key: str, *, limit: int = OBJECT_SIZE) -> None:
        self.store = store
        self.key = key
        self.limit = limit
        self.entries: list[ObjectEntry] = []
        self.error: BaseException | None = None
        self._upload: Upload | None = None
        self._stack = contextlib.ExitStack()
        self._size = 0
        self._sha256 = hashlib.sha256()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, data: bytes) -> int:
        try:
            view = memoryview(data)
            while view:
                if self._upload is None:
                    self._upload = self._stack.enter_context(
                        self.store.create(f"{self.key}.{len(self.entries):03}")
                    )
                piece = bytes(view[: self.limit - self._size])
                self._upload.write(piece)
                self._sha256.update(piece)
                self._size += len(piece)
                view = view[len(piece) :]
                if self._size == self.limit:
                    self._commit()
        except BaseException as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        pass

    def _commit(self) -> None:
        if self._upload is None:
            return
        stored = self._upload.commit()
        self.entries.append(
            ObjectEntry(
                key=stored.key, version=stored.version, size=self._size, sha256=self._sha256.hexdigest()
            )
        )
        self._upload, self._size, self._sha256 = None, 0, hashlib.sha256()

    def finish(self) -> list[ObjectEntry]:
        self._commit()
        return self.entries


def store_stream(
    source: Any,
    store: Store,
    key: str,
    recipients: Sequence[str],
    *,
    limit: int = OBJECT_SIZE,
    progress: Callable[[int], None] | None = None,
) -> StoredStream:
    """Encrypt `source` to its end into objects of the store, in one pass.

    Raises:
        JagadataError: what the source or the store said; nothing is committed of the object under way.
    """
    reader = HashingReader(source, progress)
    with ObjectWriter(store, key, limit=limit) as writer:
        try:
            pyrage.encrypt_io(_Slices(reader), writer, parse_recipients(recipients))
        except BaseException as error:  # noqa: BLE001 - age wraps what the source or the store said
            raise (reader.error or writer.error or error) from None
        entries = writer.finish()
    if not reader.size:
        raise DamagedError(
            "Sumber tidak menghasilkan data sama sekali.",
            "Periksa sumbernya dengan `jaga doctor`, lalu ulangi.",
        )
    return StoredStream(objects=entries, plain_size=reader.size, plain_sha256=reader.sha256.hexdigest())


class _Joined:
    """The objects of a stream one after the other, each checked by size and SHA-256 when its end is reached."""

    def __init__(
        self, store: Store, entries: Sequence[ObjectEntry], versions: Callable[[str], str | None]
    ) -> None:
        self.store = store
        self.versions = versions
        self.error: BaseException | None = None
        self._entries = list(entries)
        self._stack = contextlib.ExitStack()
        self._current: HashingReader | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            while self._entries:
                if self._current is None:
                    entry = self._entries[0]
                    self._current = HashingReader(
                        self._stack.enter_context(
                            self.store.open(entry.key, version=self.versions(entry.key))
                        )
                    )
                data = self._current.read(size if size > 0 else 2**20)
                if data:
                    return data
                self._check(self._entries.pop(0), self._current)
                self._current = None
                self._stack.close()
        except BaseException as error:
            self.error = error
            raise
        return b""

    def _check(self, entry: ObjectEntry, seen: HashingReader) -> None:
        if (seen.size, seen.sha256.hexdigest()) != (entry.size, entry.sha256):
            what = (
                f"ukuran {seen.size} dari {entry.size} bita"
                if seen.size != entry.size
                else "nilai hash berbeda"
            )
            raise DamagedError(
                f"Objek {entry.key} di {self.store.name} tidak sesuai manifes: {what}.",
                "Jangan dipakai. Coba salinan di penyimpanan kedua (`jaga verify`), dan selidiki penyimpanan ini.",
            )

    def read_to_end(self) -> None:
        while self.read(2**20):
            pass

    def close(self) -> None:
        self._stack.close()


def _missing_key(stream: StoredStream, store: Store) -> RefusedError:
    return RefusedError(
        f"Objek {stream.objects[0].key} di {store.name} utuh, tetapi tidak satu pun identitas di sini membukanya.",
        "Tambahkan identitas yang lebih lama ke keys.identities, lalu ulangi.",
    )


def read_stream(
    stream: StoredStream,
    store: Store,
    versions: Callable[[str], str | None],
    identities: Sequence[Identity],
    target: Writer | None,
    *,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Decrypt a stream from the store into `target`, checking every hash.

    What was written to `target` may be trusted only when this returns.

    Raises:
        DamagedError: an object or the plain bytes are not what the manifest says, or can't be decrypted.
        RefusedError: the objects are whole, but none of these identities opens them.
        UnreachableError: the store did not answer.
    """
    source = _Joined(store, stream.objects, versions)
    writer = HashingWriter(target, progress)
    try:
        try:
            pyrage.decrypt_io(source, writer, identities)
        except pyrage.DecryptError as error:
            if writer.error or not str(error).startswith(_NO_KEY):
                raise
            source.read_to_end()  # whole as the manifest says it: nothing is damaged, only a key is missing
            raise _missing_key(stream, store) from None
        source.read_to_end()  # age stops at its own end; what follows is checked as well
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | RefusedError) or isinstance(
            source.error or writer.error, JagadataError | OSError
        ):
            raise (source.error or writer.error or error) from None
        raise DamagedError(
            f"Objek {stream.objects[0].key} di {store.name} tidak dapat didekripsi: {type(error).__name__}.",
            "Coba salinan kedua (`jaga verify`), dan selidiki penyimpanan ini.",
        ) from error
    finally:
        source.close()
    if (writer.size, writer.sha256.hexdigest()) != (stream.plain_size, stream.plain_sha256):
        raise DamagedError(
            f"Isi {stream.objects[0].key} di {store.name} setelah didekripsi tidak sesuai manifes.",
            "Coba salinan kedua.",
        )


def compress(source: Any, threads: int = 2) -> Any:
    """A reader of `source` compressed by zstd."""
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL, threads=threads).stream_reader(source, read_size=2**20)


@contextlib.contextmanager
def as_pipe(fill: Callable[[Writer], None], *, codec: str = "none") -> Iterator[BinaryIO]:
    """A real pipe that `fill` writes into from a thread, decompressed if `codec` is zstd.

    The error of `fill` is raised on leaving, before any other: the reader only saw a short stream. What the reader left
    unread is read on leaving, so that `fill` always comes to its end, where it checks the hashes.
    """
    reading, writing = os.pipe()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with os.fdopen(writing, "wb", buffering=2**18) as pipe:
                if codec == "zstd":
                    with zstandard.ZstdDecompressor().stream_writer(pipe, closefd=False) as plain:
                        fill(plain)
                else:
                    fill(pipe)
        except BrokenPipeError:
            pass  # the reader left, perhaps before the last bytes were flushed; it says why
        except BaseException as error:  # noqa: BLE001 - carried over to the other thread
            failures.append(error)

    thread = threading.Thread(target=run, name="stream", daemon=True)
    with os.fdopen(reading, "rb", buffering=0) as source:
        thread.start()
        try:
            yield source
            while source.read(2**20):
                pass
        except BaseException:
            source.close()
            thread.join()
            if failures:
                raise failures[0] from None
            raise
    thread.join()
    if failures:
        raise failures[0]

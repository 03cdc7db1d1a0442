"""`python -m jagadata.adapters.spreadsheets.sandbox`: reads orders from stdin, does each in a process of its own, answers on stdout.

The libraries are loaded once; every file gets a fork that is shut off from the machine (confinement.py) and has limits on memory,
processor time, clock time and written bytes. It reads its file and writes what it makes into a descriptor; a fork that dies is an
answer like any other. The end of stdin, or nothing asked for a while, ends this process and any fork.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import io
import json
import os
import pkgutil
import resource
import selectors
import signal
import tempfile
import time
import traceback
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jagadata.adapters import confinement
from jagadata.adapters.spreadsheets import examination
from jagadata.adapters.spreadsheets.examination import Request, examine_file, parquet_prefix, warm_up
from jagadata.adapters.spreadsheets.kinds import is_of_machine
from jagadata.adapters.spreadsheets.zip_members import unpack
from jagadata.collection.tables.examination import to_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from jagadata.collection.tables.examination import Examination
    from jagadata.office.collection import Limits

    Work = Callable[[Path, "Sink"], dict[str, Any]]

IDLE = 30.0
"""Seconds without an order after which the process ends; the next order starts another."""

CLOCK = 2.0
"""Times the processor seconds that may pass on the clock: the machine may be busy."""

NONSENSE = {"ended": "galat", "at": "jawaban"}
"""The fork said what no reader of ours says."""

_LONGEST = 64 << 20
"""Bytes of an answer; a fork that says more lies."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one fork is to do. `ways`: of shutting it off; `unconfined`: do it all the same where none of them works."""

    path: Path
    folder: Path
    limits: Limits
    ways: tuple[str, ...] = confinement.EVERYTHING
    unconfined: bool = False


class Sink(io.RawIOBase):
    """One file after another into one descriptor; `sizes` tells them apart."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.sizes: list[int] = []

    def next(self) -> Sink:
        self.sizes.append(0)
        return self

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.sizes[-1]

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        _write_all(self.descriptor, view)
        self.sizes[-1] += len(view)
        return len(view)

    def close(self) -> None:
        """The next file goes into the same descriptor."""


def main() -> None:
    warm_up()
    for module in pkgutil.iter_modules(import_module("encodings").__path__):  # nothing can be loaded later
        with contextlib.suppress(ImportError):  # 'mbcs' and the like are Windows'
            import_module(f"encodings.{module.name}")
    gc.freeze()  # a fork that collects garbage would copy all of it
    baseline = _address_space()
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    buffer = b""
    while True:
        while b"\n" not in buffer:
            if not selector.select(IDLE) or not (piece := os.read(0, 1 << 16)):
                return
            buffer += piece
        line, _, buffer = buffer.partition(b"\n")
        try:
            answer = _answer(json.loads(line), baseline)
        except OSError as error:  # the file or the folder is not to be had
            answer = {"ended": "mesin", "at": _spot(error)}
        _write_all(1, json.dumps(answer).encode() + b"\n")


def _address_space() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _answer(question: dict[str, Any], baseline: int) -> dict[str, Any]:
    request = examination.from_json(question["request"])
    order = Order(
        path=request.path,
        folder=request.folder,
        limits=request.limits,
        ways=tuple(question["ways"]),
        unconfined=question["unconfined"],
    )
    if question["task"] == "periksa":
        return examine_apart(order, request, baseline)
    with Path(question["into"]).open("r+b", buffering=0) as into:
        work: Work = _unpack(request) if question["task"] == "buka" else _nothing
        return work_apart(order, work, baseline, into)


def examine_apart(
    order: Order, request: Request, baseline: int, examine: Callable[..., Examination] = examine_file
) -> dict[str, Any]:
    """The tables are given their names here: the fork has no folder, and its word for one does not count."""

    def work(path: Path, sink: Sink) -> dict[str, Any]:
        found = examine(replace(request, path=path), sink.next)
        return {"examination": to_json(found), "sizes": sink.sizes}

    with tempfile.TemporaryFile(dir=request.folder, buffering=0) as into:
        answer = work_apart(order, work, baseline, into)
        if "examination" not in answer:
            return answer
        prefix = parquet_prefix(request.path, request.name)
        into.seek(0)
        try:
            tables, sizes = answer["examination"]["tables"], answer.pop("sizes")
            for number, (table, size) in enumerate(zip(tables, sizes, strict=True), 1):
                table["file"] = f"{prefix}-{number}.parquet"
                _copy(into, request.folder / table["file"], size)
        except (LookupError, TypeError, ValueError):
            return NONSENSE
    return answer


def _copy(source: BinaryIO | io.RawIOBase, target: Path, size: int) -> None:
    with target.open("wb") as file:
        while size > 0 and (data := source.read(min(size, 1 << 20))):
            size -= file.write(data)


def _unpack(request: Request) -> Work:
    def work(path: Path, sink: Sink) -> dict[str, Any]:
        return unpack(path, request.limits, cast("Callable[[], BinaryIO]", sink.next)) | {"sizes": sink.sizes}

    return work


def _nothing(path: Path, _sink: Sink) -> dict[str, Any]:
    """A trial: whether a fork can be shut off, and still reads its file."""
    return {"size": len(path.read_bytes())}


def work_apart(order: Order, work: Work, baseline: int, into: BinaryIO | io.RawIOBase) -> dict[str, Any]:
    """What `work` gives in a fork that is shut off, or {'ended': why}, and how it was shut off.

    Why: 'memori', 'waktu', 'galat'; 'mesin' where the file is not to blame, 'terbuka' where the fork could not be shut off.
    Raises OSError: the file can't be opened.
    """
    source = os.open(order.path, os.O_RDONLY | os.O_CLOEXEC)
    reader, writer = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if not child:
        _work(order, work, (source, into.fileno(), writer), baseline, parent)
    os.close(source)
    os.close(writer)
    with contextlib.suppress(OSError):  # it did so itself, or is gone
        os.setpgid(child, child)
    try:
        data, late = _read(reader, order.limits.seconds * CLOCK + 1)
    finally:
        os.close(reader)
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)
        _pid, status, usage = os.wait4(child, 0)
    if late:
        return {"ended": "waktu"}
    head, _, rest = data.partition(b"\n")
    if not head:
        return {"ended": "memori"}
    state: dict[str, Any] = json.loads(head)  # said before the file was opened: nothing in it speaks yet
    if state["leaks"] and not order.unconfined:
        return {"ended": "terbuka", "at": ", ".join(state["leaks"])}
    try:
        answer = json.loads(rest)
    except (ValueError, RecursionError):
        worn = usage.ru_utime + usage.ru_stime > order.limits.seconds - 0.1
        worn = worn or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU)
        return {"ended": "waktu" if worn else "memori"}
    if not isinstance(answer, dict) or answer.get("ended", "mesin") not in (
        "memori",
        "waktu",
        "galat",
        "mesin",
    ):
        return NONSENSE
    return answer | {"way": "" if state["leaks"] else state["way"]}


def _read(reader: int, seconds: float) -> tuple[bytes, bool]:
    """All that the fork says; true where its time was over. The end of stdin ends this process and the fork."""
    data = b""
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            ready = {key.fd for key, _events in selector.select(left)}
            if ready == {0}:  # nobody asks while we work: it was closed
                break
            if reader not in ready:
                continue
            piece = os.read(reader, 1 << 16)
            if not piece or len(data) > _LONGEST:
                return data, False
            data += piece
    return b"", True


def _work(order: Order, work: Work, descriptors: tuple[int, int, int], baseline: int, parent: int) -> None:
    """In the fork: never returns. `descriptors`: of the file, of what is made of it, of the answer."""
    try:
        os.setpgid(0, 0)
        confinement.die_with_parent()
        os.environ.clear()
        source, into, writer = _keep(descriptors)
        largest = int(order.limits.file_mib * (1 << 20))
        shut = confinement.shut_off(source, largest, order.folder, order.ways)
        limits = order.limits
        _limit(resource.RLIMIT_AS, baseline + (limits.memory_mib << 20))
        _limit(resource.RLIMIT_CPU, limits.seconds)
        _limit(resource.RLIMIT_FSIZE, int(limits.unpacked_mib * (2 << 20)))
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_NOFILE, 64)
        leaks = confinement.find_leaks(parent)
        _write_all(writer, json.dumps({"way": shut.way, "leaks": leaks}).encode() + b"\n")
        if leaks and not order.unconfined:
            return
        try:
            answer: dict[str, Any] = work(shut.path, Sink(into))
        except MemoryError:
            answer = {"ended": "memori"}
        except ImportError as error:  # of a part that `main` did not load before
            answer = {"ended": "mesin", "at": _spot(error)}
        except OSError as error:
            ended = "mesin" if is_of_machine(error) else "memori" if error.errno == errno.ENOMEM else "galat"
            answer = {"ended": ended, "at": _spot(error)}
        except BaseException as error:  # noqa: BLE001 - a parser's panic is no Exception; the type says no data
            answer = {"ended": "galat", "at": _spot(error)}
        _write_all(writer, json.dumps(answer).encode())
    finally:
        os._exit(0)


def _keep(descriptors: tuple[int, int, int]) -> list[int]:
    """These alone stay open, as 3, 4 and 5; a parser's last words may hold data, so the first three lead nowhere."""
    quiet = os.open(os.devnull, os.O_RDWR)
    high = [os.dup2(one, 100 + number) for number, one in enumerate(descriptors)]
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    kept = [os.dup2(one, 3 + number) for number, one in enumerate(high)]
    os.closerange(6, 1 << 16)
    return kept


def _spot(error: BaseException) -> str:
    """'KeyError cleaning:120': the kind and place of a fault of ours or a library's, without what the error says."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "jagadata" in frame.filename] or frames
    return f"{type(error).__name__} {Path(own[-1].filename).stem}:{own[-1].lineno}"


def _limit(what: int, value: int) -> None:
    _soft, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(
        what, (value, value + 1 if what == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else value)
    )


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


if __name__ == "__main__":
    main()

"""`python -m jagadata.adapters.spreadsheets.sandbox`: reads requests from stdin, examines each file in a process of its own, answers on stdout.

The libraries are loaded once; every file gets a fork with limits on memory, processor time, clock time and written bytes. A fork
that dies is an answer like any other. The end of stdin, or nothing asked for a while, ends this process and any fork.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import resource
import selectors
import signal
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jagadata.adapters.spreadsheets.examination import examine_file, from_json, warm_up
from jagadata.adapters.spreadsheets.kinds import is_of_machine
from jagadata.collection.tables.examination import to_json

if TYPE_CHECKING:
    from jagadata.adapters.spreadsheets.examination import Request

IDLE = 30.0
"""Seconds without a request after which the process ends; the next request starts another."""

CLOCK = 2.0
"""Times the processor seconds that may pass on the clock: the machine may be busy."""


def main() -> None:
    warm_up()
    gc.freeze()  # a fork that collects garbage would copy all of it
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    baseline = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf(
        "SC_PAGE_SIZE"
    )
    buffer = b""
    while True:
        while b"\n" not in buffer:
            if not selector.select(IDLE) or not (piece := os.read(0, 1 << 16)):
                return
            buffer += piece
        line, _, buffer = buffer.partition(b"\n")
        answer = _examine_apart(from_json(json.loads(line)), baseline)
        _write_all(1, json.dumps(answer).encode() + b"\n")


def _examine_apart(request: Request, baseline: int) -> dict[str, Any]:
    """{'examination': ...} or {'ended': why}: 'memori', 'waktu', 'galat', or 'mesin' where the file is not to blame."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _work(request, baseline, writer)
    os.close(writer)
    try:
        data, late = _read(reader, request.limits.seconds * CLOCK + 1)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        _pid, status = os.waitpid(child, 0)
    if late:
        return {"ended": "waktu"}
    try:
        answer: dict[str, Any] = json.loads(data)
    except ValueError:
        return {
            "ended": "waktu" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU else "memori"
        }
    return answer


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
            if not piece:
                return data, False
            data += piece
    return b"", True


def _work(request: Request, baseline: int, writer: int) -> None:
    """In the fork: never returns."""
    try:
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):  # a parser's last words may hold data
            os.dup2(quiet, stream)
        limits = request.limits
        _limit(resource.RLIMIT_AS, baseline + (limits.memory_mib << 20))
        _limit(resource.RLIMIT_CPU, limits.seconds)
        _limit(resource.RLIMIT_FSIZE, int(limits.unpacked_mib * (2 << 20)))
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_NOFILE, 64)
        try:
            answer: dict[str, Any] = {"examination": to_json(examine_file(request))}
        except MemoryError:
            answer = {"ended": "memori"}
        except OSError as error:
            ended = "mesin" if is_of_machine(error) else "memori" if error.errno == errno.ENOMEM else "galat"
            answer = {"ended": ended, "at": _spot(error)}
        except BaseException as error:  # noqa: BLE001 - a parser's panic is no Exception; the type says no data
            answer = {"ended": "galat", "at": _spot(error)}
        _write_all(writer, json.dumps(answer).encode())
    finally:
        os._exit(0)


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


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


if __name__ == "__main__":
    main()

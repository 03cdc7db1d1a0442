"""Files that OPD sent, examined in a sandbox: the one entry for step 4 of SOP Pengumpulan Data. What confines it: confinement.py."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from jagadata.adapters.confinement import CALLS, EVERYTHING, has_seccomp, landlock_version
from jagadata.adapters.spreadsheets import examination
from jagadata.adapters.spreadsheets.examination import Request, parquet_prefix
from jagadata.adapters.spreadsheets.zip_members import MOST
from jagadata.collection.round import Round
from jagadata.collection.tables.examination import Examination, Finding, from_json
from jagadata.collection.tables.wording import clean_name, number_text
from jagadata.errors import JagadataError, UnconfinedError
from jagadata.office.collection import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jagadata.collection.tables.examination import PreviousTable
    from jagadata.office.collection import DatasetEntry


def examine(
    path: Path,
    name: str,
    datasets: Sequence[DatasetEntry],
    *,
    round: Round,
    limits: Limits,
    region: str,
    region_name: str = "",
    folder: Path,
    previous: Mapping[str, PreviousTable] | None = None,
    unconfined: bool = False,
    ways: Sequence[str] = EVERYTHING,
) -> Examination:
    """What the file at `path`, sent as `name`, holds of the data sets that were asked of its sender; clean tables as Parquet in `folder`.

    Whatever is wrong with the file is a finding: one that crashes or hangs its reader too. Safe in threads; one file at a
    time, so that memory stays within `limits.memory_mib` and the 150 MB of the libraries. `unconfined`: read it even where none
    of the `ways` of shutting the reader off works.

    Raises:
        UnconfinedError: none of them works here; the file was not read.
        JagadataError (transient): no reader can be started, or the machine fails it (a full disk).
    """
    request = Request(
        path=path.absolute(),
        name=clean_name(name),
        datasets=tuple(datasets),
        round=round,
        limits=limits,
        region=region,
        region_name=region_name,
        folder=folder.absolute(),
        previous=dict(previous or {}),
    )
    return conclude(_ask("periksa", request, ways, unconfined=unconfined), request)


def conclude(answer: dict[str, Any], request: Request) -> Examination:
    """The examination that the sandbox answered, or what its end means. Code in the file may have spoken for the reader."""
    try:
        if "examination" in answer:
            return from_json(answer["examination"])
    except ValidationError:
        answer = {"ended": "galat", "at": "jawaban"}
    for left in request.folder.glob(f"{parquet_prefix(request.path, request.name)}-*"):
        left.unlink()
    return Examination(name=request.name, findings=(_ended(answer, request.limits),))


def open_archive(
    path: Path,
    into: Path,
    limits: Limits,
    *,
    folder: Path,
    unconfined: bool = False,
    ways: Sequence[str] = EVERYTHING,
) -> dict[str, Any]:
    """What is in the ZIP at `path`: {'names': [...], 'sizes': [...]}, the bytes one after another in `into`; or {'refusal': why}.

    Neither: an office document, or no ZIP. Raises as `examine` does.
    """
    answer = _ask("buka", _make_order(path, limits, folder), ways, unconfined=unconfined, into=into)
    if "ended" not in answer and _is_sound(answer, limits):
        return answer
    return {"refusal": f"arsip ZIP: {_ended(answer, limits).text}"}


def _is_sound(found: dict[str, Any], limits: Limits) -> bool:
    """Whether this can be said of an archive: code in it may have spoken for the reader."""
    if "refusal" in found or "names" not in found:
        return True
    names, sizes = found["names"], found.get("sizes")
    if not isinstance(names, list) or not isinstance(sizes, list) or not len(names) == len(sizes) <= MOST:
        return False
    whole = all(isinstance(name, str) for name in names) and all(
        isinstance(size, int) and size >= 0 for size in sizes
    )
    return whole and sum(sizes) <= limits.unpacked_mib * (1 << 20)


def try_confinement(folder: Path, ways: Sequence[str] = EVERYTHING) -> str:
    """The first of the `ways` in which a reader can be shut off here, tried, and which others are there. Raises UnconfinedError."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(b"uji")
        file.flush()
        order = _make_order(Path(file.name), Limits(), folder)
        answer = _ask("uji", order, ways, unconfined=False, into=Path(os.devnull))
    return f"{answer['way']} (mesin ini punya: {_describe_machine()})"


def _describe_machine() -> str:
    """What else a reader could be shut off with: 'Landlock ABI 7, libseccomp'."""
    version = landlock_version()
    parts = [*([f"Landlock ABI {version}"] if version else []), *([CALLS] if has_seccomp() else [])]
    return ", ".join(parts) or "tanpa Landlock dan libseccomp"


def _make_order(path: Path, limits: Limits, folder: Path) -> Request:
    """A request that asks for no data set."""
    return Request(
        path=path.absolute(), name=path.name, datasets=(), round=Round(2000, 1), limits=limits, region="",
        folder=folder.absolute(), previous={},
    )  # fmt: skip


def _ask(
    task: str, request: Request, ways: Sequence[str], *, unconfined: bool, into: Path | None = None
) -> dict[str, Any]:
    """The reader's answer. Raises UnconfinedError, JagadataError."""
    answer = _READER.ask(
        {
            "task": task,
            "ways": list(ways),
            "unconfined": unconfined,
            "into": str(into or ""),
            "request": examination.to_json(request),
        }
    )
    if answer.get("ended") == "terbuka":
        raise UnconfinedError(
            f"Berkas '{request.name}' tidak dibaca: proses pembaca tidak dapat dikurung di mesin ini (terbuka: {answer['at']}; "
            f"mesin ini punya: {_describe_machine()}).",
            "Izinkan user namespace, atau pakai kernel dengan Landlock dan pasang libseccomp2; periksa dengan `jaga doctor`.",
        )
    if answer.get("ended") == "mesin":
        raise JagadataError(
            f"Berkas '{request.name}' tidak dapat diperiksa: mesin ini tidak dapat membaca atau menulis berkas ({answer['at']}).",
            "Periksa ruang disk dan izin folder kerja, lalu ulangi.",
            transient=True,
        )
    return answer


def _ended(answer: dict[str, Any], limits: Limits) -> Finding:
    why = str(answer.get("ended", "galat"))
    text = {
        "memori": f"Berkas terlalu besar atau terlalu luas untuk dibaca: memerlukan lebih dari {number_text(limits.memory_mib)} MB memori.",
        "waktu": f"Berkas terlalu berat: tidak selesai dibaca dalam {number_text(limits.seconds)} detik.",
        "galat": f"Berkas tidak dapat dibaca; isinya rusak atau disusun dengan cara yang tidak dikenal ({answer.get('at', '')}).",
    }[why]
    return Finding(
        code={"memori": "batas-memori", "waktu": "batas-waktu", "galat": "berkas-rusak"}[why],
        severity="kesalahan",
        text=text,
        action="Salin tabelnya saja ke buku kerja baru (atau simpan sebagai CSV), lalu kirim ulang.",
    )


class _Reader:
    """The sandbox process, started when first asked and again when it ended. One question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        line = json.dumps(question).encode() + b"\n"
        with self._lock:
            for _attempt in range(2):  # it ends when idle: then the first attempt finds it gone
                process = self._started()
                try:
                    process.stdin.write(line)  # type: ignore[union-attr]
                    process.stdin.flush()  # type: ignore[union-attr]
                    answer = process.stdout.readline()  # type: ignore[union-attr]
                except OSError:
                    answer = b""
                if answer:
                    value: dict[str, Any] = json.loads(answer)
                    return value
                self._stop()
            raise JagadataError(
                "Proses pembaca tabel tidak dapat dijalankan.",
                "Periksa memori mesin ini dan pemasangan Jagadata (`jaga doctor`), lalu ulangi.",
                transient=True,
            )

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            if self._owner == os.getpid():
                self._stop()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "jagadata.adapters.spreadsheets.sandbox"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd="/",
                env={
                    "PATH": os.defpath,
                    "LANG": "C.UTF-8",
                    "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
                    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve address space that the limit counts
                    "OMP_NUM_THREADS": "1",
                    "MALLOC_ARENA_MAX": "2",
                },
                start_new_session=True,  # Ctrl-C is for us: the end of its stdin ends it
            )
            self._owner = os.getpid()
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process:
            with contextlib.suppress(OSError):  # it is gone, and what it did not read is still to be written
                process.stdin.close()  # type: ignore[union-attr]
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()  # type: ignore[union-attr]

    def close(self) -> None:
        if self._owner == os.getpid():
            self._stop()


_READER = _Reader()
atexit.register(_READER.close)


def close_reader() -> None:
    """End the sandbox process now rather than when it has been idle for a while."""
    _READER.close()

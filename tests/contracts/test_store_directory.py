"""What only a store in a directory has: mounts, links, permissions, full disks, file systems without hard links."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path

import pytest

from jagadata.adapters.directory.store import MARKER, DirectoryStore
from jagadata.errors import NotFoundError, RefusedError, UnreachableError
from tests.lab.stores import EARLIER, keys, pattern, write

ROOT = os.geteuid() == 0


@pytest.fixture
def folder(tmp_path):
    DirectoryStore.prepare(tmp_path / "simpanan")
    return tmp_path / "simpanan"


@pytest.fixture
def store(folder):
    return DirectoryStore("kedua", folder)


def every_call(store):
    yield lambda: store.put("a", b"1")
    yield lambda: store.create("a")
    yield lambda: store.get("a")
    yield lambda: store.find("a")
    yield lambda: list(store.list(""))
    yield store.features
    yield lambda: store.leftovers(timedelta(0))
    yield lambda: store.sweep_leftovers(timedelta(0))


@pytest.mark.parametrize("mounted", ["nothing", "an empty folder", "a file"])
def test_a_share_that_is_not_mounted_is_noticed_and_nothing_is_written(tmp_path, mounted):
    path = tmp_path / "share"
    if mounted == "an empty folder":
        path.mkdir()
    if mounted == "a file":
        path.write_text("x")
    for call in every_call(DirectoryStore("kedua", path)):
        with pytest.raises(UnreachableError, match="tidak terpasang") as caught:
            call()
        assert "mount" in caught.value.hint
    assert not path.is_dir() or not list(path.iterdir())


def test_a_share_that_is_unmounted_meanwhile_gets_nothing(store, folder):
    store.put("a", b"1")
    folder.rename(folder.with_name("terlepas"))
    folder.mkdir()
    for call in every_call(store):
        with pytest.raises(UnreachableError, match=MARKER):
            call()
    assert list(folder.iterdir()) == []


def test_preparing_again_changes_nothing(store, folder):
    store.put("a", b"1")
    before = (folder / MARKER).read_bytes()
    DirectoryStore.prepare(folder)
    assert (folder / MARKER).read_bytes() == before
    assert store.get("a") == b"1"


def test_only_the_owner_may_read_whatever_the_umask(store, folder):
    mask = os.umask(0)
    try:
        store.put("a/b/c", b"1")
    finally:
        os.umask(mask)
    modes = {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")
    }
    assert modes == {MARKER: 0o600, "a": 0o700, "a/b": 0o700, "a/b/c": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_no_link_leads_out_of_the_store(store, folder, tmp_path):
    outside = tmp_path / "luar"
    outside.mkdir()
    (outside / "rahasia").write_text("rahasia")
    (folder / "a").symlink_to(outside)
    (folder / "b").symlink_to(outside / "rahasia")
    os.mkfifo(folder / "c")
    for key in ("a/rahasia", "b", "c"):
        assert store.find(key) is None
        with pytest.raises(NotFoundError):
            store.get(key)
    assert keys(store) == keys(store, "a/") == []
    with pytest.raises(RefusedError, match="tautan simbolik"):
        store.put("a/baru", b"1")
    with pytest.raises(RefusedError, match="sudah ada|tautan"):  # noqa: RUF043 - an alternative is meant
        _put_over(store, "b")
    assert sorted(path.name for path in outside.iterdir()) == ["rahasia"]
    assert (outside / "rahasia").read_text() == "rahasia"


def _put_over(store, key):
    from jagadata.errors import AlreadyExistsError

    try:
        store.put(key, b"1")
    except AlreadyExistsError as error:
        raise RefusedError(error.message) from error


def test_the_store_itself_may_be_reached_by_a_link(store, folder, tmp_path):
    (tmp_path / "jalan").symlink_to(folder)
    DirectoryStore("kedua", tmp_path / "jalan").put("a", b"1")
    assert store.get("a") == b"1"


def test_what_others_left_there_is_not_ours(store, folder):
    store.put("data/1", b"1")
    (folder / "data" / "Catatan Petugas.txt").write_text("x")
    (folder / "lost+found").mkdir()
    (folder / ".snapshot").mkdir()
    (folder / ".snapshot" / "data").write_text("x")
    assert keys(store) == ["data/1"]
    assert list(store.leftovers(EARLIER)) == []
    with pytest.raises(NotFoundError):
        store.get(MARKER)


def test_a_folder_that_can_not_be_read_is_an_error_and_not_an_empty_list(store, folder):
    store.put("data/dalam/1", b"1")
    locked = folder / "data" / "dalam"
    if (
        ROOT
    ):  # root reads everything: let the system refuse by a loop of mounts no test may make, so ask as nobody
        folder.parent.chmod(0o711)
        code = f"""
            import os
            os.setgid(65534); os.setuid(65534)
            from pathlib import Path
            from jagadata.adapters.directory.store import DirectoryStore
            from jagadata.errors import RefusedError
            try:
                list(DirectoryStore("kedua", Path({str(folder)!r})).list(""))
            except RefusedError as error:
                print(error.message)
        """
        pytest.skip("as root") if not _traversable(folder) else None
        assert "ditolak" in run_python(code)
        return
    locked.chmod(0)
    try:
        with pytest.raises(RefusedError, match="ditolak"):
            list(store.list(""))
    finally:
        locked.chmod(0o700)


def _traversable(folder):
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.parents)


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("size", [200_000, 3 * 2**20])
def test_a_disk_without_room_is_told_and_nothing_stays(store, size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(RefusedError, match="habis") as caught:
            write(store, "data/1", pattern(size))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "'kedua'" in caught.value.message
    assert "prune" in caught.value.hint
    assert keys(store) == []
    assert list(store.leftovers(EARLIER)) == []
    assert store.put("data/1", b"kini muat").size == 9


_SMALL_DISK = """
    import ctypes, os, sys
    from pathlib import Path
    libc = ctypes.CDLL(None, use_errno=True)
    outside = (os.getuid(), os.getgid())
    if libc.unshare(0x00020000 | 0x10000000):  # CLONE_NEWNS, CLONE_NEWUSER
        sys.exit(print("tidak bisa"))
    for name, number in (("uid_map", outside[0]), ("gid_map", outside[1])):
        if name == "gid_map":
            Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self", name).write_text(f"0 {number} 1")
    if libc.mount(b"none", sys.argv[1].encode(), b"tmpfs", 0, b"size=1m"):
        sys.exit(print("tidak bisa"))
    from jagadata.adapters.directory.store import DirectoryStore
    from jagadata.errors import RefusedError
    path = Path(sys.argv[1])
    DirectoryStore.prepare(path)
    store = DirectoryStore("kedua", path)
    try:
        store.put("data/1", bytes(2**21))
    except RefusedError as error:
        print(error.message)
    print([one.key for one in store.list("")], store.put("data/1", b"muat").size, len(list(path.rglob(".*"))))
"""


def test_a_full_disk_is_told_and_nothing_stays(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_SMALL_DISK), tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    if done.stdout.startswith("tidak bisa"):
        pytest.skip("this kernel refuses a mount in a user namespace")
    assert "habis: disk penuh" in done.stdout
    assert done.stdout.endswith("[] 4 0\n")


_NO_LINKS = """
    import ctypes, errno, struct, sys, threading
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path
    # A kernel filter (seccomp) that answers EPERM to linkat, as vfat and many network file systems do.
    number = {"x86_64": 265, "aarch64": 37}[__import__("platform").machine()]
    code = b"".join(struct.pack("HBBI", *line) for line in (
        (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | errno.EPERM), (0x06, 0, 0, 0x7FFF0000)))
    program = ctypes.create_string_buffer(code)
    filter = struct.pack("HxxxxxxP", 4, ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter, 0, 0):
        sys.exit(print("tidak bisa"))
    from jagadata.adapters.directory.store import DirectoryStore
    from jagadata.errors import AlreadyExistsError
    path = Path(sys.argv[1])
    DirectoryStore.prepare(path)
    start = threading.Barrier(8)
    def claim(number):
        store = DirectoryStore("kedua", path)
        start.wait()
        try:
            store.put("nomor/1", b"%d" % number)
        except AlreadyExistsError:
            return None
        return number
    with ThreadPoolExecutor(8) as pool:
        winners = [number for number in pool.map(claim, range(8)) if number is not None]
    store = DirectoryStore("kedua", path)
    print(len(winners), store.get("nomor/1") == b"%d" % winners[0], len(list(path.rglob(".*"))))
"""


def test_without_hard_links_still_exactly_one_writer_wins(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_NO_LINKS), tmp_path / "simpanan"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    if done.stdout.startswith("tidak bisa"):
        pytest.skip("this kernel refuses a seccomp filter")
    assert done.stdout == "1 True 0\n"


def test_a_writer_that_was_killed_leaves_only_what_is_swept(folder, store):
    code = f"""
        import os
        from pathlib import Path
        from jagadata.adapters.directory.store import DirectoryStore
        upload = DirectoryStore("kedua", Path({str(folder)!r})).create("data/1")
        upload.write(bytes(3 * 2**20))
        os.kill(os.getpid(), 9)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], timeout=60, check=False)
    assert done.returncode == -9
    assert keys(store) == []
    (left,) = store.leftovers(EARLIER)
    os.utime(folder / left, (1, 1))
    assert list(store.leftovers(timedelta(days=30))) == [left]
    assert list(store.sweep_leftovers(timedelta(days=30))) == [left]
    assert store.put("data/1", b"1").size == 1


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_open_file_is_left_behind(store):
    store.put("a/b", b"1")
    before = open_files()
    for _ in range(3):
        store.get("a/b")
        store.find("a/c")
        next(store.list(""))
        with pytest.raises(NotFoundError):
            store.get("a/b/c")
        with pytest.raises(RefusedError):
            store.put("a/b/c", b"1")
    assert open_files() == before


def test_stores_on_one_disk_say_so(store, tmp_path):
    DirectoryStore.prepare(tmp_path / "lain")
    assert DirectoryStore("lain", tmp_path / "lain").features().device == store.features().device
    assert store.features().where == str(store.path)
    assert errno.ENOSPC  # the errors of full disks are those of errno(3)

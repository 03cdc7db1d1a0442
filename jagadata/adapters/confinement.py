"""A process shut off from the machine before it reads what strangers sent: no network, no files but its own, no other process.

Two ways, each of which does for itself; the first that works is taken:

    ruang nama   user, mount, network, PID, IPC and UTS namespaces of its own (Linux, namespaces(7)): its root is an empty
                 file system in memory, read-only, that holds the one file; no network device is up; no other process has a number
    Landlock     no path can be opened but the one file (landlock(7), Linux 5.13 and newer), and libseccomp, a part of every
                 distribution with systemd or apt, refuses sockets, signals, tracing and starting programs

libseccomp is laid over the first way too, where it is there. What was shut is then tried (`find_leaks`), not believed.
Everything is called through ctypes: Python has none of it before 3.12, and a fork that loads no program needs no more.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Way = Literal["ruang nama", "Landlock"]
WAYS: tuple[Way, ...] = ("ruang nama", "Landlock")
CALLS = "libseccomp"
"""Laid over both ways; only to try them without it."""
EVERYTHING: tuple[str, ...] = (*WAYS, CALLS)

_libc = ctypes.CDLL(None, use_errno=True)

# --- sched.h, sys/mount.h, sys/prctl.h ---
_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = (
    0x00020000,
    0x04000000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _REC, _PRIVATE = 1, 2, 4, 8, 32, 0x4000, 0x40000
_DETACH = 2
_SET_PDEATHSIG, _SET_NO_NEW_PRIVS = 1, 38

# --- linux/landlock.h: the same numbers on every architecture ---
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH, _READ_FILE = 1, 1, 4
_FILE_RIGHTS = (13, 14, 15, 15, 16, 16, 16)
"""How many rights on files ABI 1, 2, 3... know; each is a bit."""

# --- seccomp.h ---
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | errno.EPERM
_REFUSED = (
    *("socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg"),
    *("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open", "pidfd_send_signal"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "process_madvise"),
    *("execve", "execveat", "unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "move_mount"),
    *("open_tree", "fsopen", "fsmount", "open_by_handle_at", "truncate", "chmod", "fchmodat", "fchmodat2"),
    *("chown", "lchown", "fchownat", "setxattr", "lsetxattr", "utimensat", "mknod", "mknodat"),
    *("io_uring_setup", "io_uring_enter", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key"),
    *("request_key", "shmget", "msgget", "semget", "mq_open", "setpriority", "sched_setaffinity"),
)
"""Not needed to read a file; Landlock leaves most of them open, some kernels all."""


@dataclass(frozen=True, kw_only=True)
class Shut:
    """`way`: how this process is shut off now, '' if it is not. `path`: where it finds its one file."""

    way: Way | Literal[""]
    path: Path


def shut_off(file: int, largest: int, base: Path, ways: Sequence[str] = EVERYTHING) -> Shut:
    """Shut off the calling process, a fork with one thread, from all but the open `file` and its other descriptors.

    May fork once more and go on in the child. A file of more than `largest` bytes keeps its size and loses its content.
    `base`: an existing folder, over which the empty root is laid for this process alone.
    """
    _libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    steps = (_into_namespaces, _behind_landlock)
    for way, step in zip(WAYS, steps, strict=True):
        if way in ways:
            with contextlib.suppress(OSError):  # the machine does not allow it: the next way
                path = step(file, largest, base)
                _drop_capabilities()
                refused = _refuse_calls() if CALLS in ways else False
                if way == "ruang nama" or refused:
                    return Shut(way=way, path=path)
    return Shut(way="", path=Path(f"/proc/self/fd/{file}"))


def die_with_parent() -> None:
    """Killed once the process that forked this one is gone (prctl(2))."""
    _libc.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


# --- namespaces ---


def _into_namespaces(file: int, largest: int, base: Path) -> Path:
    user, group = os.getuid(), os.getgid()
    _call(_libc.unshare, _NEWUSER | _NEWNS | _NEWNET | _NEWPID | _NEWIPC | _NEWUTS)
    die_with_parent()  # the new identity forgot it
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    with contextlib.suppress(OSError):
        Path("/proc/sys/user/max_user_namespaces").write_text("0", encoding="ascii")  # none below this one
    _call(_libc.mount, b"none", b"/", None, _REC | _PRIVATE, None)
    flags = _NOSUID | _NODEV | _NOEXEC
    _call(_libc.mount, b"none", os.fsencode(base), b"tmpfs", flags, b"mode=0700")
    os.chdir(base)
    _copy(file, largest, "berkas")
    _call(_libc.pivot_root, b".", b".")  # the old root lies over the new one, and is taken off
    _call(_libc.umount2, b".", _DETACH)
    os.chdir("/")
    _call(_libc.mount, b"none", b"/", None, _REMOUNT | _RDONLY | flags, None)
    _go_on_in_a_child()
    return Path("/berkas")


def _copy(file: int, largest: int, name: str) -> None:
    """Into memory: a descriptor of another mount namespace can't be given a name in this one."""
    size = os.fstat(file).st_size
    target = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o400)
    try:
        if size > largest:
            os.ftruncate(target, size)
            return
        os.lseek(file, 0, os.SEEK_SET)
        while os.sendfile(target, file, None, 1 << 24):
            pass
    finally:
        os.close(target)


def _go_on_in_a_child() -> None:
    """Only a child has a number in the new PID namespace. This process waits, holds nothing, and ends with it."""
    child = os.fork()
    if child:
        os.closerange(3, 1 << 16)
        with contextlib.suppress(OSError):
            os.waitpid(child, 0)
        os._exit(0)
    die_with_parent()


def _drop_capabilities() -> None:
    """All of them: those of a user namespace would still let it mount (capset(2), version 3)."""
    header, nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    _call(_libc.capset, header, nothing)


# --- Landlock and libseccomp ---


def _load_seccomp() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    library.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    library.seccomp_release.argtypes = [ctypes.c_void_p]
    return library


_seccomp = _load_seccomp()
"""Loaded before there is no file left to load it from."""


def landlock_version() -> int:
    """The ABI that this kernel offers, 0 where it offers none."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)))


def has_seccomp() -> bool:
    return _seccomp is not None


def _behind_landlock(file: int, _largest: int, _base: Path) -> Path:
    version = landlock_version()
    if not version:
        raise OSError(errno.ENOSYS, "no Landlock")
    rights = (1 << _FILE_RIGHTS[min(version, len(_FILE_RIGHTS)) - 1]) - 1
    network = 3 if version >= 4 else 0
    scopes = 3 if version >= 6 else 0
    fields = struct.pack("=QQQ", rights, network, scopes)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = _call(_libc.syscall, _CREATE_RULESET, fields, ctypes.c_size_t(len(fields)), 0)
    try:
        rule = struct.pack("=Qi", _READ_FILE, file)
        _call(_libc.syscall, _ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        _call(_libc.syscall, _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return Path(f"/proc/self/fd/{file}")


def _refuse_calls() -> bool:
    """Refuse the system calls of `_REFUSED` with EPERM, where libseccomp is there; calls of another architecture end the process (libseccomp's default)."""
    library = _seccomp
    if library is None:
        return False
    rules = library.seccomp_init(_ALLOW)
    try:
        for name in _REFUSED:
            number = library.seccomp_syscall_resolve_name(name.encode())
            if number >= 0:  # this architecture and this libseccomp know it
                library.seccomp_rule_add(rules, _DENY, number, 0)
        return bool(library.seccomp_load(rules) == 0)
    finally:
        library.seccomp_release(rules)


def _call(function: Callable[..., int], *values: object) -> int:
    """Raises OSError with the errno of the call."""
    result = function(*values)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


# --- whether it is shut ---


def find_leaks(other: int) -> list[str]:
    """What this process can still do, tried: 'berkas', 'menulis', 'jaringan', 'proses'. `other`: the number of a process outside."""
    found = [
        ("berkas", any(map(_can_read, (sys.executable, __file__, f"/proc/{other}/environ")))),
        ("menulis", any(map(_can_write, ("/", "/tmp", "/var/tmp", "/dev/shm", os.path.dirname(__file__))))),  # noqa: S108, PTH120
        ("jaringan", _can_connect(socket.SOCK_STREAM) or _can_connect(socket.SOCK_DGRAM)),
        ("proses", _can_signal(other)),
    ]
    return [what for what, leaks in found if leaks]


def _can_read(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True


def _can_write(folder: str) -> bool:
    """Without leaving anything: a file without a name."""
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY))
    except OSError:
        return False
    return True


def _can_connect(kind: int) -> bool:
    """To this machine itself: refused there means that the way is open. A datagram socket sends nothing by connecting."""
    try:
        with socket.socket(socket.AF_INET, kind) as one:
            one.settimeout(1)
            one.connect(("127.0.0.1", 9))
    except OSError as error:
        return error.errno in (errno.ECONNREFUSED, errno.EINPROGRESS, errno.ETIMEDOUT, None)
    return True


def _can_signal(other: int) -> bool:
    try:
        os.kill(other, 0)
    except OSError:
        return False
    return True

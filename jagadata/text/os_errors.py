"""What the operating system says of a failure, in Indonesian."""

from __future__ import annotations

import errno

_WORDS = {
    errno.ENOENT: "tidak ada",
    errno.EACCES: "tidak diizinkan",
    errno.EPERM: "tidak diizinkan",
    errno.ENOSPC: "disk penuh",
    errno.EDQUOT: "kuota disk habis",
    errno.EROFS: "sistem berkasnya hanya-baca",
    errno.EIO: "disk rusak (kesalahan baca-tulis)",
    errno.EISDIR: "sebuah folder, bukan berkas",
    errno.ENOTDIR: "bagian lokasinya bukan folder",
    errno.ENAMETOOLONG: "namanya terlalu panjang",
    errno.EMFILE: "terlalu banyak berkas terbuka",
    errno.ENFILE: "terlalu banyak berkas terbuka",
    errno.ENOMEM: "memori habis",
    errno.ECONNREFUSED: "sambungan ditolak (tidak ada yang mendengarkan di port itu)",
    errno.ECONNRESET: "sambungan diputus oleh pihak sana",
    errno.ECONNABORTED: "sambungan terputus",
    errno.EPIPE: "sambungan diputus oleh pihak sana",
    errno.ETIMEDOUT: "tidak menjawab pada waktunya",
    errno.EHOSTUNREACH: "tidak ada jalan ke alamat itu",
    errno.ENETUNREACH: "jaringan ke alamat itu tidak terjangkau",
    errno.EADDRINUSE: "port itu sudah dipakai",
    errno.ELOOP: "tautannya berputar",
    errno.EEXIST: "sudah ada",
    errno.ENOTEMPTY: "folder tidak kosong",
    errno.EXDEV: "di sistem berkas lain",
    errno.EBUSY: "sedang dipakai",
    errno.ESTALE: "folder jaringan tidak terpasang lagi",
}


def explain_os_error(error: OSError) -> str:
    """Words for people; for a kind without words the system's own."""
    if type(error).__name__ == "gaierror":
        return "nama itu tidak dikenal DNS"
    if isinstance(error, TimeoutError) and not error.errno:
        return str(error) if str(error).startswith("belum") else "tidak menjawab pada waktunya"
    return _WORDS.get(error.errno or 0) or error.strerror or str(error).strip() or type(error).__name__

"""Kinds of values in the office file: names, units, secret references, keys. Each fault says what to write instead.

What was typed is never repeated here: `messages.py` decides whether it may be.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, StringConstraints

from jagadata.errors import OfficeFileError
from jagadata.text.names import check_file_name


def _one_line(value: str) -> str:
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise ValueError("memuat baris baru atau karakter kendali; tulis dalam satu baris biasa")
    if "AGE-SECRET-KEY-" in value.upper():
        raise ValueError(
            "memuat kunci rahasia; hapus dari sini, dan ganti kunci itu bila berkas ini sudah dibagikan"
        )
    if not value.strip():
        raise ValueError("kosong; isi atau hapus baris ini")
    return value


def _identifier(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", value):
        raise ValueError(
            "harus huruf kecil, angka, dan tanda hubung, paling panjang 40 karakter, misalnya 'simpeg' atau 'e-sppt-2'"
        )
    return value


def _database_name(value: str) -> str:
    if "\0" in value or not value:
        raise ValueError("nama basis data kosong atau memuat NUL; salin dari hasil `psql -l`")
    if len(value.encode()) > 63:
        raise ValueError("nama basis data melebihi 63 bita (batas PostgreSQL); salin dari hasil `psql -l`")
    return value


def _unit(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9@._:\\-]{1,128}", value) or value.startswith("-") or ".." in value:
        raise ValueError(
            "nama unit hanya boleh huruf, angka, dan @ . _ : - (tanpa spasi, kutip, '..'), misalnya 'simpeg-web.service'"
        )
    return value


def _secret(value: str) -> str:
    if not re.fullmatch(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:\S.*|prefect:\S.*)", value):
        raise ValueError(
            "harus berupa rujukan 'env:NAMA', 'file:LOKASI', atau 'prefect:BLOK'; jangan menulis sandi di sini"
        )
    return value


def _nip(value: str) -> str:
    return value.replace(" ", "")


def _number(value: str) -> str:
    try:
        value.format(classification="1", sequence="1", unit="1", year=2026)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
        raise ValueError(
            "hanya boleh memakai {classification}, {sequence}, {unit}, {year}, "
            "misalnya '{classification}/{sequence}/{unit}/{year}'"
        ) from error
    return value


def _file_name(value: str) -> str:
    try:
        check_file_name(value)
    except OfficeFileError as error:
        raise ValueError(
            f"memuat bagian yang tidak dikenal; {error.hint[0].lower()}{error.hint[1:]}"
        ) from error
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except Exception as error:  # the key decides which: ValueError, ZoneInfoNotFoundError, IsADirectoryError
        raise ValueError("zona waktu tidak dikenal; tulis misalnya 'Asia/Jakarta'") from error
    return value


_SECRET_PARAMETER = re.compile(
    r"[?&;#](?:[^=&;#]*(?:passw|passphrase|sandi|secret|rahasia|token|api-?_?key|access-?_?key|signature)[^=&;#]*"
    r"|(?:[^=&;#]*[_.-])?(?:pass|pwd|pw|key|auth|authorization|sig|credentials?))=[^&;#]",
    re.IGNORECASE,
)


def _host_address(value: str) -> str:
    """A host's name or number, with nothing around it."""
    value = _one_line(value)
    if "://" in value or "@" in value or (any(c.isspace() for c in value)):
        raise ValueError(
            "harus nama atau nomor IP saja, misalnya '10.0.0.5'; pengguna, sandi, dan port punya isian sendiri"
        )
    return value


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+\S*", value):
        raise ValueError("harus berawalan http:// atau https://, misalnya 'http://127.0.0.1:8080/sehat'")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError("alamatnya tidak sah; tulis https://NAMA[:PORT]/JALUR") from None
    if "@" in parts.netloc:
        raise ValueError(
            "memuat pengguna atau sandi sebelum '@'; hapus, dan ganti sandi itu bila berkas ini sudah dibagikan "
            "(alamat ini tercatat di jurnal dan tampil di layar)"
        )
    if _SECRET_PARAMETER.search(value):
        raise ValueError(
            "memuat sandi atau token di belakang '?'; pakai alamat yang tidak memerlukannya, dan ganti sandi itu bila "
            "berkas ini sudah dibagikan (alamat ini tercatat di jurnal dan tampil di layar)"
        )
    return value


def _cron(value: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z*/,#-]+( +[0-9A-Za-z*/,#-]+){4}", value):
        raise ValueError(
            "harus lima kolom cron (menit jam tanggal bulan hari), misalnya '0 1 1 * *': tanggal 1 pukul 01.00"
        )
    try:
        CronSim(value, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ValueError(f"bukan jadwal cron yang sah: {error}") from error
    return value


def _bucket(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}", value):
        raise ValueError("nama bucket hanya boleh huruf, angka, titik, dan tanda hubung, misalnya 'jagadata'")
    return value


def _prefix(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*/?", value) or ".." in value:
        raise ValueError(
            "hanya boleh huruf kecil, angka, titik, tanda hubung, dan '/' tanpa '..', misalnya 'diskominfo/backup'"
        )
    return value


def _signer(value: str) -> str:
    if not re.fullmatch(r"ed25519:[A-Za-z0-9+/]{43}=", value):
        raise ValueError("bukan kunci publik 'ed25519:…'; tempel baris keys.signers dari `jaga keys init`")
    return value


def _recipient(value: str) -> str:
    if not re.fullmatch(r"age1[02-9ac-hj-np-z]{58}", value):
        raise ValueError("bukan kunci publik 'age1…'; tempel baris keys.recipients dari `jaga keys init`")
    return value


OneLine = Annotated[str, AfterValidator(_one_line)]
Identifier = Annotated[str, AfterValidator(_identifier)]
DatabaseName = Annotated[str, StringConstraints(strip_whitespace=False), AfterValidator(_database_name)]
"""Taken exactly as it is written: PostgreSQL allows spaces at both ends, quotes and newlines."""
Unit = Annotated[str, AfterValidator(_unit)]
SecretReference = Annotated[str, AfterValidator(_secret)]
Nip = Annotated[OneLine, AfterValidator(_nip)]
NumberTemplate = Annotated[OneLine, AfterValidator(_number)]
FileNameTemplate = Annotated[OneLine, AfterValidator(_file_name)]
TimeZoneName = Annotated[OneLine, AfterValidator(_timezone)]
HostAddress = Annotated[str, AfterValidator(_host_address)]
Url = Annotated[str, AfterValidator(_url)]
Cron = Annotated[OneLine, AfterValidator(_cron)]
BucketName = Annotated[str, AfterValidator(_bucket)]
StorePrefix = Annotated[str, AfterValidator(_prefix)]
SignerText = Annotated[str, AfterValidator(_signer)]
RecipientText = Annotated[str, AfterValidator(_recipient)]
Port = Annotated[int, Field(ge=1, le=65535)]

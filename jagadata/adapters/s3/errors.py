"""What an S3 server's refusals and silences mean, in words. Pure; never with a credential or the server's own text in it."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ParamValidationError, SSLError

from jagadata.errors import AlreadyExistsError, JagadataError, NotFoundError, RefusedError, UnreachableError
from jagadata.text.os_errors import explain_os_error

_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "OperationAborted"}
_BUSY = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling"}
_FULL = {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "InsufficientCapacity"}
_KEYS = "Periksa access_key dan secret_key di berkas kantor."
_ACCOUNT = "Akun penyimpanan ditangguhkan atau belum aktif (misalnya tagihan); hubungi penyedianya."
_CLOCK = "Samakan jam mesin ini dengan NTP."
_STYLE = "Isi 'addressing: virtual' pada penyimpanan ini di berkas kantor."
_UNSAID = "Servernya tidak menyebut sebab: periksa access_key, secret_key, hak kunci itu (docs/adr/0003), dan jam mesin ini."
_REFUSED = {
    "AccessDenied": "Berikan hak itu kepada kunci akses ini (docs/adr/0003), atau tunggu bila objek sedang dikunci.",
    "AllAccessDisabled": "Bucket ini ditutup oleh penyedianya; hubungi penyedia penyimpanan.",
    "AccountProblem": _ACCOUNT,
    "NotSignedUp": _ACCOUNT,
    "UserDisable": _ACCOUNT,
    "UserSuspended": _ACCOUNT,
    "InArrears": _ACCOUNT,
    "InvalidPayer": _ACCOUNT,
    "InvalidAccessKeyId": _KEYS,
    "InvalidSecurity": _KEYS,
    "InvalidTokenId": _KEYS,
    "InvalidToken": "Perbarui access_key dan secret_key di berkas kantor.",
    "TokenRefreshRequired": "Perbarui access_key dan secret_key di berkas kantor.",
    "RequestExpired": _CLOCK,
    "IllegalLocationConstraintException": "Perbaiki 'region' di berkas kantor.",
    "InvalidRegion": "Perbaiki 'region' di berkas kantor.",
    "TemporaryRedirect": "Perbaiki 'endpoint' atau 'region' di berkas kantor.",
    "InvalidBucketName": "Perbaiki 'bucket' di berkas kantor.",
    "InvalidObjectLockConfiguration": "Isi lock_days: 0, atau aktifkan Object Lock pada bucket itu.",
    "ObjectLocked": "Objek ini terkunci; tunggu sampai masa kuncinya habis.",
    "InvalidRetentionPeriod": "Masa kunci melebihi batas server; kecilkan lock_days di berkas kantor.",
    "KMS.DisabledException": "Kunci enkripsi bucket dinonaktifkan; hubungi pengelola penyimpanan.",
    "KMS.NotFoundException": "Kunci enkripsi bucket tidak ada; hubungi pengelola penyimpanan.",
    "EntityTooLarge": "Server ini membatasi besar objek; hubungi pengelola penyimpanan.",
    "InsecureConnection": "Pakai endpoint https:// di berkas kantor.",
    "SecondLevelDomainForbidden": _STYLE,
    "PathStyleDomainForbidden": _STYLE,
    "VirtualHostDomainRequired": _STYLE,
    "SignatureDoesNotMatch": _KEYS,
    "ExpiredToken": "Perbarui access_key dan secret_key di berkas kantor.",
    "RequestTimeTooSkewed": _CLOCK,
    "NoSuchBucket": "Buat bucket itu, atau perbaiki 'bucket' di berkas kantor.",
    "AuthorizationHeaderMalformed": "Perbaiki 'region' di berkas kantor.",
    "PermanentRedirect": "Perbaiki 'endpoint' atau 'region' di berkas kantor.",
    "InvalidObjectState": "Kembalikan dahulu objek itu dari kelas arsip penyimpanannya.",
}
UNSUPPORTED = {"NotImplemented", "501"}
VIRTUAL_ONLY = {"SecondLevelDomainForbidden", "PathStyleDomainForbidden", "VirtualHostDomainRequired"}
"""Codes by which a server refuses a bucket that stands in the path."""
_DAMAGED = {
    "BadDigest",
    "InvalidDigest",
    "XAmzContentSHA256Mismatch",
    "XAmzContentChecksumMismatch",
    "IncompleteBody",
}


def fault_code(error: Exception) -> str:
    """The server's error code; "" where the server said nothing."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def explain_fault(error: Exception, *, operation: str, key: str, where: str) -> JagadataError:
    """The error to raise for what botocore raised. `where` names store and bucket, `operation` is the S3 call."""
    if not isinstance(error, ClientError):
        return _explain_silence(error, operation, where)
    code = fault_code(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _TAKEN or status in (409, 412):
        return AlreadyExistsError(
            f"Objek {key} sudah ada di {where}.", "Isi penyimpanan tidak pernah ditimpa; pakai kunci lain."
        )
    if code in _FULL or status == 507:
        return RefusedError(
            f"Ruang {where} habis: {operation} {key} ditolak ({code or status}).",
            "Kosongkan ruang atau naikkan kuota, atau terapkan retensi (`jaga prune`).",
        )
    if code in _REFUSED or status in (301, 401, 403):
        hint = _REFUSED.get(code) or (_KEYS if status == 401 else _UNSAID)
        return RefusedError(f"{operation} {key} ditolak oleh {where}: {code or status}.", hint)
    if code in _DAMAGED:
        return UnreachableError(
            f"Yang diterima {where} bukan yang dikirim ({operation} {key}: {code}).",
            "Coba lagi; bila menetap, periksa jaringan dan perantara (proxy) ke server S3 itu.",
            transient=True,
        )
    if status == 404:
        return NotFoundError(
            f"Objek {key} tidak ada di {where} ({operation}).", "Periksa dengan `jaga backups`."
        )
    if code in UNSUPPORTED or status == 501:
        return JagadataError(
            f"Server S3 dari {where} tidak mengenal {operation}.",
            "Pakai server S3 yang mendukungnya (docs/adr/0003).",
        )
    if status >= 500 or status == 429 or code in _BUSY:
        return UnreachableError(
            f"Server S3 dari {where} sedang terganggu: {operation} {key} dijawab {code or status}.",
            "Coba lagi beberapa saat lagi; bila menetap, periksa server S3-nya.",
            transient=True,
        )
    return JagadataError(
        f"{operation} {key} di {where} gagal: {code or status}.",
        "Periksa penyimpanannya dengan `jaga doctor`.",
    )


def _explain_silence(error: Exception, operation: str, where: str) -> JagadataError:
    what = type(error).__name__
    if isinstance(error, SSLError):
        return RefusedError(
            f"Sertifikat TLS {where} tidak dapat dipercaya ({operation}).",
            "Isi 'ca' di berkas kantor dengan sertifikat CA server itu, dan periksa namanya.",
        )
    if isinstance(error, ParamValidationError) or not isinstance(
        error, (HTTPClientError, BotoCoreError, OSError)
    ):
        return JagadataError(
            f"{operation} di {where} tidak dapat dikirim: {what}.",
            "Periksa bucket dan endpoint di berkas kantor.",
        )
    if isinstance(error, OSError) and not isinstance(error, (BotoCoreError, ConnectionError, TimeoutError)):
        return RefusedError(
            f"{operation} di {where} tidak dapat dikirim: {explain_os_error(error)}.",
            "Periksa berkas 'ca' di berkas kantor.",
        )
    return UnreachableError(
        f"Server S3 dari {where} tidak menjawab ({operation}): {what}.",
        "Periksa jaringan, alamat endpoint, dan apakah server S3-nya berjalan.",
        transient=True,
    )

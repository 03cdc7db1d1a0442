"""What an S3 server's refusals and silences are told as."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
    SSLError,
)

from jagadata.adapters.s3.errors import explain_fault
from jagadata.errors import AlreadyExistsError, JagadataError, NotFoundError, RefusedError, UnreachableError


def explain(error: Exception) -> JagadataError:
    return explain_fault(
        error, operation="put_object", key="data/1", where="penyimpanan 'utama' (bucket kantor)"
    )


def answer(code: str, status: int) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": "rahasia-dari-server"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "PutObject")


@pytest.mark.parametrize(
    ("code", "status", "kind", "transient"),
    [
        ("PreconditionFailed", 412, AlreadyExistsError, False),
        ("ConditionalRequestConflict", 409, AlreadyExistsError, False),
        ("NoSuchKey", 404, NotFoundError, False),
        ("NoSuchUpload", 404, NotFoundError, False),
        ("404", 404, NotFoundError, False),
        ("NoSuchBucket", 404, RefusedError, False),
        ("AccessDenied", 403, RefusedError, False),
        ("403", 403, RefusedError, False),
        ("InvalidAccessKeyId", 403, RefusedError, False),
        ("SignatureDoesNotMatch", 403, RefusedError, False),
        ("RequestTimeTooSkewed", 403, RefusedError, False),
        ("QuotaExceeded", 403, RefusedError, False),
        ("InsufficientStorage", 507, RefusedError, False),
        ("NotImplemented", 501, JagadataError, False),
        ("InvalidArgument", 400, JagadataError, False),
        ("InternalError", 500, UnreachableError, True),
        ("SlowDown", 503, UnreachableError, True),
        ("RequestTimeout", 400, UnreachableError, True),
        ("", 502, UnreachableError, True),
    ],
)
def test_an_answer_becomes_the_error_that_callers_act_on(code, status, kind, transient):
    error = explain(answer(code, status))
    assert type(error) is kind
    assert error.transient == transient
    assert "penyimpanan 'utama'" in error.message
    assert "rahasia" not in str(error)
    assert error.hint.endswith(".")


@pytest.mark.parametrize(
    ("error", "kind", "transient"),
    [
        (EndpointConnectionError(endpoint_url="http://x"), UnreachableError, True),
        (ConnectTimeoutError(endpoint_url="http://x"), UnreachableError, True),
        (ReadTimeoutError(endpoint_url="http://x"), UnreachableError, True),
        (ConnectionResetError(104, "reset"), UnreachableError, True),
        (SSLError(endpoint_url="http://x", error="self-signed"), RefusedError, False),
        (OSError("Could not find a suitable TLS CA certificate bundle"), RefusedError, False),
        (ParamValidationError(report="x"), JagadataError, False),
    ],
)
def test_a_silence_becomes_the_error_that_callers_act_on(error, kind, transient):
    explained = explain(error)
    assert type(explained) is kind
    assert explained.transient == transient
    assert explained.hint.endswith(".")

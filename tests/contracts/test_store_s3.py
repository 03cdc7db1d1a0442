"""What only a store over the network has: broken connections, lost answers, versions, refusals, servers of the old kind."""

from __future__ import annotations

import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jagadata.errors import (
    AlreadyExistsError,
    DamagedError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from jagadata.lab.processes import free_port
from tests.lab.s3 import Dialect, Fault, OldServer, Proxy, Rules, make_certificate
from tests.lab.stores import CEPH, EARLIER, PART, keys, pattern, s3_store, write

if TYPE_CHECKING:
    from jagadata.adapters.s3.store import S3Store

if TYPE_CHECKING:
    from jagadata.adapters.s3.store import S3Store

VERSIONED = [
    ("s3", "versioned"),
    pytest.param(("ceph", "versioned"), marks=CEPH),
    pytest.param(("ceph", "lock"), marks=CEPH),
]


@pytest.fixture
def proxy(s3):
    with Proxy(s3.endpoint) as proxy:
        yield proxy


@pytest.fixture
def far(s3, proxy):
    """A store behind the proxy; it gives up after seconds, not minutes."""
    return s3_store(s3, "plain", endpoint=proxy.url, read_timeout=1, connect_timeout=2, timeout=8)


# --- broken connections ---


def test_a_read_goes_on_where_the_connection_was_cut_or_went_silent(far, proxy):
    data = pattern(3 * PART + 12345)
    write(far, "data/1", data)
    get = b"GET /"
    proxy.faults.extend(
        [Fault(get, 700_000), Fault(get, 0), Fault(get, 900_000, silent=True), Fault(get, PART)]
    )
    with far.open("data/1") as stream:
        read = b"".join(iter(lambda: stream.read(100_000), b""))
    assert read == data
    assert not proxy.faults


def test_a_read_that_can_not_go_on_ends_with_an_error_and_never_as_if_whole(far, proxy):
    data = pattern(2 * PART)
    write(far, "data/1", data)
    far.bucket.timeout = 1
    proxy.faults.append(Fault(b"GET /", 600_000))
    read = bytearray()

    def read_all():
        with far.open("data/1") as stream:
            while piece := stream.read(50_000):
                read.extend(piece)
                proxy.refuses = len(read) > 300_000

    with pytest.raises(UnreachableError, match="terputus pada bita") as caught:
        read_all()
    proxy.refuses = False
    assert caught.value.transient
    assert data.startswith(read)
    assert len(read) < len(data)


def test_an_object_that_changes_while_it_is_read_is_noticed(far, proxy, s3):
    write(far, "data/1", pattern(2 * PART))
    proxy.faults.append(Fault(b"GET /", 600_000))
    with far.open("data/1") as stream:
        stream.read(1000)
        s3.client().put_object(
            Bucket=far.bucket.name, Key=f"{far.bucket.prefix}data/1", Body=pattern(2 * PART, 1)
        )
        with pytest.raises(DamagedError, match="berubah selama dibaca"):
            while stream.read(100_000):
                pass


def test_parts_outlive_a_network_that_is_away_for_a_while(far, proxy):
    data = pattern(5 * PART + 1)
    with far.create("data/1") as upload:
        upload.write(data[: 2 * PART])
        proxy.refuses = True
        with ThreadPoolExecutor(1) as pool:
            rest = pool.submit(upload.write, data[2 * PART :])
            time.sleep(2)
            proxy.refuses = False
            rest.result()
        upload.commit()
    assert far.get("data/1") == data


def test_an_upload_that_can_not_go_on_fails_and_is_swept_later(far, proxy, s3):
    far.bucket.timeout = 1

    def upload():
        with far.create("data/1") as upload:
            upload.write(pattern(2 * PART + 1))
            proxy.refuses = True
            while True:
                upload.write(pattern(PART))

    with pytest.raises(UnreachableError) as caught:
        upload()
    assert caught.value.transient
    proxy.refuses = False
    near = s3_store(s3, "plain", prefix=far.bucket.prefix)
    assert near.find("data/1") is None
    assert list(near.leftovers(timedelta(hours=1))) == []
    assert list(near.sweep_leftovers(EARLIER)) == ["data/1"]
    assert list(near.leftovers(EARLIER)) == []


@pytest.mark.parametrize("kind", ["plain", "versioned"])
@pytest.mark.parametrize(("size", "request_line"), [(10, b"PUT /"), (2 * PART, b"POST /")])
def test_a_write_whose_answer_was_lost_is_recognised_as_ones_own(s3, proxy, kind, size, request_line):
    store = s3_store(s3, kind, endpoint=proxy.url, timeout=8)
    store.put("catatan/0", b"0")
    proxy.faults.append(Fault(request_line if size == 10 else b"uploadId="))
    if size > 10:  # the answer to the completion, not to the parts
        proxy.faults[0] = Fault(b"<CompleteMultipartUpload")
    stored = write(store, "catatan/1", pattern(size))
    assert not proxy.faults
    assert stored.size == size
    assert store.get("catatan/1", version=stored.version) == pattern(size)
    with pytest.raises(AlreadyExistsError):
        store.put("catatan/1", pattern(size))


# --- versions ---


@pytest.fixture(params=VERSIONED, ids="-".join)
def versioned(request):
    server, kind = request.param
    return s3_store(request.getfixturevalue(server), kind)


def tamper(store: S3Store, key: str, data: bytes | None = None) -> None:
    """What somebody with the same credentials can do: another version, or a delete marker."""
    arguments = {"Bucket": store.bucket.name, "Key": store.bucket.prefix + key}
    if data is None:
        store.bucket.client.delete_object(**arguments)
    else:
        store.bucket.client.put_object(**arguments, Body=data)


def test_the_first_version_is_the_object_whatever_comes_later(versioned):
    store = versioned
    first = write(store, "data/1", pattern(2 * PART))
    store.put("data/2", b"dua")
    store.put("data/3", b"tiga")
    tamper(store, "data/1", b"palsu")
    tamper(store, "data/1")
    tamper(store, "data/1", b"palsu lagi")
    tamper(store, "data/2")
    assert store.get("data/1") == pattern(2 * PART)
    assert store.find("data/1") == first
    assert store.get("data/2") == b"dua"
    assert [(one.key, one.size) for one in store.list("data/")] == [
        ("data/1", 2 * PART),
        ("data/2", 3),
        ("data/3", 4),
    ]
    with pytest.raises(AlreadyExistsError):
        store.put("data/2", b"lain")
    found = {one.key: one.what for one in store.tampering("data/")}
    assert found == {
        "data/1": "2 versi kemudian dan 1 penanda hapus; versi pertama tetap dipakai",
        "data/2": "1 penanda hapus; versi pertama tetap dipakai",
    }


def test_removal_takes_the_version_and_leaves_no_marker(versioned):
    stored = versioned.put("data/1", b"1")
    versioned.remove(stored)
    assert versioned.find("data/1") is None
    assert list(versioned.tampering("")) == []
    with pytest.raises(NotFoundError):
        versioned.get("data/1", version=stored.version)


def test_an_object_older_than_the_bucket_s_versions_is_still_the_object(s3):
    bucket = s3.make_bucket("kantor-lama")
    s3_store(s3, "plain", bucket=bucket, prefix="lama").put("data/1", b"asli")
    s3.client().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    store = s3_store(s3, "plain", bucket=bucket, prefix="lama")
    tamper(store, "data/1", b"palsu")
    assert store.get("data/1") == b"asli"
    s3.client().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    store = s3_store(s3, "plain", bucket=bucket, prefix="lama")
    assert store.features().versions
    assert store.get("data/1") == b"asli"


@pytest.mark.needs("ceph")
@pytest.mark.parametrize("kind", ["plain", "versioned"])
def test_lists_of_more_than_a_page_are_whole_and_in_order(ceph, kind):
    store = s3_store(ceph, kind)
    names = [f"data/{number:04}" for number in range(1100 if kind == "plain" else 401)]
    turns = [b"asli", b"palsu 1", b"palsu 2"] if kind == "versioned" else [b"asli"]
    with ThreadPoolExecutor(8) as pool:
        for turn in turns:
            list(pool.map(lambda name, turn=turn: tamper(store, name, turn), names))
    assert keys(store, "data/") == names
    assert {stored.size for stored in store.list("")} == {4}
    assert len(list(store.tampering(""))) == (len(names) if kind == "versioned" else 0)


def test_what_others_keep_in_the_bucket_is_not_ours(s3):
    store = s3_store(s3, "plain")
    store.put("data/1", b"1")
    for foreign in ("data/", "data/Laporan Akhir.docx", "data/.x"):
        tamper(store, foreign, b"x")
    assert keys(store, "data/") == ["data/1"]


# --- refusals ---


def every_call(store: S3Store):
    yield lambda: store.put("a", b"1")
    yield lambda: store.create("a")
    yield lambda: store.get("a")
    yield lambda: store.find("a")
    yield lambda: list(store.list(""))
    yield store.features
    yield lambda: store.leftovers(timedelta(0))
    yield lambda: list(store.tampering(""))


@pytest.mark.parametrize("server", ["s3", pytest.param("ceph", marks=CEPH)])
@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"secret_key": "salah-rahasia"}, "secret_key"),
        ({"access_key": "demo:lain"}, "access_key"),
        ({"bucket": "tidak-ada-disini"}, "bucket"),
    ],
)
def test_wrong_credentials_or_bucket_are_refused_with_what_to_do(request, server, wrong, hint):
    store = s3_store(request.getfixturevalue(server), "plain", **wrong)
    for call in every_call(store):
        with pytest.raises(RefusedError) as caught:
            call()
        assert hint in caught.value.hint
        assert not caught.value.transient
        assert "'utama'" in caught.value.message
        text = "".join(traceback.format_exception(caught.value))
        assert "salah-rahasia" not in text


def test_an_endpoint_that_does_not_answer_is_unreachable(s3):
    store = s3_store(s3, "plain", endpoint=f"http://127.0.0.1:{free_port()}", connect_timeout=1)
    with pytest.raises(UnreachableError, match="tidak menjawab") as caught:
        store.put("a", b"1")
    assert caught.value.transient
    assert caught.value.hint


def test_a_server_is_trusted_only_by_its_certificate(tmp_path):
    certificate = make_certificate(tmp_path / "server.pem")
    with OldServer(certificate=certificate) as server:
        assert s3_store(server, "plain", ca=certificate).put("a", b"1").size == 1
        for ca in (None, make_certificate(tmp_path / "lain.pem"), tmp_path / "tiada.pem", Path(__file__)):
            with pytest.raises(RefusedError, match=r"Sertifikat TLS|tidak dapat dikirim") as caught:
                s3_store(server, "plain", ca=ca).features()
            assert "'ca'" in caught.value.hint
        assert [line for line in server.requests if line.startswith("PUT")] == [
            "PUT " + next(iter(server.objects))
        ] * 2


@pytest.mark.parametrize("endpoint", ["127.0.0.1:9000", "http://ada spasi", "ftp//x"])
def test_an_endpoint_that_is_none_is_refused_at_once(s3, endpoint):
    with pytest.raises(RefusedError, match="tidak sah"):
        s3_store(s3, "plain", endpoint=endpoint)


def test_the_account_s_own_aws_settings_change_nothing(s3, tmp_path, monkeypatch):
    settings = tmp_path / "config"
    settings.write_text("[default]\nendpoint_url = http://127.0.0.1:1\n[profile lain]\nregion = x\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    monkeypatch.setenv("AWS_PROFILE", "tidak-ada")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "lain")
    assert s3_store(s3, "plain").put("a", b"1").size == 1
    assert s3_store(s3, "plain", endpoint=None).bucket.client.meta.endpoint_url.endswith("amazonaws.com")


# --- servers of the old kind ---


@pytest.mark.parametrize("refuses", [False, True])
def test_a_server_without_conditions_is_found_out_and_still_not_overwritten(refuses):
    with OldServer(refuses=refuses) as server:
        store = s3_store(server, "plain")
        assert store.put("catatan/1", b"satu").size == 4
        assert not store.features().conditional
        with pytest.raises(AlreadyExistsError):
            store.put("catatan/1", b"dua")
        store.put("catatan/2", b"dua")
        assert store.get("catatan/1") == b"satu"


def test_no_lock_is_ever_asked_of_a_server_that_does_not_say_that_it_has_them():
    with OldServer() as server:
        store = s3_store(server, "plain")
        stored = store.put("catatan/1", b"satu")
        assert store.lock(stored, datetime.now(UTC) + timedelta(days=1)) is None
        assert store.locked_until(stored) is None
        assert store.get("catatan/1") == b"satu"
        assert not [line for line in server.requests if "retention" in line]


# --- dialects ---


def _works(store):
    """Small and in parts, read back, listed, and taken only once."""
    small, large = pattern(1000), pattern(3 * PART + 17)
    store.put("data/kecil", small)
    write(store, "data/besar", large)
    assert store.get("data/kecil") == small
    with store.open("data/besar") as stream:
        assert b"".join(iter(lambda: stream.read(100_000), b"")) == large
    assert keys(store) == ["data/besar", "data/kecil"]
    with pytest.raises(AlreadyExistsError):
        store.put("data/kecil", b"lain")


@pytest.mark.parametrize("kind", ["plain", "versioned"])
def test_every_write_carries_its_digest_as_locked_buckets_want_it(s3, kind):
    with Dialect(s3, Rules(digest=True)) as dialect:
        _works(s3_store(s3, kind, endpoint=dialect.url))
        assert dialect.refused == []


def test_a_server_that_knows_no_versions_is_one_without_them(s3):
    with Dialect(s3, Rules(unversioned=True, digest=True)) as dialect:
        store = s3_store(s3, "plain", endpoint=dialect.url)
        assert not store.features().versions
        assert not store.features().lock
        _works(store)


@pytest.mark.parametrize("addressing", ["auto", "virtual"])
def test_a_bucket_in_the_server_s_name_is_learned_or_set(s3, monkeypatch, addressing):
    with Dialect(s3, Rules(virtual=True, digest=True)) as dialect:
        monkeypatch.setenv("HTTP_PROXY", dialect.url)  # bucket.localhost need not resolve
        monkeypatch.setenv("NO_PROXY", "")
        _works(s3_store(s3, "plain", endpoint="http://localhost:1", addressing=addressing))
        assert dialect.refused == (["SecondLevelDomainForbidden"] if addressing == "auto" else [])


def test_a_listing_that_is_the_first_request_learns_it_too(s3, monkeypatch):
    with Dialect(s3, Rules(virtual=True)) as dialect:
        monkeypatch.setenv("HTTP_PROXY", dialect.url)
        monkeypatch.setenv("NO_PROXY", "")
        assert keys(s3_store(s3, "plain", endpoint="http://localhost:1")) == []


def test_a_style_that_was_set_wrong_is_named(s3, monkeypatch):
    with Dialect(s3, Rules(virtual=True)) as dialect:
        monkeypatch.setenv("HTTP_PROXY", dialect.url)
        monkeypatch.setenv("NO_PROXY", "")
        with pytest.raises(RefusedError) as caught:
            keys(s3_store(s3, "plain", endpoint="http://localhost:1", addressing="path"))
        assert "addressing: virtual" in caught.value.hint

"""Publishing into a folder and to a CKAN portal over TLS: once, twice, interrupted, refused; nothing private ever leaves."""

import itertools
import json
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from dataclasses import replace

import pytest

from jagadata.adapters.portals.ckan import CkanPublisher
from jagadata.adapters.portals.folder import FolderPublisher
from jagadata.errors import DamagedError, JagadataError, RefusedError, UnreachableError
from tests.lab.ckan import start_portal
from tests.lab.packages import ROWS, make_dataset, make_package, make_version

TOKEN = "token-rahasia-portal"
FILES = ["jumlah-asn.csv", "jumlah-asn.parquet", "datapackage.json"]
PRIVATE = [
    {"dataset": make_dataset(personal=True)},
    {"dataset": make_dataset(public=False)},
    {"version": make_version(ROWS, 3, held=True)},
]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Only read by the tests."""
    return make_package(tmp_path_factory.mktemp("kerja"))


@pytest.fixture
def spoiled(tmp_path):
    """Its CSV was changed after the package was made."""
    package = make_package(tmp_path / "kerja")
    (package.folder / "jumlah-asn.csv").write_bytes(b"lain")
    return package


def change(tmp_path, **rows):
    """A corrected delivery of the same data set."""
    return make_package(
        tmp_path / "kerja-2",
        {**ROWS, **(rows or {"Jumlah": [1, 2, 3]})},
        version=make_version(ROWS, 3, number=2),
    )


# --- folder ---


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "terbit"
    folder.mkdir()
    return folder


def listing(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != ".kunci")


def test_a_package_is_put_into_a_folder_of_its_own_and_twice_is_no_change(folder, package):
    published = FolderPublisher(folder).publish(package)
    assert (published.changed, published.where) == (True, str(folder / "jumlah-asn" / "2026-s1.1"))
    there = listing(folder)
    assert there == sorted(
        ["jumlah-asn", "jumlah-asn/2026-s1.1", *(f"jumlah-asn/2026-s1.1/{name}" for name in FILES)]
    )
    again = FolderPublisher(folder).publish(package)
    assert (again.changed, again.where) == (False, published.where)
    assert listing(folder) == there


def test_nothing_is_overwritten_other_contents_get_another_folder(folder, package, tmp_path):
    publisher = FolderPublisher(folder)
    publisher.publish(package)
    other = make_package(tmp_path / "lain", dataset=make_dataset(definition="Lebih jelas"))
    published = publisher.publish(other)
    assert published.where.endswith("2026-s1.1-2")
    assert published.notes == ("2026-s1.1 tetap tersimpan.",)
    assert not publisher.publish(other).changed
    assert publisher.publish(change(tmp_path)).where.endswith("2026-s1.2")
    damaged = folder / "jumlah-asn/2026-s1.2/jumlah-asn.csv"
    damaged.write_bytes(b"diubah orang")
    assert publisher.publish(change(tmp_path)).where.endswith("2026-s1.2-2")
    assert damaged.read_bytes() == b"diubah orang"


def test_a_publisher_that_is_killed_leaves_nothing_half_and_the_next_one_cleans_up(folder, package):
    """Killed at the worst moment: all is written, and the rename is about to come."""
    code = """
import pickle, sys, time
from pathlib import Path
from jagadata.adapters.portals.folder import FolderPublisher
Path.rename = lambda *_: (print("ready", flush=True), time.sleep(100))
FolderPublisher(Path(sys.argv[1])).publish(pickle.load(sys.stdin.buffer))
"""
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(pickle.dumps(package))
        process.stdin.close()
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
    assert len(list(folder.glob("jumlah-asn/.part-*"))) == 1
    assert list(folder.glob("jumlah-asn/[!.]*")) == []
    assert FolderPublisher(folder).publish(package).changed
    assert sorted(path.name for path in folder.glob("jumlah-asn/*")) == [".kunci", "2026-s1.1"]


def test_publishers_at_the_same_time_make_one_folder(folder, package):
    changed = []
    threads = [
        threading.Thread(target=lambda: changed.append(FolderPublisher(folder).publish(package).changed))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(changed) == [False, False, False, True]


def test_a_file_that_changed_after_the_package_was_made_is_not_published(folder, spoiled):
    with pytest.raises(DamagedError, match=r"jumlah-asn\.csv"):
        FolderPublisher(folder).publish(spoiled)
    assert listing(folder) == []


def test_a_folder_that_is_not_there_is_not_made(tmp_path, package):
    with pytest.raises(RefusedError, match="tidak ada"):
        FolderPublisher(tmp_path / "tidak-terpasang").publish(package)


@pytest.mark.parametrize("private", PRIVATE)
def test_nothing_private_gets_into_the_folder(folder, package, private):
    with pytest.raises(RefusedError, match="tidak boleh dipublikasikan"):
        FolderPublisher(folder).publish(replace(package, **private))
    assert listing(folder) == []


# --- CKAN ---


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with start_portal(tmp_path_factory.mktemp("ckan")) as (portal, certificate):
        yield portal, certificate


@pytest.fixture
def portal(server):
    portal, _ = server
    for values in (
        portal.tokens,
        portal.organizations,
        portal.packages,
        portal.files,
        portal.calls,
        portal.faults,
    ):
        values.clear()
    portal.organize("diskominfo")
    portal.tokens[TOKEN] = ["diskominfo"]
    portal.max_resource_size = 10 * 2**20
    return portal


@pytest.fixture
def publisher(server, portal):
    def make(**changes):
        values = {"token": TOKEN, "organization": "diskominfo", "ca": server[1], "timeouts": (2, 1)}
        return CkanPublisher(changes.pop("url", portal.url), **{**values, **changes})

    return make


def held_files(portal):
    return {one["name"]: portal.files[one["id"]] for one in portal.package("jumlah-asn")["resources"]}


def extras(portal):
    return {one["key"]: one["value"] for one in portal.package("jumlah-asn")["extras"]}


def test_a_new_data_set_is_made_whole_and_shown_only_then(portal, publisher, package):
    published = publisher().publish(package)
    assert (published.changed, published.where) == (True, f"{portal.url}/dataset/jumlah-asn")
    there = portal.package("jumlah-asn")
    assert (there["private"], there["title"], there["version"]) == (False, "Jumlah ASN", "2026-s1.1")
    assert (there["author"], there["maintainer"], there["license_id"]) == (
        "Badan Kepegawaian",
        "Dinas Kominfo",
        "cc-by",
    )
    assert extras(portal)["satuan"] == "orang"
    assert extras(portal)["sidik_paket"] == package.digest
    assert held_files(portal) == {name: (package.folder / name).read_bytes() for name in FILES}
    assert [(one["hash"], one["size"]) for one in there["resources"]] == [
        (file.sha256, file.bytes) for file in package.contents
    ]
    assert portal.calls[-1] == "package_update"


def test_publishing_twice_sends_and_changes_nothing(portal, publisher, package):
    publisher().publish(package)
    before = json.dumps(portal.packages)
    portal.calls.clear()
    again = publisher().publish(package)
    assert (again.changed, again.notes) == (False, ())
    assert portal.calls == ["organization_show", "package_show"]
    assert json.dumps(portal.packages) == before


def test_a_corrected_version_updates_the_same_resources_and_sends_only_what_differs(
    portal, publisher, package, tmp_path
):
    publisher().publish(package)
    before = {one["name"]: one["id"] for one in portal.package("jumlah-asn")["resources"]}
    there = portal.package("jumlah-asn")
    there["resources"][0]["datastore_active"] = True  # what the portal and its people added
    there["resources"].append({"id": "r9", "name": "Panduan.pdf", "url": "https://example.go.id/panduan.pdf"})
    there["extras"].append({"key": "kontak", "value": "walidata"})
    corrected = change(tmp_path)

    published = publisher().publish(corrected)

    after = portal.package("jumlah-asn")["resources"]
    assert {one["name"]: one["id"] for one in after} == {**before, "Panduan.pdf": "r9"}
    assert after[0]["datastore_active"] is True
    assert extras(portal)["kontak"] == "walidata"
    assert portal.package("jumlah-asn")["version"] == "2026-s1.2"
    assert portal.files[before["jumlah-asn.csv"]] == (corrected.folder / "jumlah-asn.csv").read_bytes()
    assert "Berkas yang dikirim" in published.notes[0]
    assert "package_create" not in portal.calls[5:]
    assert not any("delete" in one or "purge" in one for one in portal.calls)

    portal.calls.clear()
    other = make_package(
        tmp_path / "kerja-3",
        {**ROWS, "Jumlah": [1, 2, 3]},
        dataset=make_dataset(definition="Lebih jelas"),
        version=make_version(ROWS, 3, number=2),
    )
    publisher().publish(other)
    assert [one for one in portal.calls if "resource" in one] == ["resource_patch"]  # datapackage.json alone


def test_a_portal_that_writes_its_own_hashes_is_still_no_change(portal, publisher, package):
    publisher().publish(package)
    for one in portal.package("jumlah-asn")["resources"]:
        one["hash"] = "md5-of-a-harvester"
    assert not publisher().publish(package).changed


@pytest.mark.parametrize("private", PRIVATE)
def test_nothing_private_is_ever_sent(portal, publisher, package, private):
    with pytest.raises(RefusedError, match="tidak boleh dipublikasikan"):
        publisher().publish(replace(package, **private))
    assert portal.calls == []


def test_a_file_that_is_not_what_the_package_says_is_not_sent(portal, publisher, spoiled):
    with pytest.raises(DamagedError):
        publisher().publish(spoiled)
    assert portal.calls == []


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        *itertools.product(["package_create", "resource_create", "package_update"], [500, "cut", "lost"]),
        ("resource_create", "hang"),
    ],
)
def test_a_portal_that_fails_is_named_and_the_next_try_ends_whole(portal, publisher, package, action, fault):
    portal.faults[action] = [None, fault] if action == "resource_create" else [fault]
    with pytest.raises(JagadataError, match=action) as error:
        publisher().publish(package)
    assert error.value.transient
    assert portal.package("jumlah-asn") is None or portal.package("jumlah-asn")["private"] is (
        fault != "lost" or action != "package_update"
    )

    publisher().publish(package)

    assert held_files(portal) == {name: (package.folder / name).read_bytes() for name in FILES}
    assert len(portal.package("jumlah-asn")["resources"]) == 3
    assert portal.package("jumlah-asn")["private"] is False
    assert not publisher().publish(package).changed


def test_an_organisation_that_is_not_there_is_named(portal, publisher, package):
    with pytest.raises(RefusedError, match="Organisasi 'tidak-ada' tidak ada"):
        publisher(organization="tidak-ada").publish(package)
    assert portal.calls == ["organization_show"]


def test_a_data_set_of_another_organisation_is_left_alone(portal, publisher, package):
    portal.organize("opd-lain")
    portal.tokens["lain"] = ["opd-lain"]
    publisher(token="lain", organization="opd-lain").publish(package)
    before = json.dumps(portal.packages)
    with pytest.raises(RefusedError, match="milik organisasi lain"):
        publisher().publish(package)
    assert json.dumps(portal.packages) == before


def test_a_data_set_that_was_deleted_on_the_portal_is_not_brought_back(portal, publisher, package):
    publisher().publish(package)
    portal.package("jumlah-asn")["state"] = "deleted"
    with pytest.raises(RefusedError, match="sudah dihapus"):
        publisher().publish(package)
    assert portal.package("jumlah-asn")["state"] == "deleted"


def test_a_data_set_that_the_portal_hides_again_stays_hidden(portal, publisher, package, tmp_path):
    publisher().publish(package)
    portal.package("jumlah-asn")["private"] = True
    publisher().publish(change(tmp_path))
    assert portal.package("jumlah-asn")["private"] is True


def test_what_the_portal_refuses_is_told(portal, publisher, package):
    portal.max_resource_size = 10
    with pytest.raises(RefusedError, match="File upload too large"):
        publisher().publish(package)
    assert portal.package("jumlah-asn")["private"] is True


@pytest.mark.parametrize("fault", ["echo", "wrong"])
def test_the_token_stands_in_no_error(portal, publisher, package, fault):
    wrong = TOKEN.replace("rahasia", "salah")
    if fault == "echo":
        portal.faults["package_create"] = ["echo"]
        with pytest.raises(JagadataError) as caught:
            publisher().publish(package)
    else:
        with pytest.raises(RefusedError, match="tidak mengizinkan package_create") as caught:
            publisher(token=wrong).publish(package)
    text = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in text
    assert wrong not in text
    assert TOKEN not in repr(publisher())


def test_a_certificate_that_is_not_known_is_refused_before_anything_is_sent(
    portal, publisher, package, monkeypatch, server
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server[1]))  # the environment does not decide
    with pytest.raises(RefusedError, match="TLS"):
        publisher(ca=None).publish(package)
    assert portal.calls == []


def test_a_portal_without_tls_is_refused(publisher):
    with pytest.raises(RefusedError, match="tidak memakai https"):
        publisher(url="http://data.example.go.id")


def test_a_portal_that_is_not_there_is_unreachable(publisher, package):
    with pytest.raises(UnreachableError) as error:
        publisher(url="https://127.0.0.1:1").publish(package)
    assert error.value.transient

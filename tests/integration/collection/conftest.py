"""One office for all tests of a module on rounds."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import count
from secrets import token_hex
from types import SimpleNamespace

import pytest

from jagadata.connections import open_workplace
from jagadata.demo.agencies import make_collection
from jagadata.office.file import load_office
from tests.lab.office import open_office
from tests.lab.round import Clock


@pytest.fixture(scope="module")
def office(lab, postgres, ssh_server):
    """One office for all; each test has a year of its own."""
    with ExitStack() as stack:
        name = f"putaran-{token_hex(3)}"
        folder = lab / name
        collection = make_collection(postgres, folder, database=name.replace("-", "_"))
        found = open_office(stack, folder, postgres, ssh_server, name, collection=collection)
        yield SimpleNamespace(lab=found, folder=folder, years=count(2030), clock=Clock())


@pytest.fixture
def place(office):
    office.clock = Clock()
    with open_workplace(load_office(office.lab.path), clock=office.clock) as place:
        yield place

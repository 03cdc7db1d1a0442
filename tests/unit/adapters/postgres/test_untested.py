"""What the throw-away server does not make says nothing about a backup: it is untested, with the reason, before anything starts."""

import pytest

from jagadata.adapters.postgres.extensions import EXTENSION
from jagadata.adapters.postgres.properties import DatabaseProperties
from jagadata.adapters.postgres.proving import prove_archive
from jagadata.errors import UntestedError


def make_properties(**values):
    return DatabaseProperties(
        name="spasial",
        owner="spasial",
        encoding="UTF8",
        locale_provider="libc",
        collate="C",
        ctype="C",
        **values,
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"superuser_only": [(EXTENSION, "postgis"), (EXTENSION, "address_standardizer")]}, "postgis"),
        ({"extensions": [("plpython3u", "1.0")]}, "plpython3u"),
        ({"extensions": [("dblink", "1.2")]}, "dblink"),
    ],
    ids=["asks for a superuser", "untrusted language", "leaves the database"],
)
def test_extensions_that_the_test_server_must_not_make_leave_a_backup_untested(values, words):
    with pytest.raises(UntestedError, match=words):
        prove_archive(None, -1, make_properties(**values), loader="jagadata_muat_spasial", size=1)

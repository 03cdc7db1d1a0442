"""docs/format.md is enough: its recipe, followed to the letter without our code, brings a database back."""

from __future__ import annotations

import re
import secrets
import subprocess

import pytest

from tests.lab.database import connect, drop_databases, grant
from tests.lab.repository import ROOT

FORMAT = ROOT / "docs" / "format.md"


def recipe(name: str) -> str:
    return re.search(
        rf"<!-- recipe:{name} -->\n```bash\n(.*?)```", FORMAT.read_text(encoding="utf-8"), re.DOTALL
    )[1]


def follow(name, office_lab, backup, **variables):
    """Run the recipe with nothing of ours on the path: the system's python3, age, and PostgreSQL's client programs."""
    environment = {
        "PATH": f"{office_lab.postgres.bin}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(office_lab.folder),
        "STORE": str(office_lab.folder / "simpanan-kedua"),
        "SYSTEM": office_lab.application.system,
        "BACKUP": backup,
        **variables,
    }
    return subprocess.run(
        ["bash", "-c", recipe(name)], env=environment, cwd="/", capture_output=True, text=True, check=False
    )


@pytest.mark.needs("age")
def test_a_backup_is_restored_by_hand_from_the_second_store(office_lab):
    with office_lab.place() as place:
        made = office_lab.back_up(place).journal.outcome("4", office_lab.application.system)["backup"]
    variables = {
        "IDENTITY": str(office_lab.folder / "keys" / "identity.txt"),
        "TARGET": office_lab.postgres.dsn(),
        "SUFFIX": "_tangan",
    }
    done = follow("restore", office_lab, made, **variables)
    assert done.returncode == 0, done.stderr
    name = f"{office_lab.application.database}_tangan"
    assert office_lab.postgres.sql("SELECT count(*) FROM aplikasi.surat", name) == [(200,)]
    object_ = next((office_lab.folder / "simpanan-kedua").glob("systems/*/backups/*/data/*.dump.age.000"))
    object_.chmod(0o600)
    object_.write_bytes(object_.read_bytes()[:-1] + b"x")
    done = follow("restore", office_lab, made, **{**variables, "SUFFIX": "_rusak"})
    assert done.returncode != 0
    assert f"{office_lab.application.database}_rusak" not in office_lab.databases()


def test_the_recipe_counts_the_rows_that_the_manifest_holds_those_of_extensions_too(postgres):
    name = f"hitung{secrets.token_hex(3)}"
    postgres.sql(f"CREATE DATABASE {name}")
    postgres.sql(
        "CREATE TABLE biasa AS SELECT 1 AS x; GRANT SELECT ON biasa TO PUBLIC; SELECT lo_create(0); CREATE EXTENSION hstore",
        name,
    )
    for table in ("acuan", "dalam"):  # such as spatial_ref_sys of PostGIS
        postgres.sql(f"CREATE TABLE {table} AS SELECT generate_series(1, 9) AS x", name)
        postgres.sql(f"ALTER EXTENSION hstore ADD TABLE {table}; GRANT SELECT ON {table} TO PUBLIC", name)
    postgres.sql(
        "UPDATE pg_extension SET extconfig = ARRAY['acuan'::regclass::oid], extcondition = ARRAY['WHERE x > 7'] "
        "WHERE extname = 'hstore'",
        name,
    )
    grant(postgres, name)
    query = re.search(r"<<'SQL'\n(.*?)\nSQL\n", recipe("restore"), re.DOTALL)[1]
    counted = subprocess.run(
        [str(postgres.bin / "psql"), "-X", "-q", "-d", postgres.dsn(name)],
        input=query,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = connect(postgres).rows(name)
    assert rows == {"public.acuan": 2, "public.biasa": 1, "pg_largeobject": 1}
    assert sorted(counted.splitlines()) == sorted(f"{table}\t{count}" for table, count in rows.items())
    drop_databases(postgres, name)


def test_the_signature_is_checked_by_hand(office_lab):
    with office_lab.place() as place:
        made = office_lab.back_up(place).journal.outcome("4", office_lab.application.system)["backup"]
        signer = place.office.keys.signers[0].key
    done = follow("signature", office_lab, made, SIGNER=signer)
    assert done.returncode == 0, done.stderr
    path = next((office_lab.folder / "simpanan-kedua").glob("systems/*/backups/*/manifest.json"))
    path.chmod(0o600)
    text = path.read_text()
    place_of = text.index('"payload":"') + 40
    path.write_text(text[:place_of] + ("A" if text[place_of] != "A" else "B") + text[place_of + 1 :])
    assert follow("signature", office_lab, made, SIGNER=signer).returncode != 0

"""The inventory in a real PostgreSQL: migrations, versions, statuses, tables; what must hold when things go wrong."""

import os
import subprocess
import threading
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import sql

from jagadata.adapters.satu_data import migrations
from jagadata.adapters.satu_data.database import InventoryDatabase
from jagadata.adapters.satu_data.roles import render_inventory_sql
from jagadata.collection.round import Round
from jagadata.collection.tables.examination import CleanTable
from jagadata.errors import DamagedError, JagadataError, NotFoundError, RefusedError, UnreachableError
from jagadata.office.collection import Agency, DatasetEntry, Inventory

FIRST, SECOND = Round(2026, 1), Round(2026, 2)
AT = datetime(2026, 7, 1, 9, tzinfo=UTC)
AGENCY = Agency(id="bkpsdm", name="BKPSDM", head="Kepala BKPSDM", email=["a@example.go.id"])
DATABASE, LOGIN = "inventaris 'uji'", 'jaga "inventaris"'


everywhere = pytest.mark.parametrize(
    "server",
    ["postgres", pytest.param("debian_server", marks=pytest.mark.needs("postgresql"))],
    indirect=True,
)
"""On each real server; the others on the newest."""


@pytest.fixture
def server(request):
    return request.getfixturevalue(getattr(request, "param", "postgres"))


def make_dataset(code="jumlah-asn", **changes):
    columns = [{"name": "Kecamatan"}, {"name": "Jumlah", "type": "integer"}]
    values = {"code": code, "name": "Jumlah ASN", "agency": "bkpsdm", "unit": "orang", "columns": columns}
    return DatasetEntry(**{**values, **changes})


def make_table(path, digest="a" * 64, code="jumlah-asn", **columns):
    """A clean table as the examination leaves it."""
    columns = columns or {"Kecamatan": ["Panggul", "Munjungan", None], "Jumlah": [10, None, 12]}
    table = pa.table(columns)
    pq.write_table(table, path)
    return CleanTable(
        dataset=code,
        sheet="Data",
        heading_row=1,
        columns=tuple(columns),
        rows=table.num_rows,
        file=path.name,
        years=(2025, 2026),
        digest=digest,
    )


def prepare(server, entry):
    """Run what `jaga inventory prepare` prints, with psql as its user would."""
    environment = {
        **os.environ,
        "PGPASSWORD": server.password,
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.superuser,
    }
    done = subprocess.run(
        [str(server.bin / "psql"), "-X", "-q", "-d", "postgres"],
        input=render_inventory_sql(entry),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def prepared():
    """Servers on which the database and the login are there already."""
    servers = []
    yield servers
    for server in servers:
        server.sql(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
        server.sql(sql.SQL("DROP ROLE {}").format(sql.Identifier(LOGIN)))


@pytest.fixture
def entry(server, prepared, monkeypatch):
    """The office file's part, on a server that was prepared as `jaga inventory prepare` says."""
    monkeypatch.setenv("SANDI_INVENTARIS", "s")
    entry = Inventory(
        address=server.host,
        port=server.port,
        database=DATABASE,
        login={"user": LOGIN, "password": "env:SANDI_INVENTARIS"},
    )
    if server not in prepared:
        prepared.append(server)
        prepare(server, entry)
        prepare(server, entry)  # it may be run again
        server.sql(sql.SQL("ALTER ROLE {} PASSWORD 's'").format(sql.Identifier(LOGIN)))
    return entry


@pytest.fixture
def open_inventory(entry, tmp_path):
    with ExitStack() as stack:
        yield lambda **changes: InventoryDatabase.open(
            entry.model_copy(update=changes), folder=tmp_path, host=None, stack=stack
        )


@pytest.fixture
def unmigrated(entry, server):
    """The schemas as they were prepared."""
    for schema in ("satu_data", "satu_data_tabel"):
        server.sql(f"DROP SCHEMA {schema} CASCADE", DATABASE)
        create = sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(
            sql.Identifier(schema), sql.Identifier(LOGIN)
        )
        server.sql(create, DATABASE)


@pytest.fixture
def inventory(open_inventory, query):
    """Migrated and empty."""
    inventory = open_inventory()
    inventory.migrate()
    query("TRUNCATE satu_data.opd, satu_data.putaran RESTART IDENTITY CASCADE")
    for (name,) in query("SELECT tablename FROM pg_tables WHERE schemaname = 'satu_data_tabel'"):
        query(sql.SQL("DROP TABLE satu_data_tabel.{} CASCADE").format(sql.Identifier(name)))
    return inventory


HISTORY = "SELECT status, oleh FROM satu_data.riwayat_status WHERE dataset = 'jumlah-asn' ORDER BY id"
"""Of one data set in one round, oldest first."""


@pytest.fixture
def query(entry, server):
    return lambda text: server.sql(text, DATABASE)


@everywhere
def test_migrating_twice_changes_nothing_and_two_workers_take_turns(unmigrated, open_inventory):
    with pytest.raises(RefusedError, match="belum ada"):
        open_inventory().statuses(FIRST)
    results, workers = [], [open_inventory() for _ in range(4)]
    threads = [threading.Thread(target=lambda one=one: results.append(one.migrate())) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, False, False, True]
    assert workers[0].migrate() is False
    assert workers[0].statuses(FIRST) == {}


def test_the_newest_step_is_the_one_that_the_code_names():
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [migrations.HEAD]


def test_a_schema_of_a_newer_jagadata_is_refused_by_name(inventory, open_inventory, query):
    query("UPDATE satu_data.versi_skema SET version_num = '9999'")
    for use in (open_inventory().migrate, lambda: open_inventory().statuses(FIRST)):
        with pytest.raises(RefusedError, match="versi 9999 lebih baru"):
            use()
    query(f"UPDATE satu_data.versi_skema SET version_num = '{migrations.HEAD}'")


@everywhere
def test_a_table_is_taken_in_with_its_metadata_rows_and_status(inventory, query, tmp_path):
    inventory.request([AGENCY], [make_dataset()], FIRST, by="kasi", at=AT)
    inventory.note_delivery(FIRST, "bkpsdm", "TT-1", "asn.xlsx", AT)
    inventory.note_delivery(FIRST, "bkpsdm", "TT-1", "asn.xlsx", AT)
    table = make_table(tmp_path / "t.parquet")

    version = inventory.take_in(make_dataset(), FIRST, table, tmp_path / "t.parquet", "TT-1", AT)

    assert (version.label, version.fresh, version.rows, version.held) == ("2026-s1.1", True, 3, False)
    assert (version.columns, version.years, version.at) == (("Kecamatan", "Jumlah"), (2025, 2026), AT)
    assert query('SELECT nomor, "Kecamatan", "Jumlah" FROM satu_data_tabel."jumlah-asn" ORDER BY nomor') == [
        (1, "Panggul", 10),
        (2, "Munjungan", None),
        (3, None, 12),
    ]
    assert query("SELECT nama_data, produsen_data, satuan, kolom->1->>'name' FROM satu_data.dataset") == [
        ("Jumlah ASN", "bkpsdm", "orang", "Jumlah")
    ]
    assert query("SELECT nama, pimpinan FROM satu_data.opd") == [("BKPSDM", "Kepala BKPSDM")]
    assert query("SELECT count(*) FROM satu_data.kiriman") == [(1,)]
    assert query(HISTORY) == [
        ("Diminta", "kasi"),
        ("Diterima", "Jagadata"),
        ("Diperiksa", "Jagadata"),
        ("Lengkap", "Jagadata"),
        ("Terinventarisasi", "Jagadata"),
    ]
    assert inventory.statuses(FIRST)["jumlah-asn"].why == "tanda terima TT-1"


def test_the_same_table_twice_is_no_change_and_a_corrected_one_is_a_new_version_beside_the_old(
    inventory, query, tmp_path
):
    path = tmp_path / "t.parquet"
    inventory.take_in(make_dataset(), FIRST, make_table(path), path, "TT-1", AT)
    again = inventory.take_in(make_dataset(), FIRST, make_table(path), path, "TT-2", AT)
    assert (again.fresh, again.number, again.receipt) == (False, 1, "TT-1")
    assert query('SELECT count(*) FROM satu_data_tabel."jumlah-asn"') == [(3,)]
    inventory.bring_to("jumlah-asn", FIRST, "Terpublikasi", by="Jagadata", at=AT)
    inventory.take_in(make_dataset(), FIRST, make_table(path), path, "TT-2", AT)
    assert inventory.statuses(FIRST)["jumlah-asn"].status == "Terpublikasi"

    table = make_table(path, digest="b" * 64, Kecamatan=["Panggul"], Jumlah=[11])
    corrected = inventory.take_in(make_dataset(), FIRST, table, path, "TT-3", AT)

    assert (corrected.fresh, corrected.label, corrected.receipt) == (True, "2026-s1.2", "TT-3")
    assert [one.digest[0] for one in inventory.versions("jumlah-asn", FIRST)] == ["a", "b"]
    assert query(
        'SELECT versi, count(*) FROM satu_data_tabel."jumlah-asn" GROUP BY versi ORDER BY versi'
    ) == [(1, 3), (2, 1)]
    assert [status for status, _by in query(HISTORY)][-5:] == [
        "Terpublikasi",
        "Diterima",
        "Diperiksa",
        "Lengkap",
        "Terinventarisasi",
    ]


@everywhere
def test_the_next_round_knows_what_came_in_the_last_one(inventory, tmp_path):
    path = tmp_path / "t.parquet"
    entries = [make_dataset(), make_dataset("data-lain", name="Data lain")]
    assert inventory.requested(FIRST) == []
    inventory.request([AGENCY], entries, FIRST, by="kasi", at=AT)
    inventory.take_in(make_dataset(), FIRST, make_table(path), path, "TT-1", AT)
    assert inventory.latest("jumlah-asn", FIRST) is None

    before = inventory.latest("jumlah-asn", SECOND)
    assert (before.round, before.rows, before.digest, before.columns) == (
        FIRST,
        3,
        "a" * 64,
        ("Kecamatan", "Jumlah"),
    )
    found = [(one.code, one.status, one.rows, one.years) for one in inventory.requested(SECOND)]
    assert found == [
        ("data-lain", "Diminta", None, ()),
        ("jumlah-asn", "Terinventarisasi", 3, (2025, 2026)),
    ]
    assert inventory.latest("jumlah-asn", Round(2026, 3, "triwulan")).round == FIRST


def test_a_status_is_reached_by_legal_steps_and_each_is_written(inventory, query):
    inventory.request([AGENCY], [make_dataset()], FIRST, by="kasi", at=AT)
    assert inventory.bring_to("jumlah-asn", FIRST, "Diminta", by="kasi", at=AT) == ()
    assert inventory.bring_to("jumlah-asn", FIRST, "Diterima", by="kasi", why="surel", at=AT) == ("Diterima",)
    assert inventory.bring_to("jumlah-asn", FIRST, "Perlu Perbaikan", by="kasi", at=AT) == (
        "Diperiksa",
        "Perlu Perbaikan",
    )
    assert [status for status, _by in query(HISTORY)] == [
        "Diminta",
        "Diterima",
        "Diperiksa",
        "Perlu Perbaikan",
    ]
    with pytest.raises(RefusedError, match="tidak dapat kembali menjadi 'Diminta'"):
        inventory.bring_to("jumlah-asn", FIRST, "Diminta", by="kasi", at=AT)
    with pytest.raises(NotFoundError, match="'tidak-ada'"):
        inventory.bring_to("tidak-ada", FIRST, "Diterima", by="kasi", at=AT)


@everywhere
def test_columns_that_change_over_rounds_are_added_and_widened(inventory, query, tmp_path):
    path = tmp_path / "t.parquet"
    rounds = [
        (Round(2026, 1), {"Wilayah": ["A"], "Nilai": [1], "Tanggal": [date(2026, 1, 2)]}),
        (Round(2026, 2), {"Wilayah": ["B"], "Nilai": [2.5], "Tanggal": ["awal tahun"], "Baru": [7]}),
        (Round(2027, 1), {"Wilayah": [3], "Nilai": [12345678901.5]}),
    ]
    for number, (round, columns) in enumerate(rounds):
        table = make_table(path, digest=str(number) * 64, **columns)
        inventory.take_in(make_dataset(), round, table, path, f"TT-{number}", AT)
    assert query('SELECT * FROM satu_data_tabel."jumlah-asn" ORDER BY versi') == [
        (1, 1, "A", 1, "2026-01-02", None),
        (2, 1, "B", pytest.approx(2.5), "awal tahun", 7),
        (3, 1, "3", pytest.approx(12345678901.5), None, None),
    ]


def test_a_view_that_stands_in_the_way_is_named(inventory, query, tmp_path):
    path = tmp_path / "t.parquet"
    inventory.take_in(make_dataset(), FIRST, make_table(path, Nilai=[1]), path, "TT-1", AT)
    query('CREATE VIEW satu_data.milik_orang AS SELECT "Nilai" FROM satu_data_tabel."jumlah-asn"')
    table = make_table(path, digest="b" * 64, Nilai=["teks"])
    with pytest.raises(RefusedError, match="masih dipakai sebuah view"):
        inventory.take_in(make_dataset(), SECOND, table, path, "TT-2", AT)
    assert inventory.versions("jumlah-asn", SECOND) == []


def test_names_that_postgresql_would_cut_or_keep_for_itself_stay_apart(inventory, query, tmp_path):
    path = tmp_path / "t.parquet"
    long = "Persentase perangkat daerah yang menyampaikan laporan kinerja tahun "
    columns = {f"{long}{year}": [year] for year in (2025, 2026)} | {
        'ctid "; DROP': ["x"],
        "versi": [9],
        "é" * 40: [1],
    }
    inventory.take_in(make_dataset(), FIRST, make_table(path, **columns), path, "TT-1", AT)
    (row,) = query('SELECT * FROM satu_data_tabel."jumlah-asn"')
    assert row == (1, 1, 2025, 2026, "x", 9, 1)
    assert inventory.versions("jumlah-asn", FIRST)[0].columns == tuple(columns)


def test_text_comes_back_as_it_was(inventory, query, tmp_path):
    path = tmp_path / "t.parquet"
    texts = ['a"b', "baris\r\nbaru", "", None, "\\.", "\\N", ",", " = ", "héé😀", "NULL"]
    inventory.take_in(make_dataset(), FIRST, make_table(path, Teks=texts), path, "TT-1", AT)
    assert [
        one for (one,) in query('SELECT "Teks" FROM satu_data_tabel."jumlah-asn" ORDER BY nomor')
    ] == texts


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-20]),
        lambda path: pq.write_table(pa.table({"Kecamatan": ["A"], "Jumlah": [1]}), path),
        lambda path: pq.write_table(pa.table({"Lain": ["A"] * 3}), path),
        lambda path: pq.write_table(pa.table({"Kecamatan": ["A\0 rahasia"] * 3, "Jumlah": [1, 2, 3]}), path),
        lambda path: path.unlink(),
    ],
    ids=["cut", "rows", "columns", "nul", "gone"],
)
def test_a_file_that_is_not_what_was_examined_leaves_nothing_behind(inventory, query, tmp_path, spoil):
    path = tmp_path / "t.parquet"
    inventory.request([AGENCY], [make_dataset()], FIRST, by="kasi", at=AT)
    table = make_table(path)
    spoil(path)
    with pytest.raises(DamagedError) as error:
        inventory.take_in(make_dataset(), FIRST, table, path, "TT-1", AT)
    assert "rahasia" not in str(error.value)
    assert not error.value.__cause__ or "rahasia" not in str(error.value.__cause__)
    assert inventory.versions("jumlah-asn", FIRST) == []
    assert inventory.statuses(FIRST)["jumlah-asn"].status == "Diminta"
    assert query("SELECT to_regclass('satu_data_tabel.\"jumlah-asn\"')") == [(None,)]


def test_a_connection_that_is_lost_halfway_leaves_nothing_and_the_next_try_succeeds(
    inventory, query, server, tmp_path
):
    path = tmp_path / "t.parquet"
    table = make_table(path)
    inventory.request([AGENCY], [make_dataset()], FIRST, by="kasi", at=AT)
    with psycopg.connect(server.dsn(DATABASE)) as blocker:
        blocker.execute("SELECT FROM satu_data.dataset FOR UPDATE")
        errors = []

        def work():
            try:
                inventory.take_in(make_dataset(), FIRST, table, path, "TT-1", AT)
            except JagadataError as error:
                errors.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        killed = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'jagadata' AND wait_event_type = 'Lock'"
        while not query(killed):
            pass
        thread.join()
    assert isinstance(errors[0], UnreachableError)
    assert inventory.versions("jumlah-asn", FIRST) == []
    assert inventory.take_in(make_dataset(), FIRST, table, path, "TT-1", AT).fresh


def test_two_workers_that_take_in_the_same_table_make_one_version(inventory, open_inventory, query, tmp_path):
    path = tmp_path / "t.parquet"
    table = make_table(path)
    versions = []

    def work(worker):
        versions.append(worker.take_in(make_dataset(), FIRST, table, path, "TT-1", AT))

    threads = [threading.Thread(target=work, args=[open_inventory()]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.fresh for one in versions) == [False, False, True]
    assert query('SELECT count(*) FROM satu_data_tabel."jumlah-asn"') == [(3,)]


def test_what_was_held_once_stays_held(inventory, tmp_path):
    path = tmp_path / "t.parquet"
    table = make_table(path)
    assert not inventory.take_in(make_dataset(), FIRST, table, path, "TT-1", AT).held
    held = inventory.take_in(make_dataset(personal=True), FIRST, table, path, "TT-1", AT)
    assert (held.held, held.fresh) == (True, False)
    assert inventory.take_in(make_dataset(), FIRST, table, path, "TT-1", AT).held


@everywhere
def test_the_login_may_do_nothing_else(inventory, entry, server):
    dsn = server.dsn(DATABASE, LOGIN, "s")
    for statement in ("CREATE SCHEMA lain", "CREATE TABLE public.t ()", "CREATE ROLE x", "CREATE DATABASE x"):
        with (
            psycopg.connect(dsn, autocommit=True) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


def test_what_is_wrong_with_the_way_to_the_inventory_is_said_with_its_own_remedy(
    open_inventory, tmp_path, monkeypatch, server
):
    with pytest.raises(NotFoundError, match=r"(?s)'tidak ada'.*jaga inventory prepare"):
        open_inventory(database="tidak ada").migrate()
    with pytest.raises(UnreachableError):
        open_inventory(port=1).migrate()
    with pytest.raises(RefusedError, match=r"(?s)TLS.*collection\.inventory"):
        open_inventory(ca=tmp_path / "ca.pem").migrate()
    monkeypatch.setenv("SANDI_INVENTARIS", "sandi-salah")
    with pytest.raises(RefusedError, match=r"collection\.inventory") as error:
        open_inventory().migrate()
    assert "sandi-salah" not in f"{error.value}{error.value.__cause__!r}"


def test_the_inventory_is_reached_through_ssh(entry, ssh_server, tmp_path):
    from jagadata.adapters.ssh.host import SshHost

    seen = []

    def host(name):
        seen.append(name)
        return SshHost(
            name,
            address="127.0.0.1",
            port=ssh_server.port,
            user=ssh_server.user,
            key_text=ssh_server.client_key.read_text(),
            known_hosts=ssh_server.known_hosts,
        )

    with ExitStack() as stack:
        through = entry.model_copy(update={"via": "server-db"})
        inventory = InventoryDatabase.open(through, folder=tmp_path, host=host, stack=stack)
        inventory.migrate()
        assert inventory.statuses(SECOND) == {}
    assert seen == ["server-db"]

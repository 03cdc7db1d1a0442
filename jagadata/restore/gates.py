"""The gates of SOP Restore."""

from __future__ import annotations

from datetime import timedelta

from jagadata.restore import steps
from jagadata.restore.steps import ACKNOWLEDGEMENT_GATE, APPROVAL_GATE, NAME
from jagadata.signoff.gates import Gate

APPROVAL = Gate(
    name=APPROVAL_GATE,
    sop=NAME,
    role="kasi_infrastruktur",
    title="Persetujuan restore (tambahan)",
    yes="Menyetujui",
    no="Tidak menyetujui",
    decides=steps.APPROVAL,
    lasts=lambda office: timedelta(hours=office.policy.restore.approval_hours),
)
"""Before step 2: whoever `policy.restore.approver` names approves exactly this plan."""
ACKNOWLEDGEMENT = Gate(
    name=ACKNOWLEDGEMENT_GATE,
    sop=NAME,
    role="staf_infrastruktur",
    title="Tanda terima pemohon",
    yes="Diterima pemohon",
    no="Belum diterima",
    decides=steps.ACKNOWLEDGE,
)
"""Step 6: staff record the requester's answer, atas nama pemohon; its time is counted in working days."""
GATES = (APPROVAL, ACKNOWLEDGEMENT)

"""The gates of SOP Restore."""

from __future__ import annotations

from datetime import timedelta

from jagadata.signoff.gates import Gate

NAME = "restore"
APPROVAL_GATE = Gate(
    name="approval-gate",
    sop=NAME,
    role="kasi_infrastruktur",
    title="Persetujuan restore (tambahan)",
    yes="Menyetujui",
    no="Tidak menyetujui",
    decides="approval",
    lasts=lambda office: timedelta(hours=office.policy.restore.approval_hours),
)
"""Before step 2: whoever `policy.restore.approver` names approves exactly this plan."""
ACKNOWLEDGEMENT_GATE = Gate(
    name="acknowledgement-gate",
    sop=NAME,
    role="staf_infrastruktur",
    title="Tanda terima pemohon",
    yes="Diterima pemohon",
    no="Belum diterima",
    decides="6",
)
"""Step 6: staff record the requester's answer, atas nama pemohon; its time is counted in working days."""
GATES = (APPROVAL_GATE, ACKNOWLEDGEMENT_GATE)

"""Everything that people get to read, by its name: forms and plans as Markdown, and the letters of all SOPs. The PDFs: adapters/typst_pdf.py."""

from jagadata.backup_mails import (
    render_backup_failure,
    render_returned,
    render_review_request,
    render_unexamined,
)
from jagadata.collection.round_markdown import (
    make_delivery_rows,
    render_deliveries,
    render_proposal,
    render_report,
)
from jagadata.markdown import escape_markdown, render_markdown, render_plan
from jagadata.restore_mails import (
    render_acknowledgement_reminder,
    render_approval_request,
    render_completion,
    render_failure,
    render_rejection,
    render_request_received,
    render_unconfirmed_closure,
)
from jagadata.watch_mails import render_watch

__all__ = [
    "escape_markdown",
    "make_delivery_rows",
    "render_acknowledgement_reminder",
    "render_approval_request",
    "render_backup_failure",
    "render_completion",
    "render_deliveries",
    "render_failure",
    "render_markdown",
    "render_plan",
    "render_proposal",
    "render_rejection",
    "render_report",
    "render_request_received",
    "render_returned",
    "render_review_request",
    "render_unconfirmed_closure",
    "render_unexamined",
    "render_watch",
]

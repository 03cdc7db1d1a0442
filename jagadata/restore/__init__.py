"""SOP Restore Data: request, plan, impact, and the run."""

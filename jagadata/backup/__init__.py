"""SOP Back Up Data: one file a step."""

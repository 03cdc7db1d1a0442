"""The inventory's schema, step by step (alembic). A step that was released is never changed: add the next one, and raise HEAD."""

HEAD = "0001"
"""The newest step that this code knows. Steps are numbered with four digits, so that they compare as text."""

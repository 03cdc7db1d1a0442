"""One module for each step; alembic reads them."""

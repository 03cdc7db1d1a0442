"""Run by alembic inside the transaction that `inventory_migration.migrate` opened and locked."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="versi_skema",
    version_table_schema="satu_data",
)
with context.begin_transaction():
    context.run_migrations()

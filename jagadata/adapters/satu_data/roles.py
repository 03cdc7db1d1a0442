"""The roles of the inventory's database, as SQL to paste."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.adapters.postgres.roles import literal, quote
from jagadata.collection.inventory.statuses import SCHEMA, TABLES

if TYPE_CHECKING:
    from jagadata.office.collection import Inventory as InventoryEntry


def render_inventory_sql(entry: InventoryEntry) -> str:
    """SQL for the inventory's login, to be run by a superuser with psql; safe to run again. psql asks for the password."""
    user, database = quote(entry.login.user), quote(entry.database)
    name = entry.database.replace("\\", "\\\\").replace("'", "\\'")
    connection = literal(f"dbname='{name}'").replace("\\", "\\\\")
    lines = [
        "-- Inventaris Satu Data. Jalankan sebagai superuser: psql -d postgres -f BERKAS",
        "-- Aman dijalankan berulang kali. Sandi diminta oleh psql dan tidak tertulis di sini.",
        "\\set ON_ERROR_STOP on",
        "SET client_min_messages = warning;",
        f"SELECT format('CREATE ROLE %I', {literal(entry.login.user)}) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {literal(entry.login.user)})",
        "\\gexec",
        f"ALTER ROLE {user} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;",
        f"SELECT format('CREATE DATABASE %I ENCODING ''UTF8'' TEMPLATE template0', {literal(entry.database)}) WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {literal(entry.database)})",
        "\\gexec",
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC;",
        f"GRANT CONNECT ON DATABASE {database} TO {user};",
        f"SELECT E{connection} AS jagadata_basis_data",
        "\\gset",
        "\\connect -reuse-previous=on :jagadata_basis_data",
        "SET client_min_messages = warning;",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
        "-- Hanya kedua skema ini milik Jagadata; skema lain tidak dapat dibaca atau ditulisnya.",
    ]
    for schema in (SCHEMA, TABLES):
        lines += [
            f"CREATE SCHEMA IF NOT EXISTS {schema};",
            f"ALTER SCHEMA {schema} OWNER TO {user};",
        ]
    lines += ["", "-- Sandi (hapus tanda komentar sekali saja):", f"-- \\password {user}"]
    return "\n".join(lines) + "\n"

"""PostgreSQL: dump, restore, swap, checks, roles."""

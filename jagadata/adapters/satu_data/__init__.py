"""The office's own inventory of data sets, in PostgreSQL."""

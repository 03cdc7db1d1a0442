"""Reading official tables: headings, cells, sums, personal data, checks. Pure."""

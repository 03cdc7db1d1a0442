"""Open-data portals."""

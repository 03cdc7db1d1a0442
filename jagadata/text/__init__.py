"""Dates, numbers, names and templates as people read and write them. Pure."""

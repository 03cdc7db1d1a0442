"""Spreadsheets and CSVs, read in a process of their own."""

"""Files as Indonesian offices send them, described and made by code; what is expected of each. `python -m tests.lab.corpus` prints the report."""

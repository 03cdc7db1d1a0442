"""The papers and letters of SOP Restore Data."""

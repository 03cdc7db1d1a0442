"""The papers and letters of SOP Back Up Data."""

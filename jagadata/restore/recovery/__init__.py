"""SOP Restore, steps 2 to 4: lock, stop, build beside, swap, start."""

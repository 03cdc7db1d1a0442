"""Where OPD put files: a folder, a prefix of a store."""

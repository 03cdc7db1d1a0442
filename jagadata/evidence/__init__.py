"""Signed facts: envelopes, keys, records, journals, number claims."""

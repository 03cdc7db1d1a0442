"""Backups as the stores hold them: layout of keys, manifests, streams, catalogue, proof of what can be read back."""

"""The Prefect server over its API."""

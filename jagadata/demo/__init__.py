"""Real servers that start without root, for `make demo` and the tests; and the demo's story. Never imported in production."""

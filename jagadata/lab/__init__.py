"""Servers and working fakes for the demo and the tests; never used in production."""

"""Jagadata: brings an application back by the office's signed SOP, not only a database."""

__version__ = "0.1.0"

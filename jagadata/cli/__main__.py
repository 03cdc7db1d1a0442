"""`python -m jagadata.cli`: the same as `jaga`."""

from __future__ import annotations

from jagadata.cli import main

if __name__ == "__main__":
    main(prog_name="jaga")

"""`make demo`: `python -m jagadata.demo`; KEEP=1 leaves it running and lets the person approve in the Prefect UI."""

from __future__ import annotations

import os
import sys

from jagadata.demo.story import tell

if __name__ == "__main__":
    sys.exit(tell(keep=os.environ.get("KEEP", "") == "1"))

"""`python -m tests.lab.corpus`: the report of what was recognised, as Markdown; with --write into docs/corpus.md."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.lab.corpus.report import PAGE, examine_all, render_report

with tempfile.TemporaryDirectory(prefix="jaga-corpus-") as folder:
    report = render_report(examine_all(Path(folder)))
if sys.argv[1:] == ["--write"]:
    PAGE.write_text(report, encoding="utf-8")
else:
    print(report, end="")

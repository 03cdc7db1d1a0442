"""A small real web application: the letters of an agency (surat), on PostgreSQL. `python -m jagadata.lab.app PORT`, DSN in APP_DSN."""

from __future__ import annotations

import html
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import psycopg

_PAGE = """<!doctype html><html lang="id"><head><meta charset="utf-8"><title>SiSurat — BKPSDM</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f6f8;color:#1c2733}}
header{{background:#0b5d3b;color:#fff;padding:1rem 2rem}}header h1{{margin:0;font-size:1.3rem}}
main{{max-width:60rem;margin:1.5rem auto;background:#fff;padding:1.5rem 2rem;border-radius:8px;box-shadow:0 1px 4px #0002}}
table{{border-collapse:collapse;width:100%}}td,th{{padding:.4rem .6rem;border-bottom:1px solid #dde3e8;text-align:left}}
.n{{font-size:2rem;font-weight:600;color:#0b5d3b}}</style></head><body><header><h1>SiSurat</h1>Badan Kepegawaian dan
Pengembangan Sumber Daya Manusia</header><main><p>Jumlah surat: <span class="n">{count}</span></p>
<table><tr><th>No.</th><th>Nomor surat</th><th>Perihal</th><th>Tanggal</th></tr>{rows}</table></main></body></html>"""


def _connect() -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(os.environ["APP_DSN"], connect_timeout=3, autocommit=True)


def _count() -> object:
    with _connect() as connection:
        row = connection.execute("SELECT count(*) FROM surat").fetchone()
    return row[0] if row else 0


def _page() -> str:
    with _connect() as connection:
        rows = connection.execute(
            "SELECT id, nomor, perihal, tanggal FROM surat ORDER BY id DESC LIMIT 12"
        ).fetchall()
    cells = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in row) + "</tr>" for row in rows
    )
    return _PAGE.format(count=_count(), rows=cells)


class Letters(BaseHTTPRequestHandler):
    """`/` page, `/jumlah` count, `/sehat` health; `POST /surat` adds a letter."""

    def do_GET(self) -> None:
        try:
            if self.path == "/":
                self._answer(200, _page(), "text/html")
            elif self.path == "/jumlah":
                self._answer(200, json.dumps({"jumlah": _count()}))
            elif self.path == "/sehat":  # healthy only with its own table at hand: what a probe should ask
                self._answer(200, json.dumps({"sehat": _count() is not None}))
            else:
                self._answer(404, json.dumps({"sebab": "tidak ada"}))
        except psycopg.Error as error:
            self._answer(503, json.dumps({"sehat": False, "sebab": type(error).__name__}))

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        with _connect() as connection:
            connection.execute(
                "INSERT INTO surat (nomor, perihal, tanggal) VALUES (%s, %s, CURRENT_DATE)",
                (form["nomor"][0], form["perihal"][0]),
            )
        self.send_response(303)
        self.send_header("Location", "/")
        self.end_headers()

    def _answer(self, status: int, text: str, kind: str = "application/json") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Letters).serve_forever()

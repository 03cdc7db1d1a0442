"""A small real web application: the letters of an agency (surat), on PostgreSQL. `python -m jagadata.demo.app PORT`, DSN in APP_DSN."""

from __future__ import annotations

import html
import os
import sys
from typing import TYPE_CHECKING

import psycopg
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

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


def page(_request: Request) -> Response:
    with _connect() as connection:
        count = connection.execute("SELECT count(*) FROM surat").fetchone()
        rows = connection.execute(
            "SELECT id, nomor, perihal, tanggal FROM surat ORDER BY id DESC LIMIT 12"
        ).fetchall()
    cells = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in row) + "</tr>" for row in rows
    )
    return HTMLResponse(_PAGE.format(count=count[0] if count else 0, rows=cells))


def count(_request: Request) -> Response:
    with _connect() as connection:
        row = connection.execute("SELECT count(*) FROM surat").fetchone()
    return JSONResponse({"jumlah": row[0] if row else 0})


def health(_request: Request) -> Response:
    """Healthy only with its own table at hand: what a probe should ask."""
    try:
        with _connect() as connection:
            connection.execute("SELECT 1 FROM surat LIMIT 1").fetchone()
    except psycopg.Error as error:
        return JSONResponse({"sehat": False, "sebab": type(error).__name__}, status_code=503)
    return JSONResponse({"sehat": True})


async def add(request: Request) -> Response:
    form = await request.form()
    with _connect() as connection:
        connection.execute(
            "INSERT INTO surat (nomor, perihal, tanggal) VALUES (%s, %s, CURRENT_DATE)",
            (str(form["nomor"]), str(form["perihal"])),
        )
    return RedirectResponse("/", status_code=303)


app = Starlette(
    routes=[
        Route("/", page),
        Route("/jumlah", count),
        Route("/sehat", health),
        Route("/surat", add, methods=["POST"]),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")

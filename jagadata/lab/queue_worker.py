"""The application's queue worker: writes a row every so often, so that a service that still runs is noticed. DSN in APP_DSN."""

from __future__ import annotations

import os
import sys
import time

import psycopg


def main(seconds: float) -> None:
    while True:
        try:
            with psycopg.connect(os.environ["APP_DSN"], connect_timeout=3, autocommit=True) as connection:
                while True:
                    connection.execute("INSERT INTO antrean (dibuat) VALUES (now())")
                    time.sleep(seconds)
        except psycopg.Error:
            time.sleep(seconds)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)

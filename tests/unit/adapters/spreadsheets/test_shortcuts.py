"""Files that only point elsewhere, and those that merely look like it."""

from __future__ import annotations

import pytest

from jagadata.adapters.spreadsheets.shortcuts import find_target


@pytest.mark.parametrize(
    ("content", "host"),
    [
        (b"[InternetShortcut]\r\nURL=https://drive.google.com/x\r\n", "drive.google.com"),
        ("﻿[InternetShortcut]\r\nURL=https://drive.google.com/x\r\n".encode("utf-16"), "drive.google.com"),
        (b"[{000214A0-0000-0000-C000-000000000046}]\n[InternetShortcut]\nURL=https://1drv.ms/x", "1drv.ms"),
        (b"[InternetShortcut.A]\nURL=https://x.id/a", "x.id"),
        (b"[InternetShortcut]\n", ""),
        (b'{"doc_id": "1", "email": "a"}', ""),
        (
            b'<html><meta http-equiv="refresh" content="0; url=https://drive.google.com/x">',
            "drive.google.com",
        ),
        (b"https://s.id/data-opd", "s.id"),
        (b"Yth. Bapak, berikut:\n\nhttps://s.id/data-opd\nTerima kasih\n", "s.id"),
        (b"https://[::1", ""),
    ],
)
def test_a_pointer_says_where_it_leads(content, host):
    assert find_target(content) == host


@pytest.mark.parametrize(
    "content",
    [
        b"Desa;Tautan\nA;https://x.id/a\n",
        b"Nama,Tahun,Laman\nA,2026,https://x.id/a\n",
        b"Desa\tLaman\nA\thttps://x.id\n",
        b"Tahun\n2026\n",
        b"",
        b"<table><tr><td>https://x.id/a</td></tr></table>" * 200,
        b'{"data": [1, 2]}',
        b"https://x.id/a\n" * 300,
    ],
)
def test_a_table_that_holds_links_is_a_table(content):
    assert find_target(content) is None

"""What came without data and without an answer, so that people must read it: bounces, replies, forged and refused mails. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.collection.tables.personal import mask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jagadata.collection.intake.receipts import Receipt

_OF_NO_CONCERN = (
    "surel otomatis",
    "surel dari milis",
    "tidak dibalas otomatis",
    "alamat kantor sendiri",
    "jawaban undangan",
    "sudah dijawab hari itu",
)
"""Remarks of mails that nobody need read: out of office, lists, our own, calendars, what was answered that day."""


def make_unread_rows(receipts: Iterable[Receipt]) -> list[dict[str, str]]:
    """As the rows of a table, oldest first."""
    return [
        {
            "Tanda terima": one.number,
            "Pengirim": one.sender or one.source,
            "Perihal": mask(one.subject or one.name),
            "Sebab": "; ".join(dict.fromkeys(text for text in (one.reason, *one.remarks) if text)),
        }
        for one in receipts
        if one.part == 1
        and one.state in ("tanpa berkas", "ditolak")
        and (not one.answer or not one.agency)
        and not any(word in remark for word in _OF_NO_CONCERN for remark in one.remarks)
    ]

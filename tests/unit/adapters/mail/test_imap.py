"""A mail that the IMAP server can't give is named, and holds up no other."""

from __future__ import annotations

import imaplib

import pytest

from jagadata.adapters.mail.imap import ImapMailbox
from jagadata.collection.intake.senders import Senders
from jagadata.errors import UnreachableError
from tests.lab.collection import make_policy

HEAD = b"From: data@dinkes.example.id\r\nMessage-ID: <m%d@x>\r\nSubject: Data\r\n\r\n"


class Server:
    """Five mails, as imaplib shows them; `refused` is how the second is answered."""

    def __init__(self, refused):
        self.refused, self.asked = refused, []

    def noop(self):
        return "OK", [b""]

    def shutdown(self):
        pass

    def uid(self, command, *words):
        if command != "FETCH":
            return "OK", [b"1 2 3 4 5"] if command == "SEARCH" else []
        uids, wanted = words
        found = []
        for uid in uids.split(","):
            text = HEAD % int(uid)
            if "RFC822.SIZE" in wanted:
                line = (
                    b'%s (UID %s RFC822.SIZE %d INTERNALDATE "05-Oct-2027 01:0%s:00 +0000" BODY[HEADER] {%d}'
                )
                found += [
                    (line % (uid.encode(), uid.encode(), len(text), uid.encode(), len(text)), text),
                    b")",
                ]
            elif uid == "2":
                return self.refused()
            else:
                found += [(f"{uid} (UID {uid} BODY[] {{{len(text)}}}".encode(), text), b")"]
        return "OK", found


def refuse():
    return "NO", [b"[SERVERBUG] Internal error occurred"]


def complain():
    raise imaplib.IMAP4.error("UID command error: BAD")


class Mailbox(ImapMailbox):
    def _connect(self):
        box = type("Box", (), {"client": self.server, "logout": lambda _self: None})
        return box()


@pytest.mark.parametrize("refused", [refuse, complain])
def test_a_mail_that_the_server_withholds_is_named_and_the_others_come(refused):
    box = Mailbox(
        host="127.0.0.1",
        port=1,
        security="none",
        user="u",
        password="p",
        senders=Senders.make(make_policy()),
        limit=10**6,
    )
    box.server = Server(refused)
    came = []
    with pytest.raises(UnreachableError, match=r"1 surel \(UID 2\); surel lain sudah diambil"):
        came += iter_into(came, box)
    assert len(came) == 4


def iter_into(came, box):
    for arrival in box.fetch(()):
        came.append(arrival)
    return []

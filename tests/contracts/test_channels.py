"""The contract of ports.Channel for channels that carry addresses: a letter is only taken by one that reaches its addressee."""

from __future__ import annotations

import email.policy
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller

from jagadata.connections import RealConnections
from jagadata.errors import JagadataError, RefusedError, UnreachableError
from jagadata.lab.memory_channel import MemoryChannel
from jagadata.lab.processes import free_port
from jagadata.ports.channel import Message

SITI, BUDI, WRONG = "siti@example.id", "budi@example.id", "salah@example.id"
PAPER = b"%PDF-1.7\n\x00\xff bukan teks"


class MemoryLab:
    """What reached whom."""

    def __init__(self):
        self.channel = MemoryChannel()

    def received(self):
        """Address, subject, text, and the papers, of each letter that reached it."""
        return [
            (address, one.subject, one.text, [content for _, content in one.attachments])
            for one in self.channel.sent
            for address in one.to
        ]

    def go_away(self):
        self.channel.fault = UnreachableError("tidak menjawab", "ulangi", transient=True)

    def close(self):
        pass


class MailLab:
    """The office's mail channel, and a server that knows nobody whose address begins with 'salah'."""

    def __init__(self):
        self.got = []
        self.server = Controller(self, hostname="127.0.0.1", port=free_port())
        self.server.start()
        mail = SimpleNamespace(
            host="127.0.0.1",
            port=self.server.port,
            security="none",
            sender="jagadata@example.id",
            user=None,
            password=None,
        )
        office = SimpleNamespace(mail=mail, channels=[], folder=None)
        (self.channel,) = RealConnections(office).channels()

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.startswith("salah"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text = letter.get_body(("plain", "html")).get_content().strip()
        papers = [part.get_content() for part in letter.iter_attachments()]
        self.got += [(address, letter["subject"], text, papers) for address in envelope.rcpt_tos]
        return "250 OK"

    def received(self):
        return self.got

    def go_away(self):
        self.server.stop()

    def close(self):
        if self.server.loop.is_running():
            self.server.stop()


@pytest.fixture(params=[MemoryLab, MailLab])
def lab(request):
    lab = request.param()
    yield lab
    lab.close()


def letter(*to, **changes):
    values = {"subject": "Restore selesai — é", "text": "Yth. Siti,\n\nSelesai."}
    return Message(to=to, **{**values, **changes})


def test_a_letter_reaches_each_addressee_and_nobody_else(lab):
    told = lab.channel.send(letter(SITI, BUDI))
    assert sorted({address for address, *_ in lab.received()}) == [BUDI, SITI]
    assert len(lab.received()) == 2
    for address in (SITI, BUDI):
        assert address in str(told)


def test_what_arrives_is_what_was_sent(lab):
    lab.channel.send(letter(SITI, attachments=(("formulir.pdf", PAPER),)))
    [(_, subject, text, papers)] = lab.received()
    assert subject == "Restore selesai — é"
    assert [line for line in text.splitlines() if line] == ["Yth. Siti,", "Selesai."]
    assert papers == [PAPER]


def test_a_letter_to_nobody_is_not_taken(lab):
    with pytest.raises(RefusedError):
        lab.channel.send(letter())
    assert lab.received() == []


def test_a_channel_that_is_away_takes_nothing_and_says_that_it_may_come_back(lab):
    lab.go_away()
    with pytest.raises(UnreachableError) as told:
        lab.channel.send(letter(SITI))
    assert told.value.transient
    assert lab.received() == []


def test_a_channel_has_a_name(lab):
    assert lab.channel.name.strip()


def test_a_letter_whose_addressee_is_unknown_is_not_taken():
    lab = MailLab()
    try:
        with pytest.raises(JagadataError):
            lab.channel.send(letter(WRONG))
        told = lab.channel.send(letter(SITI, WRONG))
        assert [address for address, *_ in lab.received()] == [SITI]
        assert WRONG in str(told)  # whoever reads the form sees who was not reached
    finally:
        lab.close()

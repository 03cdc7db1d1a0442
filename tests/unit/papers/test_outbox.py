"""Who gets a message over which channel, and what is sent again."""

from dataclasses import replace

import pytest

from jagadata.backup.papers.form import BackupForm
from jagadata.backup.papers.mails import render_backup_failure, render_review_request
from jagadata.errors import UnreachableError
from jagadata.findings import Concern
from jagadata.lab.memory_channel import MemoryChannel
from jagadata.papers.outbox import send, send_once
from jagadata.ports.channel import Message
from jagadata.upkeep.mails import render_watch
from tests.lab.small_office import Stores, make_place

LETTER = Message(
    to=("siti@opd.example.id", "budi@opd.example.id"),
    subject="Restore data selesai",
    text="Yth. Siti,",
    attachments=(("formulir.pdf", b"%PDF"),),
)
AWAY = UnreachableError("server surel tidak menjawab", transient=True)


class Office(Stores):
    def __init__(self, *channels):
        super().__init__()
        self.all = channels

    def channels(self):
        return self.all


@pytest.fixture
def mail():
    return MemoryChannel("surel")


@pytest.fixture
def room():
    return MemoryChannel("ruang", addressed=False)


@pytest.fixture
def place(monkeypatch, mail, room):
    with make_place(monkeypatch, Office(mail, room)) as opened:
        yield opened


def test_while_the_mail_server_is_away_a_letter_waits_and_the_office_s_room_stays_silent(place, mail, room):
    mail.fault = AWAY
    assert send_once(place.journal("r"), "closing", place, LETTER) == AWAY.message
    assert (mail.sent, room.sent) == ([], [])
    mail.fault = None
    told = send_once(place.journal("r"), "closing", place, LETTER)
    assert told == "e-mail ke siti@opd.example.id, budi@opd.example.id"
    assert (mail.sent, room.sent) == ([LETTER], [])
    send_once(place.journal("r"), "closing", place, LETTER)
    assert len(mail.sent) == 1


def test_a_letter_of_an_office_that_has_rooms_only_is_handed_over_by_people(monkeypatch, room):
    with make_place(monkeypatch, Office(room)) as place:
        done, how, _ = send(place, LETTER)
    assert (done, room.sent) == (True, [])
    assert how == (
        "belum ada saluran pesan di berkas kantor yang sampai ke penerima; disampaikan langsung oleh petugas"
    )


@pytest.mark.parametrize("to", [(), ("rina@example.id",)])
def test_a_notice_goes_to_the_office_s_room_where_no_mail_takes_it(place, mail, room, to):
    mail.fault = AWAY
    notice = replace(LETTER, to=to, notice="Layanan berhenti.")
    assert send(place, notice)[:2] == (True, "saluran ruang")
    assert room.sent == [notice]


def test_a_notice_that_mail_takes_is_not_repeated_in_the_room(place, mail, room):
    send(place, replace(LETTER, notice="Layanan berhenti."))
    assert (len(mail.sent), room.sent) == (1, [])


def test_who_was_put_off_is_sent_to_again_and_nobody_else(place, mail):
    mail.deferred = {"siti@opd.example.id"}
    assert send_once(place.journal("r"), "closing", place, LETTER) == "e-mail ke budi@opd.example.id"
    mail.deferred = set()
    told = send_once(place.journal("r"), "closing", place, LETTER)
    assert told == "e-mail ke budi@opd.example.id; e-mail ke siti@opd.example.id"
    assert [message.to for message in mail.sent] == [("budi@opd.example.id",), ("siti@opd.example.id",)]
    send_once(place.journal("r"), "closing", place, LETTER)
    assert len(mail.sent) == 2


def test_who_was_reached_is_remembered_over_attempts_that_reached_nobody(place, mail):
    mail.deferred = {"siti@opd.example.id"}
    for _ in range(3):
        send_once(place.journal("r"), "closing", place, LETTER)
    mail.deferred = set()
    send_once(place.journal("r"), "closing", place, LETTER)
    assert [message.to for message in mail.sent] == [("budi@opd.example.id",), ("siti@opd.example.id",)]


def test_what_is_wrong_is_a_notice_and_what_asks_a_person_is_a_letter():
    concern = Concern(key="k", text="Layanan 'web' tidak berjalan.", action="Aktifkan.")
    watch = render_watch([concern], [], to=["rina@example.id"], office="Diskominfo")
    assert "Masalah 1: Layanan 'web' tidak berjalan. Aktifkan." in watch.notice
    assert "Yth." not in watch.notice
    form = BackupForm(run="r", number="1", period="2026-11", office="Diskominfo")
    assert render_backup_failure(form, to=["rina@example.id"]).notice
    assert not render_review_request(form, to=["rina@example.id"], link="").notice

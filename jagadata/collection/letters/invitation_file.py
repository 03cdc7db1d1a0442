"""The invitation as an iCalendar file that calendar programs take. Source: RFC 5545; RFC 5546, 3.2.2 (METHOD:REQUEST)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from jagadata.collection.proposal import Proposal
    from jagadata.collection.round import Round
    from jagadata.office.collection import Agency


def make_calendar(
    proposal: Proposal,
    round: Round,
    agency: Agency,
    *,
    organizer: str,
    office: str,
    sequence: int,
    at: datetime,
    tz: ZoneInfo,
) -> bytes:
    """One event for one OPD. The UID stays the same for the round and OPD; `sequence` grows when the meeting is moved."""
    event = Event()
    event.add("uid", f"rapat-{round}-{agency.id}@{organizer.partition('@')[2]}")
    event.add("sequence", sequence)
    event.add("dtstamp", at)
    event.add("dtstart", proposal.begins_at(tz))
    event.add("dtend", proposal.ends_at(tz))
    event.add("summary", f"Rapat Koordinasi Pengumpulan Data {round.text}")
    event.add("location", proposal.place)
    event.add("description", "\n".join(f"{number}. {line}" for number, line in enumerate(proposal.agenda, 1)))
    event.add("status", "CONFIRMED")
    event.add("organizer", _person(organizer, office))
    for address in agency.email:
        attendee = _person(address, agency.name)
        attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
        attendee.params["RSVP"] = vText("TRUE")
        event.add("attendee", attendee)
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", "Rapat Koordinasi Pengumpulan Data")
    alarm.add("trigger", timedelta(days=-1))
    event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//Jagadata//SOP Pengumpulan Data//ID")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _person(address: str, name: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{address}")
    person.params["CN"] = vText(name)
    return person

"""A round of data collection as a test plays it: who says what, what arrives, whom it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from jagadata.collection.letters import dispatch
from jagadata.collection.run import RoundOrder, RoundRun
from jagadata.signoff.signers import Decision


class Clock:
    """The present moment as the test says it."""

    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        return self.now

    def pass_days(self, days):
        self.now += timedelta(days=days)


def opened(office, place):
    """A new round, claimed."""
    year = next(office.years)
    run = RoundRun(place, f"putaran-{year}", RoundOrder(round=f"{year} semester 2"))
    run.open()
    return run


def drop(office, agency, name, content):
    folder = office.folder / "kiriman" / agency
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def yes(signer, clock, **values):
    return Decision(answer="yes", signer=signer, at=clock().isoformat(), values=values)


def no(signer, clock, note="", **values):
    return Decision(answer="no", signer=signer, note=note, at=clock().isoformat(), values=values)


def form_of(proposal):
    value = proposal.to_json()
    return {
        "tanggal": value["day"],
        "mulai": value["begins"],
        "selesai": value["ends"],
        "tempat": value["place"],
        "acara": "\n".join(value["agenda"]),
        "batas_waktu": value["deadline"],
        "data": value["datasets"],
    }


def agree(run, clock):
    """Steps 1 and 2 up to the signature."""
    number = run.attempt
    run.decide(f"proposal-{number}", yes("wahyu", clock, **form_of(run.propose())))
    run.decide(f"confirmation-{number}", yes("endang", clock))
    run.prepare()
    run.decide(f"signature-{number}", yes("hadi", clock))


def invited(run, clock):
    agree(run, clock)
    assert dispatch.invite(run) == {}
    run.journal.note("2", "done", failed=[])
    return run


def mails_to(office, address, run):
    """The mails of this round."""
    found = [mail for mail in office.lab.mail.messages() if mail["to"] == address]
    names = (run.round.text, str(run.round).upper())
    return [mail for mail in found if any(name in mail["subject"] + body(mail) for name in names)]


def body(mail):
    return mail.get_body().get_content()

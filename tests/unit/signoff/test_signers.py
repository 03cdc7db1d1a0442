"""Who may sign: the one who asks is known again however the form spells the name, and a signature is that of its day."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from jagadata.errors import RefusedError
from jagadata.office.file import Office
from jagadata.office.people import Duty, Official
from jagadata.signoff.signers import Decision, Person, is_same_person, may_sign, sign
from tests.lab.small_office import OFFICE

KASI = Official(
    id="rina",
    name="Dr. Hj. Rina Kartika, S.Kom., M.T.",
    nip="198001012006042003",
    post="Kasi Layanan Infrastruktur dan TIK",
    email="Rina@example.id",
)


@pytest.mark.parametrize(
    "asks",
    [
        Person(name="Orang Lain", nip="19800101 200604 2 003"),
        Person(name="Orang Lain", nip="199001012010042003", email=" rina@EXAMPLE.id "),
        Person(name="rina  kartika", nip="Non-ASN"),
        Person(name="Ibu Rina Kartika S.Kom", nip="Non-ASN"),
        Person(name="Dr.Hj. RINA KARTIKA", nip="198001012006042004"),  # one figure is mistyped
        Person(name="Ｒｉｎａ Kartika"),
    ],
    ids=lambda person: person.name,
)
def test_the_one_who_asks_is_known_again_however_the_form_spells_it(asks):
    assert is_same_person(KASI, asks)


@pytest.mark.parametrize(
    "asks",
    [
        Person(name="Rina Kartini", nip="199001012010042003"),
        Person(name="Dewi Lestari, S.E.", email="dewi@example.id"),
        Person(name="H. Rin"),
        Person(name=""),
        Person(name="Dr."),
    ],
    ids=lambda person: person.name,
)
def test_others_are_others(asks):
    assert not is_same_person(KASI, asks)
    assert not is_same_person(KASI.model_copy(update={"email": None}), asks)


@pytest.fixture
def office():
    return Office.model_validate(OFFICE).model_copy(
        update={"officials": [KASI.model_copy(update={"duties": [Duty(role="kasi_infrastruktur")]})]}
    )


def test_the_only_holder_who_asks_leaves_nobody_to_sign(office):
    (holder,) = may_sign(office, "kasi_infrastruktur", date(2026, 11, 25))
    with pytest.raises(RefusedError, match="pemohon atau pelaksana sendiri"):
        may_sign(
            office,
            "kasi_infrastruktur",
            date(2026, 11, 25),
            never=[Person(name=holder.name.partition(",")[0])],
        )


def test_a_signature_shows_the_post_as_it_was_on_its_day_and_outlives_the_official(office):
    at = datetime(2026, 11, 25, tzinfo=UTC)
    duty = Duty(role="kasi_infrastruktur", until=date(2026, 11, 25), acting="Plh.")
    official = KASI.model_copy(update={"duties": [duty]})
    acting = office.model_copy(update={"officials": [official]})
    decision = Decision(answer="yes", signer="rina", at=at.isoformat())
    signed = sign(acting, decision, "kasi_infrastruktur", date(2026, 11, 25), at)
    assert (signed.acting, signed.name) == ("Plh.", KASI.name)
    gone = office.model_copy(update={"officials": [official.model_copy(update={"id": "lain"})]})
    assert sign(gone, decision, "kasi_infrastruktur", date(2026, 11, 25), at).name == (
        "rina (tidak ada lagi di berkas kantor)"
    )

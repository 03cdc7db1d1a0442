"""Names made of other names: ids, file names, letter numbers, slugs."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jagadata.errors import OfficeFileError
from jagadata.text.names import (
    FILE_NAME,
    LONGEST_FILE_NAME,
    make_backup_id,
    make_file_name,
    make_number,
    make_slug,
)

AT = datetime(2026, 12, 1, 1, 0, 5, tzinfo=ZoneInfo("Asia/Jakarta"))
PARTS = {
    "opd": "Badan Kepegawaian Daerah",
    "system": "simpeg",
    "object": "simpeg",
    "engine": "postgresql",
    "kind": "full",
    "period": "2026-11",
    "at": AT,
    "revision": 1,
    "extension": "dump.age",
}


def test_a_backup_id_sorts_by_time_and_is_safe_in_store_keys():
    early = make_backup_id(datetime(2026, 11, 1, 18, 0, 3, tzinfo=UTC), "k3v9q2xa")
    late = make_backup_id(datetime(2026, 11, 1, 18, 0, 4, tzinfo=UTC), "00000000")
    assert early == "20261101t180003z-k3v9q2xa"
    assert early < late
    assert make_backup_id(AT, "K3V9-Q2XA") == "20261130t180005z-k3v9q2xa"


def test_a_backup_id_needs_enough_chance_and_an_aware_time():
    with pytest.raises(ValueError, match="8"):
        make_backup_id(AT, "../../x")
    with pytest.raises(ValueError, match="naive"):
        make_backup_id(datetime(2026, 1, 1), "k3v9q2xa")  # noqa: DTZ001 - the very thing under test


def test_the_official_file_name_follows_the_default_policy():
    assert make_file_name(FILE_NAME, **PARTS) == (
        "badan-kepegawaian-daerah_simpeg_simpeg-postgresql_full_p202611_20261201-010005-wib_r01.dump.age"
    )


@pytest.mark.parametrize(("zone", "suffix"), [("Asia/Makassar", "wita"), ("Asia/Jayapura", "wit")])
def test_the_official_file_name_says_the_zone_of_the_office(zone, suffix):
    made = make_file_name(FILE_NAME, **{**PARTS, "at": AT.astimezone(ZoneInfo(zone))})
    assert f"-{suffix}_r01" in made


def test_an_office_may_write_its_own_policy():
    assert make_file_name("{period}-{system}.{ext}", **PARTS) == "202611-simpeg.dump.age"


@pytest.mark.parametrize("template", ["{nama}", "{opd", "{opd.x}", "{0}", "{}", "{opd!r:{x}}"])
def test_a_policy_with_an_unknown_part_is_refused_with_the_known_ones(template):
    with pytest.raises(OfficeFileError) as caught:
        make_file_name(template, **PARTS)
    assert "{period}" in caught.value.hint


@given(st.text(), st.text(), st.text(), st.text(), st.text(max_size=30))
@example("../../etc/passwd", "..", "a\nb", "C:\\x", "/../sh")
@example("x" * 500, "y" * 500, "é" * 500, "", "")
def test_a_file_name_is_safe_whatever_its_parts_hold(opd, system, name, period, extension):
    made = make_file_name(
        FILE_NAME,
        **{**PARTS, "opd": opd, "system": system, "object": name, "period": period, "extension": extension},
    )
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*", made)
    assert ".." not in made
    assert len(made) <= LONGEST_FILE_NAME


@given(st.text())
def test_a_file_name_is_safe_whatever_the_policy_says(template):
    try:
        made = make_file_name(template, **PARTS)
    except OfficeFileError:
        return
    assert re.fullmatch(r"[a-z0-9_][a-z0-9._-]*", made)
    assert ".." not in made


def test_two_long_names_that_differ_at_the_end_stay_apart():
    long = "{opd}" * 8 + "{revision}.{ext}"
    assert make_file_name(long, **{**PARTS, "opd": "o" * 40}) != make_file_name(
        long, **{**PARTS, "opd": "o" * 40, "revision": 2}
    )


def test_letter_numbers_follow_the_office_template():
    parts = {"classification": "046", "sequence": "12", "unit": "406.020", "year": 2026}
    assert make_number("{classification}/{sequence}/{unit}/{year}", **parts) == "046/12/406.020/2026"


@pytest.mark.parametrize(
    ("text", "slug"),
    [("Dinas Kesehatan, P2KB", "dinas-kesehatan-p2kb"), ("É--è", "e-e"), ("…", "x"), ("", "x")],
)
def test_slugs_are_lowercase_ascii(text, slug):
    assert make_slug(text) == slug

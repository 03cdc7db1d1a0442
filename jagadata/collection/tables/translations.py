"""Headings in two languages, as BPS prints them: 'Kecamatan / Subdistrict', 'Laki-laki' over 'Male'. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from jagadata.collection.tables.words import words_of

_LONE_TEXT = """
total area unit data status sex item ton
"""
_LONE = frozenset(_LONE_TEXT.split())
_BOTH_TEXT = """
internet bank hotel radio film video diesel solar index no hp air sub bus truck gas kilometer meter liter km islam hindu
muslim per minimum maximum medium regional import export toilet bed center plastik normal formal minor target
semester
"""
_BOTH = _LONE | frozenset(_BOTH_TEXT.split())
"""Words that are Indonesian too; of them `_LONE` translate a heading by themselves, where a sign stands between."""

_ENGLISH_TEXT = """
the of and in by per from to for with number numbers amount quantity value price percentage percent share rate ratio
average mean sum growth density population people person persons household households family families resident residents
citizen citizens citizenship male female males females men woman women boy boys girl girls child children infant
infants baby babies toddler toddlers adult adults age ages group groups class classes year years month months day days
date week period semester quarter country nation national province provinces regency regencies municipality
municipalities city cities district districts subdistrict subdistricts sub village villages urban rural region regions
island islands location position address name names type types kind kinds category categories description remarks remark
note notes source information code land wet dry field fields paddy rice maize corn soybean soybeans soy bean beans
peanut peanuts cassava sweet potato potatoes vegetable vegetables fruit fruits crop crops plant plants plantation estate
forest harvested harvest planted cultivated production productivity yield livestock cattle cow cows buffalo goat goats
sheep horse horses pig pigs poultry chicken duck ducks egg eggs milk meat fish fishery fisheries fishing boat boats
vessel vessels pond ponds school schools kindergarten elementary primary junior senior high secondary vocational
university college teacher teachers student students pupil pupils graduate graduates education educational literacy
illiterate enrollment participation health hospital hospitals clinic clinics center centers centre centres doctor
doctors nurse nurses midwife midwives pharmacy dentist dentists patient patients disease diseases case cases birth
births death deaths mortality life expectancy immunization contraception acceptors couples fertile maternal pregnant
mother mothers employment employed unemployed unemployment labor labour force worker workers working employee employees
job seekers wage wages industry industries industrial small medium large micro company companies establishment
establishments enterprise enterprises market markets shop shops store trade export import exports imports restaurant
restaurants tourist tourists tourism guest guests room rooms bed beds visitor visitors domestic foreign cooperative
cooperatives member members capital investment road roads length width height surface condition good fair damaged
severely asphalt gravel soil bridge bridges vehicle vehicles car cars bus buses truck trucks motorcycle motorcycles
passenger passengers goods distance water clean electricity energy power customer customers consumption sold distributed
installed house houses housing building buildings home homes drinking sanitation toilet facility facilities poverty poor
line income expenditure revenue revenues budget realization target tax taxes retribution fund funds gross regional
product constant current prices human development gini crime crimes criminal reported cleared accident accidents victim
victims injured minor serious disaster disasters flood floods landslide landslides earthquake fire religion moslem
muslim islam protestant catholic christian hindu buddhist others other worship mosque mosques church churches temple
marriage marriages divorce divorces civil servant servants government public private state rainfall rain rainy
temperature humidity wind speed pressure maximum minimum highest lowest air sunshine square sq cubic meter meters metre
metres kilometer kilometers km hectare hectares tons tonnes quintal quintals liter liters thousand thousands million
millions billion billions rupiahs status married single widowed divorced head heads both sexes all
"""
_ENGLISH = _BOTH | frozenset(_ENGLISH_TEXT.split())

_APART = re.compile(r"\s*(?:/|\n|\||·|;| [-–] )\s*")
_IN_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]")
_TWO_UNITS = re.compile(r"[(\[]([^()\[\]/]*)/([^()\[\]/]*)[)\]]")


@lru_cache(maxsize=20_000)
def is_english(text: str) -> bool:
    """Nothing but English words, one of them no Indonesian one; numbers and single letters apart."""
    words = [word for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 1]
    return all(word in _ENGLISH for word in words) and any(
        word not in _BOTH or word in _LONE for word in words
    )


_QUALIFIERS = {
    "male": "laki-laki", "males": "laki-laki", "men": "laki-laki", "man": "laki-laki", "boys": "laki-laki", "female": "perempuan",
    "females": "perempuan", "women": "perempuan", "woman": "perempuan", "girls": "perempuan", "public": "negeri", "private": "swasta",
    "urban": "kota", "rural": "desa",
}  # fmt: skip
"""Words that make a heading another one where the Indonesian half does not say them."""


@lru_cache(maxsize=20_000)
def without_english(text: str) -> str:
    r"""The Indonesian half of a heading: of 'Kecamatan / Subdistrict', 'Laki-laki\nMale', 'Luas Panen (Harvested Area) (ha)'.

    Without a sign between the two, only what can be nothing but English is left out.
    """
    bare = _IN_BRACKETS.sub("", text)
    plain = _IN_BRACKETS.sub(
        lambda match: "" if _translates(match[1], bare) and not _is_unit(match[1]) else match[0], text
    ).strip()
    parts = [part for part in _APART.split(plain) if part]
    kept = [
        part
        for number, part in enumerate(parts)
        if not (number and _translates(_IN_BRACKETS.sub("", part), parts[0]))
    ]
    if len(kept) < len(parts):
        return " ".join(kept)
    words = _IN_BRACKETS.sub("", plain).split()
    for cut in range(1, len(words)):
        rest = " ".join(words[cut:])
        if _translates(rest, " ".join(words[:cut])) and not _BOTH & set(words_of(rest)):
            return " ".join([*words[:cut], *(f"({inner})" for inner in _IN_BRACKETS.findall(plain))])
    return plain or text


def _translates(english: str, other: str) -> bool:
    """Whether it may be the English of `other`."""
    if not is_english(english):
        return False
    said = " ".join(words_of(other))
    return all(
        _QUALIFIERS[word] in said for word in re.findall(r"[a-z]+", english.lower()) if word in _QUALIFIERS
    )


def _is_unit(text: str) -> bool:
    return text.strip().lower() in ("ton", "tons", "unit", "units", "km", "percent")


def with_indonesian_units(text: str) -> str:
    """'Luas (km²/sq.km)' as 'Luas (km²)'; 'orang/km²' is one unit."""
    return _TWO_UNITS.sub(lambda match: f"({match[1]})" if is_english(match[2]) else match[0], text)

"""Places that a text names: streets, postcodes, schools, refuges and other premises."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from typing import Final

from router.steps.sanitising.reading import Reading
from router.steps.sanitising.span import (
    HOME,
    POSTCODE,
    PREMISES,
    SCHOOL,
    STREET,
    Kind,
    Span,
)
from router.steps.sanitising.words import (
    FIELD,
    STREETS,
    TOKEN,
    bare,
    is_ordinary,
    listed,
    one_of,
)

_CAPITALISED: Final = r"[^\W\d_a-z][\w'-]{0,40}"
"""A word that begins with a capital. Bounded, as all that is repeated here is: a long run of
letters would be read again from each of its letters, and hold up every message behind it.
"""
_NUMBER_WORD: Final = rf"(?:{one_of(listed('digits') | listed('teens') | listed('tens'))})"
_IN_WORDS: Final = rf"{_NUMBER_WORD}(?:[\s-](?:hundred|and|{_NUMBER_WORD})){{0,5}}"
_FLAT: Final = r"(?:flat|apartment|apt|unit|room)\s+\w{1,5}|f\d{1,4}"
_NUMBER: Final = (
    rf"(?<!\w)(?:(?:{_FLAT}),?\s+)?(?:(?:no|number)\.?\s{{0,2}})?"
    rf"(?:\d{{1,5}}[a-z]?(?:-\d{{1,5}}[a-z]?)?|{_IN_WORDS}),?\s+"
)
_BEFORE: Final = re.compile(rf"{_NUMBER}$")
_LONGEST_BEFORE: Final = 80


def number_before(low: str, start: int) -> int:
    """Where an address begins whose street begins here: at its number or flat."""
    found = _BEFORE.search(low, max(0, start - _LONGEST_BEFORE), start)
    return found.start() if found else start


_STREETS: Final = one_of(STREETS)
_ALWAYS_STREETS: Final = listed("always_streets")
_ALWAYS: Final = one_of(_ALWAYS_STREETS)
_EVERYWHERE: Final = r"(?!(?i:high|main)\s)"
_NO_STREET: Final = (
    r"the|a|an|in|on|at|of|to|up|off|down|same|main|this|that|his|her|their|"
    r"from|with|and|or|across|along"
)
_NAMED_STREET: Final = re.compile(
    rf"(?<![\w'-]){_EVERYWHERE}(?:{_CAPITALISED}\s+){{1,3}}(?i:{_ALWAYS})\b"
)
_NUMBERED: Final = (
    re.compile(rf"(?i:{_NUMBER})(?:{_CAPITALISED}\s+){{1,4}}(?i:{_STREETS})\b\.?"),
    re.compile(
        rf"{_NUMBER}(?:(?!(?:{_NO_STREET})\b)[^\W\d_][\w'-]{{0,40}}\s+){{1,2}}(?:{_ALWAYS})\b",
        re.IGNORECASE,
    ),
)
_FLATS: Final = re.compile(r"(?<!\w)(?:flat|apartment|apt)\s+\d{1,4}[a-z]?(?!\w)", re.IGNORECASE)
_FLAT_WORDS: Final = frozenset({"flat", "apartment", "apt"})
_POINTS: Final = re.compile(
    r"///\w{2,30}\.\w{2,30}\.\w{2,30}|-?\d{1,2}\.\d{3,8},\s?-?\d{1,3}\.\d{3,8}"
)
_WHERE: Final = Kind(HOME.replacement, "Where somebody can be found.")


def streets(reading: Reading, distinct: Set[str]) -> Iterator[Span]:
    """Addresses, and streets that are named."""
    patterns = (
        *((_NAMED_STREET,) if not distinct.isdisjoint(_ALWAYS_STREETS) else ()),
        *(_NUMBERED if not STREETS.keys().isdisjoint(distinct) else ()),
        *((_FLATS,) if not distinct.isdisjoint(_FLAT_WORDS) else ()),
    )
    for pattern in patterns:
        for match in pattern.finditer(reading.text):
            yield Span(*reading.span(*match.span()), *STREET)
    if "///" in reading.text or "," in reading.text:
        for match in _POINTS.finditer(reading.low):
            yield Span(*reading.span(*match.span()), *_WHERE)


_OUTWARD: Final = r"(?<![a-z0-9])(?P<out>gir|[a-z]{1,2}\d[a-z\d]?)"
_INWARD: Final = r"(?P<in>\d ?[a-z]{2})(?![a-z0-9])"
_BETWEEN: Final = (
    r"(?:[\s.,;:_/()-]{0,6}"
    r"(?:(?:and then|then|ending|ends|second half|first half|followed by|plus|dash|space)"
    r"[\s.,;:_/()-]{0,4}){0,2})"
)
_POSTCODE: Final = re.compile(_OUTWARD + _BETWEEN + _INWARD)
_NO_INWARD: Final = frozenset("cikmov")
"""Letters that no postcode has in its second half (Royal Mail): units such as mg and km have."""
_ORDINALS: Final = frozenset({"st", "nd", "rd", "th"})


def postcodes(reading: Reading, known: Sequence[str]) -> Iterator[Span]:
    """Postcodes, whole or split; what could be a dose or an ordinal only in capitals or known."""
    wanted = {place.replace(" ", "").lower() for place in known if len(place) < 10}
    for match in _POSTCODE.finditer(reading.low):
        letters = match["in"][-2:]
        close = match.end("out") == match.start("in")
        written = reading.text[match.start("in") : match.end("in")]
        if (
            written.isupper()
            or f"{match['out']}{match['in']}".replace(" ", "") in wanted
            or (
                " " not in match["in"]
                and letters not in _ORDINALS
                and not _NO_INWARD.intersection(letters)
                and (close or len(match["out"]) > 1)
            )
        ):
            yield Span(*reading.span(*match.span()), *POSTCODE)


_JOINT: Final = r"(?:\s(?:and|of|the|&)(?:\sthe)?)?\s"
_TITLE: Final = rf"(?P<name>{_CAPITALISED}(?:{_JOINT}{_CAPITALISED}){{0,4}}?)\s"
_OF_CHURCH: Final = r"c of e|cofe|c\.? ?e|rc|catholic|church of england"
_LEVELS: Final = (
    r"primary|secondary|infants?|juniors?|high|grammar|community|nursery|comprehensive|prep|"
    r"preparatory|middle|first|special|free|voluntary|aided"
)
_SCHOOL: Final = re.compile(
    rf"(?<![\w'-]){_TITLE}(?i:(?:(?:{_OF_CHURCH}|{_LEVELS})\s){{0,4}}"
    rf"(?:school|sch\b\.?|academy|college|sixth form|nursery|pre-?school))\b"
    rf"|(?<![\w'-])(?P<short>{_CAPITALISED}(?:\s{_CAPITALISED}){{0,2}}?)\s"
    rf"(?:(?:C of E|CE|RC|Catholic)\s)?(?:Primary|Infants?|Juniors?|Secondary|Grammar)\b"
)
_PLACES: Final = (
    r"(?:women'?s |womens )?refuge|(?:children'?s |residential |care |nursing ){1,2}home|"
    r"guest ?house|hostel|bed (?:and|&) breakfast|b ?& ?b|mother (?:and|&) baby unit|"
    r"public house|pub|safe ?house|caravan park|holiday park"
)
_PREMISES: Final = re.compile(
    rf"(?<![\w'-]){_TITLE}(?:(?i:{_PLACES})|Hotel|Inn|Arms|Tavern)(?![\w'-])"
)
_UNUSUAL: Final = re.compile(rf"(?<![\w'-])(?P<name>[a-z][\w'-]{{3,40}}) (?:{_PLACES})(?![\w'-])")
_SCHOOLS: Final = listed("schools")
_SCHOOL_WORDS: Final = listed("school_words")
_PREMISES_WORDS: Final = listed("premises_words")
_COMMON: Final = listed("common")


def institutions(reading: Reading, distinct: Set[str], *, own: frozenset[str]) -> Iterator[Span]:
    """Schools, refuges, homes, hostels, pubs and the like that go by a name of their own."""
    if not distinct.isdisjoint(_SCHOOL_WORDS):
        for match in _SCHOOL.finditer(reading.text):
            name = "name" if match["name"] else "short"
            start = _named_from(reading.low, *match.span(name), own=own)
            if start is not None:
                yield Span(*reading.span(start, match.end()), *SCHOOL)
    if distinct.isdisjoint(_PREMISES_WORDS):
        return
    for match in _PREMISES.finditer(reading.text):
        start = _named_from(reading.low, *match.span("name"), own=own)
        if start is not None:
            yield Span(*reading.span(start, match.end()), *PREMISES)
    for match in _UNUSUAL.finditer(reading.low):
        if not is_ordinary(bare(match["name"])) and bare(match["name"]) not in own:
            yield Span(*reading.span(*match.span()), *PREMISES)


def _named_from(low: str, start: int, end: int, *, own: frozenset[str]) -> int | None:
    """Where the name begins among these words; None where none of them names anything."""
    for token in TOKEN.finditer(low, start, end):
        word = bare(token.group())
        if word in _COMMON or word in _SCHOOLS or word in FIELD or word in own:
            continue
        return token.start()
    return None

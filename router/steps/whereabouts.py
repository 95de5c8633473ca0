"""Where a home, a school, a telephone number or a name is told, however it is written (L7).

A home is looked for by what names it: its street with a number, its building, its postcode, its
UPRN. A slip of a letter is the same place still; another number, flat, kind of street or postcode
is another home.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from enum import IntEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from rapidfuzz.distance import OSA

from router.linkage.places import telephone
from router.linkage.text import fold
from schemas.person import Address, Name, School


class Exactness(IntEnum):
    """How exactly a text tells where a home is."""

    NOWHERE = 0
    STREET = 1
    POSTCODE = 2
    HOME = 3


_WORDS: Final[dict[str, Any]] = tomllib.loads(
    files("router.steps").joinpath("whereabouts.toml").read_text(encoding="utf-8")
)
_KINDS: Final[dict[str, str]] = {
    form: told.split()[0] for told in _WORDS["kinds"] for form in told.split()
}
_COMMON: Final = frozenset(_WORDS["common"].split())
_UNITS: Final = frozenset(_WORDS["units"].split())
_FLOORS: Final = frozenset(_WORDS["floors"].split())
_NUMBER_OF: Final = frozenset(_WORDS["number_of"].split())
_AT: Final = frozenset(_WORDS["at"].split())
_ONES: Final[list[str]] = _WORDS["numbers"]["ones"].split()
_TENS: Final[list[str]] = _WORDS["numbers"]["tens"].split()
_OF_A_FLAT: Final = re.compile(r"\b(\d{1,4}[a-z]?)\s*/\s*(\d{1,4}[a-z]?)\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"^(\d{1,5})([a-z]?)$")
_RUN_ON: Final = re.compile(r"^(\d{1,5})([a-z]{4,})$")
_POSTCODE: Final = re.compile(r"^[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}$")
_DIGITS: Final = str.maketrans("oil", "011")
_LETTERS: Final = str.maketrans("01", "oi")
_NEAR: Final = 8
"""Words between a street and its postcode."""


def words_of(text: str) -> list[str]:
    """The folded words of a text, without signs that nobody sees, numbers in words as digits.

    A flat before or behind a stroke, as in 3/9, is told as one.
    """
    if not text.isascii():
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    apart: list[str] = []
    for word in fold(_OF_A_FLAT.sub(r"flat \1 \2", text)).split():
        run_on = _RUN_ON.match(word)
        apart += run_on.groups() if run_on else ("st" if word == "saint" else word,)
    return list(_in_digits(apart))


def _in_digits(words: Sequence[str]) -> Iterator[str]:
    waiting = 0
    for word in words:
        if waiting:
            ones = _ONES.index(word) if word in _ONES[1:10] else 0
            yield str(waiting + ones)
            waiting = 0
            if ones:
                continue
        if word in _TENS:
            waiting = 20 + 10 * _TENS.index(word)
        else:
            yield str(_ONES.index(word)) if word in _ONES else word
    if waiting:
        yield str(waiting)


class _Numbers(NamedTuple):
    """What numbers a place: ``letters`` are of the house (12a), ``flats`` are told as flats."""

    houses: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()
    flats: frozenset[str] = frozenset()

    @property
    def units(self) -> frozenset[str]:
        """The parts of a house, however told."""
        return self.letters | self.flats

    def with_(self, other: _Numbers) -> _Numbers:
        """Both."""
        return _Numbers(*(one | more for one, more in zip(self, other, strict=True)))


def _number(word: str) -> _Numbers | None:
    told = _NUMBER.match(word)
    if told is None:
        return None
    return _Numbers(frozenset((told[1],)), frozenset(told[2]))


def _flat(word: str) -> _Numbers:
    return _Numbers(flats=frozenset((word,)))


class _Named(NamedTuple):
    """A street or building by name; ``kind`` as in :data:`_KINDS`, '' where none is told."""

    words: tuple[str, ...]
    kind: str
    numbers: _Numbers
    building: bool


class _Home(NamedTuple):
    """An address as it is looked for."""

    names: tuple[_Named, ...]
    numbers: _Numbers
    postcode: str
    towns: tuple[str, ...]
    uprn: str


@lru_cache(maxsize=1024)
def _home(address: Address) -> _Home:
    names: list[_Named] = []
    numbers, towns = _Numbers(), [address.city or ""]
    lines = (part for line in (address.line1, address.line2) if line for part in line.split(","))
    for part in lines:
        words, told = _apart(words_of(part))
        name = _named(words, told, first=not names)
        numbers = numbers.with_(told)
        if name is not None:
            names.append(name)
        elif words:
            towns.append(" ".join(words))
    code = _postcode("".join(words_of(address.postcode or "")))
    places = tuple(filter(None, (" ".join(words_of(town)) for town in towns)))
    return _Home(tuple(names), numbers, code, places, address.uprn or "")


def _apart(words: Sequence[str]) -> tuple[list[str], _Numbers]:
    """The words of a part of an address, and the numbers in it."""
    rest: list[str] = []
    numbers, at = _Numbers(), 0
    while at < len(words):
        word, behind = words[at], words[at + 1] if at + 1 < len(words) else ""
        if word in _UNITS and (_number(behind) or len(behind) == 1):
            numbers, at = numbers.with_(_flat(behind)), at + 2
            continue
        if word in _FLOORS and behind in _UNITS:
            numbers, at = numbers.with_(_flat(word)), at + 2
            continue
        told = _number(word)
        if told is not None:
            numbers = numbers.with_(told)
        elif word not in _UNITS and word not in _NUMBER_OF - {"house"}:
            rest.append(word)
        at += 1
    return rest, numbers


def _named(words: Sequence[str], numbers: _Numbers, *, first: bool) -> _Named | None:
    kind = _kind(words[-1]) if len(words) > 1 else ""
    name = tuple(word for word in (words[:-1] if kind else words) if word not in ("the", "c", "o"))
    if not name or not (kind or numbers.houses or first):
        return None
    return _Named(name, kind, numbers, building=not numbers.houses and (first or kind == "court"))


def _kind(word: str) -> str:
    """What kind of street or building a word says; one slip is allowed in a long one."""
    if word in _KINDS:
        return _KINDS[word]
    if len(word) < 4:
        return ""
    slips = (long for long in _KINDS.values() if len(long) > 3 and _slips(word, long) <= 1)
    return next(slips, "")


def _slips(one: str, other: str) -> int:
    return OSA.distance(one, other, score_cutoff=2)


def _postcode(joined: str) -> str:
    """A full postcode with O for 0 and I for 1 put right, or ''."""
    if not 5 <= len(joined) <= 7:
        return ""
    first, middle, end = joined[:-3], joined[-3], joined[-2:]
    end = middle.translate(_DIGITS) + end.translate(_LETTERS)
    for code in (first + end, first[0] + first[1:].translate(_DIGITS) + end):
        if _POSTCODE.match(code):
            return code
    return ""


def _postcodes(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Where each full postcode begins, and which it is."""
    for at, word in enumerate(words):
        behind = words[at + 1] if at + 1 < len(words) else ""
        code = _postcode(word) or (_postcode(word + behind) if len(behind) == 3 else "")
        if code:
            yield at, code


def told_in(words: Sequence[str], address: Address) -> Exactness:
    """How exactly words (:func:`words_of`) tell of this address."""
    home = _home(address)
    if home.uprn and home.uprn in words:
        return Exactness.HOME
    found = [_told_by(words, name, home=home) for name in home.names]
    found.append(_told_by_postcode(words, home))
    return max(found)


def is_at(place: Address, among: Sequence[Address]) -> bool:
    """Whether an address is the same home as one of the others."""
    if not among:
        return False
    home, words = _home(place), words_of(_as_text(place))
    return any(
        told_in(words, other) is Exactness.HOME and not _elsewhere(home, _home(other))
        for other in among
    )


def _as_text(place: Address) -> str:
    lines = (place.line1, place.line2, place.city, place.postcode, place.uprn)
    return ", ".join(line for line in lines if line)


def _elsewhere(one: _Home, other: _Home) -> bool:
    """Whether two addresses name towns, and not the same, where no postcode says which."""
    if (one.postcode and other.postcode) or not one.towns or not other.towns:
        return False
    return all(_slips(town, named) > 1 for town in one.towns for named in other.towns)


def _told_by(words: Sequence[str], name: _Named, *, home: _Home) -> Exactness:
    found = Exactness.NOWHERE
    for start, end, exact, kind in _occurrences(words, name):
        if _other_postcode(words[end : end + _NEAR], home):
            continue
        numbers, loose = _in_front(words, start)
        if name.building:
            found = max(found, _building(words, start, name=name, numbers=numbers, home=home))
        elif numbers != _Numbers():
            same = _same_house(numbers, name, home=home) and (kind or name.numbers.houses)
            found = max(found, Exactness.HOME if same else found)
        elif kind and name.numbers.houses & (loose | _behind(words, end)):
            return Exactness.HOME
        elif exact and kind and (_is_rare(name) or _names_town(words, home)):
            found = max(found, Exactness.STREET)
    return found


def _occurrences(words: Sequence[str], name: _Named) -> Iterator[tuple[int, int, bool, bool]]:
    """Where a name stands: from, to, whether to the letter, and whether with its own kind."""
    whole = "".join(name.words)
    slips = 0 if name.words[0] == "st" else (len(whole) >= 6) + (len(whole) >= 11)
    forms = [form for form, kind in _KINDS.items() if kind == name.kind]
    for start, word in enumerate(words):
        if word[0].isdigit() or word in _AT:
            continue
        for end in range(start + 1, min(start + len(name.words) + 1, len(words)) + 1):
            joined = "".join(words[start:end])
            run_on = joined.startswith(whole) and joined[len(whole) :] in forms
            exact = run_on or joined == whole
            far = 0 if exact else OSA.distance(joined, whole, score_cutoff=slips)
            if far > slips:
                continue
            kind = "" if run_on or end == len(words) else _kind(words[end])
            if kind and kind != name.kind and (name.kind or name.building):
                break
            own = bool(name.kind) and (run_on or kind == name.kind)
            yield start, end + bool(kind), exact, own
            break


def _in_front(words: Sequence[str], start: int) -> tuple[_Numbers, frozenset[str]]:
    """The numbers right before a name, and those further on that are said to be of a house."""
    numbers, at = _Numbers(), start
    while at:
        word, before = words[at - 1], words[at - 2] if at > 1 else ""
        told = _number(word)
        if before in _UNITS and (told or len(word) == 1):
            numbers, at = numbers.with_(_flat(word)), at - 2
        elif word in _UNITS and before in _FLOORS:
            numbers, at = numbers.with_(_flat(before)), at - 2
        elif told is not None:
            numbers, at = numbers.with_(told), at - 1
        elif word in _NUMBER_OF or (word in _UNITS and numbers == _Numbers()):
            at -= 1
        else:
            break
    while at and words[at - 1] in _AT:
        at -= 1
    told = _number(words[at - 1]) if at > 1 and words[at - 2] in _NUMBER_OF else None
    return numbers, told.houses if told else frozenset()


def _behind(words: Sequence[str], end: int) -> frozenset[str]:
    """The number behind a street, as in 'Larkfield Road 12'."""
    rest = [word for word in words[end : end + 3] if word not in _NUMBER_OF]
    told = _number(rest[0]) if rest else None
    return told.houses if told else frozenset()


def _same_house(numbers: _Numbers, name: _Named, *, home: _Home) -> bool:
    if numbers.houses.isdisjoint(name.numbers.houses):
        return False
    return not _other_unit(numbers, home)


def _other_unit(numbers: _Numbers, home: _Home) -> bool:
    """Whether another flat of the house is told, or a house with a letter beside one without."""
    if home.numbers.units:
        return bool(numbers.units) and numbers.units.isdisjoint(home.numbers.units)
    return bool(numbers.letters)


def _building(
    words: Sequence[str], start: int, *, name: _Named, numbers: _Numbers, home: _Home
) -> Exactness:
    told, units = numbers.houses | numbers.units, home.numbers.units
    if told and units and told.isdisjoint(units):
        return Exactness.NOWHERE
    alone = len(name.words) == 1 and not name.kind
    if alone and not (start and words[start - 1] == "the"):
        return Exactness.NOWHERE
    return Exactness.HOME


def _is_rare(name: _Named) -> bool:
    return not _COMMON.issuperset(name.words)


def _names_town(words: Sequence[str], home: _Home) -> bool:
    text = f" {' '.join(words)} "
    return any(f" {town} " in text for town in home.towns)


def _other_postcode(behind: Sequence[str], home: _Home) -> bool:
    code = next((code for _, code in _postcodes(behind)), "")
    return bool(code and home.postcode) and _slips(code, home.postcode) > 1


def _told_by_postcode(words: Sequence[str], home: _Home) -> Exactness:
    """The postcode, unless it is told of another house."""
    if not home.postcode:
        return Exactness.NOWHERE
    for at, code in _postcodes(words):
        if code == home.postcode and not _another_house(words[max(0, at - _NEAR) : at], home):
            return Exactness.POSTCODE
    return Exactness.NOWHERE


def _another_house(before: Sequence[str], home: _Home) -> bool:
    for at in range(len(before) - 1, 0, -1):
        if before[at] in _KINDS:
            told = [number for word in before[max(0, at - 4) : at] if (number := _number(word))]
            houses = frozenset[str]().union(*(number.houses for number in told))
            return bool(houses) and houses.isdisjoint(home.numbers.houses | home.numbers.units)
    return False


# --- schools

_YOUNGER, _OLDER, _ANY, _ALSO, _ATTENDS = (
    frozenset(_WORDS["schools"][name].split())
    for name in ("younger", "older", "any", "also", "attends")
)
_SCHOOLS: Final = _YOUNGER | _OLDER | _ANY
_OF_SCHOOLS: Final = _SCHOOLS | _ALSO


def _called(name: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """The words that tell a school, or an employer, from others; and of which phase it is."""
    words = words_of(name)
    own = tuple(word for word in words if word not in _OF_SCHOOLS)
    return own, frozenset(words) & _SCHOOLS


def is_school(told: str, name: str) -> bool:
    """Whether two names are of one school or other organisation."""
    one, other = _called(told), _called(name)
    same = bool(one[0]) and _alike("".join(one[0]), "".join(other[0]))
    return same and not _other_phase(one[1], other[1])


def school_in(words: Sequence[str], school: School) -> bool:
    """Whether words (:func:`words_of`) tell of this school, as a school."""
    if school.urn and school.urn in words:
        return True
    own, phase = _called(school.name)
    for start, end in _runs(words, own):
        behind, before = words[end : end + 4], words[max(0, start - 4) : start]
        kinds = frozenset(behind) & _SCHOOLS
        if (kinds or not _ATTENDS.isdisjoint(before)) and not _other_phase(kinds, phase):
            return True
    return False


def _other_phase(one: frozenset[str], other: frozenset[str]) -> bool:
    return any(
        one & mine and other & theirs and not one & theirs and not other & mine
        for mine, theirs in ((_YOUNGER, _OLDER), (_OLDER, _YOUNGER))
    )


def _alike(one: str, other: str) -> bool:
    slips = len(other) >= 6
    return one == other or (slips and OSA.distance(one, other, score_cutoff=1) <= 1)


def _runs(words: Sequence[str], wanted: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where words stand one behind the other, written together or apart."""
    whole = "".join(wanted)
    for start in range(len(words) if whole else 0):
        for end in range(start + 1, min(start + len(wanted) + 1, len(words)) + 1):
            if _alike("".join(words[start:end]), whole):
                yield start, end
                break


# --- people, and how to reach them

_TITLES: Final = frozenset(_WORDS["people"]["titles"].split())
_TELEPHONE: Final = re.compile(r"\+?\d(?:[\s().\u2010-\u2015\u2212-]{0,3}\d){9,13}")


def name_in(words: Sequence[str], name: Name) -> bool:
    """Whether words (:func:`words_of`) tell of somebody by first and last name, or by title."""
    family = words_of(" ".join(name.family_name))
    given = [words_of(one)[0] for one in (*name.given_name, name.preferred_name or "") if one]
    for start, end in _runs(words, family):
        before, behind = words[max(0, start - 2) : start], words[end : end + 1]
        near = {*before, *behind}
        if not near.isdisjoint(given) or (before and before[-1] in _TITLES):
            return True
    return False


def telephones_in(text: str) -> frozenset[str]:
    """The British telephone numbers of a text, each as its last ten digits."""
    return frozenset(filter(None, (telephone(m.group()) for m in _TELEPHONE.finditer(text))))

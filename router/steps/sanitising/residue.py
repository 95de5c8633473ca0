"""What may still tell in a sanitised text who or where somebody is.

Nobody looks at what its owner released beforehand, so here doubt counts: this knows nobody of the
picture, and finds what merely looks as if. Where it finds anything the owner is asked.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from string import ascii_lowercase
from typing import Final
from unicodedata import category

from router.linkage.names import is_name
from router.steps.sanitising.dates import dates
from router.steps.sanitising.figures import NUMBER_WORDS, in_figures
from router.steps.sanitising.reading import Reading, closed_up, read
from router.steps.sanitising.telling import MARK
from router.steps.sanitising.words import (
    FIELD,
    TOKEN,
    Worded,
    bare,
    is_meant_as_name,
    is_ordinary,
    listed,
    one_of,
    worded,
)

_NOBODY: Final = FIELD | listed("kin") | listed("titles") | listed("capitals")
_SHOUTED: Final = listed("shouted")
_ALPHABET: Final = listed("radio_alphabet")
_REPLACED: Final = re.compile(
    r"\[(?:name|address|school|place|postcode|date of birth|e-mail|account|telephone|number|vehicle"
    r"|reference|cut)\]"
)
_MARKED: Final = re.compile(re.escape(MARK) + r"((?:[^\W\d_a-z][\w'-]{0,40}[ -]?){1,4})")
_RECENT: Final = dt.timedelta(days=365)
"""What happened so lately has a date in many texts; who was born then is told of as a birth."""
_TIME: Final = re.compile(
    r"(?<!\d)\d{1,2}[:.]\d{2}(?!\d)(?:\s?hrs?)?|(?<!\d)\d{4}\s?(?:hrs?|hours)\b"
)
_RUN: Final = re.compile(r"\d(?:[^a-z0-9\n]{0,4}\d){4,40}")
"""Five digits, whatever stands between them."""
_WORDS: Final = re.compile(r"[a-z0-9]{3,}")
_UNITS: Final = re.compile(
    r"\d{1,4}(?:st|nd|rd|th|mg|ml|kg|cm|mm|km|g|m|am|pm|hrs?|mins?|yrs?|wks?|x|s|k)"
    r"|(?:s|ss|ks|y|yr|p|cp|a|b|c|m|gcse)\d{1,3}[a-z]?"
)
_TELLING: Final = re.compile(
    r"@|://|\bwww\b|\b(?:dot|\.)\s?(?:com|co|uk|net|org|me|gg)\b|\w\.(?:com|co|uk|net|org|me|gg)\b"
    r"|\b(?:username|user name|handle|gamertag|screen ?name|hashtag)\b|#\w"
    r"|\b[a-z]{2,30}\.[a-z]{2,30}\.[a-z]{2,30}\b|[^\W_]_[^\W_]"
)
_CALLED: Final = re.compile(
    r"\b(?:(?:also |better |only )?known (?:to \w{1,20} )?(?:as|by)|goes by|go by|aka|a\.k\.a"
    r"|nicknamed?|street name|alias|moniker|answers to|initials)\b"
)
_QUOTED: Final = re.compile(r"[\"'(](?:[A-Z][\w-]{1,30})[\"')]")
_NUMBERED: Final = re.compile(
    r"\b(?:(?:at|from|to|near|opposite|outside)\s(?:house\s)?(?:number|no)|flat|apartment|apt|room|unit|door"
    r"|block|plot)\b\.?\s{1,2}\d{1,4}[a-z]?\b"
)
_HIDING: Final = re.compile(
    r"(?<![a-z])(?!(?:an?|the|women'?s|womens|to|in|into|of|at|from|her|his|their)\s)[a-z'-]{2,40}\s"
    r"(?:refuge|hostel|safe ?house)\b"
)
_PLATE: Final = re.compile(r"\b(?:reg|registration|plates?|vrm|vrn|index)\b[^.!?\n]{0,40}?\d")
_BIRTH: Final = re.compile(
    r"\b(?:born|birth\w{0,4}|birthday|b-?day|d\.?o\.?b|turn(?:s|ed|ing)|edd)\b"
)
_WORD: Final = rf"(?:{one_of(NUMBER_WORDS | {'hundred'})}|\d)"
_SPOKEN: Final = re.compile(
    rf"\b{_WORD}\b(?:[^a-z0-9]{{1,4}}(?:[a-z]{{1,5}}[^a-z0-9]{{1,3}}){{0,2}}{_WORD}\b){{4,40}}"
)
_LETTERS: Final = re.compile(r"\b[a-z]\b(?:[^a-z0-9]{1,3}\b[a-z0-9]\b){2,40}")


def residue(text: str, *, stays: Iterable[str], day: dt.date) -> frozenset[str]:
    """What kinds of things are still in it, perhaps; never what it is.

    ``stays``: names of whom it is about, which are told beside it. ``day``: when it is let leave.
    """
    own = set(_own((*stays, *_marked(text))))
    reading = read(_REPLACED.sub(" , ", text.replace(MARK, "")))
    closed = closed_up(reading)
    found = {*_names(reading, own), *_signs(reading, day=day)}
    if closed is not reading:
        found.update(_names(closed, own), _signs(closed, day=day))
    if any(category(sign) == "Cf" for sign in text):
        found.add("script")
    return frozenset(found)


def _own(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        for token in TOKEN.findall(read(name).low):
            yield from (word := bare(token), f"{word}s")


def _marked(text: str) -> list[str]:
    """Who is recorded as a risk and named all the same."""
    return _MARKED.findall(text)


def _names(reading: Reading, own: set[str]) -> Iterator[str]:
    words = worded(reading)
    if any(_may_name(words, at, own) for at in range(len(words))):
        yield "name"
    if _CALLED.search(reading.low) or _QUOTED.search(reading.text):
        yield "nickname"
    if any(not word.word.isascii() for word in words.words):
        yield "script"
    if _HIDING.search(reading.low):
        yield "address"


def _may_name(words: Worded, at: int, own: set[str]) -> bool:
    """Whether a word may be somebody's name, or a place's."""
    word, written = words.word(at), words.written(at)
    if word in own or not word.isalpha():
        return False
    if len(word) == 1:
        joined = words.gap(at) in ("&", "-") or (at > 0 and words.gap(at - 1) == "&")
        return written.isupper() and word not in "ai" and not (joined or words.caseless)
    if word in _NOBODY and not is_name(word):
        return False
    if not is_ordinary(word):
        known = is_name(word) or words.caseless or not written.islower()
        return known or (len(word) > 3 and not _is_slip(word))
    if is_name(word):
        return is_meant_as_name(words, at)
    if words.caseless:
        return False
    return _is_amid(words, at) or (written.isupper() and len(word) > 1 and word not in _SHOUTED)


def _is_slip(word: str) -> bool:
    """Whether it is English but for one letter that is too many, missing, wrong or exchanged."""
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return any(
        is_ordinary(a + b[1:])
        or is_ordinary(a + b[1:2] + b[:1] + b[2:])
        or any(
            is_ordinary(a + sign + b) or is_ordinary(a + sign + b[1:]) for sign in ascii_lowercase
        )
        for a, b in halves
    )


def _is_amid(words: Worded, at: int) -> bool:
    """A capital where no sentence begins, and nobody shouts."""
    gap = words.gap(at - 1) if at else "."
    written = words.written(at)
    return written.istitle() and not any(sign in gap for sign in ".!?:\n\"'-*")


def _signs(reading: Reading, *, day: dt.date) -> Iterator[str]:
    figures = in_figures(reading)
    yield from _days(figures, day)
    low = _TIME.sub(" ; ", _without_dates(figures))
    if _RUN.search(low):
        yield "number"
    if _SPOKEN.search(reading.low) or _LETTERS.search(reading.low):
        yield "spelt"
    if any(map(_is_mixed, _WORDS.findall(low))) or _PLATE.search(reading.low):
        yield "registration"
    if _has_alphabet(reading.low):
        yield "spelt"
    if _NUMBERED.search(figures.low):
        yield "address"
    if _TELLING.search(reading.low):
        yield "account"


def _without_dates(reading: Reading) -> str:
    signs = list(reading.low)
    for date in dates(reading):
        if "/" in (whole := reading.low[date.start : date.end]) or not whole.isdigit():
            signs[date.start : date.end] = ";" * (date.end - date.start)
    return "".join(signs)


def _days(reading: Reading, day: dt.date) -> Iterator[str]:
    """Days on which somebody may have been born."""
    for date in dates(reading):
        said = _BIRTH.search(reading.low, max(0, date.start - 80), date.end + 80)
        years = [year for year, *_ in date.days if year]
        old = [one for one in date.days if one[0] and _is_old(one, day)]
        if said or (years and old and len(old) == len(years)):
            yield "date"


def _is_old(told: tuple[int, int, int], day: dt.date) -> bool:
    year, month, of_month = told
    return (year, month, of_month) < (day - _RECENT).timetuple()[:3] or year > day.year + 1


def _is_mixed(word: str) -> bool:
    """Letters and figures in one, and no measure or class."""
    return not (word.isalpha() or word.isdigit() or _UNITS.fullmatch(word))


def _has_alphabet(low: str) -> bool:
    """Letters as they are said on the radio."""
    words = TOKEN.findall(low)
    return sum(word in _ALPHABET for word in words) > 2

"""Numbers that are written in words: 'double seven', 'the twelfth', 'nineteen eighty-nine'."""

from __future__ import annotations

import re
from typing import Final

from router.steps.sanitising.reading import Reading, rewritten
from router.steps.sanitising.words import in_order, listed, one_of

_DIGITS: Final = {
    **dict.fromkeys(listed("zeros"), 0),
    **{word: number for number, word in enumerate(in_order("digits"), 1)},
}
_TEENS: Final = {word: number for number, word in enumerate(in_order("teens"), 10)}
_TENS: Final = {word: 10 * number for number, word in enumerate(in_order("tens"), 2)}
_ORDINALS: Final = {word: number for number, word in enumerate(in_order("ordinals"), 1)} | {
    "twentieth": 20,
    "thirtieth": 30,
}
_TIMES: Final = {"double": 2, "triple": 3, "treble": 3}
_CENTURIES: Final = frozenset({18, 19, 20})
NUMBER_WORDS: Final = frozenset({*_DIGITS, *_TEENS, *_TENS, *_ORDINALS, *_TIMES})
_WORD: Final = one_of({*NUMBER_WORDS, "hundred", "thousand"})
_RUN: Final = re.compile(
    rf"(?<![\w'])(?:{_WORD})(?:(?:[\s-]{{1,2}}|\sand\s)(?:{_WORD})){{0,40}}(?![\w'])"
)


_FIGURE: Final = re.compile(r"\d")


def holds_figures(reading: Reading) -> bool:
    """Whether there is any number in it."""
    return _FIGURE.search(reading.low) is not None


def in_figures(reading: Reading) -> Reading:
    """The reading with its numbers in figures; the same where none is written in words."""
    return rewritten(reading, _RUN, write=lambda match: _figures(match.group()))


def _figures(run: str) -> str:
    """Digits that are read out stand together; other numbers stand apart."""
    words = [word for word in re.split(r"[\s-]+", run) if word != "and"]
    if all(word in _DIGITS or word in _TIMES for word in words):
        return _read_out(words)
    numbers: list[str] = []
    while words:
        number, used = _number(words)
        numbers.append(number)
        words = words[used:]
    return " ".join(numbers)


def _read_out(words: list[str]) -> str:
    digits: list[str] = []
    times = 1
    for word in words:
        if word in _TIMES:
            times = _TIMES[word]
            continue
        digits.append(str(_DIGITS[word]) * times)
        times = 1
    return "".join(digits)


def _number(words: list[str]) -> tuple[str, int]:
    """The number at the beginning, in figures, and how many words it takes."""
    value, used = _below_hundred(words)
    following = words[used] if used < len(words) else ""
    if value is None:
        return ("" if words[0] in _TIMES else words[0]), 1
    if following in ("hundred", "thousand"):
        rest, more = _below_hundred(words[used + 1 :])
        unit = 100 if following == "hundred" else 1000
        return str(value * unit + (rest or 0)), used + 1 + more
    if value in _CENTURIES and words[0] not in _ORDINALS and used == 1:
        rest, more = _below_hundred(words[used:])
        if rest is not None and (rest > 9 or following in ("oh", "o")):
            return str(value * 100 + rest), used + more
        if following in ("oh", "o") and more:
            return str(value * 100 + (rest or 0)), used + more
    ordinal = words[used - 1] in _ORDINALS
    return f"{value}th" if ordinal else str(value), used


def _below_hundred(words: list[str]) -> tuple[int | None, int]:
    if not words:
        return None, 0
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first in _TENS:
        unit = _DIGITS.get(second) or (_ORDINALS[second] if second in _UNIT_ORDINALS else 0)
        return _TENS[first] + unit, 1 + bool(unit)
    if first in ("oh", "o") and _DIGITS.get(second):
        return _DIGITS[second], 2
    for numbers in (_DIGITS, _TEENS, _ORDINALS):
        if first in numbers:
            return numbers[first], 1
    return None, 0


_UNIT_ORDINALS: Final = frozenset(list(_ORDINALS)[:9])

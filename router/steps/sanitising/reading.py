"""A text as a reader takes it, whatever its disguise, with the way back to the original's
characters.

Without accents, invisible signs, entities and letters that only look like Latin ones (Unicode
technical standard 39): what is looked for needs one spelling then, and not one for each disguise.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from importlib.resources import files
from typing import Final


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """A text in plain letters, and for each of its characters where it stands in the original."""

    text: str
    low: str
    """``text`` in lower case, character for character."""
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where these characters, at least one, stand in the original."""
        return self.starts[start], self.ends[end - 1]


_ODD: Final = re.compile(
    r"&(?:amp;){0,3}(?:#\d{1,7};?|#[xX][\da-fA-F]{1,6};?|[A-Za-z][A-Za-z\d]{1,30};)|[^\x00-\x7f]"
)
_NESTED: Final = 4
_LETTERS: Final = {
    "\u0131": "i",
    "\u0141": "L",
    "\u0142": "l",
    "\u00d8": "O",
    "\u00f8": "o",
    "\u00df": "ss",
    "\u00c6": "AE",
    "\u00e6": "ae",
    "\u0152": "OE",
    "\u0153": "oe",
    "\u0110": "D",
    "\u0111": "d",
    "\u00d0": "D",
    "\u00f0": "d",
    "\u00de": "Th",
    "\u00fe": "th",
    **dict.fromkeys("\u2018\u2019\u201b\u02bc\u02bb\u00b4\u02b9\u2032\uff07", "'"),
    **dict.fromkeys("\u201c\u201d\u201f\u2033", '"'),
}
"""What people write differently rather than disguise."""
_INVISIBLE: Final = frozenset({"Mn", "Me", "Cf"})


def _read_lookalikes() -> dict[str, str]:
    lines = files(__package__).joinpath("data/lookalikes.txt").read_text(encoding="utf-8")
    return {sign: line[0] for line in lines.splitlines() for sign in line[2:]}


_LOOKALIKES: Final = _read_lookalikes()


def read(text: str) -> Reading:
    """The text in plain letters; nothing is looked up for one that has only such."""
    if text.isascii() and "&" not in text:
        return Reading(text, text.lower(), range(len(text)), range(1, len(text) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for match in _ODD.finditer(text):
        start, end = match.span()
        pieces.append(text[at:start])
        starts.extend(range(at, start))
        ends.extend(range(at + 1, start + 1))
        at = end
        if plain := _plain(match.group()):
            pieces.append(plain)
            starts.extend([start] * len(plain))
            ends.extend([end] * len(plain))
        elif ends:
            ends[-1] = end  # an accent of its own goes with its letter
    pieces.append(text[at:])
    starts.extend(range(at, len(text)))
    ends.extend(range(at + 1, len(text) + 1))
    return _reading("".join(pieces), starts, ends=ends)


def rewritten(
    reading: Reading, pattern: re.Pattern[str], *, write: Callable[[re.Match[str]], str | None]
) -> Reading:
    """The reading with each match in lower case as ``write`` puts it, or as it is for None; the
    same reading where nothing is put differently.
    """
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for match in pattern.finditer(reading.low):
        if (instead := write(match)) is None:
            continue
        start, end = match.span()
        first, last = reading.span(start, end)
        pieces += (reading.text[at:start], instead)
        starts.extend((*reading.starts[at:start], *[first] * len(instead)))
        ends.extend((*reading.ends[at:start], *[last] * len(instead)))
        at = end
    if not at:
        return reading
    pieces.append(reading.text[at:])
    starts.extend(reading.starts[at:])
    ends.extend(reading.ends[at:])
    return _reading("".join(pieces), starts, ends=ends)


_SPACED: Final = re.compile(
    r"(?<![a-z0-9])[a-z0-9](?P<gap>[ .*_/|-]|[.,] | [.*_/|-] )[a-z0-9](?:(?P=gap)[a-z0-9]){1,80}"
    r"(?![a-z0-9])"
)
_GAPS: Final = re.compile(r"[^a-z0-9]+", re.IGNORECASE)


def closed_up(reading: Reading) -> Reading:
    """The reading with words that are spaced out, such as 'J e s s' or 'J-e-s-s', closed up; the
    same reading where there are none.
    """

    def write(match: re.Match[str]) -> str:
        return _GAPS.sub("", reading.text[match.start() : match.end()])

    return rewritten(reading, _SPACED, write=write)


def _reading(text: str, starts: Sequence[int], *, ends: Sequence[int]) -> Reading:
    low = text.lower()
    if len(low) != len(text):
        low = "".join(_low(text))
    return Reading(text, low, starts, ends)


def _low(text: str) -> Iterable[str]:
    return (low if len(low := sign.lower()) == 1 else sign for sign in text)


@lru_cache(maxsize=8192)
def _plain(written: str) -> str:
    """A sign or an entity in plain letters; '' for what nobody sees."""
    for _ in range(_NESTED):
        if len(written) == 1 or (meant := unescape(written)) == written:
            break
        written = meant
    return "".join(_plain_sign(sign) for sign in written)


def _plain_sign(sign: str) -> str:
    if sign in _LETTERS:
        return _LETTERS[sign]
    parts = unicodedata.normalize("NFKD", sign)
    return "".join(
        _LETTERS.get(part) or _LOOKALIKES.get(part) or _ascii(part)
        for part in parts
        if unicodedata.category(part) not in _INVISIBLE
    )


def _ascii(part: str) -> str:
    """Digits of other scripts, spaces and dashes as the plain ones."""
    if part.isascii():
        return part
    if (digit := unicodedata.decimal(part, None)) is not None:
        return str(digit)
    category = unicodedata.category(part)
    return " " if category == "Zs" else "-" if category == "Pd" else part

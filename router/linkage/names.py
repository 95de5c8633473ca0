"""Names as they are in Britain: how alike two given or two family names are (R14).

Spelling variants, short forms and frequencies are facts in ``names.json``. Names are folded (:func:`text.fold`) words
with one space between them; '' is no name at all.
"""

from __future__ import annotations

import json
import re
from enum import IntEnum
from functools import lru_cache
from importlib.resources import files
from math import log2
from typing import Final

from rapidfuzz.distance import OSA

from router.linkage.text import fold, sound

MOHAMMED: Final = "mohammed"


class Likeness(IntEnum):
    """How alike two names are, closest first."""

    SAME = 0
    VARIANT = 1
    SHORT = 2
    TYPO = 3
    PART = 4
    INITIAL = 5
    GENERIC = 6
    OTHER = 7
    NONE = 8


_FACTS: Final = json.loads(files("router.linkage").joinpath("names.json").read_text(encoding="utf-8"))
_GROUPS: Final[dict[str, frozenset[int]]] = {}
_SHORT: Final[dict[str, frozenset[str]]] = {long: frozenset(short) for long, short in _FACTS["short"].items()}
_NO_NAME: Final = re.compile(
    r"^(?:(?:un ?born|baby|bump|foetus|fetus|infant|newborn|new born|child|twin|triplet|boy|girl|male|female|of|the|"
    r"[0-9]+|a|b|c|one|two|three|unknown|not known|u k|uk|n k|nk|n a|na|none|no name|not given|withheld|name|tbc)"
    r"(?: |$))+"
)
_FORM_OF_MOHAMMED: Final = re.compile(r"^(?:md|mohd|muhd|mhd|moh|mo?u?o?h+[aeo]m+[aeiou]?[dt]+)$")
_RARE_GIVEN: Final = 9.3
_RARE_FAMILY: Final = 9.5
"""Bits of a name that is not listed: fewer than in all of Britain, as an area has common names of its own."""


def _groups() -> None:
    for number, group in enumerate(_FACTS["same"]):
        for name in group:
            _GROUPS[name] = _GROUPS.get(name, frozenset()) | {number}


_groups()
_LONG: Final[dict[str, frozenset[str]]] = {
    pet: frozenset(long for long, pets in _SHORT.items() if pet in pets) for pets in _SHORT.values() for pet in pets
}


@lru_cache(maxsize=65_536)
def given_codes(name: str) -> frozenset[str]:
    """What a given name is filed under: sounds of it, of the names it is short for and of its groups, for each part."""
    words = [w for w in name.split() if w != MOHAMMED or name == MOHAMMED]
    return frozenset(code for word in words for code in _codes(word))


def _codes(word: str) -> set[str]:
    if len(word) == 1:
        return {f"={word}"}
    wide = {word, *_LONG.get(word, ())}
    codes = {f"#{g}" for w in wide for g in _GROUPS.get(w, ())} | {sound(w) for w in wide}
    return codes | {f"={word[:3]}", f"={word[0]}"}


@lru_cache(maxsize=65_536)
def family_codes(name: str) -> frozenset[str]:
    """What a family name is filed under: the sound of each half."""
    return frozenset(sound(_ungendered(w)) for w in name.split() if len(w) > 1)


@lru_cache(maxsize=65_536)
def given(text: str) -> str:
    """A given name as compared: placeholders such as 'Unborn' or 'Unknown' are no name, forms of Mohammed are one."""
    words = _NO_NAME.sub("", fold(text)).split()
    if words and (_FORM_OF_MOHAMMED.match(words[0]) or (words[0] == "m" and len(words) > 1)):
        words[0] = MOHAMMED
    return " ".join(words)


@lru_cache(maxsize=65_536)
def family(text: str) -> str:
    """A family name as compared; 'Unknown' and the like are none."""
    return _NO_NAME.sub("", fold(text))


@lru_cache(maxsize=65_536)
def given_bits(name: str) -> float:
    """How rare a given name is, in bits; a compound one counts its rarest part."""
    return max((_given_bits(word) for word in name.split()), default=0.0)


def _given_bits(word: str) -> float:
    per_mille: float | None = _FACTS["given_per_mille"].get(word)
    return min(_RARE_GIVEN, -log2(per_mille / 1000)) if per_mille else _RARE_GIVEN


@lru_cache(maxsize=65_536)
def family_bits(name: str) -> float:
    """How rare a family name is, in bits; a double-barrelled one counts its rarest half."""
    return max((_family_bits(word) for word in name.split()), default=0.0)


def _family_bits(word: str) -> float:
    per_mille: float | None = _FACTS["family_per_mille"].get(word)
    return min(_RARE_FAMILY, -log2(per_mille / 1000)) if per_mille else _RARE_FAMILY


@lru_cache(maxsize=262_144)
def given_likeness(a: str, b: str) -> Likeness:
    """How alike two given names are, in either order."""
    if not a or not b:
        return Likeness.NONE
    if a == b:
        return Likeness.GENERIC if a == MOHAMMED else Likeness.SAME
    if " " not in a and " " not in b:
        return _word_likeness(a, b)
    if a.replace(" ", "") == b.replace(" ", ""):
        return Likeness.SAME
    return _compound_likeness(a.split(), b.split())


def _compound_likeness(a: list[str], b: list[str]) -> Likeness:
    shared = MOHAMMED in a and MOHAMMED in b
    a, b = [w for w in a if w != MOHAMMED], [w for w in b if w != MOHAMMED]
    if not a or not b:
        return Likeness.GENERIC if shared else Likeness.OTHER
    best = min(_word_likeness(x, y) for x in a for y in b)
    whole = len(a) == len(b) == 1
    if best <= Likeness.TYPO:
        return best if whole else Likeness.PART
    return best


@lru_cache(maxsize=262_144)
def _word_likeness(a: str, b: str) -> Likeness:
    if a == b:
        return Likeness.SAME
    if len(a) > len(b):
        a, b = b, a
    if len(a) == 1:
        return Likeness.INITIAL if b[0] == a else Likeness.OTHER
    if _variant(a, b):
        return Likeness.VARIANT
    if _short_form(a, b):
        return Likeness.SHORT
    return Likeness.TYPO if _misspelt(a, b) else Likeness.OTHER


def _variant(a: str, b: str) -> bool:
    ga = _GROUPS.get(a)
    gb = _GROUPS.get(b)
    if ga and gb and ga & gb:
        return True
    return len(a) > 3 and a[0] == b[0] and len(b) - len(a) <= 2 and sound(a) == sound(b)


def _short_form(a: str, b: str) -> bool:
    """Whether ``a`` is a short form of ``b`` or both of one name, by the table or by rule (Soph, Hols, Maddie)."""
    if a in _SHORT.get(b, ()) or b in _SHORT.get(a, ()):
        return True
    if b.startswith(a) and (len(a) > 2 or len(b) > 4):
        return True
    return _stem_of(a, b) or _stem_of(b, a) or (len(a) > 3 and b.endswith(a))


def _stem_of(pet: str, name: str) -> bool:
    for ending in ("ie", "y", "s", "i", "o", "a"):
        if pet.endswith(ending):
            stem = pet[: -len(ending)]
            if len(stem) > 2 and stem[-1] == stem[-2]:
                stem = stem[:-1]
            if len(stem) > 2 and name.startswith(stem):
                return True
    return False


def _misspelt(a: str, b: str) -> bool:
    if len(a) < 3:
        return False
    return OSA.distance(a, b, score_cutoff=2) <= (2 if len(a) > 6 else 1)


@lru_cache(maxsize=262_144)
def family_likeness(a: str, b: str) -> Likeness:
    """How alike two family names are; PART when half of a double-barrelled one is the other or half of it."""
    if not a or not b:
        return Likeness.NONE
    if a == b or a.replace(" ", "") == b.replace(" ", ""):
        return Likeness.SAME
    if " " not in a and " " not in b:
        return _surname_likeness(a, b)
    pairs = [_surname_likeness(x, y) for x in a.split() for y in b.split() if len(x) > 2 and len(y) > 2]
    if OSA.distance(a, b, score_cutoff=2) <= 2:
        return Likeness.TYPO
    return Likeness.PART if pairs and min(pairs) <= Likeness.TYPO else Likeness.OTHER


@lru_cache(maxsize=262_144)
def _surname_likeness(a: str, b: str) -> Likeness:
    if a == b:
        return Likeness.SAME
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    if len(short) == 1:
        return Likeness.INITIAL if long[0] == short else Likeness.OTHER
    if _ungendered(a) == _ungendered(b) or _variant(short, long):
        return Likeness.VARIANT
    return Likeness.TYPO if _misspelt(short, long) else Likeness.OTHER


def _ungendered(name: str) -> str:
    return name[:-1] + "i" if name.endswith(("ska", "cka", "dzka")) else name

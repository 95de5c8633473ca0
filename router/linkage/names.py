"""Names as they are in Britain: how alike two given or two family names are (R14).

Spelling variants, short forms and frequencies are facts in ``names.json``. Names are folded
(:func:`text.fold`) words with one space between them; '' is no name at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files
from math import log2
from typing import Final

from rapidfuzz.distance import OSA

from router.linkage.kept import kept
from router.linkage.scale import Scale
from router.linkage.text import beginning, fold, sound

MOHAMMED: Final = "mohammed"
Rarity = Callable[[str], float]
"""How rare a name is, in bits; a compound name counts its rarest part."""


class Likeness(Scale):
    """How alike two names are, closest first."""

    SAME = 0
    VARIANT = 1
    SHORT = 2
    TYPO = 3
    PART = 4
    INITIAL = 5
    MIDDLE = 6
    PARENT = 7
    GENERIC = 8
    OTHER = 9
    NONE = 10


_FACTS: Final = json.loads(
    files("router.linkage").joinpath("names.json").read_text(encoding="utf-8")
)
_NO_NAME: Final = re.compile(
    r"^(?:(?:un ?born|baby|bump|foetus|fetus|infant|newborn|new born|child|twin|triplet|"
    r"boy|girl|male|female|of|the|[0-9]+|a|b|c|one|two|three|"
    r"unknown|not known|u k|uk|n k|nk|n a|na|none|no name|not given|withheld|name|tbc)"
    r"(?: |$))+"
)
_FORM_OF_MOHAMMED: Final = re.compile(r"^(?:md|mohd|muhd|mhd|moh|mo?u?o?h+[aeo]m+[aeiou]?[dt]+)$")
_RARE_GIVEN: Final = 9.3
_RARE_FAMILY: Final = 9.5
"""Bits of a name that is not listed: fewer than in all of Britain, as an area has common names of
its own.
"""


def _read_groups() -> dict[str, frozenset[str]]:
    """The spelling groups of each name."""
    groups: dict[str, frozenset[str]] = {}
    for number, group in enumerate(_FACTS["same"]):
        for name in group:
            groups[name] = groups.get(name, _NONE) | {f"#{number}"}
    return groups


def _read_roots() -> dict[str, frozenset[str]]:
    """The names that a word of a given name stands for: its spelling group, and those of the names
    it is short for.
    """
    wide: dict[str, list[str]] = {name: [name] for name in (*_GROUPS, *_FACTS["short"])}
    for name, pets in _FACTS["short"].items():
        for pet in pets:
            wide.setdefault(pet, [pet]).append(name)
    return {
        word: frozenset(root for name in names for root in (_GROUPS.get(name) or (name,)))
        for word, names in wide.items()
    }


def _read_called() -> dict[str, frozenset[str]]:
    """The words that may stand for each of what words of given names stand for."""
    called: dict[str, set[str]] = {}
    for word, stands_for in _ROOTS.items():
        for root in stands_for:
            called.setdefault(root, set()).add(word)
    return {root: frozenset(words) for root, words in called.items()}


_NONE: Final[frozenset[str]] = frozenset()
_GROUPS: Final = _read_groups()
_ROOTS: Final = _read_roots()
_CALLED: Final = _read_called()


def is_name(word: str) -> bool:
    """Whether a word is known to be a given name, in whatever spelling or short form."""
    return word in _ROOTS or word in _FACTS["given_per_mille"]


def is_spelling(a: str, b: str) -> bool:
    """Whether two words are known as spellings of one given name."""
    return not _GROUPS.get(a, _NONE).isdisjoint(_GROUPS.get(b, _NONE))


def called(word: str) -> frozenset[str]:
    """What else somebody of this given name may be called: other spellings, short forms, and the
    names that it is short for.
    """
    return _NONE.union(*(_CALLED[root] for root in roots(word)))


def roots(word: str) -> frozenset[str]:
    """What a word of a given name stands for; nothing where it stands for itself alone."""
    return _ROOTS.get(word, _NONE)


@kept(65_536)
def given_codes(name: str) -> tuple[str, ...]:
    """What a given name is filed under: the sounds of its parts and what these stand for."""
    words = [w for w in name.split() if w != MOHAMMED] or name.split()
    codes = [code for w in words if len(w) > 1 for code in (sound(w), *sorted(roots(w)))]
    return tuple(dict.fromkeys(codes))


@kept(65_536)
def sounds(name: str) -> tuple[str, ...]:
    """The sounds of the parts of a name, a forename Mohammed with another beside it left out."""
    words = [w for w in name.split() if w != MOHAMMED] or name.split()
    return tuple(dict.fromkeys([sound(_ungendered(w)) for w in words if len(w) > 1]))


@kept(65_536)
def given(text: str) -> str:
    """A given name as compared: placeholders such as 'Unborn' or 'Unknown' are no name, forms of
    Mohammed are one.
    """
    words = beginning(_NO_NAME.sub("", fold(text))).split()
    if words and (_FORM_OF_MOHAMMED.match(words[0]) or (words[0] == "m" and len(words) > 1)):
        words[0] = MOHAMMED
    return " ".join(words)


@kept(65_536)
def family(text: str) -> str:
    """A family name as compared; 'Unknown' and the like are none."""
    return beginning(_NO_NAME.sub("", fold(text)))


def given_rarity(per_mille: Mapping[str, float] | None = None) -> Rarity:
    """How rare given names are, by how often common ones occur; by default as in Britain."""
    return _rarity(_FACTS["given_per_mille"] if per_mille is None else per_mille, _RARE_GIVEN)


def family_rarity(per_mille: Mapping[str, float] | None = None) -> Rarity:
    """The same for family names."""
    return _rarity(_FACTS["family_per_mille"] if per_mille is None else per_mille, _RARE_FAMILY)


def _rarity(per_mille: Mapping[str, float], rarest: float) -> Rarity:
    words = {word: min(rarest, -log2(share / 1000)) for word, share in per_mille.items()}

    @kept(65_536)
    def bits(name: str) -> float:
        return max((words.get(word, rarest) for word in name.split()), default=0.0)

    return bits


@lru_cache(maxsize=262_144)
def given_likeness(a: str, b: str) -> int:
    """How alike two given names are; Mohammed alone against another name says nothing, two initials
    are no more.
    """
    if not a or not b:
        return Likeness.NONE
    if a == b:
        return (
            Likeness.GENERIC if a == MOHAMMED else Likeness.SAME if len(a) > 1 else Likeness.INITIAL
        )
    if " " not in a and " " not in b and a != MOHAMMED and b != MOHAMMED:
        return _word_likeness(a, b)
    if a.replace(" ", "") == b.replace(" ", ""):
        return Likeness.SAME
    return _compound_likeness(a.split(), b.split())


def _compound_likeness(a: list[str], b: list[str]) -> int:
    shared = MOHAMMED in a and MOHAMMED in b
    a, b = [w for w in a if w != MOHAMMED], [w for w in b if w != MOHAMMED]
    if not a or not b:
        return Likeness.GENERIC if shared else Likeness.NONE
    best = min(_word_likeness(x, y) for x in a for y in b)
    if len(a) == len(b) == 1 or best > Likeness.TYPO:
        return best
    short, long = sorted(("".join(a), "".join(b)), key=len)
    return Likeness.TYPO if _misspelt(short, long) else Likeness.PART


def _word_likeness(a: str, b: str) -> int:
    if a == b:
        return Likeness.SAME
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    size, longer = len(short), len(long) - len(short)
    if size == 1:
        return Likeness.INITIAL if long[0] == short else Likeness.OTHER
    if (roots := _ROOTS.get(a)) and not roots.isdisjoint(_ROOTS.get(b, _NONE)):
        groups = _GROUPS.get(a, _NONE)
        return Likeness.SHORT if groups.isdisjoint(_GROUPS.get(b, _NONE)) else Likeness.VARIANT
    if a[0] == b[0]:
        if size > 3 and longer <= 2 and sound(a) == sound(b):
            return Likeness.VARIANT
        if _short_form(short, long):
            return Likeness.SHORT
    elif size > 3 and long.endswith(short):
        return Likeness.SHORT
    return Likeness.TYPO if longer <= 2 and _misspelt(short, long) else Likeness.OTHER


def _short_form(short: str, long: str) -> bool:
    """Whether one is a short form of the other by rule: Soph, Hols, Maddie."""
    return long.startswith((short, *_stems(short))) or short.startswith(_stems(long))


@kept(65_536)
def _stems(pet: str) -> tuple[str, ...]:
    """What may be left of the full name in a pet form: 'hol' in 'hols', 'mad' in 'maddie'."""
    stems = {pet[: -len(end)] for end in ("ie", "y", "s", "i", "o", "a") if pet.endswith(end)}
    single = {stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else stem for stem in stems}
    return tuple(sorted(stem for stem in single if len(stem) > 2))


def _misspelt(short: str, long: str) -> bool:
    most = 2 if len(short) > 6 else 1
    if len(short) < 3 or len(long) - len(short) > most:
        return False
    return OSA.distance(short, long, score_cutoff=most) <= most


@lru_cache(maxsize=262_144)
def family_likeness(a: str, b: str) -> int:
    """How alike two family names are; PART when half of a double-barrelled one is the other or half
    of it.
    """
    if not a or not b:
        return Likeness.NONE
    if " " not in a and " " not in b:
        return _surname_likeness(a, b)
    if a.replace(" ", "") == b.replace(" ", ""):
        return Likeness.SAME
    if OSA.distance(a, b, score_cutoff=2) <= 2:
        return Likeness.TYPO
    halves = [
        _surname_likeness(x, y) for x in a.split() for y in b.split() if len(x) > 2 and len(y) > 2
    ]
    return Likeness.PART if min(halves, default=Likeness.OTHER) <= Likeness.TYPO else Likeness.OTHER


def _surname_likeness(a: str, b: str) -> int:
    if a == b:
        return Likeness.SAME
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    if len(short) == 1:
        return Likeness.INITIAL if long[0] == short else Likeness.OTHER
    longer = len(long) - len(short)
    if a[0] == b[0] and (
        _ungendered(a) == _ungendered(b) or (longer <= 2 and sound(a) == sound(b))
    ):
        return Likeness.VARIANT
    return Likeness.TYPO if longer <= 2 and _misspelt(short, long) else Likeness.OTHER


def _ungendered(name: str) -> str:
    return name[:-1] + "i" if name.endswith(("ska", "cka", "dzka")) else name

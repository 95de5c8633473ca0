"""The words by which the people and places of a picture may be told, in whatever form."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from router.linkage.names import called, is_name
from router.steps.compose.sanitising.kinds import PREMISES, SCHOOLS, STREETS
from router.steps.compose.sanitising.known import Known
from router.steps.compose.sanitising.reading import read
from router.steps.compose.sanitising.span import HOME, NAME, SCHOOL, Kind
from router.steps.compose.sanitising.words import TOKEN, bare, data, is_ordinary

_PARTICLES: Final = frozenset(
    """
    de da del della la le van von der den di du dos das al el bin bint ibn ap ab ferch mc mac st
    saint the of and or no not known unknown none baby unborn bump child twin infant newborn boy
    girl male female mr mrs ms miss mx dr sir mum mam mom mother dad father nan gran parent carer
    guardian brother sister aunt uncle grandmother grandfather partner neighbour friend withheld
    given name tbc na nk
    """.split()
)
"""Of a name or of what stands where none is known: they tell nobody."""
_NEVER: Final = frozenset(
    """
    ten an so in do no my he she his her it is as at on or to of and the a i we us me be by if up
    min lay bless char con scar am are was has had not out off our own you all any for from
    """.split()
)
"""Short forms that are other words nearly always."""
_SHORTEST_NEAR: Final = 3
_SHORTEST_INSIDE: Final = 5
_LONGEST: Final = 40
"""Letters of a word that is compared: no name is longer, and a run of letters may be."""


@dataclass(frozen=True, slots=True, repr=False)
class Forms:
    """What to look for. Words are folded, in lower case, without apostrophes."""

    own: frozenset[str]
    """Of the child and of risk persons: they may stay."""
    marked: frozenset[str]
    """Of risk persons alone."""
    others: frozenset[str]
    """Of everybody else, those that they share with the child included."""
    telling: dict[str, Kind]
    near: dict[str, tuple[str, ...]]
    """Words by each of what is left of them without one letter."""
    joined: frozenset[str]
    """Words that may be run together with others."""
    inside: re.Pattern[str] | None
    initials: frozenset[str]
    letters: frozenset[str]
    phrases: dict[str, tuple[Phrase, ...]]
    places: frozenset[str]
    """All words of places."""

    def kind(self, word: str) -> Kind | None:
        """What a word of a text tells, if it tells something by itself."""
        if word in self.own:
            return None
        if found := self.telling.get(word):
            return found
        if len(word) < _SHORTEST_NEAR or len(word) > _LONGEST or is_ordinary(word):
            return None
        if not word.isalpha():
            return self._with_digits(word)
        return self._misspelt(word) or self._run_together(word)

    def _misspelt(self, word: str) -> Kind | None:
        """Where it may be the child's name as well as another's, it is taken for the other's."""
        for left in (word, *_lacking_one(word)):
            for name in self.near.get(left, ()):
                if name in self.telling and OSA.distance(word, name, score_cutoff=1) <= 1:
                    return self.telling[name]
        return None

    def is_misspelt(self, word: str) -> bool:
        """Whether a word, English or not, is within one letter of one that tells something."""
        return self._misspelt(word) is not None

    def _run_together(self, word: str) -> Kind | None:
        for at in range(2, len(word) - 1):
            left, right = word[:at], word[at:]
            if left in self.joined and right in self.joined:
                if found := self.telling.get(left) or self.telling.get(right):
                    return found
        inside = self.inside.search(word) if self.inside and len(word) > _SHORTEST_INSIDE else None
        return self.telling[inside.group()] if inside else None

    def _with_digits(self, word: str) -> Kind | None:
        """'J0hn' is John and 'john92' too."""
        for plain in (*(word.translate(digits) for digits in _DIGITS), _NUMBERS.sub("", word)):
            if plain.isalpha() and plain != word and (found := self.kind(plain)):
                return found
        return None


_DIGITS: Final = (str.maketrans("013457@$", "oieastas"), str.maketrans("013457@$", "oleastas"))
_NUMBERS: Final = re.compile(r"\d+")


def _lacking_one(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


def words_of(line: str) -> list[str]:
    """The words of a name or place: halves of double names apart, apostrophes left out."""
    return [bare(token) for token in TOKEN.findall(read(line).low)]


@lru_cache(maxsize=256)
def forms_of(known: Known) -> Forms:
    """All forms of all that is known."""
    child, risks = _named(known.own), _named(known.risks)
    mine = (*known.own, *known.risks)
    own, others = child | risks | _compounds(mine), _named(known.others)
    names = _name_forms(others)
    telling = dict.fromkeys((word for word in names if word not in own), NAME)
    places = _Places(own)
    for kind, lines in ((SCHOOL, known.schools), (HOME, known.places)):
        for line in lines:
            places.add(words_of(line), kind)
    telling = places.telling | telling
    compounds = _compounds(known.others)
    telling |= dict.fromkeys(compounds - own, NAME)
    exact = (others | places.distinct) - own
    theirs = {letters for line in known.others for letters in _initials(line)}
    return Forms(
        own=own,
        marked=risks - child - others,
        others=others,
        telling=telling,
        near=_near(exact),
        joined=frozenset({*names, *own, *compounds, *places.distinct}),
        inside=_inside(exact | (compounds - own)),
        initials=frozenset(theirs.difference(*map(_initials, mine))),
        letters=frozenset(letters[0] for letters in theirs) | {w[0] for w in others},
        phrases=places.phrases,
        places=frozenset(places.words),
    )


def _named(lines: Iterable[str]) -> frozenset[str]:
    """Each word of the names, and what follows an O' or N' in them."""
    words = {word for line in lines for word in words_of(line)}
    after = {part for line in lines for part in _after_apostrophe(line)}
    return frozenset(w for w in words | after if len(w) > 1 and w not in _PARTICLES)


def _after_apostrophe(line: str) -> Iterator[str]:
    for token in TOKEN.findall(read(line).low):
        last = token.rsplit("'", 1)[-1]
        if last != token and len(last) > 3:
            yield last


def _name_forms(names: Iterable[str]) -> set[str]:
    """The names, their short forms and spellings, plural, and written from behind."""
    forms: set[str] = set()
    for name in names:
        forms |= {name, f"{name}s", f"{name}es"}
        if name.endswith("y"):
            forms.add(f"{name[:-1]}ies")
        if len(name) > 2 and not is_ordinary(name[::-1]):
            forms.add(name[::-1])
        forms |= {word for word in _pets(name) if word not in _NEVER}
    return forms


def _read_pets() -> dict[str, frozenset[str]]:
    pets: dict[str, set[str]] = {}
    for name, short in tomllib.loads(data("pets.toml"))["short"].items():
        for pet in short.split():
            pets.setdefault(name, set()).add(pet)
            pets.setdefault(pet, set()).add(name)
    return {name: frozenset(other) for name, other in pets.items()}


_PETS: Final = _read_pets()
_NONE: Final[frozenset[str]] = frozenset()
_ENDS: Final = ("", "y", "ie", "s", "i", "o", "a", "ey", "er", "ers")


@lru_cache(maxsize=4096)
def _pets(name: str) -> frozenset[str]:
    """What else somebody of this name may be called: as is known, or by rule where it is no word
    of English: the beginning (Soph, Hols, Maddie) or the end of it.
    """
    if len(name) < 5:
        ruled = {f"{name}{more}{end}" for more in ("", name[-1]) for end in ("y", "ie")}
    else:
        ruled = {name[:at] + end for at in range(3, min(len(name), 7)) for end in _ENDS}
        ruled |= {name[:at] + name[at - 1] + end for at in (3, 4) for end in ("y", "ie")}
        ruled |= {name[at:] for at in range(2, len(name) - 3)}
    known = called(name) | _PETS.get(name, _NONE)
    return known | {word for word in ruled if not is_ordinary(word)}


def _compounds(lines: Iterable[str]) -> frozenset[str]:
    """Double names as one word."""
    tokens = (token for line in lines for token in read(line).low.split())
    made = (bare(token.replace("-", "")) for token in tokens if "-" in token)
    return frozenset(word for word in made if word.isalpha())


def _near(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    near: dict[str, list[str]] = {}
    for word in words:
        if _SHORTEST_NEAR <= len(word) <= _LONGEST:
            for left in {word, *_lacking_one(word)}:
                near.setdefault(left, []).append(word)
    return {left: tuple(found) for left, found in near.items()}


def _inside(words: Iterable[str]) -> re.Pattern[str] | None:
    long = {w for w in words if len(w) >= _SHORTEST_INSIDE and not is_ordinary(w)}
    return re.compile("|".join(map(re.escape, sorted(long)))) if long else None


def _initials(line: str) -> Iterator[str]:
    """Of the first name with the last, the second and all."""
    first = [word[0] for word in words_of(line) if word not in _PARTICLES]
    if len(first) > 1:
        yield from (first[0] + first[-1], first[0] + first[1], "".join(first))


class Phrase(NamedTuple):
    """Ordinary words that tell a place where they follow one another."""

    words: tuple[str, ...]
    """After the first; a word for a street in full."""
    typed: bool
    """Whether a word such as 'School' has to follow."""
    kind: Kind


class _Places:
    """Words that tell a place by themselves, and phrases that do together."""

    def __init__(self, own: frozenset[str]) -> None:
        self._own = own
        self.telling: dict[str, Kind] = {}
        self.distinct: set[str] = set()
        self.phrases: dict[str, tuple[Phrase, ...]] = {}
        self.words: set[str] = set()

    def add(self, line: list[str], kind: Kind) -> None:
        """A line of an address, or the name of a school."""
        words = [word for word in line if word.isalpha()]
        self.words.update(words)
        distinct = [word for word in words if self._is_distinct(word)]
        for word in distinct:
            self.distinct.add(word)
            for form in (word, f"{word}s", word[::-1]):
                if not is_ordinary(form):
                    self.telling.setdefault(form, kind)
        if words and not distinct:
            self._add_phrase(words, kind)

    def _is_distinct(self, word: str) -> bool:
        return len(word) > 3 and not (is_ordinary(word) or is_name(word) or word in self._own)

    def _add_phrase(self, words: list[str], kind: Kind) -> None:
        """Where each word is English or a name, only all together tell the place."""
        if words[-1] in STREETS and kind is HOME:
            name, typed = [*words[:-1], STREETS[words[-1]]], False
        else:
            name, typed = [*words], False
            while name and name[-1] in _TYPES:
                name.pop()
            typed = len(name) == 1 and len(words) > 1
        if not name or name[0] in _EVERYWHERE or (len(name) == 1 and kind is SCHOOL and not typed):
            return
        phrase = Phrase(tuple(name[1:]), typed and kind is SCHOOL, kind)
        self.phrases[name[0]] = (*self.phrases.get(name[0], ()), phrase)


_TYPES: Final = SCHOOLS | PREMISES
_EVERYWHERE: Final = frozenset({"high", "main", "flat"})

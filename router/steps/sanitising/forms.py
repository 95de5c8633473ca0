"""The words by which the people and places of a picture may be told, in whatever form."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from router.linkage.names import called
from router.steps.sanitising.known import Known
from router.steps.sanitising.numbers import digits_of
from router.steps.sanitising.phrases import Phrase, Places
from router.steps.sanitising.reading import read
from router.steps.sanitising.span import HOME, NAME, PREMISES, SCHOOL, Kind
from router.steps.sanitising.words import TOKEN, bare, data, is_ordinary, listed

_PARTICLES: Final = listed("particles")
_NEVER: Final = listed("never_short")
_SHORTEST_NEAR: Final = 3
_SHORTEST_APART: Final = 4
_SHORTEST_INSIDE: Final = 5
_LONGEST: Final = 40
"""Letters of a word that is compared: no name is longer, and a run of letters may be."""


@dataclass(frozen=True, slots=True, repr=False)
class Forms:
    """What to look for. Words are folded, in lower case, without apostrophes."""

    child: frozenset[str]
    own: frozenset[str]
    """Of the child and of risk persons: they may stay."""
    risks: frozenset[str]
    """Of risk persons, those that they share included."""
    others: frozenset[str]
    """Of everybody else, those that they share with the child included."""
    telling: dict[str, Kind]
    near: tuple[str, ...]
    """Words that are recognised with a letter wrong."""
    beginnings: dict[str, tuple[str, ...]]
    """Names of others by their first letters."""
    initials: frozenset[str]
    letters: frozenset[str]
    phrases: dict[str, tuple[Phrase, ...]]
    numbers: frozenset[str]
    places: frozenset[str]
    """All words of places."""
    both: frozenset[str] = frozenset()
    """Words that tell a school, and stand in an address too."""

    def kind(self, word: str) -> Kind | None:
        """What a word of a text tells, if it tells something by itself."""
        if word in self.own:
            return None
        if found := self.telling.get(word):
            return found
        if is_ordinary(word) or not _SHORTEST_NEAR <= len(word) <= _LONGEST:
            return None
        if not word.isalpha():
            return None if word.isdigit() else self._with_digits(word)
        if self._is_short_form(word):
            return NAME
        return self.misspelt(word) or self._run_together(word)

    def is_shared(self, word: str) -> bool:
        """Whether a name is both the child's and another's, as a family's is."""
        return word in self.own and word in self.others

    def is_part(self, word: str) -> bool:
        """Whether a word may be run together with another."""
        return word in self.telling or word in self.own

    def misspelt(self, word: str) -> Kind | None:
        """What a word with a letter wrong, doubled, missing or with two exchanged tells; it may be
        English.
        """
        found = process.extractOne(
            word, self.near, scorer=OSA.distance, processor=None, score_cutoff=1
        )
        return self.telling.get(found[0]) if found else None

    def _is_short_form(self, word: str) -> bool:
        """By rule: Soph, Hols, Maddie, and the end of a name."""
        for stem in _stems(word):
            for name in self.beginnings.get(stem[:3], ()):
                if name.startswith(stem) and len(name) > len(stem):
                    return True
        return len(word) > 3 and any(
            name.endswith(word) for names in self.beginnings.values() for name in names
        )

    def _run_together(self, word: str) -> Kind | None:
        """Two names in one word, or a long name inside one."""
        for at in range(2, len(word) - 1):
            if found := self._both(word[:at], word[at:]) or self._both(word[at:], word[:at]):
                return found
        if len(word) > _SHORTEST_INSIDE:
            for name in self.near:
                if len(name) >= _SHORTEST_INSIDE and name in word and not is_ordinary(name):
                    return self.telling[name]
        return None

    def _both(self, one: str, other: str) -> Kind | None:
        """What two words tell together, the other perhaps with a letter wrong."""
        if not self.is_part(one):
            return None
        if self.is_part(other):
            return self.telling.get(one) or self.telling.get(other)
        return self.misspelt(other) if len(other) >= _SHORTEST_APART else None

    def _with_digits(self, word: str) -> Kind | None:
        """'J0hn' is John and 'john92' too."""
        without = "".join(sign for sign in word if not sign.isdigit())
        for plain in (*(word.translate(digits) for digits in _DIGITS), without):
            if plain.isalpha() and (found := self.kind(plain)):
                return found
        return None


_DIGITS: Final = (str.maketrans("013457", "oieast"), str.maketrans("013457", "oleast"))
_ENDS: Final = ("ers", "ey", "ie", "er", "y", "s", "i", "o", "a")


def _stems(word: str) -> Iterator[str]:
    """What may be left of the full name in a short form: 'hol' in 'hols', 'mad' in 'maddie'."""
    yield word
    for end in _ENDS:
        if word.endswith(end) and len(word) - len(end) > 2:
            stem = word[: -len(end)]
            yield stem
            if stem[-1] == stem[-2] and len(stem) > 3:
                yield stem[:-1]


class _Line(NamedTuple):
    """A name or place in words: halves of double names apart, apostrophes left out."""

    words: tuple[str, ...]
    compounds: tuple[str, ...]
    """Double names as one word."""
    after: tuple[str, ...]
    """What follows an O' or N'."""


@lru_cache(maxsize=4096)
def _line(line: str) -> _Line:
    low = read(line).low
    tokens = TOKEN.findall(low)
    compounds = [bare(word.replace("-", "")) for word in low.split() if "-" in word]
    after = [token.rsplit("'", 1)[1] for token in tokens if "'" in token]
    return _Line(
        words=tuple(map(bare, tokens)),
        compounds=tuple(word for word in compounds if word.isalpha()),
        after=tuple(word for word in after if len(word) > 3),
    )


@lru_cache(maxsize=512)
def forms_of(known: Known) -> Forms:
    """All forms of all that is known."""
    mine, theirs = (*known.own, *known.risks), [_line(line) for line in known.others]
    child, risks, others = _named(known.own), _named(known.risks), _named(known.others)
    own = child | risks | {word for line in mine for word in _line(line).compounds}
    compounds = {word for line in theirs for word in line.compounds}
    places = Places(own)
    told = ((SCHOOL, known.schools), (HOME, known.places), (PREMISES, known.employers))
    for kind, lines in told:
        for line in lines:
            places.add(_line(line).words, kind=kind)
    names = {word for name in others for word in _forms(name)} | compounds
    telling = places.telling | dict.fromkeys(names, NAME)
    for word in own:
        telling.pop(word, None)
    letters = {initials for line in theirs for initials in _initials(line.words)}
    return Forms(
        own=own,
        child=child,
        risks=risks,
        others=others,
        telling=telling,
        near=tuple(sorted(_recognised(others, compounds | places.distinct) & telling.keys())),
        beginnings=_beginnings(others - own),
        initials=frozenset(letters),
        letters=frozenset(word[0] for word in others),
        phrases=places.phrases,
        numbers=digits_of(known.numbers),
        places=frozenset(places.words),
        both=frozenset(places.both),
    )


def _named(lines: Iterable[str]) -> frozenset[str]:
    words = (word for line in lines for word in (*_line(line).words, *_line(line).after))
    return frozenset(word for word in words if len(word) > 1 and word not in _PARTICLES)


@lru_cache(maxsize=4096)
def _forms(name: str) -> frozenset[str]:
    """A name, its short forms and spellings, plural, and written from behind."""
    forms = {name, f"{name}s", f"{name}es", *((f"{name[:-1]}ies",) if name[-1] == "y" else ())}
    forms |= {word for word in called(name) | _PETS.get(name, _NONE) if word not in _NEVER}
    return frozenset(forms).union(word[::-1] for word in forms if len(word) > 2)


def _recognised(names: Iterable[str], more: Set[str]) -> set[str]:
    """What is recognised with a letter wrong: names, plural, short and from behind as well."""
    words = {word for name in names for word in _forms(name) if not is_ordinary(word)}
    return {word for word in {*words, *names, *more} if len(word) > 2}


def _read_pets() -> dict[str, frozenset[str]]:
    pets: dict[str, set[str]] = {}
    for name, short in tomllib.loads(data("pets.toml"))["short"].items():
        for pet in short.split():
            pets.setdefault(name, set()).add(pet)
            pets.setdefault(pet, set()).add(name)
    return {name: frozenset(other) for name, other in pets.items()}


_PETS: Final = _read_pets()
_NONE: Final[frozenset[str]] = frozenset()


def _beginnings(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        if len(name) > 3:
            found[name[:3]] = (*found.get(name[:3], ()), name)
    return found


def _initials(words: Iterable[str]) -> Iterator[str]:
    """Of the first name with the last, the second and all."""
    first = [word[0] for word in words if word not in _PARTICLES]
    if len(first) > 1:
        yield from (first[0] + first[-1], first[0] + first[1], "".join(first))

"""How places of the picture are recognised: by a word of their own, or ordinary words together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from router.linkage.names import is_name
from router.steps.sanitising.span import HOME, PREMISES, SCHOOL, Kind
from router.steps.sanitising.words import STREETS, is_ordinary, listed

_TYPES: Final = listed("schools") | listed("premises")
_BEFORE: Final = listed("before_street")
_EVERYWHERE: Final = listed("everywhere")
_SHORTEST: Final = 4
"""Letters of a word that tells a place by itself."""


class Phrase(NamedTuple):
    """Ordinary words that tell a place where they follow one another."""

    words: tuple[str, ...]
    """After the first; a word for a street in full."""
    typed: bool
    """Whether a word such as 'School' has to follow."""
    kind: Kind


class Places:
    """What is looked for of the places that are added."""

    def __init__(self, own: frozenset[str]) -> None:
        self._own = own
        self.telling: dict[str, Kind] = {}
        self.distinct: set[str] = set()
        self.phrases: dict[str, tuple[Phrase, ...]] = {}
        self.words: set[str] = set()
        self.both: set[str] = set()
        """Of what tells a school, what stands in an address too: many are called by their street.
        """

    def add(self, line: Iterable[str], *, kind: Kind) -> None:
        """A line of an address, or the name of a school or employer."""
        words = [word for word in line if word.isalpha() and word not in _BEFORE]
        self.words.update(words)
        distinct = [word for word in words if self._is_distinct(word)]
        self.distinct.update(distinct)
        for word in distinct:
            for form in (word, f"{word}s", word[::-1]):
                if is_ordinary(form):
                    continue
                if self.telling.setdefault(form, kind) is SCHOOL and kind is HOME:
                    self.both.add(form)
        if words and not distinct:
            self._add_phrase(words, kind=kind)

    def _is_distinct(self, word: str) -> bool:
        return len(word) >= _SHORTEST and not (
            is_ordinary(word) or is_name(word) or word in self._own
        )

    def _add_phrase(self, words: list[str], *, kind: Kind) -> None:
        """Where each word is English or a name, only all together tell the place.

        An employer that goes by one such word, such as 'police', is told by nothing.
        """
        name, typed = [*words], False
        if kind is PREMISES:
            name = name if len(name) > 1 else []
        elif words[-1] in STREETS and kind is HOME:
            name[-1] = STREETS[words[-1]]
        else:
            while name and name[-1] in _TYPES:
                name.pop()
            typed = kind is SCHOOL and len(name) == 1
        if name and name[0] not in _EVERYWHERE:
            phrase = Phrase(tuple(name[1:]), typed=typed, kind=kind)
            self.phrases[name[0]] = (*self.phrases.get(name[0], ()), phrase)

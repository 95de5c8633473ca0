"""A profile's words and phrases, made ready to look for: which words make what worth a look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from router.steps.suggestion.phrases import (
    GIVEN,
    NUMBER,
    PAST_YEAR,
    BadPhrase,
    Element,
    Phrase,
    named,
    parsed,
    unknown,
)
from router.steps.suggestion.spelling import Misspellings, spelled_out
from schemas.policy import BoroughProfile, Context, Indicator

OFTEN_MISSPELT = "often_misspelt"
"""The list of words that are known in a misspelling too."""
CORRECT = "correct"
"""The list of words that are no misspellings of those."""
_FREQUENT = frozenset(
    (
        *("a", "an", "and", "any", "as", "at", "be", "but", "by", "for", "from", "had", "has"),
        *("have", "he", "her", "him", "his", "i", "if", "in", "is", "it", "me", "my", "no", "not"),
        *("of", "off", "on", "or", "out", "over", "she", "that", "the", "their", "them", "there"),
        *("they", "this", "to", "up", "us", "was", "we", "were", "when", "who", "will", "with"),
        *("would", "you", "your", ",", ".", "child", "mum", "dad", "mother", "father", "@number"),
    )
)
_RARE_ENOUGH = 1000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sought:
    """A phrase by the numbers of its elements."""

    written: str
    runs: tuple[tuple[tuple[int, int], ...], ...]
    """Of each run its elements: how many words may stand before (-1: any), and the number."""
    anywhere: tuple[bool, ...]
    needs: int
    """Elements without which no text holds the phrase, a bit for each."""


@dataclass(frozen=True, slots=True)
class Index(Generic[T]):
    """Phrases and what each is for, in the order of the profile."""

    phrases: tuple[tuple[Sought, T], ...]
    by_word: Mapping[str, tuple[int, ...]]
    """The phrases that a word makes worth a look: it may be their rarest element."""

    def worth_a_look(self, words: Iterable[str], *, has: int) -> list[tuple[Sought, T]]:
        """The phrases that a text with these words and elements may hold, in order."""
        several = map(self.phrases.__getitem__, self.made_possible(words))
        return [one for one in several if one[0].needs & has == one[0].needs]

    def made_possible(self, words: Iterable[str]) -> list[int]:
        """The numbers, in order, of the phrases whose rarest element one of these words is."""
        by_word = self.by_word
        return sorted(set[int]().union(*map(by_word.__getitem__, by_word.keys() & words)))


class Vocabulary:
    """What a profile looks for. Raises :class:`BadPhrase` where it cannot be read.

    Beside the words of English there are some that only stand for others: ``@number`` for any
    number, ``@`` and the name of a list for any of its phrases.
    """

    def __init__(self, profile: BoroughProfile) -> None:
        self._numbers: dict[Element, int] = {}
        self._words: list[frozenset[str]] = []
        self.parts: list[tuple[tuple[str, ...], frozenset[str]]] = []
        """Of each element the names of its lists, and its own words."""
        self.elements: dict[str, int] = {}
        """Of each word the elements that it stands for, a bit for each number."""
        self._lists = _Lists(profile.words)
        self.listed: Index[str] = self._index(
            (one, f"@{name}") for name in profile.words for one in self._lists.phrases(name)
        )
        """The lists' phrases and the words that they count as, in an order in which each may hold
        those before it.
        """
        self.indicators: Index[Indicator] = self._index(
            (phrase, one) for one in profile.indicators for phrase in one.phrases
        )
        self.contexts: Index[Context] = self._index(
            (phrase, one) for one in profile.context for phrase in one.phrases
        )
        self._misspelt = Misspellings(
            self._lists.single(OFTEN_MISSPELT) & self.elements.keys(),
            correct=self._lists.single(CORRECT),
        )
        self.meaning = lru_cache(maxsize=20_000)(self._meaning)

    def list_words(self, name: str) -> frozenset[str]:
        """The words that stand for a list."""
        return self._lists.single(name)

    def _meaning(self, piece: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each word that a piece of the text stands for, and those of the profile that it is."""
        return tuple((word, tuple(self._known(word))) for word in spelled_out(piece))

    def _known(self, word: str) -> Iterable[str]:
        if word in self.elements:
            yield word
        elif not word.isdigit():
            yield from self._misspelt.of(word)
        if word.isdigit():
            yield f"@{NUMBER}" if len(word) < 4 else f"@{PAST_YEAR}"

    def _index(self, phrases: Iterable[tuple[str, T]]) -> Index[T]:
        found: list[tuple[Sought, T]] = []
        by_word: dict[str, list[int]] = {}
        for written, what in phrases:
            sought, rarest = self._sought(written, parsed(written))
            for word in self._words[rarest]:
                by_word.setdefault(word, []).append(len(found))
            found.append((sought, what))
        return Index(tuple(found), {word: tuple(several) for word, several in by_word.items()})

    def _sought(self, written: str, phrase: Phrase) -> tuple[Sought, int]:
        """The phrase, and its rarest element."""
        if missing := unknown(named(phrase), self._lists.of):
            raise BadPhrase(f"{written!r}: no [words] are called {', '.join(sorted(missing))}")
        runs = tuple(
            tuple(
                (gap, self._number_of(element))
                for gap, element in zip(run.gaps, run.elements, strict=True)
            )
            for run in phrase.runs
        )
        numbers = {number for run in runs for _, number in run}
        needs = sum(1 << number for number in numbers)
        return Sought(written, runs, phrase.anywhere, needs), min(numbers, key=self._cost)

    def _cost(self, number: int) -> int:
        words = self._words[number]
        return len(words) + (_RARE_ENOUGH if words & _FREQUENT else 0)

    def _number_of(self, element: Element) -> int:
        number = self._numbers.get(element)
        if number is None:
            number = self._numbers[element] = len(self._numbers)
            own = (*element.words, *(f"@{name}" for name in element.names & GIVEN))
            self.parts.append((tuple(sorted(element.names - GIVEN)), frozenset(own)))
            self._words.append(self._lists.words(element))
            for word in self._words[number]:
                self.elements[word] = self.elements.get(word, 0) | 1 << number
        return number


class _Lists:
    """The profile's lists: the words that stand for each, and its phrases of several words."""

    def __init__(self, lists: Mapping[str, tuple[str, ...]]) -> None:
        self.of: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {}
        for name, members in lists.items():
            self.of[name] = self._read(name, members)

    def _read(self, name: str, members: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
        words, phrases = set[str](), list[str]()
        for member in members:
            phrase = parsed(member)
            if missing := unknown(named(phrase), self.of):
                said = f"[words] {name}: {member!r} names {', '.join(sorted(missing))}"
                raise BadPhrase(f"{said}: a list may only name lists before it")
            if len(phrase.runs) == 1 and len(phrase.runs[0].elements) == 1:
                words |= self.words(phrase.runs[0].elements[0])
            else:
                phrases.append(member)
        if phrases:
            words.add(f"@{name}")
        return frozenset(words), tuple(phrases)

    def words(self, element: Element) -> frozenset[str]:
        """What stands for an element: words, and the names of lists with phrases."""
        given = (f"@{name}" for name in element.names & GIVEN)
        listed = (self.of[name][0] for name in element.names - GIVEN)
        return element.words.union(given, *listed)

    def phrases(self, name: str) -> tuple[str, ...]:
        """The list's phrases of several words."""
        return self.of[name][1]

    def single(self, name: str) -> frozenset[str]:
        """The words that stand for a list; none where there is no list of the name."""
        return self.of[name][0] if name in self.of else frozenset()

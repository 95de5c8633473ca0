"""Who of the picture a text tells, whatever the disguise, and where they live and learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import add
from typing import Final

from router.steps.sanitising.forms import Forms
from router.steps.sanitising.marking import ADJOINING, marked
from router.steps.sanitising.places import number_before
from router.steps.sanitising.reading import Reading
from router.steps.sanitising.span import HOME, NAME, SCHOOL, Kind, Span
from router.steps.sanitising.words import (
    STREETS,
    Worded,
    is_meant_as_name,
    is_ordinary,
    listed,
    worded,
)

MARK: Final = "[recorded risk] "
_MARKED: Final = Kind(MARK, "Recorded as a risk to the child: the name stays.")
_SCHOOLS: Final = listed("schools")
_TYPES: Final = frozenset({*STREETS, *_SCHOOLS, *listed("premises")})
_TITLES: Final = listed("titles")
_JOINING: Final = listed("joining")


def told(reading: Reading, words: Sequence[str], *, forms: Forms) -> Iterator[Span]:
    """What goes out of a reading of these words; most texts need no second look."""
    distinct = set(words)
    found = {word: kind for word in distinct if (kind := forms.kind(word))}
    if (
        found
        or not forms.telling.keys().isdisjoint(map(add, words, words[1:]))
        or not forms.initials.isdisjoint(_short(words))
        or not forms.phrases.keys().isdisjoint(distinct)
        or not forms.risks.isdisjoint(distinct)
    ):
        whole = worded(reading)
        telling = _Telling(whole, marked(whole, forms, found=found), forms=forms)
        yield from telling.names()
        yield from telling.places()
        yield from telling.risks()


def _short(words: Sequence[str]) -> Iterator[str]:
    """What could be initials."""
    yield from (word for word in words if len(word) < 5)
    yield from (one + other[0] for one, other in pairwise(words) if len(one) == 1)


class _Telling:
    """The words of a reading, with what each of them tells."""

    def __init__(self, words: Worded, kinds: Sequence[Kind | None], *, forms: Forms) -> None:
        self._words, self._kinds, self._forms = words, kinds, forms

    def _span(self, first: int, last: int, *, kind: Kind) -> Span:
        start, end = self._words.words[first].start, self._words.end(last)
        return Span(*self._words.reading.span(start, end), *kind)

    def names(self) -> Iterator[Span]:
        """Each name; halves of a double name, and initials with what they stand beside, as one."""
        first: int | None = None
        for at, kind in enumerate(self._kinds):
            if kind is not NAME:
                continue
            first = at if first is None else first
            if not self._goes_on(at):
                yield self._span(first, at, kind=NAME)
                first = None

    def _goes_on(self, at: int) -> bool:
        if at + 1 >= len(self._words) or self._kinds[at + 1] is not NAME:
            return False
        gap = self._words.gap(at)
        initial = len(self._words.word(at)) == 1 or len(self._words.word(at + 1)) == 1
        return gap in ("-", "", ".", "_") or (initial and gap in (" ", ". "))

    def places(self) -> Iterator[Span]:
        """Each place, with its number before and words such as 'Primary School' after."""
        done = -1
        for at in range(len(self._words)):
            kind, upto = self._kinds[at], at
            if kind is None or kind is NAME:
                kind, upto = self._phrase(at)
            if kind is None or at <= done:
                continue
            first, done = self._first(at), self._last(upto)
            if kind is SCHOOL and self._is_street(at, first, last=done):
                kind = HOME
            start = number_before(self._words.reading.low, self._words.words[first].start)
            yield Span(*self._words.reading.span(start, self._words.end(done)), *kind)

    def _is_street(self, at: int, first: int, *, last: int) -> bool:
        """Whether what could be a school's name here is the street's that it is called by."""
        around = {self._words.word(one) for one in range(first, last + 1)}
        shared = self._words.word(at) in self._forms.both
        return shared and self._words.word(last) in STREETS and around.isdisjoint(_SCHOOLS)

    def _phrase(self, at: int) -> tuple[Kind | None, int]:
        """What a phrase that begins here tells, and its last word."""
        for phrase in self._forms.phrases.get(self._words.word(at), ()):
            upto = at + len(phrase.words)
            following = [word.word for word in self._words.words[at + 1 : upto + 1]]
            after = self._words.word(upto + 1) if upto + 1 < len(self._words) else ""
            if len(following) < len(phrase.words) or (phrase.typed and after not in _SCHOOLS):
                continue
            if not all(map(_alike, phrase.words, following)):
                continue
            if phrase.words or after in _TYPES or self._is_meant(at):
                return phrase.kind, upto
        return None, at

    def _is_meant(self, at: int) -> bool:
        return not is_ordinary(self._words.word(at)) or is_meant_as_name(self._words, at)

    def _first(self, at: int) -> int:
        while at and self._belongs(at - 1) and self._words.gap(at - 1) in (" ", "-", ". "):
            at -= 1
        return at

    def _last(self, at: int) -> int:
        """'of' only in 'C of E', 'and' in 'Infant and Junior School'."""
        while self._words.gap(at) in (" ", "-", ". ", "  ") and not self._ends_sentence(at):
            if self._belongs(at + 1):
                at += 1
            elif (
                self._words.word(at + 1) in _JOINING
                and self._words.gap(at + 1) == " "
                and self._belongs(at + 2)
                and self._words.word(at + 2) != "st"
            ):
                at += 2
            else:
                break
        return at

    def _belongs(self, at: int) -> bool:
        word = self._words.word(at)
        return (word in self._forms.places or word in _TYPES) and word not in _JOINING

    def _ends_sentence(self, at: int) -> bool:
        return (
            self._words.gap(at) == ". "
            and len(self._words.word(at)) > 2
            and self._words.written(at + 1)[0].isupper()
        )

    def risks(self) -> Iterator[Span]:
        """The first mention of each risk person is marked."""
        marked_ = self._forms.risks - self._forms.child - self._forms.others
        seen: set[str] = set()
        for at in range(len(self._words)):
            word = self._words.word(at)
            if word in seen or word not in marked_ or not self._is_meant(at):
                continue
            run = self._run(at)
            seen.update(self._words.word(one) for one in run)
            start = self._words.words[run[0]].start
            if not self._words.reading.text.startswith(MARK, max(0, start - len(MARK))):
                begin, _ = self._words.reading.span(start, start + 1)
                yield Span(begin, begin, *_MARKED)

    def _run(self, at: int) -> range:
        """The words around that belong to the same name, and a title before."""
        first = last = at
        while first and self._is_risks(first - 1) and self._words.gap(first - 1) in ADJOINING:
            first -= 1
        if first and self._words.word(first - 1) in _TITLES:
            first -= 1
        while self._words.gap(last) in ADJOINING and self._is_risks(last + 1):
            last += 1
        return range(first, last + 1)

    def _is_risks(self, at: int) -> bool:
        return at < len(self._words) and self._words.word(at) in self._forms.risks


def _alike(a: str, b: str) -> bool:
    """The same word, a street's in short, or with or without an s at its end."""
    return a == STREETS.get(b, b) or a.rstrip("s") == b.rstrip("s")

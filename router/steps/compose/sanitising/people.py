"""Who of the picture a text tells, whatever the disguise, and where they live and learn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from operator import add
from typing import Final

from router.steps.compose.sanitising.forms import Forms
from router.steps.compose.sanitising.kinds import PREMISES, SCHOOLS, STREETS
from router.steps.compose.sanitising.places import number_before
from router.steps.compose.sanitising.reading import Reading
from router.steps.compose.sanitising.span import NAME, Kind, Span
from router.steps.compose.sanitising.words import (
    ARTICLES,
    FIELD,
    MODAL,
    TITLES,
    Word,
    is_caseless,
    is_ordinary,
    is_written_as_name,
    words_in,
)

MARK: Final = "[recorded risk] "
_MARKED: Final = Kind(MARK, "Recorded as a risk to the child: the name stays.")
_BESIDE: Final = frozenset({" ", "-", "", ".", ". ", ", ", ",", "; ", "_", "  ", "\n", " - "})
_INITIALS: Final = frozenset({"", ".", ". ", " ", "-"})


def told(reading: Reading, words: Sequence[str], forms: Forms) -> Iterator[Span]:
    """What tells who, of a reading of these words; most texts need no second look."""
    distinct = set(words)
    found = {word: kind for word in distinct if (kind := forms.kind(word))}
    if (
        found
        or not forms.telling.keys().isdisjoint(map(add, words, words[1:]))
        or not forms.initials.isdisjoint(_short(words))
        or not forms.phrases.keys().isdisjoint(distinct)
        or not forms.risks.isdisjoint(distinct)
    ):
        yield from _Told(reading, forms).spans(found)


def _short(words: Sequence[str]) -> Iterator[str]:
    """What could be initials."""
    yield from (word for word in words if len(word) < 5)
    for one, other in pairwise(words):
        if len(one) == 1:
            yield one + other[0]


class _Told:
    """The words of a reading, and what each of them tells."""

    def __init__(self, reading: Reading, forms: Forms) -> None:
        self._reading, self._words, self._forms = reading, words_in(reading), forms
        self._caseless = is_caseless(reading.text)
        self._kinds: list[Kind | None] = [None] * len(self._words)

    def spans(self, found: Mapping[str, Kind]) -> Iterator[Span]:
        """What goes out."""
        self._mark_words(found)
        self._mark_pairs()
        if not self._caseless:
            self._mark_initials()
            self._mark_unusual()
        self._mark_neighbours(found)
        yield from self._names()
        yield from self._places()
        yield from self._risks()

    # --- marking

    def _mark_words(self, found: Mapping[str, Kind]) -> None:
        for at, word in enumerate(self._words):
            if (kind := found.get(word.word)) and self._is_meant(at):
                self._kinds[at] = kind

    def _mark_unusual(self) -> None:
        """English with a capital amid a sentence that is a name with a letter wrong: 'from Brain'."""
        text = self._reading.text
        for at in range(1, len(self._words) - 1):
            word = self._words[at]
            if (
                text[word.start].isupper()
                and len(word.word) > 3
                and self._kinds[at] is None
                and word.word not in self._forms.own
                and self._stands_alone(at)
                and (kind := self._forms.misspelt(word.word))
            ):
                self._kinds[at] = kind

    def _stands_alone(self, at: int) -> bool:
        word, before, after = self._words[at], self._words[at - 1], self._words[at + 1]
        text = self._reading.text
        return (
            is_ordinary(word.word)
            and word.word not in FIELD
            and text[word.start + 1 : word.end].islower()
            and self._gap(at - 1) == " "
            and text[before.start].islower()
            and text[after.start].islower()
            and before.word not in ARTICLES
        )

    def _is_meant(self, at: int) -> bool:
        """Whether the word names somebody here, and is not English that looks like a name."""
        word = self._words[at]
        if not self._is_doubtful(word):
            return True
        if self._caseless:
            return word.word not in MODAL
        return is_written_as_name(self._reading.text, word.start, word.end) or (
            at > 0 and self._words[at - 1].word in TITLES
        )

    def _is_doubtful(self, word: Word) -> bool:
        if len(word.word) < 3 or is_ordinary(word.word):
            return True
        if word.word in self._forms.telling:
            return False
        written = self._reading.text[word.start : word.end]
        return len(word.word) < 5 and not (written[0].isupper() and not written.isupper())

    def _mark_pairs(self) -> None:
        """'Mac Namara', 'O Rourke' and 'jo_lee'."""
        telling = self._forms.telling
        for at in range(len(self._words) - 1):
            one, other = self._words[at].word, self._words[at + 1].word
            if (kind := telling.get(one + other)) and len(self._gap(at)) < 3:
                if len(one + other) > 4 and not (is_ordinary(one) and is_ordinary(other)):
                    self._kinds[at] = self._kinds[at + 1] = kind
            elif one in telling or other in telling:
                both = self._forms.is_part(one) and self._forms.is_part(other)
                if both and self._gap(at) in ("_", "."):
                    kind = telling.get(one) or telling.get(other)
                    self._kinds[at] = self._kinds[at + 1] = kind

    def _mark_initials(self) -> None:
        if not self._forms.initials or self._caseless:
            return
        for at, word in enumerate(self._words):
            if len(word.word) == 1 and at + 1 < len(self._words):
                other = self._words[at + 1].word
                shared = other in self._forms.others and other in self._forms.own
                if (len(other) == 1 or shared) and self._gap(at) in _INITIALS:
                    if self._is_initials(word, word.word + other[0]):
                        self._kinds[at] = self._kinds[at + 1] = NAME
            elif 1 < len(word.word) < 5 and self._is_initials(word, word.word):
                if word.word not in FIELD or not self._follows_article(at):
                    self._kinds[at] = NAME

    def _follows_article(self, at: int) -> bool:
        """'The GP' is a doctor, though there be a Gwen Parry."""
        return at > 0 and self._words[at - 1].word in ARTICLES

    def _is_initials(self, word: Word, letters: str) -> bool:
        written = self._reading.text[word.start : word.start + len(word.word)]
        return letters in self._forms.initials and written.isupper()

    def _gap(self, at: int) -> str:
        """What stands between a word and the next."""
        return self._reading.text[self._words[at].end : self._words[at + 1].start]

    def _mark_neighbours(self, found: Mapping[str, Kind]) -> None:
        """Beside a name: initials, a family name that is the child's too, and names in doubt."""
        for at in range(1, len(self._words)):
            if self._kinds[at - 1] is NAME and self._gap(at - 1) in _BESIDE:
                self._mark_beside(at, found, before=False)
        for at in range(len(self._words) - 2, -1, -1):
            if self._kinds[at + 1] is NAME and self._gap(at) in _BESIDE:
                self._mark_beside(at, found, before=True)

    def _mark_beside(self, at: int, found: Mapping[str, Kind], *, before: bool) -> None:
        word = self._words[at]
        if self._kinds[at] is not None:
            return
        written = self._reading.text[word.start : word.end]
        if len(word.word) == 1:
            name = word.word in self._forms.letters and written.isupper()
        elif word.word in self._forms.own:
            name = word.word in self._forms.others and not (before and self._is_own(at - 1))
        else:
            name = word.word in found or self._is_like_name(word, written) or (
                written[0].isupper()
                and self._gap(at if before else at - 1) == " "
                and not is_ordinary(word.word)
                and word.word not in TITLES
            )
        if name:
            self._kinds[at] = NAME

    def _is_like_name(self, word: Word, written: str) -> bool:
        """English that could be a name written wrongly or from behind, with a capital in it."""
        return written != written.lower() and (
            word.word[::-1] in self._forms.others or self._forms.misspelt(word.word) is not None
        )

    def _is_own(self, at: int) -> bool:
        if at < 0 or self._gap(at) not in _BESIDE:
            return False
        word = self._words[at].word
        return word in self._forms.own and word not in self._forms.others

    # --- what goes out

    def _names(self) -> Iterator[Span]:
        held: tuple[int, int] | None = None
        for at, word in enumerate(self._words):
            if self._kinds[at] is not NAME:
                continue
            start, end = word.start, self._end(word)
            if held and self._is_one(at):
                held = (held[0], end)
                continue
            if held:
                yield self._span(*held, NAME)
            held = (start, end)
        if held:
            yield self._span(*held, NAME)

    def _is_one(self, at: int) -> bool:
        """Whether a word is one with the name before: half of a double name, or beside initials."""
        before, word = self._words[at - 1], self._words[at]
        if self._kinds[at - 1] is not NAME:
            return False
        gap = self._gap(at - 1)
        return gap in ("-", "", ".", "_") or (
            gap in _BESIDE and (len(before.word) == 1 or len(word.word) == 1)
        )

    def _end(self, word: Word) -> int:
        """Without a possessive: it may stay."""
        return word.end - 2 * self._reading.low.startswith("'s", word.end - 2)

    def _span(self, start: int, end: int, kind: Kind) -> Span:
        return Span(*self._reading.span(start, end), *kind)

    def _places(self) -> Iterator[Span]:
        last = -1
        for at in range(len(self._words)):
            kind, upto = self._kinds[at], at
            if kind is None or kind is NAME:
                kind, upto = self._phrase(at)
            if kind is None or kind is NAME or at <= last:
                continue
            first, last = self._widened(at, upto)
            start = number_before(self._reading.low, self._words[first].start)
            yield self._span(start, self._end(self._words[last]), kind)

    def _phrase(self, at: int) -> tuple[Kind | None, int]:
        for phrase in self._forms.phrases.get(self._words[at].word, ()):
            upto = at + len(phrase.words)
            following = [w.word for w in self._words[at + 1 : upto + 1 + phrase.typed]]
            if len(following) < len(phrase.words) + phrase.typed:
                continue
            same = all(_alike(a, b) for a, b in zip(phrase.words, following, strict=False))
            if not same or (phrase.typed and following[-1] not in SCHOOLS):
                continue
            typed = upto + 1 < len(self._words) and self._words[upto + 1].word in _TYPES
            if phrase.words or typed or self._is_meant(at):
                return phrase.kind, upto
        return None, at

    def _widened(self, first: int, last: int) -> tuple[int, int]:
        """With the words around that belong to the place: 'St' before, 'Primary School' after."""
        while first and self._belongs(first - 1) and self._gap(first - 1) in (" ", "-", ". "):
            first -= 1
        while last + 1 < len(self._words) and self._gap(last) in (" ", "-", ". ", "  "):
            if self._ends_sentence(last):
                break
            if self._belongs(last + 1):
                last += 1
            elif self._joins(last + 1):
                last += 2
            else:
                break
        return first, last

    def _belongs(self, at: int) -> bool:
        word = self._words[at].word
        return (word in self._forms.places or word in _TYPES) and word not in _SMALL

    def _joins(self, at: int) -> bool:
        """'of' in 'C of E', 'and' in 'Infant and Junior School'."""
        return (
            self._words[at].word in _SMALL
            and at + 1 < len(self._words)
            and self._belongs(at + 1)
            and self._gap(at) == " "
        )

    def _ends_sentence(self, at: int) -> bool:
        following = self._words[at + 1]
        return self._gap(at) == ". " and len(self._words[at].word) > 2 and (
            self._reading.text[following.start].isupper()
        )

    def _risks(self) -> Iterator[Span]:
        """The first mention of each risk person is marked."""
        seen: set[str] = set()
        marked = self._forms.risks - self._forms.child - self._forms.others
        for at, word in enumerate(self._words):
            if word.word not in marked or word.word in seen or not self._is_meant(at):
                continue
            run = self._run(at)
            seen.update(self._words[one].word for one in run)
            start = self._words[run[0]].start
            if not self._reading.text.startswith(MARK, max(0, start - len(MARK))):
                begin = self._reading.span(start, start + 1)[0]
                yield Span(begin, begin, *_MARKED)

    def _run(self, at: int) -> range:
        first = last = at
        while first and self._is_risk(first - 1) and self._gap(first - 1) in _BESIDE:
            first -= 1
        while last + 1 < len(self._words) and self._gap(last) in _BESIDE and self._is_risk(last + 1):
            last += 1
        return range(first, last + 1)

    def _is_risk(self, at: int) -> bool:
        return self._words[at].word in self._forms.risks


_SMALL: Final = frozenset({"the", "of", "and", "at", "in", "on", "to", "a", "for"})
"""Words that join others and belong to no place by themselves."""
_TYPES: Final = frozenset({*STREETS, *SCHOOLS, *PREMISES})


def _alike(a: str, b: str) -> bool:
    return a == STREETS.get(b, b) or a.rstrip("s") == b.rstrip("s")

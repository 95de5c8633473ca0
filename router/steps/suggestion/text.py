"""A text as the profile sees it: where each of its words stands, and where phrases do.

Places are sets of positions, a bit for each, so that where a phrase stands comes of a few shifts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush
from typing import Final

from router.steps.suggestion.phrases import PAST_YEAR
from router.steps.suggestion.spelling import BREAKS, pieces
from router.steps.suggestion.vocabulary import Sought, Vocabulary

Span = tuple[int, int]
"""From this word on, up to before that one."""
Spans = tuple[Span, ...]
"""Where the elements of a phrase's first run stand."""
Run = tuple[tuple[int, int], ...]
Places = tuple[int, dict[int, int]]
"""Where something stands, and the ends of what is several words by their beginnings."""
_NONE: Final[Mapping[int, int]] = {}
_MANY = 12
"""More words than these are looked for among those of the text, not the other way round."""
_OVER = 2
"""Years after which a year is past."""


class Text:
    """The text, each of its words looked up once; positions count words."""

    def __init__(self, narrative: str, vocabulary: Vocabulary, *, year: int) -> None:
        """``year``: when it was written."""
        self._vocabulary = vocabulary
        self.words: list[str] = []
        self.places: dict[str, int] = {}
        """Where each word of the profile stands: a bit for each position."""
        self._breaks = 0
        """The last word of each sentence."""
        self._longer: dict[str, dict[int, int]] = {}
        """The ends of lists' phrases, by the list's word and their beginning."""
        self._lists: dict[str, Places] = {}
        self._elements: dict[int, Places] = {}
        self._split(narrative)
        self._keep_past_years(year - _OVER)
        self.has = 0
        """The elements that stand in the text, a bit for each."""
        for word in self.places:
            self.has |= vocabulary.elements.get(word, 0)
        self._find_listed()

    def _split(self, narrative: str) -> None:
        places, words, meaning = self.places, self.words, self._vocabulary.meaning
        position = 1
        for piece in pieces(narrative):
            for word, known in meaning(piece):
                for one in known:
                    places[one] = places.get(one, 0) | position
                words.append(word)
                position <<= 1
            if piece in BREAKS:
                self._breaks |= position >> 1
        self._breaks |= position >> 1

    def _keep_past_years(self, last: int) -> None:
        years = self.places.pop(f"@{PAST_YEAR}", 0)
        past = [at for at in _bits(years) if 1900 <= int(self.words[at]) <= last]
        if past:
            self.places[f"@{PAST_YEAR}"] = sum(1 << at for at in past)

    def _find_listed(self) -> None:
        """A list's phrase counts as a word of the list; the shortest that begins there."""
        listed = self._vocabulary.listed
        waiting = listed.made_possible(self.places)
        while waiting:  # in order, which makes a heap of it
            number = heappop(waiting)
            sought, word = listed.phrases[number]
            if sought.needs & self.has == sought.needs and (found := tuple(self.spans(sought))):
                for later in () if word in self.places else listed.by_word.get(word, ()):
                    heappush(waiting, later)
                self._place(word, found)

    def _place(self, word: str, found: Iterable[Spans]) -> None:
        ends, where = self._longer.setdefault(word, {}), self.places.get(word, 0)
        for spans in found:
            start, end = spans[0][0], spans[-1][1]
            where |= 1 << start
            ends[start] = min(end, ends.get(start, end))
        self.places[word] = where
        self.has |= self._vocabulary.elements.get(word, 0)
        self._lists.clear()
        self._elements.clear()

    def bounds(self, position: int) -> Span:
        """Where the sentence of a word begins and ends."""
        before = self._breaks & ((1 << position) - 1)
        after = self._breaks >> position
        return before.bit_length(), position + (after & -after).bit_length()

    def spans(self, sought: Sought) -> Iterator[Spans]:
        """Where the phrase stands, once at most for each place where it begins."""
        first = sought.runs[0]
        begins = self._begins(first)
        for run, anywhere in zip(sought.runs[1:], sought.anywhere[1:], strict=True):
            if not begins:
                return
            others = self._begins(run)
            if not others:
                return
            if not anywhere:
                begins &= self.sentences_of(others)
        for start in _bits(begins):
            yield from self._rest(first, 0, start=start)

    def _begins(self, run: Run) -> int:
        """Where the run begins; found from its end, by where the rest of it does."""
        begins = self._at(run[-1][1])[0]
        for nth in range(len(run) - 2, -1, -1):
            if not begins:
                return 0
            begins = self._before(run[nth][1], begins, gap=run[nth + 1][0])
        return begins

    def _before(self, element: int, begins: int, *, gap: int) -> int:
        """Where the element stands before one of these, with at most ``gap`` words between."""
        reach = self._filled(begins) if gap < 0 else begins
        for _ in range(gap):
            reach |= reach >> 1 & ~self._breaks
        where, several = self._at(element)
        found = where & reach >> 1 & ~self._breaks
        for start, end in several.items():
            if reach >> end & 1 and not self._breaks >> (end - 1) & 1:
                found |= 1 << start
        return found

    def _filled(self, places: int) -> int:
        """These and everything before them in their sentences (Kogge and Stone 1973)."""
        passes, by = ~self._breaks, 1
        while by < len(self.words):
            places |= places >> by & passes
            passes &= passes >> by
            by *= 2
        return places

    def words_near(self, places: int) -> Iterable[str]:
        """The words of the sentences of these, and of the sentences right after them; all of the
        text's where there are none.
        """
        if not places:
            return self.places
        near = self.sentences_of(places)
        after = near << 1 & ~near & ((1 << len(self.words)) - 1)
        near |= self.sentences_of(after)
        return [word for word, where in self.places.items() if where & near]

    def sentences_of(self, places: int) -> int:
        """All words of the sentences of these."""
        whole = 0
        for position in _bits(places):
            if not whole >> position & 1:
                start, end = self.bounds(position)
                whole |= (1 << end) - (1 << start)
        return whole

    def _at(self, element: int) -> Places:
        found = self._elements.get(element)
        if found is None:
            where = 0
            several: dict[int, int] = {}
            names, words = self._vocabulary.parts[element]
            for word in words.intersection(self.places) if len(words) > _MANY else words:
                where |= self.places.get(word, 0)
            for name in names:
                listed, ends = self._lists.get(name) or self._list(name)
                where |= listed
                several = several | ends if several else ends
            found = self._elements[element] = where, several
        return found

    def _list(self, name: str) -> Places:
        where, several = 0, dict[int, int]()
        for word in self._vocabulary.list_words(name).intersection(self.places):
            where |= self.places[word]
            for start, end in self._longer.get(word, _NONE).items():
                several[start] = min(end, several.get(start, end))
        self._lists[name] = where, several
        return where, several

    def _rest(self, run: Run, nth: int, *, start: int) -> Iterator[Spans]:
        """The first way in which a run stands from here on; each gap is short, so few ways."""
        end = self._at(run[nth][1])[1].get(start, start + 1)
        if nth + 1 == len(run):
            yield ((start, end),)
            return
        gap = run[nth + 1][0]
        last = self.bounds(end - 1)[1]
        places = self._at(run[nth + 1][1])[0] >> end
        while places:
            following = end + (places & -places).bit_length() - 1
            if following >= last or 0 <= gap < following - end:
                return
            for rest in self._rest(run, nth + 1, start=following):
                yield ((start, end), *rest)
                return
            if gap < 0:
                return
            places &= places - 1


def _bits(places: int) -> Iterator[int]:
    while places:
        lowest = places & -places
        yield lowest.bit_length() - 1
        places ^= lowest

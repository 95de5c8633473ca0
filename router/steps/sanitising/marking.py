"""Which words of a text name people or places of the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from router.steps.sanitising.forms import Forms
from router.steps.sanitising.span import NAME, Kind
from router.steps.sanitising.words import (
    FIELD,
    Worded,
    beside,
    is_meant_as_name,
    is_ordinary,
    listed,
)

ADJOINING: Final = frozenset({" ", "-", "", ".", ". ", ", ", ",", "; ", "_", "  ", "\n", " - "})
"""What stands between two words of one name."""
_AFTER_INITIAL: Final = frozenset({"", ".", ". ", " ", "-"})
_ARTICLES: Final = listed("articles")
_TITLES: Final = listed("titles")


def marked(words: Worded, forms: Forms, *, found: Mapping[str, Kind]) -> list[Kind | None]:
    """For each word what it tells, in its place; ``found``: words that tell by themselves."""
    marking = _Marking(words, forms)
    marking.mark_words(found)
    marking.mark_pairs()
    if not words.caseless:
        marking.mark_initials()
        marking.mark_unusual()
    if NAME in marking.kinds:
        marking.mark_neighbours(found)
    return marking.kinds


class _Marking:
    def __init__(self, words: Worded, forms: Forms) -> None:
        self._words, self._forms = words, forms
        self.kinds: list[Kind | None] = [None] * len(words)

    def mark_words(self, found: Mapping[str, Kind]) -> None:
        for at, word in enumerate(self._words.words):
            if (kind := found.get(word.word)) and self._is_meant(at):
                self.kinds[at] = kind

    def _is_meant(self, at: int) -> bool:
        """Whether the word tells somebody here, and is not English that looks as if."""
        word = self._words.word(at)
        if len(word) < 3 or is_ordinary(word):
            return is_meant_as_name(self._words, at)
        if len(word) > 4 or word in self._forms.telling:
            return True
        written = self._words.written(at)  # a short word with a letter wrong
        return self._words.caseless or (written[0].isupper() and not written.isupper())

    def mark_pairs(self) -> None:
        """'Mac Namara', 'O Rourke' and 'jo_lee'."""
        forms = self._forms
        for at, one, other in beside(self._words):
            kind = forms.telling.get(one + other)
            if kind:
                told = len(one + other) > 4 and not (is_ordinary(one) and is_ordinary(other))
                joined = len(self._words.gap(at)) < 3
            else:
                kind = forms.telling.get(one) or forms.telling.get(other)
                told = kind is not None and forms.is_part(one) and forms.is_part(other)
                joined = self._words.gap(at) in ("_", ".")
            if told and joined:
                self.kinds[at] = self.kinds[at + 1] = kind

    def mark_initials(self) -> None:
        """'JS', 'J. S.' and 'J Smith' where the child is a Smith too."""
        for at, word in enumerate(self._words.words):
            known = 1 < len(word.word) < 5 and self._is_initials(at, word.word)
            if known and (word.word not in FIELD or not self._follows_article(at)):
                self.kinds[at] = NAME
        for at, one, other in beside(self._words):
            if len(one) == 1 and self._words.gap(at) in _AFTER_INITIAL:
                both = len(other) == 1 or self._forms.is_shared(other)
                if both and self._is_initials(at, one + other[0]):
                    self.kinds[at] = self.kinds[at + 1] = NAME

    def _is_initials(self, at: int, letters: str) -> bool:
        return letters in self._forms.initials and self._words.written(at).isupper()

    def _follows_article(self, at: int) -> bool:
        """'The GP' is a doctor, though there be a Gwen Parry."""
        return at > 0 and self._words.word(at - 1) in _ARTICLES

    def mark_unusual(self) -> None:
        """English with a capital amid a sentence that is a name with a letter wrong: 'by Brain'."""
        for at in range(1, len(self._words) - 1):
            if self.kinds[at] is None and self._is_unusual(at):
                self.kinds[at] = self._forms.misspelt(self._words.word(at))

    def _is_unusual(self, at: int) -> bool:
        words, word = self._words, self._words.word(at)
        return (
            len(word) > 3
            and words.written(at).istitle()
            and words.written(at - 1).islower()
            and words.written(at + 1).islower()
            and words.gap(at - 1) == " "
            and is_ordinary(word)
            and word not in FIELD
            and word not in self._forms.own
            and not self._follows_article(at)
        )

    def mark_neighbours(self, found: Mapping[str, Kind]) -> None:
        """Beside a name: initials, a family name that is the child's too, and names in doubt."""
        for at in range(1, len(self._words)):
            if self.kinds[at - 1] is NAME and self._words.gap(at - 1) in ADJOINING:
                self._mark_beside(at, found, gap=self._words.gap(at - 1))
        for at in range(len(self._words) - 2, -1, -1):
            gap = self._words.gap(at)
            if self.kinds[at + 1] is NAME and gap in ADJOINING and not self._is_childs(at):
                self._mark_beside(at, found, gap=gap)

    def _mark_beside(self, at: int, found: Mapping[str, Kind], *, gap: str) -> None:
        word, written = self._words.word(at), self._words.written(at)
        if self.kinds[at] is not None:
            return
        if len(word) == 1:
            name = word in self._forms.letters and written.isupper()
        elif word in self._forms.own:
            name = word in self._forms.others
        else:
            name = word in found or self._looks_like_name(at, gap=gap)
        if name:
            self.kinds[at] = NAME

    def _looks_like_name(self, at: int, *, gap: str) -> bool:
        """A word that is no English, or one that a name becomes with a letter wrong or from
        behind; with a capital.
        """
        word, written = self._words.word(at), self._words.written(at)
        if written.islower() or word in _TITLES:
            return False
        if not is_ordinary(word):
            return gap == " " and written[0].isupper()
        return word[::-1] in self._forms.others or self._forms.misspelt(word) is not None

    def _is_childs(self, at: int) -> bool:
        """Whether a family name stands right behind a name of the child's own."""
        if not at or self._words.gap(at - 1) not in ADJOINING:
            return False
        before = self._words.word(at - 1)
        return before in self._forms.own and before not in self._forms.others

"""Words of a text, and whether one that is ordinary English is meant as a name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, NamedTuple

from router.steps.sanitising.reading import Reading

TOKEN: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def data(name: str) -> str:
    """The text of a file of the package."""
    return files(__package__).joinpath(f"data/{name}").read_text(encoding="utf-8")


_LISTS: Final[dict[str, Any]] = tomllib.loads(data("words.toml"))


def in_order(name: str) -> list[str]:
    """The words of a list in ``words.toml``."""
    return list(_LISTS[name].split())


def listed(name: str) -> frozenset[str]:
    """The same, where their order does not matter."""
    return frozenset(in_order(name))


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


STREETS: Final = {
    short: street for street, more in _LISTS["streets"].items() for short in (street, *more.split())
}
"""What a word for a street, in full or shortened, is in full."""


def _read_lines(name: str) -> frozenset[str]:
    lines = data(name).splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


FIELD: Final = _read_lines("field.txt")
"""Days, peoples, agencies, medicines and the like."""
_ORDINARY: Final = _read_lines("ordinary.txt") | FIELD


def is_ordinary(word: str) -> bool:
    """Whether a word in lower case is English as everybody writes it."""
    return word in _ORDINARY


def bare(token: str) -> str:
    """A token in lower case without possessive and apostrophes."""
    if "'" not in token:
        return token
    return (token[:-2] if token.endswith("'s") else token).replace("'", "")


def bare_words(reading: Reading) -> list[str]:
    """The words of a reading, in order; what a hyphen joins is several."""
    words = TOKEN.findall(reading.low)
    return list(map(bare, words)) if "'" in reading.low else words


class Word(NamedTuple):
    """A word of a reading: where it stands, and bare."""

    start: int
    end: int
    word: str


@dataclass(frozen=True, slots=True, repr=False)
class Worded:
    """A reading with its words."""

    reading: Reading
    words: list[Word]
    caseless: bool
    """Whether capitals tell nothing, as all letters are capitals or none is."""

    def __len__(self) -> int:
        """How many words."""
        return len(self.words)

    def word(self, at: int) -> str:
        """A word, bare."""
        return self.words[at].word

    def written(self, at: int) -> str:
        """A word as it is written, without what follows an apostrophe."""
        word = self.words[at]
        return self.reading.text[word.start : word.start + len(word.word)]

    def gap(self, at: int) -> str:
        """What stands between a word and the next; '' after the last."""
        if at + 1 >= len(self.words):
            return ""
        return self.reading.text[self.words[at].end : self.words[at + 1].start]

    def end(self, at: int) -> int:
        """Where a word ends without its possessive."""
        end = self.words[at].end
        return end - 2 * self.reading.low.startswith("'s", end - 2)


def worded(reading: Reading) -> Worded:
    """The reading with its words and where they stand."""
    found = TOKEN.finditer(reading.low)
    words = [Word(*match.span(), bare(match.group())) for match in found]
    return Worded(reading, words, reading.text.isupper() or reading.text.islower())


def beside(words: Worded) -> Iterator[tuple[int, str, str]]:
    """Each word with its place, and the next."""
    for at in range(len(words) - 1):
        yield at, words.word(at), words.word(at + 1)


_MODAL: Final = listed("modal")
_AFTER_MODAL: Final = listed("after_modal")
_AFTER_WORD: Final = listed("after_word")
_MONTHS: Final = listed("months")
_IN_MONTH: Final = listed("in_month")
_TITLES: Final = listed("titles")


def is_meant_as_name(words: Worded, at: int) -> bool:
    """Whether an ordinary word is meant as a name here: it has a capital or a title, and is no verb
    that begins a sentence, no month in a date and no 'Page 8'.
    """
    word, before = words.word(at), words.word(at - 1) if at else ""
    after = words.word(at + 1) if at + 1 < len(words) else ""
    if words.caseless:
        return word not in _MODAL
    if before in _TITLES:
        return True
    if words.written(at).islower() or after[:1].isdigit():
        return False
    if word in _MONTHS and (before in _IN_MONTH or before[:1].isdigit()):
        return False
    return after not in (_AFTER_MODAL if word in _MODAL else _AFTER_WORD)

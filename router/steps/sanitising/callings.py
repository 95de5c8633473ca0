"""Names behind a relative or a title, such as a sibling whom only the narrative knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Final

from router.linkage.names import is_name
from router.steps.sanitising.reading import Reading
from router.steps.sanitising.span import NAME, Span
from router.steps.sanitising.words import TOKEN, bare, is_ordinary, listed, one_of

_TITLES: Final = listed("titles")
_CALLED: Final = _TITLES | listed("kin")
_CAPITALISED: Final = r"[^\W\d_a-z][\w'-]{0,40}"
_FULL_NAME: Final = rf"{_CAPITALISED}(?:\s+{_CAPITALISED}){{0,3}}"
_CALLERS: Final = frozenset(word.rsplit("-", 1)[-1] for word in _CALLED)
_CALLER: Final = re.compile(rf"(?<![\w-])(?:{one_of(_CALLED)})(?![\w-])")
_NAMED: Final = re.compile(
    r"(?:,?\s+(?i:called|named|is called|is named|is))?[\s,.:(]+"
    rf"(?P<names>{_FULL_NAME}(?:(?:,\s*{_FULL_NAME}){{0,8}},?\s+(?:and|&)\s+{_FULL_NAME})?)"
)
_JOINTS: Final = re.compile(r",\s*|\s+(?:and|&)\s+")


def callings(reading: Reading, distinct: Set[str], *, own: frozenset[str]) -> Iterator[Span]:
    """Each of the names, of one person or of several, that is not the child's."""
    if _CALLERS.isdisjoint(distinct):
        return
    for caller in _CALLER.finditer(reading.low):
        title = caller.group() in _TITLES
        named = _NAMED.match(reading.text, caller.end())
        if named and (title or "." not in reading.text[caller.end() : named.start("names")]):
            yield from _others(reading, named, own=own, title=title)


def _others(
    reading: Reading, named: re.Match[str], *, own: frozenset[str], title: bool
) -> Iterator[Span]:
    start = named.start("names")
    for name in _JOINTS.split(named["names"]):
        start = named.string.index(name, start)
        words = [bare(token) for token in TOKEN.findall(name.lower())]
        shown = name[:-2] if name.endswith(("'s", "'S")) else name
        if not own.issuperset(words) and (title or any(map(_is_name, words))):
            yield Span(*reading.span(start, start + len(shown)), *NAME)
        start += len(name)


def _is_name(word: str) -> bool:
    return is_name(word) or not is_ordinary(word)

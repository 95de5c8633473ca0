"""Words of an owner's own in place of those proposed: what they are, and how they differ (R31)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import accumulate

from schemas.product import Difference, Wording

_WORDS = re.compile(r"\s+|[^\s]+")


def wording(original: str, text: str) -> Wording:
    """The owner's words, with what differs word by word from the original."""
    return Wording(text=text, differences=tuple(_differences(original, text)))


def _differences(original: str, text: str) -> Iterator[Difference]:
    before, after = _WORDS.findall(original), _WORDS.findall(text)
    starts = [0, *accumulate(map(len, before))]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, first, last, here, there in matcher.get_opcodes():
        if tag != "equal":
            instead = "".join(after[here:there])
            yield Difference(start=starts[first], end=starts[last], instead=instead)

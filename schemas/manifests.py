"""What an agency's system says that it sent on a day, by its own count: so that what is lost before
the hub is seen to be lost.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from operator import not_
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import AgencyFact, Identity, Shape

MOST_NUMBERS = 1000
"""Messages that one manifest numbers."""
_NUMBERED = re.compile(r"(.*?)([0-9]{1,9})", re.DOTALL)


class Manifest(Shape):
    """How many notifications an agency's system sent on a day, each id once however often it was
    sent; an amendment has an id of its own, and so has each record of a file.
    """

    day: dt.date
    """The agency's day, in the time of the United Kingdom."""
    sent: Annotated[int, Field(ge=0, le=1_000_000)]
    """How many it sent, by its own count."""
    first: Identity | None = Field(default=None, exclude_if=not_)
    """The ``id`` of the day's first message, where ids end in numbers that count up by one: then
    what is missing is named, and is found on whatever day it comes.
    """
    last: Identity | None = Field(default=None, exclude_if=not_)
    """The ``id`` of the day's last message."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not 2000 <= self.day.year < 2100:
            raise ValueError("day: it is of this century")
        if (self.first is None) != (self.last is None):
            raise ValueError("first: say both first and last, or neither")
        if self.first is not None and self.sent > len(self.numbers):
            raise ValueError("sent: first and last leave no room for so many")
        return self

    @property
    def numbers(self) -> range:
        """The numbers in which the ids end; none where they are not told. Raises ``ValueError``."""
        if self.first is None or self.last is None:
            return range(0)
        first, last = (_NUMBERED.fullmatch(one) for one in (self.first, self.last))
        if not first or not last or first[1] != last[1]:
            raise ValueError("last: it ends in a number, and is like first before that")
        found = range(int(first[2]), int(last[2]) + 1)
        if not 0 < len(found) <= MOST_NUMBERS:
            raise ValueError(f"last: it is at most {MOST_NUMBERS} numbers from first on")
        if _numbered(self.first, found[-1]) != self.last:
            raise ValueError("last: its number is written as that of first")
        return found

    def ids(self) -> Iterator[tuple[int, str]]:
        """Each number with the id that ends in it."""
        if self.first is not None:
            for number in self.numbers:
                yield number, _numbered(self.first, number)


def _numbered(like: str, number: int) -> str:
    """An id like another one, with another number; as many digits, with zeros before it."""
    found = _NUMBERED.fullmatch(like)
    assert found
    return f"{found[1]}{number:0{len(found[2])}d}"


class ManifestReceived(
    AgencyFact,
    type="mash.manifest.received.v1",
    topic="manifests.received",
    subject="agency",
):
    """An agency's system said how many notifications it sent on a day; a later one for the same day
    replaces it.
    """

    manifest: Manifest
    """What it said."""
    source_key: Identity | None = Field(default=None, exclude_if=not_)
    """What stands for the source of its event, within which ids are the agency's."""

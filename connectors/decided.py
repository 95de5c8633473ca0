"""What a decision must be beside well formed: its words say something, and its times are near.

It is asked where decisions come in: what was recorded before is decided as it was.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Final

from connectors.not_taken import NotTaken, dotted
from connectors.parts import leaves
from schemas.base import Shape

FURTHEST: Final = dt.timedelta(days=366)
"""How far ahead an agency may be given to answer: a clock walks through every day until then."""

_BLANK: Final = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and signs that show nothing."""


def check(decision: Shape, written: object, *, now: dt.datetime) -> None:
    """``written``: the decision as it came. Raises ``NotTaken`` with the path in that."""
    for path, value in leaves(written):
        if isinstance(value, str) and not says_something(value):
            raise NotTaken("missing.field", dotted(path))
    due_at = getattr(decision, "due_at", None)
    if due_at is not None and due_at > now + FURTHEST:
        raise NotTaken("invalid.value", "due_at", expected="within a year")


def says_something(text: str) -> bool:
    """Whether anything of it can be read: spaces, marks and format characters are no reason."""
    return any(
        unicodedata.category(character)[0] not in "CMZ" and character not in _BLANK
        for character in text
    )

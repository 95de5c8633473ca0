"""A letter: a notice on its way to an agency's queue."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.base import Notice
from schemas.message import derived_id


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """A notice for an agency's queue.

    ``key`` tells it from whatever else is sent on one message: ``product``, ``request/health``.
    """

    key: str
    agency: str
    notice: Notice
    after: str | None = None
    """A letter that is taken back with this: nobody who never had that one in hand is told."""


def letter_id(cause: str, step: str, *, key: str) -> str:
    """The id of what a step sends as ``key`` on a message: the same at every retry."""
    return derived_id(cause, step, "letter", key)

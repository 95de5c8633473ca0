"""What happened about a child, before a concern and since, as its picture has it: one list in the
order of time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from schemas.picture import (
    Earlier,
    Picture,
    PicturedAct,
    PicturedConcern,
    PicturedConsent,
    PicturedHandover,
    PicturedHolder,
    PicturedOutcome,
    PicturedRating,
    PicturedView,
)

Kind: TypeAlias = Literal[
    "earlier", "concern", "consent", "given", "handed over", "rated", "done", "disagrees", "closed"
]
What: TypeAlias = (
    Earlier
    | PicturedConcern
    | PicturedConsent
    | PicturedHolder
    | PicturedHandover
    | PicturedRating
    | PicturedAct
    | PicturedView
    | PicturedOutcome
)


@dataclass(frozen=True, slots=True, repr=False)
class Happened:
    """One thing that happened."""

    at: dt.date | dt.datetime
    """A day alone where no hour was told."""
    kind: Kind
    agency: str | None
    """The code of whose word it is; None: the lead agency's."""
    who: str | None
    """The person; None where nobody is named."""
    what: What
    """All that the picture has of it."""

    @property
    def has_hour(self) -> bool:
        """Whether more than the day is known."""
        return isinstance(self.at, dt.datetime)


def timeline(picture: Picture) -> list[Happened]:
    """All of it, the oldest first; what is of one day without an hour comes before what has one."""
    return sorted(_all(picture), key=_moment)


def _all(picture: Picture) -> Iterator[Happened]:
    for earlier in reversed(picture.history):
        yield Happened(earlier.on, "earlier", earlier.agency, None, earlier)
    concern = picture.concern
    yield Happened(concern.observed_at, "concern", concern.agency, None, concern)
    for word in concern.consents:
        yield Happened(word.at, "consent", word.agency, word.told_by, word)
    yield from _decided(picture)
    for act in picture.acted:
        yield Happened(act.at, "done", act.owner, act.told_by, act)
    for view in picture.views:
        yield Happened(view.at, "disagrees", view.agency, view.raised_by, view)


def _decided(picture: Picture) -> Iterator[Happened]:
    for rating in picture.ratings:
        yield Happened(rating.at, "rated", None, rating.decided_by, rating)
    if holder := picture.holder:
        yield Happened(holder.at, "given", None, holder.decided_by, holder)
    if handed := picture.handed_over:
        yield Happened(handed.since, "handed over", None, handed.handed_by, handed)
    if closed := picture.closed:
        yield Happened(closed.at, "closed", None, closed.decided_by, closed)


def _moment(one: Happened) -> dt.datetime:
    if isinstance(one.at, dt.datetime):
        return one.at
    return dt.datetime.combine(one.at, dt.time.min, dt.UTC)

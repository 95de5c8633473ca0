"""A clock that runs: what it tells next, and along whom it goes up. Each telling is a fact and a
letter of the step whose clock it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from operator import not_
from typing import Self

from pydantic import Field

from router.step import Timer
from router.steps.clocks.openings import Openings
from router.steps.clocks.own_time import OwnTime
from schemas.base import Instant, Line, Shape
from schemas.calendar import Contact


class Rung(Shape):
    """Whom it goes up to next, and when, as long as nothing happens."""

    at: Instant
    contact: Contact


class Paused(Shape):
    """The clock stands still since then, for a reason."""

    since: Instant
    reason: Line
    by: Line | None = Field(default=None, exclude_if=not_)
    """Who had it stand still; None only in documents that were written before."""
    remind_at: Instant | None = Field(default=None, exclude_if=not_)
    """When whoever did is asked whether it is to stand still any longer, where anybody is."""


class Running(Shape):
    """A due time, and the chain along which it goes up once that has passed."""

    due_at: Instant
    started_at: Instant | None = Field(default=None, exclude_if=not_)
    own: dt.timedelta | None = Field(default=None, exclude_if=not_)
    """How much of its own time it was given; both are None only in documents that were written
    before, whose clocks go up no chain.
    """
    chain: tuple[Rung, ...] = Field(default=(), exclude_if=not_)
    """Once it is due, those who have not been told yet; the last is where it ends."""
    paused: Paused | None = Field(default=None, exclude_if=not_)
    approaching_at: Instant | None = Field(default=None, exclude_if=not_)
    """When it is told that the due time is near; None once that was told, and in documents that
    were written before.
    """

    def resumed(self, at: dt.datetime, runs: Openings) -> Self:
        """Running again: each moment has as much of its own time before it as when it stopped."""
        if self.paused is None:
            return self
        since = self.paused.since

        def later(moment: dt.datetime) -> dt.datetime:
            return moment if moment <= since else runs.after(at, runs.between(since, moment))

        chain = tuple(one.model_copy(update={"at": later(one.at)}) for one in self.chain)
        warns_at = self.approaching_at and later(self.approaching_at)
        return self.model_copy(
            update={
                "paused": None,
                "due_at": later(self.due_at),
                "approaching_at": warns_at,
                "chain": chain,
            }
        )


class Ticking(Running):
    """``approaching_at`` is None once the warning was given."""

    approaching_at: Instant | None
    day_and_night: bool = Field(default=False, exclude_if=not_)
    """Whether it runs at all hours, or in the authority's opening time."""
    breached: bool = Field(default=False, exclude_if=not_)
    """Whether it was told that the due time passed."""

    @property
    def next_at(self) -> dt.datetime:
        """When there is something to tell: that the due time is near, that it passed, and then to
        who is next in the chain.
        """
        if self.breached:
            return self.chain[0].at
        return self.approaching_at or self.due_at

    @property
    def told_next(self) -> Contact | None:
        """Who of the chain is told next; None while the due time itself is to be told."""
        return self.chain[0].contact if self.breached else None

    @property
    def breached_next(self) -> bool:
        """Whether what is to tell next is the breach."""
        return self.approaching_at is None and not self.breached

    def told(self, chain: tuple[Rung, ...]) -> Ticking | None:
        """The clock once that was told; None once there is nobody else to tell.

        ``chain``: along whom it goes up once the breach was told.
        """
        if self.approaching_at is not None:
            return self.model_copy(update={"approaching_at": None})
        left = self.chain[1:] if self.breached else chain
        return self.model_copy(update={"breached": True, "chain": left}) if left else None


def started(own: OwnTime, due_at: dt.datetime | None = None, *, warn_at: float) -> Ticking:
    """A clock that warns after a share (0 to 1) of its own time."""
    return Ticking(
        due_at=due_at or own.due,
        started_at=own.start,
        own=own.length,
        approaching_at=own.at(warn_at),
        day_and_night=own.runs.calendar.always,
    )


def rungs(
    due_at: dt.datetime, contacts: Sequence[Contact], *, every: dt.timedelta, runs: Openings
) -> tuple[Rung, ...]:
    """When each of a chain is told: so much of the clock's own time after it was due, or after the
    one before.
    """
    return tuple(
        Rung(at=runs.after(due_at, every * number), contact=contact)
        for number, contact in enumerate(contacts, start=1)
    )


def timers(
    next_at: dt.datetime | None, key: str, *, before: dt.datetime | None = None
) -> tuple[Timer, ...]:
    """One timer at a time: for what a state waits for next, unless that is what it waited for."""
    return () if next_at is None or next_at == before else (Timer(next_at, key),)

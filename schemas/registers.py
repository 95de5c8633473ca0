"""Registers of known children: what a system knows of a child, and how it says so (R7)."""

from __future__ import annotations

import datetime as dt
from operator import not_

from pydantic import Field

from schemas.base import AreaFact, Code, Identity, Line, Shape
from schemas.message import derived_id
from schemas.notification import SetAside
from schemas.person import Person


class Involvement(Shape):
    """How a system knows a child, and whom to ask: as much as a check tells (draft MAIS reply)."""

    involvement: Line | None = Field(default=None, exclude_if=not_)
    """Of what kind, such as ``child in need plan``."""
    since: dt.date | None = Field(default=None, exclude_if=not_)
    until: dt.date | None = Field(default=None, exclude_if=not_)
    """When it ended; None while it lasts, or where that is not told."""
    worker: Line | None = Field(default=None, exclude_if=not_)
    contact: Line | None = Field(default=None, exclude_if=not_)
    """Whom to ring or write to."""
    reference: Identity | None = Field(default=None, exclude_if=not_)
    """The system's own."""


class KnownTo(Involvement):
    """An entry of a register that the hub keeps, held to be about a child."""

    system: Code
    possible: bool = Field(default=False, exclude_if=not_)
    """Whether a human has still to say that it is this child."""


class RegisterEntry(Involvement):
    """An entry of a register, for the hub to answer from: this child is known, or was."""

    system: Code
    """Which register, as ``[[checks]]`` of the configuration calls it."""
    reference: Identity
    child: Person
    set_aside: tuple[SetAside, ...] = Field(default=(), exclude_if=not_)
    """What else was said of the child and could not be used."""

    def known_to(self) -> KnownTo:
        """What it says besides who the child is."""
        return KnownTo(**self.shared(KnownTo))

    def entry_id(self, agency: str) -> str:
        """The same for the same entry with the same child: a list that comes again adds nothing."""
        return derived_id(
            "register-entry", agency, self.system, self.reference, self.child.model_dump_json()
        )


class RegisterEntryReceived(
    AreaFact,
    type="mash.register-entry.received.v1",
    topic="registers.received",
    subject="agency/entry.reference",
):
    """A register told of a child that it knows; ``entry_id`` is what linking files it under."""

    entry_id: Identity
    entry: RegisterEntry

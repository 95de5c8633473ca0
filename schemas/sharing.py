"""Who may know something, by its owner's word (R26, R28, R29, R34, L1)."""

from __future__ import annotations

from enum import StrEnum
from operator import not_
from typing import Protocol

from pydantic import Field

from schemas.base import Code, Line, Prose, Shape


def _none(value: object) -> bool:
    return value is None


class Sensitivity(StrEnum):
    """How much harm an item can do in wrong hands (R26, R35).

    ``restricted`` covers informants and the like.
    """

    ROUTINE = "routine"
    SENSITIVE = "sensitive"
    RESTRICTED = "restricted"


class Sharing(Shape):
    """What an agency lets be done with what it notifies, as with any item of its own."""

    sensitivity: Sensitivity = Sensitivity.SENSITIVE
    may_be_revealed: bool = True
    """Inside the hub."""
    may_leave: bool = True
    """To recipients outside, and to agencies that are asked for information."""
    signpost: bool | None = Field(default=None, exclude_if=_none)
    """Whether recipients may be told that it holds something, and its contact (R34).

    None: as its agreement says.
    """
    signpost_to: tuple[Code, ...] = Field(default=(), max_length=50, exclude_if=not_)
    """Recipients who alone may be told so; none: whoever gets what it is left out of."""
    reason: Line | None = Field(default=None, exclude_if=_none)
    """Why it is not revealed, or may not leave: why that would be more detrimental (L1)."""

    @property
    def lacks_reason(self) -> bool:
        """Whether it keeps something back and does not say why."""
        return not (self.may_be_revealed and self.may_leave) and not (self.reason or "").strip()


class Naming(Protocol):
    """What an owner says of who may be told that it holds an item (R34)."""

    @property
    def signpost(self) -> bool | None:
        """None: as its agreement says."""
        ...

    @property
    def signpost_to(self) -> tuple[str, ...]:
        """Recipients who alone may be told; none: all."""
        ...


def names_to(said: Naming, recipient: str | None, *, agreed: bool = False) -> bool:
    """Whether a recipient may be told that an owner holds what it does not get: by its owner's
    choice all may, some by name, or nobody. Everything that tells of an item asks this.

    ``agreed``: what its agreement says. Who names recipients and forbids it names nobody.
    """
    if said.signpost_to:
        return said.signpost is not False and recipient in said.signpost_to
    return agreed if said.signpost is None else said.signpost


FREE = Sharing()
"""Where a notification says nothing of it: each release is still its owner's to approve."""


class Part(Sharing):
    """A part of a notification with flags of its own: what an informant said, a safe address."""

    text: Prose

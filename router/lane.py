"""The lane of Reds: what may be one goes ahead of everything else, at every step and door.

Only what is said counts, never what must be read out of words first: whoever decides here holds up
everybody else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from router.steps.deduplicate import decide as deduplicate
from schemas.alarms import AlarmNotice
from schemas.base import Fact, Notice, Shape
from schemas.message import Message
from schemas.operations import NotRenewed, WayInBroken
from schemas.policy import BoroughProfile
from schemas.rating import Colour
from stores import journal, reds
from stores.database import Transaction, View


@dataclass(frozen=True, slots=True)
class Lane:
    """What goes by it. ``codes``: the coded concerns that point to Red in the borough's profile."""

    codes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, profile: BoroughProfile) -> Lane:
        """The lane of a borough."""
        red = (one for one in profile.indicators if one.colour is Colour.RED)
        return cls(frozenset(code for one in red for code in one.concerns))

    def takes(self, told: Fact | Notice) -> bool:
        """Whether it says by itself that it may be a Red: its sender calls it urgent or codes it
        so, somebody rates it Red, or it is about what is rated so; or what was refused, or does
        not come in, may be one, and people are to be told.
        """
        if isinstance(told, AlarmNotice | NotRenewed | WayInBroken):
            return True
        if not _may_say(type(told)):
            return False
        held = vars(told)  # asked for a field that it has not, a shape takes long to say so
        notification = held.get("notification")
        if notification is not None:
            return notification.urgent or not self.codes.isdisjoint(notification.concern)
        said = held.get("decision", told)
        held = vars(said) if isinstance(said, Shape) else {}
        return bool(
            held.get("urgent")
            or held.get("possible_red")
            or held.get("may_be_red")
            or Colour.RED in (held.get("colour"), held.get("was"))
        )

    def note(self, transaction: Transaction, messages: Iterable[Message]) -> set[str]:
        """The ids of those that it takes; their referrals are Reds from now on."""
        taken = [message for message in messages if self.takes(message.data)]
        if taken:
            reds.note(transaction, {message.correlation_id for message in taken})
        return {message.id for message in taken}

    def ahead(self, transaction: Transaction, messages: Sequence[Message]) -> set[str]:
        """The ids of those that go ahead: what it takes, and all that is about a Red."""
        taken = self.note(transaction, messages)
        left = [one for one in messages if one.id not in taken]
        return taken | about_reds(transaction, left)


_SAYING = frozenset(
    {"notification", "decision", "urgent", "possible_red", "may_be_red", "colour", "was"}
)


@cache
def _may_say(shape: type[Shape]) -> bool:
    """Whether anything of this shape may say by itself that it is a Red."""
    return not _SAYING.isdisjoint(shape.model_fields)


Unheard = Callable[[Sequence[Any]], Sequence[Any]]
"""Of rows of the journal, without their payload, those that are still to be heard."""


def with_earlier(
    view: View, reds: Sequence[Any], *, after: int, before: int, unheard: Unheard
) -> list[tuple[int, Message]]:
    """Rows of the journal that go ahead, as messages at their positions, behind what came earlier
    about the same and is unheard: no Red overtakes what its own sender, or whoever decides about
    it, said before it.
    """
    opened = _opened(view, reds)
    subjects = {subject for message in opened.values() for subject in _subjects(message)}
    earlier = journal.rows_about(
        view.connection,
        subjects=subjects | {row.subject for row in reds},
        referrals={row.correlation_id for row in reds},
        after=after,
        before=before,
    )
    left = unheard([row for row in earlier if row.position not in opened])
    rows = journal.rows_at(view.connection, [row.position for row in left])
    return sorted((opened | _opened(view, rows)).items())


def _opened(view: View, rows: Sequence[Any]) -> dict[int, Message]:
    keys = view.vault.keys(view.connection, {row.key_id for row in rows}, create=False)
    return {row.position: journal.opened(row, keys) for row in rows}


def _subjects(message: Message) -> Iterable[str]:
    """What an earlier version of a notification is about, under whatever mark this one comes."""
    return (deduplicate.key(message),) if deduplicate.STEP.concerns(message) else ()


def about_reds(transaction: Transaction, messages: Collection[Message]) -> set[str]:
    """The ids of those that are about a referral that may be a Red."""
    named = {one.correlation_id for one in messages if one.correlation_id != one.id}
    found = reds.among(transaction, named)
    return {one.id for one in messages if one.correlation_id in found}

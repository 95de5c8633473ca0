"""What the alarm step remembers of one referral, message that was refused, or way in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from operator import not_
from typing import Final

from pydantic import Field

from schemas.alarms import AlarmHead
from schemas.base import Code, Identity, Instant, Shape
from schemas.calendar import Contact

STEP_NAME: Final = "alarm"
"""Under which its documents are kept, and its letters named."""


class Alarm(AlarmHead):
    """One that nobody has taken yet."""

    told: tuple[Contact, ...]
    """Whom it was told, in order; of those at the end of the chain once."""
    times: int = 1
    next_at: Instant
    letter: Identity
    """The last that was sent."""


class Sent(Shape):
    """An urgent product, as far as it matters whether a person has it."""

    product_id: Identity
    stands_for: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Those whose place it takes."""
    reached: bool = Field(default=False, exclude_if=not_)
    """Whether a person of its recipient has it."""


class AtTheDoor(Shape):
    """A product, or a handover, that is kept back, as it may not be safe to hand it out."""

    hold_id: Identity
    agency: Code
    product_id: Identity | None = Field(default=None, exclude_if=not_)
    stopped: bool = Field(default=False, exclude_if=not_)
    """Whether a human found that it is not safe."""

    @property
    def why(self) -> str:
        """More closely, for an alarm about it."""
        return "not_safe" if self.stopped else "unsafe"


class Alarms(Shape):
    """The alarms about one thing, and what may end them."""

    running: tuple[Alarm, ...] = Field(default=(), exclude_if=not_)
    over: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Those that were taken or have ended: none is raised twice."""
    taken_by: dict[Identity, Code] = Field(default={}, exclude_if=not_)
    """By alarm, of which agency the person is who took it."""
    sent: tuple[Sent, ...] = Field(default=(), exclude_if=not_)
    rated: bool = Field(default=False, exclude_if=not_)
    handed_red: bool = Field(default=False, exclude_if=not_)
    """Whether what may be a Red went to the team of the child's worker."""
    may_be_red: bool = Field(default=False, exclude_if=not_)
    """Whether the referral may be a Red by what was told of it, be it with a team or not."""
    moved_to_team: bool = Field(default=False, exclude_if=not_)
    """Whether a human's word on its link had it go to a team."""
    late: AlarmHead | None = Field(default=None, exclude_if=not_)
    """The alarm that there is, if it did: a receipt is late."""
    at_the_door: tuple[AtTheDoor, ...] = Field(default=(), exclude_if=not_)
    """Letters that were kept back there, and that no human has sent since."""

    dead: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """The dead letters of a message that may be about a Red and nobody has dealt with."""

    @property
    def next_at(self) -> dt.datetime | None:
        """When somebody is told next."""
        return min((one.next_at for one in self.running), default=None)

    def alarm(self, alarm_id: str) -> Alarm | None:
        """The alarm of this id, while it runs."""
        return next((one for one in self.running if one.alarm_id == alarm_id), None)

    def with_(self, alarm: Alarm) -> Alarms:
        """With one as it stands now."""
        others = (one for one in self.running if one.alarm_id != alarm.alarm_id)
        return self.model_copy(update={"running": (*others, alarm)})

    def without(self, *alarms: Alarm) -> Alarms:
        """With these over."""
        if not alarms:
            return self
        gone = [one.alarm_id for one in alarms]
        left = tuple(one for one in self.running if one.alarm_id not in gone)
        return self.model_copy(update={"running": left, "over": (*self.over, *gone)})

    def kept(self, product_id: str) -> AtTheDoor | None:
        """What is kept back of a product."""
        found = (one for one in reversed(self.at_the_door) if one.product_id == product_id)
        return next(found, None)

    def kept_handover(self, agency: str) -> AtTheDoor | None:
        """What is kept back of a handover to the team that reads this queue."""
        found = (one for one in reversed(self.at_the_door) if one.product_id is None)
        return next((one for one in found if one.agency == agency), None)

    def keeping(self, new: AtTheDoor) -> Alarms:
        """With one more letter kept back, or one as it stands now."""
        left = self.handing_out(new.hold_id).at_the_door
        return self.model_copy(update={"at_the_door": (*left, new)})

    def handing_out(self, hold_id: str) -> Alarms:
        """With a letter that was kept back handed out."""
        left = tuple(one for one in self.at_the_door if one.hold_id != hold_id)
        return self.model_copy(update={"at_the_door": left})

    def saying(self, why: str | None, *, of: AtTheDoor) -> Alarms:
        """With other words, from now on, in the alarms about what is kept back."""
        after = self
        for one in self.running:
            about = one.cause in ("not_taken", "kept_back") and one.product_id == of.product_id
            if of.product_id is None:
                about = (one.cause, one.agency) == ("handover", of.agency)
            if about:
                after = after.with_(one.model_copy(update={"why": why}))
        return after

    def with_sent(self, new: Sent) -> Alarms:
        """With what is known of a product; what was known before stays so."""
        before = next((one for one in self.sent if one.product_id == new.product_id), new)
        known = Sent(
            product_id=new.product_id,
            stands_for=tuple(dict.fromkeys((*before.stands_for, *new.stands_for))),
            reached=before.reached or new.reached,
        )
        others = (one for one in self.sent if one.product_id != new.product_id)
        return self.model_copy(update={"sent": (*others, known)})

    def reached(self, product_id: str) -> bool:
        """Whether a person has this very product."""
        return any(one.reached for one in self.sent if one.product_id == product_id)

    def given_back(self, product_id: str) -> Alarms:
        """With a product that no person has any more."""
        sent = tuple(
            one.model_copy(update={"reached": False}) if one.product_id == product_id else one
            for one in self.sent
        )
        return self.model_copy(update={"sent": sent})

    def has(self, product_id: str) -> bool:
        """Whether a person has the product, or one that stands in its place."""
        return any(one.reached for one in self._in_place_of(product_id, set()))

    def _in_place_of(self, product_id: str, seen: set[str]) -> Iterator[Sent]:
        seen.add(product_id)
        for one in self.sent:
            if one.product_id == product_id:
                yield one
            elif product_id in one.stands_for and one.product_id not in seen:
                yield from self._in_place_of(one.product_id, seen)

"""Messages on their way to the steps that decide again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from router.unit import unit_of_chain
from schemas.message import Message
from stores import codec
from stores.replaying import JournalPosition, Recorded


@dataclass(slots=True, repr=False)
class Heard:
    """A message, and where it stands in the journal. It is opened when a step hears it, not
    before.
    """

    id: str
    type: str
    unit: str
    """That wrote it; one of no steps where it came from outside."""
    place: JournalPosition
    opening: Callable[[], Message | None]
    message: Message | None = None

    def opened(self) -> Message | None:
        """None where it cannot be read any more."""
        if self.message is None:
            self.message = self.opening()
        return self.message


def recorded_message(recorded: Recorded) -> Heard:
    """A message as it is in the journal."""
    row = recorded.row
    unit = unit_of_chain(row.chain)
    return Heard(row.message_id, row.type, unit, recorded.place, recorded.open)


class Content(NamedTuple):
    """What a message says, as plain values in the clear, between two processes of a replay."""

    source: str
    time: int
    key: str
    correlation_id: str
    causation_id: str | None
    data: bytes


class Handed(NamedTuple):
    """What a unit made of the message ``cause``, handed on to the process that has the steps behind
    it. Without ``content`` where none of those hears it, but what it causes in turn.
    """

    cause: str
    id: str
    type: str
    unit: str
    place: JournalPosition
    content: Content | None

    def heard(self) -> Heard:
        """As it comes to steps."""
        return Heard(self.id, self.type, self.unit, self.place, partial(_received, self))


def content_of(message: Message) -> Content:
    """What a message says."""
    return Content(
        message.source,
        codec.to_micros(message.time),
        message.key,
        message.correlation_id,
        message.causation_id,
        codec.encode(message.data),
    )


def _received(one: Handed) -> Message | None:
    if one.content is None:
        return None
    source, time, key, correlation_id, causation_id, data = one.content
    return Message(
        id=one.id,
        source=source,
        time=codec.from_micros(time),
        key=key,
        correlation_id=correlation_id,
        causation_id=causation_id,
        data=codec.decode(one.type, data),
    )

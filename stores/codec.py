"""Messages as they are kept and sent: CloudEvents envelopes in the clear around sealed data."""

from __future__ import annotations

import base64
import datetime as dt
import json
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import ValidationError

from schemas.base import Fact, Shape
from schemas.letter import Letter
from schemas.message import Message
from schemas.topics import FACTS
from stores.vault import DataKey, Unreadable

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
SEALED = "application/vnd.mash.sealed"


def to_micros(moment: dt.datetime) -> int:
    """Microseconds since 1970 in UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> dt.datetime:
    """The moment, in UTC."""
    return _EPOCH + dt.timedelta(microseconds=micros)


def key_id_of(message: Message) -> str:
    """Which key seals a message: that of the referral, or of whatever else, it is about.

    A case is its referrals: one that a human moves takes along all that is sealed with its key.
    """
    return message.correlation_id


def key_ids_of(message: Message) -> tuple[str | None, ...]:
    """Which keys may have sealed a message: of its case, while cases had keys; and one of its own
    where that of its referral was destroyed before.
    """
    return key_id_of(message), message.data.of_case, message.id


def encode(data: Shape) -> bytes:
    """Canonical JSON of a fact or another shape: fields in its order, no spaces."""
    return data.__pydantic_serializer__.to_json(data)


def decode(type_: str, payload: bytes) -> Fact:
    """A fact from its JSON; raises :class:`Unreadable` for an unknown type or another shape."""
    shape = FACTS.get(type_)
    if shape is None:
        raise Unreadable(type_)
    try:
        return shape.model_validate_json(payload)
    except ValidationError:
        raise Unreadable(type_) from None


class Unopened(Fact, subject="entry"):
    """Stands for a fact that cannot be opened any more, and is never recorded itself.

    Its key was destroyed, or its bytes were altered.
    """

    type: ClassVar = "mash.unopened.v1"
    topic: ClassVar = "messages.unopened"

    entry: str
    was: str | None = None
    """The type of the fact that it stands for, as far as is known."""


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """A message whose data is still sealed: all that a broker or an index may see."""

    id: str
    type: str
    topic: str
    source: str
    subject: str
    time: int
    key: str
    correlation_id: str
    causation_id: str | None
    key_id: str
    payload: bytes

    def open(self, key: DataKey) -> Message:
        """The message; raises :class:`Unreadable`."""
        return Message(
            id=self.id,
            source=self.source,
            time=from_micros(self.time),
            key=self.key,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
            data=decode(self.type, key.open(self.payload, bound_to=self.id)),
        )

    def unreadable(self) -> Message:
        """The message in place of one that cannot be opened: every step refuses it, none waits."""
        return Message(
            id=self.id,
            source=self.source,
            time=from_micros(self.time),
            key=self.key,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
            data=Unopened(entry=self.id, was=self.type),
        )

    def to_event(self) -> bytes:
        """A structured CloudEvent for a broker."""
        event = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": from_micros(self.time).isoformat(),
            "datacontenttype": SEALED,
            "partitionkey": self.key,
            "correlationid": self.correlation_id,
            "keyid": self.key_id,
            "data_base64": base64.b64encode(self.payload).decode(),
        }
        if self.causation_id is not None:
            event["causationid"] = self.causation_id
        return json.dumps(event, separators=(",", ":")).encode()


def from_event(event: bytes, *, topic: str) -> Sealed:
    """Read back :meth:`Sealed.to_event`; raises :class:`Unreadable` for anything else."""
    try:
        raw: dict[str, Any] = json.loads(event)
        return Sealed(
            id=raw["id"],
            type=raw["type"],
            topic=topic,
            source=raw["source"],
            subject=raw["subject"],
            time=to_micros(dt.datetime.fromisoformat(raw["time"])),
            key=raw["partitionkey"],
            correlation_id=raw["correlationid"],
            causation_id=raw.get("causationid"),
            key_id=raw["keyid"],
            payload=base64.b64decode(raw["data_base64"], validate=True),
        )
    except (ValueError, KeyError, TypeError):
        raise Unreadable(topic) from None


def letter_body(letter: Letter, *, id_: str, time: dt.datetime) -> bytes:
    """A letter as the structured CloudEvent that its agency gets."""
    notice = letter.notice
    head = {
        "specversion": "1.0",
        "id": id_,
        "source": "mash-hub",
        "type": notice.type,
        "subject": letter.agency,
        "time": time.isoformat(),
        "datacontenttype": "application/json",
    }
    content = notice.__pydantic_serializer__.to_json(notice)
    return json.dumps(head)[:-1].encode() + b', "data": ' + content + b"}"

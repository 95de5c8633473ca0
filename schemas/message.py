"""The envelope: CloudEvents 1.0, with ids by which decisions are explained and retries harmless."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from hashlib import sha1
from uuid import UUID

from schemas.base import Fact

_LENGTH = 36
_VERSION = 14
"""Where the digit of the version stands in a UUID's text."""
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_NAMESPACE = UUID("6f1c8f0e-0b5e-5c58-9f0e-8d2f5a1c7b11").bytes


def derived_id(*parts: str) -> str:
    """An id that is the same whenever the same parts cause it: a retry repeats, never adds.

    It begins as the first of its parts that is a :func:`dated_id`, so that all that an arrival
    causes lies together in an index; without one it is of version 5 (RFC 9562).
    """
    text = sha1(_NAMESPACE + "\x1f".join(parts).encode(), usedforsecurity=False).hexdigest()
    head = f"{text[:8]}-{text[8:12]}-5"
    for part in parts:
        if len(part) == _LENGTH and part[_VERSION] == "8":
            head = f"{part[:_VERSION]}8"
            break
    return f"{head}{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def dated_id(key: str, millis: int) -> str:
    """The id of what came under a key (a UUID) at this time, in milliseconds since 1970.

    RFC 9562, version 8: 48 bits of time, then the key's. Ids that grow with time fill an index from
    one end, where random ones dirty a page each.
    """
    date = f"{millis:012x}"
    return f"{date[:8]}-{date[8:]}-8{key[_VERSION + 1 :]}"


def arrived_millis(id_: str) -> int | None:
    """By what time an id is dated, in milliseconds since 1970: that of :func:`dated_id`, or of what
    caused it. None where it is not dated.
    """
    if len(id_) != _LENGTH or id_[_VERSION] != "8":
        return None
    try:
        return int(id_[:8] + id_[9:13], 16)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A fact in its envelope.

    ``correlation_id`` is the referral that all of this is about; ``causation_id`` the message that
    caused this one, None where it came from outside; ``key`` keeps order: messages of one key stay
    in line.
    """

    id: str
    source: str
    time: dt.datetime
    key: str
    correlation_id: str
    causation_id: str | None
    data: Fact

    @property
    def type(self) -> str:
        """The CloudEvents type."""
        return self.data.type

    @property
    def topic(self) -> str:
        """Where it is kept."""
        return self.data.topic

    @property
    def subject(self) -> str:
        """What it is about; the case wherever one is known."""
        return self.data.subject

    def __repr__(self) -> str:
        """Ids only: a repr ends up in logs and tracebacks."""
        return f"<Message {self.type} {self.id}>"


def caused_by(cause: Message, step: str, *, fact: Fact, ordinal: int) -> Message:
    """The message for ``fact``, the ``ordinal``-th that ``step`` decided on ``cause``.

    Its id follows from these. Its time is the cause's: steps have no clock, and replaying the
    cause must give the same message.
    """
    return Message(
        id=derived_id(cause.id, step, fact.type, str(ordinal)),
        source=f"mash-hub/{step}",
        time=cause.time,
        key=fact.of_case or cause.key,
        correlation_id=fact.of_referral or cause.correlation_id,
        causation_id=cause.id,
        data=fact,
    )


def arrived(fact: Fact, *, id_: str, source: str, time: dt.datetime) -> Message:
    """The message for a fact from outside, about the referral that it names, or starting one."""
    return Message(
        id=id_,
        source=source,
        time=time,
        key=fact.of_area or fact.subject,
        correlation_id=fact.of_referral or id_,
        causation_id=None,
        data=fact,
    )

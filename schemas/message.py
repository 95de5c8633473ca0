"""The envelope: CloudEvents 1.0, with ids by which decisions are explained and retries harmless."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from hashlib import blake2b, sha1
from uuid import UUID

from schemas.base import Fact

_LENGTH = 36
_VERSION = 14
"""Where the digit of the version stands in a UUID's text."""
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_NAMESPACE = UUID("6f1c8f0e-0b5e-5c58-9f0e-8d2f5a1c7b11").bytes


_SECRETS: dict[str, blake2b] = {}
"""Of the hubs whose stores this process has opened, by the mark that their ids carry: a keyed hash
of nothing so far, which is a third faster than to begin with the key every time.
"""


class NotHeld(Exception):
    """An id was made by a secret that this process does not hold, so none can follow from it."""


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """What a hub's ids follow by: from those that it gives, nobody else can compute one.

    Such an id is of version 7 (RFC 9562): 48 bits of time, 20 that say by which secret it was made,
    and 54 of a keyed hash. So several hubs may be in one process, what is decided again gets the
    same ids, and what follows from an id of before, of version 8 or 5, is called as it was then.
    """

    raw: bytes
    mark: str

    @classmethod
    def held(cls, raw: bytes) -> Secret:
        """The secret of these bytes, at most 64; from now on this process makes ids by it."""
        mark = blake2b(b"mark", key=raw, digest_size=3).hexdigest()[:5]
        _SECRETS[mark] = blake2b(key=raw, digest_size=7)
        return cls(raw, mark)

    def known_by(self, key: str) -> str:
        """What is kept of a key that others could compute; :func:`dated_id` makes an id of it."""
        text = blake2b(f"known by\x1f{key}".encode(), key=self.raw, digest_size=13).hexdigest()
        group, rest = _VARIANT[text[12]] + self.mark[3:] + text[13], text[14:]
        return f"{text[:8]}-{text[8:12]}-7{self.mark[:3]}-{group}-{rest}"


def derived_id(*parts: str) -> str:
    """An id that is the same whenever the same parts cause it: a retry repeats, never adds.

    It begins as the first of its parts that is a :func:`dated_id`, so that all that an arrival
    causes lies together in an index, and follows by the secret by which that one was made. One of
    before has none: then anybody can compute what follows. Without one it is of version 5.
    """
    told, head = "\x1f".join(parts).encode(), ""
    for part in parts:
        if len(part) == _LENGTH:
            if part[_VERSION] == "7" and (kept := _SECRETS.get(_mark_of(part))):
                keyed = kept.copy()
                keyed.update(told)
                text = keyed.hexdigest()
                return f"{part[:19]}{_VARIANT[text[0]]}{part[20:22]}{text[1]}-{text[2:]}"
            if part[_VERSION] == "8":
                head = f"{part[:_VERSION]}8"
                break
    text = sha1(_NAMESPACE + told, usedforsecurity=False).hexdigest()
    head = head or f"{text[:8]}-{text[8:12]}-5"
    return f"{head}{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def _mark_of(id_: str) -> str:
    return id_[15:18] + id_[20:22]


def dated_id(key: str, millis: int) -> str:
    """The id of what came under a key (a UUID) at this time, in milliseconds since 1970.

    48 bits of time, then the key's: of version 7 where the key is a :class:`Secret`'s, else of
    version 8. Ids that grow with time fill an index from one end, where random ones dirty a page
    each.
    """
    date, version = f"{millis:012x}", "7" if key[_VERSION] == "7" else "8"
    return f"{date[:8]}-{date[8:]}-{version}{key[_VERSION + 1 :]}"


def arrived_millis(id_: str) -> int | None:
    """By what time an id is dated, in milliseconds since 1970: that of :func:`dated_id`, or of what
    caused it. None where it is not dated.
    """
    if len(id_) != _LENGTH or id_[_VERSION] not in "78":
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
    cause must give the same message. Raises :class:`NotHeld`.
    """
    id_ = derived_id(cause.id, step, fact.type, str(ordinal))
    if len(cause.id) == _LENGTH and cause.id[_VERSION] == "7" != id_[_VERSION]:
        raise NotHeld(cause.id)
    return Message(
        id=id_,
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

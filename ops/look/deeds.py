"""What an entry of the record says that somebody did: saw, decided, received, told (R46, R47)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

from ops.look.reading import Readable
from schemas.access import Access
from schemas.base import Fact, Shape
from schemas.changes import ChangeFetched
from schemas.decisions import ProductFetched
from schemas.envelope import Envelope
from schemas.erasure import CaseErased
from schemas.handover import HandoverFetched
from schemas.operations import (
    AccessDenied,
    DeadLetterRevealed,
    RecordAccessed,
    RecordRevealed,
    RevealReviewed,
)
from schemas.picture import DecidedOnPicture, PictureShown, Seen
from schemas.policy import plain_name
from stores import codec, erasing, policies, trail
from stores.database import View
from stores.rows import look_up
from stores.tables import leaves
from stores.trail import Entry

Kind: TypeAlias = Literal[
    "saw", "decided", "received", "told", "reviewed", "was denied", "erased", "unreadable"
]

_NAMED: Final[tuple[tuple[str, Kind], ...]] = (
    ("decided_by", "decided"),
    ("received_by", "received"),
    ("taken_by", "received"),
    ("recorded_by", "received"),
    ("answered_by", "told"),
    ("volunteered_by", "told"),
    ("raised_by", "told"),
    ("withdrawn_by", "told"),
    ("asked_by", "told"),
    ("told_by", "told"),
)
"""Of a fact itself, or of the message in it that an agency sent."""
LOOKS: Final = (RecordRevealed, RecordAccessed, AccessDenied)


@dataclass(frozen=True, slots=True, repr=False)
class Erasure:
    """Who had an entry made unreadable, when and on which ground."""

    by: tuple[str, str]
    why: str
    at: str
    message_id: str


@dataclass(frozen=True, slots=True, repr=False)
class Deed:
    """Somebody saw, decided or received something; ``who`` None: an agency, without a name."""

    position: int
    leaf: int | None
    """Its place in the tree; None: it has none yet."""
    at: str
    kind: Kind
    type: str
    who: str | None
    also: tuple[str, ...]
    """Who else had to do it with them."""
    agency: str | None
    roles: tuple[str, ...]
    why: str | None
    """Why somebody looked or erased; why somebody decided is for who may open the decision."""
    message_id: str
    about: str
    pictures: tuple[str, ...]
    """That were shown, or on which it was decided."""
    erased: Erasure | None = None
    """By whom what it said was erased."""


def last_decision(hub: Readable, referral_id: str) -> Deed | None:
    """What a person decided last about a referral."""
    with hub.database.view() as view:
        entries = trail.about(view.connection, view.vault, wanted=referral_id)
        decided = [one for one in Telling(view).of(entries) if one.kind == "decided" and one.who]
    return decided[-1] if decided else None


_Told: TypeAlias = tuple[Kind, str | None, str | None]


@dataclass
class Telling:
    """Tells of entries, with what the store knows about them."""

    view: View

    def of(self, entries: Iterable[Entry]) -> list[Deed]:
        """What somebody did by these, in the order of the record; nothing of what steps made of
        it, which says the same again.
        """
        outside = [entry for entry in entries if entry.message.causation_id is None]
        outside.sort(key=lambda entry: entry.position)
        told = [(entry, said) for entry in outside if (said := _told(entry.message.data))]
        leaf = leaves_of(self.view, [entry.position for entry, _ in told])
        unread = [entry.message.id for entry, (kind, *_) in told if kind == "unreadable"]
        erased = self._erased(unread)
        return [
            self._deed(
                entry, said, leaf=leaf.get(entry.position), erased=erased.get(entry.message.id)
            )
            for entry, said in told
        ]

    def _deed(self, entry: Entry, said: _Told, *, leaf: int | None, erased: Erasure | None) -> Deed:
        fact, (kind, who, why), access = entry.message.data, said, _access(entry.message.data)
        return Deed(
            position=entry.position,
            leaf=leaf,
            at=codec.from_micros(entry.recorded_at).isoformat(),
            kind="erased" if erased else kind,
            type=(isinstance(fact, codec.Unopened) and fact.was) or fact.type,
            who=who,
            also=self._also(fact, who),
            agency=access.agency if access else fact.of_agency,
            roles=access.roles if access else (),
            why=why,
            message_id=entry.message.id,
            about=fact.subject,
            pictures=_pictures(fact),
            erased=erased,
        )

    def people_of(self, fact: Fact) -> Iterator[str]:
        """Everybody who did this."""
        told = _told(fact)
        if told is not None and told[1] is not None:
            yield told[1]
            yield from self._also(fact, told[1])

    def _also(self, fact: Fact, who: str | None) -> tuple[str, ...]:
        """The second person of an erasure, and who else signed an approval."""
        if isinstance(fact, CaseErased):
            return (fact.and_by,)
        envelope = getattr(getattr(fact, "decision", None), "envelope", None)
        if not isinstance(envelope, Envelope):
            return ()
        known = {plain_name(who or "")}
        named = (self._signers.get((fact.of_agency, one.keyid)) for one in envelope.signatures)
        return tuple(name for name in named if name and plain_name(name) not in known)

    @cached_property
    def _signers(self) -> Mapping[tuple[str | None, str], str]:
        """Whose each key is or was, by agency and what envelopes call it."""
        found: dict[tuple[str | None, str], str] = {}
        for adopted in policies.by_time(self.view.connection):
            for code, partner in (adopted.policy.partners if adopted.policy else {}).items():
                keys = partner.agreement.keys if partner.agreement else ()
                found |= {(code, key.id): key.decided_by for key in keys}
        return found

    def _erased(self, message_ids: Sequence[str]) -> Mapping[str, Erasure]:
        """Which of these an erasure on the record names, by the key that had sealed them."""
        if not message_ids:
            return {}
        said = erasing.erasures(self.view)
        rows = erasing.of_messages(self.view.connection, message_ids)
        return {row.message_id: _erasure(said[row.key_id]) for row in rows if row.key_id in said}


def leaves_of(view: View, positions: Sequence[int]) -> dict[int, int]:
    """The places in the tree of what stands at these positions, as far as they have one."""
    columns = (leaves.c.position, leaves.c.leaf)
    rows = look_up(view.connection, columns, by=leaves.c.position, values=positions)
    return {row.position: row.leaf for row in rows}


def _erasure(entry: Entry) -> Erasure:
    fact, at = entry.message.data, codec.from_micros(entry.recorded_at)
    assert isinstance(fact, CaseErased)
    by = (fact.decided_by, fact.and_by)
    return Erasure(by, fact.why, at.isoformat(), entry.message.id)


def _access(fact: Fact) -> Access | None:
    """By which rules, as what; None of what was done otherwise, or before there were any."""
    if isinstance(fact, (*LOOKS, DeadLetterRevealed, RevealReviewed)):
        return fact.access
    return None


def _told(fact: Fact) -> _Told | None:
    """What was done, by whom, and why they looked."""
    match fact:
        case codec.Unopened():
            return "unreadable", None, None
        case AccessDenied():
            return "was denied", fact.who, fact.why
        case RecordAccessed():
            return "saw", fact.who, fact.why
        case RecordRevealed() | DeadLetterRevealed():
            return "saw", fact.seen_by, fact.why
        case RevealReviewed():
            return "reviewed", fact.reviewed_by, fact.why
        case CaseErased():
            return "decided", fact.decided_by, fact.why
        case PictureShown() | ProductFetched() | HandoverFetched() | ChangeFetched():
            # Which person, that they know.
            return "saw", None, None
    return _done_by(fact)


def _done_by(fact: Fact) -> _Told | None:
    shapes = [*_with_parts(fact)]
    for name, kind in _NAMED:
        for shape in shapes:
            if isinstance(who := shape.get(name), str):
                return kind, who, None
    return None


def _with_parts(fact: Fact) -> Iterator[Mapping[str, Any]]:
    """What a fact says, and the message in it: no deeper, where others are named."""
    content = json.loads(codec.encode(fact))
    yield content
    yield from (part for part in content.values() if isinstance(part, Mapping))


def names_somebody(type_: type[Fact]) -> bool:
    """Whether facts of this type say who did them."""
    names = {name for name, _ in _NAMED}
    shapes = (type_, *(field.annotation for field in type_.model_fields.values()))
    fields = (
        one.model_fields for one in shapes if isinstance(one, type) and issubclass(one, Shape)
    )
    return issubclass(type_, (*LOOKS, DeadLetterRevealed, RevealReviewed)) or any(
        not names.isdisjoint(found) for found in fields
    )


def decided_by(fact: Fact) -> str | None:
    """Who decided this; None for what is no decision of a person."""
    told = _told(fact)
    return told[1] if told is not None and told[0] == "decided" else None


def pictures_of(fact: Fact) -> tuple[Seen, ...]:
    """The pictures on which something was decided."""
    return fact.seen if isinstance(fact, DecidedOnPicture) else ()


def _pictures(fact: Fact) -> tuple[str, ...]:
    if isinstance(fact, PictureShown):
        return (fact.picture.id,)
    return tuple(one.id for one in pictures_of(fact))

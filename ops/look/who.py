"""Who saw or decided what about a child or a case, by the record's own indexes (R46, R47)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from ops.run.wiring import Hub
from router.memory.register import persons_of
from schemas.base import Fact
from schemas.decisions import ProductFetched
from schemas.handover import HandoverFetched
from schemas.operations import DeadLetterRevealed, RecordAccessed, RecordRevealed
from schemas.picture import DecidedOnPicture, PictureShown, Seen
from stores import accesses, codec, people, trail
from stores.database import Transaction, View
from stores.trail import Entry

Kind: TypeAlias = Literal["saw", "decided", "received", "was denied", "unreadable"]

_DECIDED: Final = ("decided_by",)
_RECEIVED: Final = ("received_by", "taken_by")
_SAW: Final = (PictureShown, ProductFetched, HandoverFetched)
"""What was handed to an agency; which person of it read it, that agency knows."""
_MOVED: Final = ("from_case_id", "absorbed_case_id")
"""Where facts name a case whose referrals became this one's, or the other way round."""


@dataclass(frozen=True, slots=True, repr=False)
class Act:
    """Somebody saw, decided or received something; ``who`` None: an agency, without a name."""

    position: int
    at: str
    kind: Kind
    type: str
    who: str | None
    agency: str | None
    role: str | None
    why: str | None
    message_id: str
    about: str
    pictures: tuple[str, ...]
    """That were shown, or on which it was decided."""


def ask(hub: Hub, wanted: str, *, who: str, why: str) -> list[Act]:
    """Who saw or decided what about a child, case, referral or product, or ``agency/reference``, in
    the order of the record; also under cases that were merged with it or split from it. That
    somebody asked is recorded first, and is not among the answers.
    """
    with hub.database.transaction() as transaction:
        found = _entries(transaction, wanted)
        if found:
            _record(transaction, found, wanted=wanted, who=who, why=why)
    acts = (_act(found[position]) for position in sorted(found))
    return [act for act in acts if act is not None]


def _record(
    transaction: Transaction, found: Mapping[int, Entry], *, wanted: str, who: str, why: str
) -> None:
    access = RecordAccessed(
        about=wanted,
        action="who",
        outcome="allowed",
        who=who,
        agency=None,
        role=None,
        why=why,
        rules=None,
    )
    first = found[min(found)].message
    accesses.record(transaction, access, referral_id=first.correlation_id)


def _entries(view: View, wanted: str) -> dict[int, Entry]:
    """All entries about it and about what became of it, by position."""
    waiting, known = {wanted, *_cases_of_child(view, wanted)}, set[str]()
    found: dict[int, Entry] = {}
    while waiting:
        one = waiting.pop()
        known.add(one)
        entries = trail.about(view.connection, view.vault, wanted=one)
        found |= {entry.position: entry for entry in entries}
        waiting |= {case for entry in entries for case in _moved(entry)} - known
    return found


def _cases_of_child(view: View, wanted: str) -> Iterator[str]:
    """The case of a person of the register."""
    for _, person in persons_of(view, [people.number_of(wanted)]).values():
        if person.profile.person_id == wanted:
            yield person.profile.case_id


def _moved(entry: Entry) -> Iterator[str]:
    fact = entry.message.data
    yield from (case for name in _MOVED if (case := getattr(fact, name, None)))


def _act(entry: Entry) -> Act | None:
    """What somebody did; None of what steps made of it, which says the same again."""
    message, fact = entry.message, entry.message.data
    if message.causation_id is not None:
        return None
    told = _told(fact)
    if told is None:
        return None
    kind, who, role, why = told
    return Act(
        position=entry.position,
        at=codec.from_micros(entry.recorded_at).isoformat(),
        kind=kind,
        type=(isinstance(fact, codec.Unopened) and fact.was) or fact.type,
        who=who,
        agency=fact.of_agency,
        role=role,
        why=why,
        message_id=message.id,
        about=fact.subject,
        pictures=_pictures(fact),
    )


_Told: TypeAlias = tuple[Kind, str | None, str | None, str | None]


def _told(fact: Fact) -> _Told | None:
    """What was done, by whom, in which role, and why."""
    if isinstance(fact, codec.Unopened):
        return "unreadable", None, None, None
    if isinstance(fact, RecordAccessed):
        kind: Kind = "was denied" if fact.outcome == "denied" else "saw"
        return kind, fact.who, fact.role, fact.why
    if isinstance(fact, RecordRevealed | DeadLetterRevealed):
        return "saw", fact.seen_by, None, fact.why
    if isinstance(fact, _SAW):
        return "saw", None, None, None
    content = json.loads(codec.encode(fact))
    for names, kind in ((_DECIDED, "decided"), (_RECEIVED, "received")):
        for name in names:
            if (who := _said(content, name)) is not None:
                return kind, who, None, _said(content, "why") or _said(content, "rationale")
    return None


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


def _said(content: Any, name: str) -> str | None:
    """The first text of this name in what a fact says, at whatever depth."""
    if isinstance(content, Mapping):
        if isinstance(content.get(name), str):
            return str(content[name])
        content = list(content.values())
    if isinstance(content, list):
        return next((said for one in content if (said := _said(one, name)) is not None), None)
    return None

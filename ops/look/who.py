"""Who saw or decided what about a child or a case, by the record's own indexes (R46, R47)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from ops.access.acting import Asker, Denied, may
from ops.access.noting import UNKNOWN
from ops.access.recording import accessed
from ops.run.wiring import Hub
from router.memory.register import persons_of
from schemas.access import Access, Act, Record, Verdict
from schemas.base import Fact
from schemas.decisions import ProductFetched
from schemas.handover import HandoverFetched
from schemas.operations import (
    AccessDenied,
    DeadLetterRevealed,
    RecordAccessed,
    RecordRevealed,
    RevealReviewed,
)
from schemas.picture import DecidedOnPicture, PictureShown, Seen
from stores import codec, linking, people, trail
from stores.database import Transaction, View
from stores.trail import Entry

Kind: TypeAlias = Literal["saw", "decided", "received", "reviewed", "was denied", "unreadable"]

_NAMED: Final[tuple[tuple[str, Kind], ...]] = (
    ("decided_by", "decided"),
    ("received_by", "received"),
    ("taken_by", "received"),
)
_SAW: Final = (PictureShown, ProductFetched, HandoverFetched)
"""What was handed to an agency; which person of it read it, that agency knows."""
_LOOKS: Final = (RecordRevealed, RecordAccessed, AccessDenied)
_MOVED: Final = ("from_case_id", "absorbed_case_id")
"""Where facts name a case whose referrals became this one's, or the other way round."""


@dataclass(frozen=True, slots=True, repr=False)
class Deed:
    """Somebody saw, decided or received something; ``who`` None: an agency, without a name."""

    position: int
    at: str
    kind: Kind
    type: str
    who: str | None
    agency: str | None
    roles: tuple[str, ...]
    why: str | None
    """Why somebody looked; why somebody decided is for who may open the decision."""
    message_id: str
    about: str
    pictures: tuple[str, ...]
    """That were shown, or on which it was decided."""


def ask(hub: Hub, wanted: str, *, asker: Asker) -> list[Deed]:
    """Who saw or decided what about a child, case, referral or product, or ``agency/reference``, in
    the order of the record; also under cases that were merged with it or split from it. That
    somebody asked is recorded first, and is not among the answers. Raises ``Denied``.
    """
    with hub.database.transaction() as transaction:
        found = _entries(transaction, wanted)
        refused = _recorded(hub, transaction, found=found, wanted=wanted, asker=asker)
    if refused is not None:
        raise refused
    deeds = (_deed(found[position]) for position in sorted(found))
    return [deed for deed in deeds if deed is not None]


def _recorded(
    hub: Hub, transaction: Transaction, *, found: Mapping[int, Entry], wanted: str, asker: Asker
) -> Denied | None:
    """Nothing is recorded of who may ask, and asks about what is not there."""
    act, record = Act.LOOK, Record.ACCESSES
    if not found and may(hub, asker, act=act, record=record).verdict is Verdict.ALLOW:
        return None
    return accessed(
        hub,
        transaction,
        asker=asker,
        act=act,
        record=record,
        wanted=wanted if found else UNKNOWN,
        about=found[min(found)].message.correlation_id if found else UNKNOWN,
    )


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
    return found | {entry.position: entry for entry in _as_part(view, found.values())}


def _as_part(view: View, entries: Collection[Entry]) -> Iterator[Entry]:
    """Looks at these entries as part of something larger: a whole case, product or child."""
    ids = {entry.message.id for entry in entries}
    larger = {name for entry in entries for name in _larger(entry.message.data)}
    for look in linking.about(view.connection, view.vault, ids=larger, types=_LOOKS):
        fact = look.message.data
        if not isinstance(fact, RecordRevealed) or not ids.isdisjoint(fact.message_ids):
            yield look


def _larger(fact: Fact) -> Iterator[str]:
    for name in (fact.of_case, fact.of_product, getattr(fact, "person_id", None)):
        if name is not None:
            yield name


def _cases_of_child(view: View, wanted: str) -> Iterator[str]:
    """The case of a person of the register."""
    for _, person in persons_of(view, [people.number_of(wanted)]).values():
        if person.profile.person_id == wanted:
            yield person.profile.case_id


def _moved(entry: Entry) -> Iterator[str]:
    fact = entry.message.data
    yield from (case for name in _MOVED if (case := getattr(fact, name, None)))


def _deed(entry: Entry) -> Deed | None:
    """What somebody did; None of what steps made of it, which says the same again."""
    message, fact = entry.message, entry.message.data
    if message.causation_id is not None:
        return None
    told = _told(fact)
    if told is None:
        return None
    kind, who, why = told
    access = _access(fact)
    return Deed(
        position=entry.position,
        at=codec.from_micros(entry.recorded_at).isoformat(),
        kind=kind,
        type=(isinstance(fact, codec.Unopened) and fact.was) or fact.type,
        who=who,
        agency=access.agency if access else fact.of_agency,
        roles=access.roles if access else (),
        why=why,
        message_id=message.id,
        about=fact.subject,
        pictures=_pictures(fact),
    )


def _access(fact: Fact) -> Access | None:
    """By which rules, as what; None of what was done otherwise, or before there were any."""
    if isinstance(fact, (*_LOOKS, DeadLetterRevealed, RevealReviewed)):
        return fact.access
    return None


_Told: TypeAlias = tuple[Kind, str | None, str | None]


def _told(fact: Fact) -> _Told | None:
    """What was done, by whom, and why they looked."""
    if isinstance(fact, codec.Unopened):
        return "unreadable", None, None
    if isinstance(fact, AccessDenied):
        return "was denied", fact.who, fact.why
    if isinstance(fact, RecordAccessed):
        return "saw", fact.who, fact.why
    if isinstance(fact, RecordRevealed | DeadLetterRevealed):
        return "saw", fact.seen_by, fact.why
    if isinstance(fact, RevealReviewed):
        return "reviewed", fact.reviewed_by, fact.why
    if isinstance(fact, _SAW):
        return "saw", None, None
    content = json.loads(codec.encode(fact))
    for name, kind in _NAMED:
        if (who := _said(content, name)) is not None:
            return kind, who, None
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

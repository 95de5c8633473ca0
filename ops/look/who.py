"""Who saw or decided what about a child or a case, or what one person did (R46, R47)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Final

from ops.access.acting import Asker, Denied, may
from ops.access.noting import UNKNOWN
from ops.access.recording import accessed
from ops.look.deeds import LOOKS, Deed, Telling, names_somebody
from ops.run.wiring import Hub
from router.memory.register import persons_of
from schemas.access import Act, Resource, Verdict
from schemas.base import Fact
from schemas.erasure import CaseErased, HoldAdded, HoldLifted
from schemas.operations import RecordRevealed
from schemas.policy import plain_name
from schemas.topics import TOPICS
from stores import codec, erasing, linking, overview, people, trail
from stores.database import Transaction, View
from stores.trail import Entry
from stores.vault import HUB_KEY

_KEPT: Final = (HoldAdded, HoldLifted, CaseErased)
_MOVED: Final = ("from_case_id", "absorbed_case_id")
"""Where facts name a case whose referrals became this one's, or the other way round."""


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """The answer; of what a person did the newest, or the newest before some position."""

    deeds: list[Deed]
    """In the order of the record; may be none, where all that was read is others'."""
    older: int | None = None
    """Before which position the next part begins; None: there is none."""


def newest(hub: Hub, wanted: str, *, asker: Asker, before: int | None = None) -> Part:
    """Who saw or decided what about a child, case, referral or product, or ``agency/reference``, in
    the order of the record; also under cases that were merged with it or split from it. Where it is
    the id of nothing: what the person of this name did, no more than is read at once, as facts are
    not found by who did them. That somebody asked is recorded first, and is not among the answers.
    Raises ``Denied``.
    """
    older: int | None = None
    with hub.database.view() as view:
        last = before or overview.last_position(view.connection) + 1
        found, is_person = ({} if before else _entries(view, wanted)), False
        if not found and _may(hub, asker):
            found, older = _newest_by(view, wanted, before=last)
            is_person = bool(found) or older is not None
    with hub.database.transaction() as transaction:
        name = _name_of(transaction, wanted) if is_person else wanted
        refused = _recorded(hub, transaction, found=found, name=name, asker=asker)
    if refused is not None:
        raise refused
    with hub.database.view() as view:
        return Part(Telling(view).of(found.values()), older)


def _newest_by(view: View, name: str, *, before: int) -> tuple[dict[int, Entry], int | None]:
    """What somebody of this name did, as far as it is among the last facts before a position, and
    who asked that meanwhile; and where to read on.
    """
    found = linking.newest_first(view, types=_naming(), period=(0, before - 1), from_outside=True)
    positions = [position for position, _, _ in islice(found, _READ)]
    older = positions[-1] if len(positions) == _READ else None
    asked = trail.about(view.connection, view.vault, wanted=_name_of(view, name))
    looks = [one for one in asked if (older or 0) <= one.position < before]
    wanted, telling = plain_name(name), Telling(view)
    done = [
        entry
        for entry in linking.at(view, positions)
        if wanted in map(plain_name, telling.people_of(entry.message.data))
    ]
    return {entry.position: entry for entry in (*looks, *done)}, older


_READ: Final = 600


def _may(hub: Hub, asker: Asker) -> bool:
    return may(hub, asker, act=Act.LOOK, resource=Resource.ACCESSES).verdict is Verdict.ALLOW


def _recorded(
    hub: Hub, transaction: Transaction, *, found: Mapping[int, Entry], name: str, asker: Asker
) -> Denied | None:
    """Nothing is recorded of who may ask, and asks about what is not there."""
    of_person = name.startswith(_PERSON)
    if not (found or of_person) and _may(hub, asker):
        return None
    return accessed(
        hub,
        transaction,
        asker=asker,
        act=Act.LOOK,
        resource=Resource.ACCESSES,
        wanted=name if found or of_person else UNKNOWN,
        about=name if of_person else _referral(found),
    )


def _referral(found: Mapping[int, Entry]) -> str:
    return found[min(found)].message.correlation_id if found else UNKNOWN


# About a child


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
    around = (*_as_part(view, found.values()), *_erasures_of(view, found.values()))
    return found | {entry.position: entry for entry in around}


def _as_part(view: View, entries: Collection[Entry]) -> Iterator[Entry]:
    """Looks at these entries as part of something larger: a whole case, product or child; and who
    has held that, or erased it.
    """
    ids = {entry.message.id for entry in entries}
    larger = {name for entry in entries for name in _larger(entry.message.data)}
    types = (*LOOKS, *_KEPT)
    for look in linking.about(view.connection, view.vault, ids=larger, types=types):
        fact = look.message.data
        if not isinstance(fact, RecordRevealed) or not ids.isdisjoint(fact.message_ids):
            yield look


def _erasures_of(view: View, entries: Collection[Entry]) -> Iterator[Entry]:
    """Those that made some of these unreadable."""
    shut = [entry.message.id for entry in entries if isinstance(entry.message.data, codec.Unopened)]
    if shut:
        said = erasing.erasures(view)
        for row in erasing.of_messages(view.connection, shut):
            if row.key_id in said:
                yield said[row.key_id]


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


# By a person


_PERSON: Final = "person/"


def _name_of(view: View, name: str) -> str:
    """What the record calls somebody of whom was asked: ids lie in the clear, names do not."""
    key = view.vault.keys(view.connection, [HUB_KEY], create=isinstance(view, Transaction))
    return _PERSON + key[HUB_KEY].digest(plain_name(name).encode()).hex() if key else ""


@cache
def _naming() -> tuple[type[Fact], ...]:
    """The types of facts that name who did them."""
    return tuple(fact for topic in TOPICS for fact in topic.facts if names_somebody(fact))

"""Where a message is, and which way it took: envelopes, and nothing of what they hold.

What is searched is what is shown: ids, and what an agency calls its own case where somebody knows
a part of that. Nothing of a child can be searched here, as nothing of one is shown: for that see
:mod:`ops.look.child_search`. That somebody searched, followed a message or looked at the newest is
recorded, or that they were denied it; what they searched by is there as a keyed digest alone.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ops.access import attempts
from ops.access.acting import Asker, today
from ops.access.noting import UNKNOWN
from ops.access.recording import accessed
from ops.look.reading import Guarded
from ops.look.revealing import looked_at
from schemas.access import Act, Resource
from schemas.operations import RecordAccessed
from schemas.topics import FACTS, TOPICS
from stores import codec, linking, reference_parts, searching, trail
from stores.database import Transaction
from stores.trail import Entry
from stores.vault import HUB_KEY

LEAST: Final = 4
"""Characters of what is searched: what a few begin with is half of the record."""
LONGEST: Final = 200
MOST: Final = 50
_OF_THE_HUB: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NEWEST: Final = "newest"
"""What the record calls the newest messages."""
_WHY: Final = "To find where messages are"
"""Nobody has to write a reason for a look at ids."""
THEIRS: Final = "(what its agency calls it)"


class CannotSearch(Exception):
    """Nothing can be searched for by this; the message says by what it can."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message without what it holds."""

    message_id: str
    at: dt.datetime
    """When it was recorded."""
    topic: str
    type: str
    by: str
    """The step, or the way in and agency, that it came from."""
    about: str
    """What it is about, where the hub called it so."""
    referral_id: str
    causation_id: str | None


@dataclass(frozen=True, slots=True)
class Hop:
    """A message on its way: how many hops from where it began, and how long it took from there."""

    envelope: Envelope
    depth: int
    seconds: float | None
    """Since what caused it was recorded; None of what came from outside."""
    waits: bool
    """Whether it has not reached its topic yet."""


def search(hub: Guarded, text: str, *, asker: Asker) -> list[Envelope]:
    """Messages that are called so, or are about what is, by its beginning; or whose agency calls
    its case so, by any part of that, however it is written. The newest first, at most so many of
    each. Raises ``Denied`` or :class:`CannotSearch`.
    """
    wanted = text.strip()
    if not LEAST <= len(wanted) <= LONGEST or not wanted.isprintable():
        raise CannotSearch(
            f"search by an id or how it begins, or by a part of a reference: {LEAST} characters at "
            "least"
        )
    lower = wanted.lower()
    asked = [("message", lower), ("subject", lower), ("referral", lower)]
    asked += [("subject", wanted)] if "/" in wanted else []
    asked += [("subject", f"{code}/{wanted}") for code in hub.settings.agencies]
    with hub.database.reading() as connection:
        called = reference_parts.subjects(connection, wanted, limit=MOST)
        found = searching.positions(connection, asked, called=called, limit=MOST)[: 2 * MOST]
        entries = searching.opened(connection, hub.database.vault, at=found)
    _searched(hub, wanted, entries, asker=asker)
    return _shown(hub, entries, asker=asker)[::-1]


def _searched(hub: Guarded, wanted: str, found: Sequence[Entry], *, asker: Asker) -> None:
    """That is recorded of the one referral of which all is that was found, if it is one."""
    referrals = {one.message.correlation_id for one in found}
    with hub.database.transaction() as transaction:
        digest = _digest(transaction, wanted)
    about = referrals.pop() if len(referrals) == 1 else digest
    _recorded(hub, asker, act=Act.SEARCH, wanted=digest, about=about)


def _digest(transaction: Transaction, wanted: str) -> str:
    """What the record calls that which was searched by: it may have been a name by mistake."""
    key = transaction.vault.keys(transaction.connection, [HUB_KEY], create=True)[HUB_KEY]
    return "search/" + key.digest(wanted.lower().encode()).hex()


def tail(
    hub: Guarded, *, asker: Asker, topic: str | None = None, goes_on: bool = False
) -> list[Envelope]:
    """The newest messages, the newest first; of one topic, or of all. ``goes_on``: of a list that
    is renewed as long as it is open: what somebody sees within the time for which a look lasts
    belongs to the first. Raises ``Denied``.
    """
    about = f"{_NEWEST}/{attempts.person_id(hub, asker.who)}/{today()}"
    if not (goes_on and _lasts(hub, about, asker=asker)):
        _recorded(hub, asker, act=Act.LOOK, wanted=_NEWEST, about=about)
    types = [fact.type for one in TOPICS if one.name == topic for fact in one.facts]
    with hub.database.reading() as connection:
        found = searching.tail(connection, types, limit=MOST)
        entries = searching.opened(connection, hub.database.vault, at=found)
    return _shown(hub, entries, asker=asker)[::-1]


def follow(hub: Guarded, message_id: str, *, asker: Asker) -> list[Hop]:
    """From where the message came first, through every hop, to all that came of it; empty where
    there is no such message, or none for whoever asks. Raises ``Denied``.
    """
    with hub.database.reading() as connection:
        sealed = trail.envelope(connection, message_id)
    about = sealed.correlation_id if sealed else UNKNOWN
    wanted = message_id if sealed else UNKNOWN
    _recorded(hub, asker, act=Act.LOOK, wanted=wanted, about=about)
    if sealed is None:
        return []
    with hub.database.reading() as connection:
        entries = trail.about(connection, hub.database.vault, wanted=sealed.correlation_id)
        waiting = searching.unsent(connection, [one.position for one in entries])
    known = looked_at(hub, entries, asker=asker, now=hub.database.clock())
    return _hops({one.message.id: one for one in known}, message_id, waiting=waiting)


def _recorded(hub: Guarded, asker: Asker, *, act: Act, wanted: str, about: str) -> None:
    """Record that somebody looks; or that the rules do not let them, and raise ``Denied``."""
    with hub.database.transaction() as transaction:
        no = accessed(
            hub,
            transaction,
            asker=asker,
            act=act,
            resource=Resource.TRAIL,
            wanted=wanted,
            about=about,
            why=_WHY,
        )
    if no is not None:
        raise no


def _lasts(hub: Guarded, about: str, *, asker: Asker) -> bool:
    """Whether a look of the same person at the newest lasts still."""
    since = hub.database.clock() - hub.access.reveal.minutes * 60_000_000
    with hub.database.view() as view:
        kinds = (RecordAccessed,)
        looks = linking.about(view.connection, view.vault, ids=[about], types=kinds)
    return any(
        one.recorded_at > since
        and isinstance(one.message.data, RecordAccessed)
        and one.message.data.who == asker.who
        for one in looks
    )


def _hops(known: Mapping[str, Entry], wanted: str, *, waiting: set[int]) -> list[Hop]:
    """The way to the message, and the tree of what it caused, each behind its cause."""
    if wanted not in known:
        return []
    way = [wanted]
    while (cause := known[way[0]].message.causation_id) in known and cause not in way:
        way.insert(0, str(cause))
    caused: dict[str | None, list[str]] = {}
    for one in known.values():
        caused.setdefault(one.message.causation_id, []).append(one.message.id)
    hops, left = list[Hop](), [(id_, depth) for depth, id_ in enumerate(way)][::-1]
    seen: set[str] = set()
    while left:
        id_, depth = left.pop()
        if id_ in seen:
            continue
        seen.add(id_)
        hops.append(_hop(known, id_, depth=depth, waiting=waiting))
        if depth >= len(way) - 1:
            later = caused.get(id_, [])[::-1]
            left += [(one, depth + 1) for one in later]
    return hops


def _hop(known: Mapping[str, Entry], id_: str, *, depth: int, waiting: set[int]) -> Hop:
    entry = known[id_]
    cause = known.get(entry.message.causation_id or "")
    took = (entry.recorded_at - cause.recorded_at) / 1_000_000 if cause else None
    return Hop(_envelope(entry), depth, took, entry.position in waiting)


def _shown(hub: Guarded, entries: Sequence[Entry], *, asker: Asker) -> list[Envelope]:
    known = looked_at(hub, entries, asker=asker, now=hub.database.clock())
    return [_envelope(one) for one in known]


def _envelope(entry: Entry) -> Envelope:
    message = entry.message
    fact = FACTS.get(message.type)
    return Envelope(
        message_id=message.id,
        at=codec.from_micros(entry.recorded_at),
        topic=fact.topic if fact else "",
        type=message.type,
        by=message.source.removeprefix("mash-hub/"),
        about=_own(message.data.subject if fact else ""),
        referral_id=_own(message.correlation_id),
        causation_id=message.causation_id,
    )


def _own(id_: str) -> str:
    """An id of the hub's; what agencies call their cases may name anybody."""
    return id_ if _OF_THE_HUB.fullmatch(id_) or not id_ else THEIRS

"""Many dead letters at a time: counted first, asked for by one person, agreed to by another, and
told of each what became of it.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Literal
from uuid import uuid4

from connectors.port import Routes
from ops.access.noting import OPERATIONS, note
from ops.look import dead_letters as looking
from ops.look.dead_letters import REFUSED, UNDECIDED
from ops.look.reading import Readable
from ops.mend import dead_letters as letters
from ops.mend.dead_letters import Person, Refused
from ops.run.wiring import Hub
from schemas.access import Proof
from schemas.operations import DeadLettersAsked, DeadLettersDecided, DeadLettersFact
from stores import codec, cursors, linking, overview
from stores.database import Transaction, View
from stores.vault import Unreadable

MOST: Final = 1000
"""Letters at a time; what they cause is to be seen before more of them are sent."""
LASTS: Final = dt.timedelta(hours=24)
"""For so long another person can agree."""
_PATIENCE: Final = 5.0
"""Seconds to wait for what the hub does with what was sent again."""
_PAUSE: Final = 0.05

Verb = Literal["redrive", "discard"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants done, and what was said to that."""

    asked_id: str
    verb: Verb
    ids: tuple[str, ...]
    by: str
    why: str
    at: dt.datetime
    proven: Proof | None = None
    agreed: bool | None = None
    """None: nobody has said anything yet."""
    said_by: str | None = None
    said_why: str | None = None

    def waits(self, now: dt.datetime) -> bool:
        """Whether somebody can still agree."""
        return self.agreed is None and now < self.at + LASTS


@dataclass(slots=True)
class Outcome:
    """What became of letters; ``not_done``: why, by id."""

    matched: int
    by_reason: Mapping[str, int]
    done: int = 0
    refused_again: int = 0
    undecided: int = 0
    """Of those done: nothing follows yet."""
    not_done: dict[str, str] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False

    @property
    def well(self) -> bool:
        """Whether all of it was done."""
        return not (self.refused_again or self.not_done)


def act_on(hub: Hub, routes: Routes, verb: Verb, *, ids: Sequence[str], person: Person) -> Outcome:
    """Act on each by itself: what is amiss with one keeps none of the others."""
    if len(ids) > 1 and person.other is None:
        raise Refused(TWO)
    acts: Mapping[Verb, Callable[..., int]] = {
        "redrive": partial(letters.redrive, hub, routes),
        "discard": partial(letters.discard, hub),
    }
    outcome = Outcome(len(ids), looking.reasons(hub, ids))
    acted = [id_ for id_ in ids if _one(partial(acts[verb], person=person), id_, outcome)]
    if verb == "redrive":
        _wait_for(hub, acted, outcome)
    else:
        outcome.done = len(acted)
        outcome.results |= dict.fromkeys(acted, "discarded")
    return outcome


TWO: Final = "two people do more than one at a time: another has to agree"


def _one(act: Callable[[str], int], id_: str, outcome: Outcome) -> bool:
    try:
        act(id_)
    except Refused as error:
        outcome.not_done[id_] = str(error)
    except Unreadable:
        outcome.not_done[id_] = "its key was destroyed, or is another hub's"
    return id_ not in outcome.not_done


def _wait_for(hub: Readable, ids: Collection[str], outcome: Outcome) -> None:
    """Until the hub has acted on them, but not for long: what it does then is told by ``show``."""
    until = time.monotonic() + _PATIENCE
    found = looking.became(hub, ids)
    while time.monotonic() < until and any(one.result == UNDECIDED for one in found.values()):
        time.sleep(_PAUSE)
        found = looking.became(hub, ids)
    for id_, one in found.items():
        outcome.results[id_] = f"{one.result}: {one.reason}" if one.reason else one.result
        outcome.refused_again += one.result == REFUSED
        outcome.done += one.result != REFUSED
        outcome.undecided += one.result == UNDECIDED


# --- two people


def different(one: str, other: str) -> None:
    """Raise :class:`Refused` where they are the same person."""
    if " ".join(one.casefold().split()) == " ".join(other.casefold().split()):
        raise Refused("two different people decide it: another than who asked for it has to agree")


def ask(hub: Hub, verb: Verb, *, ids: Sequence[str], person: Person) -> str:
    """Ask that this be done with these letters; answers the id under which another agrees. Raises
    :class:`Refused`.
    """
    if not 1 < len(ids) <= MOST:
        raise Refused(f"choose from 2 to {MOST:,} dead letters; one alone is done at once")
    asked = DeadLettersAsked(
        asked_id=str(uuid4()),
        act=verb,
        dead_letter_ids=tuple(dict.fromkeys(ids)),
        decided_by=person.who,
        why=person.why,
        proven=person.proven,
    )
    with hub.database.transaction() as transaction:
        _note(transaction, asked)
    return asked.asked_id


def _note(transaction: Transaction, fact: DeadLettersFact) -> None:
    cursor = cursors.lock(transaction, OPERATIONS)
    note(transaction, cursor, fact=fact, about=fact.asked_id)


def agree(hub: Hub, routes: Routes, asked_id: str, *, person: Person) -> Outcome:
    """Agree to what another person asked for; it is done, once. Raises :class:`Refused`."""
    asked = _settle(hub, asked_id, person=person, agreed=True)
    both = Person(asked.by, asked.why, asked.proven, other=person)
    return act_on(hub, routes, asked.verb, ids=asked.ids, person=both)


def refuse(hub: Hub, asked_id: str, *, person: Person) -> None:
    """It is not to be done: by another person, or as who asked takes it back."""
    _settle(hub, asked_id, person=person, agreed=False)


def _settle(hub: Hub, asked_id: str, *, person: Person, agreed: bool) -> Asked:
    with hub.database.transaction() as transaction:
        cursors.lock(transaction, OPERATIONS)
        asked = _of(transaction, asked_id)
        if asked.agreed is not None:
            word = "agreed to" if asked.agreed else "refused"
            raise Refused(f"{asked.said_by} has {word} it already")
        if not asked.waits(codec.from_micros(transaction.now)):
            raise Refused("it was asked for too long ago: choose the letters anew")
        if agreed:
            different(asked.by, person.who)
        said = {"decided_by": person.who, "why": person.why, "proven": person.proven}
        fact = DeadLettersDecided.model_validate({"asked_id": asked_id, "agreed": agreed} | said)
        _note(transaction, fact)
    return replace(asked, agreed=agreed, said_by=person.who, said_why=person.why)


def one(hub: Readable, asked_id: str) -> Asked:
    """What was asked for under an id. Raises :class:`Refused`."""
    with hub.database.view() as view:
        return _of(view, asked_id)


def asked_lately(hub: Readable) -> list[Asked]:
    """All that was asked for in the last day, the newest first."""
    since = hub.database.clock() - int(LASTS.total_seconds() * 1_000_000)
    with hub.database.view() as view:
        after = overview.position_before(view.connection, since)
        period = (after, overview.last_position(view.connection))
        entries = [*linking.within(view, type_=DeadLettersAsked, period=period)]
        facts = (entry.message.data for entry in reversed(entries))
        return [_of(view, fact.asked_id) for fact in facts if isinstance(fact, DeadLettersAsked)]


_FACTS: Final = (DeadLettersAsked, DeadLettersDecided)


def _of(view: View | Transaction, asked_id: str) -> Asked:
    found: Asked | None = None
    entries = linking.about(view.connection, view.vault, ids=[asked_id], types=_FACTS)
    for entry in entries:
        match entry.message.data:
            case DeadLettersAsked() as fact:
                by, at = (fact.decided_by, fact.why), entry.message.time
                found = Asked(asked_id, fact.act, fact.dead_letter_ids, *by, at, fact.proven)
            case DeadLettersDecided() as said if found is not None:
                found = replace(
                    found, agreed=said.agreed, said_by=said.decided_by, said_why=said.why
                )
    if found is None:
        raise Refused(f"nobody has asked for {asked_id}; see `hub dead-letters asked`")
    return found

"""What a run of the hub came to: counts that must reconcile, taken from the journal alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.events.facts import source_key
from router.intake import STEP as INTAKE
from router.intake import arrival_key
from schemas.case import ChildLinked, LinkOutcome
from schemas.information import InformationAnswered, InformationRequested, RequestsPrepared
from schemas.message import Message, derived_id
from schemas.notification import (
    MessageRefused,
    NotificationAccepted,
    NotificationDuplicated,
    NotificationReceived,
)
from schemas.product import ProductDelivered, ProductDrafted, ProductRefused, ProductReleased
from schemas.rating import Colour, RatingAssigned, RatingSuggested
from schemas.refusals import Refusal
from stores import counting, dead_letters, journal, known
from stores.database import Database
from stores.ports import Arrival

_OPENED = (
    NotificationAccepted,
    ChildLinked,
    RatingSuggested,
    RatingAssigned,
    RequestsPrepared,
    InformationRequested,
    ProductReleased,
    ProductRefused,
    MessageRefused,
)
"""What must be unsealed to be counted; of other facts their number or their envelope is enough."""


def final_summary(database: Database, ledger: Path, *, seconds: float) -> dict[str, Any]:
    """The summary of a run, checked against the senders' own account and the journal's hashes."""
    counts = summarise(database)
    unfinished = counts.pop("unfinished")
    return counts | {
        "lost": missing_from(database, ledger) + unfinished,
        "journal_verified": verified(database),
        "seconds": round(seconds, 3),
        "notifications_per_second": round(counts["received"] / seconds, 1),
    }


def reconciles(summary: dict[str, Any]) -> list[str]:
    """The equations that a summary breaks; none when it reconciles."""
    rated = sum(summary["rated"].values())
    equations = {
        "received = accepted + duplicates + dead_lettered": summary["received"]
        == summary["accepted"] + summary["duplicates"] + summary["dead_lettered"],
        "accepted = linked + new_persons + reviews": summary["accepted"]
        == summary["linked"] + summary["new_persons"] + summary["reviews"],
        "accepted = rated + bypassed": summary["accepted"] == rated + summary["bypassed"],
        "drafted = released + refused + waiting": summary["drafted"]
        == summary["released"] + summary["refused"] + summary["waiting"],
        "lost = 0": summary["lost"] == 0,
        "journal verified": summary["journal_verified"],
        "each story of the Red night ends at a person": ends_at_people(summary.get("red_night")),
    }
    return [equation for equation, holds in equations.items() if not holds]


def ends_at_people(night: Mapping[str, int] | None) -> bool:
    """Whether each story of a Red night did, and no Red is left with nobody; true also of a run
    without one.
    """
    if night is None:
        return True
    return night["ended_at_a_person"] == night["stories"] and not night["nobody_has_it"]


def summarise(database: Database) -> dict[str, Any]:
    """The counts of everything in the journal; ``received = accepted + duplicates + dead_lettered``
    once all is done.

    A message refused at intake counts as received and dead-lettered: what cannot be read may have
    been a notification.
    """
    tally = _tally(database)
    with database.reading() as connection:
        counts = Counter(counting.by_type(connection))
    return {
        **_notifications(tally, counts),
        **_ratings(tally, counts),
        **_products(tally, counts),
        "unfinished": len(tally.unfinished()),
        "refused_later": counts[MessageRefused.type] - tally.refused_at_intake,
        "journal_entries": counts.total(),
    }


def missing_from(database: Database, ledger: Path) -> int:
    """How many messages of a sender's own ledger the hub knows nothing of; each must be a fact or a
    dead letter.
    """
    sent = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    keys = [arrival_key(_arrival(note)) for note in sent]
    dead = {key: derived_id(key, "dead") for key in keys}
    with database.view() as view:
        messages = known.load(view, set(keys))
        recorded = journal.known_ids(view, messages.values())
        buried = dead_letters.known_ids(view, set(dead.values()))
    return sum(messages.get(key) not in recorded and dead[key] not in buried for key in keys)


def _arrival(note: Mapping[str, Any]) -> Arrival:
    """What a sender's ledger says of an arrival: enough for the hub to recognise it."""
    return Arrival(
        agency=note["agency"],
        connector="",
        event_id=note["event"],
        original=b"",
        content_type="",
        body=Refusal("unreadable.empty"),
        source_key=source_key(note["source"]) if note.get("source") else None,
    )


def verified(database: Database) -> bool:
    """Whether every hash of the journal holds and no entry is missing."""
    with database.reading() as connection:
        return not any(isinstance(item, journal.Flaw) for item in journal.verify(connection))


@dataclass(slots=True)
class _Tally:
    """Where each referral has come to."""

    received: set[str]
    settled: set[str]
    """Received ones that were accepted or found to be duplicates."""
    accepted: set[str] = field(default_factory=set)
    amended: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    linked: set[str] = field(default_factory=set)
    bypassed: set[str] = field(default_factory=set)
    colours: dict[str, Colour] = field(default_factory=dict)
    prepared: set[str] = field(default_factory=set)
    requests: int = 0
    signposts: int = 0
    released: set[str] = field(default_factory=set)
    """Products; one that its owners had changed while it waited left again in fewer words."""
    refused: set[str] = field(default_factory=set)
    refused_at_intake: int = 0

    def unfinished(self) -> set[str]:
        """Referrals that got stuck: received but not settled, accepted but not linked, then not
        rated or no requests prepared.
        """
        rated_or_bypassed = self.bypassed | self.colours.keys()
        return (
            (self.received - self.settled)
            | (self.accepted - self.linked)
            | (self.linked - rated_or_bypassed)
            | (self.linked - self.bypassed - self.prepared)
        )


def _tally(database: Database) -> _Tally:
    received = counting.causes(database, NotificationReceived.type)
    repeated = counting.causes(database, NotificationDuplicated.type)
    tally = _Tally(set(received), settled={str(cause) for cause in repeated.values()})
    for message in counting.facts_of(database, [fact.type for fact in _OPENED]):
        _count(tally, message)
    return tally


def _count(tally: _Tally, message: Message) -> None:
    match message.data:
        case NotificationAccepted(referral_id=id_, version=version):
            tally.settled.add(id_)
            tally.accepted.add(id_)
            tally.amended += version > 1
        case ChildLinked(referral_id=id_, outcome=outcome, allocated_to=worker):
            # Once for each: a human may have a referral linked anew.
            tally.outcomes[outcome] += id_ not in tally.linked
            tally.linked.add(id_)
            if worker is not None:
                tally.bypassed.add(id_)
        case RatingSuggested(referral_id=id_, colour=colour):
            tally.colours.setdefault(id_, colour)
        case RatingAssigned(referral_id=id_, colour=colour):
            tally.colours[id_] = colour
        case RequestsPrepared(referral_id=id_):
            tally.prepared.add(id_)
        case InformationRequested(requests=requests):
            tally.requests += len(requests)
        case MessageRefused(step=step):
            tally.refused_at_intake += step == INTAKE
        case _:
            _count_product(tally, message)


def _count_product(tally: _Tally, message: Message) -> None:
    match message.data:
        case ProductReleased(product_id=id_, signposts=signposts):
            tally.released.add(id_)
            tally.signposts += signposts
        case ProductRefused(product_id=id_):
            tally.refused.add(id_)


def _notifications(tally: _Tally, counts: Counter[str]) -> dict[str, int]:
    return {
        "received": len(tally.received) + tally.refused_at_intake,
        "accepted": len(tally.accepted),
        "duplicates": counts[NotificationDuplicated.type],
        "amended": tally.amended,
        "dead_lettered": tally.refused_at_intake,
        "linked": tally.outcomes[LinkOutcome.LINKED],
        "new_persons": tally.outcomes[LinkOutcome.NEW],
        "reviews": tally.outcomes[LinkOutcome.REVIEW],
    }


def _ratings(tally: _Tally, counts: Counter[str]) -> dict[str, Any]:
    colours = Counter(tally.colours.values())
    return {
        "bypassed": len(tally.bypassed - tally.colours.keys()),
        "rated": {colour.value: colours[colour] for colour in reversed(Colour)},
        "requests": tally.requests,
        "responses": counts[InformationAnswered.type],
    }


def _products(tally: _Tally, counts: Counter[str]) -> dict[str, int]:
    drafted, released = counts[ProductDrafted.type], len(tally.released)
    refused = len(tally.refused - tally.released)
    return {
        "drafted": drafted,
        "released": released,
        "refused": refused,
        "waiting": drafted - released - refused,
        "signposts": tally.signposts,
        "delivered": counts[ProductDelivered.type],
    }

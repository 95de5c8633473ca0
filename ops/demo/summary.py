"""What a run of the hub came to: counts that must reconcile, taken from the journal alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from router.intake import STEP as INTAKE
from schemas.case import ChildLinked, LinkOutcome
from schemas.information import InformationAnswered, InformationRequested
from schemas.message import Message, derived_id
from schemas.notification import (
    MessageRefused,
    NotificationAccepted,
    NotificationDuplicated,
    NotificationReceived,
)
from schemas.product import ProductDelivered, ProductDrafted, ProductRefused, ProductReleased
from schemas.rating import Colour, RatingAssigned, RatingSuggested
from stores import journal
from stores.database import Database

_OPENED = (
    NotificationReceived,
    NotificationAccepted,
    NotificationDuplicated,
    ChildLinked,
    RatingSuggested,
    RatingAssigned,
    InformationRequested,
    ProductReleased,
    MessageRefused,
)
_PAGE = 2000


@dataclass(slots=True)
class _Tally:
    """Where each referral has come to."""

    received: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    """Received ones that were accepted or found to be duplicates."""
    accepted: set[str] = field(default_factory=set)
    amended: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    linked: set[str] = field(default_factory=set)
    bypassed: set[str] = field(default_factory=set)
    colours: dict[str, Colour] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    requests: int = 0
    signposts: int = 0
    refused_at_intake: int = 0


def summarise(database: Database) -> dict[str, Any]:
    """The counts of everything in the journal; ``received = accepted + duplicates + dead_lettered``
    once all is done.

    A message refused at intake counts as received and dead-lettered: what cannot be read may have
    been a notification.
    """
    tally = _Tally()
    for message in _messages(database, [fact.type for fact in _OPENED]):
        _count(tally, message)
    counts = _counts(database)
    drafted, released, refused = (
        counts[fact.type] for fact in (ProductDrafted, ProductReleased, ProductRefused)
    )
    return {
        "received": len(tally.received) + tally.refused_at_intake,
        "accepted": len(tally.accepted),
        "duplicates": counts[NotificationDuplicated.type],
        "amended": tally.amended,
        "dead_lettered": tally.refused_at_intake,
        "linked": tally.outcomes[LinkOutcome.LINKED],
        "new_persons": tally.outcomes[LinkOutcome.NEW],
        "reviews": tally.outcomes[LinkOutcome.REVIEW],
        "bypassed": len(tally.bypassed - tally.colours.keys()),
        "rated": {
            colour.value: list(tally.colours.values()).count(colour)
            for colour in reversed(list(Colour))
        },
        "requests": tally.requests,
        "responses": counts[InformationAnswered.type],
        "drafted": drafted,
        "released": released,
        "refused": refused,
        "waiting": drafted - released - refused,
        "signposts": tally.signposts,
        "delivered": counts[ProductDelivered.type],
        "unfinished": len(_unfinished(tally)),
        "refused_later": counts[MessageRefused.type] - tally.refused_at_intake,
        "journal_entries": counts.total(),
    }


def missing_from(database: Database, ledger: Path) -> int:
    """How many messages of a sender's own ledger the hub knows nothing of; each must be a fact or a
    dead letter.
    """
    sent = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    with database.reading() as connection:
        known = set(connection.execute(text("SELECT key FROM arrivals")).scalars())
        known |= set(connection.execute(text("SELECT id FROM dead_letters")).scalars())
    return sum(not _ids_of(note) & known for note in sent)


def verified(database: Database) -> bool:
    """Whether every hash of the journal holds and no entry is missing."""
    with database.reading() as connection:
        return not any(isinstance(item, journal.Flaw) for item in journal.verify(connection))


def _ids_of(note: dict[str, str]) -> set[str]:
    arrival = derived_id("arrival", note["agency"], note["event"])
    return {arrival, derived_id(arrival, "dead")}


def _unfinished(tally: _Tally) -> set[str]:
    """Referrals that got stuck on the way: received but not settled, accepted but not linked, not
    rated, not asked.
    """
    rated_or_bypassed = tally.bypassed | tally.colours.keys()
    return (
        (tally.received - tally.settled)
        | (tally.accepted - tally.linked)
        | (tally.linked - rated_or_bypassed)
        | (tally.linked - tally.bypassed - tally.asked)
    )


def _count(tally: _Tally, message: Message) -> None:  # noqa: C901 - one line per kind of fact
    match message.data:
        case NotificationReceived():
            tally.received.add(message.id)
        case NotificationAccepted(referral_id=id_, version=version):
            tally.settled.add(id_)
            tally.accepted.add(id_)
            tally.amended += version > 1
        case NotificationDuplicated():
            tally.settled.add(str(message.causation_id))
        case ChildLinked(referral_id=id_, outcome=outcome, allocated_to=worker):
            tally.outcomes[outcome] += (
                id_ not in tally.linked
            )  # a human may have a referral linked anew
            tally.linked.add(id_)
            if worker is not None:
                tally.bypassed.add(id_)
        case RatingSuggested(referral_id=id_, colour=colour):
            tally.colours.setdefault(id_, colour)
        case RatingAssigned(referral_id=id_, colour=colour):
            tally.colours[id_] = colour
        case InformationRequested(referral_id=id_, requests=requests):
            tally.asked.add(id_)
            tally.requests += len(requests)
        case ProductReleased(signposts=signposts):
            tally.signposts += signposts
        case MessageRefused(step=step):
            tally.refused_at_intake += step == INTAKE


def _counts(database: Database) -> Counter[str]:
    query = text("SELECT type, count(*) AS number FROM journal GROUP BY type")
    with database.reading() as connection:
        return Counter({row.type: row.number for row in connection.execute(query)})


def _messages(database: Database, types: Iterable[str]) -> Iterator[Message]:
    wanted, position = set(types), 0
    while True:
        with database.reading() as connection:
            rows = journal.rows_after(connection, position, _PAGE)
            if not rows:
                return
            position = rows[-1].position
            chosen = [row for row in rows if row.type in wanted]
            keys = database.vault.keys(connection, {row.key_id for row in chosen}, create=False)
            yield from [journal.opened(row, keys) for row in chosen]

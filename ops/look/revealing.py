"""Who looks at what agencies told is recorded, and each of those agencies is told (R46, R47)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import uuid4

from ops.run.wiring import Hub
from schemas.base import Fact
from schemas.letter import Letter
from schemas.message import Message, derived_id
from schemas.notices import ContentRevealed
from schemas.notification import NotificationReceived
from schemas.operations import RecordRevealed
from stores import codec, cursors, journal, queues
from stores.database import Transaction
from stores.trail import Entry

OPERATIONS = "operations"
"""The chain of what people of the hub do."""


def operation(fact: Fact, *, now: int, correlation_id: str) -> Message:
    """The message for something that a person of the hub did, at ``now`` (microseconds)."""
    return Message(
        id=str(uuid4()),
        source="mash-hub/operations",
        time=codec.from_micros(now),
        key=fact.subject,
        correlation_id=correlation_id,
        causation_id=None,
        data=fact,
    )


def reveal_entries(
    hub: Hub, transaction: Transaction, *, entries: Sequence[Entry], wanted: str, who: str, why: str
) -> None:
    """Record that somebody is shown these entries, at least one, and tell whose they are."""
    cursor, ids = cursors.lock(transaction, OPERATIONS), [entry.message.id for entry in entries]
    fact = RecordRevealed(record_id=wanted, message_ids=tuple(ids), seen_by=who, why=why)
    message = operation(fact, now=transaction.now, correlation_id=_about(entries, wanted))
    journal.append(transaction, cursor, messages=[message])
    cursors.store(transaction, cursor)
    told = [entry.message for entry in entries if entry.chain.startswith("intake/")]
    for agency in hub.settings.agencies:
        theirs = [one for one in told if one.data.of_agency == agency]
        if theirs:
            notice = ContentRevealed(
                record="referral",
                message_ids=tuple(one.id for one in theirs),
                references=tuple(dict.fromkeys(_references(theirs))),
                seen_by=who,
                why=why,
                seen_at=message.time,
            )
            tell(transaction, message, agency=agency, notice=notice)


def _about(entries: Sequence[Entry], wanted: str) -> str:
    """The referral that was asked for, or the first of the case."""
    found = [entry.message.correlation_id for entry in entries]
    return wanted if wanted in found else found[0]


def _references(messages: Iterable[Message]) -> Iterator[str]:
    for one in messages:
        if isinstance(one.data, NotificationReceived):
            yield one.data.notification.reference


def tell(
    transaction: Transaction, message: Message, *, agency: str, notice: ContentRevealed
) -> None:
    """Put on an agency's queue that something of its own was read, as ``message`` records."""
    letter = Letter(f"revealed/{agency}", agency=agency, notice=notice)
    id_ = derived_id(message.id, letter.key)
    queues.post(transaction, {id_: letter}, about={id_: message.correlation_id})

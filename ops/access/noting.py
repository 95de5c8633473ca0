"""How what people of the hub do gets into the record."""

from __future__ import annotations

from uuid import uuid4

from schemas.base import Fact
from schemas.message import Message
from stores import codec, cursors, journal
from stores.cursors import Cursor
from stores.database import Transaction

OPERATIONS = "operations"
"""The chain of what people of the hub do."""
UNKNOWN = "unknown"
"""In the record of a denial, where there is no such thing: what was written may be anything."""


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


def note(transaction: Transaction, cursor: Cursor, *, fact: Fact, about: str) -> Message:
    """Record a fact in the chain of operations, ``about`` this referral or whatever it concerns."""
    message = operation(fact, now=transaction.now, correlation_id=about)
    journal.append(transaction, cursor, messages=[message])
    cursors.store(transaction, cursor)
    return message

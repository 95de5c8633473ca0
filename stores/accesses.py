"""Who looked at what, was shown or denied it: a fact of the journal, and so a leaf (R46, R47)."""

from __future__ import annotations

from uuid import uuid4

from schemas.message import Message
from schemas.operations import RecordAccessed
from stores import codec, cursors, journal
from stores.database import Transaction

CHAIN = "accesses"
_SOURCE = "mash-hub/accesses"


def record(
    transaction: Transaction, access: RecordAccessed, *, referral_id: str | None = None
) -> Message:
    """Record an access in the transaction that reads what is shown, before anybody is shown it.

    ``referral_id``: what it is about, where ``access.about`` is another id; whoever looks for the
    referral finds it by that, and it is sealed with it.
    """
    cursor = cursors.lock(transaction, CHAIN)
    message = Message(
        id=str(uuid4()),
        source=_SOURCE,
        time=codec.from_micros(transaction.now),
        key=access.about,
        correlation_id=referral_id or access.about,
        causation_id=None,
        data=access,
    )
    journal.append(transaction, cursor, messages=[message])
    cursors.store(transaction, cursor)
    return message

"""What arrivals are known again by, and the message that each became.

A message's id begins with the time at which it came, which a resend does not tell. What a resend
does tell, the sender's own id or the content, is kept here as a key, with that time. What came
before ids followed by a secret is kept under a key that others can compute.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select, update

from schemas.message import Secret, dated_id, derived_id
from stores.database import Database, Transaction, View
from stores.rows import look_up
from stores.tables import arrivals
from stores.tables import keys as wrapped_keys
from stores.vault import IDS_KEY
from stores.wrapping import wrapped


def event_key(agency: str, event_id: str, *, source_key: str | None) -> str:
    """What an arrival is known again by that has an id: that and its source, if it has one."""
    within = (source_key,) if source_key else ()
    return derived_id("arrival", agency, *within, event_id)


def refused_as(key: str) -> str:
    """The dead letter of an arrival of this key, where it is refused."""
    return derived_id(key, "dead")


def load(view: View, keys: Collection[str]) -> dict[str, str]:
    """The messages that arrivals of these keys became, by key."""
    kept = dict(zip(keys, keys, strict=True))
    if secret := view.vault.secret(view.connection):
        kept |= {secret.known_by(key): key for key in keys}
    rows = look_up(
        view.connection, (arrivals.c.key, arrivals.c.millis), by=arrivals.c.key, values=[*kept]
    )
    return {kept[row.key]: _id(row.key, row.millis) for row in rows}


def id_of(transaction: Transaction, key: str) -> str:
    """The message that an arrival of this key becomes in this transaction."""
    return dated_id(_secret(transaction).known_by(key), transaction.now // 1000)


def note(transaction: Transaction, keys: Sequence[str]) -> None:
    """Keep the keys of arrivals that became messages in this transaction.

    Raises ``Conflict`` where another transaction has kept one of them before.
    """
    if keys:
        secret, millis = _secret(transaction), transaction.now // 1000
        kept = sorted(map(secret.known_by, keys))
        transaction.insert(arrivals, [{"key": key, "millis": millis} for key in kept])


def follow(database: Database, secret: bytes) -> None:
    """Let ids follow by this secret of 32 bytes instead of a random one, where nothing came yet."""
    vault = database.vault
    with database.transaction() as transaction:
        vault.secret(transaction.connection, create=True)
    with database.transaction() as transaction:  # what is made is recorded as it was made
        if transaction.connection.execute(select(arrivals.c.key).limit(1)).first():
            return
        row = wrapped_keys.c.key_id == IDS_KEY
        same = wrapped(vault.wrapping, secret, bound_to=IDS_KEY)
        changed = update(wrapped_keys).where(row).values(wrapped=same).returning(wrapped_keys)
        transaction.bind(wrapped_keys, transaction.connection.execute(changed))
    vault.forget()


def _secret(transaction: Transaction) -> Secret:
    return transaction.vault.secret(transaction.connection, create=True)


def _id(key: str, millis: int | None) -> str:
    """Messages of older stores have the key itself as their id: they are kept without a time."""
    return key if millis is None else dated_id(key, millis)

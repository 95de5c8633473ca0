"""A step's statement over psycopg, committed at once; for peers that wait and for those that
await.
"""

from __future__ import annotations

from typing import Any

import psycopg

from tests.bench.peers.work import DEDUPLICATE, Place, Record, Step


def connected(place: Place) -> psycopg.Connection[Any]:
    """A connection on which each statement is a transaction."""
    return psycopg.connect(place.postgres, autocommit=True)


async def connected_async(place: Place) -> psycopg.AsyncConnection[Any]:
    """The same for an event loop."""
    return await psycopg.AsyncConnection.connect(place.postgres, autocommit=True)


def do(connection: psycopg.Connection[Any], step: Step, *, record: Record) -> None:
    """Do the step."""
    connection.execute(step.statement, step.values(record))


def is_first(connection: psycopg.Connection[Any], record: Record) -> bool:
    """Deduplicate: whether none but this notification has its reference."""
    cursor = connection.execute(DEDUPLICATE.statement, DEDUPLICATE.values(record))
    return cursor.fetchone() == (record["notification_id"],)


async def do_async(connection: psycopg.AsyncConnection[Any], step: Step, *, record: Record) -> None:
    """:func:`do`, awaited."""
    await connection.execute(step.statement, step.values(record))


async def is_first_async(connection: psycopg.AsyncConnection[Any], record: Record) -> bool:
    """:func:`is_first`, awaited."""
    cursor = await connection.execute(DEDUPLICATE.statement, DEDUPLICATE.values(record))
    return await cursor.fetchone() == (record["notification_id"],)

"""What happened lately and what it is about: ids and agencies alone, for whoever waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from stores.tables import journal, letters

MOST = 1000
"""Rows that are read at a time."""


def newest(connection: Connection) -> int:
    """The position of the newest fact."""
    return int(connection.execute(select(func.max(journal.c.position))).scalar() or 0)


def facts_after(connection: Connection, position: int) -> Sequence[Any]:
    """What newer facts are about, the newest first; of more than ``MOST`` the newest."""
    c = journal.c
    columns = (c.position, c.topic, c.source, c.subject, c.correlation_id)
    asked = select(*columns).where(c.position > position)
    return connection.execute(asked.order_by(c.position.desc()).limit(MOST)).all()


def letters_after(connection: Connection, position: int) -> Sequence[Any]:
    """For whom newer letters are, the newest first; of more than ``MOST`` the newest."""
    c = letters.c
    asked = select(c.position, c.agency).where(c.position > position)
    return connection.execute(asked.order_by(c.position.desc()).limit(MOST)).all()

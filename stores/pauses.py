"""What people let wait: a step, what comes from an agency, or its letters; each until a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from sqlalchemy import Connection, delete, select

from stores.database import Database, Transaction
from stores.rows import Clash
from stores.tables import pauses

What = Literal["step", "feed", "queue"]
_LOOKS: Final = 0.5
"""Seconds for which what was read last counts: so soon a pause is heard of everywhere."""
_ALL: Final = select(pauses).order_by(pauses.c.what, pauses.c.name)


@dataclass(frozen=True, slots=True)
class Pause:
    """What waits, since when and until when (microseconds), by whom and why."""

    what: What
    name: str
    pause_id: str
    reds: bool
    """Whether what may be a Red waits too."""
    since: int
    until: int
    decided_by: str
    why: str


def current(connection: Connection, now: int) -> list[Pause]:
    """All that waits now; what is over by its time is none."""
    rows = connection.execute(_ALL.where(pauses.c.until > now))
    return [Pause(**{**row._mapping, "reds": bool(row.reds)}) for row in rows]


def put(transaction: Transaction, pause: Pause) -> None:
    """It waits from now on, by this pause alone."""
    end(transaction, pause)
    row = {**asdict(pause), "reds": int(pause.reds)}
    transaction.insert(pauses, [row], clash=Clash.FAIL)


def end(transaction: Transaction, pause: Pause) -> None:
    """It waits no more."""
    one = (pauses.c.what == pause.what, pauses.c.name == pause.name)
    gone = transaction.connection.execute(
        delete(pauses).where(*one).returning(pauses.c.what, pauses.c.name)
    ).all()
    transaction.changes.gone(pauses, [row._mapping for row in gone])


@dataclass(slots=True)
class Pauses:
    """What waits, as one process knows it: asked of the store twice a second at most."""

    database: Database
    _read: tuple[float, tuple[Pause, ...]] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, what: What, names: Collection[str], *, red: bool = False) -> Pause | None:
        """The pause by which one of these waits that ends last; ``red``: what may be a Red. Raises
        ``Unavailable``; not to be asked where a transaction is open.
        """
        now = self.database.clock()
        found = (
            one
            for one in self._known(now)
            if one.what == what and one.name in names and one.until > now
        )
        mine = [one for one in found if one.reds or not red]
        return max(mine, key=lambda one: one.until, default=None)

    def _known(self, now: int) -> tuple[Pause, ...]:
        with self._lock:
            read = self._read
            if read is None or time.monotonic() - read[0] >= _LOOKS:
                with self.database.reading() as connection:
                    read = self._read = time.monotonic(), tuple(current(connection, now))
            return read[1]

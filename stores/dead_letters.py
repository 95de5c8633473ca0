"""What could not be acted on, kept as it came until somebody mends, redrives or discards it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from stores.database import Transaction, View
from stores.rows import Clash, look_up
from stores.tables import dead_letters
from stores.vault import Unreadable


class DeadLetterState(StrEnum):
    """Where a dead letter stands."""

    OPEN = "open"
    """It waits for a human."""
    MENDED = "mended"
    """It was mended, and not sent again."""
    REDRIVEN = "redriven"
    """It was sent again."""
    DISCARDED = "discarded"
    """It was given up."""


@dataclass(frozen=True, slots=True, repr=False)
class DeadLetter:
    """One message that was refused.

    ``original`` is the bytes as they came, in the clear, in memory only.
    """

    id: str
    agency: str
    connector: str
    step: str
    message_id: str | None
    reason: str
    field: str | None
    content_type: str
    original: bytes
    key_id: str
    state: DeadLetterState = DeadLetterState.OPEN
    created_at: int = 0
    decided_by: str | None = None
    why: str | None = None
    mended: bytes | None = None
    may_be_red: int = 0
    """1: it may be about a Red; 0: it is about none."""


WAITING = (DeadLetterState.OPEN, DeadLetterState.MENDED)
"""Where a letter waits for somebody."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which dead letters; what is left out chooses all."""

    states: Sequence[str] = WAITING
    reason: str | None = None
    agency: str | None = None
    since: int | None = None
    """In microseconds: refused then or later."""
    until: int | None = None
    """Refused before then."""


def bury(transaction: Transaction, dead: Sequence[DeadLetter]) -> None:
    """Keep dead letters; one that is there under its id stays as it is."""
    if not dead:
        return
    keys = transaction.vault.keys(
        transaction.connection, {item.key_id for item in dead}, create=True
    )
    rows = [
        {
            "id": item.id,
            "agency": item.agency,
            "connector": item.connector,
            "step": item.step,
            "message_id": item.message_id,
            "reason": item.reason,
            "field": item.field,
            "state": item.state,
            "content_type": item.content_type,
            "created_at": transaction.now,
            "key_id": item.key_id,
            "original": keys[item.key_id].seal(item.original, bound_to=item.id),
            "may_be_red": item.may_be_red,
        }
        for item in dead
    ]
    transaction.insert(dead_letters, rows, clash=Clash.KEEP)


def known_ids(view: View, ids: Iterable[str]) -> set[str]:
    """Which of these ids are dead letters."""
    known = look_up(view.connection, (dead_letters.c.id,), by=dead_letters.c.id, values=list(ids))
    return {row.id for row in known}


_SHOWN = tuple(column for column in dead_letters.c if column.name not in ("original", "mended"))


def some(
    connection: Connection, chosen: Chosen, *, limit: int | None = None, after: int = 0
) -> Sequence[Any]:
    """Rows without originals behind the first so many: what may be a Red first, then the oldest."""
    kept = dead_letters.c
    query = select(*_SHOWN).where(*_as_chosen(chosen))
    query = query.order_by(kept.may_be_red.desc(), kept.position)
    return connection.execute(query.limit(limit).offset(after)).all()


def counted(connection: Connection, chosen: Chosen) -> Sequence[Any]:
    """``reason``, ``agency``, whether they ``may_be_red``, and how many ``letters``."""
    kept = dead_letters.c
    by = (kept.reason, kept.agency, kept.may_be_red)
    query = select(*by, func.count().label("letters")).where(*_as_chosen(chosen)).group_by(*by)
    return connection.execute(query.order_by(*by)).all()


def _as_chosen(chosen: Chosen) -> Iterator[ColumnElement[bool]]:
    kept = dead_letters.c
    yield kept.state.in_(list(chosen.states))
    if chosen.reason is not None:
        yield kept.reason == chosen.reason
    if chosen.agency is not None:
        yield kept.agency == chosen.agency
    if chosen.since is not None:
        yield kept.created_at >= chosen.since
    if chosen.until is not None:
        yield kept.created_at < chosen.until


def called(connection: Connection, wanted: str, *, limit: int) -> Sequence[Any]:
    """The row of an id; where there is none, so many of those whose ids begin so."""
    kept = dead_letters.c.id
    query = select(*_SHOWN).order_by(dead_letters.c.position).limit(limit)
    exact = connection.execute(query.where(kept == wanted)).all()
    return exact or connection.execute(query.where(kept.startswith(wanted, autoescape=True))).all()


def of_ids(connection: Connection, ids: Iterable[str]) -> dict[str, Any]:
    """The rows of these ids, as far as there are any, by id."""
    found = look_up(connection, _SHOWN, by=dead_letters.c.id, values=list(ids))
    return {row.id: row for row in found}


def load(transaction: Transaction, dead_letter_id: str) -> DeadLetter | None:
    """One dead letter with its original; raises ``Unreadable`` once its key is destroyed."""
    row = transaction.connection.execute(
        select(dead_letters).where(dead_letters.c.id == dead_letter_id)
    ).one_or_none()
    if row is None:
        return None
    key = transaction.vault.keys(transaction.connection, [row.key_id], create=False).get(row.key_id)
    if key is None:
        raise Unreadable(row.id)
    mended = key.open(row.mended, bound_to=f"{row.id}/mended") if row.mended else None
    kept = {
        name: getattr(row, name)
        for name in DeadLetter.__slots__
        if name not in ("original", "mended", "state")
    }
    original = key.open(row.original, bound_to=row.id)
    return DeadLetter(**kept, original=original, mended=mended, state=DeadLetterState(row.state))


def settle(transaction: Transaction, dead: DeadLetter) -> None:
    """Write what was decided about it, what was mended and what is still amiss."""
    keys = transaction.vault.keys(transaction.connection, [dead.key_id], create=False)
    mended = (
        keys[dead.key_id].seal(dead.mended, bound_to=f"{dead.id}/mended")
        if dead.mended is not None
        else None
    )
    settled = (
        update(dead_letters)
        .where(dead_letters.c.id == dead.id)
        .values(
            state=dead.state,
            reason=dead.reason,
            field=dead.field,
            decided_by=dead.decided_by,
            why=dead.why,
            mended=mended,
        )
    )
    written = transaction.connection.execute(settled.returning(dead_letters))
    transaction.bind(dead_letters, written)

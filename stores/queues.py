"""Queues at the edge, one per agency, as rows: leased, then acknowledged by deletion."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

import structlog
from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    Integer,
    Row,
    bindparam,
    delete,
    exists,
    literal,
    select,
    union_all,
    update,
)

from schemas.letter import Letter
from stores import codec
from stores.database import Transaction, View
from stores.ports import Leased
from stores.rows import Clash
from stores.tables import letters
from stores.vault import HUB_KEY, DataKey, Unreadable

_log = structlog.get_logger()

RED_TURN, OTHER_TURN = 0, 1
"""Which letters leave a queue first."""
NOBODY_ELSE: Mapping[str, str] = MappingProxyType({})
_OF = letters.c.agency == bindparam("of")
_FREE = (
    select(letters)
    .where(_OF, letters.c.leased_until <= bindparam("now"))
    .order_by(letters.c.turn, letters.c.position)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)


def post(
    transaction: Transaction,
    by_id: Mapping[str, Letter],
    *,
    about: Mapping[str, str] = NOBODY_ELSE,
    red: Collection[str] = (),
) -> None:
    """Put letters on their queues; one that is there under its id stays as it is.

    ``about``: with whose key each is sealed, by its id: the referral's that it is about; one of
    which that is not said has a key of its own. Those of which ``red`` has the ids leave before all
    others of their agency.
    """
    if not by_id:
        return
    owners = {id_: about.get(id_, id_) for id_ in by_id}
    seals = transaction.vault.sealing(transaction.connection, owners.values())
    moment = codec.from_micros(transaction.now)
    rows = [
        {
            "id": id_,
            "agency": letter.agency,
            "type": letter.notice.type,
            "attempts": 0,
            "leased_until": 0,
            "created_at": transaction.now,
            "turn": RED_TURN if id_ in red else OTHER_TURN,
            "key_id": seals[owners[id_]].id,
            "body": seals[owners[id_]].key.seal(
                codec.letter_body(letter, id_=id_, time=moment),
                bound_to=_place(id_, letter.agency),
            ),
        }
        for id_, letter in by_id.items()
    ]
    transaction.insert(letters, rows, clash=Clash.KEEP)


def take_along(
    transaction: Transaction, red: Mapping[str, Letter], *, about: Mapping[str, str]
) -> None:
    """Let what lies on the same queue already, of the same kind and about the same, leave before
    these, which leave before all others: who reads them reads last what was said last.
    """
    seals = transaction.vault.sealing(transaction.connection, {about[id_] for id_ in red})
    for id_, letter in red.items():
        earlier = update(letters).where(
            letters.c.agency == letter.agency,
            letters.c.turn == OTHER_TURN,
            letters.c.type == letter.notice.type,
            letters.c.key_id == seals[about[id_]].id,
        )
        ahead = earlier.values(turn=RED_TURN).returning(letters)
        transaction.bind(letters, transaction.connection.execute(ahead))


def take_back(transaction: Transaction, ids: Sequence[str]) -> set[str]:
    """Delete letters that are not to leave; answers those that nobody ever had in hand.

    One in somebody's hand counts as having left.
    """
    if not ids:
        return set()
    gone = delete(letters).where(letters.c.id.in_(ids))
    rows = transaction.connection.execute(gone.returning(letters.c.id, letters.c.attempts)).all()
    transaction.changes.gone(letters, [row._mapping for row in rows])
    return {row.id for row in rows if row.attempts == 0}


def keep_back(transaction: Transaction, ids: Collection[str], *, seconds: float) -> None:
    """Let letters just leased wait as if they had not been, until they are let go, or so long."""
    if ids:
        kept = update(letters).where(letters.c.id.in_(list(ids)))
        until = transaction.now + int(seconds * 1_000_000)
        transaction.connection.execute(
            kept.values(leased_until=until, attempts=letters.c.attempts - 1)
        )


def let_go(transaction: Transaction, ids: Collection[str]) -> None:
    """Let letters that were kept back be leased."""
    if ids:
        free = update(letters).where(letters.c.id.in_(list(ids)))
        transaction.connection.execute(free.values(leased_until=0))


def with_letters(connection: Connection, agencies: Collection[str], *, now: int) -> set[str]:
    """Those of the agencies that have a letter which nobody holds, in one question."""
    if not agencies:
        return set()
    rows = connection.execute(_with_letters(tuple(agencies)), {"now": now})
    return {row[0] for row in rows}


@cache
def _with_letters(agencies: tuple[str, ...]) -> CompoundSelect[Any]:
    free = letters.c.leased_until <= bindparam("now", type_=BigInteger)
    return union_all(
        *(
            select(literal(one)).where(exists().where(letters.c.agency == one, free))
            for one in agencies
        )
    )


def lease(
    transaction: Transaction,
    agency: str,
    *,
    limit: int,
    seconds: float,
    only: Collection[str] = (),
    reds: bool = False,
) -> list[Leased]:
    """The agency's letters that nobody holds, now held for ``seconds``: those about what may be a
    Red first, then the oldest. ``only``: of these alone; ``reds``: of those about Reds alone.
    """
    asked = {"of": agency, "now": transaction.now, "most": limit}
    free = _FREE.where(letters.c.id.in_(list(only))) if only else _FREE
    free = free.where(letters.c.turn == RED_TURN) if reds else free
    rows = transaction.connection.execute(free, asked).all()
    held = update(letters).where(letters.c.id.in_([row.id for row in rows]))
    until = transaction.now + int(seconds * 1_000_000)
    transaction.connection.execute(held.values(leased_until=until, attempts=letters.c.attempts + 1))
    bodies = opened(transaction, rows)
    return [_leased(transaction, row, body=bodies[row.id]) for row in rows if bodies[row.id]]


def _leased(transaction: Transaction, row: Row[Any], *, body: bytes) -> Leased:
    traces, about = transaction.traces, row.key_id or row.id
    trace = traces.of_letter(row.id, about, posted=row.created_at) if traces else None
    sent_by = trace.below() if trace and transaction.noted else None
    red, attempts = row.turn == RED_TURN, row.attempts + 1
    return Leased(row.id, row.agency, row.type, body, attempts, red, trace, sent_by)


def is_there(view: View, id_: str | None) -> bool:
    """Whether a letter is on its agency's queue, or in somebody's hand."""
    asked = select(letters.c.position).where(letters.c.id == id_)
    return id_ is not None and view.connection.execute(asked).first() is not None


def in_hand(view: View, letter: Leased) -> Leased | None:
    """A leased letter as it was put on its queue; None where it was taken back meanwhile."""
    found = select(letters).where(letters.c.id == letter.id, letters.c.agency == letter.agency)
    row = view.connection.execute(found).one_or_none()
    if row is None:
        return None
    attempts = max(letter.attempts, row.attempts)  # somebody else may have had it since
    return replace(letter, body=opened(view, [row])[row.id], attempts=attempts)


def opened(view: View, rows: Sequence[Row[Any]]) -> dict[str, bytes]:
    """The plain body of each letter; those of older hubs are sealed with the hub's own key."""
    seals = view.vault.readable(view.connection, {row.key_id or HUB_KEY for row in rows})
    return {row.id: _opened(row, seals.get(row.key_id or HUB_KEY)) for row in rows}


def _opened(row: Row[Any], seal: DataKey | None) -> bytes:
    """A letter where it was put; nothing of one that somebody moved or altered, or whose key is
    gone: it waits.

    Those of old are bound to their id alone.
    """
    for bound_to in (_place(row.id, row.agency), row.id):
        with suppress(Unreadable):
            if seal:
                return seal.open(row.body, bound_to=bound_to)
    _log.warning("letter.altered", agency=row.agency, letter=row.id)
    return b""


def _place(id_: str, agency: str) -> str:
    """A letter opens under its id, on its agency's queue, and nowhere else."""
    return f"{agency}/{id_}"


def acknowledge(transaction: Transaction, agency: str, *, ids: Collection[str]) -> int:
    """Delete letters that arrived; answers how many there were."""
    gone = delete(letters).where(letters.c.agency == agency, letters.c.id.in_(list(ids)))
    rows = transaction.connection.execute(gone.returning(letters.c.id)).all()
    transaction.changes.gone(letters, [row._mapping for row in rows])
    return len(rows)


def give_back(
    transaction: Transaction, agency: str, *, ids: Collection[str], after_seconds: float
) -> None:
    """Let letters that could not be sent be leased again, ``after_seconds`` from now."""
    again = update(letters).where(letters.c.agency == agency, letters.c.id.in_(list(ids)))
    later = transaction.now + int(after_seconds * 1_000_000)
    transaction.connection.execute(again.values(leased_until=later))

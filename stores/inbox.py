"""What each unit of steps has heard, in its order, and under which policy.

Where topics are Kafka's, a row for each message. Where the journal is the topic, a row for each
pass: the range of positions from which the unit took what others had written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, exists, or_, select

from stores.database import Conflict, Transaction, View
from stores.rows import Clash, look_up
from stores.tables import inbox, journal

_PAGE = 1000


def had(view: View, message_ids: Sequence[str]) -> dict[str, set[str]]:
    """The units that have had these messages one by one, by message."""
    found: dict[str, set[str]] = defaultdict(set)
    if message_ids:
        columns = (inbox.c.message_id, inbox.c.step)
        for row in look_up(view.connection, columns, by=inbox.c.message_id, values=message_ids):
            found[row.message_id].add(row.step)
    return found


def note(transaction: Transaction, unit: str, *, message_ids: Sequence[str], policy: int) -> None:
    """Note messages as had by a unit, in this order.

    Raises ``Conflict`` where another worker of the unit noted one of them first.
    """
    rows = [{"step": unit, "message_id": id_, "policy": policy} for id_ in message_ids]
    if transaction.insert(inbox, rows, clash=Clash.KEEP) != len(rows):
        raise Conflict("another worker had the same message")


def note_range(transaction: Transaction, unit: str, *, after: int, upto: int, policy: int) -> None:
    """Note that a unit has had what others wrote behind position ``after``, as far as ``upto``."""
    transaction.insert(inbox, [{"step": unit, "policy": policy, "after": after, "upto": upto}])


class Pass(NamedTuple):
    """What a unit heard at once of what others had written, and the policy's number."""

    upto: int
    after: int
    policy: int


def passes(connection: Connection) -> dict[str, list[Pass]]:
    """Every pass of every unit that takes the journal as its topic, in the order of positions."""
    query = select(inbox.c.step, inbox.c.upto, inbox.c.after, inbox.c.policy)
    found: dict[str, list[Pass]] = defaultdict(list)
    ordered = query.where(inbox.c.message_id.is_(None)).order_by(inbox.c.upto)
    for unit, *told in connection.execute(ordered):
        found[unit].append(Pass(*told))
    return found


def noted(connection: Connection, message_ids: Collection[str]) -> dict[tuple[str, str], int]:
    """The policy's number by unit and message, of those of these that were noted one by one."""
    columns = (inbox.c.step, inbox.c.message_id, inbox.c.policy)
    rows = look_up(connection, columns, by=inbox.c.message_id, values=message_ids)
    return {(row.step, row.message_id): row.policy for row in rows}


def unheard(
    connection: Connection, types: Sequence[str], *, by: Sequence[str], after: int
) -> Sequence[Row[Any]]:
    """The next entries of these types that none of the units ``by`` has had.

    It has had what it noted and what it wrote, since a unit has heard what it writes.
    """
    had = exists().where(inbox.c.message_id == journal.c.message_id, inbox.c.step.in_(by))
    wrote = [or_(journal.c.chain == one, journal.c.chain.startswith(f"{one}/")) for one in by]
    query = select(journal).where(journal.c.type.in_(types), journal.c.position > after)
    left = query.where(~had, *(~one for one in wrote)).order_by(journal.c.position)
    return connection.execute(left.limit(_PAGE)).all()

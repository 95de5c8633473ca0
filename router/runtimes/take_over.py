"""How a unit of steps takes over from units that served its steps before.

What its own steps write does not come to it over a topic. So when steps are grouped anew, what one
of them has written and another one has not heard yet is read from the journal, before anything
else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from router.handle import Adopted, Offsets, handle
from router.one_pass import Attempt, Delivery
from router.runtimes.isolate import delivery_of, isolating
from router.step import Step
from router.topology import WRITTEN_BY
from router.unit import Unit, serves
from stores import cursors, inbox, journal
from stores.database import Database


def take_over(unit: Unit, database: Database, *, policy: Adopted, batch: int) -> None:
    """Put through the unit what other units left of it. Raises ``Unavailable``; then do it again.

    Nothing is looked for where no other unit of its steps has worked since the last time.
    """
    seen = cursors.progress(database)
    units = {name.partition("/")[0] for name in seen} - {unit.name}
    others = {one for one in units if any(serves(one, step) for step in unit.names)}
    worked = max((at for name, at in seen.items() if name.partition("/")[0] in others), default=0)
    if worked <= seen.get(_marker(unit), 0):
        return
    for bound in unit.steps:
        for left in _left(bound.step, unit, database, others=others, batch=batch):
            isolating(left, partial(_handle, unit, database, policy))
    with database.transaction() as transaction:
        cursors.store(transaction, cursors.lock(transaction, _marker(unit)))


def _marker(unit: Unit) -> str:
    return f"{unit.name}/taken-over"


def _left(
    step: Step[Any], unit: Unit, database: Database, *, others: set[str], batch: int
) -> Iterator[Sequence[Delivery]]:
    """What the unit's steps wrote that this one has not heard, until there is no more."""
    types = [fact.type for fact in step.hears if WRITTEN_BY.get(fact.topic) in unit.names]
    by = [one for one in {*others, unit.name} if serves(one, step.name)]
    while types:
        with database.reading() as connection:
            rows = inbox.unheard(connection, types, by=by, limit=batch)
            keys = database.vault.keys(connection, {row.key_id for row in rows}, create=False)
        if not rows:
            return
        opened = [(row.position, journal.opened(row, keys)) for row in rows]
        yield [delivery_of(position, message, unit) for position, message in opened]


def _handle(
    unit: Unit,
    database: Database,
    policy: Adopted,
    deliveries: Sequence[Delivery],
    attempt: Attempt,
) -> None:
    with database.transaction() as transaction:
        handle(
            unit,
            deliveries,
            consumer=_marker(unit),
            transaction=transaction,
            policy=policy,
            offsets=Offsets.LEFT,
            attempt=attempt,
        )

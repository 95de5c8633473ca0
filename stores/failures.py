"""Parts of the hub that failed, of whichever process, where `hub status` sees them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, select, update

from stores.database import Database, Transaction
from stores.tables import failures

_STEADY = 120 * 1_000_000
"""Microseconds without another failure after which a part works; longer than any pause."""


@dataclass(frozen=True, slots=True)
class PartFailure:
    """A part that failed so many ``times`` in a row. Moments are in microseconds."""

    part: str
    error: str
    """The class of the last one."""
    times: int
    since: int
    again_at: int | None
    """When it is started again; None: it was given up."""


def note(database: Database, part: str, *, error: str, again_in: float | None) -> PartFailure:
    """A part failed, and is started again in ``again_in`` seconds; answers how it stands. Raises
    ``Unavailable``.
    """
    with database.transaction() as transaction:
        before = _of(transaction, part)
        now = transaction.now
        failing = PartFailure(
            part=part,
            error=error,
            times=before.times + 1 if before else 1,
            since=before.since if before else now,
            again_at=None if again_in is None else now + int(again_in * 1_000_000),
        )
        transaction.connection.execute(delete(failures).where(failures.c.part == part))
        transaction.insert(failures, [asdict(failing)])
    return failing


def started(database: Database, part: str) -> None:
    """A part that was given up is started after all. Raises ``Unavailable``."""
    with database.transaction() as transaction:
        given_up = update(failures).where(failures.c.part == part, failures.c.again_at.is_(None))
        again = given_up.values(again_at=transaction.now).returning(failures)
        transaction.bind(failures, transaction.connection.execute(again))


def current(connection: Connection, now: int) -> list[PartFailure]:
    """Parts that failed within the last two minutes, or were given up; by name."""
    kept = [
        PartFailure(row.part, row.error, row.times, row.since, row.again_at)
        for row in connection.execute(select(failures).order_by(failures.c.part))
    ]
    return [failure for failure in kept if _lasts(failure, now)]


def _of(transaction: Transaction, part: str) -> PartFailure | None:
    lasting = current(transaction.connection, transaction.now)
    return next((failure for failure in lasting if failure.part == part), None)


def _lasts(failure: PartFailure, now: int) -> bool:
    return failure.again_at is None or now - failure.again_at < _STEADY

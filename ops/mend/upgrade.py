"""Bring a store from the revision of an older program to this one's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from stores import schema
from stores.database import Database
from stores.migrations import backup, revisions
from stores.ports import Unavailable
from stores.schema import OtherRevision
from stores.vault import Unreadable


class NotApplied(Exception):
    """A revision failed and left nothing; those before it last, and the next upgrade resumes."""

    def __str__(self) -> str:
        revision, error = self.args
        return f"revision {revision} could not be applied ({error})"


Watch = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows how something of so many parts goes on; call what is given with how many more are done."""


@dataclass(frozen=True, slots=True)
class Step:
    """A revision that the store lacks.

    ``rows``: how many it goes through; None where that shows only after the revisions before it.
    """

    revision: str
    what: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """From where to where, in which steps; none where there is nothing to do."""

    found: str
    wanted: str
    steps: tuple[Step, ...]


def plan(database: Database) -> Plan:
    """What there is to do; raises ``OtherRevision`` for a store newer than this program."""
    with database.reading() as connection:
        found = schema.found(connection) or ""
        if found not in schema.known():
            raise OtherRevision(found)
        steps = [
            Step(revision.id, revision.what, revision.rows(connection))
            for revision in revisions.after(found)
        ]
    return Plan(found, schema.known()[-1], tuple(steps))


def carry_out(database: Database, plan: Plan, *, watch: Watch) -> None:
    """Take the steps of a plan, each in a transaction of its own; raises :class:`NotApplied`."""
    for revision in revisions.after(plan.found):
        try:
            with database.reading() as connection:
                rows = revision.rows(connection)
            with (
                watch(f"revision {revision.id}", rows or 0) as advance,
                database.transaction() as transaction,
            ):
                revisions.apply(transaction, revision, progress=advance)
        except (Unavailable, Unreadable) as error:
            raise NotApplied(revision.id, type(error).__name__) from None


def back_up(database: Database, plan: Plan, *, to: Path | None, watch: Watch) -> Path:
    """Copy the store to a file, for SQLite by itself beside the store; raises ``NoBackup``."""
    if database.engine.dialect.name == "postgresql":
        assert to is not None
        backup.dump(database.engine.url, to)
        return to
    to = to or backup.beside(Path(str(database.engine.url.database)), plan.found)
    with database.reading() as connection, watch("backup", backup.pages(connection)) as advance:
        # The upgrade may write as much again as the store holds: there is to be room for that too.
        backup.copy(connection, to, progress=advance, times=2)
    return to

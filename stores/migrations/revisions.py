"""The revisions that this program knows, and the way from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, text, tuple_
from sqlalchemy.exc import OperationalError, ProgrammingError

from stores import bound, schema
from stores.database import Transaction
from stores.vault import Vault

_PAGE = 1000

Progress = Callable[[int], None]
"""Is told how many more rows are done."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a revision has for its rows: its connection, the keys, and somebody who watches."""

    connection: Connection
    vault: Vault
    progress: Progress

    def pages(
        self, query: Select[Any], by: Sequence[ColumnElement[Any]], *, size: int = _PAGE
    ) -> Iterator[Sequence[Row[Any]]]:
        """The rows of a query in the order of ``by``, which it selects first and which is unique.

        Each page counts as done when the next is asked for, so a caller may change its rows.
        """
        ordered, key = query.order_by(*by).limit(size), tuple_(*by)
        rows = self.connection.execute(ordered).all()
        while rows:
            yield rows
            self.progress(len(rows))
            after = key > tuple(rows[-1][: len(by)])
            rows = self.connection.execute(ordered.where(after)).all()


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of the schema: a file in ``versions``."""

    id: str
    what: str
    goes_through: Sequence[Select[Any]]
    """Queries for the rows that it goes through."""
    upgrade: Callable[[Operations, Work], None] = field(repr=False)

    def rows(self, connection: Connection) -> int | None:
        """How many rows it goes through; None until a revision before it makes what it counts."""
        found = [query.subquery() for query in self.goes_through]
        counts = [select(func.count()).select_from(rows) for rows in found]
        try:
            with connection.begin_nested():
                return sum(connection.execute(count).scalar_one() for count in counts)
        except (ProgrammingError, OperationalError):  # PostgreSQL's and SQLite's
            return None


def after(found: str | None) -> list[Revision]:
    """The revisions that a store of this one lacks, in their order; all of them for None."""
    newest_first = _scripts(schema.VERSIONS).walk_revisions()
    every = [_revision(script.module) for script in reversed(list(newest_first))]
    return [revision for revision in every if found is None or revision.id > found]


def apply(transaction: Transaction, revision: Revision, *, progress: Progress) -> None:
    """Take a store from the revision before to this one; all of it lasts, or nothing does."""
    context, scripts = MigrationContext.configure(transaction.connection), _scripts(schema.VERSIONS)
    if revision.id != schema.FIRST:
        _keep_out(transaction.connection)
        if not context.get_current_heads():
            context.stamp(scripts, schema.FIRST)
    work = Work(transaction.connection, transaction.vault, progress)
    transaction.changes.is_upgrade = True
    revision.upgrade(Operations(context), work)
    context.stamp(scripts, revision.id)
    if revision.id == schema.known()[-1]:
        bound.anew(transaction.connection, transaction.vault)


def _keep_out(connection: Connection) -> None:
    """Whoever records anything locks a cursor first; with SQLite nobody else is in the file."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE cursors IN ACCESS EXCLUSIVE MODE"))


@cache
def _scripts(folder: Path) -> ScriptDirectory:
    return ScriptDirectory(folder, version_locations=[folder])


def _revision(module: Any) -> Revision:
    what = (module.__doc__ or "").strip().splitlines()[0]
    goes_through = getattr(module, "goes_through", ())
    return Revision(module.revision, what, goes_through, module.upgrade)

"""Which revision of the schema a store has, and which one this program works with.

Asked at every start, so without alembic, whose import takes a sixth of a second.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    inspect,
    select,
)

from stores.tables import METADATA

VERSIONS = Path(__file__).parent / "migrations" / "versions"
FIRST = "0001"
"""The schema of stores that were made before revisions were recorded in them."""

_revision = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, as alembic makes it."""


class OtherRevision(Exception):
    """The store's schema is older or newer than this program's; the message says what to do."""

    def __init__(self, found: str) -> None:
        self.found = found
        self.is_older = found in known()
        super().__init__(_OLDER if self.is_older else _NEWER, found, known()[-1])

    def __str__(self) -> str:
        words, found, wanted = self.args
        return str(words).format(found=found, wanted=wanted)


_OLDER = (
    "the store is of revision {found}, older than this program's {wanted}; "
    "stop the hub and run `hub upgrade`"
)
_NEWER = (
    "the store is of revision {found}, which this program does not know: it knows up to {wanted}; "
    "use the program that upgraded the store, or a newer one"
)


def known() -> list[str]:
    """The revisions that this program knows, oldest first, by their files' numbers."""
    return sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def found(connection: Connection) -> str | None:
    """The revision of a store; None where there is nothing of the hub."""
    inspector = inspect(connection)
    if inspector.has_table(_revision.name):
        return str(connection.execute(select(_revision.c.version_num)).scalar_one())
    return FIRST if inspector.has_table(METADATA.tables["journal"].name) else None


def is_there(connection: Connection) -> bool:
    """Whether the store has this program's schema or none; raises :class:`OtherRevision`."""
    revision = found(connection)
    if revision not in (None, known()[-1]):
        raise OtherRevision(str(revision))
    return revision is not None


def create(connection: Connection) -> None:
    """Make every table of this program's schema, and note its revision."""
    METADATA.create_all(connection)
    _revision.create(connection)
    connection.execute(_revision.insert(), {"version_num": known()[-1]})

"""Every entry of the journal has its leaf in a tree of which checkpoints are signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work
from stores.tree.leaf import fresh_salt, hash_as_it_is
from stores.tree.merkle import CompactRange

revision = "0015"
down_revision = "0014"

_STEP = 8
_COVERED = (
    *("chain", "sequence", "message_id", "topic", "type", "source", "subject", "key"),
    *("correlation_id", "causation_id", "time", "recorded_at", "key_id", "digest", "payload"),
    *("hash_version", "hash"),
)
_journal = sa.table("journal", *map(sa.column, ("position", *_COVERED)))
_entries = sa.select(_journal.c.position, *(_journal.c[name] for name in _COVERED))
_leaves = sa.table("leaves", *map(sa.column, ("leaf", "position", "salt", "hash")))
_subtrees = sa.table("subtrees", *map(sa.column, ("level", "number", "hash")))
_cursors = sa.table(
    "cursors", *map(sa.column, ("name", "next_offset", "sequence", "hash", "progressed_at"))
)

goes_through = (_entries,)


def upgrade(op: Operations, work: Work) -> None:
    """Entries so far come in the order of their positions; the hub signs the tree at its start."""
    _make_tables(op)
    tree, last = CompactRange(), 0
    for page in work.pages(_entries, [_journal.c.position]):
        _take_in(work.connection, page, tree)
        last = page[-1].position
    stands = dict(zip(_cursors.c.keys(), ("tree", last + 1, 0, bytes(32), 0), strict=True))
    work.connection.execute(sa.insert(_cursors).values(stands))


def _make_tables(op: Operations) -> None:
    op.create_table(
        "leaves",
        sa.Column("leaf", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False, unique=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "subtrees",
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def _take_in(connection: sa.Connection, page: Sequence[Any], tree: CompactRange) -> None:
    leaves, full = [], []
    for position, *entry in page:
        salt = fresh_salt()
        found = hash_as_it_is(salt, (*entry, position))
        leaves.append({"leaf": tree.size, "position": position, "salt": salt, "hash": found})
        for level, number, root in tree.append(found):
            if level % _STEP == 0:
                full.append({"level": level, "number": number, "hash": root})
    connection.execute(sa.insert(_leaves), leaves)
    if full:
        connection.execute(sa.insert(_subtrees), full)

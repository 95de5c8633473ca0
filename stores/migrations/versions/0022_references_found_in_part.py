"""What agencies call what they notify is found from its middle too, by an index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0022"
down_revision = "0021"

_journal = sa.table("journal", *map(sa.column, ("position", "type", "subject")))
_RECEIVED = sa.select(_journal.c.position, _journal.c.subject).where(
    _journal.c.type == "mash.notification.received.v1"
)
_KEPT = sa.text(
    "INSERT INTO reference_parts (part, subject) VALUES (:part, :subject) ON CONFLICT DO NOTHING"
)

goes_through = (_RECEIVED,)


def upgrade(op: Operations, work: Work) -> None:
    """From each letter and digit of every reference on; the last four are the shortest part."""
    plain = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "reference_parts",
        sa.Column("part", plain, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    for page in work.pages(_RECEIVED, [_journal.c.position]):
        if rows := [one for subject in {row.subject for row in page} for one in _rows(subject)]:
            work.connection.execute(_KEPT, rows)


def _rows(subject: str) -> Iterator[dict[str, Any]]:
    whole = "".join(c for c in subject.partition("/")[2].casefold() if c.isalnum())
    for start in range(min(len(whole) - 3, 32)):
        yield {"part": whole[start : start + 32], "subject": subject}

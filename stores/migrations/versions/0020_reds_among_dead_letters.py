"""Dead letters say whether they may be about a Red: those are shown first."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work
from stores.vault import Unreadable

revision = "0020"
down_revision = "0019"

_REFUSED = "mash.message.refused.v1"
_dead = sa.table("dead_letters", sa.column("id"), sa.column("may_be_red"))
_journal = sa.table(
    "journal", *map(sa.column, ("message_id", "type", "subject", "key_id", "payload"))
)
_LETTERS = sa.select(_dead.c.id)

goes_through = (_LETTERS,)


def upgrade(op: Operations, work: Work) -> None:
    """What the record says of each: the fact that it was refused, which may be a Red or not."""
    column = sa.Column("may_be_red", sa.SmallInteger, nullable=False, server_default=sa.text("0"))
    op.add_column("dead_letters", column)
    op.drop_index("dead_letters_state", "dead_letters")
    op.create_index("dead_letters_state", "dead_letters", ["state", "may_be_red", "position"])
    for page in work.pages(_LETTERS, (_dead.c.id,), size=500):
        if red := list(_reds(work, [row.id for row in page])):
            marked = sa.update(_dead).where(_dead.c.id.in_(red)).values(may_be_red=1)
            work.connection.execute(marked)


def _reds(work: Work, ids: Collection[str]) -> Iterator[str]:
    # Not the column itself: SQLite would go through all there ever was of this type.
    refusals = _journal.c.type.concat("") == _REFUSED
    told = sa.select(_journal).where(_journal.c.subject.in_(ids), refusals)
    rows = work.connection.execute(told).all()
    keys = work.vault.keys(work.connection, {row.key_id for row in rows}, create=False)
    for row in rows:
        try:
            said = json.loads(keys[row.key_id].open(row.payload, bound_to=row.message_id))
        except (KeyError, Unreadable):  # it was erased, and its letter with it
            continue
        if said.get("may_be_red"):
            yield row.subject

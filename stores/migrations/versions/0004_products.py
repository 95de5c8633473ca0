"""The case of each product gets a table, out of what the journal says of drafts."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql, sqlite

from stores.migrations.revisions import Work

revision = "0004"
down_revision = "0003"

_journal = sa.table(
    "journal", *map(sa.column, ("position", "message_id", "type", "key_id", "payload"))
)
_DRAFTS = sa.select(
    _journal.c.position, _journal.c.message_id, _journal.c.key_id, _journal.c.payload
).where(_journal.c.type == "mash.product.drafted.v1")

goes_through = (_DRAFTS,)


def upgrade(op: Operations, work: Work) -> None:
    """A draft of an erased case cannot be read any more, and is passed over."""
    products = op.create_table(
        "products",
        sa.Column("product_id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    dialect = sqlite if work.connection.dialect.name == "sqlite" else postgresql
    kept = dialect.insert(products).on_conflict_do_nothing()
    for page in work.pages(_DRAFTS, [_journal.c.position]):
        keys = work.vault.keys(work.connection, {row.key_id for row in page}, create=False)
        drafts = [
            json.loads(keys[row.key_id].open(row.payload, bound_to=row.message_id))
            for row in page
            if row.key_id in keys
        ]
        rows = [{name: draft[name] for name in ("product_id", "case_id")} for draft in drafts]
        if rows:
            work.connection.execute(kept, rows)

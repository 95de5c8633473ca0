"""What came under each reference gets a table, out of what deduplication kept in documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work
from stores.vault import HUB_KEY, DataKey

revision = "0003"
down_revision = "0002"

_states = sa.table("states", *map(sa.column, ("step", "key", "body")))
_OLD = _states.c.step == "deduplicate"
_DOCUMENTS = sa.select(_states.c.key, _states.c.body).where(_OLD)
_MOVED = sa.delete(_states).where(_OLD, _states.c.key == sa.bindparam("moved"))

goes_through = (_DOCUMENTS,)


def upgrade(op: Operations, work: Work) -> None:
    """Each document is a list of versions: they become rows, and it goes."""
    versions = op.create_table(
        "reference_versions",
        sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("referral_id", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    for page in work.pages(_DOCUMENTS, [_states.c.key]):
        key = work.vault.keys(work.connection, [HUB_KEY], create=False)[HUB_KEY]
        rows = [row for document in page for row in _rows(key, document)]
        work.connection.execute(sa.insert(versions), rows)
        work.connection.execute(_MOVED, [{"moved": document.key} for document in page])


def _rows(key: DataKey, document: Any) -> Iterator[dict[str, Any]]:
    kept = json.loads(key.open(document.body, bound_to=f"deduplicate/{document.key}"))
    for number, one in enumerate(kept["versions"], start=1):
        digest, referral_id = bytes.fromhex(one["content_digest"]), one["referral_id"]
        yield {
            "key": int.from_bytes(key.digest(document.key.encode())[:8], "big") >> 1,
            "number": number,
            "content": key.seal(digest, bound_to=referral_id),
            "referral_id": referral_id,
        }

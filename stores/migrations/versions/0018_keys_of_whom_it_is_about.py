"""States, people and letters are sealed with the key of whom they are about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work

revision = "0018"
down_revision = "0015"

_HUB_KEY = "hub"
_states = sa.table("states", *map(sa.column, ("step", "key", "body", "key_id")))
_people = sa.table("people", *map(sa.column, ("number", "body", "key_id")))
_letters = sa.table("letters", *map(sa.column, ("id", "body", "key_id")))
_every_state = sa.select(_states.c.step, _states.c.key, _states.c.body)
_everybody = sa.select(_people.c.number, _people.c.body)
_every_letter = sa.select(_letters.c.id, _letters.c.body)
_TABLES = (
    (_states, _every_state, (_states.c.step, _states.c.key)),
    (_people, _everybody, (_people.c.number,)),
    (_letters, _every_letter, (_letters.c.id,)),
)

goes_through = (_every_state, _everybody, _every_letter)


def upgrade(op: Operations, work: Work) -> None:
    """A state has the key of what it is kept under, a person and a letter one of its own each; all
    of it was sealed with the hub's.
    """
    for table, query, by in _TABLES:
        op.add_column(table.name, sa.Column("key_id", sa.Text))
        where = [column == sa.bindparam(f"at_{column.name}") for column in by]
        changed = sa.update(table).where(*where)
        for page in work.pages(query, by):
            work.connection.execute(changed, list(_sealed_anew(work, table.name, page)))


def _sealed_anew(work: Work, table: str, page: Sequence[Any]) -> Iterator[dict[str, Any]]:
    hub = work.vault.keys(work.connection, [_HUB_KEY], create=True)[_HUB_KEY]
    owner = _OWNERS[table]
    seals = work.vault.sealing(work.connection, map(owner, page))
    for row in page:
        *by, body = row
        name, seal = "/".join(map(str, by)), seals[owner(row)]
        plain = hub.open(body, bound_to=name)
        at = {f"at_{column}": value for column, value in row._mapping.items() if column != "body"}
        yield at | {"body": seal.key.seal(plain, bound_to=name), "key_id": seal.id}


_OWNERS: dict[str, Callable[[Any], str]] = {
    "states": lambda row: str(row.key),
    "people": lambda row: f"person/{row.number}",
    "letters": lambda row: str(row.id),
}

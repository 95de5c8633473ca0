"""States, people and letters are sealed with the key of whom they are about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic.operations import Operations

from stores.migrations.revisions import Work
from stores.vault import DataKey, Unreadable

revision = "0018"
down_revision = "0017"

_HUB_KEY = "hub"
_states = sa.table("states", *map(sa.column, ("step", "key", "body", "key_id")))
_people = sa.table("people", *map(sa.column, ("number", "body", "key_id")))
_letters = sa.table("letters", *map(sa.column, ("id", "agency", "body", "key_id")))


class _Kind(NamedTuple):
    """Rows of one table: which they are, what is read of them, whose key seals them from now on,
    and what each may be bound to.
    """

    table: Any
    by: tuple[Any, ...]
    query: Any
    owner: Callable[[Any], str]
    places: Callable[[Any], tuple[str, ...]]


_KINDS = (
    _Kind(
        _states,
        by=(_states.c.step, _states.c.key),
        query=sa.select(_states.c.step, _states.c.key, _states.c.body),
        owner=lambda row: str(row.key),
        places=lambda row: (f"{row.step}/{row.key}",),
    ),
    _Kind(
        _people,
        by=(_people.c.number,),
        query=sa.select(_people.c.number, _people.c.body),
        owner=lambda row: f"person/{row.number}",
        places=lambda row: (str(row.number),),
    ),
    _Kind(
        _letters,
        by=(_letters.c.id,),
        query=sa.select(_letters.c.id, _letters.c.agency, _letters.c.body),
        owner=lambda row: str(row.id),
        places=lambda row: (f"{row.agency}/{row.id}", str(row.id)),
    ),
)

goes_through = tuple(kind.query for kind in _KINDS)


def upgrade(op: Operations, work: Work) -> None:
    """A state has the key of what it is kept under, a person and a letter one of its own each; all
    of it was sealed with the hub's, and stays bound to what it was.
    """
    for kind in _KINDS:
        op.add_column(kind.table.name, sa.Column("key_id", sa.Text))
        where = [column == sa.bindparam(f"at_{column.name}") for column in kind.by]
        changed = sa.update(kind.table).where(*where)
        for page in work.pages(kind.query, kind.by):
            if rows := list(_sealed_anew(work, kind, page)):
                work.connection.execute(changed, rows)


def _sealed_anew(work: Work, kind: _Kind, page: Sequence[Any]) -> Iterator[dict[str, Any]]:
    hub = work.vault.keys(work.connection, [_HUB_KEY], create=True)[_HUB_KEY]
    seals = work.vault.sealing(work.connection, map(kind.owner, page))
    for row in page:
        try:
            place, plain = _opened(hub, row.body, places=kind.places(row))
        except Unreadable:
            if kind.table is _letters:  # somebody moved or altered it: it waits, as it is
                continue
            raise
        seal = seals[kind.owner(row)]
        at = {f"at_{column.name}": row._mapping[column.name] for column in kind.by}
        yield at | {"body": seal.key.seal(plain, bound_to=place), "key_id": seal.id}


def _opened(hub: DataKey, body: bytes, *, places: Sequence[str]) -> tuple[str, bytes]:
    """What it is bound to, and what it says."""
    *others, last = places
    for place in others:
        try:
            return place, hub.open(body, bound_to=place)
        except Unreadable:
            continue
    return last, hub.open(body, bound_to=last)

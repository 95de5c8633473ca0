"""Known persons and the blocking keys under which linking finds them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Any, Final

from pydantic_core import from_json
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    MetaData,
    Table,
    bindparam,
    delete,
    insert,
    select,
    text,
)

from stores import bound
from stores.database import Conflict, Transaction, View
from stores.rows import Clash, look_up
from stores.tables import people, person_keys
from stores.vault import HUB_KEY

_PROBES: Final = {
    False: text("""
        SELECT wanted.value, (
            SELECT CASE WHEN count(*) <= :most THEN json_group_array(number) END
            FROM (SELECT number FROM person_keys WHERE key = wanted.value LIMIT :most + 1)
        ) FROM json_each(:keys) AS wanted
    """),
    True: text("""
        SELECT wanted.key, (
            SELECT CASE WHEN count(*) <= :most THEN coalesce(json_agg(number), '[]')::text END
            FROM (
                SELECT number FROM person_keys WHERE person_keys.key = wanted.key LIMIT :most + 1
            ) AS few
        ) FROM unnest(:keys) AS wanted(key)
    """).bindparams(bindparam("keys", type_=ARRAY(BigInteger))),
}
"""For PostgreSQL or not: each key's persons as a JSON list.

A key in its row, as numbers of many rows take longer.
"""

_UNFILED: Final = delete(person_keys).where(
    person_keys.c.key == bindparam("gone_key"), person_keys.c.number == bindparam("gone_number")
)

_PART: Final = 10_000
_PAGE: Final = (
    select(people.c.number, people.c.body, people.c.key_id)
    .where(people.c.number > bindparam("after"))
    .order_by(people.c.number)
    .limit(1000)
)
_aside: Final = Table(
    "person_keys_aside",
    MetaData(),
    Column("key", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    prefixes=["TEMPORARY"],
)


OF_A_PERSON: Final = "person/"
"""How the ids of persons' keys begin."""


def number_of(person_id: str) -> int:
    """A person's row number: 63 bits of a hash of the id, the same on every machine."""
    return int.from_bytes(blake2b(person_id.encode(), digest_size=8).digest(), "big") >> 1


def key_id_of(number: int) -> str:
    """The key of the person with this row number: of one alone, whichever referrals told of it."""
    return f"{OF_A_PERSON}{number}"


def filed_under(view: View, keys: Collection[int], *, most: int) -> dict[int, set[int] | None]:
    """Row numbers of the persons under each key; None where they are more than ``most``."""
    postgres = view.connection.dialect.name == "postgresql"
    given: dict[str, Any] = {
        "keys": list(keys) if postgres else json.dumps(list(keys)),
        "most": most,
    }
    rows = view.connection.execute(_PROBES[postgres], given)
    return {
        key: None if numbers is None else set(from_json(numbers)) for key, numbers in rows.all()
    }


def load(view: View, numbers: Collection[int]) -> dict[int, tuple[int, bytes]]:
    """Version and encoded profile of the persons with these row numbers."""
    if not numbers:
        return {}
    columns = (people.c.number, people.c.version, people.c.body, people.c.key_id)
    rows = look_up(view.connection, columns, by=people.c.number, values=numbers)
    bodies = _opened(view, rows)
    return {row.number: (row.version, bodies[row.number]) for row in rows if row.number in bodies}


def _opened(view: View, rows: Sequence[Any]) -> dict[int, bytes]:
    """The plain profile of each row; those of older hubs are sealed with the hub's own key.

    Whoever cannot be opened any more, as the key was destroyed, is left out.
    """
    seals = view.vault.keys(view.connection, {row.key_id or HUB_KEY for row in rows}, create=False)
    return {
        row.number: seal.open(row.body, bound_to=str(row.number))
        for row in rows
        if (seal := seals.get(row.key_id or HUB_KEY)) is not None
    }


def save(transaction: Transaction, profiles: Mapping[int, tuple[int, bytes]]) -> None:
    """Write profiles one version after what was loaded; ``Conflict`` where another was first."""
    if not profiles:
        return
    seals = transaction.vault.sealing(transaction.connection, map(key_id_of, profiles))
    rows = [
        {
            "number": number,
            "version": version,
            "body": seals[key_id_of(number)].key.seal(body, bound_to=str(number)),
            "key_id": seals[key_id_of(number)].id,
        }
        for number, (version, body) in sorted(profiles.items())
    ]
    if transaction.insert(people, rows, clash=Clash.SUCCEED) != len(rows):
        raise Conflict("another worker changed the same person")


def file(transaction: Transaction, entries: Iterable[tuple[int, int]]) -> None:
    """File persons under keys, as (key, number); those filed already stay."""
    rows = [{"key": key, "number": number} for key, number in sorted(entries)]
    transaction.insert(person_keys, rows, clash=Clash.KEEP)


def unfile(transaction: Transaction, entries: Iterable[tuple[int, int]]) -> None:
    """Take persons out from under keys, as (key, number)."""
    rows = [{"gone_key": key, "gone_number": number} for key, number in sorted(entries)]
    if rows:
        transaction.connection.execute(_UNFILED, rows)
        gone = [{"key": row["gone_key"], "number": row["gone_number"]} for row in rows]
        transaction.changes.gone(person_keys, gone)


def everybody(transaction: Transaction) -> Iterator[tuple[int, bytes]]:
    """Row number and encoded profile of every person, by number, read a part at a time."""
    after = -1
    while rows := transaction.connection.execute(_PAGE, {"after": after}).all():
        yield from _opened(transaction, rows).items()
        after = rows[-1].number


def file_anew(transaction: Transaction, entries: Iterable[tuple[int, int]]) -> int:
    """File persons under these (key, number), each once, and no others; made for millions.

    Answers how many.

    They are put aside and sorted by the database first: into an index in its own order rows go many
    times faster, and only so many at a time are ever in memory.
    """
    _aside.create(transaction.connection)
    waiting = iter(entries)
    while part := list(islice(waiting, _PART)):
        transaction.insert(_aside, [{"key": key, "number": number} for key, number in part])
    transaction.connection.execute(delete(person_keys))
    in_order = select(_aside.c.key, _aside.c.number).order_by(_aside.c.key, _aside.c.number)
    filing = insert(person_keys).from_select(["key", "number"], in_order)
    filed = transaction.connection.execute(
        filing, execution_options={"preserve_rowcount": True}
    ).rowcount
    _aside.drop(transaction.connection)
    bound.anew(transaction.connection, transaction.vault, names=[person_keys.name])
    if transaction.connection.dialect.name == "postgresql":
        transaction.connection.execute(text("ANALYZE person_keys"))
    return filed

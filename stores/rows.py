"""Many rows in one statement, prepared once, as each database's driver takes them fastest.

SQLAlchemy's own executemany takes as long for each row as SQLite does, and psycopg's answers -1 for
the count. So rows go to SQLite's driver as they are, and to PostgreSQL as one array for each
column: one plan, one round trip.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    Connection,
    Insert,
    Row,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    func,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite


class Clash(Enum):
    """What to do with a row whose key is there already."""

    FAIL = "fail"
    """Fail: the transaction is rolled back."""
    KEEP = "keep"
    """Keep the row that is there."""
    SUCCEED = "succeed"
    """Take the new ``body`` and the key that seals it if its ``version`` is one more than what is
    there, else keep that.
    """


def insert(
    connection: Connection, table: Table, *, rows: Sequence[Mapping[str, Any]], clash: Clash
) -> int:
    """Insert all rows, which name the same columns; answers how many were written."""
    if not rows:
        return 0
    columns = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        arrays = {name: [row[name] for row in rows] for name in columns}
        counted = {"preserve_rowcount": True}
        return connection.execute(
            _from_arrays(table, columns, clash=clash), arrays, execution_options=counted
        ).rowcount
    statement, order, literals = _for_sqlite(table, columns, clash=clash)
    if literals:
        rows = [{**literals, **row} for row in rows]
    return connection.exec_driver_sql(statement, list(map(itemgetter(*order), rows))).rowcount


@cache
def _for_sqlite(
    table: Table, columns: tuple[str, ...], *, clash: Clash
) -> tuple[str, Sequence[str], Mapping[str, Any]]:
    compiled = _statement(sqlite, table, clash=clash).compile(
        dialect=sqlite.dialect(), column_keys=list(columns)
    )
    literals = {name: value for name, value in compiled.params.items() if name not in columns}
    return str(compiled), compiled.positiontup or (), literals


@cache
def _from_arrays(table: Table, columns: tuple[str, ...], *, clash: Clash) -> Insert:
    arrays = [func.unnest(bindparam(name, type_=ARRAY(table.c[name].type))) for name in columns]
    return _statement(postgresql, table, clash=clash).from_select(
        list(columns), select(*arrays), include_defaults=False
    )


def _statement(dialect: Any, table: Table, *, clash: Clash) -> Insert:
    made = dialect.insert(table)
    match clash:
        case Clash.FAIL:
            return made  # type: ignore[no-any-return]
        case Clash.KEEP:
            return made.on_conflict_do_nothing()  # type: ignore[no-any-return]
        case Clash.SUCCEED:
            changed = {name: made.excluded[name] for name in ("version", "body", "key_id")}
            next_one = table.c.version == made.excluded.version - 1
            return made.on_conflict_do_update(  # type: ignore[no-any-return]
                index_elements=list(table.primary_key.columns), set_=changed, where=next_one
            )


def look_up(
    connection: Connection,
    columns: tuple[Column[Any], ...],
    *,
    by: Column[Any],
    values: Collection[Any],
    within: tuple[Column[Any], Any] | None = None,
) -> Sequence[Row[Any]]:
    """The columns of the rows whose ``by`` is one of the values, and ``within`` that one value.

    One bound parameter holds all values, where IN would spell every one out; and the statement is
    made once, since making it takes longer than asking it.
    """
    if not values:
        return ()
    wheres = (by,) if within is None else (by, within[0])
    if connection.dialect.name == "postgresql":
        given = {"values": list(values)} | ({} if within is None else {"within": within[1]})
        return connection.execute(_query(columns, *wheres, postgres=True), given).all()
    asked = json.dumps(list(values))
    bound = (asked,) if within is None else (asked, within[1])
    return connection.exec_driver_sql(_in_sqlite(columns, *wheres), bound).all()


def look_up_pairs(
    connection: Connection,
    columns: tuple[Column[Any], ...],
    *,
    by: tuple[Column[Any], Column[Any]],
    pairs: Collection[tuple[str, str]],
) -> Sequence[Row[Any]]:
    """The columns of the rows whose two ``by``, which are texts, are one of the pairs."""
    if connection.dialect.name == "postgresql":
        first, second = zip(*pairs, strict=True)
        given = {"first": list(first), "second": list(second)}
        return connection.execute(_of_pairs(columns, by, postgres=True), given).all()
    return connection.exec_driver_sql(
        _pairs_in_sqlite(columns, by), (json.dumps(list(pairs)),)
    ).all()


@cache
def _pairs_in_sqlite(columns: tuple[Column[Any], ...], by: tuple[Column[Any], Column[Any]]) -> str:
    return str(_of_pairs(columns, by, postgres=False).compile(dialect=sqlite.dialect()))


@cache
def _of_pairs(
    columns: tuple[Column[Any], ...], by: tuple[Column[Any], Column[Any]], *, postgres: bool
) -> Select[Any]:
    if postgres:
        arrays = [bindparam(name, type_=ARRAY(Text)) for name in ("first", "second")]
        given = func.unnest(*arrays).table_valued("one", "other", name="given").render_derived()
        wanted = select(given.c.one, given.c.other)
    else:
        given = func.json_each(bindparam("pairs")).table_valued("value")
        wanted = select(
            func.json_extract(given.c.value, text("'$[0]'")),
            func.json_extract(given.c.value, text("'$[1]'")),
        )
    return select(*columns).where(tuple_(*by).in_(wanted))


@cache
def _in_sqlite(
    columns: tuple[Column[Any], ...], by: Column[Any], within: Column[Any] | None = None
) -> str:
    """The query as SQLite's driver takes it.

    SQLAlchemy takes as long to hand it over as SQLite to answer it.
    """
    return str(_query(columns, by, within, postgres=False).compile(dialect=sqlite.dialect()))


@cache
def _query(
    columns: tuple[Column[Any], ...],
    by: Column[Any],
    within: Column[Any] | None = None,
    *,
    postgres: bool,
) -> Select[Any]:
    if postgres:
        among = by == any_(bindparam("values", type_=ARRAY(by.type)))
    else:
        among = by.in_(select(func.json_each(bindparam("values")).table_valued("value").c.value))
    query = select(*columns).where(among)
    return query if within is None else query.where(within == bindparam("within"))

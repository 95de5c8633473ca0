"""No page reads all of a table that grows: each of its queries is answered by an index, on SQLite
and on PostgreSQL, of a hub in which every screen has something to show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import Connection, Table, event, func, insert, select, text

from ops.run.wiring import Hub
from router.intake import StoredIntake
from router.queues import StoredQueues
from stores.database import Database
from stores.tables import METADATA
from tests.support.console import Person
from tests.support.production import fresh_database, with_tables
from tests.support.surface import AT, Story, everything, full_hub, places, screens, walked

GROWING = {
    "journal",
    "inbox",
    "states",
    "reference_versions",
    "people",
    "person_keys",
    "products",
    "pictures",
    "keys",
    "arrivals",
    "reds",
    "leaves",
    "subtrees",
    "bound",
    "checkpoints",
}
"""Tables in which there is more, the more has come. Of letters there are those that wait."""


@dataclass(frozen=True)
class Asked:
    """A query as a page asked it first."""

    page: str
    sql: str
    given: Any


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    made = full_hub(tmp_path_factory.mktemp("pages") / "hub")
    yield made
    made.hub.database.close()


def test_no_page_goes_through_what_grows_on_sqlite(story: Story) -> None:
    scans = [
        (one.page, told, one.sql)
        for one in asked_by_pages(story)
        for told in _of_sqlite(story.hub.database, one)
    ]
    assert scans == []


def test_no_page_goes_through_what_grows_on_postgresql(story: Story, postgres_url: str) -> None:
    with fresh_database(postgres_url, like=with_tables) as url:
        hub = moved(story.hub, url)
        try:
            queries = asked_by_pages(replace(story, hub=hub))
            scans = [
                (one.page, told, one.sql) for one in queries for told in _of_postgres(hub, one)
            ]
        finally:
            hub.database.close()
    assert len(queries) > 50
    assert scans == []


def moved(hub: Hub, url: str) -> Hub:
    """The same hub with all that it has, in another store."""
    database, policy = Database(url, hub.database.vault), hub.policy.value
    with hub.database.reading() as old, database.engine.begin() as new:
        for table in METADATA.sorted_tables:
            new.execute(table.delete())
            if rows := [dict(row._mapping) for row in old.execute(select(table))]:
                new.execute(insert(table), rows)
            _counted_on(new, table)
    intake, queues = StoredIntake(database, policy), StoredQueues(database, policy)
    return replace(hub, database=database, intake=intake, queues=queues)


def _counted_on(connection: Connection, table: Table) -> None:
    """What is numbered by itself goes on behind what is there."""
    column = table.autoincrement_column
    if column is not None and column.autoincrement is True:
        last = connection.execute(select(func.max(column))).scalar()
        if last is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            connection.execute(select(func.setval(sequence, last)))


def asked_by_pages(story: Story) -> list[Asked]:
    """Every query of every screen of every desk, each once."""
    app, found = everything(story.hub), dict[str, Asked]()
    people = {code: Person(app) for code in AT}
    for code, person in people.items():
        person.enters(story.hub, AT[code])
    pages = {code: walked(person, code) for code, person in people.items()}
    at = places(story, [path for each in pages.values() for path in each])
    page = [""]

    def note(_: Connection, _cursor: Any, sql: str, given: Any, _context: Any, _many: bool) -> None:
        if sql.lstrip().startswith(("SELECT", "WITH")):
            found.setdefault(sql, Asked(page[0], sql, given))

    event.listen(story.hub.database.engine, "before_cursor_execute", note)
    for desk, _, address in screens():
        page[0] = address.template
        people[desk.code].get(at[address.template])
    event.remove(story.hub.database.engine, "before_cursor_execute", note)
    return list(found.values())


def _of_sqlite(database: Database, asked: Asked) -> Iterator[str]:
    if _are_the_newest(asked.sql):
        return
    with database.reading() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked.sql}", asked.given).all()
    for *_, told in rows:
        verb, _, what = told.partition(" ")
        if verb == "SCAN" and what.split(" ")[0] in GROWING:
            yield told


def _are_the_newest(sql: str) -> bool:
    """Whether it reads so many rows from one end of an index, whichever they are."""
    return "WHERE" not in sql and "ORDER BY" in sql and "LIMIT" in sql


def _of_postgres(hub: Hub, asked: Asked) -> Iterator[str]:
    """Where it would go through a table though it may not: it has no index for this."""
    if _are_the_newest(asked.sql):
        return
    with hub.database.reading() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.exec_driver_sql(
            f"EXPLAIN (FORMAT JSON) {asked.sql}", asked.given
        ).scalar_one()
    yield from _scans(plan[0]["Plan"])


def _scans(node: Mapping[str, Any]) -> Iterator[str]:
    kind, table = node["Node Type"], node.get("Relation Name", "")
    by_index = "Index Cond" in node or kind == "Bitmap Heap Scan"
    if table in GROWING and not by_index:
        yield f"{kind} of {table}"
    below: Sequence[Mapping[str, Any]] = node.get("Plans", ())
    for one in below:
        yield from _scans(one)

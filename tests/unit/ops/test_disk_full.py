"""F44, embedded: on a full disk nothing is receipted that is not kept, and all goes on afterwards.

The disk is as full as SQLite is told that it is (``max_page_count``): it answers SQLITE_FULL as it
does where the file system has no room. PostgreSQL is told by a trigger what to refuse with, so that
the server's own error comes by the wire; a real full disk under both is `python -m tests.proofs
f44`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text

from connectors.http import create_app
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.look.verify import verify
from ops.run.wiring import Hub, open_hub
from stores.ports import Unavailable
from tests.support.agencies import EverybodysOwn, serving
from tests.support.filled import EVENT, empty_hub, grown, routes_of, send
from tests.support.production import fresh_database, with_tables

_SENT = 24


@contextmanager
def full(hub: Hub, *, pages_left: int) -> Iterator[None]:
    """The store's disk has so many pages left."""
    with hub.database.reading() as connection:
        pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())

    def limit(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages + pages_left}")

    event.listen(hub.database.engine, "connect", limit)
    hub.database.engine.dispose()
    try:
        yield
    finally:
        event.remove(hub.database.engine, "connect", limit)
        hub.database.engine.dispose()


def events() -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in sample_lines(_SENT)]
    return [notification_event(line) | {"id": f"id-{n}"} for n, line in enumerate(lines)]


def count(hub: Hub, type_: str) -> int:
    query = f"SELECT count(*) FROM journal WHERE type = 'mash.{type_}.v1'"  # noqa: S608
    with hub.database.reading() as connection:
        return int(connection.execute(text(query)).scalar_one())


@pytest.fixture(scope="module")
def as_ever(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How many facts of each type come of the same on a disk with room."""
    _, hub = empty_hub(tmp_path_factory.mktemp("roomy") / "hub")
    send(hub, "police", events())
    hub.embedded().drain()
    types = ("notification.received", "notification.accepted", "case.child-linked")
    found = {type_: count(hub, type_) for type_ in types}
    hub.database.close()
    assert found["notification.received"] == _SENT
    return found


@pytest.mark.parametrize("pages_left", [0, 40])
def test_what_is_receipted_is_kept_and_what_is_not_is_taken_later_once(
    tmp_path: Path, as_ever: dict[str, int], pages_left: int
) -> None:
    _, hub = empty_hub(tmp_path / "hub")
    receipted, refused = [], []
    with full(hub, pages_left=pages_left):
        for one in events():
            try:
                receipted += send(hub, "police", [one])
            except Unavailable:
                refused.append(one)
            with suppress(Unavailable):
                hub.embedded().drain()
        assert count(hub, "notification.received") == len(receipted)
    assert refused
    again = [receipt for one in refused for receipt in send(hub, "police", [one])]
    assert len({one.message_id for one in [*receipted, *again]}) == _SENT
    hub.embedded().drain()
    assert {type_: count(hub, type_) for type_ in as_ever} == as_ever
    grown(hub)
    assert verify(hub, contents=True).flaws == []
    hub.database.close()


REFUSED = {
    "53100": "its disk is full",
    "53200": "it is out of memory",
    "53300": "it has too many connections",
    "25006": "it may only be read",
    "57P03": "",  # it starts, or recovers
    "58030": "",  # its disk fails
}
"""What PostgreSQL says where it takes nothing, and what the hub says of it in its own words."""


@pytest.fixture(scope="module")
def on_postgresql(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Hub, str]]:
    """An embedded hub, and the token of an agency."""
    path = tmp_path_factory.mktemp("postgresql") / "hub"
    with fresh_database(postgres_url, like=with_tables) as store:
        folder, made = empty_hub(path)
        made.database.close()
        hub = open_hub(folder.config, {"HUB_STORE": store})
        yield hub, json.loads(folder.tokens.read_text("utf-8"))["police"]
        hub.database.close()


@contextmanager
def refusing(hub: Hub, code: str) -> Iterator[None]:
    """Nothing can be recorded any more."""
    raising = f"RAISE EXCEPTION 'no room for a name' USING ERRCODE = '{code}'"
    with hub.database.engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {raising}; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER refusing BEFORE INSERT ON journal EXECUTE FUNCTION refuse()"
        )
    try:
        yield
    finally:
        with hub.database.engine.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER refusing ON journal")


@pytest.mark.parametrize("code", REFUSED)
def test_postgresql_that_takes_nothing_is_told_to_senders_and_all_goes_on_afterwards(
    code: str, on_postgresql: tuple[Hub, str]
) -> None:
    hub, token = on_postgresql
    before = count(hub, "notification.received"), count(hub, "case.child-linked")
    fresh = [one | {"id": f"{code}-{n}"} for n, one in enumerate(events()[:3])]
    for number, one in enumerate(fresh):
        one["data"] |= {"source_reference": f"{code}-{number}", "notification_id": one["id"]}
    send(hub, "police", fresh[:1])
    with refusing(hub, code):
        answer = posted(hub, token, fresh[1])
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "no room" not in answer.text
        with pytest.raises(Unavailable) as told:
            send(hub, "police", fresh[2:])
        assert "no room" not in str(told.value)
        with pytest.raises(Unavailable):
            hub.embedded().drain()
        assert count(hub, "notification.received") == before[0] + 1
        assert hub.database.refuses == REFUSED[code]
    receipts = [*send(hub, "police", fresh), *send(hub, "police", fresh)]
    assert len({one.message_id for one in receipts}) == 3
    hub.embedded().drain()
    assert hub.database.refuses == ""
    assert count(hub, "notification.received") == before[0] + 3
    assert count(hub, "case.child-linked") >= before[1] + 1
    grown(hub)
    assert verify(hub, contents=True).flaws == []


def posted(hub: Hub, token: str, event_: dict[str, Any]) -> httpx.Response:
    """What an agency's own system is answered."""
    app = create_app(
        routes_of(hub),
        intake=hub.intake,
        queues=hub.queues,
        access=EverybodysOwn(),
        largest_body=1_000_000,
    )
    headers = {"Authorization": f"Bearer {token}", "Content-Type": EVENT}
    with serving(app) as address:
        return httpx.post(f"{address}/v1/events", content=json.dumps(event_), headers=headers)


def test_a_server_is_asked_for_room_where_nobody_sends(on_postgresql: tuple[Hub, str]) -> None:
    hub = on_postgresql[0]
    name = hub.database.engine.url.database
    for setting, said in (("on", "it may only be read"), ("off", "")):
        with hub.database.engine.begin() as connection:
            connection.exec_driver_sql("SET TRANSACTION READ WRITE")
            alter = f"ALTER DATABASE {name} SET default_transaction_read_only = {setting}"
            connection.exec_driver_sql(alter)
        hub.database.engine.dispose()
        hub.database.try_room()
        assert hub.database.refuses == said

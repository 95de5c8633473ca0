"""F44, embedded: on a full disk nothing is receipted that is not kept, and all goes on afterwards.

The disk is as full as SQLite is told that it is (``max_page_count``): it answers SQLITE_FULL as it
does where the file system has no room.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.look.verify import verify
from ops.run.wiring import Hub
from stores.ports import Unavailable
from tests.support.filled import empty_hub, grown, send

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

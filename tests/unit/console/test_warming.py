"""Who opens the first page of a process waits no longer than who comes after them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from connectors.port import routes
from ops.console import warming
from ops.console.rendering import environment
from ops.console.shell import Shell
from ops.look.health import Health
from ops.run.wiring import Hub
from stores import journal
from tests.support.console import Person, app_of
from tests.support.filled import filled_hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    _, made = filled_hub(tmp_path_factory.mktemp("warm") / "hub", notifications=5)
    environment.cache_clear()
    yield made
    made.database.close()


def entries(hub: Hub) -> int:
    with hub.database.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM journal")).scalar_one())


def test_all_is_there_before_somebody_comes_and_nothing_is_recorded(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, found = entries(hub), routes(hub.settings, {})
    for make in warming.pieces(hub, found, Health(hub)):
        make()
    assert entries(hub) == before
    cache: Any = environment().cache
    assert {name for _, name in cache} >= set(environment().list_templates())
    helper, opened = Person(app_of(hub)), list[str]()
    helper.enters(hub, "E. Helper")
    whole = journal.opened

    def noted(row: Any, keys: Any) -> Any:
        opened.append(row.type)
        return whole(row, keys)

    monkeypatch.setattr(journal, "opened", noted)
    first, second = (_opens(helper, opened) for _ in range(2))
    assert first == second


def _opens(person: Person, opened: list[str]) -> list[str]:
    """What is opened for the list of what an agency was sent."""
    opened.clear()
    assert person.get("/desk/received").status_code == 200
    return list(opened)


def test_a_list_that_fails_keeps_no_other_from_being_made_and_it_ends_when_told(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, drawn = threading.Event(), list[str]()

    def fails(_: Shell, desk: Any, __: Any) -> None:
        drawn.append(desk.code)
        if {"duty", "received"} <= {*drawn}:
            stop.set()
        raise KeyError(desk.code)

    monkeypatch.setattr(Shell, "drawn", fails)
    monkeypatch.setattr(warming, "_AFTER", 0.0)
    warming.run(hub, routes(hub.settings, {}), Health(hub), stop)
    assert len(drawn) > 5


def test_who_is_told_to_stop_makes_nothing(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    stop.set()
    monkeypatch.setattr(warming, "pieces", lambda *_: iter([lambda: pytest.fail("made")]))
    warming.run(hub, routes(hub.settings, {}), Health(hub), stop)

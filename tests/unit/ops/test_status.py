"""What `hub status` and the monitor say of a hub, and what asking costs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import event, text
from starlette.applications import Starlette

from connectors.deliver import QueueSender
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.look.monitor import monitor_routes
from ops.look.needs import as_json
from ops.look.reading import Reader, open_reader
from ops.look.status import Status, collect
from ops.run.wiring import Hub
from router.runtimes import clock
from stores.ports import Leased, Unavailable
from stores.tree.growing import Growing
from stores.tree.keys import origin_of
from tests.support.filled import empty_hub, filled_hub, send

Worked = tuple[DemoFolder, Hub]


def step_at(status: Status, step: str, topic: str) -> Any:
    return next(one for one in status.steps if (one["step"], one["topic"]) == (step, topic))


def get(path: str, look: Callable[[], Status], *, may_show: bool = True) -> httpx.Response:
    async def ask() -> httpx.Response:
        pages = monitor_routes(look, may_show=lambda _: may_show)
        transport = httpx.ASGITransport(Starlette(routes=pages))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub.invalid") as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_a_hub_that_has_done_everything_has_no_depth_anywhere(worked: Worked) -> None:
    status = collect(worked[1])
    assert {
        (step["step"], step["topic"]): step["depth"] for step in status.steps if step["depth"]
    } == {}
    assert all(step["oldest_seconds"] is None and step["lag"] == 0 for step in status.steps)


def test_the_monitor_is_shown_to_nobody_where_the_access_rules_say_so() -> None:
    answer = get("/v1/status", lambda: pytest.fail("nobody looks"), may_show=False)
    assert answer.status_code == 403


def test_what_has_no_leaf_in_the_tree_yet_is_counted(tmp_path: Path) -> None:
    """Where nothing grows it, or something keeps it from growing, that is to be seen."""
    folder, hub = filled_hub(tmp_path / "hub", notifications=1, answered=False)
    status = collect(hub)
    assert status.tree["without_leaf"] == status.facts > 0
    assert 0 < status.tree["oldest_seconds"] < 60
    said = CliRunner().invoke(main, ["status", "--config", str(folder.config)]).output
    assert f"Record: {status.facts} entries have no leaf" in said
    Growing(hub.database, origin_of(hub.settings.area)).once()
    assert collect(hub).tree == {"without_leaf": 0, "oldest_seconds": None}
    said = CliRunner().invoke(main, ["status", "--config", str(folder.config)]).output
    assert "have no leaf" not in said


def test_rates_count_what_was_recorded_lately(worked: Worked) -> None:
    received = next(
        topic for topic in collect(worked[1]).topics if topic["topic"] == "notifications.received"
    )
    assert received["last_hour"] == received["last_day"] == 40


def test_what_nobody_has_handled_yet_shows_as_depth_lag_and_age(tmp_path: Path) -> None:
    _, hub = empty_hub(tmp_path / "hub")
    events = [notification_event(json.loads(line)) for line in sample_lines(3)]
    for sent in events:
        send(hub, sent["data"]["source_agency"], [sent])
    waiting = step_at(collect(hub), "deduplicate", "notifications.received")
    assert (waiting["depth"], waiting["lag"], waiting["progressed_at"]) == (3, 3, None)
    assert 0 < waiting["oldest_seconds"] < 60
    hub.embedded().drain()
    assert step_at(collect(hub), "deduplicate", "notifications.received")["depth"] == 0


def test_timers_of_other_steps_are_no_depth(tmp_path: Path) -> None:
    _, hub = filled_hub(tmp_path / "hub", notifications=5, answered=False)
    with hub.database.transaction() as transaction:
        transaction.connection.execute(text("UPDATE timers SET due_at = due_at - 2000000000000000"))
        owners = transaction.connection.execute(
            text("SELECT step, count(*) FROM timers GROUP BY step")
        ).all()
        overdue = sum(count for _, count in owners)
    assert collect(hub).timers["overdue"] == overdue > 0
    clock.publish_due(hub.database, limit=1000)
    status = collect(hub)
    assert {step: step_at(status, step, "timers.elapsed")["depth"] for step, _ in owners} == dict(
        map(tuple, owners)
    )
    assert status.timers["waiting"] == 0


def test_ways_in_count_what_came_and_what_was_refused(tmp_path: Path) -> None:
    _, hub = empty_hub(tmp_path / "hub")
    bad = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "s",
        "type": "mash.notification.v1",
        "data": {},
    }
    send(hub, "police", [bad])
    status = collect(hub)
    way = next(one for one in status.connectors if one["agency"] == "police")
    assert (way["connector"], way["received"], way["refused"]) == ("http", 1, 1)
    assert way["last_seen"] is not None
    assert sum(dead["count"] for dead in status.dead_letters) == 1
    silent = next(one for one in status.connectors if one["agency"] == "school")
    assert (silent["received"], silent["last_seen"]) == (0, None)


def test_edge_queues_say_depth_age_and_what_is_held(tmp_path: Path) -> None:
    _, hub = filled_hub(tmp_path / "hub", notifications=5, answered=False)
    hub.queues.lease("childrens_social_care", limit=2, seconds=60)
    queue = next(one for one in collect(hub).queues if one["agency"] == "childrens_social_care")
    assert queue["depth"] >= 5
    assert queue["leased"] == 2
    assert 0 <= queue["oldest_seconds"] < 60


@pytest.fixture
def at_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of a hub whose police get their letters at a broker, on the queue ``to``;
    two lie there.
    """
    folder, hub = empty_hub(tmp_path / "hub")
    hub.database.close()
    queue = f"to-{uuid4()}"
    push = f"""
        [agencies.police.push]
        kind = "queue"
        queue = "{queue}"
        url_variable = "POLICE_BROKER"
    """
    folder.config.write_text(folder.config.read_text("utf-8") + push, "utf-8")
    monkeypatch.setenv("POLICE_BROKER", "memory://")
    sender = QueueSender("memory://", queue)
    for number in range(2):
        sender.send(Leased(f"l{number}", "police", "mash.receipt.v1", b"{}", 1))
    return folder.config


def test_letters_that_lie_at_a_broker_are_seen(at_broker: Path) -> None:
    told = CliRunner().invoke(main, ["status", "--config", str(at_broker), "--json"])
    (queue,) = json.loads(told.stdout)["broker_queues"]
    assert (queue["agency"], queue["holds"], queue["ready"]) == ("police", "letters", 2)
    in_words = CliRunner().invoke(main, ["status", "--config", str(at_broker)]).stdout
    assert queue["queue"] in in_words


def test_letters_at_a_broker_that_does_not_answer_are_unknown_and_the_rest_is_told(
    at_broker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICE_BROKER", "amqp://x:open-sesame@127.0.0.1:1//")
    answer = CliRunner().invoke(main, ["status", "--config", str(at_broker), "--json"])
    told = json.loads(answer.stdout)
    assert [queue["ready"] for queue in told["broker_queues"]] == [None]
    assert told["trouble"] == ["a broker does not answer: what lies on its queues is unknown"]
    in_words = CliRunner().invoke(main, ["status", "--config", str(at_broker)])
    assert "unknown" in in_words.stdout
    assert "open-sesame" not in answer.output + in_words.output


def test_asking_reads_no_table_of_the_journal_through(worked: Worked) -> None:
    asked: list[tuple[str, Any]] = []
    engine = worked[1].database.engine

    def note(_c: Any, _cur: Any, statement: str, parameters: Any, _ctx: Any, _many: Any) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    collect(worked[1])
    event.remove(engine, "before_cursor_execute", note)
    plans: list[Any] = []
    with worked[1].database.reading() as connection:
        for statement, parameters in asked:
            if statement.lstrip().startswith(("SELECT", "WITH")):
                plans += connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {statement}", parameters
                ).all()
    details = [plan[-1] for plan in plans]
    assert any("SEARCH journal" in detail for detail in details)
    assert [
        detail
        for detail in details
        if detail.startswith(("SCAN journal", "SCAN inbox", "SCAN states"))
    ] == []


def test_status_works_beside_a_transaction_that_is_open(worked: Worked) -> None:
    folder, hub = worked
    reader = open_reader(folder.config, {})
    with hub.database.transaction():
        assert collect(reader).facts == collect(hub).facts > 0
    reader.database.close()


def test_a_reader_can_change_nothing(worked: Worked) -> None:
    reader = open_reader(worked[0].config, {})
    with pytest.raises(Unavailable), reader.database.transaction() as transaction:
        transaction.connection.execute(text("DELETE FROM journal"))
    assert not hasattr(Reader, "intake")
    reader.database.close()


def test_the_command_says_the_same_as_json(worked: Worked) -> None:
    answer = CliRunner().invoke(main, ["status", "--config", str(worked[0].config), "--json"])
    assert answer.exit_code == 0
    assert json.loads(answer.output)["facts"] == collect(worked[1]).facts


def test_the_command_says_it_in_tables(worked: Worked) -> None:
    answer = CliRunner().invoke(main, ["status", "--config", str(worked[0].config)])
    assert "deduplicate" in answer.output
    assert "Dead letters that wait: none" in answer.output


def test_without_a_store_the_command_says_what_to_do_and_makes_none(tmp_path: Path) -> None:
    folder, hub = empty_hub(tmp_path / "hub")
    hub.database.close()
    for name in ("hub.db", "hub.db-wal", "hub.db-shm", "hub.key"):
        (folder.path / name).unlink(missing_ok=True)
    answer = CliRunner().invoke(main, ["status", "--config", str(folder.config)])
    assert answer.exit_code == 1
    assert "hub run" in answer.output
    assert not (folder.path / "hub.db").exists()
    assert not (folder.path / "hub.key").exists()


def test_the_status_is_served_and_the_address_of_old_leads_to_the_desks(worked: Worked) -> None:
    assert get("/v1/status", lambda: collect(worked[1])).json()["runtime"] == "embedded"
    for path, desk in (("/", "/desk/"), ("/monitor", "/desk/operations")):
        answer = get(path, lambda: pytest.fail("nobody looks"))
        assert (answer.status_code, answer.headers["location"]) == (303, desk)


def test_the_monitor_says_so_when_the_store_cannot_be_reached() -> None:
    def fail() -> Status:
        raise Unavailable("OperationalError")

    answer = get("/v1/status", fail)
    assert (answer.status_code, answer.json()) == (
        503,
        {"trouble": ["the store cannot be reached"]},
    )


def test_the_status_holds_no_personal_data(worked: Worked) -> None:
    told = json.dumps(as_json(collect(worked[1])))
    for line in sample_lines(40):
        record = json.loads(line)
        for part in (
            record["family_name"],
            record["nhs_number"],
            record["postcode"],
            record["source_reference"],
        ):
            assert not part or part not in told

"""What machines see of the hub: its metrics, whether it is ready, and when somebody is paged."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import shutil
import subprocess
import threading
import time
from collections import namedtuple
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update
from starlette.applications import Starlette

from connectors.queues import BrokerQueue
from ops.look import reds
from ops.look.status import collect
from ops.run.wiring import Hub
from ops.watch.metrics import Metrics
from ops.watch.readiness import dependencies, ready
from ops.watch.routes import watch_routes
from stores import failures, schema, timers
from stores.ports import Unavailable
from stores.tables import journal, outbox
from tests.services.process import ServiceUnavailable
from tests.services.prometheus import find_promtool
from tests.support.desk_days import EVAN, KIM, Days
from tests.support.filled import empty_hub
from tests.support.missing import missing

RUNBOOK = Path("ops/RUNBOOK.md")
WATCH = Path("ops/watch")
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """In which something happened: two children, a rating, a dead letter and an alarm."""
    _, made = empty_hub(tmp_path_factory.mktemp("watch") / "hub")
    days = Days(made)
    days.rated(days.notified("school", KIM, "Kim was in the street."), "green")
    days.notified("police", EVAN, "Evan was out late.")
    days.alarm()
    yield made
    made.database.close()


def values(text: str) -> dict[tuple[str, frozenset[str]], float]:
    """Each sample by its name and the values of its labels."""
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_tell_what_the_status_tells(hub: Hub) -> None:
    told, status = values(Metrics(hub).exposition().decode()), collect(hub)
    for step in status.steps:
        labels = frozenset({step["step"], step["topic"]})
        assert told["mash_step_depth", labels] == step["depth"]
    for queue in status.queues:
        assert told["mash_queue_depth", frozenset({queue["agency"]})] == queue["depth"]
    assert told["mash_alarms_untaken", frozenset()] == status.alarms["untaken"] == 1
    facts = {name: value for name, value in told.items() if name[0] == "mash_facts_total"}
    assert sum(facts.values()) == status.facts
    left = {labels: value for (name, labels), value in told.items() if name.endswith("_bucket")}
    waiting = sum(value for labels, value in left.items() if "+Inf" in labels)
    assert waiting == status.timers["waiting"] > 0


def test_a_red_that_nobody_has_is_counted_as_the_list_of_reds_counts_it(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "mash_reds_nobody_has", frozenset[str]()
    metrics = Metrics(hub)
    assert values(metrics.exposition().decode())[name] == 0, "its time has not passed"
    now = dt.datetime.now(dt.UTC)
    listed = partial(reds.lately, hub, days=7)
    monkeypatch.setattr(reds, "lately", lambda *_, **__: listed(at=now + dt.timedelta(days=1)))
    count = sum(one.nobody_has_it for one in reds.lately())  # type: ignore[call-arg]
    assert count > 0
    assert values(metrics.exposition().decode())[name] == 0, "for half a minute"
    assert values(Metrics(hub).exposition().decode())[name] == count


def test_facts_are_counted_once_however_often_one_looks(hub: Hub) -> None:
    metrics = Metrics(hub)
    first = values(metrics.exposition().decode())
    Days(hub).notified("gp", KIM, "Kim has lost weight.")
    then = values(metrics.exposition().decode())
    name = "mash_facts_total", frozenset({"mash.notification.received.v1"})
    assert then[name] == first[name] + 1
    assert then == values(Metrics(hub).exposition().decode()) | {
        key: value for key, value in then.items() if "seconds" in key[0]
    }


def test_no_label_tells_of_a_case_or_a_child(hub: Hub) -> None:
    text = Metrics(hub).exposition().decode()
    said = {value for _, labels in values(text) for value in labels}
    assert not [one for one in said if re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", one)]
    for word in ("Kim", "Evan", "street"):
        assert word not in text


def asked(
    hub: Hub, path: str = "/readyz", *, queues: Sequence[BrokerQueue] = (), may_show: bool = True
) -> httpx.Response:
    app = Starlette(routes=watch_routes(hub, queues, may_show=lambda _: may_show))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_a_hub_that_is_well_is_ready(hub: Hub) -> None:
    answer = asked(hub)
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert asked(hub, "/healthz/store").json() == {"status": "ok"}
    assert {one["name"] for one in answer.json()["dependencies"]} == {
        "store",
        "writing",
        "disk",
        "parts",
        "clock",
    }


def test_a_full_disk_is_said_and_nothing_is_sent_there(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10**6))
    answer = asked(hub)
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert {
        name: value
        for (name, labels), value in values(Metrics(hub).exposition().decode()).items()
        if labels == {"disk"}
    } == {"mash_dependency_up": 0.0}


def test_a_broker_that_is_away_degrades_and_stops_nothing(hub: Hub) -> None:
    away = BrokerQueue("gp", "letters.gp", "letters", "amqp://guest:guest@127.0.0.1:1//")
    answer = asked(hub, queues=[away])
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert "gp" in json.dumps(answer.json()["dependencies"])
    assert ("mash_dependency_up", frozenset({"queues"})) in values(
        Metrics(hub, (away,)).exposition().decode()
    )


def test_a_part_that_was_given_up_is_named(hub: Hub) -> None:
    failures.note(hub.database, "folder:school", error="OSError", again_in=None)
    found = {one["name"]: one for one in asked(hub).json()["dependencies"]}
    assert found["parts"]["says"] == "given up: folder:school"
    failures.started(hub.database, "folder:school")


def test_a_clock_that_nobody_tells_the_time_is_named(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = timers.earliest(hub.database)
    assert first is not None
    monkeypatch.setattr(hub.database, "clock", lambda: first + 59_000_000)
    found = {one["name"]: one["ok"] for one in asked(hub).json()["dependencies"]}
    assert found["clock"]
    monkeypatch.setattr(hub.database, "clock", lambda: first + 61_000_000)
    answer = asked(hub)
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert "nothing tells the clocks the time" in answer.text


def test_kafka_that_is_away_and_a_relay_that_is_late_are_named_apart(hub: Hub) -> None:
    topics = {"topics": "kafka://127.0.0.1:1/x"}
    runtime = hub.settings.runtime.model_copy(update=topics)
    there = replace(hub, settings=hub.settings.model_copy(update={"runtime": runtime}))
    found = {one.name: one.ok for one in dependencies(there)}
    assert (found["topics"], found["relay"]) == (False, True)
    with hub.database.transaction() as transaction:
        transaction.insert(outbox, [{"position": 1, "topic": "x"}])
        transaction.connection.execute(update(journal).values(recorded_at=0))
    found = {one.name: one.ok for one in dependencies(there)}
    assert (found["topics"], found["relay"]) == (False, False)
    assert ready(dependencies(there)), "what is taken waits in the store"


def test_what_hangs_is_said_not_to_answer_and_holds_nobody_up(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()

    def hanging(*_: object) -> bool:
        return let_go.wait(30)

    monkeypatch.setattr(schema, "is_there", hanging)
    began = time.monotonic()
    found = {one.name: one for one in dependencies(hub, seconds=0.2)}
    let_go.set()
    assert time.monotonic() - began < 10
    assert (found["store"].ok, found["store"].says) == (False, "does not answer")
    assert found["disk"].ok
    assert not ready(list(found.values()))


def test_a_store_that_is_away_is_told_as_such(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise Unavailable("away")

    monkeypatch.setattr(hub.database, "reading", away)
    answer = asked(hub)
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    told = values(asked(hub, "/metrics").text)
    assert told["mash_dependency_up", frozenset({"store"})] == 0
    assert asked(hub, "/healthz/store").status_code == 503, "an open page goes grey by it"


def test_whom_the_access_rules_do_not_let_see_sees_no_metrics(hub: Hub) -> None:
    assert asked(hub, "/metrics", may_show=False).status_code == 403
    assert asked(hub, "/metrics").headers["content-type"].startswith("text/plain")


def test_each_alert_fires_on_its_fault_and_clears_after_it() -> None:
    try:
        promtool = find_promtool()
    except ServiceUnavailable as reason:
        missing(reason)
    for words in (("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")):
        done = subprocess.run(
            [promtool, *words], cwd=WATCH, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def alerts() -> list[str]:
    return re.findall(r"- alert: (\w+)", (WATCH / "alerts.yml").read_text("utf-8"))


@pytest.mark.parametrize("alert", alerts())
def test_each_alert_is_tried_and_has_its_line_in_the_runbook(alert: str) -> None:
    assert f"alertname: {alert}\n" in (WATCH / "alerts_test.yml").read_text("utf-8")
    assert f"| `{alert}` |" in RUNBOOK.read_text("utf-8")


def told_names(text: str) -> set[str]:
    return set(re.findall(r"\b((?:mash|kafka)_[a-z_]+)", text))


@pytest.mark.parametrize("file", ["alerts.yml", "dashboard.json"])
def test_only_metrics_that_the_hub_tells_are_asked_for(file: str, hub: Hub) -> None:
    asked = told_names((WATCH / file).read_text("utf-8"))
    declared = set(re.findall(r'"((?:mash|kafka)_[a-z_]+)"', (WATCH / "metrics.py").read_text()))
    endings = ("", "_total", "_bucket")
    assert asked
    assert asked <= {name + ending for name in declared for ending in endings}

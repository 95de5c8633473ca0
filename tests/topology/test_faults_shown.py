"""What goes wrong with brokers and the database of a hub in production shows as what it is within
half a minute, fires its one alert, and clears. The faults that need no broker are in
tests/unit/ops/test_faults_shown.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import pytest

from connectors.queues import BrokerQueue
from ops.look.needs import needs
from ops.look.status import collect
from ops.run.wiring import Hub
from ops.watch.metrics import Metrics
from ops.watch.readiness import dependencies
from router.runtimes.rebuilding import rebuild
from stores import topics
from stores.ports import Unavailable
from tests.services.kafka import KafkaService
from tests.services.postgres import PostgresService
from tests.services.process import PrivateService, ServiceUnavailable
from tests.services.rabbitmq import RabbitService
from tests.support.alerting import Told, fires_once_each, told
from tests.support.filled import grown
from tests.support.missing import missing
from tests.support.units import Workers, connected, grouped, notify, production_hub

_SECONDS = 30.0


@pytest.fixture(scope="module")
def hub(
    kafka_server: KafkaService,
    postgres_server: PostgresService,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Hub]:
    """On servers of its own, with something on its topics that all steps had."""
    path = tmp_path_factory.mktemp("faults") / "hub"
    with production_hub(path, kafka_server.url, postgres_server.url) as made:
        _worked(made, 0, 3)
        yield made


def _worked(hub: Hub, first: int, last: int) -> None:
    """So many of the sample's lines come, and all steps have had what follows of them."""
    notify(hub, first, last)
    with connected(hub) as read:
        workers = Workers(hub, read, *grouped("all"))
        workers.drain()
        workers.close()
    grown(hub)


@pytest.fixture(scope="module")
def queues(rabbitmq_server: RabbitService) -> list[BrokerQueue]:
    """One that nobody has declared: it lies empty, where the broker answers."""
    return [BrokerQueue("gp", "letters.gp", "letters", rabbitmq_server.url)]


@contextmanager
def killed(service: PrivateService) -> Iterator[None]:
    service.kill()
    try:
        yield
    finally:
        service.start()


@contextmanager
def wiped(hub: Hub) -> Iterator[None]:
    """All topics are gone; the relay makes them again, as it does after any trouble."""
    url = str(hub.settings.runtime.topics)
    topics.delete_topics(url)
    yield
    rebuild(hub.database, url, partitions=1)


@contextmanager
def rewound(hub: Hub) -> Iterator[None]:
    """Somebody made them again, and they are empty."""
    _worked(hub, 5, 6)
    url = str(hub.settings.runtime.topics)
    topics.delete_topics(url)
    topics.create_topics(url, 1)
    yield
    rebuild(hub.database, url, partitions=1)


Fault = Callable[[Hub, pytest.FixtureRequest], AbstractContextManager[None]]
FAULTS: dict[str, tuple[Fault, str, str | None, str]] = {
    "Kafka killed": (
        lambda _, request: killed(request.getfixturevalue("kafka_server")),
        "The topics cannot be reached",
        "topics",
        "HubBrokerAway",
    ),
    "RabbitMQ killed": (
        lambda _, request: killed(request.getfixturevalue("rabbitmq_server")),
        "A broker does not answer",
        "queues",
        "HubBrokerAway",
    ),
    "topics wiped": (
        lambda hub, _: wiped(hub),
        "Kafka has lost messages of",
        None,
        "HubTopicsLost",
    ),
    "topics rewound": (
        lambda hub, _: rewound(hub),
        "Kafka has lost messages of",
        None,
        "HubTopicsLost",
    ),
}
"""What goes wrong; what the page says of it; what of ``/readyz``; and the alert that fires."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_broker_is_said_as_what_it_is_and_clears(
    fault: str, hub: Hub, queues: list[BrokerQueue], request: pytest.FixtureRequest
) -> None:
    happens, says, dependency, alert = FAULTS[fault]
    before = told(Metrics(hub, queues).exposition())
    assert needs(collect(hub, queues)) == []
    with happens(hub, request):
        began = time.monotonic()
        shown = needs(collect(hub, queues))
        assert time.monotonic() - began < _SECONDS
        assert [one for one in shown if one.says.startswith(says) and one.urgent], shown
        down = [one.name for one in dependencies(hub, queues) if not one.ok]
        assert down == ([dependency] if dependency else [])
        during = told(Metrics(hub, queues).exposition())
    _well(hub, queues)
    after = told(Metrics(hub, queues).exposition())
    _alerts(before, during, after, alert)


def test_a_database_that_is_stopped_is_said_and_clears(
    hub: Hub, queues: list[BrokerQueue], postgres_server: PostgresService
) -> None:
    before = told(Metrics(hub, queues).exposition())
    with killed(postgres_server):
        began = time.monotonic()
        with pytest.raises(Unavailable):
            collect(hub, queues)
        down = [one.name for one in dependencies(hub, queues) if not one.ok]
        assert time.monotonic() - began < _SECONDS
        assert "store" in down
        assert "writing" not in down
        during = told(Metrics(hub, queues).exposition())
    _well(hub, queues)
    _alerts(before, during, told(Metrics(hub, queues).exposition()), "HubStoreAway")


def test_figures_of_consumer_groups_have_the_names_that_dashboards_know(hub: Hub) -> None:
    _worked(hub, 3, 4)
    figures = told(Metrics(hub).exposition())
    (unit,) = {one["consumergroup"] for one in collect(hub).partitions}
    place = f'{{consumergroup="{unit}",partition="0",topic="notifications.received"}}'
    for name in ("lag", "group_lag", "group_lag_seconds"):
        assert figures[f"kafka_consumergroup_{name}{place}"] == 0
    offset = f"kafka_consumergroup_current_offset{place}"
    # The workers of these tests are no members: they read without a group.
    assert figures[f'kafka_consumergroup_members{{consumergroup="{unit}"}}'] == 0
    notify(hub, 6, 8)
    with connected(hub) as read:
        workers = Workers(hub, read, *grouped("all"))
        workers.relay()
        behind = told(Metrics(hub).exposition())
        workers.drain()
        workers.close()
    grown(hub)
    assert behind[f"kafka_consumergroup_group_lag{place}"] == 2
    assert told(Metrics(hub).exposition())[offset] == figures[offset] + 2 > 2


def test_kafka_is_asked_for_members_seldom(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def members(url: str, groups: list[str], *, seconds: float) -> dict[str, int]:
        asked.append(url)
        return dict.fromkeys(groups, 2)

    monkeypatch.setattr(topics, "members", members)
    metrics = Metrics(hub)
    (unit,) = {one["consumergroup"] for one in collect(hub).partitions}
    for _ in range(3):
        figures = told(metrics.exposition())
        assert figures[f'kafka_consumergroup_members{{consumergroup="{unit}"}}'] == 2
    assert len(asked) == 1


def _well(hub: Hub, queues: list[BrokerQueue]) -> None:
    """It is over within half a minute, by itself."""
    until = time.monotonic() + _SECONDS
    found: list[object] = [None]
    while found and time.monotonic() < until:
        with suppress(Unavailable):
            found = list(needs(collect(hub, queues)))
    assert found == []


def _alerts(before: Told, during: Told, after: Told, alert: str) -> None:
    stages: list[tuple[Told, list[str]]] = [(before, []), (during, [alert]), (after, [])]
    try:
        assert fires_once_each(stages) == ""
    except ServiceUnavailable as reason:
        missing(reason)

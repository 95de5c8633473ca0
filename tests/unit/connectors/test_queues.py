# mypy: allow-untyped-calls
"""Which queues at brokers a configuration leads to, and how much lies on them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from uuid import uuid4

import pytest

from connectors.clients import broker
from connectors.queues import BrokerQueue, Depth, broker_queues, depths
from schemas.settings import HubSettings

MEMORY = "memory://"


def settings(*, hub_queues: str | None, **agencies: dict[str, object]) -> HubSettings:
    runtime = {"queues": hub_queues, "store": "postgresql+psycopg://x", "topics": "kafka://x:1"}
    return HubSettings.model_validate(
        {
            "area": "e1",
            "lead_agency": "csc",
            "runtime": runtime if hub_queues else {},
            "agencies": {
                code: {"name": code, "signpost_contact": "01632 960001", **extra}
                for code, extra in agencies.items()
            },
        }
    )


def test_an_agency_that_says_nothing_has_its_letters_at_the_hubs_broker() -> None:
    found = broker_queues(settings(hub_queues="amqp://ours", csc={}), {})
    assert found == [BrokerQueue("csc", "deliveries.csc", "letters", "amqp://ours")]


def test_an_embedded_hub_has_no_queue_at_a_broker() -> None:
    assert broker_queues(settings(hub_queues=None, csc={}), {}) == []


def test_an_agencys_own_queues_are_where_its_configuration_says() -> None:
    police: dict[str, object] = {
        "queue": {"url_variable": "POLICE_BROKER", "queue": "to-hub"},
        "push": {"kind": "queue", "url_variable": "POLICE_BROKER", "queue": "from-hub"},
    }
    found = broker_queues(
        settings(hub_queues="amqp://ours", police=police), {"POLICE_BROKER": "amqp://theirs"}
    )
    assert found == [
        BrokerQueue("police", "to-hub", "messages", "amqp://theirs"),
        BrokerQueue("police", "to-hub.receipts", "receipts", "amqp://theirs"),
        BrokerQueue("police", "from-hub", "letters", "amqp://theirs"),
    ]


def test_letters_that_are_pushed_over_http_lie_on_no_queue() -> None:
    push = {"kind": "http", "url": "http://police.test/"}
    assert broker_queues(settings(hub_queues="amqp://ours", police={"push": push}), {}) == []


def test_no_repr_shows_a_brokers_password() -> None:
    found = broker_queues(settings(hub_queues="amqp://u:open-sesame@ours", csc={}), {})
    assert "open-sesame" not in repr(found)


def at(url: str | None, name: str) -> BrokerQueue:
    return BrokerQueue("police", name, "letters", url)


def test_a_queue_says_how_many_messages_lie_ready() -> None:
    name = f"q-{uuid4()}"
    with broker.connected(MEMORY) as connection:
        broker.ensure_queue(connection, name)
        for number in range(3):
            broker.publish(
                connection.default_channel,
                b"{}",
                queue=name,
                content_type="application/json",
                message_id=str(number),
            )
    asked = at(MEMORY, name)
    assert depths([asked]) == {asked: Depth(ready=3, consumers=0)}


def test_a_queue_that_nobody_has_made_is_empty() -> None:
    asked = at(MEMORY, f"q-{uuid4()}")
    assert depths([asked]) == {asked: Depth(0, 0)}


@pytest.fixture
def silent() -> Iterator[str]:
    """A broker that takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"amqp://guest:guest@127.0.0.1:{server.getsockname()[1]}//"


@pytest.mark.parametrize("url", [None, "amqp://x:y@127.0.0.1:1//", "nonsense://x", "silent"])
def test_what_lies_at_a_broker_that_cannot_be_asked_is_unknown_and_the_others_are_told(
    url: str | None, silent: str
) -> None:
    away, there = at(silent if url == "silent" else url, "q"), at(MEMORY, f"q-{uuid4()}")
    assert depths([away, there]) == {away: None, there: Depth(0, 0)}


def test_without_queues_nobody_is_asked() -> None:
    assert depths([]) == {}

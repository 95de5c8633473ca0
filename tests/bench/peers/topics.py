"""The Kafka topics of the peers that use it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.bench.peers.work import Place, Record

RECEIVED, ACCEPTED, LINKED = "received", "accepted", "linked"


def create(place: Place) -> None:
    """Make them, with a partition each."""
    client = AdminClient({"bootstrap.servers": place.kafka, "log_level": 0})
    topics = [NewTopic(wire(place, topic), 1, 1) for topic in (RECEIVED, ACCEPTED, LINKED)]
    for made in client.create_topics(topics).values():
        made.result()


def wire(place: Place, topic: str) -> str:
    """A topic's name on this peer's Kafka."""
    return f"{place.name}.{topic}"


def feed(place: Place, records: Iterable[Record]) -> None:
    """Put notifications on the first topic; they are durable when this returns."""
    producer = Producer({"bootstrap.servers": place.kafka, "acks": "all", "log_level": 0})
    for record in records:
        producer.produce(wire(place, RECEIVED), json.dumps(record).encode())
    producer.flush()

"""One notification is one trace through Kafka: a worker's span stands under the relay's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ops.watch.tracing import begin
from router.runtimes.faust_worker import run_worker
from stores.database import Database
from stores.traces import Traces
from stores.vault import HUB_KEY, Vault
from tests.support.production import (
    KEY,
    Production,
    adopted,
    alone,
    deduplication,
    production,
    wait_until,
)

Spans = Callable[[], list[ReadableSpan]]


@pytest.fixture
def hub(kafka_url: str, postgres_url: str) -> Iterator[Production]:
    with production(kafka_url, postgres_url) as made:
        yield made


@contextmanager
def traced(database: Database, process: str) -> Iterator[Spans]:
    """Its spans, handed on every few milliseconds as to a collector."""
    exporter = InMemorySpanExporter()
    with database.transaction() as transaction:
        (key,) = database.vault.keys(transaction.connection, [HUB_KEY], create=True).values()
    database.traces = Traces(key, system="postgresql", carrier="kafka")
    end = begin(database.traces, process=process, to=lambda: exporter)
    yield lambda: list(exporter.get_finished_spans())
    end()


def span_id(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.span_id)


def test_a_worker_goes_on_in_the_trace_that_the_intake_began(
    hub: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    worker, stop = Database(hub.database_url, Vault(KEY), keeps_outbox=True), threading.Event()
    with traced(hub.database, "http") as sent, traced(worker, "deduplicate") as heard:
        hub.received([1, 2])
        hub.relayed()
        run = partial(run_worker, alone(deduplication()), url=hub.topics_url, database=worker)
        work = threading.Thread(target=partial(run, policy=adopted(), stop=stop))
        work.start()
        try:
            wait_until(lambda: sum(one.name == "process" for one in heard()) == 2)
        finally:
            stop.set()
            work.join()
        wait_until(lambda: sum(one.name == "send" for one in sent()) == 2)
        spans = {span_id(one): one for one in (*sent(), *heard())}
    worker.close()
    for process in [one for one in spans.values() if one.name == "process"]:
        assert process.parent is not None
        send = spans[process.parent.span_id]
        assert send.parent is not None
        receive = spans[send.parent.span_id]
        assert (send.name, receive.name, receive.parent) == ("send", "receive", None)
        traces = {one.context.trace_id for one in (process, send, receive) if one.context}
        assert len(traces) == 1
        assert process.attributes is not None
        assert process.attributes["messaging.consumer.group.name"] == "mash-hub.deduplicate"
        assert process.resource.attributes["mash.process"] == "deduplicate"

"""One trace a notification, told to a collector by those who name one, and to nobody else."""

from __future__ import annotations

import datetime as dt
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import capture_logs

from connectors.events.envelope import parse
from connectors.events.facts import Door
from ops.run.wiring import Hub, open_hub
from ops.watch.tracing import begin, wanted
from schemas.message import arrived_millis, dated_id, derived_id
from stores.context import Context, of_header
from stores.traces import Span, Traces
from stores.wrapping import DataKey
from tests.support.desk import LEAD
from tests.support.desk_days import EVAN, KIM, Days
from tests.support.filled import EVENT, empty_hub, routes_of

SENDERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NAMES = {
    "db.system.name",
    "http.route",
    "mash.agency",
    "mash.attempt",
    "mash.connector",
    "mash.facts",
    "mash.part",
    "mash.type",
    "messaging.batch.message_count",
    "messaging.consumer.group.name",
    "messaging.destination.name",
    "messaging.operation.type",
    "messaging.system",
}
"""All that a span says beside its times: nothing that could name a case or a person."""


class Story:
    """What a school told, and what followed: two weeks later its lead agency rates, then clocks."""

    def __init__(self, hub: Hub) -> None:
        assert hub.database.traces is not None
        self.hub, self.traces, self.days = hub, hub.database.traces, Days(hub)
        exporter, before = InMemorySpanExporter(), hub.database.clock
        end = begin(self.traces, process="hub", to=lambda: exporter)
        self.first = self.days.notified("school", KIM, "Kim was in the street.")
        self.letters = hub.queues.lease(LEAD, limit=100, seconds=0)
        self.other = self.days.notified("police", EVAN, "Evan was out late.")
        hub.database.clock = lambda: before() + 14 * 86_400_000_000
        self.days.rated(self.first, "green")
        hub.database.clock = before
        end()
        self.spans = exporter.get_finished_spans()

    def of(self, trace: int) -> list[ReadableSpan]:
        return [span for span in self.spans if trace_of(span) == trace]

    def root(self, referral: str) -> Context:
        found = self.traces.first(referral)
        assert found is not None
        return found


def trace_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.trace_id)


def linked(span: ReadableSpan) -> set[int]:
    return {link.context.trace_id for link in span.links}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path_factory.mktemp("tracing") / "hub")
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def story(hub: Hub) -> Story:
    return Story(hub)


def test_a_notification_is_one_trace_from_its_arrival_to_what_leaves(story: Story) -> None:
    root = story.root(story.first)
    spans = story.of(root.trace)
    assert [span.name for span in spans if span.parent is None] == ["receive"]
    assert {span.name for span in spans} == {"receive", "process", "transaction", "hand out"}
    known = {span.context.span_id for span in spans if span.context}
    assert root.span in known
    assert {span.parent.span_id for span in spans if span.parent} <= known
    assert all(span.start_time <= span.end_time for span in spans)  # type: ignore[operator]


def test_two_notifications_are_two_traces(story: Story) -> None:
    assert story.root(story.first).trace != story.root(story.other).trace
    assert story.of(story.root(story.other).trace)


def test_what_comes_two_weeks_later_is_a_trace_of_its_own_that_links_to_the_first(
    story: Story,
) -> None:
    first = story.root(story.first).trace
    (rated,) = [
        span
        for span in story.spans
        if span.name == "process"
        and span.attributes
        and span.attributes["messaging.destination.name"] == "ratings.decided"
    ]
    assert trace_of(rated) != first
    (came,) = [span for span in story.of(trace_of(rated)) if span.name == "receive"]
    assert linked(came) == {first}
    moments = [span.end_time for span in story.of(first)]
    assert max(moments) <= came.start_time  # type: ignore[type-var, operator]


def test_a_letter_says_the_span_that_handed_it_out(story: Story) -> None:
    traced = [letter for letter in story.letters if letter.sent_by]
    assert traced
    sent = {span.context.span_id for span in story.spans if span.context}
    for letter in traced:
        assert letter.sent_by is not None
        assert letter.sent_by.span in sent
        assert letter.headers == {"traceparent": letter.sent_by.header}
        assert letter.trace_id == story.root(story.first).trace_id


def test_a_letter_that_follows_late_has_a_trace_of_its_own(story: Story) -> None:
    traces, at = story.traces, arrived_millis(story.first)
    assert at is not None
    letter = derived_id(story.first, "x")
    soon = traces.of_letter(letter, story.first, posted=(at + 1000) * 1000)
    late = traces.of_letter(letter, story.first, posted=(at + 14 * 86_400_000) * 1000)
    assert soon == story.root(story.first) != late


def test_no_attribute_names_a_case_or_a_person(story: Story) -> None:
    told = [dict(span.attributes or {}) for span in story.spans]
    assert {name for one in told for name in one} <= NAMES
    said = {value for one in told for value in one.values() if isinstance(value, str)}
    assert said
    assert not [one for one in said if re.search(r"[0-9a-f]{8}-[0-9a-f]{4}|\d{5}|[A-Z][a-z]", one)]


def test_while_nobody_is_told_nothing_is_noted_and_nothing_goes_along(hub: Hub) -> None:
    with hub.database.transaction() as transaction:
        assert transaction.noted is None
    Days(hub).notified("gp", EVAN, "Evan has lost weight.")
    letters = hub.queues.lease(LEAD, limit=500, seconds=0)
    assert letters
    assert all(not letter.headers and letter.trace_id for letter in letters)


def test_the_senders_own_span_is_linked_and_never_the_parent(hub: Hub) -> None:
    assert hub.database.traces is not None
    exporter = InMemorySpanExporter()
    end = begin(hub.database.traces, process="hub", to=lambda: exporter)
    route = routes_of(hub).by_code["school"]
    body = (
        b'{"specversion": "1.0", "id": "linked", "source": "s", "type": "mash.notification.v1",'
        b' "data": {"reference": "L-1", "observed_at": "2026-11-03T19:40:00Z",'
        b' "subject": {"name": [{"given_name": ["Kim"], "family_name": ["Invented"]}]},'
        b' "narrative": "Kim was in the street."}}'
    )
    now = hub.database.clock() // 1_000_000
    door = Door(route, "http", dt.datetime.fromtimestamp(now, dt.UTC))
    arrivals = [
        replace(one, traceparent=told, event_id=f"{one.event_id}-{number}")
        for number, told in enumerate((SENDERS, "00-zz", f"00-{'0' * 32}-{'1' * 16}-01"))
        for one in parse(door, body, content_type=EVENT)
    ]
    for arrival in arrivals:
        hub.intake.take([arrival])
    end()
    came = exporter.get_finished_spans()
    assert [linked(span) for span in came] == [{int(SENDERS[3:35], 16)}, set(), set()]
    assert all(span.parent is None for span in came)


# --- names


@for_all(st.text() | st.binary() | st.none() | st.integers())
def test_a_header_that_is_none_is_none(told: object) -> None:
    assert of_header(told) is None or re.fullmatch(r"00-\w{32}-\w{16}-\w\w", str(told))


@for_all(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1))
def test_a_header_says_what_was_put_in(trace: int, span: int) -> None:
    context = Context(trace, span)
    assert of_header(context.header) == of_header(context.header.encode()) == context


def test_nobody_without_the_key_can_tell_which_referral_a_trace_is_of() -> None:
    one, other = (
        Traces(DataKey.of(raw), system="sqlite", carrier="kafka") for raw in (b"1" * 32, b"2" * 32)
    )
    referral = dated_id(derived_id("r"), 1_770_000_000_000)
    assert one.first(referral) == one.first(referral) != other.first(referral)
    assert one.first(derived_id("not dated")) is None
    near = [one.root(millis, referral) for millis in range(100)]
    assert all(first != second for first, second in pairwise(near))
    assert len({root.trace for root in near}) == len({root.span for root in near}) == 100


# --- to whom they are told


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_spans_are_told_where_a_collector_is_named(
    environment: Mapping[str, str], told: bool
) -> None:
    assert wanted(environment) is told


def test_without_the_extra_the_hub_goes_on_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    traces = Traces(DataKey.of(b"1" * 32), system="sqlite", carrier="mash_hub")
    with capture_logs() as said:
        begin(traces, process="hub")()
    assert [line["event"] for line in said] == ["traces.missing"]
    assert traces.noting() is None


class Collector(BaseHTTPRequestHandler):
    """Keeps the bodies that were posted, and where to."""

    came: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        """Take it."""
        self.came.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[HTTPServer]:
    Collector.came = []
    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_spans_come_to_a_collector_by_otlp(
    collector: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{collector.server_port}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=borough")
    traces = Traces(DataKey.of(b"1" * 32), system="sqlite", carrier="mash_hub")
    end = begin(traces, process="link+rate")
    root = traces.root(1, "referral")
    assert traces.tell is not None
    traces.tell([Span("process", "consumer", root.below(), root, 1, 2, {"mash.facts": 3}, (root,))])
    end()
    ((path, body),) = Collector.came
    (told,) = ExportTraceServiceRequest.FromString(body).resource_spans
    of = {one.key: one.value.string_value for one in told.resource.attributes}
    assert path == "/v1/traces"
    assert of == {
        "service.name": "mash-hub",
        "mash.process": "link+rate",
        "deployment.environment.name": "borough",
    }
    (span,) = told.scope_spans[0].spans
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (root.trace_id, f"{root.span:016x}")


def test_a_sampler_named_by_the_environment_keeps_traces_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    kept = InMemorySpanExporter()
    traces = Traces(DataKey.of(b"1" * 32), system="sqlite", carrier="mash_hub")
    end = begin(traces, process="hub", to=lambda: kept)
    assert traces.tell is not None
    for millis in range(100):
        root = traces.root(millis, "referral")
        for context in (root, root.below()):
            traces.tell([Span("process", "consumer", context, None, 1, 2, {})])
    end()
    found = [trace_of(span) for span in kept.get_finished_spans()]
    assert 20 < len(set(found)) < 80
    assert len(found) == 2 * len(set(found))


def test_every_process_of_a_store_names_a_trace_alike(tmp_path: Path) -> None:
    folder, one = empty_hub(tmp_path / "hub")
    other = open_hub(folder.config, {})
    for hub in (one, other):
        assert hub.database.traces is not None
    referral = dated_id(derived_id("r"), 1_770_000_000_000)
    assert one.database.traces.first(referral) == other.database.traces.first(referral)  # type: ignore[union-attr]
    one.database.close()
    other.database.close()

"""What planted personal data would have to get past to reach a log: nothing lets it through."""

from __future__ import annotations

import ast
import datetime as dt
import io
import json
import logging
import re
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import ValidationError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from ops.run import log
from ops.run.log_events import EVENTS, FOREIGN, of_library
from schemas.message import Message
from schemas.notification import Notification
from schemas.rating import Colour
from stores.codec import Unopened

CANARY = "Tilly Thornbury"
NUMBER = "9990000018"
ROOT = Path(__file__).parents[3]
AT = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
CASE = "6f1c8f0e-0b5e-5c58-9f0e-8d2f5a1c7b11"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A stream that the log writes to; afterwards logging is as it was."""
    root = logging.getLogger()
    before = (
        root.handlers[:],
        root.level,
        sys.excepthook,
        threading.excepthook,
        logging.raiseExceptions,
    )
    out = io.StringIO()
    with warnings.catch_warnings():
        log.configure(out, level=logging.DEBUG)
        yield out
        logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    root.handlers[:], root.level, sys.excepthook, threading.excepthook, logging.raiseExceptions = (
        before
    )


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_listed_event_keeps_its_ids_codes_and_numbers(stream: io.StringIO) -> None:
    structlog.get_logger().warning(
        "step.undecidable", step="link", message_id=CASE, line=7, state=Colour.RED
    )
    (line,) = lines(stream)
    assert line.pop("time")
    assert line == {
        "level": "warning",
        "event": "step.undecidable",
        "step": "link",
        "message_id": CASE,
        "line": 7,
        "state": "red",
    }


def test_an_unknown_event_and_unknown_keys_are_dropped(stream: io.StringIO) -> None:
    structlog.get_logger().warning(f"linked {CANARY}", child=CANARY, narrative=CANARY, seconds=1)
    (line,) = lines(stream)
    assert (line["event"], line["seconds"]) == ("unlisted", 1)
    assert "child" not in line


@pytest.mark.parametrize(
    "key", ["message_id", "agency", "step", "reason", "error", "queue", "topic", "count"]
)
@pytest.mark.parametrize(
    "value", [CANARY, NUMBER, "01632 960123", f"x-{NUMBER}", [CANARY], {"name": CANARY}, b"Tilly T"]
)
def test_a_listed_key_takes_nothing_but_what_belongs_there(
    stream: io.StringIO, key: str, value: Any
) -> None:
    structlog.get_logger().warning("received", **{key: value})
    assert key not in lines(stream)[0]


def test_an_error_is_its_class_and_frames_and_never_what_it_says(stream: io.StringIO) -> None:
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as cause:
            raise ValueError(f"{CANARY} {NUMBER}") from cause
    except ValueError:
        structlog.get_logger().exception("connector.failed")
    (line,) = lines(stream)
    assert CANARY not in stream.getvalue()
    assert (line["error"], line["causes"]) == ("ValueError", ["KeyError"])
    assert (
        line["frames"][-1].split(":")[1]
        == "test_an_error_is_its_class_and_frames_and_never_what_it_says"
    )


def test_a_validation_error_tells_nothing_of_its_input(stream: io.StringIO) -> None:
    with pytest.raises(ValidationError) as caught:
        Notification.model_validate({"reference": CANARY, CANARY: NUMBER, "narrative": CANARY})
    structlog.get_logger().error("connector.failed", exc_info=caught.value)
    structlog.get_logger().error("connector.failed", error=str(caught.value))
    assert CANARY not in stream.getvalue()


def test_a_database_error_tells_nothing_of_its_parameters(stream: io.StringIO) -> None:
    engine = create_engine("sqlite://", echo=True)
    with pytest.raises(SQLAlchemyError) as caught, engine.connect() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": CANARY})
    structlog.get_logger().error("store.unavailable", exc_info=caught.value)
    logging.getLogger("sqlalchemy.engine").error("failed %s", CANARY, exc_info=caught.value)
    engine.dispose()
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize(
    "name", ["uvicorn.error", "uvicorn.access", "faust", "kombu", "sqlalchemy.engine", "asyncio"]
)
def test_what_libraries_log_is_reduced_to_who_and_how_bad(stream: io.StringIO, name: str) -> None:
    logging.getLogger(name).error("could not decode %s", CANARY)
    logging.getLogger(name).error(f"GET /people?name={CANARY}")
    assert [line["logger"] for line in lines(stream)] == [name, name]
    assert CANARY not in stream.getvalue()


def test_a_constant_message_of_a_library_is_kept_if_it_is_listed(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("Application startup complete.")
    assert lines(stream)[0]["message"] == "Application startup complete."


def test_a_logger_with_a_handler_of_its_own_goes_through_the_list_too(stream: io.StringIO) -> None:
    own, beside = logging.getLogger("faust.beside"), io.StringIO()
    own.addHandler(logging.StreamHandler(beside))
    log.configure(stream)
    own.error(CANARY)
    assert beside.getvalue() == ""
    assert lines(stream)[0]["logger"] == "faust.beside"


def test_an_uncaught_error_of_the_process_or_a_thread_is_told_by_its_class(
    stream: io.StringIO,
) -> None:
    def fail() -> None:
        raise RuntimeError(CANARY)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    error = LookupError(CANARY)
    sys.excepthook(LookupError, error, None)
    assert [line["error"] for line in lines(stream)] == ["RuntimeError", "LookupError"]
    assert CANARY not in stream.getvalue()


def test_a_warning_tells_nothing(stream: io.StringIO) -> None:
    warnings.simplefilter("always")
    warnings.warn(CANARY, stacklevel=1)
    assert lines(stream)[0]["logger"] == "py.warnings"
    assert CANARY not in stream.getvalue()


LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LOGGERS = {"_log", "log", "structlog.get_logger()"}


@cache
def calls() -> list[ast.Call]:
    folders = ("connectors", "router", "schemas", "stores", "ops")
    files = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    texts = (path.read_text("utf-8") for path in files)
    trees = (ast.parse(text) for text in texts if "log" in text)
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def logged() -> Iterator[ast.Call]:
    """What the code says, also by way of :func:`stores.keep_trying.logged`, which says it on."""
    for call in calls():
        match call:
            case ast.Call(func=ast.Name(id="logged")):
                yield call
            case ast.Call(func=ast.Attribute(attr=level, value=owner)) if (
                level in LEVELS and ast.unparse(owner) in LOGGERS
            ):
                if ast.unparse(call.args[0]) != "event":
                    yield call


def test_every_event_and_key_in_the_code_is_listed() -> None:
    """So that what the code says is really said: unlisted events and keys are dropped in
    silence.
    """
    keys = {*log._STRINGS, *log._NUMBERS, "exc_info", "message"}
    unlisted = [
        ast.unparse(call)
        for call in logged()
        if not isinstance(call.args[0], ast.Constant)
        or call.args[0].value not in EVENTS
        or {keyword.arg for keyword in call.keywords} - keys - {None}
    ]
    assert unlisted == []


def said() -> Iterator[tuple[str, str]]:
    """Each event with the level at which a call says it; of one that is told only, as a warning."""
    for call in logged():
        if isinstance(call.args[0], ast.Constant):
            level = call.func.attr if isinstance(call.func, ast.Attribute) else "warning"
            yield str(call.args[0].value), level


def test_every_listed_event_is_said_somewhere_and_always_at_its_level() -> None:
    assert set(said()) == {(name, event.level) for name, event in EVENTS.items()}


SAID_IN_SEVERAL_WAYS = {
    "part.failed": 2,  # of the hub, and of an agency's own end
    "process.crashed": 2,  # in its main thread, and in another
    "received": 3,  # by HTTP, from a queue, by MLLP
    "store.unavailable": 8,  # by each that waits for it
}


def test_an_event_is_said_at_one_place_unless_it_is_the_same_thing_elsewhere() -> None:
    times = Counter(name for name, _ in said())
    assert {name: count for name, count in times.items() if count > 1} == SAID_IN_SEVERAL_WAYS


def test_no_event_is_spelled_in_two_ways() -> None:
    assert {event for event in EVENTS if "-" in event} == set()
    assert not set(EVENTS) & set(FOREIGN)


def as_table() -> str:
    """All of them for people, in Markdown."""
    own = (f"| `{name}` | {event.level} | {event.means} |" for name, event in EVENTS.items())
    others = (f"| `{name}` | as said | {means} |" for name, means in FOREIGN.items())
    return "\n".join(("| event | level | meaning |", "|---|---|---|", *own, *others))


def test_the_runbook_has_the_list_as_it_is() -> None:
    text = (ROOT / "ops/RUNBOOK.md").read_text("utf-8")
    assert f"<!-- log events -->\n{as_table()}\n<!-- /log events -->" in text


def test_what_the_runbook_tells_people_to_look_for_is_said() -> None:
    text = (ROOT / "ops/RUNBOOK.md").read_text("utf-8")
    told = {
        name
        for line in text.splitlines()
        if line.startswith("| log: ")
        for name in re.findall(r"`([a-z]+\.[a-z]+)`", line.split("|")[1])
    }
    assert told
    assert told <= {*EVENTS, *FOREIGN}


@pytest.mark.parametrize(
    ("logger", "template", "event"),
    [
        ("aiokafka.client", "Unable connect to node with id %s: %s", "kafka.unreachable"),
        ("aiokafka", 'Unable connect to "%s:%s": %s', "kafka.unreachable"),
        ("aiokafka.consumer.group_coordinator", "Heartbeat failed: %r", "kafka.group"),
        ("aiokafka.cluster", "Topic %s not found in cluster metadata", "kafka.topic"),
        ("faust.transport.consumer", "Committing raised exception: %r", "kafka.client"),
        ("kombu.connection", "Error: %r", "rabbitmq.client"),
        ("uvicorn.error", "Exception in ASGI application\n", "web.server"),
        ("sqlalchemy.pool", "Exception during reset", "store.client"),
        ("opentelemetry.exporter.otlp", "Failed to export", "traces.client"),
        ("unheard.of", f"child {CANARY}", "library.other"),
        ("aiokafka", ValueError(CANARY), "kafka.client"),
    ],
)
def test_what_a_library_says_is_an_event_of_the_list(
    stream: io.StringIO, logger: str, template: Any, event: str
) -> None:
    assert of_library(logger, template) == event
    logging.getLogger(logger).error(template)
    (line,) = lines(stream)
    assert (line["event"], line["logger"], line["level"]) == (event, logger, "error")
    assert event in FOREIGN
    assert CANARY not in stream.getvalue()


def test_a_line_of_a_message_has_its_id_and_its_traces(stream: io.StringIO) -> None:
    told = Message(CASE, "mash-hub/http/school", AT, "k", CASE, None, Unopened(entry=CASE))
    log.name_traces(lambda message: message.id.replace("-", ""))
    structlog.get_logger().error("step.undecidable", step="link", message=told)
    log.name_traces(None)
    structlog.get_logger().error("step.undecidable", step="link", message=told)
    structlog.get_logger().error("step.undecidable", step="link", message=CANARY)
    first, second, third = lines(stream)
    assert (first["message_id"], first["trace_id"]) == (CASE, CASE.replace("-", ""))
    assert second["message_id"] == CASE
    assert "trace_id" not in second
    assert "message" not in third
    assert CANARY not in stream.getvalue()

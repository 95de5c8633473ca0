"""``hub status``: what waits where, since when, and how fast it moves."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from connectors.queues import broker_queues
from ops.commands.common import config_option, json_option, say_drawn, say_json, table
from ops.commands.reading import reading
from ops.look import status as looked
from ops.look.status import Status

_SECONDS = 2.0


@click.command()
@config_option
@json_option
@click.option("--watch", is_flag=True, help="Look again every two seconds until Ctrl-C.")
def status(config: Path, *, as_json: bool, watch: bool) -> None:
    """Show what waits where, since when, and how fast it moves; works beside a hub that runs, and
    beside one that died.

    A step that nothing moves through while its depth grows is stuck: see the runbook.

    \b
    Example:
      hub status --watch
      hub status --json | jq '.steps[] | select(.depth > 0)'
    """
    with reading(config) as hub:
        queues = broker_queues(hub.settings, os.environ)
        if as_json:
            say_json(looked.as_json(looked.collect(hub, queues)))
        elif watch:
            _watch(lambda: looked.collect(hub, queues))
        else:
            say_drawn(shown(looked.collect(hub, queues)))


def _watch(look: Callable[[], Status]) -> None:
    with Live(shown(look()), auto_refresh=False, screen=True) as live:
        try:
            while True:
                time.sleep(_SECONDS)
                live.update(shown(look()), refresh=True)
        except KeyboardInterrupt:
            return


def shown(status: Status) -> RenderableType:
    """The status as tables for a terminal."""
    megabytes = status.store_bytes / 1_000_000
    head = f"{status.runtime} hub, {status.facts:,} facts, {megabytes:,.1f} MB, {clock(status.at)}"
    parts: list[RenderableType] = [
        Text(head, style="bold"),
        *(Text(said, style="bold red") for said in status.trouble),
    ]
    parts += [
        *([table("Parts that fail", list(_parts(status)))] if status.parts else []),
        table("Steps", list(_steps(status))),
        table("Topics, facts in the last", list(_topics(status))),
        table("Ways in", list(_connectors(status))),
        table("Edge queues", [_with_age(queue, "oldest_seconds") for queue in status.queues]),
        table("Queues at brokers", list(_broker_queues(status))),
        table(
            "Dead letters that wait",
            [_with_age(dead, "oldest_seconds") for dead in status.dead_letters],
        ),
        Text(_time(status)),
    ]
    if status.relay is not None:
        oldest = age(status.relay.oldest_seconds) or "none"
        parts.append(Text(f"Relay: {status.relay.unsent} unsent, oldest {oldest}"))
    return Group(*parts)


def age(seconds: float | None) -> str:
    """A time for people: ``4.2 s``, ``12 min``, ``3 h``, ``2 d``."""
    if seconds is None:
        return ""
    for limit, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * limit:
            return f"{seconds / limit:.0f} {unit}"
    return f"{seconds:.1f} s"


def clock(moment: dt.datetime | None) -> str:
    """A moment to the second, in UTC."""
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}Z"


def _ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    return "never" if moment is None else f"{age(max(0.0, (now - moment).total_seconds()))} ago"


def _steps(status: Status) -> Iterable[Mapping[str, Any]]:
    for step in status.steps:
        yield {
            "step": step.step,
            "topic": step.topic,
            "depth": "?" if step.depth is None else step.depth,
            "lag": "?" if step.lag is None else step.lag,
            "lag_min": f"{step.lag_minutes:.1f}",
            "oldest": age(step.oldest_seconds),
            "moved": _ago(step.progressed_at, status.at),
        }


def _topics(status: Status) -> Iterable[Mapping[str, Any]]:
    for topic in status.topics:
        yield {
            "topic": topic.topic,
            "minute": topic.last_minute,
            "hour": topic.last_hour,
            "day": topic.last_day,
            "newest": _ago(topic.newest_at, status.at),
        }


def _connectors(status: Status) -> Iterable[Mapping[str, Any]]:
    for way in status.connectors:
        yield {
            "agency": way.agency,
            "connector": way.connector,
            "received": way.received,
            "refused": way.refused,
            "last_seen": _ago(way.last_seen, status.at),
        }


def _parts(status: Status) -> Iterable[Mapping[str, Any]]:
    for part in status.parts:
        again = part.again_seconds
        yield {
            "part": part.part,
            "error": part.error,
            "times": part.times,
            "since": age(part.since_seconds),
            "started_again": "given up" if again is None else f"in {age(again)}",
        }


def _broker_queues(status: Status) -> Iterable[Mapping[str, Any]]:
    for queue in status.broker_queues:
        yield {
            "agency": queue.agency,
            "queue": queue.queue,
            "holds": queue.holds,
            "ready": "unknown" if queue.ready is None else queue.ready,
            "consumers": "unknown" if queue.consumers is None else queue.consumers,
        }


def _with_age(part: Any, name: str) -> Mapping[str, Any]:
    values = {field: getattr(part, field) for field in part.__slots__}
    return {
        ("oldest" if field == name else field): age(v) if field == name else v
        for field, v in values.items()
    }


def _time(status: Status) -> str:
    timers, due = status.timers, status.due_times
    return (
        f"Timers: {timers.waiting} wait, next {clock(timers.next_at)}, {timers.overdue} overdue. "
        f"Due times in the last day: {due.approaching} came near, {due.breached} passed."
    )

"""``hub status``: what waits where, since when, and how fast it moves."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from connectors.queues import broker_queues
from ops.commands.common import config_option, json_option, say_drawn, say_json, table
from ops.commands.reading import reading
from ops.look import needs
from ops.look.status import Row, Status, collect
from schemas.access import Resource

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
    with reading(config, shows=Resource.HEALTH) as hub:
        look = partial(collect, hub, broker_queues(hub.settings, os.environ))
        if as_json:
            say_json(needs.as_json(look()))
        elif watch:
            _watch(look)
        else:
            say_drawn(shown(look()))


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
    tables = {
        "Needs a hand": _needs(status),
        "Waits, as somebody wants it": status.pauses,
        "Parts that fail": status.parts,
        "Steps": status.steps,
        "Topics, facts in the last": status.topics,
        "Ways in": status.connectors,
        "What agencies say that they sent": status.manifests,
        "Edge queues": status.queues,
        "Queues at brokers": status.broker_queues,
        "Dead letters that wait": status.dead_letters,
    }
    return Group(
        Text(head, style="bold"),
        *(Text(said, style="bold red") for said in status.trouble),
        *(
            table(title, [_row(row, status.at) for row in rows])
            for title, rows in tables.items()
            if rows or title not in _ONLY_IF_ANY
        ),
        *map(Text, _lines(status)),
    )


_ONLY_IF_ANY = frozenset(
    {
        "Needs a hand",
        "Waits, as somebody wants it",
        "Parts that fail",
        "What agencies say that they sent",
    }
)


def _needs(status: Status) -> list[Row]:
    return [
        {"what": one.says, "for": age(one.seconds), "do": one.do, "runbook": one.symptom}
        for one in needs.needs(status)
    ]


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


_COLUMNS: Mapping[str, tuple[str, Callable[[Any], object]]] = {
    "depth": ("depth", lambda count: "?" if count is None else count),
    "lag": ("lag", lambda count: "?" if count is None else count),
    "lag_minutes": ("lag_min", lambda minutes: f"{minutes:.1f}"),
    "oldest_seconds": ("oldest", age),
    "last_minute": ("minute", int),
    "last_hour": ("hour", int),
    "last_day": ("day", int),
    "since_seconds": ("since", age),
    "left_seconds": ("left", age),
    "usual_gap_seconds": ("usual_gap", age),
    "longest_gap_seconds": ("longest_gap", age),
    "again_seconds": (
        "started_again",
        lambda seconds: "given up" if seconds is None else f"in {age(seconds)}",
    ),
    "ready": ("ready", lambda count: "unknown" if count is None else count),
    "consumers": ("consumers", lambda count: "unknown" if count is None else count),
}
"""What a column is called on a screen, and how its values are said."""
_MOMENTS = {"progressed_at": "moved", "newest_at": "newest", "last_seen": "last_seen"}
_WHEN = frozenset({"since", "until"})


def _row(row: Row, now: dt.datetime) -> Row:
    """A row as a screen shows it."""
    return dict(_cell(name, value, now=now) for name, value in row.items())


def _cell(name: str, value: Any, *, now: dt.datetime) -> tuple[str, object]:
    if name in _MOMENTS:
        past = value and max(0.0, (now - value).total_seconds())
        return _MOMENTS[name], "never" if value is None else f"{age(past)} ago"
    if name in _WHEN:
        return name, clock(value)
    column, say = _COLUMNS.get(name, (name, lambda same: same))
    return column, say(value)


def _lines(status: Status) -> Iterable[str]:
    timers, due = status.timers, status.due_times
    yield (
        f"Timers: {timers['waiting']} wait, next {clock(timers['next_at'])}, "
        f"{timers['overdue']} overdue. Due times in the last day: {due['approaching']} came near, "
        f"{due['breached']} passed, {due['escalated']} went up a chain."
    )
    if untaken := status.alarms["untaken"]:
        yield (
            f"Alarms: {untaken} that nobody has taken, the oldest since "
            f"{clock(status.alarms['since'])}; `hub reds` shows what they are about."
        )
    if status.relay is not None:
        oldest = age(status.relay["oldest_seconds"]) or "none"
        yield f"Relay: {status.relay['unsent']} unsent, oldest {oldest}"
    if waiting := status.tree["without_leaf"]:
        yield (
            f"Record: {waiting:,} entries have no leaf in the signed tree yet, the oldest for "
            f"{age(status.tree['oldest_seconds'])}."
        )

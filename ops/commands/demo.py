"""``hub demo``: the whole main job on the sample stream, with nothing but this machine."""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ops.access.links import link_for
from ops.commands.common import say, say_json, say_table
from ops.console.address import link
from ops.console.desks import DESKS
from ops.demo.night import red_night
from ops.demo.running import (
    DemoFolder,
    EndedEarly,
    prepare,
    same_ids,
    send_first,
    send_waiting,
    simulators,
    until_done,
)
from ops.demo.showing import show
from ops.demo.simulation.stream import sample_lines
from ops.demo.story import story
from ops.demo.summary import final_summary, reconciles
from ops.run.garbage import collect_seldom
from ops.run.log import configure
from ops.run.parts import embedded_parts
from ops.run.serve import Parts, listening, stopped_by_signals
from ops.run.wiring import Hub, open_hub
from schemas.access import Role

_LINKS_LAST = dt.timedelta(days=1)
_STOPPED = 130
"""Exit code of what Ctrl-C ends early, as shells have it."""


@click.command()
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print nothing but the summary, as one JSON object, last.",
)
@click.option(
    "--stay", is_flag=True, help="Leave the hub running with its desks afterwards, until Ctrl-C."
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="Send only so many of the sample's 4,000 notifications.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("hub-data/demo"),
    show_default=True,
    help="Where it keeps its configuration and store; an older demonstration there is removed.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Where it listens on 127.0.0.1; 0 takes a free port.",
)
def demo(*, as_json: bool, stay: bool, limit: int | None, folder: Path, port: int) -> None:
    """Run the whole hub on the sample: notifications in, owner-approved products out.

    Eleven SIMULATED agencies stream 4,000 invented notifications; SIMULATED practitioners and
    owners answer over the same connectors that real ones use. Says first where its desks are,
    then what flows, and ends with one child's whole story, a Red night of what people leave undone,
    and a summary whose figures must reconcile; exits with 1 if they do not, and with 130 if Ctrl-C
    ended it before.
    """
    configure(level=logging.WARNING)
    collect_seldom()
    # First: where it cannot listen, the older demonstration stays.
    bound = listening("127.0.0.1", port)
    stop = threading.Event()
    with stopped_by_signals(stop):
        try:
            place = prepare(folder, port=bound.getsockname()[1], signing=True)
        except FileExistsError as error:
            raise click.ClickException(str(error)) from None
        told = _Telling(place, limit, bound, as_json=as_json)
        code = _demonstrate(told, stop, stay=stay)
    sys.exit(code)


@dataclass(frozen=True, slots=True)
class _Telling:
    """What is demonstrated, and how it is told: with ``--json`` progress only to who watches."""

    place: DemoFolder
    limit: int | None
    bound: socket.socket
    as_json: bool

    @property
    def url(self) -> str:
        """Where the hub listens."""
        host, port = self.bound.getsockname()
        return f"http://{host}:{port}"

    @property
    def console(self) -> Console:
        """Where progress is shown."""
        console = Console(stderr=self.as_json)
        console.quiet = self.as_json and not console.is_terminal
        return console

    def say(self, words: str) -> None:
        """Words for a person; they never stand where a program reads."""
        click.echo(words, err=self.as_json)


def _demonstrate(told: _Telling, stop: threading.Event, *, stay: bool) -> int:
    """The exit code."""
    hub = open_hub(told.place.config, os.environ)
    same_ids(hub)
    parts, url = Parts(hub.database, stop), told.url
    for part in embedded_parts(hub, os.environ, folder=told.place.path, bound=told.bound):
        parts.start(part)
    try:
        code = _told(hub, told, url=url, stop=stop)
        if stay and not stop.is_set():
            send_waiting(told.place, url, stop=stop)
            told.say(f"\nThe hub stays up, with its desks at {url}/ until Ctrl-C.")
            told.say(f"In another terminal: hub status --config {told.place.config}")
            told.say(
                "\nFour concerns have come that no SIMULATED person answers: they wait at desks."
            )
            told.say("Each of these opens the desk of a SIMULATED person in a browser, once:")
            for line in _desk_links(hub, url):
                told.say(line)
            told.say(f'Another one: hub desk --config {told.place.config} --who "NAME"')
            stop.wait()
    except EndedEarly:
        raise click.ClickException("the simulated agencies ended before all was done") from None
    finally:
        parts.join()
    if parts.failed:
        raise click.ClickException(f"{parts.failed!r}, a part of the hub, failed")
    return code


def _desk_links(hub: Hub, url: str, *, roles: Collection[Role] = frozenset(Role)) -> Iterator[str]:
    """A link to the desk of each person with such a role. Each opens once, as that person: they are
    all SIMULATED.
    """
    for person in hub.settings.people:
        here = any(not desk.roles.isdisjoint(person.roles) for desk in DESKS)
        if here and not set(roles).isdisjoint(person.roles):
            named = ", ".join(person.roles).replace("_", " ")
            key = link_for(hub, person.name, lasts=_LINKS_LAST)
            yield f"  {person.name} ({named}): {link(url, key)}"


def _told(hub: Hub, told: _Telling, *, url: str, stop: threading.Event) -> int:
    """Show the run from its beginning to its summary; the exit code."""
    if not told.as_json or told.console.is_terminal:
        told.say(f"The hub is up. Its desks: {url}/")
        for line in _desk_links(hub, url, roles={Role.OPERATIONS}):
            told.say(line)
        told.say("SIMULATED agencies now send, and SIMULATED people answer; Ctrl-C ends it.\n")
    seconds = _run(hub, told, url=url, stop=stop)
    if stop.is_set():
        told.say("\nStopped before the end. What came in until then is kept:")
        told.say(f"    hub status --config {told.place.config}")
        return _STOPPED
    summary = final_summary(hub.database, told.place.ledger, seconds=seconds)
    if not told.as_json:
        for line in story(hub):
            say(line)
    summary["red_night"] = _red_night(told)
    return 1 if _report(summary, as_json=told.as_json) else 0


def _run(hub: Hub, told: _Telling, *, url: str, stop: threading.Event) -> float:
    """Send everything and wait until all of it is done; how many seconds that took."""
    send_first(told.place, url, stop=stop)
    started = time.monotonic()
    with simulators(told.place, url, limit=told.limit) as running:
        progress = until_done(hub, running, stop=stop)
        show(progress, total=len(sample_lines(told.limit)), console=told.console)
        return time.monotonic() - started


def _red_night(told: _Telling) -> dict[str, int]:
    """What people do not do, in a borough of its own whose clock is set by hand; told, and what it
    came to.
    """
    stories, came_to = red_night(told.place.path / "red-night")
    if not told.as_json:
        say(
            "\nA Red night and what follows, from a Friday evening on; everybody in it is invented."
        )
        for one in stories:
            say(f"\n{one.title}")
            for line in one.told:
                say(f"  {line}")
            say(f"  It ends at: {one.ended_at or 'nobody'}")
    return came_to


def _report(summary: dict[str, Any], *, as_json: bool) -> list[str]:
    broken = reconciles(summary)
    if as_json:
        say_json(summary)
    else:
        say_table(
            "Summary", [{"what": name, "number": value} for name, value in _flat(summary).items()]
        )
        say("Everything reconciles." if not broken else "Does not reconcile: " + "; ".join(broken))
    return broken


def _flat(summary: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in summary.items():
        parts = value if isinstance(value, dict) else {"": value}
        flat |= {f"{name} {part}".strip(): number for part, number in parts.items()}
    return flat

"""``hub demo``: the whole main job on the sample stream, with nothing but this machine."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from connectors.port import routes
from ops.commands.common import say, say_json, say_table
from ops.demo.running import (
    DemoFolder,
    await_end,
    final_summary,
    prepare,
    reconciles,
    send_first,
    simulators,
)
from ops.demo.simulation.stream import sample_lines
from ops.look.monitor import monitor_routes
from ops.look.status import collect
from ops.run.garbage import collect_seldom
from ops.run.log import configure
from ops.run.parts import connectors_of, steps_of
from ops.run.serve import (
    NamedPart,
    Parts,
    WebServer,
    listening,
    stopped_by_signals,
    web_server,
)
from ops.run.wiring import Hub, open_hub
from router.runtimes.embedded import Embedded

_LINE_SECONDS = 10.0
"""Between lines of progress where there is no terminal for a bar."""


@click.command()
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print nothing but the summary, as one JSON object, last.",
)
@click.option(
    "--stay", is_flag=True, help="Leave the hub running with its monitor afterwards, until Ctrl-C."
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
def demo(as_json: bool, stay: bool, limit: int | None, folder: Path, port: int) -> None:
    """Run the whole hub on the sample: notifications in, owner-approved products out.

    Eleven SIMULATED agencies stream 4,000 invented notifications; SIMULATED practitioners and
    owners answer over the same connectors that real ones use. Ends with a summary whose figures
    must reconcile; exits with 1 if they do not.
    """
    configure(level=logging.WARNING)
    collect_seldom()
    # First: where it cannot listen, the older demonstration stays.
    bound = listening("127.0.0.1", port)
    try:
        place = prepare(folder, port=port)
    except FileExistsError as error:
        raise click.ClickException(str(error)) from None
    hub = open_hub(place.config, os.environ)
    stop = threading.Event()
    parts = Parts(hub.database, stop)
    with stopped_by_signals(stop):
        server, steps = _start(hub, place, parts, bound)
        summary = _run(hub, place, server.url, steps, stop, limit=limit, quiet=as_json)
        broken = _report(summary, as_json=as_json)
        if stay and not stop.is_set():
            # On stderr: --json prints nothing but the summary.
            stays = f"\nThe hub stays up, with its monitor at {server.url}/ until Ctrl-C."
            click.echo(stays, err=True)
            click.echo(f"In another terminal: hub status --config {place.config}", err=True)
            stop.wait()
        parts.join()
    if broken or parts.failed:
        sys.exit(1)


def _start(
    hub: Hub, place: DemoFolder, parts: Parts, bound: socket.socket
) -> tuple[WebServer, Embedded]:
    steps = hub.embedded()
    found = routes(hub.settings, os.environ)
    server = web_server(hub, found, monitor_routes(lambda: collect(hub)), bound=bound)
    connectors = connectors_of(hub, found, place.path)
    for part in (steps_of(steps), NamedPart("http", server.run), *connectors):
        parts.start(part)
    return server, steps


def _run(
    hub: Hub,
    place: DemoFolder,
    url: str,
    steps: Embedded,
    stop: threading.Event,
    *,
    limit: int | None,
    quiet: bool,
) -> dict[str, Any]:
    send_first(place, url, stop)
    started = time.monotonic()
    with simulators(place, url, limit=limit) as running:
        _show(await_end(hub, running, steps, stop), total=len(sample_lines(limit)), quiet=quiet)
    return final_summary(hub, place, time.monotonic() - started)


def _show(progress: Iterator[dict[str, Any]], *, total: int, quiet: bool) -> None:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[more]}"),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bars:
        task = bars.add_task("notifications", total=total, more="")
        spoken = time.monotonic()
        for now in progress:
            more = (
                f"{now['facts']} facts, {now['answered']} letters answered, "
                f"{now['letters']} waiting"
            )
            bars.update(task, completed=now["sent"], more=more)
            if not (quiet or console.is_terminal) and time.monotonic() - spoken >= _LINE_SECONDS:
                spoken = time.monotonic()
                click.echo(f"{now['sent']} of {total} notifications, {more}", err=True)


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
        flat |= (
            {f"{name} {part}": number for part, number in value.items()}
            if isinstance(value, dict)
            else {name: value}
        )
    return flat

"""``hub run``: a hub at work, whole or in parts."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import click

from connectors.formats.mapping import MappingFault
from connectors.port import SecretMissing
from ops.commands.common import config_option, opened, say
from ops.run.garbage import collect_seldom
from ops.run.log import configure
from ops.run.parts import NamedPart, embedded_parts, production_names, production_part
from ops.run.serve import Parts, stopped_by_signals
from ops.run.supervisor import Supervisor
from ops.run.wiring import Hub


@click.command()
@click.argument(
    "part", required=False, type=click.Choice([*production_names(), "all"]), default="all"
)
@config_option
def run(part: str, config: Path) -> None:
    """Run the hub until Ctrl-C or SIGTERM.

    Embedded (no runtime.topics in the configuration): one process does everything.

    Production: `hub run` keeps one process of every part running and starts again what ends. `hub
    run PART` is one of them: a step's worker (`hub run link`, started several times they share its
    partitions), `relay`, `http`, `connectors` (folders, queue feeds, deliveries) or `clock` (due
    times).
    """
    configure()
    collect_seldom()
    hub = opened(config)
    if hub.settings.runtime.topics is None and part != "all":
        raise click.ClickException(
            f"an embedded hub runs as a whole: leave out {part!r}, or set runtime.topics"
        )
    stop = threading.Event()
    with stopped_by_signals(stop):
        if hub.settings.runtime.topics is not None and part == "all":
            hub.database.close()
            Supervisor(config, production_names()).run(stop)
            return
        _run_here(hub, part, config, stop)


def _run_here(hub: Hub, part: str, config: Path, stop: threading.Event) -> None:
    parts = Parts(stop)
    for named in _prepared(hub, part, config):
        if named.says:
            say(named.says)
        parts.start(named.name, named.run)
    stop.wait()
    parts.join()
    hub.database.close()
    if parts.failed:
        sys.exit(1)


def _prepared(hub: Hub, part: str, config: Path) -> Iterable[NamedPart]:
    try:
        if part == "all":
            return list(embedded_parts(hub, os.environ, folder=config.parent))
        return list(production_part(hub, part, os.environ, folder=config.parent))
    except (MappingFault, SecretMissing) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {hub.settings.http.host}: {error.strerror}"
        ) from None

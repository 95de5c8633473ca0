"""``hub run``: a hub at work, whole or in parts."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from ops.commands.common import config_option, say
from ops.run.alive import say_alive
from ops.run.garbage import collect_seldom
from ops.run.log import configure, name_traces
from ops.run.parts import EDGE, STEPS, embedded_parts, production_names, production_part
from ops.run.serve import NamedPart, Parts, end_process, stopped_by_signals
from ops.run.supervisor import GRACE_SECONDS, process_parts
from ops.run.wiring import Hub, open_hub
from ops.watch.tracing import begin, wanted
from router.unit import ALL


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice([ALL, *STEPS, "relay", *EDGE]))
@config_option
def run(parts: tuple[str, ...], config: Path) -> None:
    """Run the hub until Ctrl-C or SIGTERM.

    Embedded (no runtime.topics in the configuration): one process does everything. A connector that
    fails is tried again and shown by `hub status`; the others go on.

    Production: `hub run` keeps one process of every part running and starts again what ends. `hub
    run PART` is one of them: a step's worker (`hub run link`, started several times they share its
    partitions), `relay`, `http`, `connectors` (folders, queue feeds, deliveries) or `clock` (due
    times, and the tree over the record with its checkpoints).

    A process that says nothing for 15 seconds is ended and started again. Started by systemd with
    Type=notify, `hub run` says so too, for WatchdogSec.

    Several steps can share a worker: `hub run link rate`, or `hub run all` for all of them. What
    one of them decides the others then hear at once, in the same transaction, without Kafka between
    them; runtime.workers says how `hub run` groups them.
    """
    configure()
    collect_seldom()
    hub, stop = open_hub(config, os.environ), threading.Event()
    _refuse_odd_parts(hub, parts)
    told_all = _telling_traces(hub, parts)
    with stopped_by_signals(stop):
        say_alive(os.environ)
        running = _none_yet(hub, stop, supervising=not parts)
        for named in _prepared(hub, parts, config=config):
            if named.says:
                say(named.says)
            running.start(named)
        stop.wait()
        left = running.join()
    told_all()
    hub.database.close()
    end_process(1 if running.failed or left else 0)


def _telling_traces(hub: Hub, parts: Sequence[str]) -> Callable[[], None]:
    """Name traces in the log, and tell them where a collector is named; answers what ends that."""
    traces = hub.database.traces
    assert traces is not None
    name_traces(lambda message: traces.of(message).trace_id)
    if not wanted(os.environ):
        return lambda: None
    return begin(traces, process="+".join(parts) or "hub")


def _none_yet(hub: Hub, stop: threading.Event, *, supervising: bool) -> Parts:
    """Parts to be started. Whoever supervises processes waits longer than these are given."""
    if supervising and hub.settings.runtime.topics is not None:
        return Parts(hub.database, stop, grace=GRACE_SECONDS + 5)
    return Parts(hub.database, stop)


def _refuse_odd_parts(hub: Hub, parts: Sequence[str]) -> None:
    if hub.settings.runtime.topics is None and set(parts) - {ALL}:
        raise click.ClickException(
            f"an embedded hub runs as a whole: leave out {' '.join(parts)}, or set runtime.topics"
        )
    if len(parts) > 1 and set(parts) - set(STEPS):
        raise click.ClickException(
            "only steps can share a process; give `relay`, `http`, `connectors`, `clock` and `all` "
            "one of their own"
        )


def _prepared(hub: Hub, names: Sequence[str], *, config: Path) -> Iterable[NamedPart]:
    """All of them before any is started: what keeps one from starting keeps all."""
    if hub.settings.runtime.topics is None:
        return list(embedded_parts(hub, os.environ, folder=config.parent))
    if not names:
        return list(process_parts(config, production_names(hub.settings)))
    return list(production_part(hub, names, environment=os.environ, folder=config.parent))

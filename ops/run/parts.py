"""What a running hub consists of, by name: the steps, the relay, and the edge with its
connectors.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.deliver import deliverers
from connectors.folder import WatchedFolder
from connectors.port import Connector, Routes, routes
from connectors.queue_feed import QueueFeed
from ops.look.monitor import monitor_routes
from ops.look.status import collect
from ops.run.serve import Part, web_server
from ops.run.wiring import Hub
from router.handle import ALL
from router.runtimes import clock
from router.runtimes.faust_worker import run_worker
from router.runtimes.relay import Relay
from router.topology import bound_steps, unit_of, whole_hub
from schemas.settings import HubSettings
from stores.topics import TopicProducer, create_topics

STEPS = tuple(bound.step.name for bound in bound_steps())
EDGE = ("http", "connectors", "clock")


@dataclass(frozen=True, slots=True)
class NamedPart:
    """A part with the name by which ``hub run`` and the log know it."""

    name: str
    run: Part
    says: str = ""


def production_names(settings: HubSettings) -> tuple[str, ...]:
    """Every process of a hub in production: the workers of the steps, the relay, and the edge."""
    return (*(settings.runtime.workers or STEPS), "relay", *EDGE)


def embedded_parts(
    hub: Hub, environment: Mapping[str, str], *, folder: Path
) -> Iterator[NamedPart]:
    """A whole hub in one process."""
    found = routes(hub.settings, environment)
    yield NamedPart("steps", hub.embedded().run)
    yield _web(hub, found)
    yield from connectors_of(hub, found, folder)


def production_part(
    hub: Hub, names: Sequence[str], environment: Mapping[str, str], *, folder: Path
) -> Iterator[NamedPart]:
    """One process of a hub in production: a worker of the steps named, or one other part."""
    url = hub.settings.runtime.topics
    assert url is not None
    name = names[0]
    if name == ALL or name in STEPS:
        yield _worker(hub, names, url)
    elif name == "relay":
        partitions = hub.settings.runtime.partitions
        yield NamedPart(
            "relay",
            Relay(hub.database, TopicProducer(url), lambda: create_topics(url, partitions)).run,
        )
    elif name == "clock":
        limit = hub.settings.runtime.batch
        yield NamedPart("clock", lambda stop: clock.keep_time(hub.database, stop, limit=limit))
    elif name == "http":
        yield _web(hub, routes(hub.settings, environment))
    else:
        yield from connectors_of(hub, routes(hub.settings, environment), folder)


def _worker(hub: Hub, names: Sequence[str], url: str) -> NamedPart:
    unit = whole_hub() if ALL in names else unit_of(*names)
    batch = hub.settings.runtime.batch

    def work(stop: threading.Event) -> None:
        run_worker(unit, url=url, database=hub.database, policy=hub.policy, stop=stop, batch=batch)

    return NamedPart(unit.name, work)


def _web(hub: Hub, found: Routes) -> NamedPart:
    server = web_server(hub, found, monitor_routes(lambda: collect(hub)))
    return NamedPart("http", server.run, f"listening on {server.url} (monitor at {server.url}/)")


def connectors_of(hub: Hub, found: Routes, folder: Path) -> Iterator[NamedPart]:
    """Watched folders, queue feeds and deliveries, as configured; relative paths start at
    ``folder``.
    """
    deliveries = deliverers(found, hub.queues, broker_url=hub.settings.runtime.queues)
    for connector in (*_folders(hub, found, folder), *_feeds(hub, found), *deliveries):
        yield NamedPart(connector.name, connector.run)


def _folders(hub: Hub, found: Routes, folder: Path) -> Iterator[Connector]:
    for route in found:
        if credential := route.settings.folder:
            yield WatchedFolder(route, hub.intake, folder / credential.path, credential.owner)


def _feeds(hub: Hub, found: Routes) -> Iterator[Connector]:
    for route in found:
        credential = route.settings.queue
        if credential and route.queue_url:
            receipts = credential.receipts or f"{credential.queue}.receipts"
            yield QueueFeed(route, hub.intake, route.queue_url, credential.queue, receipts)

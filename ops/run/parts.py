"""What a running hub consists of, by name: steps, relay, and the edge with its connectors."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from starlette.routing import BaseRoute

from connectors.deliver import deliverers
from connectors.folder import WatchedFolder
from connectors.http_connections import Connections
from connectors.mllp import MllpListener
from connectors.port import Connector, Routes, routes
from connectors.queue_feed import QueueFeed
from connectors.queues import broker_queues
from connectors.witness.asking import Asking
from ops.access.pages import SignIn
from ops.access.passkey_pages import PasskeyPages
from ops.console import warming
from ops.console.live import Live
from ops.console.refer.door import Referrals
from ops.console.shell import Shell
from ops.look.health import Health
from ops.look.monitor import monitor_routes
from ops.run.ended import say_daily
from ops.run.serve import NamedPart, listening, web_server
from ops.run.wiring import Hub, work_folder
from ops.watch.routes import watch_routes
from router import ways_in
from router.runtimes import clock
from router.runtimes.faust_worker import run_worker
from router.runtimes.rebuilding import rebuild
from router.runtimes.relay import Relay
from router.runtimes.tree import keep_growing
from router.topology import bound_steps, unit_of, whole_hub
from router.unit import ALL
from schemas.settings import HubSettings
from stores import failures
from stores.database import Database
from stores.keep_trying import Failure
from stores.ports import Unavailable
from stores.topics import TopicProducer
from stores.tree.keys import origin_of
from stores.tree.notes import VerifierKey

STEPS = tuple(bound.step.name for bound in bound_steps())
WORKERS = (
    "deduplicate",
    "link",
    "check answer",
    "rate",
    "request_information",
    "compose",
    "approve",
    "hold release",
    "alarm inform hand_over hand_off disagreement school",
)
"""The workers of a hub in production, unless it says otherwise: the steps of the flow by
themselves, and together those beside it, which have little to do.
"""
EDGE = ("http", "connectors", "clock")
_STEPS_ATTEMPTS = 6
"""Some fifteen seconds: by then what passes has passed, and a fresh process may do better."""


def production_names(settings: HubSettings) -> tuple[str, ...]:
    """Every process of a hub in production: the workers of the steps, the relay, and the edge."""
    return (*(settings.runtime.workers or WORKERS), "relay", *EDGE)


def embedded_parts(
    hub: Hub,
    environment: Mapping[str, str],
    *,
    folder: Path,
    bound: socket.socket | None = None,
) -> Iterator[NamedPart]:
    """A whole hub in one process; ``bound``: where it listens, if not where its configuration says.
    Raises ``CannotListen``.
    """
    found = routes(hub.settings, environment)
    yield NamedPart("steps", hub.embedded().run, attempts=_STEPS_ATTEMPTS)
    yield from record_parts(hub)
    yield _dates(hub)
    yield from _web(hub, found, environment=environment, bound=bound)
    yield from connectors_of(hub, found, folder=folder)


def production_part(
    hub: Hub, names: Sequence[str], *, environment: Mapping[str, str], folder: Path
) -> Iterator[NamedPart]:
    """One process of a hub in production: a worker of the steps named, or one other part.

    It ends when its part fails, and the supervisor starts it anew; connectors go on without each
    other.
    """
    url = hub.settings.runtime.topics
    assert url is not None
    name = names[0]
    if name == ALL or name in STEPS:
        yield _worker(hub, names, url=url)
    elif name == "relay":
        yield _relay(hub, url)
    elif name == "clock":
        limit = hub.settings.runtime.batch
        keep_time = partial(clock.keep_time, hub.database, limit=limit)
        yield NamedPart("clock", keep_time, attempts=1)
        yield from record_parts(hub)
        yield _dates(hub)
    elif name == "http":
        yield from _web(hub, routes(hub.settings, environment), environment=environment, attempts=1)
    else:
        yield from connectors_of(hub, routes(hub.settings, environment), folder=folder)


def _worker(hub: Hub, names: Sequence[str], *, url: str) -> NamedPart:
    unit = whole_hub() if ALL in names else unit_of(*names)
    batch = hub.settings.runtime.batch

    def work(stop: threading.Event) -> None:
        run_worker(unit, url=url, database=hub.database, policy=hub.policy, stop=stop, batch=batch)

    return NamedPart(unit.name, work, attempts=1)


def _relay(hub: Hub, url: str) -> NamedPart:
    prepare = partial(rebuild, hub.database, url, partitions=hub.settings.runtime.partitions)
    relay = Relay(hub.database, TopicProducer(url), prepare)
    return NamedPart("relay", relay.run, attempts=1)


def record_parts(hub: Hub) -> Iterator[NamedPart]:
    """What signs the record, and shows it to its witnesses: a part for each, so that one that is
    away keeps no other waiting. Nothing else waits for any of them.
    """
    origin = origin_of(hub.settings.area)
    yield NamedPart("tree", partial(keep_growing, hub.database, origin=origin))
    for witness in hub.settings.witnesses:
        key = VerifierKey.parse(witness.key)
        asking = Asking(hub.database, witness.url, key)
        yield NamedPart(f"witness:{key.name}".lower(), asking.run)


def _dates(hub: Hub) -> NamedPart:
    """What says daily what has ended, and is to be renewed."""
    return NamedPart("dates", partial(say_daily, hub.database, hub.settings, hub.access))


def _web(
    hub: Hub,
    found: Routes,
    *,
    environment: Mapping[str, str],
    bound: socket.socket | None = None,
    attempts: int | None = None,
) -> Iterator[NamedPart]:
    """The web server, and beside it what looks now and then how the hub is, and what has the desks
    ready before somebody opens them.
    """
    bound = bound or listening(hub.settings.http.host, hub.settings.http.port)
    connections = Connections(hub.settings.http)
    health = Health(hub, broker_queues(hub.settings, environment), connections.counts)
    pages = pages_of(hub, found, connections=connections, environment=environment, health=health)
    server = web_server(hub, found, bound=bound, extra_routes=pages, connections=connections)
    says = f"listening on {server.url} (its desks at {server.url}/)"
    yield NamedPart("http", server.run, says, attempts=attempts)
    yield NamedPart("health", health.run)
    yield NamedPart("desks", partial(warming.run, hub, found, health))


def pages_of(
    hub: Hub,
    found: Routes,
    *,
    connections: Connections,
    environment: Mapping[str, str],
    health: Health | None = None,
) -> list[BaseRoute]:
    """All that the web server has beside what agencies send and fetch: its status, how people sign
    in, the desks, and the referral form. ``health``: what looks at the hub now and then.
    """
    queues = broker_queues(hub.settings, environment)
    health = health or Health(hub, queues)
    people = SignIn(hub, environment, connections.wrong_tokens)
    monitor = monitor_routes(
        health.look,
        connections=connections.counts,
        may_show=people.may_show,
        person=people.person,
    )
    desks = Shell(
        hub,
        found,
        connections.wrong_tokens,
        provider=people.offered,
        live=Live(connections.ending),
        health=health,
    )
    sign_in = [*people.routes(), *PasskeyPages(people).routes()]
    watch = watch_routes(hub, queues, may_show=people.may_show)
    return [*monitor, *watch, *sign_in, desks.mounted(), *_referrals(hub, found, connections)]


def _referrals(hub: Hub, found: Routes, connections: Connections) -> Iterator[BaseRoute]:
    """The form by which anybody reports a concern, where there is one."""
    if agency := hub.settings.http.referrals:
        yield Referrals(hub, found.by_code[agency], connections.wrong_tokens).mounted()


def connectors_of(hub: Hub, found: Routes, *, folder: Path) -> Iterator[NamedPart]:
    """Every way in and out but HTTP, as configured; relative paths start at ``folder``."""
    deliveries = deliverers(
        found,
        hub.queues,
        intake=hub.intake,
        broker_url=hub.settings.runtime.queues,
        folder=folder,
    )
    ways_in = (*_folders(hub, found, folder=folder), *_feeds(hub, found), *_listeners(hub, found))
    for connector in (*ways_in, *deliveries):
        yield NamedPart(connector.name, connector.run)


def _folders(hub: Hub, found: Routes, *, folder: Path) -> Iterator[Connector]:
    work = work_folder(hub.settings, folder)
    for route in found:
        if credential := route.settings.folder:
            path = folder.resolve() / credential.path
            own = work / route.code
            stuck = partial(ways_in.stuck, hub.database, agency=route.code)
            owner = credential.owner
            yield WatchedFolder(route, hub.intake, path, work=own, owner=owner, stuck=stuck)


def _feeds(hub: Hub, found: Routes) -> Iterator[Connector]:
    for route in found:
        credential = route.settings.queue
        if credential and route.queue_url:
            names = credential.queue, credential.receipts_queue
            feed = QueueFeed(route, hub.intake, route.queue_url, *names)
            feed.failing = partial(_failing, hub.database, feed.name)
            yield feed


def _failing(database: Database, name: str, failure: Failure) -> None:
    """A part that goes on by itself fails all the same as long as nothing comes in by it."""
    with suppress(Unavailable):
        error = type(failure.error).__name__
        ways_in.note(
            database, failures.note(database, name, error=error, again_in=failure.again_in)
        )


def _listeners(hub: Hub, found: Routes) -> Iterator[Connector]:
    for route in found:
        if settings := route.settings.mllp:
            yield MllpListener(route, hub.intake, settings)

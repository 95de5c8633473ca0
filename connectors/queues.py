# mypy: allow-untyped-calls
# (kombu's functions have no types)
"""The queues at brokers that the hub takes from and puts on, and how much lies on each.

A broker tells over AMQP how many messages lie ready and how many consumers there are. It does not
tell how old they are, or how many are in somebody's hand: that only its own management does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain

from kombu.connection import Connection
from kombu.entity import Queue

from connectors.clients.broker import broker_errors, connected
from schemas.settings import HubSettings

_ANSWER_SECONDS = 2.0
"""How long a broker may take: whoever asks looks at a screen."""
_NOT_FOUND = "404"
"""A number from RabbitMQ, a text from kombu's own transports."""


@dataclass(frozen=True, slots=True)
class BrokerQueue:
    """A queue of one agency at a broker."""

    agency: str
    name: str
    holds: str
    """Messages that the agency sent, their receipts, or letters for it."""
    url: str | None = field(repr=False)
    """None where the variable that the configuration names is not set."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages lie ready, those in somebody's hand not counted, and how many consume."""

    ready: int
    consumers: int


def broker_queues(settings: HubSettings, environ: Mapping[str, str]) -> list[BrokerQueue]:
    """Every queue at a broker that the configuration leads to, by agency."""
    return [
        queue
        for code in settings.agencies
        for queue in (
            *_feed(code, settings, environ=environ),
            *_letters(code, settings, environ=environ),
        )
    ]


def letters_queue(code: str) -> str:
    """Where an agency's letters go, unless its configuration names another queue."""
    return f"deliveries.{code}"


def _feed(code: str, settings: HubSettings, *, environ: Mapping[str, str]) -> Iterator[BrokerQueue]:
    if (feed := settings.agencies[code].queue) is not None:
        url = environ.get(feed.url_variable)
        yield BrokerQueue(code, feed.queue, "messages", url)
        yield BrokerQueue(code, feed.receipts_queue, "receipts", url)


def _letters(
    code: str, settings: HubSettings, *, environ: Mapping[str, str]
) -> Iterator[BrokerQueue]:
    push = settings.agencies[code].push
    if push is not None and push.kind == "queue" and push.url_variable is not None:
        name = push.queue or letters_queue(code)
        yield BrokerQueue(code, name, "letters", environ.get(push.url_variable))
    elif push is None and settings.runtime.queues is not None:
        yield BrokerQueue(code, letters_queue(code), "letters", settings.runtime.queues)


def depths(queues: Sequence[BrokerQueue]) -> dict[BrokerQueue, Depth | None]:
    """How much lies on each, asked side by side; None where a broker cannot be asked."""
    if not queues:
        return {}
    at = {url: [queue for queue in queues if queue.url == url] for url in {q.url for q in queues}}
    with ThreadPoolExecutor(len(at)) as executor:
        answers = dict(chain.from_iterable(executor.map(_ask, at, at.values())))
    return {queue: answers.get(queue) for queue in queues}


def _ask(url: str | None, queues: Sequence[BrokerQueue]) -> list[tuple[BrokerQueue, Depth | None]]:
    if url is None:
        return []
    try:
        errors = broker_errors(url)
    except (KeyError, ValueError):  # no kind of broker that there is
        return []
    try:
        with connected(url, answer_seconds=_ANSWER_SECONDS) as connection:
            return [(queue, _depth(connection, queue.name)) for queue in queues]
    except errors:
        return []


def _depth(connection: Connection, name: str) -> Depth | None:
    channel = connection.channel()
    try:
        told = Queue(name, channel=channel).queue_declare(passive=True)
    except connection.channel_errors as error:  # the broker has closed the channel
        code = str(getattr(error, "reply_code", None))
        return Depth(0, 0) if code == _NOT_FOUND else None
    channel.close()
    return Depth(int(told.message_count), int(told.consumer_count))

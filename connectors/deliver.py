# mypy: allow-untyped-calls
# (kombu's functions have no types)
"""Hop 7, the way out: letters of an agency's queue are sent to it, over HTTP or a broker, and
deleted once there.

A letter is leased, sent, and acknowledged when the other side has it; otherwise it is given back
and tried again, ever less often, for ever. A crash in between sends it again: its id is the same,
so a receiver can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol

import httpx
import structlog
from kombu.connection import Connection

from connectors.clients.broker import broker_errors, connect, ensure_queue, publish
from connectors.formats.media import STRUCTURED
from connectors.port import AgencyRoute, Routes
from connectors.queues import letters_queue
from stores.keep_trying import Pauses, keep_working, logged
from stores.ports import EdgeQueues, Leased

AT_ONCE = 20
LEASE_SECONDS = 120.0
"""Longer than sending ``AT_ONCE`` letters may take, or another deliverer sends them too."""
SEND_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds until a letter that could not be sent is tried again: doubled each time, up to the
longest.
"""
POLL_SECONDS = 0.2

log = structlog.get_logger()


class NotSent(Exception):
    """The letter did not arrive, or it is not known whether it did; ``why`` is a class name or a
    status.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Sender(Protocol):
    """A way to one agency."""

    def send(self, letter: Leased) -> None:
        """Return once the other side has the letter; raises ``NotSent``."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(slots=True)
class HttpSender:
    """POSTs a structured CloudEvent; any 2xx says that it arrived."""

    url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    transport: httpx.BaseTransport | None = None
    _client: httpx.Client | None = None

    def send(self, letter: Leased) -> None:
        if self._client is None:
            headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            self._client = httpx.Client(
                headers=headers, timeout=SEND_SECONDS, transport=self.transport
            )
        try:
            answer = self._client.post(
                self.url, content=letter.body, headers={"Content-Type": STRUCTURED}
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotSent(type(error).__name__) from None
        if not answer.is_success:
            raise NotSent(str(answer.status_code))

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


@dataclass(slots=True)
class QueueSender:
    """Publishes a structured CloudEvent to a quorum queue, confirmed by the broker and refused when
    unroutable.
    """

    url: str = field(repr=False)
    queue: str
    _connection: Connection | None = None
    _channel: Any = None

    def send(self, letter: Leased) -> None:
        try:
            publish(
                self._ready(),
                self.queue,
                letter.body,
                content_type=STRUCTURED,
                message_id=letter.id,
            )
        except broker_errors(self.url) as error:
            self._drop()  # a late confirmation of this letter must not be taken for the next one's
            raise NotSent(type(error).__name__) from None

    def close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(*broker_errors(self.url)):
                connection.release()

    def _ready(self) -> Any:
        if self._channel is None:
            self._connection = connect(self.url, heartbeat=0)
            ensure_queue(self._connection, self.queue)
            self._channel = self._connection.channel()
        return self._channel

    def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            connection.collect()


@dataclass(slots=True)
class Deliverer:
    """Sends one agency its letters. One instance per agency; run in a thread of its own, so none
    waits for another.
    """

    agency: str
    queues: EdgeQueues
    sender: Sender

    @property
    def name(self) -> str:
        """For the log and ``hub status``."""
        return f"deliver:{self.agency}"

    def run(self, stop: Event) -> None:
        """Send until ``stop`` is set; while the store is away, look less often."""
        keep_working(
            lambda: 0 if self.deliver_once() else POLL_SECONDS,
            stop,
            failed=logged("store.unavailable", connector="deliver", agency=self.agency),
            pauses=Pauses(POLL_SECONDS, longest=10.0),
        )
        self.sender.close()

    def deliver_once(self) -> int:
        """Lease some letters and send them; answers how many arrived. Raises ``Unavailable``."""
        letters = self.queues.lease(self.agency, limit=AT_ONCE, seconds=LEASE_SECONDS)
        for number, letter in enumerate(letters):
            try:
                self.sender.send(letter)
            except NotSent as trouble:
                log.warning(
                    "letter.unsent",
                    agency=self.agency,
                    letter=letter.id,
                    attempts=letter.attempts,
                    why=trouble.why,
                )
                self._give_back(letters[number:])
                return number
            self.queues.acknowledge(self.agency, [letter.id])
        return len(letters)

    def _give_back(self, letters: Sequence[Leased]) -> None:
        """The one that failed waits by its own attempts; those behind it, which were not tried, go
        on at once.
        """
        first, *rest = letters
        self.queues.give_back(self.agency, [first.id], after_seconds=pause_after(first.attempts))
        if rest:
            self.queues.give_back(
                self.agency, [letter.id for letter in rest], after_seconds=FIRST_PAUSE
            )


def pause_after(attempts: int) -> float:
    """Seconds to wait after so many attempts: 1, 2, 4 … up to five minutes."""
    return float(min(FIRST_PAUSE * 2 ** min(attempts, 20), LONGEST_PAUSE))


def deliverers(routes: Routes, queues: EdgeQueues, *, broker_url: str | None) -> list[Deliverer]:
    """One for each agency that letters are pushed to: by its own ``push``, else on
    ``deliveries.<agency>`` of the hub's broker, where there is one; without, agencies fetch their
    letters over HTTP.
    """
    senders = ((route.code, _sender(route, broker_url)) for route in routes)
    return [Deliverer(code, queues, sender) for code, sender in senders if sender is not None]


def _sender(route: AgencyRoute, broker_url: str | None) -> Sender | None:
    push = route.settings.push
    if push is not None and route.push_url is not None:
        if push.kind == "http":
            return HttpSender(route.push_url, route.push_token)
        return QueueSender(route.push_url, push.queue or letters_queue(route.code))
    return QueueSender(broker_url, letters_queue(route.code)) if broker_url else None

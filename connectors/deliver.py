# mypy: allow-untyped-calls
# (kombu's functions have no types)
"""Hop 7, the way out: an agency's letters are sent to it, over HTTP or a broker.

A letter is leased, sent, and acknowledged when the other side has it; otherwise it is given back
and tried again, ever less often, for ever. A crash in between sends it again: its id is the same,
so a receiver can tell.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import Any, Protocol, TypeAlias

import httpx
import structlog
from kombu.connection import Connection

from connectors import mais
from connectors.answers_at_once import AnswersAtOnce
from connectors.clients.broker import ensure_queue, publish
from connectors.clients.line import Line
from connectors.directory import FolderUnsafe, opened
from connectors.formats.forms import Form
from connectors.formats.media import STRUCTURED
from connectors.port import AgencyRoute, Routes
from connectors.queues import letters_queue
from connectors.sealing import for_http, is_private, key_of, now
from schemas.sealed import MEDIA_TYPE, NoKeyNow, seal
from schemas.settings import AgencySettings
from stores.keep_trying import Pauses, keep_working, logged
from stores.pace import Pace
from stores.ports import EdgeQueues, Intake, Leased, Unavailable

AT_ONCE = 20
"""Letters in hand at most, or as few as can be sent in a moment: a Red's waits behind them."""
LEASE_SECONDS = 120.0
"""Half of it is for sending: one that is begun then ends before another deliverer sends it too."""
SEND_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds until a letter that was not sent is tried again: doubled each time."""
POLL_SECONDS = 0.1

log = structlog.get_logger()


class NotSent(Exception):
    """The letter did not arrive, or nobody knows; it says a class name or a status."""


Wording: TypeAlias = Callable[[Leased], tuple[bytes, str]]
"""The bytes of a letter as its agency reads them, and their media type."""
Answered: TypeAlias = Callable[[Leased, bytes], None]


def _as_it_is(letter: Leased) -> tuple[bytes, str]:
    return letter.body, STRUCTURED


def _unread(_letter: Leased, _answer: bytes) -> None:
    pass


def _worded(wording: Wording, letter: Leased) -> tuple[bytes, str]:
    """Raises ``NotSent`` where it may only go sealed, and nothing is there to seal it to."""
    try:
        return wording(letter)
    except NoKeyNow as error:
        raise NotSent(type(error).__name__) from None


def _sealed_in_event(agency: AgencySettings, *, private: bool) -> Wording:
    """Sealed in an event in its place; to one without a key as it is, but only where nobody on the
    way can read it.
    """

    def worded(letter: Leased) -> tuple[bytes, str]:
        at = now()
        if not private and key_of(agency, at) is None:
            raise NoKeyNow
        return for_http(agency, letter.body, letter_id=letter.id, at=at), STRUCTURED

    return worded


def _in_clear(wording: Wording, *, private: bool) -> Wording:
    """For who opens nothing: in clear, but only where nobody on the way can read it."""

    def worded(letter: Leased) -> tuple[bytes, str]:
        if not private:
            raise NoKeyNow
        return wording(letter)

    return worded


def _sealed(agency: AgencySettings, wording: Wording, *, private: bool) -> Wording:
    """In the agency's wording and sealed to its key. To one without a key it goes as it is worded,
    but only where nobody on the way can read it.
    """

    def worded(letter: Leased) -> tuple[bytes, str]:
        (body, content_type), key = wording(letter), key_of(agency, now())
        if key is not None:
            return seal(body, key).encode(), MEDIA_TYPE
        if not private:
            raise NoKeyNow
        return body, content_type

    return worded


class Sender(Protocol):
    """A way to one agency."""

    def send(self, letter: Leased) -> None:
        """Return once the other side has the letter; raises ``NotSent``, or ``Unavailable`` where
        its answer could not be recorded.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(slots=True)
class HttpSender:
    """POSTs a structured CloudEvent; any 2xx says that it arrived."""

    url: str = field(repr=False)
    token: InitVar[str | None] = None
    transport: InitVar[httpx.BaseTransport | None] = None
    wording: Wording = field(default=_as_it_is, repr=False)
    answered: Answered = field(default=_unread, repr=False)
    """Given what stands in the response to a letter."""
    _client: httpx.Client = field(init=False, repr=False)

    def __post_init__(self, token: str | None, transport: httpx.BaseTransport | None) -> None:
        # As bytes, or one agency's odd token would keep the whole hub from starting.
        headers = {b"Authorization": f"Bearer {token}".encode()} if token else {}
        self._client = httpx.Client(headers=headers, timeout=SEND_SECONDS, transport=transport)

    def send(self, letter: Leased) -> None:
        body, content_type = _worded(self.wording, letter)
        headers = {"Content-Type": content_type, **letter.headers}
        try:
            answer = self._client.post(self.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotSent(type(error).__name__) from None
        if not answer.is_success:
            raise NotSent(str(answer.status_code))
        self.answered(letter, answer.content)

    def close(self) -> None:
        self._client.close()


@dataclass(slots=True)
class QueueSender:
    """Publishes to a quorum queue; the broker confirms, and refuses what is unroutable."""

    url: str = field(repr=False)
    queue: str
    wording: Wording = field(default=_as_it_is, repr=False)
    _line: Line[Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._line = Line(self.url, self._open)

    def send(self, letter: Leased) -> None:
        body, content_type = _worded(self.wording, letter)
        told = {"content_type": content_type, "message_id": letter.id}
        first, headers = letter.red, letter.headers
        try:
            with self._line.used() as channel:
                publish(channel, body, queue=self.queue, first=first, headers=headers, **told)
        except self._line.errors as error:
            raise NotSent(type(error).__name__) from None

    def close(self) -> None:
        self._line.close()

    def _open(self, connection: Connection) -> Any:
        ensure_queue(connection, self.queue)
        return connection.channel()


@dataclass(slots=True)
class FolderSender:
    """Puts each letter as a file into the agency's folder, whole and lasting or not at all.

    A file is named for the letter, so that one that is written again takes its own place; and holds
    nothing but its type and id in its name.
    """

    path: Path = field(repr=False)
    owner: str | None
    form: Form | None

    def send(self, letter: Leased) -> None:
        said = self.form.written(letter.type, letter.body) if self.form else None
        kind = self.form.writes if self.form and said is not None else "json"
        name = f"{letter.type}-{letter.id}.{kind}"
        try:
            with opened(self.path, self.owner) as folder, folder.written(name) as stream:
                stream.write(letter.body if said is None else said)
        except (FolderUnsafe, OSError) as error:
            raise NotSent(type(error).__name__) from None

    def close(self) -> None:
        pass


@dataclass(slots=True)
class Look:
    """Whose queues have letters, asked once for all deliverers: each would ask all day long."""

    queues: EdgeQueues
    agencies: Sequence[str]
    _found: set[str] = field(default_factory=set)
    _until: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def has(self, agency: str) -> bool:
        """Whether it had letters a moment ago. Raises ``Unavailable``."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._found = self.queues.with_letters(self.agencies)
                self._until = time.monotonic() + POLL_SECONDS
            return agency in self._found


@dataclass(slots=True)
class Deliverer:
    """Sends one agency its letters; each in a thread of its own, so that none waits."""

    agency: str
    queues: EdgeQueues
    sender: Sender
    look: Look | None = None
    """Shared with the deliverers beside it; without one its queue is looked into each time."""
    _pace: Pace = field(default_factory=lambda: Pace(AT_ONCE, least=1), init=False)

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
        if self.look is not None and not self.look.has(self.agency):
            return 0
        limit = self._pace.size
        letters = self.queues.lease(self.agency, limit=limit, seconds=LEASE_SECONDS)
        if not letters:
            return 0
        with self._pace.taking(len(letters)):
            return self._sent(letters)

    def _sent(self, letters: Sequence[Leased]) -> int:
        """How many of them arrived."""
        until, arrived = time.monotonic() + LEASE_SECONDS / 2, 0
        for number, letter in enumerate(letters):
            if time.monotonic() > until:
                self._untried(letters[number:])
                break
            try:
                if not self.queues.may_go(letter):
                    self._untried([letter])
                    continue
                self.sender.send(letter)
            except Unavailable:
                raise
            except NotSent as trouble:
                self._unsent(letter, why=str(trouble))
                self._untried(letters[number + 1 :])  # whatever keeps one back keeps back all
                break
            except Exception as error:  # noqa: BLE001 - the hub's own fault: others must pass
                self._unsent(letter, why=type(error).__name__)
            else:
                self.queues.acknowledge(self.agency, [letter.id])
                arrived += 1
        return arrived

    def _untried(self, letters: Sequence[Leased]) -> None:
        if letters:
            ids = [letter.id for letter in letters]
            self.queues.give_back(self.agency, ids, after_seconds=FIRST_PAUSE)

    def _unsent(self, letter: Leased, *, why: str) -> None:
        """Say so; it waits by its attempts."""
        log.warning(
            "letter.unsent",
            agency=self.agency,
            letter=letter.id,
            trace_id=letter.trace_id,
            attempts=letter.attempts,
            why=why,
        )
        pause = pause_after(letter.attempts)
        self.queues.give_back(self.agency, [letter.id], after_seconds=pause)


def pause_after(attempts: int) -> float:
    """Seconds to wait after so many attempts: 2, 4, 8 … up to five minutes."""
    return float(min(FIRST_PAUSE * 2 ** min(attempts, 20), LONGEST_PAUSE))


def deliverers(
    routes: Routes,
    queues: EdgeQueues,
    *,
    intake: Intake,
    broker_url: str | None,
    folder: Path = Path(),
) -> list[Deliverer]:
    """One for each agency that letters are pushed to: into its own folder, by its own ``push`` or
    the hub's broker.

    Without any an agency fetches its letters over HTTP. ``intake`` records what systems answer at
    once. Relative paths start at ``folder``.
    """
    found = (
        (route.code, _to_folder(route, folder) or _sender(route, intake, broker_url=broker_url))
        for route in routes
    )
    senders = {code: sender for code, sender in found if sender is not None}
    look = Look(queues, list(senders))
    return [Deliverer(code, queues, sender, look) for code, sender in senders.items()]


def _to_folder(route: AgencyRoute, folder: Path) -> Sender | None:
    letters = route.settings.letters
    if letters is None:
        return None
    return FolderSender(folder.resolve() / letters.path, letters.owner, route.form)


def _sender(route: AgencyRoute, intake: Intake, *, broker_url: str | None) -> Sender | None:
    push = route.settings.push
    if push is not None and route.push_url is not None:
        in_mais = push.shape == "mais"
        wording = partial(mais.worded, area=route.area) if in_mais else _as_it_is
        if push.kind == "queue":
            return _to_queue(route, route.push_url, queue=push.queue, wording=wording)
        return _over_http(route, route.push_url, intake=intake, mais=wording if in_mais else None)
    return _to_queue(route, broker_url) if broker_url else None


def _over_http(route: AgencyRoute, url: str, *, intake: Intake, mais: Wording | None) -> HttpSender:
    private = is_private(url)
    if mais is None:
        sealed = _sealed_in_event(route.settings, private=private)
        return HttpSender(url, route.push_token, wording=sealed)
    answered = AnswersAtOnce(route, intake).take  # a system that speaks MAIS opens nothing
    clear = _in_clear(mais, private=private)
    return HttpSender(url, route.push_token, wording=clear, answered=answered)


def _to_queue(
    route: AgencyRoute, url: str, *, queue: str | None = None, wording: Wording = _as_it_is
) -> QueueSender:
    sealed = _sealed(route.settings, wording, private=is_private(url))
    return QueueSender(url, queue or letters_queue(route.code), sealed)

"""HL7 v2 messages over MLLP: a listener for each agency, and an ACK once a message is recorded.

MLLP (HL7's Minimal Lower Layer Protocol, release 1) puts a message between the bytes 0B and
1C 0D. It knows no credentials, so all that comes to a listener is its agency's. Each message is a
transaction; while the store is away none is answered, and its sender sends it again, as it does
when a connection breaks. MSH-10 is the id by which it is then recognised.
"""

from __future__ import annotations

import datetime as dt
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from threading import Event

import structlog

from connectors.events.envelope import from_body, id_told, why
from connectors.events.facts import Door, Said, source_key
from connectors.formats.media import NAMES
from connectors.mllp_answer import Header, acknowledged
from connectors.not_taken import NotTaken
from connectors.port import AgencyRoute
from schemas.settings import MllpSettings
from stores.ports import Arrival, Intake, Unavailable

START, END = b"\x0b", b"\x1c"
HEARD_OUT = 10
"""Messages up to so many times too large are heard to their end, so that the answer is read."""
_LOOK_SECONDS = 0.5
"""How often whoever waits looks whether it is to stop."""
_CHUNK = 65536
_KEPT_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""Seconds, and how often: a sender that vanished is noticed after two minutes."""

log = structlog.get_logger()


@dataclass(slots=True)
class MllpListener:
    """One agency's listener."""

    route: AgencyRoute
    intake: Intake
    settings: MllpSettings
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    @property
    def name(self) -> str:
        """For the log and ``hub status``."""
        return f"mllp:{self.route.code}"

    def run(self, stop: Event) -> None:
        """Listen until ``stop`` is set.

        Raises ``OSError`` where the address cannot be had: whoever runs it shows that, and tries
        again.
        """
        host = self.settings.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, self.settings.port), family=family) as server:
            self.serve(server, stop)

    def serve(self, server: socket.socket, stop: Event) -> None:
        """Take messages from whoever connects to a socket that listens.

        Raises what a conversation raised: the fault is the hub's own, not the sender's.
        """
        server.settimeout(_LOOK_SECONDS)
        talks: list[Future[None]] = []
        ended = Event()
        with ThreadPoolExecutor(self.settings.most_connections, self.name) as executor:
            try:
                while not stop.is_set():
                    talks = list(_going_on(talks))
                    connection = self._accepted(server)
                    at_work = sum(not talk.done() for talk in talks)
                    if connection and self._admitted(connection, at_work):
                        talk = _Talk(self, connection, ended)
                        talks.append(executor.submit(talk.hold))
            finally:
                ended.set()

    def answer(self, message: bytes) -> bytes:
        """Record a message; its ACK. Raises ``Unavailable``."""
        now, header = self.clock(), Header.of(message)
        arrivals = self._arrivals(Door(self.route, "mllp", now), message, header=header)
        receipts = self.intake.take(arrivals)
        log.info("received", agency=self.route.code, connector="mllp", count=len(arrivals))
        return acknowledged(header, receipts, now=now)

    def _accepted(self, server: socket.socket) -> socket.socket | None:
        with suppress(TimeoutError, ConnectionError):  # nobody came, or is gone again
            return server.accept()[0]
        return None

    def _admitted(self, connection: socket.socket, talks: int) -> bool:
        try:
            address = connection.getpeername()[0]
        except OSError:  # gone again
            connection.close()
            return False
        if self._is_peer(address) and talks < self.settings.most_connections:
            return True
        connection.close()
        log.warning("peer.refused", agency=self.route.code, connector="mllp", address=address)
        return False

    def _is_peer(self, address: str) -> bool:
        peer = ip_address(address.partition("%")[0])
        if isinstance(peer, IPv6Address) and peer.ipv4_mapped:
            peer = peer.ipv4_mapped
        return any(peer in network for network in self.settings.peers)

    def _arrivals(self, door: Door, message: bytes, *, header: Header) -> list[Arrival]:
        said = _said(header)
        try:
            if len(message) > self.route.largest:
                raise NotTaken("unreadable.too-large")
            form = self.route.format_of_file("message.hl7")
            if form is None:
                raise NotTaken("unknown.format")
            return from_body(door, message, form=form, said=said)
        except Exception as error:  # noqa: BLE001 - see why
            kept, told = message[: self.route.largest], why(error, door)
            return [door.arrival(told, kept, content_type=NAMES["hl7"], said=said)]


def _said(header: Header) -> Said:
    id_, source = id_told(header.id), id_told(header.sender)
    return Said(id_, source, source_key(source)) if id_ and source else Said(id_)


def _going_on(talks: list[Future[None]]) -> Iterator[Future[None]]:
    """Those that have not ended. Raises what one ended with."""
    for talk in talks:
        if talk.done():
            talk.result()
        else:
            yield talk


@dataclass(slots=True)
class _Talk:
    """A connection: message, answer, message, answer."""

    listener: MllpListener
    connection: socket.socket
    ended: Event

    def hold(self) -> None:
        """Until the sender hangs up, or takes too long, or nothing can be recorded."""
        limits, largest = self.listener.settings, self.listener.route.largest
        frames = Frames(self.connection, limits, largest=largest, ended=self.ended)
        with self.connection:
            try:
                while (message := self._heard(frames)) is not None:
                    if not self._sent(self.listener.answer(message)):
                        break
            except Unavailable as error:
                code, kind = self.listener.route.code, type(error).__name__
                log.warning("store.unavailable", agency=code, connector="mllp", error=kind)

    def _heard(self, frames: Frames) -> bytes | None:
        """The next message; None where the sender is gone, or late."""
        with suppress(OSError):
            _keep_alive(self.connection)
            return frames.next()
        return None

    def _sent(self, answer: bytes) -> bool:
        """Whether the sender was there to be answered; if not, its message comes again."""
        with suppress(OSError):
            self.connection.settimeout(self.listener.settings.message_seconds)
            self.connection.sendall(START + answer + END + b"\r")
            return True
        return False


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, value in _KEPT_ALIVE.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


@dataclass(slots=True)
class Frames:
    """The messages that come on a connection, whatever packets they come in."""

    connection: socket.socket
    limits: MllpSettings
    largest: int
    ended: Event
    _held: bytearray = field(default_factory=bytearray)
    _over: bool = False

    def next(self) -> bytes | None:
        """The next message whole; of a larger one a little over ``largest``.

        None when the sender hung up, in the midst of one too: it was not answered, and comes again.
        Raises ``TimeoutError`` for a sender that takes too long.
        """
        return self._whole() if not self._over and self._begun() else None

    def _begun(self) -> bool:
        """Skip what stands before the next message, such as the 0D behind the last."""
        until = time.monotonic() + self.limits.idle_seconds
        while (at := self._held.find(START)) < 0:
            self._held.clear()
            if not self._more(until):
                return False
        del self._held[: at + 1]
        return True

    def _whole(self) -> bytes | None:
        until, dropped = time.monotonic() + self.limits.message_seconds, 0
        while (end := self._held.find(END)) < 0:
            if (over := len(self._held) - self.largest - 1) > 0:
                dropped += over
                del self._held[self.largest + 1 :]
            if dropped > HEARD_OUT * self.largest:
                self._over, end = True, len(self._held)
                break
            if not self._more(until):
                return None
        message = bytes(self._held[:end])
        del self._held[: end + 1]
        # One that its sender broke off and began anew is not two, nor one of both.
        return message[message.rfind(START + b"MSH") + 1 :]

    def _more(self, until: float) -> bool:
        """Wait for more bytes; False when none will come."""
        while not self.ended.is_set():
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.connection.settimeout(min(left, _LOOK_SECONDS))
            with suppress(TimeoutError):
                came = self.connection.recv(_CHUNK)
                self._held += came
                return bool(came)
        return False

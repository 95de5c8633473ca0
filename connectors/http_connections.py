"""Connections to the web server: how long each may wait for its sender, and how many there may be.

uvicorn closes only those that are idle after an answer: a sender that sends nothing at first, or
one byte now and then, keeps its connection for ever (Kludex/uvicorn, pull request 1192).
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any, Final, Literal, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from connectors.problems import raw
from connectors.wrong_tokens import WrongTokens, neighbourhood
from schemas.settings import HttpSettings

_FULL = raw(503, "The hub has too many connections just now; send the same again later.")
_MALFORMED = raw(400, "This is no HTTP request; look at its first line and its headers.")

PEER: Final = "peer_certificate"
"""In a request's state: the digest of the certificate with which its sender connected."""

_Awaited = Literal["head", "body", "answer"]
"""A request's head; its body; that the sender takes the answer."""


@dataclass(slots=True)
class Connections:
    """Those that are open, by where they come from, and what was refused and cut off."""

    limits: HttpSettings
    by_address: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    """Above the limits."""
    late: int = 0
    """Cut off, as their senders took too long."""
    wrong_tokens: WrongTokens = field(default_factory=WrongTokens)
    ending: threading.Event = field(default_factory=threading.Event)
    """Set when the server is to end, for answers that have no end of their own."""

    def counts(self) -> dict[str, int]:
        """How many are open, and since the start: refused, cut off, and wrong tokens."""
        return {
            "open": self.by_address.total(),
            "refused": self.refused,
            "late": self.late,
            "wrong_tokens": self.wrong_tokens.total,
        }

    @property
    def protocol(self) -> type[asyncio.Protocol]:
        """For ``uvicorn.Config(http=…)``, which calls it for each connection."""
        return cast(type[asyncio.Protocol], partial(_Limited, connections=self))

    def admit(self, address: str) -> bool:
        """Count a connection, unless there are too many from there or in all."""
        full = self.by_address.total() >= self.limits.most_connections
        if full or self.by_address[address] >= self.limits.most_from_one_address:
            self.refused += 1
            return False
        self.by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """One of them ended."""
        self.by_address[address] -= 1
        self.by_address += Counter()  # keeps those above 0 only

    def seconds(self, awaited: _Awaited) -> float:
        """How long a sender may take for it."""
        limits = self.limits
        return {
            "head": limits.head_seconds,
            "body": limits.body_seconds,
            "answer": limits.answer_seconds,
        }[awaited]


class _Limited(H11Protocol):
    """uvicorn's protocol, which waits for its sender only so long.

    Each time is for the whole head, body or answer, and begins when it is first awaited: a byte
    now and then prolongs nothing.
    """

    def __init__(self, *, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._connections = connections
        self._address: str | None = None
        self._awaited: _Awaited | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        peer = transport.get_extra_info("peername")
        address = neighbourhood(peer[0]) if peer else ""
        if tls := transport.get_extra_info("ssl_object"):
            shown = tls.getpeercert(binary_form=True)
            self.app_state = {**self.app_state, PEER: sha256(shown).hexdigest() if shown else None}
        if self._connections.admit(address):
            self._address = address
            self._then(partial(super().connection_made, transport))
        else:
            self.transport = transport
            transport.write(_FULL)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._address is not None:
            self._connections.leave(self._address)
        self._address = None
        self._then(partial(super().connection_lost, exc))

    def data_received(self, data: bytes) -> None:
        self._then(partial(super().data_received, data))

    def on_response_complete(self) -> None:
        self._then(super().on_response_complete)

    def timeout_keep_alive_handler(self) -> None:
        self._then(super().timeout_keep_alive_handler)

    def pause_writing(self) -> None:
        self._then(super().pause_writing)

    def resume_writing(self) -> None:
        self._then(super().resume_writing)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - of the parser's, not told
        self.transport.write(_MALFORMED)
        self.transport.close()

    def shutdown(self) -> None:
        self._then(super().shutdown)

    def _then(self, change: Callable[[], None]) -> None:
        """Let something happen, and begin to count when something else is awaited after it."""
        change()
        awaited = self._awaited_now()
        if awaited == self._awaited:
            return
        self._awaited = awaited
        if self._timer is not None:
            self._timer.cancel()
        seconds = self._connections.seconds(awaited) if awaited else 0
        self._timer = self.loop.call_later(seconds, self._cut_off) if awaited else None

    def _awaited_now(self) -> _Awaited | None:
        if self._address is None:
            return None
        if self.transport.is_closing() or self.flow.write_paused:
            return "answer"
        if self.conn.their_state is h11.SEND_BODY:
            return "body"
        began = self.timeout_keep_alive_task is None or self.conn.trailing_data[0]
        return "head" if self.conn.their_state is h11.IDLE and began else None

    def _cut_off(self) -> None:
        self._connections.late += 1
        self.transport.abort()

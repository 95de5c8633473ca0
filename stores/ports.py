"""What the hub wants of a store, as protocols."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.base import Fact
from schemas.notification import Receipt
from schemas.refusals import Refusal
from stores.context import Context


@dataclass(frozen=True, slots=True, repr=False)
class Arrival:
    """One message as a connector took it in, or what came instead of one.

    ``original`` is kept if it is refused.

    ``event_id`` is the sender's own id of the message, unique within its source and the agency;
    with None the id follows from the content, so that the same bytes dropped twice are one message.
    """

    agency: str
    connector: str
    event_id: str | None
    original: bytes
    content_type: str
    body: Fact | Refusal
    reference: str | None = None
    source: str | None = None
    """The sender's own source of the event, for its receipt."""
    source_key: str | None = None
    """The source in the key by which the event is recognised; None where it has none."""
    place: str | None = None
    """Which record of a file, a batch or a message it is, as its sender counts: ``row 3``."""
    traceparent: str | None = None
    """The header of this name that came with it: its sender's own span."""


class Intake(Protocol):
    """Where connectors hand over: what they bring is recorded, and only then answered."""

    def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """Record each arrival once; their receipts, in order. Raises only ``Unavailable``."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Leased:
    """A letter in the hand of who delivers it; ``body`` is a structured CloudEvent."""

    id: str
    agency: str
    type: str
    body: bytes
    attempts: int
    red: bool = False
    """About what may be a Red: it leaves before all others."""
    trace: Context | None = None
    """The first span of the trace that it belongs to."""
    sent_by: Context | None = None
    """The span of its being handed out, while somebody is told spans: it goes along."""

    @property
    def trace_id(self) -> str | None:
        """As it stands in the log."""
        return self.trace.trace_id if self.trace else None

    @property
    def headers(self) -> dict[str, str]:
        """What goes beside it, by HTTP and AMQP."""
        return {"traceparent": self.sent_by.header} if self.sent_by else {}


class EdgeQueues(Protocol):
    """Queues at the edge, one per agency: letters are leased, then deleted when acknowledged."""

    def with_letters(self, agencies: Collection[str]) -> set[str]:
        """Those of the agencies that have a letter which nobody holds."""
        ...

    def lease(self, agency: str, *, limit: int, seconds: float) -> list[Leased]:
        """Letters that nobody holds, now held for ``seconds``: Reds first, then the oldest."""
        ...

    def may_go(self, letter: Leased) -> bool:
        """Whether a letter in hand may still be handed over: what was committed since may keep it
        back. Asked by who then sends it, or not.
        """
        ...

    def acknowledge(self, agency: str, ids: Collection[str]) -> int:
        """Delete letters that arrived; answers how many there were."""
        ...

    def give_back(self, agency: str, ids: Collection[str], *, after_seconds: float) -> None:
        """End the lease of letters that could not be sent, for ``after_seconds`` from now."""
        ...


class Unavailable(Exception):
    """The store cannot be reached or written just now; nothing was recorded, so try later."""


class Paused(Unavailable):
    """What comes from an agency waits, as somebody wants it: what was not taken is to be sent again
    later.
    """

    def __init__(self, seconds: float) -> None:
        """``seconds``: until it goes on by itself."""
        super().__init__(f"paused for {seconds:.0f} s")
        self.seconds = seconds

"""The relay: the only producer to the topics. Sends what was recorded, and forgets it once the
topic has it.

It selects, sends, waits for every acknowledgement and deletes in one transaction: killed anywhere
in between, it sends the same again, and the inbox of each step absorbs the repetition.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from stores import outbox
from stores.codec import Sealed
from stores.database import Database, Transaction
from stores.keep_trying import Stopped, keep_trying, keep_working, logged
from stores.pace import Pace
from stores.ports import Unavailable
from stores.topics import TopicProducer

_SHORTEST_REST = 0.005
_LONGEST_REST = 0.1


@dataclass(slots=True)
class Relay:
    """Moves what is unsent to the topics. Several may run: one is active, the others stand by and
    take over.
    """

    database: Database
    producer: TopicProducer
    prepare: Callable[[], object] = lambda: None
    """Done before anything is sent, and again before what follows trouble with the topics, as these
    may be gone: to make them. Raises ``Unavailable``.
    """
    batch: int = 500
    _rest: float = _SHORTEST_REST
    _pace: Pace = field(init=False)
    _is_prepared: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.batch)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop. Trouble with store or topics is retried for ever, with growing
        pauses.
        """
        failed = logged("relay.unavailable")
        with suppress(Stopped):
            keep_trying(self._prepared, stop, failed=failed)
            keep_working(self._work, stop, failed=failed)
        self.producer.close()

    def once(self) -> int:
        """Send the next batch; answers how many messages the topics have now. Raises
        ``Unavailable``.
        """
        with self.database.transaction() as transaction:
            if not outbox.claim(transaction):
                return 0
            entries = self._next(transaction)
            if entries:
                self._send([sealed for _, sealed in entries])
                outbox.sent(transaction, [position for position, _ in entries])
        return len(entries)

    def _send(self, batch: Sequence[Sealed]) -> None:
        traces = self.database.traces
        if traces is None or traces.tell is None:
            return self.producer.send(batch)
        spans = traces.sending(batch)
        self.producer.send(batch, traceparents=[span.context.header for span in spans])
        ended, once = time.time_ns(), {span.context: span for span in spans}
        return traces.tell([span._replace(ended=ended) for span in once.values()])

    def _next(self, transaction: Transaction) -> list[tuple[int, Sealed]]:
        """What is on the lane of Reds, or where there is nothing the rest."""
        reds = outbox.unsent(transaction, limit=self.batch, red=True)
        return reds or outbox.unsent(transaction, limit=self._pace.size)

    def _prepared(self) -> None:
        if not self._is_prepared:
            self.prepare()
            self._is_prepared = True

    def _work(self) -> float:
        """Send a batch, and rest the longer the longer nothing has come."""
        self._prepared()
        began = time.monotonic()
        try:
            sent = self.once()
        except Unavailable:
            self._is_prepared = False
            raise
        if not sent:
            self._rest = min(self._rest * 2, _LONGEST_REST)
            return self._rest
        full = sent >= self._pace.size
        self._pace.took(sent, seconds=time.monotonic() - began)
        self._rest = _SHORTEST_REST
        return 0 if full else self._rest

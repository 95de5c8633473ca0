"""The relay: the only producer to the topics. Sends what was recorded, and forgets it once the
topic has it.

It selects, sends, waits for every acknowledgement and deletes in one transaction: killed anywhere
in between, it sends the same again, and the inbox of each step absorbs the repetition.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from stores import outbox
from stores.database import Database
from stores.ports import Unavailable
from stores.topics import TopicProducer

_log = structlog.get_logger()
_SHORTEST_REST = 0.005
_LONGEST_REST = 0.1
_LONGEST_BACK_OFF = 5.0


@dataclass(slots=True)
class Relay:
    """Moves what is unsent to the topics. Several may run: one is active, the others stand by and
    take over.
    """

    database: Database
    producer: TopicProducer
    prepare: Callable[[], object] = lambda: None
    """Done before anything is sent, and until it succeeds: to make the topics. Raises
    ``Unavailable``.
    """
    batch: int = 500

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop. Trouble with store or topics is retried for ever, with growing
        pauses.
        """
        rest, back_off, prepared = _SHORTEST_REST, 0.05, False
        while not stop.is_set():
            try:
                if not prepared:
                    self.prepare()
                    prepared = True
                sent = self.once()
            except Unavailable as error:
                _log.warning("relay.unavailable", error=type(error).__name__)
                stop.wait(back_off)
                back_off = min(back_off * 2, _LONGEST_BACK_OFF)
                continue
            back_off = 0.05
            rest = _SHORTEST_REST if sent else min(rest * 2, _LONGEST_REST)
            if sent < self.batch:
                stop.wait(rest)
        self.producer.close()

    def once(self) -> int:
        """Send the next batch; answers how many messages the topics have now. Raises
        ``Unavailable``.
        """
        with self.database.transaction() as transaction:
            if not outbox.claim(transaction):
                return 0
            entries = outbox.unsent(transaction, limit=self.batch)
            if entries:
                self.producer.send([sealed for _, sealed in entries])
                outbox.sent(transaction, [position for position, _ in entries])
        return len(entries)

"""Finds a worker that lives and does nothing (Faust issues 175, 523, 640): progress is what the
store says, not it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Sequence
from types import TracebackType

import structlog

from router.runtimes.partition import Partition
from schemas.topics import RED
from stores import cursors, topics
from stores.database import Database
from stores.keep_trying import Pauses, keep_working

_log = structlog.get_logger()
_GRACE_SECONDS = 10.0
EXIT_CODE = 75
"""Of a process that could not even stop (EX_TEMPFAIL): start it again."""


class Stuck(Exception):
    """A partition has messages and makes no progress; starting the worker again is right."""

    def __init__(self, place: Partition) -> None:
        super().__init__(f"no progress in {place.topic}/{place.partition}")
        self.place = place


class Watchdog:
    """Watches a worker's partitions from a thread of its own, while used as a context.

    After ``patience`` seconds without progress, ``stuck`` is set and the worker should stop; one
    that cannot within ten more seconds is ended with :data:`EXIT_CODE`. A store or broker that does
    not answer proves nothing.
    """

    def __init__(
        self,
        step: str,
        heard: Sequence[str],
        url: str,
        database: Database,
        patience: float,
        *,
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """``heard``: the topics of the step; ``waits``: whether somebody lets it wait, so that only
        Reds go on.
        """
        self.stuck: Stuck | None = None
        self._step, self._heard, self._url, self._database, self._patience = (
            step,
            heard,
            url,
            database,
            patience,
        )
        self._waits = waits
        self._mine: frozenset[Partition] = frozenset()
        self._seen: dict[Partition, tuple[int, float]] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watchdog-{step}", daemon=True)

    def __enter__(self) -> Watchdog:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        """The worker has stopped."""
        self._done.set()
        self._thread.join()

    def watch(self, places: Collection[Partition]) -> None:
        """These partitions are the worker's now, and no others."""
        self._mine = frozenset(places)
        self._seen.clear()

    def look(self, now: float) -> Stuck | None:
        """What has had messages and made no progress since ``patience`` seconds before ``now``;
        raises Unavailable.
        """
        mine = self._mine
        stored = cursors.next_offsets(self._database) if mine else {}
        waits = bool(mine) and self._waits()
        heard = [one for one in self._heard if one == RED] if waits else self._heard
        # What waits is looked at anew when it goes on.
        self._seen = {one: at for one, at in self._seen.items() if one.topic in heard}
        marks = topics.watermarks(self._url, heard) if mine else {}
        for topic, partitions in marks.items():
            for partition, (_, end) in partitions.items():
                place = Partition(topic, partition)
                offset = stored.get(place.consumer(self._step), 0)
                if place in mine and offset < end and self._stands_still(place, offset, now=now):
                    _log.critical(
                        "worker.stuck",
                        step=self._step,
                        topic=topic,
                        partition=partition,
                        offset=offset,
                    )
                    return Stuck(place)
        return None

    def _stands_still(self, place: Partition, offset: int, *, now: float) -> bool:
        seen, since = self._seen.get(place, (-1, now))
        if seen != offset:
            self._seen[place] = (offset, now)
            return False
        return now - since >= self._patience

    def _run(self) -> None:
        pace = self._patience / 5
        keep_working(
            self._work,
            self._done,
            failed=lambda _: self._seen.clear(),
            pauses=Pauses(first=pace, longest=pace),
        )
        if self.stuck is not None and not self._done.wait(_GRACE_SECONDS):
            os._exit(EXIT_CODE)

    def _work(self) -> float | None:
        self.stuck = self.look(time.monotonic())
        return None if self.stuck else self._patience / 5

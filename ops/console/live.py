"""What happens elsewhere is on an open screen at once: one look for all who have one open.

While anybody has a live screen open, one task asks the store twice a second what the newest facts
and letters are about. A stream tells its screen that something changed, and nothing else: the
browser then asks for the page as whoever is signed in, so that access rules apply to all they see.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from starlette.concurrency import run_in_threadpool

from connectors.wrong_tokens import neighbourhood
from schemas.settings import HttpSettings
from stores import watching
from stores.database import Database
from stores.ports import Unavailable

EVERY: Final = 0.5
"""Seconds between two looks into the store."""
_AGAIN: Final = 10
"""Looks for which what was new is read again: who took an earlier position may commit later."""
BEAT: Final = 15.0
"""Seconds after which a stream says that it is there, and looks whether its session still is."""
_MOST_KNOWN: Final = 5000
_BEFORE: Final = 200
"""Facts before the first look that are read, too: a page is older than its stream."""
_HERE: Final = ": here\n\n"
_ENDED: Final = "event: ended\ndata:\n\n"
_PER_SECOND: Final = 40
"""Screens that are told in a second: as many more are open, so much more seldom is each."""
_BESIDE: Final = frozenset({"pictures.shown", "people.signed_in"})
"""Topics of what no screen shows."""
_BY_LOOKING: Final = _BESIDE | {"records.revealed"}
"""And of what comes of looking at something, and changes nothing of it."""

ANYTHING: Final = "anything"


def about(referral_id: str) -> str:
    """What concerns a screen about one referral."""
    return f"about:{referral_id}"


def of(agency: str) -> str:
    """What concerns a screen of what an agency is asked and sent, and answers."""
    return f"of:{agency}"


Still: TypeAlias = Callable[[], Awaitable[bool]]


@dataclass(slots=True)
class _Tail:
    """The newest rows of a table."""

    ends: deque[int] = field(default_factory=lambda: deque(maxlen=_AGAIN))
    seen: frozenset[int] = frozenset()

    @property
    def end(self) -> int:
        """The last position that there is."""
        return self.ends[-1] if self.ends else 0

    def fresh(self, rows: Sequence[Any]) -> list[Any]:
        """Those of the rows, the newest first, that were not there before."""
        found = [row for row in rows if row.position not in self.seen]
        self.seen = frozenset(row.position for row in rows)
        self.ends.append(max(self.end, rows[0].position if rows else 0))
        return found


class _When(NamedTuple):
    """When something last happened that concerns a screen: by position, and by which look."""

    position: int
    look: int


@dataclass(slots=True)
class _Found:
    """What one row of looks found."""

    looks: int = 0
    facts: _Tail = field(default_factory=_Tail)
    letters: _Tail = field(default_factory=_Tail)
    known: dict[str, _When] = field(default_factory=dict)
    least: _When = field(default_factory=lambda: _When(0, 0))
    """Up to here it is not known whom it concerned: it may have been anybody."""

    @property
    def now(self) -> _When:
        """Up to where it is known."""
        return _When(self.facts.end, self.looks)

    def concerns(self, concern: str, since: _When) -> bool:
        """Whether anything happened since then."""
        last = self.known.get(concern, self.least)
        return last.position > since.position or last.look > since.look

    def look(self, database: Database) -> None:
        """See what is new."""
        with database.reading() as connection:
            if not self.looks:
                position = max(0, watching.newest(connection) - _BEFORE)
                self.facts.ends.append(position)
                self.least = _When(position, 0)
            facts = watching.facts_after(connection, self.facts.ends[0])
            asked = any(row.position not in self.facts.seen for row in facts)
            after = self.letters.ends[0] if self.letters.ends else 0
            letters = watching.letters_after(connection, after) if asked else ()
        self._learn(facts, letters)

    def _learn(self, facts: Sequence[Any], letters: Sequence[Any]) -> None:
        self.looks += 1
        before = self.facts.end
        for row in self.facts.fresh(facts):
            # Of what was committed late a page with a later position need not know.
            position = row.position if row.position > before else self.facts.end
            for one in _concerned(row):
                known = self.known.get(one, self.least).position
                self.known[one] = _When(max(position, known), self.looks)
        if letters:
            for letter in self.letters.fresh(letters):
                self.known[of(letter.agency)] = self.now
        if len(facts) == watching.MOST or len(self.known) > _MOST_KNOWN:
            self.known.clear()
            self.least = self.now


@dataclass(slots=True)
class Live:
    """Who waits for what, in one hub's web server."""

    ending: threading.Event = field(default_factory=threading.Event)
    """Set when the server is to end: every stream does."""
    open: Counter[str] = field(default_factory=Counter)
    """Streams by where they go to."""
    _found: _Found = field(default_factory=_Found)
    _looked: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    @property
    def pause(self) -> float:
        """Seconds between two times that a screen is told something."""
        return max(1.0, self.open.total() / _PER_SECOND)

    def is_full(self, host: str, limits: HttpSettings) -> bool:
        """Whether streams have half of the connections that there may be: the others are for what
        agencies send.
        """
        there = self.open[neighbourhood(host)] >= limits.most_from_one_address // 2
        return there or self.open.total() >= limits.most_connections // 2

    @contextmanager
    def counted(self, host: str) -> Iterator[None]:
        """While a stream is open."""
        from_there = neighbourhood(host)
        self.open[from_there] += 1
        try:
            yield
        finally:
            self.open[from_there] -= 1
            self.open += Counter()  # keeps those above 0 only

    async def events(
        self, database: Database, concern: str, *, after: int, still: Still
    ) -> AsyncIterator[str]:
        """What a stream says: that it is there, that something changed ``after`` a position, again
        and again, and that whose it is is signed in no more (``still``).
        """
        yield _HERE
        task = await self._watched(database)
        since, told, said = _When(after, self._found.looks), -math.inf, time.monotonic()
        while not (self.ending.is_set() or task.done()):
            now, found = time.monotonic(), self._found
            changed = now - told >= self.pause and found.concerns(concern, since)
            if changed or now - said >= BEAT:
                if not await still():
                    yield _ENDED
                    return
                said = now
                if changed:
                    since, told = found.now, now
                yield f"id: {since.position}\nevent: changed\ndata:\n\n" if changed else _HERE
            await self._next_look()

    async def _next_look(self) -> None:
        """Wait for it; one that does not come is as one that found nothing."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._looked.wait(), BEAT)

    async def _watched(self, database: Database) -> asyncio.Task[None]:
        """See to it that somebody looks, in the loop that serves now, and has looked."""
        task = self._task
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            self._found, self._looked = _Found(), asyncio.Event()
            self._task = task = asyncio.create_task(self._watch(database))
        if not self._found.looks:
            await self._next_look()
        return task

    async def _watch(self, database: Database) -> None:
        """Look as long as anybody has a screen open."""
        while self.open.total() and not self.ending.is_set():
            with suppress(Unavailable):
                await run_in_threadpool(self._found.look, database)
            looked, self._looked = self._looked, asyncio.Event()
            looked.set()
            await asyncio.sleep(EVERY)
        self._looked.set()


def position(database: Database) -> int:
    """Where the record is now: what a page is made of from now on is no older."""
    with database.reading() as connection:
        return watching.newest(connection)


def _concerned(row: Any) -> Iterable[str]:
    """Which screens a fact concerns."""
    if row.topic not in _BESIDE:
        yield ANYTHING
    if row.topic not in _BY_LOOKING:
        yield about(row.subject)
        yield about(row.correlation_id)
    hub, _, sender = row.source.partition("/")
    connector, _, agency = sender.partition("/")
    if hub and connector and agency:
        yield of(agency)

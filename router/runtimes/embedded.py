"""The hub in one process: the journal itself is the topic, and one unit of all steps reads it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from router.handle import Adopted, Decided, Offsets, decide, record
from router.lane import with_earlier
from router.one_pass import Attempt, Delivery, PutOff, goes_on, never
from router.runtimes import clock
from router.runtimes.in_force import InForce
from router.runtimes.isolate import delivery_of, isolating
from router.unit import Unit
from schemas.message import Message
from stores import cursors, journal, outbox, overview
from stores.database import Database
from stores.keep_trying import keep_working, logged
from stores.pace import Pace
from stores.pauses import Pauses

_IDLE_SECONDS = 0.2
_REDS_AT_ONCE = 20
_HASTY_SECONDS = 0.02
"""That what is in hand should take where a Red came lately."""
_HASTE_SECONDS = 10.0
_WAY_SECONDS = 0.05
"""How long a page then lets others take something in: all share one interpreter."""
_CLOCK_SECONDS = 0.2
"""Due times count in hours; looking more often would take a tenth of the work on a small page."""


@dataclass(slots=True)
class Embedded:
    """Runs every step over one database. Only one such process may serve a database at a time."""

    database: Database
    unit: Unit
    policy: Adopted
    batch: int = 200
    _position: int | None = None
    _pace: Pace = field(init=False)
    _in_force: InForce = field(init=False)
    _hasty: Pace = field(init=False)
    _hasty_until: float = 0.0
    _way_left: float = 0.0
    """Seconds for which the page in hand still gives way."""
    _put_off: bool = False
    """Whether the last page was, for a Red."""
    _pauses: Pauses = field(init=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.batch)
        self._hasty = Pace(self.batch, least=2, seconds=_HASTY_SECONDS)
        self._in_force = InForce(self.database, self.policy)
        self._pauses = Pauses(self.database)

    @property
    def position(self) -> int:
        """The journal position up to which every step has done its work."""
        return self._position or 0

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop, through every trouble with the store."""
        next_look = 0.0

        def work() -> float:
            nonlocal next_look
            looks = time.monotonic() >= next_look
            if looks:
                next_look = time.monotonic() + _CLOCK_SECONDS
            if not self.once(looks_at_clock=looks):
                self._rest(stop)
            return 0.0

        keep_working(work, stop, failed=logged("store.unavailable"))

    def drain(self) -> None:
        """Work until nothing is left to do now."""
        while self.once():
            pass

    def once(self, *, looks_at_clock: bool = True) -> bool:
        """Publish what the clock has reached, and put what may be a Red and then the next messages
        that came from outside through every step, with all that they cause, a transaction each.

        While somebody lets a step wait, all but Reds does: what comes goes through all of them in
        one pass.
        """
        elapsed = clock.publish_due(self.database, limit=self.batch) if looks_at_clock else 0
        paused = self._pauses.of("step", self.unit.names)
        last, waits = self._look()
        reds = waits and self._reds_first()
        pace = self._paced(red=reds)
        page = [] if paused else self._page(last, limit=pace.size)
        if page:
            deliveries = [delivery_of(*placed, unit=self.unit) for placed in page]
            self._put_off = self._hears(deliveries, pace)
        return bool(page or elapsed or reds)

    def _paced(self, *, red: bool) -> Pace:
        """How much to take in hand, and whether to give way to who takes something in: Reds seldom
        come alone, and the next one waits while what is in hand is written.
        """
        now = time.monotonic()
        if red:
            self._hasty_until = now + _HASTE_SECONDS
        in_haste = now < self._hasty_until
        self._way_left = _WAY_SECONDS if in_haste else 0.0
        return self._hasty if in_haste else self._pace

    def _hears(self, deliveries: Sequence[Delivery], pace: Pace) -> bool:
        """Hear what is no Red, or the first of it; whether it was put off, with nothing done, for
        a Red that came.
        """
        began = time.monotonic()
        try:
            isolating(deliveries, self._handle)
        except PutOff:
            return True
        heard = sum(delivery.offset <= self.position for delivery in deliveries)
        pace.took(heard, seconds=time.monotonic() - began)
        return False

    def _look(self) -> tuple[int, bool]:
        """The journal's last position, and whether anything waits on the lane of Reds."""
        self.database.red_came.clear()
        with self.database.reading() as connection:
            return overview.last_position(connection), outbox.any_red(connection)

    def _reds_first(self) -> bool:
        """Meanwhile nobody else begins to take anything in: all share one interpreter."""
        self.database.reds_are_heard.clear()
        try:
            return self._reds()
        finally:
            self.database.reds_are_heard.set()

    def _reds(self) -> bool:
        """Hear what waits on the lane of Reds, ahead of its place in the journal."""
        start = self._start()  # read by itself: a store in memory has one connection
        with self.database.view() as view:
            waiting = outbox.reds(view.connection, limit=_REDS_AT_ONCE)
            found = with_earlier(
                view,
                waiting,
                after=start,
                before=waiting[-1].position,
                unheard=lambda rows: [row for row in rows if row.chain != self.unit.name],
            )
        deliveries = [delivery_of(*placed, unit=self.unit) for placed in found]
        for start in range(0, len(deliveries), self.batch):
            isolating(deliveries[start : start + self.batch], self._handle_ahead)
        return True

    def _handle_ahead(self, deliveries: Sequence[Delivery], attempt: Attempt) -> None:
        decided = self._decided(deliveries, attempt, offsets=Offsets.LEFT)
        with self.database.transaction(first=True) as transaction:
            cursors.lock_unmoved(transaction, decided.cursor)
            record(decided, transaction)
            outbox.sent(transaction, [delivery.offset for delivery in deliveries])

    def _page(self, last: int, *, limit: int) -> list[tuple[int, Message]]:
        """The next messages that others wrote. Where there are none, all is done up to the last
        that there was before they were looked for.
        """
        start = self._start()
        page = journal.messages_after(self.database, start, besides=self.unit.name, limit=limit)
        if not page:
            self._position = max(start, last)
        return page

    def _handle(self, deliveries: Sequence[Delivery], attempt: Attempt) -> None:
        decided = self._decided(deliveries, attempt, offsets=Offsets.JOURNAL)
        with self.database.transaction() as transaction:
            cursors.lock_unmoved(transaction, decided.cursor)
            record(decided, transaction)
        self._position = max(self._start(), decided.cursor.next_offset - 1)

    def _decided(
        self, deliveries: Sequence[Delivery], attempt: Attempt, *, offsets: Offsets
    ) -> Decided:
        """Decide while others may write; only then is the one lock taken that writers share. A Red
        that comes meanwhile is heard next.
        """
        while True:
            with self.database.view() as view:
                policy = self._in_force.seen(view)
                if policy is not None:
                    ahead = offsets is Offsets.LEFT
                    enough = never if ahead else self.database.red_came.is_set
                    return decide(
                        self.unit,
                        deliveries,
                        cursor=cursors.read(view, self.unit.name),
                        view=view,
                        policy=policy,
                        offsets=offsets,
                        attempt=attempt,
                        enough=enough,
                        gives_way=goes_on if ahead else self._gives_way,
                    )
            # Another one is kept by itself: a store in memory has one connection.
            self._in_force.now()

    def _gives_way(self) -> None:
        """Before each step. A Red that was taken in is heard at once, and this page then; but not
        so twice in a row, or Reds would keep it waiting for ever.
        """
        if self._way_left > 0:
            self._way_left -= self.database.give_way(self._way_left)
        if self.database.red_came.is_set() and not self._put_off:
            raise PutOff

    def _start(self) -> int:
        """The position behind which nothing is left to do. A store that was written by a step at a
        time begins where the step furthest behind had come; the others skip what they had.
        """
        if self._position is None:
            stored = cursors.next_offsets(self.database)
            before = min(stored.get(name, 1) for name in self.unit.names)
            self._position = stored.get(self.unit.name, before) - 1
        return self._position

    def _rest(self, stop: threading.Event) -> None:
        with self.database.changed:
            if not stop.is_set():
                self.database.changed.wait(_IDLE_SECONDS)

"""A replay in one process or in two: the second decides for the steps behind, on what the first
hands on to it.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from ops.look.replay_again import Again, Page
from ops.look.replay_found import Found
from ops.look.replay_journal import Journal
from ops.look.replay_memory import memories
from ops.look.replay_report import Wanted
from ops.look.replay_steps import SHARES, Share
from stores import replaying
from stores.database import Database, View
from stores.erasing import erased
from stores.replaying import Sight

Advance = Callable[[int], None]
"""Hears how many inputs more were decided."""


class Ended(Exception):
    """A process of the replay ended before its work was done."""


class Alone:
    """The first process where there is no other."""

    shares = SHARES[0]

    def see(self, sight: Sight) -> None:
        """Nobody else needs to see it."""

    def decide(self, page: Page) -> None:
        """Nobody else decides."""

    def add_to(self, found: Found) -> None:
        """Nobody else found anything."""


class Second:
    """The second process, as the first one has it."""

    shares = SHARES[1]

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def see(self, sight: Sight) -> None:
        """See the same state of the store."""
        self._tell(sight)

    def decide(self, page: Page) -> None:
        """Decide for the steps behind. It waits where the second is slower."""
        self._tell(page)

    def add_to(self, found: Found) -> None:
        """Finish, and add what was found there."""
        self._tell(None)
        found.add(self._answer())

    def _tell(self, said: Any) -> None:
        try:
            self._pipe.send(said)
        except ConnectionError:
            self._answer()

    def _answer(self) -> Found:
        try:
            answer = self._pipe.recv()
        except (EOFError, ConnectionError):
            raise Ended from None
        if isinstance(answer, Exception):
            raise answer
        found: Found = answer
        return found


def first(database: Database, wanted: Wanted, *, other: Alone | Second, advance: Advance) -> Found:
    """Decide for the first steps, or for all of them, in this process."""
    with database.view() as view, _not_collecting():
        sight = replaying.sight(view.connection)
        other.see(sight)
        again = _again(view, Share(other.shares, 0), wanted=wanted, last=sight.last)
        for claims in replaying.claims(view.connection):
            other.decide(again.decide([(claim, ()) for claim in claims]))
            advance(len(claims))
        found = again.finish()
    other.add_to(found)
    return found


@contextmanager
def second(database: Database, wanted: Wanted) -> Iterator[Second]:
    """The second process, which is a copy of this one as it is now: so it begins at once, and there
    may be no thread and no connection yet, of which it would have a useless half.
    """
    database.close()
    fork = get_context("fork")
    here, there = fork.Pipe()
    pipes = {"pipe": there, "others": here}
    process = fork.Process(target=_serve, args=(database, wanted), kwargs=pipes)
    process.start()
    there.close()
    try:
        yield Second(here)
    finally:
        here.close()
        process.join()


def _serve(database: Database, wanted: Wanted, *, pipe: Connection, others: Connection) -> None:
    others.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first one stops both
    try:
        pipe.send(_behind(database, wanted, pipe=pipe))
    except (EOFError, ConnectionError):  # the first one has gone
        return
    except Exception as error:  # noqa: BLE001 - raised again in the first one, which waits for it
        pipe.send(error)


def _behind(database: Database, wanted: Wanted, *, pipe: Connection) -> Found:
    with database.view() as view, _not_collecting():
        sight: Sight = pipe.recv()
        replaying.see(view.connection, sight)
        again = _again(view, Share(SHARES[1], 1), wanted=wanted, last=sight.last)
        while (page := pipe.recv()) is not None:
            again.decide(page)
        return again.finish()


def _again(view: View, share: Share, *, wanted: Wanted, last: int) -> Again:
    found = Found(wanted, frozenset(erased(view)))
    journal = Journal(view, share, found=found, last=last)
    return Again(view, share, found=found, journal=journal, memories=memories(share.steps))


@contextmanager
def _not_collecting() -> Iterator[None]:
    """What steps remember only grows, and holds no cycles: to look through all of it for any, over
    and over, takes half the time.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # with the next line: set apart from what is new, without being looked through
        gc.unfreeze()
        if before:
            gc.enable()

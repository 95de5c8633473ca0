"""What pages keep of facts: each is opened once, none is missed, and what is over is not kept."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from schemas.case import ChildLinked
from stores import cursors, journal
from stores.database import Database
from stores.noted import OfAgencies, Question, position_of
from stores.trail import Entry
from tests.support import given

_HOUR = 3_600_000_000


@dataclass
class Heard:
    """Every fact that was heard, by its position."""

    positions: list[int] = field(default_factory=list)

    def note(self, entry: Entry) -> None:
        self.positions.append(entry.position)


def record(database: Database, count: int = 1, *, chain: str = "test") -> None:
    with recording(database, count, chain=chain):
        pass


@contextmanager
def recording(database: Database, count: int = 1, *, chain: str) -> Iterator[None]:
    """Something is written, and not committed yet."""
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, chain)
        messages = [given.message(given.linked()) for _ in range(count)]
        journal.append(transaction, cursor, messages=messages)
        cursors.store(transaction, cursor)
        yield


def heard(database: Database, question: Question[Heard], since: int = 0) -> list[int]:
    with database.view() as view, question.asked(view, since=since) as found:
        return list(found.positions)


def test_each_fact_is_heard_once_whenever_it_comes(database: Database) -> None:
    question = Question((ChildLinked,), Heard)
    for count in (0, 3, 0, 2):
        record(database, count)
        found = heard(database, question)
        assert found == sorted(set(found))
    assert len(found) == 5


def test_what_lies_before_is_not_heard_until_somebody_asks_for_it(database: Database) -> None:
    question = Question((ChildLinked,), Heard)
    record(database, 3)
    first, second, third = heard(database, Question((ChildLinked,), Heard))
    assert heard(database, question, since=second) == [third]
    assert heard(database, question, since=0) == [first, second, third]


def test_two_questions_and_two_stores_are_kept_apart(database: Database, tmp_path: object) -> None:
    one, other = Question((ChildLinked,), Heard), Question((ChildLinked,), Heard)
    record(database, 2)
    assert heard(database, one) == heard(database, other)
    assert len(heard(database, one)) == 2


def test_who_took_an_earlier_position_may_commit_later(postgres: Database) -> None:
    """There alone several write at a time."""
    postgres.keeps_outbox = True  # otherwise they wait for each other, too
    question = Question((ChildLinked,), Heard)
    record(postgres, chain="a")
    with ThreadPoolExecutor(1) as another, recording(postgres, chain="a"):
        another.submit(record, postgres, chain="b").result()
        before = heard(postgres, question)
    assert len(before) == 2
    assert sorted(heard(postgres, question)) == [before[0], before[0] + 1, before[1]]


def test_a_moment_is_found_an_hour_too_early_at_most(database: Database) -> None:
    begun = 500_000 * _HOUR
    for at in range(4):
        database.clock = partial(int, begun + at * _HOUR + 60_000_000)
        record(database)
    with database.view() as view:
        places = [position_of(view, begun + at * _HOUR + _HOUR // 2) for at in range(5)]
    first = heard(database, Question((ChildLinked,), Heard))[0]
    assert places == [0, first, first + 1, first + 2, first + 3]


def test_what_is_over_is_open_for_nobody(database: Database) -> None:
    record(database, 2)
    entries: list[Entry] = []

    class Kept(OfAgencies):
        def note(self, entry: Entry) -> None:
            entries.append(entry)

    with database.view() as view, Question((ChildLinked,), Kept).asked(view, since=0) as kept:
        kept.opened("gp", "request-1", entries[0], of="referral-1")
        kept.opened("gp", "request-2", entries[1], of="referral-1")
        kept.opened("school", "request-1", entries[1], of="referral-2")
        first, second = (one.position for one in entries)
        assert kept.newest_first("gp", since=0) == [(second, "referral-1")]
        assert kept.of("gp", since=second) == set()
        kept.over("gp", "request-2")
        kept.over("gp", "never was")
        assert kept.newest_first("gp", since=0) == [(first, "referral-1")]
        assert kept.of("school", since=0) == {"referral-2"}
        assert kept.of("nobody", since=0) == set()

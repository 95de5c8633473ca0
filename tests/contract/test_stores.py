"""One behaviour of the store, whichever database it is: SQLite in a file, SQLite in memory,
PostgreSQL.
"""

from __future__ import annotations

import datetime as dt
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, func, insert, select, update

from router.intake import StoredIntake
from router.queues import StoredQueues
from router.runtimes import clock
from schemas.base import Fact
from schemas.case import ChildLinked, LinkCorrected
from schemas.letter import Letter
from schemas.message import Message, derived_id
from schemas.notification import NotificationReceived, Receipt, ReceiptStatus
from schemas.refusals import Refusal
from stores import (
    codec,
    cursors,
    dead_letters,
    inbox,
    journal,
    linked,
    linking,
    people,
    queues,
    states,
    tables,
    timers,
)
from stores.cursors import Cursor
from stores.database import Conflict, Database, Unstorable
from stores.dead_letters import DeadLetter, DeadLetterState
from stores.journal import Flaw
from stores.ports import Arrival, Unavailable
from stores.timers import StoredTimer
from stores.vault import Unreadable
from tests.support import given
from tests.support.production import buried

DEADLINE = 30.0
EARLY, LATE = 1_000_000, 9_000_000_000_000_000
"""Microseconds: in 1970, and in 2255."""


class Broken(Exception):
    """What tests raise to have a transaction rolled back."""


def rows_in(database: Database, table: Any) -> int:
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def appended(database: Database, chain: str, *facts: Fact) -> list[Message]:
    """Facts at the end of a chain, in a transaction of their own."""
    messages = [given.message(fact) for fact in facts]
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, chain)
        journal.append(transaction, cursor, messages=messages)
        cursors.store(transaction, cursor)
    return messages


Named = tuple[str, int, int | None, str]
"""A flaw's chain, sequence and position, and what it is."""


def flaws(database: Database) -> list[Named]:
    with database.reading() as connection:
        found = [flaw for flaw in journal.verify(connection) if isinstance(flaw, Flaw)]
    return [(flaw.chain, flaw.sequence, flaw.position, flaw.what) for flaw in found]


def do(database: Database, statement: Any) -> None:
    with database.transaction() as transaction:
        transaction.connection.execute(statement)


def at_once(number: int, act: Callable[[int], Any]) -> list[Any]:
    """The answers, or the ``Unavailable`` raised, of as many threads that begin together."""
    begin = threading.Barrier(number)

    def one(index: int) -> Any:
        begin.wait(DEADLINE)
        try:
            return act(index)
        except Unavailable as error:
            return error

    with ThreadPoolExecutor(number) as executor:
        return list(executor.map(one, range(number)))


# Transactions


def test_what_is_raised_rolls_everything_back_also_the_keys_in_memory(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as transaction:
            cursor = cursors.lock(transaction, "chain")
            journal.append(transaction, cursor, messages=[given.message(given.linked())])
            cursors.store(transaction, cursor)
            states.save(transaction, "step", documents={"a": (1, b"{}")})
            queues.post(transaction, _letters(1))
            raise Broken

    with pytest.raises(Broken):
        fail()
    for table in (tables.journal, tables.cursors, tables.states, tables.letters, tables.keys):
        assert rows_in(database, table) == 0
    with database.transaction() as transaction:
        assert database.vault.keys(transaction.connection, ["ref-1"], create=False) == {}
    appended(database, "chain", given.linked())
    assert flaws(database) == []


def test_nobody_seals_with_a_key_that_may_be_rolled_back(database: Database) -> None:
    """What was sealed so could never be read again, though it was recorded."""

    def save(name: str) -> None:
        with database.transaction() as transaction:
            states.save(transaction, "step", documents={name: (1, name.encode())})

    other = threading.Thread(target=save, args=["b"])

    def fail() -> None:
        with database.transaction() as transaction:
            states.save(transaction, "step", documents={"a": (1, b"a")})
            states.load(transaction, "step", keys={"a"})
            other.start()
            other.join(0.3)  # as far as it gets beside this transaction
            raise Broken

    with pytest.raises(Broken):
        fail()
    other.join(DEADLINE)
    database.vault.forget()
    with database.transaction() as transaction:
        assert states.load(transaction, "step", keys={"a", "b"}) == {"b": (1, b"b")}


def test_no_error_tells_what_a_row_held(database: Database) -> None:
    canary = "Thornbury"
    row = {"number": 1, "digest": canary, "adopted_at": 1, "body": canary}

    def twice() -> None:
        with database.transaction() as transaction:
            transaction.connection.execute(tables.policies.insert(), row)
            transaction.connection.execute(tables.policies.insert(), row | {"number": 2})

    with pytest.raises(Conflict) as caught:
        twice()
    assert canary not in "".join(traceback.format_exception(caught.value))


def test_a_broken_statement_is_unavailable_and_says_no_more(database: Database) -> None:
    canary = given.child().name[0].family_name
    with pytest.raises(Unavailable) as caught:
        _execute(database, f"SELECT '{canary}' FROM nowhere")  # noqa: S608
    assert str(canary) not in "".join(traceback.format_exception(caught.value))


def test_a_text_that_no_database_takes_is_told_from_trouble_that_passes(
    database: Database,
) -> None:
    """Doing it again would be of no use, so nobody may take it for a store that is away."""
    with pytest.raises(Unstorable) as caught, database.transaction() as transaction:
        cursors.lock(transaction, "Thornbury\ud800")
    assert not isinstance(caught.value, Unavailable)
    assert "Thornbury" not in "".join(traceback.format_exception(caught.value))


def test_a_number_that_no_database_takes_is_told_from_trouble_that_passes(
    database: Database,
) -> None:
    with pytest.raises(Unstorable), database.transaction() as transaction:
        cursors.store(transaction, Cursor("a", 2**70, 0, b""))


def test_a_row_that_lacks_something_is_no_conflict(database: Database) -> None:
    with pytest.raises(Unstorable):
        do(database, insert(tables.keys).values(key_id=None))


def test_a_row_that_is_there_already_is_a_conflict_worth_doing_again(database: Database) -> None:
    def make() -> None:
        do(database, insert(tables.keys).values(key_id="a"))

    make()
    with pytest.raises(Conflict) as caught:
        make()
    assert isinstance(caught.value, Unavailable)


def test_tables_are_made_once_by_whoever_comes_first(database: Database) -> None:
    assert at_once(4, lambda _: database.create_tables()) == [None] * 4


# Cursors


def test_a_cursor_starts_at_zero_and_keeps_what_is_stored(database: Database) -> None:
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, "step/topic/0")
        assert (cursor.next_offset, cursor.sequence) == (0, 0)
        cursor.next_offset = 7
        cursors.store(transaction, cursor)
    with database.transaction() as transaction:
        assert cursors.lock(transaction, "step/topic/0").next_offset == 7
    assert cursors.next_offsets(database) == {"step/topic/0": 7}


def test_a_locked_cursor_keeps_every_other_worker_waiting(database: Database) -> None:
    """Also on its first use, when there is no row to lock yet."""

    def count(_: int) -> None:
        with database.transaction() as transaction:
            cursor = cursors.lock(transaction, "chain")
            cursor.next_offset += 1
            cursors.store(transaction, cursor)

    at_once(8, count)
    assert cursors.next_offsets(database) == {"chain": 8}


def test_a_cursor_can_be_rewound_and_its_chain_goes_on(database: Database) -> None:
    appended(database, "chain", given.linked())
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, "chain")
        cursor.next_offset = 9
        cursors.store(transaction, cursor)
    with database.transaction() as transaction:
        cursors.rewind(transaction, "chain", offset=2)
    appended(database, "chain", given.linked())
    assert cursors.next_offsets(database) == {"chain": 2}
    assert flaws(database) == []


# Inbox


def test_the_inbox_tells_which_units_have_had_a_message(database: Database) -> None:
    with database.transaction() as transaction:
        inbox.note(transaction, "rate", message_ids=["a", "b"], policy=1)
        inbox.note(transaction, "link", message_ids=["b"], policy=1)
        inbox.note_range(transaction, "all", after=0, upto=9, policy=1)
    with database.transaction() as transaction:
        assert inbox.had(transaction, ["a", "b", "c"]) == {"a": {"rate"}, "b": {"rate", "link"}}
        assert inbox.had(transaction, []) == {}


def test_of_many_workers_that_note_a_message_for_one_unit_one_has_it(database: Database) -> None:
    def note(_: int) -> str:
        try:
            with database.transaction() as transaction:
                inbox.note(transaction, "rate", message_ids=["a", "b"], policy=1)
        except Conflict:
            return "conflict"
        return "noted"

    answers = at_once(6, note)
    assert answers.count("noted") == 1


# States and people


def test_a_state_is_what_was_saved_last(database: Database) -> None:
    _save_state(database, a=(1, b"one"), b=(1, b"other"))
    _save_state(database, a=(2, b"two"))
    with database.transaction() as transaction:
        assert states.load(transaction, "step", keys=["a", "b", "c"]) == {
            "a": (2, b"two"),
            "b": (1, b"other"),
        }
        assert states.load(transaction, "another", keys=["a"]) == {}


@pytest.mark.parametrize("version", [1, 3, 4])
def test_a_state_that_another_changed_is_a_conflict_and_nothing_is_written(
    database: Database, version: int
) -> None:
    _save_state(database, a=(1, b"one"))
    _save_state(database, a=(2, b"two"), b=(1, b"other"))
    stale = {"a": (version if version != 3 else 1, b"stale"), "b": (2, b"more")}
    with pytest.raises(Conflict):
        _save_state(database, **stale)
    with database.transaction() as transaction:
        assert states.load(transaction, "step", keys=["a", "b"]) == {
            "a": (2, b"two"),
            "b": (1, b"other"),
        }


def test_a_state_is_sealed_and_cannot_be_moved_to_another_key(database: Database) -> None:
    _save_state(database, a=(1, b"Thornbury"))
    with database.reading() as connection:
        assert b"Thornbury" not in connection.execute(select(tables.states.c.body)).scalar_one()
    do(database, update(tables.states).values(key="b"))
    with pytest.raises(Unreadable), database.transaction() as transaction:
        states.load(transaction, "step", keys=["b"])


def test_people_are_found_under_every_key_they_are_filed_under(database: Database) -> None:
    numbers = sorted(people.number_of(name) for name in ("one", "two"))
    with database.transaction() as transaction:
        people.save(transaction, {number: (1, str(number).encode()) for number in numbers})
        people.file(transaction, [(7, numbers[0]), (7, numbers[1]), (8, numbers[1])])
        people.file(transaction, [(7, numbers[0])])
    with database.transaction() as transaction:
        found = people.filed_under(transaction, [7, 8, 9], most=2)
        assert found == {7: set(numbers), 8: {numbers[1]}, 9: set()}
        assert people.load(transaction, numbers) == {
            number: (1, str(number).encode()) for number in numbers
        }


def test_a_person_that_another_changed_is_a_conflict(database: Database) -> None:
    def save(_: int) -> bool:
        with database.transaction() as transaction:
            people.save(transaction, {5: (2, b"changed")})
        return True

    with database.transaction() as transaction:
        people.save(transaction, {5: (1, b"first")})
    answers = at_once(4, save)
    assert answers.count(True) == 1
    assert all(isinstance(answer, Conflict) for answer in answers if answer is not True)


# Queues


def test_a_letter_is_leased_until_it_is_acknowledged(database: Database) -> None:
    _post(database, 3)
    edge = StoredQueues(database, given.policy())
    first = edge.lease("police", limit=2, seconds=60)
    assert [(letter.id, letter.attempts) for letter in first] == [("letter-0", 1), ("letter-1", 1)]
    assert [letter.id for letter in edge.lease("police", limit=9, seconds=60)] == ["letter-2"]
    assert edge.lease("police", limit=9, seconds=60) == []
    assert edge.lease("school", limit=9, seconds=60) == []
    assert edge.acknowledge("police", ["letter-0", "letter-1"]) == 2
    assert edge.acknowledge("police", ["letter-0"]) == 0


def test_a_letter_that_could_not_be_sent_can_be_leased_again_when_it_is_time(
    database: Database,
) -> None:
    _post(database, 2)
    edge = StoredQueues(database, given.policy())
    edge.lease("police", limit=9, seconds=60)
    edge.give_back("police", ["letter-0"], after_seconds=0)
    edge.give_back("police", ["letter-1"], after_seconds=60)
    assert [
        (letter.id, letter.attempts) for letter in edge.lease("police", limit=9, seconds=60)
    ] == [("letter-0", 2)]


def test_a_letter_that_was_taken_back_is_gone_and_the_others_stay(database: Database) -> None:
    _post(database, 2)
    with database.transaction() as transaction:
        queues.take_back(transaction, ["letter-0", "letter-that-left"])
    left = StoredQueues(database, given.policy()).lease("police", limit=9, seconds=60)
    assert [letter.id for letter in left] == ["letter-1"]


def test_of_letters_that_are_taken_back_those_that_nobody_had_in_hand_are_told(
    database: Database,
) -> None:
    """What was leased may have been read, whatever became of it; what was kept back was not."""
    _post(database, 4)
    with database.transaction() as transaction:
        queues.lease(transaction, "police", limit=3, seconds=60)
        queues.keep_back(transaction, ["letter-1"], seconds=60)
        queues.give_back(transaction, "police", ids=["letter-2"], after_seconds=0)
    ids = [f"letter-{number}" for number in range(5)]
    with database.transaction() as transaction:
        assert queues.take_back(transaction, ids) == {"letter-1", "letter-3"}


def test_a_letter_that_was_kept_back_waits_as_if_nobody_had_leased_it_until_it_is_let_go(
    database: Database,
) -> None:
    _post(database, 2)
    edge = StoredQueues(database, given.policy())
    with database.transaction() as transaction:
        queues.lease(transaction, "police", limit=9, seconds=0)
        queues.keep_back(transaction, ["letter-0"], seconds=60)
    assert [one.id for one in edge.lease("police", limit=9, seconds=60)] == ["letter-1"]
    with database.transaction() as transaction:
        queues.let_go(transaction, ["letter-0"])
    left = edge.lease("police", limit=9, seconds=60)
    assert [(one.id, one.attempts) for one in left] == [("letter-0", 1)]


def test_a_lease_that_ran_out_is_free_again(database: Database) -> None:
    _post(database, 1)
    edge = StoredQueues(database, given.policy())
    assert edge.lease("police", limit=1, seconds=0)
    assert edge.lease("police", limit=1, seconds=60)


def test_only_queues_with_a_letter_that_nobody_holds_are_worth_a_lease(database: Database) -> None:
    _post(database, 1)
    edge = StoredQueues(database, given.policy())
    assert edge.with_letters(["school", "police"]) == {"police"}
    assert edge.with_letters([]) == set()
    edge.lease("police", limit=1, seconds=60)
    assert edge.with_letters(["school", "police"]) == set()


def test_an_agency_can_acknowledge_its_own_letters_only(database: Database) -> None:
    _post(database, 1)
    assert StoredQueues(database, given.policy()).acknowledge("school", ["letter-0"]) == 0
    assert rows_in(database, tables.letters) == 1


def test_a_letter_posted_twice_is_there_once(database: Database) -> None:
    _post(database, 2)
    _post(database, 2)
    assert rows_in(database, tables.letters) == 2


def test_two_who_lease_at_once_never_get_the_same_letter(database: Database) -> None:
    _post(database, 300)
    edge = StoredQueues(database, given.policy())

    def lease_all(_: int) -> list[str]:
        leased: list[str] = []
        while letters := edge.lease("police", limit=7, seconds=60):
            leased += [letter.id for letter in letters]
        return leased

    leased = at_once(4, lease_all)
    # Whoever found every free letter locked stopped early; what is left is leased now.
    everything = [id_ for ids in [*leased, lease_all(0)] for id_ in ids]
    assert len(everything) == 300 == len(set(everything))


# Timers


def test_a_timer_is_asked_for_and_elapses_once(database: Database) -> None:
    with database.transaction() as transaction:
        timers.start(transaction, [_timer("a", EARLY), _timer("b", LATE)])
        timers.start(transaction, [_timer("a", EARLY)])
    assert timers.any_due(database)
    assert clock.publish_due(database, limit=10) == 1
    assert clock.publish_due(database, limit=10) == 0
    assert not timers.any_due(database)
    assert flaws(database) == []


def test_of_many_clocks_one_publishes_a_timer(database: Database) -> None:
    with database.transaction() as transaction:
        timers.start(transaction, [_timer(str(number), EARLY + number) for number in range(20)])
    at_once(4, lambda _: clock.publish_due(database, limit=5))
    while clock.publish_due(database, limit=5):
        pass
    assert rows_in(database, tables.journal) == 20
    assert flaws(database) == []


# Dead letters


def test_a_dead_letter_keeps_its_original_sealed_until_it_is_settled(database: Database) -> None:
    with database.transaction() as transaction:
        dead_letters.bury(transaction, [_dead("one"), _dead("two")])
        dead_letters.bury(transaction, [replace(_dead("one"), original=b"other")])
    with database.reading() as connection:
        assert [row.id for row in buried(connection)] == ["one", "two"]
        assert (
            b"Thornbury"
            not in connection.execute(select(tables.dead_letters.c.original)).scalars().all()[0]
        )
    with database.transaction() as transaction:
        kept = dead_letters.load(transaction, "one")
        assert kept is not None
        assert kept.original == b"about Thornbury"
        mended = replace(
            kept,
            state=DeadLetterState.MENDED,
            decided_by="A. Operator",
            why="typo",
            mended=b"mended",
        )
        dead_letters.settle(transaction, mended)
        assert dead_letters.load(transaction, "one") == mended
        assert dead_letters.load(transaction, "three") is None
    with database.reading() as connection:
        assert [row.id for row in buried(connection, state=DeadLetterState.OPEN)] == ["two"]


# Journal


def test_a_journal_reads_back_what_was_appended(database: Database) -> None:
    appended_ = appended(database, "chain", given.linked(), given.corrected())
    read = journal.messages_after(database, 0, limit=10)
    assert [(message.id, message.data) for _, message in read] == [
        (one.id, one.data) for one in appended_
    ]
    assert [
        message.id for _, message in journal.messages_after(database, read[0][0], limit=10)
    ] == [appended_[1].id]
    assert flaws(database) == []


def test_a_journal_holds_nothing_personal_in_clear(database: Database) -> None:
    appended(database, "chain", given.linked())
    with database.reading() as connection:
        row = connection.execute(select(tables.journal)).one()
    for word in ("Thornbury", "Balmoral", "9990000018"):
        assert word.encode() not in b"".join(value for value in row if isinstance(value, bytes))
        assert word not in " ".join(value for value in row if isinstance(value, str))


@pytest.mark.parametrize(
    "column",
    [
        *("subject", "key", "causation_id", "time", "recorded_at", "type"),
        *("payload", "digest", "hash", "hash_version"),
    ],
)
def test_an_altered_entry_is_named(database: Database, column: str) -> None:
    messages = _two_chains(database)
    where = tables.journal.c.message_id == messages[2].id
    with database.reading() as connection:
        row = connection.execute(select(tables.journal).where(where)).one()
    value = getattr(row, column)
    do(database, update(tables.journal).where(where).values({column: _altered(value)}))
    assert ("a", 3, row.position, "altered") in flaws(database)
    assert {chain for chain, *_ in flaws(database)} == {"a"}


@pytest.mark.parametrize("sequence", [1, 3, 5])
def test_a_deleted_entry_is_named_wherever_it_was(database: Database, sequence: int) -> None:
    messages = _two_chains(database)
    do(
        database,
        delete(tables.journal).where(tables.journal.c.message_id == messages[sequence - 1].id),
    )
    assert flaws(database) == [("a", sequence, None, "missing")]


def test_a_deleted_tail_is_named_whole(database: Database) -> None:
    messages = _two_chains(database)
    ids = [message.id for message in messages[2:5]]
    do(database, delete(tables.journal).where(tables.journal.c.message_id.in_(ids)))
    assert flaws(database) == [("a", sequence, None, "missing") for sequence in (3, 4, 5)]


def test_swapped_entries_are_named(database: Database) -> None:
    one, other = _two_chains(database)[1:3]
    for id_, position in ((one.id, 1000), (other.id, 2), (one.id, 3)):
        do(
            database,
            update(tables.journal)
            .where(tables.journal.c.message_id == id_)
            .values(position=position),
        )
    found = flaws(database)
    assert {chain for chain, *_ in found} == {"a"}, "named, and its neighbours are not suspected"


def test_a_chain_whose_head_was_moved_back_is_named(database: Database) -> None:
    _two_chains(database)
    do(database, update(tables.cursors).where(tables.cursors.c.name == "a").values(sequence=3))
    assert flaws(database) == [("a", 4, None, "added after the head")]
    do(database, delete(tables.cursors).where(tables.cursors.c.name == "a"))
    assert flaws(database) == [("a", 5, None, "head missing")]


def test_a_message_is_recorded_once(database: Database) -> None:
    (message,) = appended(database, "chain", given.linked())

    def again() -> None:
        with database.transaction() as transaction:
            cursor = cursors.lock(transaction, "other")
            journal.append(transaction, cursor, messages=[message])

    with pytest.raises(Conflict):
        again()


def test_an_entry_whose_key_is_destroyed_is_unopened_and_its_chain_still_verifies(
    database: Database,
) -> None:
    appended(database, "chain", given.linked())
    do(
        database,
        update(tables.keys)
        .where(tables.keys.c.key_id == "ref-1")
        .values(wrapped=None, destroyed_at=1),
    )
    database.vault.forget()
    with database.reading() as connection:
        (row,) = journal.rows_after(connection, 0, limit=10)
        opened = journal.opened(row, database.vault.keys(connection, [row.key_id], create=False))
    assert isinstance(opened.data, codec.Unopened)
    assert flaws(database) == []


def test_a_link_that_was_read_before_is_no_more_once_its_key_is_destroyed(
    database: Database,
) -> None:
    appended(database, "chain", given.linked())

    def linked_now() -> dict[str, Message]:
        with database.view() as view:
            return linked.load(view, ["ref-1"])

    assert list(linked_now()) == ["ref-1"]
    do(
        database,
        update(tables.keys)
        .where(tables.keys.c.key_id == "ref-1")
        .values(wrapped=None, destroyed_at=1),
    )
    database.vault.forget()
    assert linked_now() == {}


# Intake


def test_the_same_event_twice_is_a_duplicate_of_the_first(database: Database) -> None:
    intake = StoredIntake(database)
    (first,) = intake.take([_arrival("event-1")])
    (second,) = intake.take([_arrival("event-1")])
    assert (first.status, second.status) == (ReceiptStatus.ACCEPTED, ReceiptStatus.DUPLICATE)
    assert second.duplicate_of == first.id
    assert rows_in(database, tables.journal) == 1


def test_the_same_event_id_with_other_content_is_refused_and_kept(database: Database) -> None:
    intake = StoredIntake(database)
    intake.take([_arrival("event-1")])
    refused = [_only(intake.take([_arrival("event-1", "Something else")])) for _ in range(2)]
    assert [(receipt.status, receipt.reason) for receipt in refused] == [
        (ReceiptStatus.REJECTED, "refused.same-id")
    ] * 2
    assert refused[0].id == refused[1].id
    assert rows_in(database, tables.dead_letters) == 1


def test_the_same_event_twice_in_one_batch_is_recorded_once(database: Database) -> None:
    receipts = StoredIntake(database).take(
        [_arrival("event-1"), _arrival("event-1"), _arrival("event-2")]
    )
    assert [receipt.status for receipt in receipts].count(ReceiptStatus.DUPLICATE) == 1
    assert rows_in(database, tables.journal) == 2


def test_what_is_no_message_is_kept_and_refused_once(database: Database) -> None:
    bad = Arrival(
        "police",
        "http",
        "event-1",
        b"about Thornbury",
        "text/plain",
        Refusal("unreadable.json", "line 1"),
    )
    receipts = [_only(StoredIntake(database).take([bad])) for _ in range(2)]
    assert [receipt.reason for receipt in receipts] == ["unreadable.json"] * 2
    with database.transaction() as transaction:
        kept = dead_letters.load(transaction, receipts[0].id)
    assert kept is not None
    assert (kept.original, kept.field) == (b"about Thornbury", "line 1")
    assert rows_in(database, tables.dead_letters) == 1
    assert flaws(database) == []


def test_other_bytes_under_an_id_that_was_refused_are_kept_as_well_and_told_of_their_own_fault(
    database: Database,
) -> None:
    bad = Arrival(
        "police", "http", "event-1", b"first fault", "text/plain", Refusal("unreadable.json")
    )
    worse = replace(bad, original=b"second fault", body=Refusal("invalid.date", "line 2"))
    intake = StoredIntake(database)
    first = [receipt.id for receipt in intake.take([bad, worse, bad, worse])]
    again = intake.take([worse, bad])
    assert first == [again[1].id, again[0].id] * 2
    assert again[0].reason == "invalid.date"
    with database.transaction() as transaction:
        kept = [dead_letters.load(transaction, id_) for id_ in first[:2]]
    assert [(one.original, one.reason) for one in kept if one] == [
        (b"first fault", "unreadable.json"),
        (b"second fault", "invalid.date"),
    ]
    assert rows_in(database, tables.dead_letters) == rows_in(database, tables.journal) == 2


def test_many_connectors_take_in_at_once_and_lose_nothing(database: Database) -> None:
    def take(index: int) -> list[Receipt]:
        arrivals = [_arrival(f"event-{index}-{number}") for number in range(10)]
        return StoredIntake(database).take(
            [replace(arrival, connector=f"c{index}") for arrival in arrivals]
        )

    answers = at_once(4, take)
    assert all(isinstance(answer, list) for answer in answers)
    assert rows_in(database, tables.journal) == 40
    assert flaws(database) == []


def test_dead_letters_stand_in_the_order_in_which_they_were_buried(database: Database) -> None:
    for ids in (["b", "a"], ["d", "a", "c"]):
        with database.transaction() as transaction:
            dead_letters.bury(transaction, [_dead(id_) for id_ in ids])
    with database.reading() as connection:
        found = buried(connection)
    assert [row.id for row in found] == ["b", "a", "d", "c"]
    assert sorted({row.position for row in found}) == [row.position for row in found]


# What only PostgreSQL does


def test_two_that_bury_at_once_never_share_a_position(postgres: Database) -> None:
    both_have_buried = threading.Barrier(2)

    def bury(number: int) -> None:
        with postgres.transaction() as transaction:
            dead_letters.bury(transaction, [_dead(f"dead-{number}")])
            both_have_buried.wait(DEADLINE)

    assert at_once(2, bury) == [None, None]
    with postgres.reading() as connection:
        assert len({row.position for row in buried(connection)}) == 2


def test_a_deadlock_is_a_conflict_for_one_and_success_for_the_other(postgres: Database) -> None:
    both_hold_one = threading.Barrier(2)

    def cross(index: int) -> bool:
        first, second = ("a", "b") if index else ("b", "a")
        with postgres.transaction() as transaction:
            cursors.lock(transaction, first)
            both_hold_one.wait(DEADLINE)
            cursors.lock(transaction, second)
        return True

    with postgres.transaction() as transaction:
        for name in ("a", "b"):
            cursors.lock(transaction, name)
    answers = at_once(2, cross)
    assert answers.count(True) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 1


@pytest.mark.parametrize("name", ["a\x00b", "".join(str(uuid4()) for _ in range(300))])
def test_what_postgresql_alone_never_takes_is_told_from_trouble_that_passes(
    postgres: Database, name: str
) -> None:
    """A NUL, and a name too long for an index."""
    with pytest.raises(Unstorable), postgres.transaction() as transaction:
        cursors.lock(transaction, name)


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_an_arrival_that_cannot_be_stored_is_refused_and_those_beside_it_are_taken(
    postgres: Database, odd: int
) -> None:
    ids = ["a", "b", "c"]
    ids[odd] = "N\x00"
    receipts = StoredIntake(postgres).take([_arrival(id_) for id_ in ids])
    assert [receipt.reason for receipt in receipts] == [
        "undecidable" if number == odd else None for number in range(3)
    ]
    again = StoredIntake(postgres).take([_arrival(id_) for id_ in ids])
    assert [receipt.id for receipt in again] == [receipt.id for receipt in receipts]
    assert rows_in(postgres, tables.dead_letters) == 1


def test_a_transaction_inside_another_is_a_fault_on_every_database(database: Database) -> None:
    def nested() -> None:
        with database.transaction():
            pass

    with database.transaction(), pytest.raises(RuntimeError, match="pass that one on"):
        nested()
    with database.transaction() as transaction:
        cursors.lock(transaction, "a")


def test_a_connection_that_was_cut_is_unavailable_and_the_next_one_works(
    postgres: Database,
) -> None:
    def cut() -> None:
        with postgres.transaction() as transaction:
            pid = transaction.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            with postgres.reading() as other:
                other.exec_driver_sql("SELECT pg_terminate_backend(%s, 10000)", (pid,))
            cursors.lock(transaction, "a")

    with pytest.raises(Unavailable):
        cut()
    with postgres.transaction() as transaction:
        cursors.lock(transaction, "a")


def test_commits_are_durable_and_no_session_waits_for_ever(postgres: Database) -> None:
    with postgres.reading() as connection:
        shown = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in (
                "synchronous_commit",
                "idle_in_transaction_session_timeout",
                "lock_timeout",
            )
        }
    assert shown == {
        "synchronous_commit": "on",
        "idle_in_transaction_session_timeout": "30s",
        "lock_timeout": "5s",
    }


def _execute(database: Database, statement: str) -> None:
    with database.transaction() as transaction:
        transaction.connection.exec_driver_sql(statement)


def _save_state(database: Database, **documents: tuple[int, bytes]) -> None:
    with database.transaction() as transaction:
        states.save(transaction, "step", documents=documents)


def _letters(*numbers: int) -> dict[str, Letter]:
    receipts = (Receipt(status=ReceiptStatus.ACCEPTED, id=f"id-{number}") for number in numbers)
    letters = (Letter("receipt", agency="police", notice=receipt) for receipt in receipts)
    return {f"letter-{number}": letter for number, letter in zip(numbers, letters, strict=True)}


def _post(database: Database, number: int) -> None:
    with database.transaction() as transaction:
        queues.post(transaction, _letters(*range(number)))


def _timer(key: str, due_at: int) -> StoredTimer:
    return StoredTimer("rate", key, due_at, correlation_id="ref-1", message_key="case-1")


def _dead(id_: str) -> DeadLetter:
    return DeadLetter(
        id=id_,
        agency="police",
        connector="http",
        step="intake",
        message_id="event-1",
        reason="unreadable.json",
        field=None,
        content_type="application/json",
        original=b"about Thornbury",
        key_id=derived_id(id_),
    )


def _two_chains(database: Database) -> list[Message]:
    """Five entries of chain a, and two of chain b in between and after."""
    first = appended(
        database, "a", *[given.linked(referral_id=f"ref-{number}") for number in range(3)]
    )
    appended(database, "b", given.linked())
    rest = appended(database, "a", *[given.corrected() for _ in range(2)])
    appended(database, "b", given.linked())
    return first + rest


def _altered(value: int | str | bytes | None) -> int | str | bytes:
    match value:
        case None:
            return "None"
        case int():
            return value + 1
        case str():
            return f"{value}x"
        case bytes():
            return value[:-1] + bytes([value[-1] ^ 1])


def _arrival(event_id: str, narrative: str = given.HIT) -> Arrival:
    notification = given.notification(
        narrative, reference=f"R-{event_id}", observed_at=given.NOON + dt.timedelta(1)
    )
    fact = NotificationReceived(
        agency="police", area="e09000001", content_digest="0" * 64, notification=notification
    )
    return Arrival(
        "police", "http", event_id, b"{}", "application/json", fact, notification.reference
    )


def _only(receipts: list[Receipt]) -> Receipt:
    (receipt,) = receipts
    return receipt


def test_a_time_asked_for_again_after_it_was_published_is_not_published_twice(
    database: Database,
) -> None:
    again = StoredTimer("rate", "ref-1", 1, "ref-1", "case-1")
    for _ in range(2):
        with database.transaction() as transaction:
            timers.start(transaction, [again])
        clock.publish_due(database, limit=10)
    with database.reading() as connection:
        assert [row.message_id for row in journal.rows_after(connection, 0, limit=10)] == [again.id]
    assert clock.publish_due(database, limit=10) == 0


def test_a_fact_about_an_erased_case_is_recorded_under_a_key_of_its_own(database: Database) -> None:
    first, later = given.message(given.linked()), given.message(given.linked())
    with database.transaction() as transaction:
        journal.append(transaction, cursors.lock(transaction, "before"), messages=[first])
        gone = (
            tables.keys.update()
            .where(tables.keys.c.key_id == "ref-1")
            .values(wrapped=None, destroyed_at=1)
        )
        transaction.connection.execute(gone)
    database.vault.forget()
    with database.transaction() as transaction:
        journal.append(transaction, cursors.lock(transaction, "after"), messages=[later])
    with database.reading() as connection:
        assert [row.key_id for row in journal.rows_after(connection, 0, limit=10)] == [
            "ref-1",
            later.id,
        ]


# Links


def test_what_is_recorded_of_links_is_found_by_any_id_that_leads_to_it(database: Database) -> None:
    first, _ = appended(database, "link/one", given.linked(), given.corrected())
    with database.reading() as connection:
        for id_ in (first.id, "ref-1", "case-1"):
            assert linking.referrals_of(connection, id_) == ["ref-1"]
        assert linking.referrals_of(connection, "nobody") == []
        found = linking.about(connection, database.vault, ids=["ref-1"], types=[LinkCorrected])
        assert [entry.message.data for entry in found] == [given.corrected()]
        assert (
            linking.about(connection, database.vault, ids=["case-1"], types=[ChildLinked])[
                0
            ].message.data
            == given.linked()
        )
        assert linking.count(connection, ChildLinked) == 1


def test_every_fact_of_a_type_is_read_from_a_time_on(database: Database) -> None:
    appended(database, "link/one", given.linked(), given.corrected())
    with database.reading() as connection:
        assert (
            len(list(linking.every(connection, database.vault, type_=LinkCorrected, since=EARLY)))
            == 1
        )
        assert (
            list(linking.every(connection, database.vault, type_=LinkCorrected, since=LATE)) == []
        )


# Ids


def test_all_that_an_arrival_causes_has_an_id_that_begins_as_its_own(database: Database) -> None:
    receipt = StoredIntake(database).take([_arrival("e-1")])[0]
    again = StoredIntake(database).take([_arrival("e-1")])[0]
    assert (again.id, again.duplicate_of) == (receipt.id, receipt.id)
    assert UUID(receipt.id).version == 7
    assert derived_id(receipt.id, "link", "x", "0")[:13] == receipt.id[:13]
    assert derived_id("case", receipt.id)[:13] == receipt.id[:13]
    assert UUID(derived_id("case", "no id")).version == 5

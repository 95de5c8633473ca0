"""Who is found is the same whatever store holds the register, and in whatever batches notifications
come.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from ops.look.replay_memory import KeptPeople
from router.handle import Adopted, handle
from router.linkage.ranking import OVERSIZED
from router.memory.register import PeopleMemory, file_everybody
from router.one_pass import Delivery
from router.steps.link.decide import STEP
from router.steps.link.register import PersonRecord
from router.unit import BoundStep
from schemas.base import Fact
from schemas.case import ChildLinked, LinkCorrected, LinkOutcome
from schemas.decisions import LinkDecided, LinkDecision
from schemas.message import Message, derived_id
from schemas.notification import NotificationAccepted
from schemas.person import Address, Contact, Name, PartialDate, Person
from stores import journal, people, tables
from stores.database import Database, Transaction
from tests.support import given
from tests.support.given import on_picture
from tests.support.production import adopted, alone

TOO_MANY = f"fit more than {OVERSIZED} children"
NAMED = Person(name=(Name(given_name=("Jack",), family_name=("Smith",)),))
"""A child of whom nothing else is told."""


def namesake(number: int) -> Person:
    """One of many children of the same name, each with a birthday and a home of its own."""
    phone = f"07700 9{number:05d}"
    born = dt.date(2010, 1, 1) + dt.timedelta(days=number * 19)
    return NAMED.model_copy(
        update={
            "date_of_birth": PartialDate(date=born),
            "contact": (Contact(telephone=(phone,)),),
            "address": (
                Address(
                    line1=f"{number} Street{chr(97 + number % 26)}x Road",
                    postcode=f"AB{number % 90 + 1} 1CD",
                ),
            ),
        }
    )


def accepted(referral: str, child: Person) -> Message:
    said = given.notification(reference=f"R-{referral}", subject=child)
    return _message(
        referral,
        NotificationAccepted(
            referral_id=referral, agency="police", area="e99999999", version=1, notification=said
        ),
    )


def moved(referral: str, to: str) -> Message:
    """A human says that the referral is about another referral's child."""
    decision = LinkDecision(
        referral_id=referral,
        person_id=derived_id("person", to),
        decided_by="S. Worker",
        rationale="I asked",
    )
    return _message(
        referral,
        on_picture(
            LinkDecided(agency="childrens_social_care", area="e99999999", decision=decision)
        ),
    )


def _message(referral: str, fact: Fact) -> Message:
    id_ = derived_id(referral, fact.type)
    return Message(
        id=id_,
        source="test",
        time=given.NOON,
        key="a",
        correlation_id=referral,
        causation_id=None,
        data=fact,
    )


def a_crowd() -> list[Message]:
    """A name becomes that of a crowd, is one no more when a human moves one referral, and then is
    one again.
    """
    many = [accepted(f"r{number}", namesake(number)) for number in range(OVERSIZED + 1)]
    return [
        *many[:OVERSIZED],
        accepted("few", NAMED),
        many[OVERSIZED],
        accepted("found in spite of it", namesake(7)),
        accepted("hidden", NAMED),
        moved("r3", to="r4"),
        moved("few", to="r4"),
        moved("hidden", to="r4"),
        accepted("few again", NAMED),
        accepted("found as ever", namesake(9)),
        accepted("many again", namesake(OVERSIZED + 5)),
        accepted("hidden again", NAMED),
    ]


UNTIL_MOVED = OVERSIZED + 4
"""So that the next batch finds a crowd in the store, and makes it one no more."""
Said = dict[str, tuple[LinkOutcome, str, tuple[str, ...], int]]


def said(facts: Sequence[Fact]) -> Said:
    """What was decided of each referral, as it was linked first."""
    linked = [fact for fact in facts if isinstance(fact, ChildLinked)]
    return {
        f.referral_id: (f.outcome, f.person_id, f.reasons, len(f.candidates))
        for f in reversed(linked)
    }


def handled(database: Database, messages: Sequence[Message], *, batch: int) -> Sequence[Fact]:
    """What the step recorded, having been given the messages in batches."""
    bound = BoundStep(STEP, PeopleMemory, serial=True)
    offered = [Delivery(offset, message) for offset, message in enumerate(messages)]
    for start in range(0, len(offered), batch):
        with database.transaction() as transaction:
            handle(
                alone(bound),
                offered[start : start + batch],
                consumer="link",
                transaction=transaction,
                policy=rules(),
            )
    return [message.data for _, message in journal.messages_after(database, 0, limit=10_000)]


def rules() -> Adopted:
    """The sample's policy with a model that exists."""
    return replace(adopted(), value=given.policy().model_copy(update={"linkage_model": "default"}))


def replayed(messages: Sequence[Message]) -> Sequence[Fact]:
    """What the step decides in a replay's memory."""
    memory = KeptPeople(STEP)
    facts: list[Fact] = []
    for message in messages:
        memory.foresee([message])
        outcome = STEP.decide(memory.recall(message), message, rules().value)
        if outcome.state is not None:
            memory.remember(message, outcome.state)
        memory.flush()
        facts.extend(outcome.facts)
    return facts


@pytest.fixture(scope="module")
def in_memory() -> Sequence[Fact]:
    return replayed(a_crowd())


@pytest.mark.parametrize("batch", [1, UNTIL_MOVED, 1000])
def test_every_store_and_batch_decides_as_a_replay_in_memory_does(
    database: Database, batch: int, in_memory: Sequence[Fact]
) -> None:
    assert said(handled(database, a_crowd(), batch=batch)) == said(in_memory)


def test_a_crowd_hides_none_of_its_children_and_is_told_of(in_memory: Sequence[Fact]) -> None:
    decided = said(in_memory)
    outcome, person, reasons, _ = decided["found in spite of it"]
    assert (outcome, person) == (LinkOutcome.LINKED, derived_id("person", "r7"))
    assert TOO_MANY in reasons[-1]
    assert decided["hidden"][0] is decided["hidden again"][0] is LinkOutcome.REVIEW
    assert TOO_MANY in decided["hidden"][2][-1]
    for few in ("few", "few again"):
        assert not any("fit more than" in reason for reason in decided[few][2])
    assert sum(isinstance(fact, LinkCorrected) for fact in in_memory) == 3


def test_persons_stay_filed_under_what_is_known_of_them_and_no_more(database: Database) -> None:
    handled(database, a_crowd(), batch=7)
    with database.transaction() as transaction:
        known = {
            number: PersonRecord.decode(body) for number, body in people.everybody(transaction)
        }
    assert _filed(database) == {
        (key, number) for number, record in known.items() for key in record.keys
    }


def test_an_index_made_anew_is_the_one_that_was_kept(database: Database) -> None:
    handled(database, a_crowd()[:40], batch=40)
    kept = _filed(database)
    with database.transaction() as transaction:
        people.file(transaction, [(1, 1), (2, 1)])
        assert file_everybody(transaction) == len(kept)
    assert _filed(database) == kept


def test_of_a_crowd_no_more_is_read_than_tells_that_it_is_one(database: Database) -> None:
    with database.transaction() as transaction:
        people.file(transaction, [(7, number) for number in range(1, 6)] + [(8, 3)])
        assert people.filed_under(transaction, [7, 8, 9], most=4) == {7: None, 8: {3}, 9: set()}
        assert people.filed_under(transaction, [7], most=5) == {7: {1, 2, 3, 4, 5}}
        people.unfile(transaction, [(7, 5), (7, 6), (8, 4)])
        assert people.filed_under(transaction, [7, 8], most=4) == {7: {1, 2, 3, 4}, 8: {3}}


def test_keys_are_looked_up_in_the_index_alone(database: Database) -> None:
    with database.transaction() as transaction:
        people.file_anew(
            transaction, ((key, number) for key in range(4000) for number in range(key % 7))
        )
        plan = _plan(transaction, lambda: people.filed_under(transaction, range(40), most=3))
    if database.engine.dialect.name == "postgresql":
        assert "Index Only Scan using person_keys_pkey" in plan
        assert "Seq Scan" not in plan
    else:
        assert "SEARCH person_keys USING PRIMARY KEY (key=?)" in plan
        assert "SCAN person_keys" not in plan


def _plan(transaction: Transaction, ask: Callable[[], object]) -> str:
    """How the database goes about the one query that ``ask`` sends."""
    sent: list[tuple[str, Any]] = []

    def note(
        _connection: Connection, _cursor: Any, sql: str, given_: Any, _context: Any, _many: bool
    ) -> None:
        sent.append((sql, given_))

    event.listen(transaction.connection, "before_cursor_execute", note)
    ask()
    event.remove(transaction.connection, "before_cursor_execute", note)
    ((sql, given_),) = sent
    explain = (
        "EXPLAIN " if transaction.connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    )
    return "\n".join(
        str(row[-1]) for row in transaction.connection.exec_driver_sql(explain + sql, given_)
    )


def _filed(database: Database) -> set[tuple[int, int]]:
    with database.reading() as connection:
        return {(row.key, row.number) for row in connection.execute(select(tables.person_keys))}

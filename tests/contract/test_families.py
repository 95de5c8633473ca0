"""Who belongs to a family now, whatever humans decided about its children meanwhile."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable

import pytest
from sqlalchemy import event, insert, select, text

from router.memory.families import members_of
from schemas.base import Fact
from schemas.case import ChildLinked, LinkCorrected
from schemas.person import Address, Contact, Name, PartialDate, RelatedPerson
from stores import tables
from stores.database import Database
from stores.migrations import revisions
from tests.support.given import child
from tests.support.linking import Linking, another, in_store, namesake
from tests.support.older import sealed_by_the_hub

BROTHER = child().model_copy(
    update={
        "identifier": (),
        "name": (Name(given_name=("Edmund",), family_name=("Thornbury",)),),
        "date_of_birth": PartialDate(date=dt.date(2012, 11, 21)),
    }
)


MOVED = child().model_copy(
    update={
        "identifier": (),
        "name": (Name(given_name=("Tilly",), family_name=("Halloran",)),),
        "date_of_birth": None,
        "address": (Address(line1="9 Station Road", city="Exampleton", postcode="ZZ99 8QQ"),),
        "contact": (Contact(telephone=("01632 960555",)),),
        "related_person": (),
    }
)
"""Tilly by another surname at another home: nobody knows that it is she."""
MOVED_BROTHER = MOVED.model_copy(
    update={
        "name": (Name(given_name=("Edmund",), family_name=("Halloran",)),),
        "date_of_birth": PartialDate(date=dt.date(2012, 11, 21)),
    }
)
_MOTHER = RelatedPerson(
    name=Name(given_name=("Petra",), family_name=("Quill",)), relationship="mother"
)
BARNABY = another().model_copy(
    update={"related_person": (_MOTHER,), "contact": (Contact(telephone=("01632 960555",)),)}
)
OTTOLINE = BARNABY.model_copy(
    update={
        "identifier": (),
        "name": (Name(given_name=("Ottoline",), family_name=("Quill",)),),
        "date_of_birth": PartialDate(date=dt.date(2016, 4, 2)),
    }
)
STRANGER = namesake().model_copy(
    update={"name": (Name(given_name=("Wilhelmina",), family_name=("Quenby",)),)}
)


@pytest.fixture
def linking(database: Database) -> Linking:
    return in_store(database)


def members(database: Database, *family_ids: str) -> list[set[str]]:
    """Who belongs to each family."""
    with database.view() as view:
        found = members_of(view, family_ids)
    assert list(found) == list(family_ids)
    return [{record.person_id for record in found[id_]} for id_ in family_ids]


def brothers(linking: Linking) -> tuple[ChildLinked, ChildLinked]:
    """Tilly Thornbury and her brother, of one family."""
    one, other = linking.referral("r1"), linking.referral("r2", BROTHER)
    assert one.family_id == other.family_id
    assert one.person_id != other.person_id
    return one, other


def test_brothers_and_sisters_are_members_of_one_family_and_strangers_are_not(
    database: Database, linking: Linking
) -> None:
    one, other = brothers(linking)
    stranger = linking.referral("r3", BARNABY)
    assert members(database, one.family_id, stranger.family_id, "nobody's") == [
        {one.person_id, other.person_id},
        {stranger.person_id},
        set(),
    ]


def test_whoever_has_no_evidence_any_more_is_no_member_until_the_decision_is_undone(
    database: Database, linking: Linking
) -> None:
    one, other = brothers(linking)
    linking.persons(one.person_id, other.person_id, same=True, id_="d1")
    assert members(database, one.family_id) == [{one.person_id}]
    linking.undo("d1")
    assert members(database, one.family_id) == [{one.person_id, other.person_id}]


def test_a_child_split_off_is_of_the_family_that_it_was_split_from(
    database: Database, linking: Linking
) -> None:
    one, other = brothers(linking)
    linking.referral("r3")
    (moved,) = corrected(linking.split(one.person_id, ["r3"]).facts)
    assert members(database, one.family_id) == [{one.person_id, other.person_id, moved.person_id}]


def test_two_families_are_one_once_a_child_of_both_is_merged_and_two_when_that_is_undone(
    database: Database, linking: Linking
) -> None:
    one, other = brothers(linking)
    barnaby, ottoline = linking.referral("r3", BARNABY), linking.referral("r4", OTTOLINE)
    assert barnaby.family_id == ottoline.family_id != one.family_id
    linking.persons(one.person_id, ottoline.person_id, same=True, id_="d1")
    together = {one.person_id, other.person_id, barnaby.person_id}
    assert members(database, one.family_id, barnaby.family_id) == [together, together]
    linking.undo("d1")
    assert members(database, one.family_id, barnaby.family_id) == [
        {one.person_id, other.person_id},
        {barnaby.person_id, ottoline.person_id},
    ]


def test_families_joined_one_after_the_other_are_all_one(
    database: Database, linking: Linking
) -> None:
    one, other = brothers(linking)
    barnaby, ottoline = linking.referral("r3", BARNABY), linking.referral("r4", OTTOLINE)
    third = linking.referral("r5", STRANGER)
    linking.persons(barnaby.person_id, third.person_id, same=True, id_="d1")
    linking.persons(one.person_id, barnaby.person_id, same=True, id_="d2")
    all_of_them = {one.person_id, other.person_id, ottoline.person_id}
    ids = (third.family_id, one.family_id, barnaby.family_id)
    assert members(database, *ids) == [all_of_them] * 3


def test_the_family_that_a_child_founded_is_the_family_of_whose_it_was_found_to_be(
    database: Database, linking: Linking
) -> None:
    """A brother who was told of meanwhile stays one."""
    known, again = linking.referral("r1"), linking.referral("r2", MOVED)
    brother = linking.referral("r3", MOVED_BROTHER)
    assert known.family_id != again.family_id == brother.family_id
    linking.link("r2", known.person_id)
    both = {known.person_id, brother.person_id}
    assert members(database, known.family_id, again.family_id) == [both, both]


def test_a_child_that_was_put_into_a_known_family_and_is_of_another_does_not_join_the_two(
    database: Database, linking: Linking
) -> None:
    one, other = brothers(linking)
    barnaby = linking.referral("r3", BARNABY)
    linking.link("r2", barnaby.person_id)
    assert members(database, one.family_id, barnaby.family_id) == [
        {one.person_id},
        {barnaby.person_id},
    ]
    assert other.person_id not in {one.person_id, barnaby.person_id}


@pytest.mark.parametrize("seed", range(8))
def test_after_any_decisions_members_are_those_who_have_a_referral_by_what_was_told(
    database: Database, linking: Linking, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same every time
    told = [child(), BROTHER, BARNABY, OTTOLINE, namesake()]
    for number in range(10):
        linking.referral(f"r{number}", told[number % len(told)])
    family_of = {f.person_id: f.family_id for f in of_kind(linking.facts)}
    for number in range(12):
        holds = held(linking.facts)
        one, other = chance.choice([*holds.values()]), chance.choice([*holds.values()])
        referral = chance.choice([*holds])
        match chance.randrange(4):
            case 0:
                linking.link(referral, chance.choice([other, None]), id_=f"d{number}")
            case 1:
                linking.persons(one, other, same=True, id_=f"d{number}")
            case 2:
                linking.split(holds[referral], [referral], id_=f"d{number}")
            case _:
                linking.undo(f"d{chance.randrange(number + 1)}", id_=f"d{number}")
    standing = set(held(linking.facts).values())
    family_of |= {f.person_id: f.family_id for f in corrected(linking.facts)}
    families = sorted({family_of[person] for person in standing})
    found = dict(zip(families, members(database, *families), strict=True))
    assert set().union(*found.values()) == standing
    for person in standing:
        assert person in found[family_of[person]]


def test_an_upgraded_store_has_everybody_filed_under_their_family(
    database: Database, linking: Linking
) -> None:
    one, other = brothers(linking)
    linking.referral("r3", BARNABY)
    linking.persons(one.person_id, other.person_id, same=True)
    with database.transaction() as transaction:
        connection = transaction.connection
        filed = connection.execute(select(tables.person_keys)).all()
        sealed_by_the_hub(transaction)
        (revision,) = [one for one in revisions.after("0008") if one.id == "0009"]
        connection.execute(text("DELETE FROM person_keys"))
        revisions.apply(transaction, revision, progress=lambda _: None)
        of_families = set(connection.execute(select(tables.person_keys)).all())
        left = [row._asdict() for row in filed if row not in of_families]
        connection.execute(insert(tables.person_keys), left)
    assert len(of_families) == 2
    assert of_families <= set(filed)
    assert members(database, one.family_id) == [{one.person_id}]


def test_one_query_finds_the_members_of_many_families_and_one_loads_them(
    database: Database, linking: Linking
) -> None:
    one, _ = brothers(linking)
    other = linking.referral("r3", BARNABY)
    sent: list[str] = []
    with database.view() as view:
        members_of(view, [one.family_id])
        event.listen(view.connection, "before_cursor_execute", lambda *said: sent.append(said[2]))
        members_of(view, [one.family_id, other.family_id])
    assert sum("FROM people" in sql for sql in sent) == 1
    assert sum("FROM person_keys" in sql for sql in sent) == 2


def of_kind(facts: Iterable[Fact]) -> list[ChildLinked]:
    return [fact for fact in facts if isinstance(fact, ChildLinked)]


def corrected(facts: Iterable[Fact]) -> list[LinkCorrected]:
    return [fact for fact in facts if isinstance(fact, LinkCorrected)]


def held(facts: Iterable[Fact]) -> dict[str, str]:
    """Whose each referral is, by what was told."""
    return {f.referral_id: f.person_id for f in facts if isinstance(f, ChildLinked | LinkCorrected)}

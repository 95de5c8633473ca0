"""Adults are found beside the children of other families, in every kind of store."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from router.linkage.keys import adult_keys
from router.memory.register import PeopleMemory
from router.picture.adults import RelatedAdult
from router.picture.elsewhere import with_adults
from router.picture.reading import find
from router.steps.link.decide import STEP
from router.steps.link.register import PersonRecord
from schemas.person import Contact, Identifier, Name, PartialDate, Person, RelatedPerson
from stores import people, tables
from stores.database import Database
from stores.migrations import revisions
from tests.support.given import child
from tests.support.linking import Linking, another, in_store
from tests.support.older import sealed_by_the_hub

PNC = Identifier(value="99/12345x", system="https://example.org/pnc")
PHONE = Contact(telephone=("01632 960123",))


def adult(given: str, family: str, **told: Any) -> RelatedPerson:
    name = Name(given_name=(given,), family_name=(family,))
    return RelatedPerson.model_validate({"name": name, "relationship": "guardian"} | told)


def beside(person: Person, *adults: RelatedPerson) -> Person:
    return person.model_copy(update={"related_person": adults})


def adults_of(database: Database, *referrals: str) -> dict[str, list[RelatedAdult]]:
    """The adults of each referral's family, with where else they are named."""
    with database.view() as view:
        found = with_adults(view, find(view, referrals))
    families = {id_: found.person(found.evidence[id_]).profile.family_id for id_ in referrals}
    return {id_: list(found.adults[family_id]) for id_, family_id in families.items()}


def named(adult: RelatedAdult, *, perhaps: bool = False) -> set[str]:
    """The referrals of other families that name the same adult, or one who may be."""
    elsewhere = adult.may_be if perhaps else adult.same
    return {m.piece.id for one in elsewhere for m in one.adult.mentions}


def test_an_adult_is_found_by_name_and_telephone_in_both_directions(database: Database) -> None:
    linking, corin = in_store(database), adult("Corin", "Blackwood", contact=(PHONE,))
    linking.referral("r1", beside(child(), corin))
    linking.referral("r2", beside(another(), corin))
    found = adults_of(database, "r1", "r2")
    (one,), (other,) = found["r1"], found["r2"]
    assert (named(one), named(other)) == ({"r2"}, {"r1"})
    assert one.id == other.id
    assert adults_of(database, "r1")["r1"][0].id == one.id


def test_who_goes_by_another_name_is_found_by_a_number_for_a_human_to_look_at(
    database: Database,
) -> None:
    linking = in_store(database)
    linking.referral("r1", beside(child(), adult("Corin", "Blackwood", identifier=(PNC,))))
    linking.referral("r2", beside(another(), adult("Terence", "Oakley", identifier=(PNC,))))
    (one,) = adults_of(database, "r1")["r1"]
    assert (named(one), named(one, perhaps=True)) == (set(), {"r2"})


def test_what_another_family_tells_of_an_adult_finds_them_further_on(database: Database) -> None:
    """She had another surname there, and a number by which a third family knows her."""
    linking = in_store(database)
    born = PartialDate.model_validate({"date": "1990-02-03"})
    third = Person(name=(Name(given_name=("Kim",), family_name=("Example",)),))
    phone = {"contact": (PHONE,)}
    linking.referral("r1", beside(child(), adult("Petra", "Ash", date_of_birth=born, **phone)))
    there = adult("Petra", "Wood", date_of_birth=born, identifier=(PNC,), **phone)
    linking.referral("r2", beside(another(), there))
    linking.referral("r3", beside(third, adult("Petra", "Lim", identifier=(PNC,))))
    found = adults_of(database, "r1", "r2", "r3")
    assert [named(found[id_][0]) for id_ in found] == [{"r2", "r3"}, {"r1", "r3"}, {"r1", "r2"}]
    assert len({found[id_][0].id for id_ in found}) == 1


def test_father_and_son_of_one_name_and_telephone_are_both_only_perhaps_the_one_elsewhere(
    database: Database,
) -> None:
    linking = in_store(database)
    linking.referral("r1", beside(child(), adult("Corin", "Blackwood", contact=(PHONE,))))
    both = (
        adult("Corin", "Blackwood", contact=(PHONE,), date_of_birth={"date": born})
        for born in ("1961-02-03", "1988-06-21")
    )
    linking.referral("r2", beside(another(), *both))
    (one,) = adults_of(database, "r1")["r1"]
    assert (named(one), named(one, perhaps=True)) == (set(), {"r2"})
    assert len(one.may_be) == 2


def test_a_picture_does_not_depend_on_which_others_are_drawn_beside_it(database: Database) -> None:
    linking, corin = in_store(database), adult("Corin", "Blackwood", contact=(PHONE,))
    for id_, person in (("r1", child()), ("r2", another())):
        linking.referral(id_, beside(person, corin))
    (alone,), (beside_another,) = (
        adults_of(database, "r1")["r1"],
        adults_of(database, "r1", "r2")["r1"],
    )
    assert (alone.id, named(alone)) == (beside_another.id, named(beside_another))


def test_a_human_who_moves_a_referral_moves_its_adults(database: Database) -> None:
    linking: Linking = in_store(database)
    corin = adult("Corin", "Blackwood", identifier=(PNC,))
    linking.referral("r1", beside(child(), corin))
    linking.referral("r2", beside(another(), corin))
    target = linking.referral("r3", another().model_copy(update={"name": (), "identifier": ()}))
    linking.link("r2", target.person_id)
    (one,) = adults_of(database, "r1")["r1"]
    assert {m.piece.person_id for e in one.same for m in e.adult.mentions} == {target.person_id}


def test_an_upgraded_store_has_children_filed_under_numbers_and_telephones_of_adults(
    database: Database,
) -> None:
    linking = in_store(database)
    corin = adult("Corin", "Blackwood", identifier=(PNC,), contact=(PHONE,))
    one = linking.referral("r1", beside(child(), corin))
    linking.referral("r2", another())
    keys = adult_keys((), record(database, one.person_id).profile.adult_marks)
    assert len(keys) == 2
    with database.transaction() as transaction:
        connection = transaction.connection
        filed = set(connection.execute(select(tables.person_keys)).all())
        connection.execute(delete(tables.person_keys).where(tables.person_keys.c.key.in_(keys)))
        loaded = people.load(transaction, list(map(people.number_of, [one.person_id])))
        for number, (version, body) in loaded.items():
            head, _, profile = body.partition(b"\n")
            older = profile.rpartition(b",[")[0] + b"]"
            people.save(transaction, {number: (version + 1, head + b"\n" + older)})
        sealed_by_the_hub(transaction)
        (revision,) = [known for known in revisions.after("0011") if known.id == "0012"]
        revisions.apply(transaction, revision, progress=lambda _: None)
        assert set(connection.execute(select(tables.person_keys)).all()) == filed
    assert keys <= record(database, one.person_id).keys


def record(database: Database, person_id: str) -> PersonRecord:
    with database.transaction() as transaction:
        memory = PeopleMemory(STEP, transaction)
        (found,) = memory._persons([person_id])
        return found

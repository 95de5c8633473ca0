"""What linking knows of a child's family beyond its notification goes along, for no text to tell
it.
"""

from __future__ import annotations

import datetime as dt

from schemas.case import FamilyConcern
from schemas.person import Contact, Name, PartialDate, Person, RelatedPerson
from tests.support.given import child
from tests.support.linking import Linking, another, of


def relative(given: str, family: str, relationship: str) -> RelatedPerson:
    called = Name(given_name=(given,), family_name=(family,))
    return RelatedPerson(name=called, relationship=relationship)


def sibling() -> Person:
    """Tilly's brother: the same mother, home and telephone."""
    return child().model_copy(
        update={
            "identifier": (),
            "name": (Name(given_name=("Evan",), family_name=("Thornbury",)),),
            "date_of_birth": PartialDate(date=dt.date(2015, 7, 8)),
            "related_person": (*child().related_person, relative("Idris", "Bell", "uncle")),
        }
    )


def test_a_child_is_linked_with_what_others_told_of_its_relatives(linking: Linking) -> None:
    told = (*child().related_person, relative("Gareth", "Price", "father"))
    phone = (Contact(telephone=("07700 900456",)),)
    linking.referral("r1", child().model_copy(update={"related_person": told, "contact": phone}))
    (known,) = linking.referral("r2").family
    assert known.name == ()
    assert known.related_person == (relative("gareth", "price", "father"),)
    assert [contact.telephone for contact in known.contact] == [("7700900456",)]


def test_a_child_is_linked_with_the_other_children_of_its_family(linking: Linking) -> None:
    brother = linking.referral("r1", sibling())
    linked = linking.referral("r2")
    assert linked.family_id == brother.family_id
    assert linked.person_id != brother.person_id
    (known,) = linked.family
    assert known.name == (Name(given_name=("evan",), family_name=("thornbury",)),)
    assert known.date_of_birth == PartialDate(date=dt.date(2015, 7, 8))
    assert known.related_person == (relative("idris", "bell", "uncle"),)


def test_who_is_a_risk_by_what_others_told_is_not_said_to_be_known(linking: Linking) -> None:
    told = (*child().related_person, relative("Gareth", "Price", "alleged_perpetrator"))
    linking.referral("r1", child().model_copy(update={"related_person": told}))
    assert linking.referral("r2").family == ()


def test_a_relative_whose_name_is_read_as_a_longer_one_is_told_of_as_far_as_names_go(
    linking: Linking,
) -> None:
    longer = child().model_copy(
        update={"related_person": (relative("Gareth", "ß" * 400, "father"),)}
    )
    linking.referral("r1", longer)
    (known,) = linking.referral("r2").family
    assert known.related_person == (relative("gareth", "s" * 500, "father"),)


def test_a_child_of_whom_nothing_more_is_known_is_linked_without(linking: Linking) -> None:
    assert linking.referral("r1").family == ()
    assert linking.referral("r2", another()).family == ()
    assert linking.referral("r3").family == ()


def test_whoever_decides_about_a_brother_hears_of_a_concern_and_of_others_nobody_does(
    linking: Linking,
) -> None:
    linking.referral("r1", sibling())
    told = of(FamilyConcern, linking.hear_referral("r2").facts)
    assert [(one.referral_id, one.further_referral_id) for one in told] == [("r1", "r2")]
    brother = linking.referral("r3", sibling())
    told = of(FamilyConcern, linking.facts)[1:]
    assert [(one.referral_id, one.further_referral_id) for one in told] == [("r2", "r3")]
    assert told[0].case_id != brother.case_id
    assert of(FamilyConcern, linking.hear_referral("r4", another()).facts) == []

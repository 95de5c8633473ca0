"""Whom a letter is about: what its owner lets be told, without what is protected, and never less
than whom to ring.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from router.steps.identity import NO_AGREEMENT, NOT_AGREED, PROTECTED, identity_of, told_of
from router.steps.now import Now
from router.steps.safety import CHILD, guarded
from schemas.identity import (
    WHERE,
    WHO,
    IdentityAgreed,
    IdentityBlock,
    IdentityField,
    OwnedIdentity,
)
from schemas.person import (
    Address,
    Contact,
    Identifier,
    Name,
    PartialDate,
    Person,
    RelatedPerson,
    School,
    Sex,
)
from schemas.policy import Agreement, Partner
from schemas.safety import Around
from tests.support import given

TEAM = "csc_duty_team"
RING = "childrens_social_care duty desk"


def whole(**changes: Any) -> Person:
    """Tilly Thornbury with everything told."""
    more = {"sex_code": Sex.FEMALE, "school": School(name="Harrowbank Primary School")}
    return given.child().model_copy(update=more | changes)


def agreeing(*identity: IdentityAgreed, code: str = "police", **more: Any) -> Partner:
    told = {"reference": "ISA", "signatory": "A. Director", "since": dt.date(2020, 1, 1)}
    return given.partner(
        code, agreement=Agreement.model_validate({**told, "identity": identity, **more})
    )


def asked_of(
    child: Person, *partners: Partner, recipient: str = TEAM, **more: Any
) -> OwnedIdentity:
    now = Now(given.NOON, given.policy(*partners))
    return identity_of(child, owner="police", recipient=recipient, now=now, **more)


def told(identity: OwnedIdentity) -> set[IdentityField]:
    return {field for field in IdentityField if identity.block.told(field)}


def left_out(block: IdentityBlock) -> dict[str, str]:
    return {one.field.value: one.reason for one in block.left_out}


def test_an_agreement_that_does_not_speak_of_it_tells_who_and_asks_about_where() -> None:
    identity = asked_of(whole())
    assert identity.block.names == whole().name
    assert identity.block.born == whole().date_of_birth
    assert identity.block.identifiers == whole().identifier
    assert identity.asks == WHERE
    plain = told_of(identity, given.policy())
    assert set(left_out(plain)) == {*WHERE}
    assert plain.address == ()
    assert plain.ring is None


def test_an_agreement_says_what_is_told_to_which_kind_of_recipient() -> None:
    owner = agreeing(
        IdentityAgreed(to=("front_line",), tells=(*WHO, *WHERE)),
        IdentityAgreed(to=("school",), tells=(IdentityField.NAMES, IdentityField.BORN)),
    )
    team = given.partner(TEAM, kind="front_line")
    assert told(asked_of(whole(), owner, team)) == {*WHO, *WHERE} - {IdentityField.FAMILY}
    assert told(asked_of(whole(), owner, team, recipient="school")) == {"names", "born"}
    nobody = asked_of(whole(), owner, team, recipient="early_help")
    assert told(nobody) == set()
    assert nobody.block.ring == RING
    assert set(left_out(nobody.block).values()) == {NOT_AGREED}


def test_without_an_agreement_in_force_nothing_is_told_but_whom_to_ring() -> None:
    identity = asked_of(whole(), agreeing(until=dt.date(2026, 6, 9)))
    assert told(identity) == set()
    assert identity.block.ring == RING
    assert set(left_out(identity.block).values()) == {NO_AGREEMENT}


@pytest.mark.parametrize("recipient", ["police", "childrens_social_care"])
def test_who_told_it_and_the_lead_agency_know_it(recipient: str) -> None:
    identity = asked_of(whole(), agreeing(), recipient=recipient)
    assert told(identity) == {*WHO, *WHERE} - {IdentityField.FAMILY}
    assert identity.asks == ()


def test_an_unborn_child_is_told_by_family_and_expected_date() -> None:
    due = PartialDate(date=dt.date(2026, 9, 1), accuracy_indicator="XXX")
    mother = RelatedPerson(
        name=Name(given_name=("Mariam",)), relationship="mother", contact=(Contact(email=("m@x",)),)
    )
    block = asked_of(Person(date_of_birth=due, related_person=(mother,))).block
    assert block.born == due
    assert block.family == (mother.model_copy(update={"contact": ()}),)
    assert block.tells_apart
    assert block.ring is None


def test_a_name_alone_tells_no_child_from_another() -> None:
    block = asked_of(Person(name=whole().name)).block
    assert block.names
    assert block.ring == RING


def test_a_recipients_own_reference_tells_it_who_it_is() -> None:
    block = asked_of(Person(name=whole().name), your_reference="ICS-7").block
    assert block.your_reference == "ICS-7"
    assert block.ring is None


HIDDEN: dict[str, Any] = {
    "address": (Address(line1="1 Elm Row", protected=True),),
    "contact": (Contact(telephone=("01632 960001",), protected=True),),
    "school": School(name="Mill Lane", protected=True),
}


@pytest.mark.parametrize("part", HIDDEN)
def test_what_is_protected_is_told_to_nobody(part: str) -> None:
    field = "telephone" if part == "contact" else part
    child = whole(**{part: HIDDEN[part]})
    for recipient in (TEAM, "police", "childrens_social_care"):
        owner = agreeing(IdentityAgreed(tells=(*WHO, *WHERE)))
        block = asked_of(child, owner, recipient=recipient).block
        assert not block.told(IdentityField(field))
        assert left_out(block) == {field: PROTECTED}


def test_one_protected_address_does_not_hide_another_and_is_said_to_be_left_out() -> None:
    homes = (*whole().address, *HIDDEN["address"])
    block = asked_of(whole(address=homes)).block
    assert block.address == whole().address
    assert left_out(block)["address"] == PROTECTED


def test_an_address_that_somebody_else_protected_is_not_told() -> None:
    refuge = Address(line1="12 Balmoral Place", postcode="ZZ99 3VZ", protected=True)
    block = asked_of(whole(), protected=guarded((around(address=(refuge,)),))).block
    assert left_out(block)["address"] == PROTECTED
    assert "Balmoral" not in block.model_dump_json()


def around(**told: Any) -> Around:
    return Around(who=CHILD, person=Person(**told))


MOTHER = RelatedPerson(
    name=Name(given_name=("Ruth",), family_name=("Thornbury",)), relationship="mother"
)
UNBORN = {
    "date_of_birth": PartialDate(date=dt.date(2027, 1, 4), accuracy_indicator="AXX"),
    "related_person": (MOTHER,),
}


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("telephone", {"contact": (Contact(telephone=("01632 960001",)),)}),
        ("school", {"school": School(name="Mill Lane Primary")}),
        ("family", UNBORN | {"name": ()}),
    ],
)
def test_a_number_school_or_person_that_somebody_else_protected_is_not_told(
    field: str, told: dict[str, Any]
) -> None:
    child = whole(**told)
    owner = agreeing(IdentityAgreed(tells=(*WHO, *WHERE)))
    assert asked_of(child, owner).block.told(IdentityField(field))
    known = guarded((around(**GUARDED),))
    block = asked_of(child, owner, protected=known).block
    assert left_out(block) == {field: PROTECTED}
    assert block.ring == RING


GUARDED = {
    "contact": (Contact(telephone=("+44 1632 960001",), protected=True),),
    "school": School(name="Mill Lane", protected=True),
    "related_person": (MOTHER.model_copy(update={"protected": True}),),
}


def test_what_is_protected_can_be_rung_about_though_the_child_can_be_told_from_others() -> None:
    block = asked_of(whole(**HIDDEN)).block
    assert block.tells_apart
    assert block.ring == RING
    assert asked_of(whole()).block.ring is None


def test_of_a_protected_child_only_whom_to_ring_is_told() -> None:
    block = asked_of(whole(protected=True)).block
    assert block.ring == RING
    assert block.model_dump(exclude={"left_out", "ring"}, exclude_defaults=True) == {}
    assert set(left_out(block).values()) == {PROTECTED}


def test_what_is_left_out_says_why_and_never_what_it_was() -> None:
    block = asked_of(whole()).block.without(IdentityField, reason="Its owner left it out.")
    said = block.model_dump_json()
    assert [
        word for word in ("Tilly", "Thornbury", "999", "2018", "Balmoral") if word in said
    ] == []
    assert {one.field for one in block.left_out} == {*WHO, *WHERE} - {IdentityField.FAMILY}


FIELDS = st.lists(st.sampled_from(IdentityField))


@for_all(FIELDS, FIELDS)
def test_what_is_told_with_less_in_it_is_other_bytes_and_is_less(
    one: list[IdentityField], more: list[IdentityField]
) -> None:
    block = asked_of(whole()).block
    less = block.without(one, reason="x")
    assert (less.as_told() == block.as_told()) == (not any(block.told(field) for field in one))
    least = less.without(more, reason="x")
    kept = {field for field in IdentityField if block.told(field)} - {*one, *more}
    assert {field for field in IdentityField if least.told(field)} == kept


def test_the_bytes_that_are_approved_do_not_change_with_how_it_is_held() -> None:
    block = asked_of(whole()).block
    again = IdentityBlock.model_validate_json(block.model_dump_json())
    assert again.as_told() == block.as_told()
    assert block.as_told().startswith(b'{"address":[{"city":"Exampleton","line1":"12 Balmoral Pl"')


def test_facts_of_people_recorded_before_are_written_as_they_were() -> None:
    known = Identifier(value="9990000018", system="https://fhir.nhs.uk/Id/nhs-number")
    assert "protected" not in whole(identifier=(known,), school=None).model_dump_json()
    assert "school" not in given.child().model_dump_json()

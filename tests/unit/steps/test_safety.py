"""L7: recipients, addresses and people against recorded risks, before anything is sent.

Everybody here is invented; postcodes begin with letters that no place has.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import pytest

from router.steps.safety import CHILD, SIBLING, Leaving, cautioned, guarded, unsafe
from router.steps.whereabouts import Exactness, told_in, words_of
from schemas.identity import IdentityBlock
from schemas.person import (
    Address,
    Contact,
    Name,
    PartialDate,
    Person,
    RelatedPerson,
    Risk,
    School,
)
from schemas.policy import Partner, Reader
from schemas.safety import Around, Danger, Hit
from tests.support import given


def home(line1: str, postcode: str | None = "ZX1 2AB", **more: Any) -> Address:
    return Address(line1=line1, city="Netherby", postcode=postcode, **more)


REFUGE = home("12 Larkfield Road", protected=True, protected_reason="A refuge")
HIS_HOME = home("40 Quarry Lane", "ZX7 8CD")
NOW_AT = home("3 Copley Street", "ZX2 3EF")
HIM = {"given_name": ("Marek",), "family_name": ("Oldroyd",)}


def named(*given_: str, family: str) -> Name:
    return Name(given_name=given_, family_name=(family,))


def him(**more: Any) -> RelatedPerson:
    """Whom they fled."""
    told = {"name": HIM, "relationship": "father", "risk": Risk.FLED_FROM, "address": (HIS_HOME,)}
    return RelatedPerson.model_validate(told | more)


def informant(**more: Any) -> RelatedPerson:
    told = {
        "name": named("Ada", family="Whitlock"),
        "relationship": "informant",
        "protected": True,
        "address": (home("7 Bramble Close", "ZX3 4GH"),),
        "contact": (Contact(telephone=("01632 960777",), email=("ada@example.org",)),),
    }
    return RelatedPerson.model_validate(told | more)


def child(*related: RelatedPerson, **more: Any) -> Around:
    return Around(who=CHILD, person=Person(related_person=related, **more))


def sibling(*related: RelatedPerson, **more: Any) -> Around:
    return Around(who=SIBLING, person=Person(related_person=related, **more))


def to(**more: Any) -> Partner:
    return given.partner("school", name="Harrowbank Primary School").model_copy(update=more)


def saying(text: str) -> Leaving:
    return Leaving(texts={"item": text})


def about(**block: Any) -> Leaving:
    return Leaving(identity=IdentityBlock(names=(named("Tilly", family="Oldroyd"),), **block))


SAFE = child(him(), address=(NOW_AT,))
FLED = child(him(), address=(REFUGE,))
HIDDEN_SCHOOL = School(name="Mill Lane Primary School", urn="100001", protected=True)


class Case(NamedTuple):
    says: str
    around: tuple[Around, ...]
    leaving: Leaving
    to: Partner
    danger: Danger | None
    where: str = "item"
    whose: str | None = None


R, A, ID = "recipient", "identity.address", "identity.telephone"
CASES = (
    # --- the recipient
    Case("nothing is recorded", (child(),), saying("He was hit at home."), to(), None),
    Case(
        "a recipient lives with the perpetrator",
        (SAFE,),
        saying("He was hit at home."),
        to(readers=(Reader(name=named("Jo", family="Firth"), address=(HIS_HOME,)),)),
        Danger.LIVES_WITH_RISK,
        R,
        "the child's father",
    ),
    Case(
        "a recipient lives with him, its address written otherwise",
        (SAFE,),
        saying("x"),
        to(address=(Address(line1="40, Quarry Ln", postcode="zx78cd"),)),
        Danger.LIVES_WITH_RISK,
        R,
    ),
    Case(
        "a recipient has the same UPRN as he",
        (child(him(address=(home("Quarry Works", None, uprn="100012345678"),))),),
        saying("x"),
        to(address=(Address(line1="The Old Office", uprn="100012345678"),)),
        Danger.LIVES_WITH_RISK,
        R,
    ),
    Case(
        "a recipient lives next door to him",
        (SAFE,),
        saying("x"),
        to(address=(home("42 Quarry Lane", "ZX7 8CD"),)),
        None,
    ),
    Case(
        "a recipient lives where he lived before",
        (child(him(address=(HIS_HOME.model_copy(update={"use": "former"}),))),),
        saying("x"),
        to(address=(HIS_HOME,)),
        None,
    ),
    Case(
        "the perpetrator is employed by the recipient, by name",
        (child(him(works_for=("Harrowbank Primary",))),),
        saying("x"),
        to(),
        Danger.WORKS_WITH_RISK,
        R,
    ),
    Case(
        "the perpetrator is employed by the recipient, by code",
        (child(him(works_for=("school",))),),
        saying("x"),
        to(),
        Danger.WORKS_WITH_RISK,
        R,
    ),
    Case(
        "the perpetrator works at the recipient's address",
        (child(him(address=(home("1 Station Road", use="work"),))),),
        saying("x"),
        to(address=(home("1 Station Rd"),)),
        Danger.WORKS_WITH_RISK,
        R,
    ),
    Case(
        "the perpetrator works for a school of another phase",
        (child(him(works_for=("Harrowbank High School",))),),
        saying("x"),
        to(),
        None,
    ),
    Case(
        "the perpetrator works for somebody else",
        (child(him(works_for=("Farnley Moor Haulage",))),),
        saying("x"),
        to(),
        None,
    ),
    Case(
        "an alleged perpetrator by relationship alone is a risk too",
        (child(him(risk=None, relationship="alleged-perpetrator", works_for=("school",))),),
        saying("x"),
        to(),
        Danger.WORKS_WITH_RISK,
        R,
    ),
    Case(
        "a father who is no risk works for the recipient",
        (child(him(risk=None, works_for=("school",))),),
        saying("x"),
        to(),
        None,
    ),
    Case(
        "the risk is a sibling's father only",
        (child(), sibling(him(works_for=("school",)))),
        saying("x"),
        to(),
        Danger.WORKS_WITH_RISK,
        R,
        "a brother or sister's father",
    ),
    Case(
        "his new partner, of his household, works for the recipient",
        (
            child(
                him(),
                RelatedPerson(
                    name=named("Sue", family="Firth"),
                    relationship="partner",
                    address=(HIS_HOME,),
                    works_for=("school",),
                ),
            ),
        ),
        saying("x"),
        to(),
        Danger.HOUSEHOLD_OF_RISK,
        R,
    ),
    Case(
        "an aunt of another household works for the recipient",
        (
            child(
                him(),
                RelatedPerson(
                    name=named("Sue", family="Firth"),
                    relationship="aunt",
                    address=(NOW_AT,),
                    works_for=("school",),
                ),
            ),
        ),
        saying("x"),
        to(),
        None,
    ),
    Case(
        "who reads there is the perpetrator",
        (SAFE,),
        saying("x"),
        to(readers=(Reader(name=named("Marek", family="OLDROYD")),)),
        Danger.READ_BY_RISK,
        R,
    ),
    Case(
        "who reads there has his name and another birthday",
        (child(him(date_of_birth=PartialDate(date=dt.date(1984, 5, 6)))),),
        saying("x"),
        to(
            readers=(
                Reader(
                    name=named("Marek", family="Oldroyd"),
                    date_of_birth=PartialDate(date=dt.date(1961, 2, 3)),
                ),
            )
        ),
        None,
    ),
    Case(
        "the worker whom it goes to has the perpetrator's name",
        (SAFE,),
        Leaving(by_name="Mr Marek Oldroyd"),
        to(),
        Danger.READ_BY_RISK,
        R,
    ),
    Case(
        "the recipient is rung on his telephone",
        (child(him(contact=(Contact(telephone=("01632 960555",)),))),),
        saying("x"),
        to(telephone=("+44 1632 960555",)),
        Danger.RINGS_AT_RISK,
        R,
    ),
    # --- whom it says that it is about
    Case("the identity tells where the child is", (SAFE,), about(address=(NOW_AT,)), to(), None),
    Case(
        "the identity tells a refuge that another agency protected",
        (child(address=(home("12 Larkfield Rd"),)), FLED),
        about(address=(home("12 Larkfield Rd"),)),
        to(),
        Danger.PROTECTED_ADDRESS,
        A,
        CHILD,
    ),
    Case(
        "the identity tells the old home, where the one they fled lives",
        (SAFE,),
        about(address=(home("40 Quarry Ln", None),)),
        to(),
        Danger.HOME_OF_RISK,
        A,
    ),
    Case(
        "the child lives with an alleged perpetrator: where the child is, is the point",
        (child(him(risk=Risk.ALLEGED_PERPETRATOR)),),
        about(address=(HIS_HOME,)),
        to(),
        None,
    ),
    Case(
        "the telephone told is the perpetrator's",
        (child(him(contact=(Contact(telephone=("07700 900123",)),))),),
        about(telephone=("+447700900123",)),
        to(),
        Danger.RINGS_AT_RISK,
        ID,
    ),
    Case(
        "the telephone told is one that a sibling's agency protected",
        (child(), sibling(contact=(Contact(telephone=("07700 900124",), protected=True),))),
        about(telephone=("07700900124",)),
        to(),
        Danger.PROTECTED_CONTACT,
        ID,
        SIBLING,
    ),
    Case(
        "the school told is one that a sibling's agency protected",
        (child(), sibling(school=HIDDEN_SCHOOL)),
        about(school=School(name="Mill Lane Primary")),
        to(),
        Danger.PROTECTED_SCHOOL,
        "identity.school",
        SIBLING,
    ),
    Case(
        "the address of the school told is protected",
        (child(school=School(name="X", protected=True, address=home("2 Elm Row", "ZX5 5JK"))),),
        about(school=School(name="Netherby Annexe", address=home("2 Elm Row", None))),
        to(),
        Danger.PROTECTED_ADDRESS,
        "identity.school",
    ),
    Case(
        "the family told has a protected person in it",
        (child(informant()),),
        about(
            family=(
                RelatedPerson(name=named("Ada", family="Whitlock"), relationship="grandmother"),
            )
        ),
        to(),
        Danger.PROTECTED_PERSON,
        "identity.family",
    ),
    # --- what it says
    Case(
        "a refuge in the narrative only",
        (FLED,),
        saying("Mum and Tilly moved to 12 Larkfield Road last week."),
        to(),
        Danger.PROTECTED_ADDRESS,
        whose=CHILD,
    ),
    Case(
        "a refuge in the narrative, in other spelling",
        (FLED,),
        saying("now staying at number twelve Larkfeild rd"),
        to(),
        Danger.PROTECTED_ADDRESS,
    ),
    Case(
        "a refuge in the narrative, by its postcode alone",
        (FLED,),
        saying("since May in zx1 2ab somewhere"),
        to(),
        Danger.PROTECTED_ADDRESS,
    ),
    Case(
        "a refuge in the narrative, by its street alone",
        (FLED,),
        saying("He was seen waiting in Larkfield Road."),
        to(),
        Danger.PROTECTED_ADDRESS,
    ),
    Case(
        "the neighbour of the refuge in the narrative",
        (FLED,),
        saying("A burglary at 14 Larkfield Road, ZX1 2AB."),
        to(),
        None,
    ),
    Case(
        "a place of the refuge's name in another town",
        (FLED,),
        saying("He lives at 12 Larkfield Road, QX9 8YZ."),
        to(),
        None,
    ),
    Case(
        "where the informant lives",
        (child(informant()),),
        saying("The caller lives at 7 Bramble Cl."),
        to(),
        Danger.PROTECTED_ADDRESS,
        whose="the child's informant",
    ),
    Case(
        "the informant's telephone",
        (child(informant()),),
        saying("Ring the caller on +44 (0)1632 960 777."),
        to(),
        Danger.PROTECTED_CONTACT,
    ),
    Case(
        "the informant's e-mail",
        (child(informant()),),
        saying("Wrote from ADA@example.org."),
        to(),
        Danger.PROTECTED_CONTACT,
    ),
    Case(
        "the informant by name",
        (child(informant()),),
        saying("It was Ada Whitlock who rang."),
        to(),
        Danger.PROTECTED_PERSON,
    ),
    Case(
        "the informant by title",
        (child(informant()),),
        saying("It was Mrs Whitlock who rang."),
        to(),
        Danger.PROTECTED_PERSON,
    ),
    Case(
        "a namesake by first name",
        (child(informant()),),
        saying("Her friend Ada was there too."),
        to(),
        None,
    ),
    Case(
        "the fled mother's new address, known from a sibling",
        (
            child(),
            sibling(
                RelatedPerson(
                    name=named("Mariam", family="Chowdhury"),
                    relationship="mother",
                    address=(home("Rose Cottage", "ZX9 9ZZ", protected=True),),
                )
            ),
        ),
        saying("Mother said that Rose Cottage is cold."),
        to(),
        Danger.PROTECTED_ADDRESS,
        whose="a brother or sister's mother",
    ),
    Case(
        "a sibling's protected school in the narrative",
        (child(), sibling(school=HIDDEN_SCHOOL)),
        saying("Her brother now goes to Mill Lane Primary."),
        to(),
        Danger.PROTECTED_SCHOOL,
        whose=SIBLING,
    ),
    Case(
        "a sibling's protected school, by another word for it",
        (child(), sibling(school=HIDDEN_SCHOOL)),
        saying("Picked up from the Mill Lane school gate."),
        to(),
        Danger.PROTECTED_SCHOOL,
    ),
    Case(
        "the street that a protected school is called after",
        (child(), sibling(school=HIDDEN_SCHOOL)),
        saying("They were seen on Mill Lane."),
        to(),
        None,
    ),
    Case(
        "a school of another phase",
        (child(), sibling(school=HIDDEN_SCHOOL)),
        saying("He left Mill Lane High School in 2019."),
        to(),
        None,
    ),
    Case(
        "the protected school itself is the recipient",
        (child(school=HIDDEN_SCHOOL),),
        saying("Tilly is at Mill Lane Primary School."),
        to(name="Mill Lane Primary School"),
        None,
    ),
    Case(
        "the foster home itself is the recipient",
        (FLED,),
        saying("Tilly lives with you at 12 Larkfield Road."),
        to(address=(home("12 Larkfield Road"),)),
        None,
    ),
    Case(
        "the perpetrator's name is often the point",
        (SAFE,),
        saying("Marek Oldroyd hit him at 40 Quarry Lane."),
        to(),
        None,
    ),
    Case(
        "a protected child's every address is protected",
        (child(protected=True, address=(NOW_AT,)),),
        saying("Now at 3 Copley St."),
        to(),
        Danger.PROTECTED_ADDRESS,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=[case.says for case in CASES])
def test_what_would_put_somebody_at_risk_is_found(case: Case) -> None:
    hits = unsafe(case.to, known=guarded(case.around), leaving=case.leaving)
    found = {(hit.danger, hit.where) for hit in hits}
    assert found == ({(case.danger, case.where)} if case.danger else set())
    if case.whose:
        assert {hit.whose for hit in hits} == {case.whose}


@pytest.mark.parametrize("case", CASES, ids=[case.says for case in CASES])
def test_a_hit_never_says_what_it_protects(case: Case) -> None:
    hits = unsafe(case.to, known=guarded(case.around), leaving=case.leaving)
    said = " ".join(hit.model_dump_json() for hit in hits).casefold()
    telling = ("larkfield", "quarry", "bramble", "rose", "copley", "zx", "96", "07700", "mill lane")
    names = ("oldroyd", "marek", "ada", "whitlock", "elm row", "example.org")
    assert [word for word in (*telling, *names) if word in said] == []


@pytest.mark.parametrize("case", CASES, ids=[case.says for case in CASES])
def test_what_is_kept_of_somebody_to_look_for_finds_the_same(case: Case) -> None:
    kept = [caution for one in case.around if (caution := cautioned(one))]
    whole = unsafe(case.to, known=guarded(case.around), leaving=case.leaving)
    assert unsafe(case.to, known=guarded(kept), leaving=case.leaving) == whole


def test_of_somebody_without_any_danger_nothing_is_kept() -> None:
    assert cautioned(Around(who=CHILD, person=given.child())) is None


FLAT = home("Flat 3, 9 Larkfield Road")
COURT = Address(line1="Flat 3, Elm Court", line2="Quarry Mews", city="Netherby")
COTTAGE = Address(line1="Rose Cottage", line2="Mill Lane", city="Netherby", postcode="ZX9 8YZ")
HOTEL = Address(line1="The Willows", line2="40 High Street", city="Netherby", postcode="ZX1 4AA")
SAINT = home("5 St Mary's Avenue", None)
NOWHERE, STREET, POSTCODE, HOME = Exactness


@pytest.mark.parametrize(
    ("place", "text", "told"),
    [
        (REFUGE, "12, Larkfield Road", HOME),
        (REFUGE, "12 LARKFIELD RD", HOME),
        (REFUGE, "12Larkfield Road", HOME),
        (REFUGE, "12 Larkfieldroad", HOME),
        (REFUGE, "12 Lark field Raod", HOME),
        (REFUGE, "12 Lark\u200bfield R\u00f3ad", HOME),
        (REFUGE, "number twelve on Larkfield Road", HOME),
        (REFUGE, "Larkfield Road no. 12", HOME),
        (REFUGE, "12 Larkfield", HOME),
        (REFUGE, "Flat 2, 12 Larkfield Road", HOME),
        (REFUGE, "12 Larkfield Road, ZX1 2AC", HOME),
        (REFUGE, "moved to ZXI 2A8, no: ZXI 2AB", POSTCODE),
        (REFUGE, "on 3 May 2026 to ZX1 2AB", POSTCODE),
        (REFUGE, "14 Larkfield Road ZX1 2AB", NOWHERE),
        (REFUGE, "12 Larkfield Lane", NOWHERE),
        (REFUGE, "12a Larkfield Road", NOWHERE),
        (REFUGE, "112 Larkfield Road", NOWHERE),
        (REFUGE, "12 Larkhill Road", NOWHERE),
        (REFUGE, "12 Oatfield Road", NOWHERE),
        (REFUGE, "12 Larkfield Road, QX9 8YZ", NOWHERE),
        (FLAT, "Flat 3, 9 Larkfield Rd", HOME),
        (FLAT, "3/9 Larkfield Road", HOME),
        (FLAT, "9 Larkfield Road", HOME),
        (FLAT, "Flat 4, 9 Larkfield Road", NOWHERE),
        (FLAT, "9c Larkfield Road", NOWHERE),
        (FLAT, "3 Larkfield Road", NOWHERE),
        (COURT, "3 Elm Court", HOME),
        (COURT, "Elm Ct", HOME),
        (COURT, "Flat 5 Elm Court", NOWHERE),
        (COURT, "Elm Close", NOWHERE),
        (COTTAGE, "rose cottage, mill ln", HOME),
        (COTTAGE, "Rosewood Cottage", NOWHERE),
        (COTTAGE, "4 Mill Lane", NOWHERE),
        (COTTAGE, "on Mill Lane", NOWHERE),
        (COTTAGE, "on Mill Lane in Netherby", STREET),
        (HOTEL, "at the Willows", HOME),
        (HOTEL, "40 High St", HOME),
        (HOTEL, "the willows by the canal were cut", HOME),
        (HOTEL, "on the High Street", NOWHERE),
        (HOTEL, "The Willows Road", NOWHERE),
        (SAINT, "5 Saint Marys Ave", HOME),
        (SAINT, "5 St Mary\u2019s Avenue", HOME),
        (SAINT, "5 St Mark's Avenue", NOWHERE),
        (SAINT, "She was taken to St Mary's, ward 5", NOWHERE),
    ],
)
def test_an_address_is_found_however_it_is_written_and_no_other_one(
    place: Address, text: str, told: Exactness
) -> None:
    assert told_in(words_of(f"Seen there: {text}. He said so."), place) is told


def test_a_hit_is_told_once() -> None:
    hits = unsafe(
        to(), known=guarded((FLED, FLED)), leaving=saying("12 Larkfield Road. 12 Larkfield Rd.")
    )
    assert [type(hit) for hit in hits] == [Hit]

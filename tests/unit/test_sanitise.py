"""Sanitising: contacts, numbers, places and other people go out of the text; what went is on
record, exactly.
"""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from router.steps import sanitising
from router.steps.sanitising import Known
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
from schemas.product import Redaction
from tests.support import given

KNOWN = sanitising.known_of(given.child())

KEPT = (
    "Tilly Thornbury was seen.",
    "Mother has declined support.",
    "Missing episode, returned after some hours.",
)
SECRETS = (
    "01632 960123",
    "+44 7700 900023",
    "(01632) 960 123",
    "07700900456",
    "m.chowdhury@mail.example",
    "ZZ99 3VZ",
    "bd53 6qd",
    "999 000 0018",
    "9990000018",
    "A123456789012",
    "12 Balmoral Pl",
    "FARNLEY MOOR",
    "Flat 36",
    "161 Heaton Road",
    "161 HEATON ROAD",
    "161 heaton road",
    "FLAT 36",
    "Heaton Road",
    "HEATON ROAD",
    "07700\u2011900\u2011456",
    "7700 900 456",
    "+353 86 123 4567",
    "Mariam Chowdhury",
    "mariam",
    "CHOWDHURY",
)


def clean(text: str, known: Known = KNOWN) -> str:
    return sanitising.sanitise(text, known=known).text


@pytest.mark.parametrize("secret", SECRETS)
def test_what_tells_who_where_and_how_to_reach_others_goes_out(secret: str) -> None:
    assert secret not in clean(f"It is said that {secret} was given; more follows.")


@pytest.mark.parametrize("text", KEPT)
def test_the_concern_and_the_childs_own_name_stay(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "sanitised"),
    [
        ("Has a brother or sister called Jake.", "Has a brother or sister called [name]."),
        ("Sibling Evie also at the address.", "Sibling [name] also at the address."),
        ("Lives with sibling Harrison-James.", "Lives with sibling [name]."),
        (
            "Siblings Evie, Tilly and Jake were there.",
            "Siblings [name], Tilly and [name] were there.",
        ),
        ("Her brother \u00c9amon left.", "Her brother [name] left."),
        ("Her uncle, Idris Beddowes, collects her.", "Her uncle, [name], collects her."),
        ("Mrs Okonkwo called.", "Mrs [name] called."),
        ("Mother Tilly said so.", "Mother Tilly said so."),
    ],
)
def test_people_whom_only_the_narrative_names_go_out(text: str, sanitised: str) -> None:
    assert clean(text) == sanitised


def test_a_family_name_shared_with_the_child_stays_with_the_child_and_goes_with_others() -> None:
    known = Known(own=("Tilly", "Thornbury"), others=("Gareth", "Thornbury"))
    assert (
        clean("Tilly Thornbury and Gareth Thornbury", known) == "Tilly Thornbury and [name] [name]"
    )


def test_names_are_found_without_their_accents_and_with_a_possessive() -> None:
    known = Known(others=("Mair\u00e9ad",))
    assert clean("MAIREAD's flat; mair\u00e9ad", known) == "[name]'s flat; [name]"


def test_half_a_double_name_goes_out_too() -> None:
    assert clean("Harrison was there", Known(others=("Harrison-James",))) == "[name] was there"


def test_a_number_that_a_word_runs_into_goes_out() -> None:
    assert clean("tel07700900456") == "tel[telephone]"


ROUND = Known(
    own=("Tilly Thornbury",),
    risks=("Gareth Price",),
    others=("Mariam Chowdhury", "Will Thornbury", "Hope O'Brien-Marsh", "S\u00e9amus Young"),
    places=("12 Balmoral Pl", "7 Church Lane", "Skylark House Refuge", "ZZ99 3VZ"),
    births=(dt.date(1985, 5, 6),),
    numbers=("9990000018", "01632 960123"),
    accounts=("toastking9@mail.example",),
    schools=("St Bride's Primary School", "Merecroft Academy"),
)
DISGUISED = (
    "M\u00e1riam",
    "MARIAM",
    "mARIAM",
    "Mariam's",
    "the Chowdhurys",
    "Mairam",
    "Marriam",
    "M\u0430ri\u0430m",
    "Ma\u200bri\u00adam",
    "M a r i a m",
    "M.a.r.i.a.m",
    "mariamchowdhury",
    "chowdhury_mariam",
    "CHOWDHURY, Mariam",
    "mairaM",
    "M&#97;riam",
    "&amp;#77;ariam",
    "M4riam",
    "M. Chowdhury",
    "MC",
    "M. C.",
    "Seamus",
    "Se\u0301amus",
    "Billy Thornbury",
    "OBrien",
    "O Brien",
    "Miss Marsh",
    "twelve Balmoral Place",
    "Blamoral Place",
    "number seven Church La",
    "Skylark",
    "the Skylark refuge",
    "St Brides",
    "Merecroft Sch.",
    "6/5/85",
    "06051985",
    "6th of May 1985",
    "May the sixth, nineteen eighty-five",
    "oh six, oh five, nineteen eighty-five",
    "06 MAY 85",
    "nine nine nine oh oh oh oh oh one eight",
    "999 0000 018",
    "oh one six three two, nine six oh, one two three",
    "QQ 12 34 56 C",
    "q q one two three four five six c",
    "zz993vz",
    "ZZ99, ending 3VZ",
    "toastking9 at mail dot example",
    "toastking9",
    "AB12 CDE",
    "ab12cde",
    "M378 VDP",
    "12CR/3456/26",
    "CAD 7643 of 16 May",
    "the Packhorse pub",
    "Tall Trees children's home",
    "@midnightvole_m",
)


@pytest.mark.parametrize("disguised", DISGUISED)
def test_whoever_is_in_the_picture_is_found_in_any_disguise(disguised: str) -> None:
    made = clean(f"Tilly was told that {disguised} was meant by it.", ROUND)
    assert made.startswith("Tilly was told that ")
    assert made.endswith(" was meant by it.")
    left = made.removeprefix("Tilly was told that ").removesuffix(" was meant by it.")
    outside = re.sub(r"\[[a-z -]+\]", "", left)
    assert not re.search(r"\w", outside.replace("the", "").replace("'s", "").replace("Miss", ""))


@pytest.mark.parametrize(
    "text",
    [
        "We hope that he will be seen in May; young people may go.",
        "Will the plan change? Young people were at the marsh.",
        "A Polish interpreter came to the walk-in clinic off the High Street.",
        "The GP and CAMHS agreed.",
        "The hearing on 06/05/2026 went ahead at 10.30 - 11.45.",
        "Attendance fell from 94% in 2019-2023; she owes \u00a31,250.00.",
        "She takes B12 and 20mg tablets, and is in class P4.",
        "St. Mary's church gave a skylark to the school.",
    ],
)
def test_english_that_looks_like_a_name_or_a_number_stays(text: str) -> None:
    assert clean(text, ROUND) == text


def test_a_risk_person_stays_and_is_marked_once() -> None:
    text = "Mr Price hit her. Gareth Price denies it; Gareth's phone is 07700 900123."
    once = clean(text, ROUND)
    assert once == (
        "[recorded risk] Mr Price hit her. [recorded risk] Gareth Price denies it; "
        "Gareth's phone is [telephone]."
    )
    assert clean(once, ROUND) == once


def test_another_of_the_childs_family_name_goes_by_initial_and_by_first_name() -> None:
    assert clean("Will Thornbury, W Thornbury and Tilly Thornbury", ROUND) == (
        "[name] [name], [name] and Tilly Thornbury"
    )


def test_everyone_of_the_notifications_and_of_the_family_is_known() -> None:
    sibling = Person(
        name=(Name(given_name=("Evan",), family_name=("Thornbury",), preferred_name="Ev"),),
        date_of_birth=PartialDate(date=dt.date(2015, 7, 8)),
        contact=(Contact(name="Ada Okoro", telephone=("07700 900456",), email=("ada@x.example",)),),
    )
    suspect = RelatedPerson(
        name=Name(given_name=("Gareth",), family_name=("Price",)),
        relationship="alleged_perpetrator",
        date_of_birth=PartialDate(date=dt.date(1980, 1, 2)),
    )
    child = given.child()
    child = child.model_copy(update={"related_person": (*child.related_person, suspect)})
    known = sanitising.known_of(child, sibling)
    assert known.own == ("Tilly Thornbury",)
    assert known.others == ("Mariam Chowdhury", "Evan Thornbury", "Ev Thornbury", "Ada Okoro")
    assert known.risks == ("Gareth Price",)
    assert known.births == (dt.date(2018, 2, 3), dt.date(2015, 7, 8), dt.date(1980, 1, 2))
    assert known.numbers == ("9990000018", "01632 960123", "07700 900456")
    assert known.accounts == ("ada@x.example",)


def _told(name: str, relationship: str, **more: object) -> RelatedPerson:
    given_name, family_name = name.split()
    called = Name(given_name=(given_name,), family_name=(family_name,))
    told = {"name": called, "relationship": relationship}
    return RelatedPerson.model_validate(told | more)


def test_all_that_is_told_of_relatives_and_of_the_school_is_known() -> None:
    father = _told(
        "Gareth Price",
        "father",
        risk="fled_from",
        address=(Address(line1="Wrencote Lodge", postcode="BD53 4QL", uprn="100012345678"),),
        contact=(
            Contact(name="Gareth Price", telephone=("07700 900789",), email=("gp@x.example",)),
        ),
        works_for=("Quillfield Motors", "police"),
    )
    school = School(name="Larkspur Academy", urn="123456", address=Address(line1="Fennimore House"))
    child = given.child().model_copy(update={"related_person": (father,), "school": school})
    known = sanitising.known_of(child)
    assert (known.own, known.risks, known.others) == (("Tilly Thornbury",), ("Gareth Price",), ())
    text = (
        "Gareth Price of Wrencote Lodge, 07700 900 789, mails as gp@x.example, is at Quillfield "
        "and known to the Police; she is at Larkspur Academy near Fennimore, URN 123456."
    )
    assert clean(text, known) == (
        "[recorded risk] Gareth Price of [address], [telephone], mails as [e-mail], is at [place] "
        "and known to the Police; she is at [school] near [address], URN [number]."
    )


def test_who_is_protected_is_named_to_nobody_be_it_a_risk_or_the_child() -> None:
    informant = _told("Ada Okoro", "neighbour", protected=True, risk="other")
    child = given.child().model_copy(update={"related_person": (informant,)})
    assert clean("Ada told of Tilly.", sanitising.known_of(child)) == "[name] told of Tilly."
    adopted = child.model_copy(update={"protected": True})
    assert clean("Ada told of Tilly.", sanitising.known_of(adopted)) == "[name] told of [name]."


def test_of_the_family_all_go_but_the_child_itself_and_who_is_a_risk_here() -> None:
    suspect = _told("Gareth Price", "alleged_perpetrator")
    child = given.child().model_copy(update={"related_person": (suspect,)})
    sibling = Person(
        name=(Name(given_name=("evan",), family_name=("thornbury",)),),
        related_person=(
            _told("tilly thornbury", "sister"),
            _told("gareth price", "father"),
            _told("lydia ashdown", "mother"),
        ),
    )
    known = sanitising.known_of(child, sibling)
    assert known.others == ("lydia ashdown", "evan thornbury")
    namesake = sibling.model_copy(update={"related_person": (_told("tilly thornbury", "mother"),)})
    assert "tilly thornbury" in sanitising.known_of(child, namesake).others


@pytest.mark.parametrize(
    "text", ["Police attended.", "A sample was sent.", "He works for the NHS."]
)
def test_an_employer_of_everybodys_name_takes_no_word_out(text: str) -> None:
    known = Known(employers=("police", "NHS", "Sample Schools"))
    assert clean(text, known) == text
    assert clean("She teaches at Sample Schools.", known) == "She teaches at [place]."


def test_who_is_a_risk_by_the_senders_word_stays_whatever_the_relation_is_called() -> None:
    stepfather = RelatedPerson(
        name=Name(given_name=("Scott",), family_name=("Brannigan",)),
        relationship="stepfather",
        risk=Risk.FLED_FROM,
        address=(Address(line1="The Old Forge", postcode="ZZ99 4QL"),),
        contact=(Contact(telephone=("07700 900457",)),),
    )
    child = given.child().model_copy(
        update={"related_person": (stepfather,), "school": School(name="Harcourt Primary")}
    )
    text = "Scott hit Tilly of Harcourt Primary at The Old Forge; his number is 07700 900457."
    assert clean(text, sanitising.known_of(child)) == (
        "[recorded risk] Scott hit Tilly of [school] at [address]; his number is [telephone]."
    )


def test_what_was_known_before_there_was_more_to_know_is_still_read() -> None:
    before = '{"own":["Tilly"],"others":["Mariam"],"places":["ZZ99 3VZ"]}'
    known = Known.model_validate_json(before)
    assert known.model_dump_json() == before


@pytest.mark.parametrize(
    "text",
    [
        "Seen at 10:30 on 05/03/2024.",
        "Two cars on the road at 9.",
        "Aged 12 and went down the road.",
    ],
)
def test_times_and_roads_without_a_name_stay(text: str) -> None:
    assert clean(text) == text


_RUNS = (
    *("a", "1", "a.", "1a-", "1 A-", "\u00e9'", "mum A, ", "Flat 1 ", "0 ", "a@a", "1 aa "),
    *("one ", "one and ", "&#97;", "&amp;", "a. ", "a-", "St A ", "A and ", "at b.c ", "1/1/11 "),
    *("Mariam ", "M", "mariamx", "01/02/2003 ", "ab12 ", "snap: a ", "dob 1 ", "///a.b", "\u0430"),
)


@pytest.mark.parametrize("run", _RUNS)
def test_a_text_made_to_be_slow_is_not(run: str) -> None:
    """Read again from each of its letters, this would take hours: the test would not end."""
    text = "1" + run * (400_000 // len(run))
    assert sanitising.sanitise(text, known=KNOWN).text


def test_every_redaction_says_why() -> None:
    redactions = sanitising.sanitise("Call 01632 960123 about Mariam", known=KNOWN).redactions
    assert [redaction.reason for redaction in redactions] == [
        "A telephone number.",
        "Somebody other than the child.",
    ]


def test_what_overlaps_goes_out_as_one() -> None:
    result = sanitising.sanitise("At 12 Balmoral Pl, ZZ99 3VZ", known=KNOWN)
    assert result.text == "At [address], [postcode]"
    assert len(result.redactions) == 2


def test_a_text_never_grows_longer_than_an_item_may_be() -> None:
    text = "Jo " * (sanitising.LONGEST // 3)
    result = sanitising.sanitise(text, known=Known(others=("Jo",)))
    assert len(result.text) <= sanitising.LONGEST
    assert "Jo" not in result.text
    assert sanitising.redacted(text, result.redactions) == result.text


words = st.sampled_from(
    [*SECRETS, *KEPT, "Sibling Evie", "Mr", "caf\u00e9", "\u0130", "\ufb03", "!", "\n", "12", "@"]
)
texts = st.one_of(
    st.text(min_size=1, max_size=200), st.lists(words, min_size=1, max_size=12).map(" ".join)
)


@for_all(texts)
def test_the_original_and_its_redactions_give_the_sanitised_text_exactly(text: str) -> None:
    result = sanitising.sanitise(text, known=KNOWN)
    assert sanitising.redacted(text, result.redactions) == result.text
    assert _apart(result.redactions, len(text))
    assert result.text


def _apart(redactions: tuple[Redaction, ...], length: int) -> bool:
    edges = [edge for redaction in redactions for edge in (redaction.start, redaction.end)]
    return edges == sorted(edges) and all(0 <= edge <= length for edge in edges)


@for_all(texts, st.sampled_from(SECRETS), texts)
def test_no_neighbourhood_hides_a_secret(before: str, secret: str, after: str) -> None:
    assert secret not in clean(f"{before} . {secret} . {after}")


@for_all(texts)
def test_what_is_sanitised_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


CALLED_BY_ITS_STREET = Known(
    own=("Tilly Thornbury",),
    places=("12 Balmoral Pl", "7 Kestrel Way"),
    schools=("Balmoral Primary School", "Kestrel Academy"),
)


@pytest.mark.parametrize(
    ("text", "sanitised"),
    [
        ("They live at 12 Balmoral Pl with her.", "They live at [address] with her."),
        ("Seen on Balmoral Place.", "Seen on [address]."),
        ("Seen in Kestrel Way.", "Seen in [address]."),
        ("She goes to Balmoral Primary School.", "She goes to [school]."),
        ("She is late at Balmoral.", "She is late at [school]."),
        ("It is Balmoral Road School.", "It is [school]."),
    ],
)
def test_a_street_by_which_a_school_is_called_is_an_address(text: str, sanitised: str) -> None:
    assert clean(text, CALLED_BY_ITS_STREET) == sanitised

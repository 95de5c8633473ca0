"""Sanitising: contacts, numbers, places and other people go out of the text; what went is on
record, exactly.
"""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from router.steps import sanitising
from router.steps.sanitising import Known
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


_RUNS = ("a", "1", "a.", "1a-", "1 A-", "\u00e9'", "mum A, ", "Flat 1 ", "0 ", "a@a", "1 aa ")


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

"""Whatever is written: it is read, in time that grows with its length, and harm that is said stays
said.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from router.steps.same import Same
from router.steps.suggestion.reading import read
from schemas.rating import Colour
from tests.support import given

SAYS_SO = (
    "Dad hit her with a belt.",
    "She was strangled last night.",
    "The baby has a bruise on her cheek.",
    "He says he wants to die.",
    "Child found alone in the street.",
)
DENIES = (
    "There were no bruises.",
    "Nobody was stabbed.",
    "He denied that he had a knife.",
    "No concerns about self-harm.",
    "Mum has never been slapped.",
    "Weapons: none.",
    "If anyone hit him she would ring.",
)
_SMALL = (
    *("no", "not", "never", "he", "she", "dad", "mum", "hit", "hits", "bruise", "belt", "with"),
    *("a", "the", "her", "him", ".", ",", "?", ":", "and", "but", "if", "that", "when", "asked"),
    *("was", "were", "denied", "2009", "14", "knife", "kill", "arm", "won't", "\n"),
)
ENGLISH = st.lists(st.sampled_from(_SMALL), max_size=60).map(" ".join)


def severity(text: str) -> int:
    found = read(text, same=Same(given.profile()), year=2026).signs
    counted = [one.indicator.colour for one in found if not one.denied]
    return max((colour.severity for colour in counted), default=Colour.BLUE.severity)


@settings(max_examples=200)
@for_all(st.one_of(st.text(max_size=300), ENGLISH))
@example("'")
@example("\u2019s")
@example("n't 's 'll")
@example("1900 0 \u0663\u0662 \u00b2 IV")
def test_any_text_is_read(text: str) -> None:
    severity(text)


@for_all(
    st.sampled_from(SAYS_SO),
    st.lists(st.sampled_from(DENIES), min_size=1, max_size=4).map(" ".join),
    st.booleans(),
)
def test_a_sentence_that_denies_something_else_lowers_nothing(
    said: str, denies: str, before: bool
) -> None:
    text = f"{denies} {said}" if before else f"{said} {denies}"
    assert severity(text) >= severity(said)


LONG = {
    "one word": "her ",
    "one sentence": "nobody hit him with a belt and dad denied that he had a knife ",
    "denials that are none": "did not know no doubt ",
    "lists within lists": "the two year old little one ",
    "questions": "does dad hit you? no. ",
    "misspelt": "bruse strangeld puch ",
    "unbroken": "a",
    "dashes": "- ",
    "apostrophes": "'n't ",
}


def steps(work: Callable[[], object]) -> int:
    """How many lines of Python are run, which no other load on the machine changes."""
    count = 0

    def line(*_: object) -> Any:
        nonlocal count
        count += 1
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", LONG)
def test_twice_the_text_is_about_twice_the_work(name: str) -> None:
    same = Same(given.profile())

    def work(length: int) -> int:
        text = (LONG[name] * length)[:length]
        read(text, same=same, year=2026)
        return steps(lambda: read(text, same=same, year=2026))

    assert work(20_000) < 2.6 * work(10_000) + 2_000

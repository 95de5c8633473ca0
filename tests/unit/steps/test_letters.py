"""Letters have names: what a step calls one is its own, and no two of one outcome have the same."""

from __future__ import annotations

import pytest

from router.step import Outcome
from router.steps.link.doubts import reviews
from schemas.case import MergeSuggested
from schemas.letter import Letter, letter_id
from schemas.notification import Receipt, ReceiptStatus
from tests.support.given import policy


def letter(key: str) -> Letter:
    return Letter(key, agency="police", notice=Receipt(status=ReceiptStatus.ACCEPTED, id="m1"))


def test_two_letters_of_one_outcome_cannot_have_the_same_key() -> None:
    with pytest.raises(ValueError, match="same key"):
        Outcome(letters=(letter("product"), letter("recall"), letter("product")))


def test_a_letters_id_tells_its_cause_its_step_and_its_key_apart() -> None:
    assert len({letter_id(cause, "link", key="a") for cause in ("m1", "m2")}) == 2
    assert len({letter_id("m1", step, key="a") for step in ("link", "rate")}) == 2
    assert len({letter_id("m1", "link", key=key) for key in ("a", "b")}) == 2


def test_a_question_about_two_persons_is_one_letter_however_often_they_were_compared() -> None:
    doubt = MergeSuggested(
        person_id="p1",
        case_id="c1",
        other_person_id="p2",
        other_case_id="c2",
        score=9.0,
        reasons=("same telephone number",),
        model="m",
    )
    assert len(list(reviews([doubt, doubt], policy()))) == 1

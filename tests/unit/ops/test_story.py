"""What the demo's story says of one fact, to somebody who knows no word of the hub's."""

from __future__ import annotations

import pytest

from ops.demo.story import said
from schemas.case import LinkOutcome
from tests.support import given
from tests.support import products as product

NAMES = {"school": "Sample Schools", product.RECIPIENT: "Duty Team"}


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (LinkOutcome.NEW, "It is a child whom the hub has not known: Nobody like this is known."),
        (LinkOutcome.LINKED, "It is a child whom the hub knows: Nobody like this is known."),
        (
            LinkOutcome.REVIEW,
            "It may be a child whom the hub knows, and a human is asked: "
            "Nobody like this is known.",
        ),
    ],
)
def test_it_says_whether_the_child_was_known(outcome: LinkOutcome, words: str) -> None:
    assert said(given.linked(outcome=outcome), NAMES) == words


@pytest.mark.parametrize(
    ("owners", "words"),
    [((), "no items"), (("school",), "1 item"), (("school", "gp"), "2 items")],
)
def test_it_counts_as_people_do(owners: tuple[str, ...], words: str) -> None:
    drafted = product.drafted(*map(product.draft_item, owners))
    told = f"A product of {words} is drafted for Duty Team: {product.PURPOSE}."
    assert said(drafted, NAMES) == told


def test_it_says_of_what_leaves_no_more_than_that_it_does() -> None:
    """A Red waits for nobody."""
    assert said(product.approved(), NAMES) == "This leaves for Duty Team:"

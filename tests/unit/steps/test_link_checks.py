"""Hop 3: what is stated of a child is compared with what was known of that child before (L6)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from schemas.case import ConcernFollowed, LinkCorrected
from schemas.person import Name, PartialDate, RelatedPerson
from tests.support.given import child
from tests.support.linking import Linking, another, of

JOAN = RelatedPerson(name=Name(given_name=("Joan",), family_name=("Pym",)), relationship="mother")


@pytest.mark.parametrize(
    ("changes", "checked"),
    [
        ({}, {"name": "agrees", "date_of_birth": "agrees", "relation": "agrees"}),
        (
            {"name": (Name(given_name=("Jilly",), family_name=("Thornbury",)),)},
            {"name": "differs", "date_of_birth": "agrees", "relation": "agrees"},
        ),
        (
            {"date_of_birth": PartialDate(date=dt.date(2018, 3, 2))},
            {"name": "agrees", "date_of_birth": "differs", "relation": "agrees"},
        ),
        ({"date_of_birth": None, "related_person": ()}, {"name": "agrees"}),
        (
            {"related_person": (JOAN,)},
            {"name": "agrees", "date_of_birth": "agrees", "relation": "differs"},
        ),
    ],
)
def test_a_link_says_what_of_what_was_stated_agrees(
    linking: Linking, changes: dict[str, Any], checked: dict[str, str]
) -> None:
    assert linking.referral("r1").checked == {}
    linked = linking.referral("r2", child().model_copy(update=changes))
    assert linked.outcome == "linked"
    assert linked.checked == checked


def test_a_referral_that_is_moved_is_compared_with_the_child_whom_it_is_about_now(
    linking: Linking,
) -> None:
    linking.referral("r1")
    other = linking.referral("r2", another()).person_id
    (moved,) = of(LinkCorrected, linking.link("r1", other).facts)
    assert moved.checked["name"] == "differs"
    (confirmed,) = of(LinkCorrected, linking.link("r1", other, id_="d-again").facts)
    assert (confirmed.checked, confirmed.in_doubt) == ({}, False)


def test_a_link_is_in_doubt_again_once_the_only_decision_about_it_is_taken_back(
    linking: Linking,
) -> None:
    linking.referral("r1")
    other = linking.referral("r2", another()).person_id
    linking.link("r1", other)
    (back,) = of(LinkCorrected, linking.undo("d-link").facts)
    assert back.in_doubt


def test_the_latest_of_a_childs_referrals_is_told_apart_from_the_earlier_ones(
    linking: Linking,
) -> None:
    for id_ in ("r1", "r2"):
        linking.referral(id_)
    told = of(ConcernFollowed, linking.hear_referral("r3").facts)
    assert {one.referral_id: one.latest for one in told} == {"r1": False, "r2": True}

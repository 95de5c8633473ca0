"""Requests of hop 4b: made, rated, and answered."""

from __future__ import annotations

import datetime as dt
from typing import Any

from router.step import Outcome
from router.steps.request_information import decide as request_information
from schemas.base import Fact
from schemas.case import ChildLinked, LinkOutcome
from schemas.information import (
    InformationItem,
    InformationReceived,
    InformationRequested,
    InformationResponse,
    RequestPlan,
    RequestsPrepared,
    Sensitivity,
)
from schemas.message import derived_id
from schemas.notices import (
    RequestChange,
)
from schemas.policy import Policy
from schemas.rating import Colour
from tests.support import given
from tests.support.given import Given

HOUR = dt.timedelta(hours=1)


def asking(policy: Policy | None = None) -> Given:
    return Given(request_information.STEP, policy)


def request_id(agency: str) -> str:
    return derived_id("request", "ref-1", agency)


def item(item_id: str = "1", owner: str = "school", **changes: Any) -> InformationItem:
    told = {
        "item_id": item_id,
        "owner": owner,
        "text": "Attendance is 62%.",
        "sensitivity": Sensitivity.ROUTINE,
        "may_be_revealed": True,
        "may_leave": True,
    }
    return InformationItem.model_validate(told | changes)


def answer(agency: str = "school", *items: InformationItem, **changes: Any) -> InformationReceived:
    told = {
        "request_id": request_id(agency),
        "referral_id": "ref-1",
        "case_id": "case-1",
        "known": bool(items),
        "items": items,
        "answered_by": "D. Safeguarding-Lead",
    }
    return InformationReceived(
        agency=agency, response=InformationResponse.model_validate(told | changes)
    )


def requested(outcome: Outcome[Any]) -> InformationRequested:
    (fact,) = given.of(InformationRequested, outcome.facts)
    return fact


def asked(outcome: Outcome[Any]) -> list[str]:
    return [request.agency for request in requested(outcome).requests]


RED, AMBER, GREEN, BLUE = (
    given.assigned(colour) for colour in (Colour.RED, Colour.AMBER, Colour.GREEN, Colour.BLUE)
)


FULL = ["school", "gp", "childrens_social_care"]
"""All of the level but the police, which notified, and health visiting: the child is eight."""


EVERY = ["police", "school", "gp", "health_visiting", "childrens_social_care"]


def prepared(outcome: Outcome[Any]) -> RequestPlan:
    (fact,) = given.of(RequestsPrepared, outcome.facts)
    return fact.plan


def rated(*ratings: Fact, **changes: Any) -> Outcome[Any]:
    """What leaves when a referral about domestic abuse is rated."""
    return asking().given(given.linked(**changes)).when(*(ratings or (AMBER,)))


def in_review() -> ChildLinked:
    return given.linked(outcome=LinkOutcome.REVIEW)


def changes(outcome: Outcome[Any]) -> dict[str, RequestChange]:
    notices = (letter.notice for letter in outcome.letters)
    return {one.agency: one for one in given.of(RequestChange, notices)}

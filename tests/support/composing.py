"""What products are composed of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from router.steps.compose import decide as compose
from schemas.base import Fact
from schemas.gathering import Level
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationRequest,
    InformationRequested,
    InformationVolunteered,
    Sensitivity,
)
from schemas.message import Message
from schemas.person import Person
from schemas.policy import Policy
from schemas.product import (
    ProductDrafted,
)
from schemas.rating import Colour, RatingAssigned, RatingSuggested
from tests.support import given
from tests.support.given import NOON, Given

HOUR = dt.timedelta(hours=1)


def composing() -> Given:
    return Given(compose.STEP)


def suggested(colour: Colour) -> RatingSuggested:
    return RatingSuggested(
        referral_id="ref-1",
        case_id="case-1",
        colour=colour,
        reasons=("A sign.",),
        profile="Sample Borough 2026.2",
        decision_due_at=NOON + HOUR,
        product_due_at=NOON + HOUR,
    )


def assigned(colour: Colour, at: dt.datetime = NOON) -> Message:
    fact = RatingAssigned(
        referral_id="ref-1",
        case_id="case-1",
        colour=colour,
        previous=None,
        confirmed=False,
        decided_by="S. Worker",
        rationale="As seen",
        profile="Sample Borough 2026.2",
        product_due_at=NOON + HOUR,
    )
    return given.message(fact, at=at)


def requested(*agencies: str, level: Level = Level.FULL) -> InformationRequested:
    return InformationRequested(
        referral_id="ref-1",
        case_id="case-1",
        level=level,
        reasons=("A sign.",),
        profile="Sample Borough 2026.2",
        requests=tuple(map(_request, agencies)),
    )


def _request(agency: str) -> InformationRequest:
    return InformationRequest(
        identifier=f"request-{agency}",
        referral_id="ref-1",
        case_id="case-1",
        agency=agency,
        level=Level.FULL,
        summary="A sign.",
        purpose="To help",
        legal_basis="Children Act 1989",
        consent="not_sought",
        facts_checked="As stated",
        sharing_policy="ISA",
        due_at=NOON + HOUR,
        child=Person(),
    )


def item(owner: str, text: str = "Attends rarely.", **changes: Any) -> InformationItem:
    told = {
        "item_id": f"item-{owner}",
        "owner": owner,
        "text": text,
        "sensitivity": Sensitivity.ROUTINE,
        "may_be_revealed": True,
        "may_leave": True,
    }
    return InformationItem.model_validate(told | changes)


def answered(agency: str, *items: InformationItem, late: bool = False) -> InformationAnswered:
    return InformationAnswered(
        referral_id="ref-1",
        case_id="case-1",
        request_id=f"request-{agency}",
        agency=agency,
        known=bool(items),
        items=items,
        answered_by="D. Lead",
        late=late,
    )


def missing(agency: str) -> InformationMissing:
    return InformationMissing(
        referral_id="ref-1",
        case_id="case-1",
        request_id=f"request-{agency}",
        agency=agency,
        due_at=NOON + HOUR,
    )


def drafts(facts: Iterable[Fact], *, urgent: bool = False) -> list[ProductDrafted]:
    return [draft for draft in given.of(ProductDrafted, facts) if draft.urgent is urgent]


AMBER: list[Fact | Message] = [
    given.linked(),
    suggested(Colour.AMBER),
    requested("school", "gp"),
    answered("school", item("school")),
    missing("gp"),
    assigned(Colour.AMBER),
]


def at_once() -> Policy:
    """A borough that tells the front line of a Red on the suggestion."""
    shipped = given.profile()
    red = shipped.colours[Colour.RED].model_copy(update={"at_once_on": "suggestion"})
    changed = {"colours": shipped.colours | {Colour.RED: red}}
    return given.policy(profile_=shipped.model_copy(update=changed))


def volunteered(*items: InformationItem) -> InformationVolunteered:
    return InformationVolunteered(
        referral_id="ref-1",
        case_id="case-1",
        volunteered_id="offer-1",
        agency="housing",
        items=items,
        volunteered_by="H. Officer",
    )

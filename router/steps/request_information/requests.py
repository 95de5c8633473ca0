"""What a lawful request says, and by when to answer (R24, R25, L5, L6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from router.steps.asking import Concern, checks_of, level_of, overrule, told_to
from router.steps.identity import as_person
from router.steps.now import Now
from router.steps.request_information.state import STEP_NAME, Asked, Rating
from schemas.base import Code
from schemas.gathering import Overrule, RuledOut
from schemas.information import InformationRequest
from schemas.letter import Letter, letter_id
from schemas.message import derived_id


def requests_to(
    agencies: Iterable[Code], concern: Concern, *, rating: Rating, case_id: str, now: Now
) -> Iterator[InformationRequest]:
    """A request for each agency that may be asked, on its agreement and the legal basis."""
    for agency in agencies:
        agreement, told = now.agreement_with(agency), told_to(agency, concern, now=now)
        assert agreement is not None
        yield InformationRequest(
            identifier=derived_id("request", concern.referral_id, agency, *rating.further),
            case_id=case_id,
            agency=agency,
            level=level_of(rating.colour, rating, now=now),
            purpose=now.profile.request_purpose,
            facts_checked=now.profile.request_facts_checked,
            checks=checks_of(concern),
            sharing_policy=agreement.reference,
            due_at=_due(agency, rating, now=now),
            question=rating.question,
            **_basis(agency, concern, rating=rating, now=now),
            about=told,
            **concern.shared(InformationRequest)
            | {
                "child": as_person(told),
                "summary": concern.told_at(rating.colour, rating.concern),
            },
        )


def asked_of(requests: Iterable[InformationRequest], *, cause: str, now: Now) -> Iterator[Asked]:
    """What is remembered of requests that leave by the message ``cause``."""
    for one in requests:
        yield Asked(
            request_id=one.identifier,
            agency=one.agency,
            due_at=one.due_at,
            **own_time_of(one.agency, one.due_at, now=now),
            letter=letter_id(cause, STEP_NAME, key=letter_of(one).key),
        )


def own_time_of(agency: Code, due_at: dt.datetime, *, now: Now) -> dict[str, Any]:
    """The clock of a request from now on, in the agency's own time."""
    own = now.until(due_at, now.openings_of(agency))
    warns_at = own.at(now.profile.warn_at)
    near = warns_at if warns_at < due_at else None
    return {"started_at": now.at, "own": own.length, "approaching_at": near}


def letter_of(request: InformationRequest) -> Letter:
    """The letter that takes it to its agency."""
    return Letter(f"request/{request.agency}", agency=request.agency, notice=request)


def _due(agency: Code, rating: Rating, *, now: Now) -> dt.datetime:
    """An agency has a share of its own time until the products are due (R25)."""
    if rating.due_at is not None:
        return rating.due_at
    until = rating.product_due_at
    if until is None or until <= now.at:
        until = now.due(rating.colour)
    return now.answer_time(agency, until, share=now.profile.answer_share).due


def _basis(agency: str, concern: Concern, *, rating: Rating, now: Now) -> dict[str, str]:
    """The rating's own legal basis; where consent was refused, the one that was given instead."""
    rule = now.rule(rating.colour)
    instead: Overrule | None = None
    if concern.consent == "refused" and not rule.without_consent:
        instead = overrule(agency, RuledOut.CONSENT_REFUSED, chosen=rating) or concern.instead
    if instead is None or instead.legal_basis is None:
        return {"legal_basis": rule.legal_basis}
    return {"legal_basis": instead.legal_basis, "basis_reason": instead.rationale}

"""What a lawful request for information says, whom it may be put to, and by when to answer (R24,
R25, L6).
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from router.steps import deadlines
from schemas.base import Code, Identity, Prose, Shape
from schemas.case import ChildLinked
from schemas.information import InformationRequest, NotAsked
from schemas.message import derived_id
from schemas.person import Person
from schemas.policy import Agreement, ColourRule, Policy
from schemas.rating import Colour


class Concern(Shape):
    """What a request says of the concern; the narrative stays with its owner."""

    referral_id: Identity
    notifier: Code
    summary: Prose
    consent: Literal["given", "refused", "not_sought"]
    child: Person


def concern_of(linked: ChildLinked, reasons: tuple[str, ...]) -> Concern:
    """The concern of a referral; ``reasons`` in the profile's words."""
    told = linked.notification.parents_informed
    return Concern(
        referral_id=linked.referral_id,
        notifier=linked.agency,
        summary=" ".join(reasons),
        consent=told.consent if told else "not_sought",
        child=_identity(linked.notification.subject),
    )


def _identity(child: Person) -> Person:
    """Who is asked about and no more: no address, which may be a safe one (L7).

    The family is named only where a child cannot be found otherwise: unborn, or without a name
    (R3).
    """
    born = child.date_of_birth is not None and not child.date_of_birth.expected
    return Person(
        identifier=child.identifier,
        name=child.name,
        date_of_birth=child.date_of_birth,
        sex_code=child.sex_code,
        related_person=() if born and child.name else child.related_person,
    )


def agreement_with(
    agency: str, notifier: str, today: dt.date, policy: Policy
) -> Agreement | NotAsked:
    """What a request to this agency would stand on (R50), or why it is not asked."""
    if agency == notifier:
        return NotAsked(agency=agency, reason="It notified the hub of this concern itself.")
    partner = policy.partners.get(agency)
    if partner is None:
        return NotAsked(agency=agency, reason="It is not a partner of this hub.")
    if partner.agreement is None or not partner.agreement.in_force(today):
        return NotAsked(agency=agency, reason="It has no information-sharing agreement in force.")
    return partner.agreement


def answers_due(colour: Colour, at: dt.datetime, policy: Policy) -> dt.datetime:
    """Agencies have a share of the rating's own time (R25)."""
    profile = policy.profile
    until = deadlines.due(profile.colours[colour].time_allowed, at, profile.calendar)
    return deadlines.share_of(at, until, profile.answer_share)


def requests_to(
    agreements: dict[str, Agreement],
    rule: ColourRule,
    case_id: str,
    concern: Concern,
    due_at: dt.datetime,
    policy: Policy,
) -> tuple[InformationRequest, ...]:
    """One request for each agency, on the agreement that it signed and the legal basis of the
    rating.
    """
    return tuple(
        InformationRequest(
            identifier=derived_id("request", concern.referral_id, agency),
            referral_id=concern.referral_id,
            case_id=case_id,
            agency=agency,
            level=rule.level,
            summary=concern.summary,
            purpose=policy.profile.request_purpose,
            legal_basis=rule.legal_basis,
            consent=concern.consent,
            facts_checked=policy.profile.request_facts_checked,
            sharing_policy=agreement.reference,
            due_at=due_at,
            child=concern.child,
        )
        for agency, agreement in agreements.items()
    )

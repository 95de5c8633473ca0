"""What a lawful request says, whom it may be put to, and by when to answer (R24, R25, L6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from router.steps import deadlines
from router.steps.now import Now
from schemas.base import Code, Prose, ReferralId
from schemas.case import ChildLinked
from schemas.information import InformationRequest, NotAsked
from schemas.message import derived_id
from schemas.person import Person
from schemas.policy import Agreement
from schemas.rating import Colour


class Concern(ReferralId):
    """What a request says of the concern; the narrative stays with its owner."""

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

    The family is named only for who cannot be found otherwise: unborn, or without a name (R3).
    """
    born = child.date_of_birth is not None and not child.date_of_birth.expected
    return Person(
        identifier=child.identifier,
        name=child.name,
        date_of_birth=child.date_of_birth,
        sex_code=child.sex_code,
        related_person=() if born and child.name else child.related_person,
    )


def requests_to(
    agencies: Iterable[str], concern: Concern, *, colour: Colour, case_id: str, now: Now
) -> tuple[list[InformationRequest], list[NotAsked]]:
    """A request for each agency, on its agreement and the rating's legal basis, or why none.

    Agencies have a share of the rating's own time to answer (R25).
    """
    requests, not_asked = [], []
    profile, rule, told = now.profile, now.rule(colour), concern.shared(InformationRequest)
    due_at = deadlines.share_of(now.at, now.due(colour), share=profile.answer_share)
    for agency in agencies:
        agreement = _agreement_with(agency, notifier=concern.notifier, now=now)
        if isinstance(agreement, NotAsked):
            not_asked.append(agreement)
            continue
        request = InformationRequest(
            identifier=derived_id("request", concern.referral_id, agency),
            case_id=case_id,
            agency=agency,
            level=rule.level,
            purpose=profile.request_purpose,
            legal_basis=rule.legal_basis,
            facts_checked=profile.request_facts_checked,
            sharing_policy=agreement.reference,
            due_at=due_at,
            **told,
        )
        requests.append(request)
    return requests, not_asked


def _agreement_with(agency: str, *, notifier: str, now: Now) -> Agreement | NotAsked:
    """What a request to this agency would stand on (R50), or why it is not asked."""
    if agency == notifier:
        return NotAsked(agency=agency, reason="It notified the hub of this concern itself.")
    if agency not in now.policy.partners:
        return NotAsked(agency=agency, reason="It is not a partner of this hub.")
    return now.agreement_with(agency) or NotAsked(
        agency=agency, reason="It has no information-sharing agreement in force."
    )

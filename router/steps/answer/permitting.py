"""Whether an enquiry is valid under the agreement that it names: permit, deny, or a human's review.

It says whether it may be asked, not whether an answer is safe (draft MAIS standard).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from router.steps.asking import WHY, is_identified
from router.steps.now import Now
from router.steps.permitted import may_enquire
from schemas.enquiries import Enquiry
from schemas.gathering import RuledOut
from schemas.policy import Agreement, EnquiryTerms

NOT_COVERED = "The agreement covers no enquiries."
NOT_LET = "The access rules do not let this agency's system ask."
NOT_NAMED = "The request does not name the agreement that it would stand on."
OTHER_PURPOSE = "The agreement does not cover this purpose."
COVERED = "The agreement covers this purpose."
FOR_A_HUMAN = "The agreement leaves this purpose to a human."


@dataclass(frozen=True, slots=True)
class Denied:
    """Nobody is looked up."""

    reason: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """The child is looked up; ``review``: a human has to permit the answer."""

    decision: Literal["permit", "review"]
    reason: str
    agreement: Agreement
    terms: EnquiryTerms


def by_policy(enquiry: Enquiry, agency: str, *, now: Now) -> Admitted | Denied:
    """What the agreement in force says of this request by this agency."""
    agreement = now.agreement_with(agency)
    if agreement is None:
        return Denied(WHY[RuledOut.NO_AGREEMENT])
    terms = agreement.enquiries
    if terms is None:
        return Denied(NOT_COVERED)
    if not may_enquire(now.policy, agency, on=now.today):
        return Denied(NOT_LET)
    if agreement.reference not in enquiry.sharing_policy:
        return Denied(NOT_NAMED)
    purpose = _folded(enquiry.asserted_purpose)
    reviewed = purpose in map(_folded, terms.review)
    if not reviewed and purpose not in map(_folded, terms.permit):
        return Denied(OTHER_PURPOSE)
    if not is_identified(enquiry.query):
        return Denied(WHY[RuledOut.NOT_IDENTIFIED])
    if reviewed:
        return Admitted("review", FOR_A_HUMAN, agreement, terms)
    return Admitted("permit", COVERED, agreement, terms)


def _folded(purpose: str) -> str:
    return " ".join(purpose.casefold().split())

"""Who was told of a referral, and may disagree about it: noted fact by fact, in whatever order they
come.
"""

from __future__ import annotations

from router.steps.cases import Cases
from router.steps.disagreement.state import Disputes
from router.steps.now import Now
from schemas.case import ChildLinked, LinkCorrected, Worker
from schemas.checks import ChecksRequested, ChecksRevised
from schemas.gathering import RuledOut
from schemas.handover import HandoverGiven
from schemas.information import InformationRequested
from schemas.message import Message
from schemas.product import ApprovalWithdrawn, ItemWithheld, ProductApproved, ProductReleased
from schemas.rating import RatingAssigned

TELLS = (
    ChildLinked,
    LinkCorrected,
    HandoverGiven,
    RatingAssigned,
    InformationRequested,
    ChecksRequested,
    ChecksRevised,
    ItemWithheld,
    ProductApproved,
    ApprovalWithdrawn,
    ProductReleased,
)


def noted(state: Disputes, message: Message, *, now: Now) -> Disputes:
    """The state with the fact noted; the very same where it says nothing new."""
    match message.data:
        case ChildLinked() as linked:
            known = _of_case(state, linked.case_id)
            return known.telling(linked.agency, *_desk(linked.allocated_to, now))
        case LinkCorrected() as correction:
            cases = Cases.corrected(state.cases, correction, at=now.at)
            known = state.model_copy(update={"cases": cases})
            return known.telling(*_desk(correction.allocated_to, now))
        case HandoverGiven(worker=worker) as given:
            return _of_case(state, given.case_id).telling(*_desk(worker, now))
    known = _of_case(state, message.data.of_case) if state.cases is None else state
    return _noted(known, message, now=now)


def _of_case(state: Disputes, case_id: str | None) -> Disputes:
    """Of the case that the referral was linked to, or that it is of where nothing else is known."""
    if case_id is None:
        return state
    return state.model_copy(update={"cases": Cases.linked(state.cases, case_id)})


def _noted(state: Disputes, message: Message, *, now: Now) -> Disputes:
    match message.data:
        case RatingAssigned(colour=colour):
            return state.model_copy(update={"colour": colour})
        case ProductApproved(recipient=recipient, items=items, signposts=signposts):
            known = state.telling(*(one.owner for one in items))
            return known.signposting(recipient, (one.owner for one in signposts))
        case ApprovalWithdrawn(recipient=recipient, signpost=signpost) if signpost:
            return state.signposting(recipient, (signpost.owner,))
    return state.telling(*_told(message, now))


def _told(message: Message, now: Now) -> tuple[str, ...]:
    match message.data:
        case InformationRequested(requests=requests, not_asked=left):
            adult = any(one.code is RuledOut.ADULT for one in left)
            services = now.profile.adult_services if adult else None
            return (*(one.agency for one in requests), *filter(None, (services,)))
        case ChecksRequested(requests=requests) | ChecksRevised(requests=requests):
            return tuple(one.agency for one in requests)
        case ItemWithheld(owner=owner):
            return (owner,)
        case ProductReleased(recipient=recipient):
            return (recipient,)
    return ()


def _desk(worker: Worker | None, now: Now) -> tuple[str, ...]:
    """The team of the child's allocated worker, which is handed the referral."""
    return (worker.team,) if worker and worker.team in now.policy.partners else ()

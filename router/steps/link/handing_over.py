"""What of a notification the worker of its child is handed: what its owner agreed (R9, R30).

Never what it does not reveal, does not let leave, or flagged as restricted.
"""

from __future__ import annotations

from typing import TypeVar

from router.steps.identity import unprotected
from router.steps.link.register import Evidence
from router.steps.sanitising import known_of, sanitise
from router.steps.sharing import NOT_TOLD, TO_DO, revealed
from schemas.case import ChildLinked, Worker
from schemas.letter import Letter
from schemas.notices import Handover
from schemas.notification import Notification
from schemas.person import Person
from schemas.policy import HandoverRule, Policy
from schemas.sharing import Part, Sensitivity, Sharing

_S = TypeVar("_S", Sharing, Part, Sharing | None)


def handover(fact: ChildLinked, policy: Policy) -> Letter | None:
    """The referral for the child's own worker, if there is one (R9)."""
    if fact.allocated_to is None:
        return None
    notice = Handover(
        referral_id=fact.referral_id,
        case_id=fact.case_id,
        agency=fact.agency,
        worker=fact.allocated_to,
        notification=handed(fact.notification, _rule(fact.agency, policy), family=fact.family),
        concern_id=fact.first_told,
        to_do=TO_DO,
        contact=policy.partners[policy.lead_agency].signpost_contact,
    )
    desk = policy.desk_of(fact.allocated_to.team)
    return Letter(f"handover/{fact.referral_id}", agency=desk, notice=notice)


def outlined(piece: Evidence, worker: Worker, *, policy: Policy) -> Letter:
    """The referral for the worker of a child whom it was found to be about: linking keeps no more
    of it than who the child is, and the rest is put in as it is handed out.
    """
    notice = Handover(
        referral_id=piece.id,
        case_id=piece.case_id,
        agency=piece.agency,
        worker=worker,
        notification=Notification(
            reference=piece.reference,
            observed_at=piece.observed_at,
            subject=_who(unprotected(piece.child)),
            narrative=NOT_TOLD,
        ),
        to_do=TO_DO,
        contact=policy.partners[policy.lead_agency].signpost_contact,
        outlined=True,
    )
    return Letter(f"handover/{piece.id}", agency=policy.desk_of(worker.team), notice=notice)


def _rule(agency: str, policy: Policy) -> HandoverRule:
    partner = policy.partners.get(agency)
    agreed = partner.agreement if partner else None
    return agreed.handover if agreed else HandoverRule.IDENTITY


def handed(
    notification: Notification, rule: HandoverRule, *, family: tuple[Person, ...] = ()
) -> Notification:
    """The notification with what the rule lets be handed over of it, and no more.

    Where somebody hides is in none (L7). ``family``: as :attr:`ChildLinked.family`.
    """
    said = revealed(notification)
    said = said.model_copy(
        update={"subject": unprotected(said.subject), "sharing": _told_nobody(said.sharing)}
    )
    parts = tuple(_told_nobody(part) for part in said.parts if _goes(part))
    told = _goes(said.kept)
    if rule is HandoverRule.FULL:
        if told:
            return said.model_copy(update={"parts": parts})
        changes = {"narrative": NOT_TOLD, "parts": parts, "set_aside": ()}
        return said.model_copy(update=changes)
    less = {"subject": _who(said.subject), "narrative": NOT_TOLD, "parts": (), "set_aside": ()}
    if rule is HandoverRule.SANITISED:
        known = known_of(notification.subject, *family)
        less["parts"] = tuple(
            part.model_copy(update={"text": sanitise(part.text, known=known).text})
            for part in parts
        )
        if told:
            less["narrative"] = sanitise(said.narrative, known=known).text
    return said.model_copy(update=less)


def _goes(kept: Sharing) -> bool:
    """Whether its owner lets it leave the hub at all."""
    return kept.may_leave and kept.sensitivity is not Sensitivity.RESTRICTED


def _told_nobody(kept: _S) -> _S:
    """Why its owner keeps something back, and to whom it is named, tell of that: they are the
    owner's alone.
    """
    if kept is None:
        return kept
    return kept.model_copy(update={"reason": None, "signpost": None, "signpost_to": ()})


def _who(child: Person) -> Person:
    """Who the child is, and not where (L7)."""
    return Person(
        identifier=child.identifier,
        name=child.name,
        date_of_birth=child.date_of_birth,
        sex_code=child.sex_code,
    )

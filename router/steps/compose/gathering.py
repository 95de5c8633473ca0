"""What composing knows of a referral, noted fact by fact: they come in any order."""

from __future__ import annotations

import datetime as dt
from operator import not_

from pydantic import Field

from router.steps import thresholds
from router.steps.cases import Cases
from router.steps.compose.sanitise import Known, known_of
from schemas.base import Identity, Instant, Shape
from schemas.case import ChildLinked, LinkCorrected
from schemas.gathering import Level
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationRequested,
    RequestId,
    Sensitivity,
)
from schemas.message import Message, derived_id
from schemas.person import Person
from schemas.policy import BoroughProfile
from schemas.rating import Colour, RatingAssigned, RatingSuggested


class Notified(Shape):
    """The notification as an item of its agency, and the names and places that it gives."""

    item: InformationItem
    known: Known
    reference: Identity | None = Field(default=None, exclude_if=not_)
    """Under which its agency knows the child."""
    child: Person | None = Field(default=None, exclude_if=not_)
    """As its agency told it; documents of old lack it."""


class Answer(RequestId):
    """What came in for one request."""

    items: tuple[InformationItem, ...]


class Gathering(Shape):
    """What is known of a referral so far, and what was drafted from it for its present case."""

    cases: Cases | None = None
    notified: Notified | None = None
    """None until the link is heard, and where the child's own social worker has it (R9)."""
    suggested: Colour | None = None
    assigned: Colour | None = None
    assigned_at: Instant | None = None
    needs: Level = Level.NONE
    """What the rating assigned gathers; it may be heard before the further requests are."""
    requested: Level | None = None
    asked: tuple[Identity, ...] = ()
    missing: tuple[Identity, ...] = ()
    answers: tuple[Answer, ...] = ()
    at_once: Colour | None = None
    """The most severe colour for which front-line recipients were told at once."""
    drafted: Colour | None = None
    """The most severe colour for which the ordinary products were drafted."""
    products: tuple[Identity, ...] = ()


def noted(state: Gathering, message: Message, *, profile: BoroughProfile) -> Gathering:
    """The state with the fact noted; the very same state when it says nothing new."""
    match message.data:
        case ChildLinked() as linked if state.notified is None and linked.allocated_to is None:
            cases = Cases.linked(state.cases, linked.case_id)
            return state.model_copy(update={"cases": cases, "notified": _notified(linked)})
        case LinkCorrected() as correction:
            cases = Cases.corrected(state.cases, correction, at=message.time)
            return state if cases == state.cases else state.model_copy(update={"cases": cases})
        case RatingSuggested(colour=colour) if state.suggested is None:
            return state.model_copy(update={"suggested": colour})
        case RatingAssigned(colour=colour, level=level):
            needs = level or profile.colours[colour].level
            return _assigned(state, colour, at=message.time, needs=needs)
        case InformationRequested() as requested:
            return _requested(state, requested)
        case InformationAnswered() as answered:
            return _answered(state, Answer(**answered.shared(Answer)))
        case InformationMissing(request_id=request_id) if request_id not in state.missing:
            return state.model_copy(update={"missing": (*state.missing, request_id)})
    return state


def _notified(linked: ChildLinked) -> Notified:
    item = InformationItem(
        item_id=derived_id("notification", linked.referral_id),
        owner=linked.agency,
        text=linked.notification.narrative,
        sensitivity=Sensitivity.SENSITIVE,
        may_be_revealed=True,
        may_leave=True,
    )
    said = linked.notification
    return Notified(
        item=item, known=known_of(said.subject), reference=said.reference, child=said.subject
    )


def _assigned(state: Gathering, colour: Colour, *, at: dt.datetime, needs: Level) -> Gathering:
    """The latest rating counts, whenever heard; of two at one moment the more severe."""
    if state.assigned is not None and state.assigned_at is not None:
        stands = (state.assigned_at, state.assigned.severity)
        if stands >= (at, colour.severity):
            return state
    return state.model_copy(update={"assigned": colour, "assigned_at": at, "needs": needs})


def _requested(state: Gathering, requested: InformationRequested) -> Gathering:
    asked = (request.identifier for request in requested.requests)
    new = [id_ for id_ in asked if id_ not in state.asked]
    level = requested.level
    if state.requested is not None and not thresholds.deeper(level, state.requested):
        level = state.requested
    if not new and level is state.requested:
        return state
    return state.model_copy(update={"requested": level, "asked": (*state.asked, *new)})


def _answered(state: Gathering, new: Answer) -> Gathering:
    if any(answer.request_id == new.request_id for answer in state.answers):
        return state
    return state.model_copy(update={"answers": (*state.answers, new)})

"""What composing knows of a referral, noted fact by fact: they come in any order."""

from __future__ import annotations

import datetime as dt
from operator import not_

from pydantic import Field

from router.steps import thresholds
from router.steps.cases import Cases
from router.steps.compose.sanitise import Known, known_of
from schemas.base import Code, Identity, Instant, Shape
from schemas.case import ChildLinked, LinkCorrected
from schemas.gathering import Level
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationRequested,
    InformationVolunteered,
    RequestCancelled,
    RequestId,
)
from schemas.message import Message, derived_id
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.person import Person
from schemas.policy import BoroughProfile
from schemas.rating import Colour, RatingAssigned, RatingSuggested
from schemas.sharing import Sharing


class HeldItem(InformationItem):
    """An item as it was told; ``held_by``: who told it, where that says it is another agency's."""

    held_by: Code | None = Field(default=None, exclude_if=lambda code: code is None)

    @property
    def told_by(self) -> str:
        """Who told it."""
        return self.held_by or self.owner


class Notified(Shape):
    """The notification as an item of its agency, and the names and places that it gives."""

    item: HeldItem
    parts: tuple[HeldItem, ...] = ()
    """What it says under flags of its own."""
    known: Known
    reference: Identity | None = Field(default=None, exclude_if=not_)
    """Under which its agency knows the child."""
    child: Person | None = Field(default=None, exclude_if=not_)
    """As its agency told it; documents of old lack it."""

    @property
    def items(self) -> tuple[HeldItem, ...]:
        """All that it says."""
        return (self.item, *self.parts)


class Answer(RequestId):
    """What came in for one request, or was volunteered; then under an id of its own."""

    items: tuple[HeldItem, ...]


def _held(item: InformationItem, told_by: str) -> HeldItem:
    held_by = told_by if item.owner != told_by else None
    return HeldItem(held_by=held_by, **item.shared(InformationItem))


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
    """Requests whose answers are not waited for: they are late, or were cancelled."""
    answers: tuple[Answer, ...] = ()
    at_once: Colour | None = None
    """The most severe colour for which front-line recipients were told at once."""
    drafted: Colour | None = None
    """The most severe colour for which the ordinary products were drafted."""
    products: tuple[Identity, ...] = ()
    closed: bool = Field(default=False, exclude_if=not_)
    """Nothing more is drafted until the referral is open again."""


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
        case ReferralClosed() if not state.closed:
            return state.model_copy(update={"closed": True})
        case ReferralReopened() if state.closed:
            return state.model_copy(update={"closed": False})
        case _:
            return _heard(state, message)


def _heard(state: Gathering, message: Message) -> Gathering:
    """The same of what is asked and of what comes of it."""
    match message.data:
        case InformationRequested() as requested:
            return _requested(state, requested)
        case InformationAnswered() as answered:
            items = tuple(_held(item, answered.agency) for item in answered.items)
            return _answered(state, Answer(request_id=answered.request_id, items=items))
        case InformationVolunteered() as told:
            items = tuple(_held(item, told.agency) for item in told.items)
            return _answered(state, Answer(request_id=told.volunteered_id, items=items))
        case InformationMissing(request_id=id_) if id_ not in state.missing:
            return state.model_copy(update={"missing": (*state.missing, id_)})
        case RequestCancelled(request_id=id_, closing=closing) if id_ not in state.missing:
            closed = state.closed or closing
            return state.model_copy(update={"missing": (*state.missing, id_), "closed": closed})
    return state


def _notified(linked: ChildLinked) -> Notified:
    said = linked.notification
    item_id = derived_id("notification", linked.referral_id)
    return Notified(
        item=_own(linked, said.kept, said.narrative, item_id=item_id),
        parts=tuple(
            _own(linked, part, part.text, item_id=derived_id(item_id, str(number)))
            for number, part in enumerate(said.parts, start=1)
        ),
        known=known_of(said.subject),
        reference=said.reference,
        child=said.subject,
    )


def _own(linked: ChildLinked, kept: Sharing, text: str, *, item_id: str) -> HeldItem:
    told = kept.shared(HeldItem) | {"text": text}
    return HeldItem(item_id=item_id, owner=linked.agency, **told)


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

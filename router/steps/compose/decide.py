"""Hop 5: draft a product for each recipient, of the items that are proportionate to the rating
(R19, R31 to R38).

The facts of the other steps come in any order, and so each is noted first, and then what is
complete is drafted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from router.step import Outcome, Step
from router.steps import cases as referral_cases
from router.steps import thresholds
from router.steps.cases import Cases
from router.steps.compose.sanitise import Known, Sanitised, known_of, sanitise
from router.steps.compose.weighing import weigher
from schemas.base import Identity, Instant, Shape
from schemas.case import ChildLinked, LinkCorrected
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationRequested,
    Level,
    Sensitivity,
)
from schemas.message import Message, derived_id
from schemas.policy import Policy, Recipient
from schemas.product import DraftItem, ProductDrafted, ProductVoided, Weighing, release_digest
from schemas.rating import Colour, RatingAssigned, RatingSuggested


class Notified(Shape):
    """The notification as an item of its agency, and the names and places that it gives."""

    item: InformationItem
    known: Known


class Answer(Shape):
    """What came in for one request."""

    request_id: Identity
    items: tuple[InformationItem, ...]


class Gathering(Shape):
    """What is known of a referral so far, and what was drafted from it for its present case."""

    cases: Cases | None = None
    notified: Notified | None = None
    """None until the link is heard, and for ever where the child's own social worker has it
    (R9).
    """
    suggested: Colour | None = None
    assigned: Colour | None = None
    assigned_at: Instant | None = None
    needs: Level = Level.NONE
    """What the rating assigned gathers: it may be raised before the further requests are heard
    of.
    """
    requested: Level | None = None
    asked: tuple[Identity, ...] = ()
    missing: tuple[Identity, ...] = ()
    answers: tuple[Answer, ...] = ()
    at_once: Colour | None = None
    """The most severe colour for which front-line recipients were told at once."""
    drafted: Colour | None = None
    """The most severe colour for which the ordinary products were drafted."""
    products: tuple[Identity, ...] = ()


State: TypeAlias = Gathering


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Note the fact, void what was drafted for a case that is wrong, and draft what is complete.
    Refuses nothing.
    """
    before = state or Gathering()
    noted = _note(before, message, policy)
    if noted is before:
        return Outcome()
    voided = _voided(before, noted, message)
    after = (
        noted.model_copy(update={"at_once": None, "drafted": None, "products": ()})
        if voided
        else noted
    )
    if after.notified is None or after.cases is None:
        return Outcome(state=after)
    return _draft(
        _Desk(after, after.cases, after.notified, _referral(message), policy), message, voided
    )


def _note(state: Gathering, message: Message, policy: Policy) -> Gathering:
    """The state with the fact noted; the very same state when it says nothing new."""
    match message.data:
        case ChildLinked() as linked if state.notified is None and linked.allocated_to is None:
            cases = referral_cases.linked(state.cases, linked.case_id)
            return state.model_copy(update={"cases": cases, "notified": _notified(linked)})
        case LinkCorrected() as correction:
            cases = referral_cases.corrected(state.cases, message, correction)
            return state if cases == state.cases else state.model_copy(update={"cases": cases})
        case RatingSuggested(colour=colour) if state.suggested is None:
            return state.model_copy(update={"suggested": colour})
        case RatingAssigned(colour=colour):
            return _assigned(state, colour, message, policy)
        case InformationRequested() as requested:
            return _requested(state, requested)
        case InformationAnswered(request_id=request_id, items=items):
            return _answered(state, request_id, items)
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
    return Notified(item=item, known=known_of(linked.notification.subject))


def _assigned(state: Gathering, colour: Colour, message: Message, policy: Policy) -> Gathering:
    """The latest rating counts, not the one that was heard last; of two at one moment the more
    severe.
    """
    if state.assigned is not None and state.assigned_at is not None:
        stands = (state.assigned_at, state.assigned.severity)
        if stands >= (message.time, colour.severity):
            return state
    needs = policy.profile.colours[colour].level
    return state.model_copy(
        update={"assigned": colour, "assigned_at": message.time, "needs": needs}
    )


def _requested(state: Gathering, requested: InformationRequested) -> Gathering:
    new = [
        request.identifier
        for request in requested.requests
        if request.identifier not in state.asked
    ]
    level = requested.level
    if state.requested is not None and not thresholds.deeper(level, state.requested):
        level = state.requested
    if not new and level is state.requested:
        return state
    return state.model_copy(update={"requested": level, "asked": (*state.asked, *new)})


def _answered(state: Gathering, request_id: str, items: tuple[InformationItem, ...]) -> Gathering:
    if any(answer.request_id == request_id for answer in state.answers):
        return state
    return state.model_copy(
        update={"answers": (*state.answers, Answer(request_id=request_id, items=items))}
    )


def _voided(before: Gathering, after: Gathering, message: Message) -> tuple[ProductVoided, ...]:
    """What was drafted for the case that the referral was taken for must not go out (L7)."""
    if before.cases is None or after.cases is None or before.cases.now == after.cases.now:
        return ()
    return tuple(
        ProductVoided(
            product_id=product_id,
            referral_id=_referral(message),
            case_id=before.cases.now,
            reason="The referral was found to be about another child.",
        )
        for product_id in before.products
    )


class _Desk:
    """What drafting needs at hand; each item is sanitised once, for however many recipients."""

    def __init__(
        self, state: Gathering, cases: Cases, notified: Notified, referral_id: str, policy: Policy
    ) -> None:
        self.state, self.cases, self.notified, self.referral_id = (
            state,
            cases,
            notified,
            referral_id,
        )
        self.policy = policy
        self._sanitised: dict[str, Sanitised] = {}

    @property
    def colour(self) -> Colour | None:
        """What stands: a social worker's rating, or else the suggestion."""
        return self.state.assigned or self.state.suggested

    def items(self) -> list[InformationItem]:
        """The notification and then all answers, in an order that does not depend on when they
        came.
        """
        answered = [item for answer in self.state.answers for item in answer.items]
        return [self.notified.item, *sorted(answered, key=lambda item: (item.owner, item.item_id))]

    def sanitised(self, item: InformationItem) -> Sanitised:
        """The item's sanitised text with its redactions."""
        if item.item_id not in self._sanitised:
            self._sanitised[item.item_id] = sanitise(item.text, known=self.notified.known)
        return self._sanitised[item.item_id]


def _draft(desk: _Desk, message: Message, voided: tuple[ProductVoided, ...]) -> Outcome[State]:
    drafts: list[ProductDrafted] = []
    changes: dict[str, object] = {}
    if colour := _at_once(desk):
        drafts += _products(desk, colour, "urgent", desk.items(), urgent=True)
        changes["at_once"] = colour
    if colour := _complete(desk.state):
        drafts += _products(desk, colour, "whole", desk.items())
        changes["drafted"] = colour
    elif late := _late(desk.state, message):
        drafts += _products(desk, late[0], late[1].request_id, late[1].items)
    if drafts:
        changes["products"] = (*desk.state.products, *(draft.product_id for draft in drafts))
    after = desk.state.model_copy(update=changes) if changes else desk.state
    return Outcome(after, (*voided, *drafts))


def _at_once(desk: _Desk) -> Colour | None:
    """The colour that stands, if its front line is to be told and was not (R19)."""
    colour, told = desk.colour, desk.state.at_once
    if colour is None or (told is not None and colour.severity <= told.severity):
        return None
    return colour if desk.policy.profile.colours[colour].at_once else None


def _complete(state: Gathering) -> Colour | None:
    """The rating assigned, once every agency asked has answered or is missing, unless drafted for
    it or worse.
    """
    colour = state.assigned
    if colour is None or state.requested is None or thresholds.deeper(state.needs, state.requested):
        return None
    if state.drafted is not None and colour.severity <= state.drafted.severity:
        return None
    closed = {*state.missing, *(answer.request_id for answer in state.answers)}
    return colour if closed.issuperset(state.asked) else None


def _late(state: Gathering, message: Message) -> tuple[Colour, Answer] | None:
    """An answer with something in it that came after the products of the rating that still
    stands.
    """
    if not isinstance(message.data, InformationAnswered) or state.drafted is None:
        return None
    answer = state.answers[-1]
    return (state.drafted, answer) if answer.items and state.assigned is state.drafted else None


def _products(
    desk: _Desk,
    colour: Colour,
    part: str,
    items: Iterable[InformationItem],
    *,
    urgent: bool = False,
) -> list[ProductDrafted]:
    rule = desk.policy.profile.colours[colour]
    weigh = weigher(colour, rule.include_up_to)
    whole = list(items)
    return [
        _product(
            desk,
            colour,
            part,
            recipient,
            [(item, weigh(item, recipient)) for item in whole],
            urgent=urgent,
        )
        for recipient in (rule.at_once if urgent else rule.recipients)
    ]


def _product(
    desk: _Desk,
    colour: Colour,
    part: str,
    recipient: Recipient,
    weighed: list[tuple[InformationItem, Weighing]],
    *,
    urgent: bool,
) -> ProductDrafted:
    moved = desk.cases.since.isoformat() if desk.cases.since else ""
    return ProductDrafted(
        product_id=derived_id(
            "product",
            desk.referral_id,
            desk.cases.now,
            moved,
            colour,
            part,
            recipient.agency,
            recipient.purpose,
        ),
        referral_id=desk.referral_id,
        case_id=desk.cases.now,
        recipient=recipient.agency,
        purpose=recipient.purpose,
        colour=colour,
        disposal=desk.policy.profile.colours[colour].disposal,
        urgent=urgent,
        items=tuple(
            _draft_item(desk, item, recipient) for item, weighing in weighed if weighing.included
        ),
        weighing=tuple(weighing for _, weighing in weighed),
    )


def _draft_item(desk: _Desk, item: InformationItem, recipient: Recipient) -> DraftItem:
    sanitised = desk.sanitised(item)

    def digest(text: str) -> str:
        return release_digest(
            item_id=item.item_id, recipient=recipient.agency, purpose=recipient.purpose, text=text
        )

    return DraftItem(
        item_id=item.item_id,
        owner=item.owner,
        original=item.text,
        sanitised=sanitised.text,
        redactions=sanitised.redactions,
        original_digest=digest(item.text),
        sanitised_digest=digest(sanitised.text),
        signpost=item.signpost,
        notification=item is desk.notified.item,
    )


def _referral(message: Message) -> str:
    match message.data:
        case ChildLinked() | LinkCorrected() | RatingSuggested() | RatingAssigned() as about:
            return about.referral_id
        case InformationRequested() | InformationAnswered() | InformationMissing() as about:
            return about.referral_id
    raise TypeError(f"compose does not hear {message.type}")


STEP: Step[State] = Step(
    name="compose",
    hears=(
        ChildLinked,
        RatingSuggested,
        RatingAssigned,
        InformationRequested,
        InformationAnswered,
        InformationMissing,
        LinkCorrected,
    ),
    state=State,
    key=_referral,
    decide=decide,
    by_referral=True,
)

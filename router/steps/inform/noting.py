"""Who holds what of a referral, noted fact by fact: those of other steps come in any order."""

from __future__ import annotations

import datetime as dt

from router.steps.cases import Cases
from router.steps.inform.state import Held, Holders, Knows
from schemas.case import LinkCorrected
from schemas.decisions import ProductFetched, ProductUnsent
from schemas.message import Message
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.product import (
    Disposal,
    ProductEnded,
    ProductRecalled,
    ProductReleased,
    ProductReturned,
)
from schemas.rating import Colour, RatingAssigned


def noted(state: Holders, message: Message) -> Holders:
    """The state with the fact noted; the very same state where it says nothing new."""
    match message.data:
        case RatingAssigned() as assigned:
            return _rated(state, assigned, at=message.time)
        case ReferralClosed(outcome=outcome):
            return _ended(state, outcome, at=message.time)
        case ReferralReopened():
            return _ended(state, None, at=message.time)
        case LinkCorrected() as correction:
            return _moved(state, correction, at=message.time)
    return _product(state, message)


def _product(state: Holders, message: Message) -> Holders:
    """The same of what became of a product."""
    match message.data:
        case ProductReleased() as released:
            return _had(state, released, colour=released.colour, unconfirmed=released.unconfirmed)
        case ProductFetched() as fetched:
            return _had(state, fetched, fetched_at=message.time)
        case ProductUnsent(tried=False) as unsent:
            held = state.product(unsent.product_id, case_id=unsent.case_id)
            return state.with_product(held.without(unsent.letter_id))
        case ProductEnded() as ended if ended.colour is not None:
            held = state.product(ended.product_id, case_id=ended.case_id)
            return state.with_product(held.model_copy(update={"ended": True}))
        case ProductReturned() as back:
            held = state.product(back.product_id, case_id=back.case_id)
            return state.with_product(held.model_copy(update={"returned": True}))
        case ProductRecalled(item_id=None) as back:
            held = state.product(back.product_id, case_id=back.case_id)
            return state.with_product(held.model_copy(update={"gone": True}))
    return state


def _rated(state: Holders, assigned: RatingAssigned, *, at: dt.datetime) -> Holders:
    """The latest rating counts, whenever heard; of two at one moment of old the more severe."""
    colour, number = assigned.colour, assigned.number
    if state.rated_at and state.colour:
        stands = (state.rated_at, state.rated_number, state.colour.severity)
        if stands >= (at, number, colour.severity):
            return state
    products = tuple(
        one.model_copy(update={"ended": True}) if one.colour not in (None, colour) else one
        for one in state.products
    )
    changes = {"colour": colour, "rated_at": at, "rated_number": number, "products": products}
    return state.model_copy(update=changes)


def _ended(state: Holders, outcome: Disposal | None, *, at: dt.datetime) -> Holders:
    if outcome is state.outcome:
        return state
    return state.model_copy(update={"outcome": outcome, "ended_at": at})


def _had(
    state: Holders,
    came: ProductReleased | ProductFetched,
    *,
    colour: Colour | None = None,
    unconfirmed: bool = False,
    fetched_at: dt.datetime | None = None,
) -> Holders:
    """From when both are heard its recipient holds it, and knows what it says of the referral."""
    before = state.product(came.product_id, case_id=came.case_id)
    fetched = before
    if isinstance(came, ProductFetched) and fetched_at is not None:
        fetched = before.fetched(came.letter_id, at=fetched_at)
        fetched = fetched.model_copy(update={"behind": state.in_hand(came.recipient)})
    held = fetched.model_copy(
        update={
            "recipient": came.recipient,
            "colour": colour or before.colour,
            "unconfirmed": unconfirmed or before.unconfirmed,
            "gone": before.gone or _elsewhere(state, came.case_id),
        }
    )
    after = state.with_product(held)
    if before.is_held or not held.is_held or after.reads_later(held):
        return after
    return after.telling([_knows(state, held)])


def _elsewhere(state: Holders, case_id: str) -> bool:
    """Whether a human has found since that the referral is of another case."""
    return state.cases is not None and case_id != state.cases.now


def _knows(state: Holders, held: Held) -> Knows:
    """Who gets a product that stands, knows by it what stands."""
    assert held.fetched_at is not None
    stood = held.colour is state.colour and not held.ended
    later = state.ended_at is not None and held.fetched_at >= state.ended_at
    goes_on = state.outcome is not Disposal.NO_FURTHER_ACTION
    outcome = state.outcome if stood and later and goes_on else None
    return Knows(
        agency=held.recipient,
        colour=held.colour,
        outcome=outcome,
        unconfirmed=held.unconfirmed,
    )


def _moved(state: Holders, correction: LinkCorrected, *, at: dt.datetime) -> Holders:
    """What was made for another case is wanted back by the release step; nothing more is told."""
    cases = Cases.corrected(state.cases, correction, at=at)
    if cases == state.cases:
        return state
    gone = tuple(
        one.model_copy(update={"gone": one.gone or one.case_id != cases.now})
        for one in state.products
    )
    return state.model_copy(update={"cases": cases, "products": gone})

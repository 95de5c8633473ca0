"""Which products stand no more, as their rating is another now or nothing would be acted on."""

from __future__ import annotations

from collections.abc import Iterator

from router.steps.compose.gathering import Drafted, Gathering
from schemas.product import ProductEnded
from schemas.rating import Colour

NO_FURTHER_ACTION = "The referral was closed with no further action."


def ended(before: Gathering, after: Gathering, *, referral_id: str) -> tuple[ProductEnded, ...]:
    """Products of another rating than was given now, up or down (R20); with no further action, all
    that hold anything.
    """
    case_id = after.cases.now if after.cases else ""
    return tuple(
        ProductEnded(
            product_id=one.product_id,
            referral_id=referral_id,
            case_id=case_id,
            concern_id=after.concern_id,
            colour=colour,
            reason=_reason(one, colour),
        )
        for one, colour in _gone(before, after)
    )


def _gone(before: Gathering, after: Gathering) -> Iterator[tuple[Drafted, Colour | None]]:
    if after.assigned is not before.assigned:
        rated_otherwise = (one for one in before.holding if one.colour is not after.assigned)
        yield from ((one, after.assigned) for one in rated_otherwise)
    elif after.cancelled and not before.cancelled:
        yield from ((one, None) for one in after.holding)


def _reason(one: Drafted, colour: Colour | None) -> str:
    if colour is None:
        return NO_FURTHER_ACTION
    raised = colour.severity > one.colour.severity
    return f"The rating was {'raised' if raised else 'lowered'} from {one.colour} to {colour}."


def rerated(before: Gathering, after: Gathering) -> Gathering:
    """With what was drafted for another rating than the one given now out of the way: the products
    of this one are drafted, and its front line is told, though they were before it.
    """
    colour = after.assigned
    if colour is before.assigned:
        return after
    holding = tuple(one for one in after.holding if one.colour is colour)
    standing = {one.product_id for one in holding}
    return after.model_copy(
        update={
            "at_once": after.at_once if after.at_once is colour else None,
            "drafted": after.drafted if after.drafted is colour else None,
            "holding": holding,
            "not_taken": tuple(id_ for id_ in after.not_taken if id_ in standing),
            "put_off": tuple(one for one in after.put_off if one.colour is colour),
            "without": tuple(one for one in after.without if one.colour is colour),
        }
    )

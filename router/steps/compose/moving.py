"""An amendment that a human found to be about another child: what was drafted in its words is not
about this one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from router.steps.compose.gathering import Drafted, Gathering
from schemas.product import ProductVoided

OF_ANOTHER = "What its agency told last of it was found to be about another child."


def unsaid(
    before: Gathering, after: Gathering, *, referral_id: str
) -> tuple[Gathering, tuple[ProductVoided, ...]]:
    """Nothing of what was drafted since such an amendment is to go out, or to be kept (L7); all of
    it is drafted anew in the words before it.
    """
    gone = tuple(_since(before, after))
    if not gone or after.cases is None:
        return after, ()
    case_id = after.cases.now
    facts = tuple(
        ProductVoided(
            product_id=id_,
            referral_id=referral_id,
            case_id=case_id,
            concern_id=after.concern_id,
            reason=OF_ANOTHER,
        )
        for id_ in gone
    )
    for one in before.holding:
        if one.product_id in gone:
            after = after.putting_off(one.product_id)
    put_off = tuple(_whole(after, one, gone=gone) for one in after.put_off)
    return after.model_copy(update={"put_off": put_off}), facts


def _since(before: Gathering, after: Gathering) -> Iterator[str]:
    """What was drafted since and what it replaced: both may be in the same product."""
    left = {one.version for one in after.amendments}
    amendment = next((one for one in before.amendments if one.version not in left), None)
    if amendment is not None:
        new = [id_ for id_ in before.products if id_ not in amendment.products]
        pairs = ((one.supersedes, one.product_id) for one in before.holding)
        earlier = (of for of, id_ in pairs if of is not None and id_ in new)
        yield from dict.fromkeys((*earlier, *new))


def _whole(state: Gathering, one: Drafted, *, gone: Collection[str]) -> Drafted:
    """With all of the notification, which may have said more before, where it had any of it."""
    own = [item.item_id for item in state.notified.items] if state.notified else []
    if one.product_id not in gone or not {*own}.intersection(one.items):
        return one
    return one.model_copy(update={"items": tuple(dict.fromkeys((*own, *one.items)))})

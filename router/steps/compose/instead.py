"""Who has a Red in place of whom that gave it back, or is not to have it as that is not safe: what
more there is of it is theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from router.steps.compose.gathering import Drafted, Gathering
from schemas.product import ProductDrafted, ProductEnded

GIVEN_BACK = "Another has the Red in the place of its recipient."


def drafted(draft: ProductDrafted) -> Drafted:
    """What is remembered of a draft."""
    items = tuple(item.item_id for item in draft.items)
    return Drafted(**draft.shared(Drafted) | {"items": items})


def stand_ins(holding: Sequence[Drafted]) -> dict[str, str]:
    """By agency that gave its Red back, who has it instead."""
    urgent = [one for one in holding if one.urgent and one.follows is None]
    has = {one.recipient for one in urgent if not one.gave_back}
    found = {one.recipient: _instead(one, urgent) for one in urgent if one.gave_back}
    return {by: other for by, other in found.items() if other is not None and by not in has}


def _instead(one: Drafted, urgent: Sequence[Drafted]) -> str | None:
    """Whoever comes first in the chain after it and did not give it back too."""
    at: Drafted | None = one
    while at is not None and at.gave_back:
        at = next((other for other in urgent if other.instead_of == at.product_id), None)
    return at.recipient if at else None


def not_theirs_any_more(state: Gathering, instead: Collection[str]) -> tuple[Drafted, ...]:
    """What was drafted for whom that gave a Red back, beside that Red itself: what adds to it, and
    the products of its rating.
    """
    return tuple(
        one
        for one in state.holding
        if one.recipient in instead and not one.gave_back and (one.follows or not one.urgent)
    )


def ended(
    state: Gathering, gone: Sequence[Drafted], *, referral_id: str, case_id: str
) -> Iterator[ProductEnded]:
    """These do not go, where they have not yet."""
    for one in gone:
        yield ProductEnded(
            product_id=one.product_id,
            referral_id=referral_id,
            case_id=case_id,
            concern_id=state.concern_id,
            reason=GIVEN_BACK,
        )


def left(state: Gathering, gone: Sequence[Drafted], *, instead: Collection[str]) -> Gathering:
    """The state without these, and without what was to follow what was given back: who has it
    instead went without the same, which follows there.
    """
    after = state.voiding({one.product_id for one in gone})
    without = tuple(one for one in after.without if one.recipient not in instead)
    return after if without == after.without else after.model_copy(update={"without": without})

"""A Red that nobody has goes on to the next, and what adds to it goes to whoever has it instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from router.steps.compose import instead
from router.steps.compose.drafting import Drafting, Part
from router.steps.compose.gathering import Drafted
from router.steps.compose.product import product
from schemas.policy import Recipient
from schemas.product import ProductDrafted, ProductEnded


def hand_on(drafting: Drafting) -> tuple[list[ProductDrafted], tuple[ProductEnded, ...]]:
    """A Red that nobody has goes on, be it closed for its front line or not; and what more there is
    of one that was given back goes to who has it instead.
    """
    state = drafting.state
    if state.cancelled:
        return [], ()
    onward = [product(drafting, part, recipient=to) for part, to in _onward(drafting)]
    if onward:
        state = state.model_copy(update={"not_taken": tuple(_left_over(drafting))})
    drafting.instead = instead.stand_ins((*state.holding, *map(instead.drafted, onward)))
    gone = instead.not_theirs_any_more(state, drafting.instead)
    drafts = [*onward, *_taking_over(drafting, gone)]
    drafting.state = instead.left(state, gone, instead=drafting.instead)
    told = {"referral_id": drafting.referral_id, "case_id": drafting.cases.now}
    return drafts, tuple(instead.ended(state, gone, **told))


def _taking_over(drafting: Drafting, gone: Sequence[Drafted]) -> Iterator[ProductDrafted]:
    """The products of the rating that were for whom that gave its Red back, for who has it instead,
    each as one; the owners of their items decide about that recipient.
    """
    by_id = {item.item_id: item for item in drafting.items()}
    for agency, other in drafting.instead.items():
        theirs = [one for one in gone if one.recipient == agency and not one.urgent]
        wanted = {id_ for one in theirs for id_ in one.items}
        items = [item for id_, item in by_id.items() if id_ in wanted]
        if items:
            part = Part(f"instead/{agency}", theirs[0].colour, items)
            for_ = dict.fromkeys((agency, *(by for one in theirs for by in one.stands_in_for)))
            to = Recipient(agency=other, purpose=theirs[0].purpose)
            yield product(drafting, replace(part, stands_in_for=tuple(for_)), recipient=to)


def _onward(drafting: Drafting) -> Iterator[tuple[Part, Recipient]]:
    """For each urgent product that nobody has, one for the next of its colour's chain who has had
    none of this referral; what it may hold is decided anew, for that recipient alone.
    """
    had = {one.recipient for one in drafting.state.holding if one.urgent}
    for one in _untaken(drafting):
        for to in drafting.now.rule(one.colour).next:
            if to.agency not in had:
                had.add(to.agency)
                part = Part("next", one.colour, drafting.items_at_once(), urgent=True)
                yield replace(part, instead_of=one.product_id), to
                break


def _untaken(drafting: Drafting) -> Iterator[Drafted]:
    """Those that go on to somebody else, as the rating stands; each does once."""
    stands = drafting.state.stands
    gone_on = {one.instead_of for one in drafting.state.holding}
    for one in drafting.state.holding:
        stood = stands is not None and stands.severity >= one.colour.severity
        if stood and one.product_id in drafting.state.not_taken and one.product_id not in gone_on:
            yield one


def _left_over(drafting: Drafting) -> Iterator[str]:
    gone = {one.product_id for one in _untaken(drafting)}
    return (id_ for id_ in drafting.state.not_taken if id_ not in gone)

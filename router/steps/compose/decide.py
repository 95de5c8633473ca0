"""Hop 5: draft a product for each recipient, of what is proportionate (R19, R31 to R38).

The facts of the other steps come in any order, and so each is noted first, and then what is
complete is drafted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from router.step import Outcome, Step, referral_of
from router.steps import thresholds
from router.steps.areas import to_hub
from router.steps.compose import instead, moving
from router.steps.compose.drafting import Drafting, Part
from router.steps.compose.ending import NO_FURTHER_ACTION, ended, rerated
from router.steps.compose.gathering import STEP_NAME, Drafted, Gathering, HeldItem, noted
from router.steps.compose.onward import hand_on
from router.steps.compose.product import product, products, recipients
from router.steps.now import Now
from schemas.base import Fact
from schemas.case import (
    ChildLinked,
    LinkCorrected,
    NotificationAmended,
    RegistersChanged,
    VersionMoved,
)
from schemas.consent import ConsentRecorded
from schemas.handover import HandoverGiven, HandoverTakenBack
from schemas.information import (
    InformationAnswered,
    InformationMissing,
    InformationRequested,
    InformationVolunteered,
    RequestCancelled,
)
from schemas.message import Message, derived_id
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.policy import Policy, Recipient
from schemas.product import (
    ApprovalsCancelled,
    ApprovalsEnded,
    ItemAmended,
    ProductDrafted,
    ProductNotTaken,
    ProductRefused,
    ProductVoided,
    ProductWithout,
    Weighing,
)
from schemas.rating import Colour, DueTimeBreached, RatingAssigned, RatingSuggested

_NOTHING: Mapping[str, object] = {
    "at_once": None,
    "drafted": None,
    "products": (),
    "holding": (),
    "put_off": (),
    "without": (),
    "not_taken": (),
}
"""Of what was drafted for a wrong case."""


def decide(state: Gathering | None, message: Message, policy: Policy) -> Outcome[Gathering]:
    """Note the fact, void what was drafted for a wrong case, end what was for another rating, and
    draft what is complete.

    Refuses nothing.
    """
    before = state or Gathering()
    after = noted(before, message, now=Now(message.time, policy))
    if after is before:
        return Outcome()
    referral_id = referral_of(message)
    after, voided = _wrong(before, after, referral_id=referral_id)
    gone = () if voided else tuple(_not_theirs(before, after, policy=policy))
    after = after.voiding({one.product_id for one in gone}) if gone else after
    stopped = (
        *voided,
        *_taken_back(before, gone, referral_id=referral_id),
        *_cancelled(before, after, referral_id=referral_id),
        *ended(before, after, referral_id=referral_id),
    )
    after = rerated(before, after)
    if after.notified is None or after.cases is None:
        return Outcome(after, stopped)
    drafting = Drafting(after, after.cases, after.notified, referral_id, Now(message.time, policy))
    onward, theirs = hand_on(drafting)
    again = [*_again(drafting, before), *_joining(drafting, before), *onward]
    return _draft(drafting, message, stopped=(*stopped, *theirs), again=again)


def _wrong(
    before: Gathering, after: Gathering, *, referral_id: str
) -> tuple[Gathering, tuple[ProductVoided, ...]]:
    """Without what was drafted for another case, or in words that are about another child."""
    if voided := _voided(before, after, referral_id=referral_id):
        return after.model_copy(update=_NOTHING), voided
    return moving.unsaid(before, after, referral_id=referral_id)


def _voided(before: Gathering, after: Gathering, *, referral_id: str) -> tuple[ProductVoided, ...]:
    """What was drafted for the case that the referral was taken for must not go out (L7)."""
    if before.cases is None or after.cases is None or before.cases.now == after.cases.now:
        return ()
    return tuple(
        ProductVoided(
            product_id=product_id,
            referral_id=referral_id,
            case_id=before.cases.now,
            concern_id=before.concern_id,
            reason="The referral was found to be about another child.",
        )
        for product_id in before.products
    )


def _not_theirs(before: Gathering, after: Gathering, *, policy: Policy) -> Iterator[Drafted]:
    """Drafted, or to be, for a worker's team from which the referral is taken back."""
    worker = before.allocated.has_it
    if worker is None or after.allocated.has_it == worker:
        return
    desk = policy.desk_of(worker.team)
    for one in (*after.holding, *after.put_off, *after.without):
        rule = policy.profile.colours[one.colour]
        own = rule.at_once if one.urgent else rule.recipients
        if one.recipient == desk and desk not in {recipient.agency for recipient in own}:
            yield one


def _taken_back(
    before: Gathering, gone: Sequence[Drafted], *, referral_id: str
) -> Iterator[ProductVoided]:
    """That team is not to act on it."""
    for one in gone:
        if before.cases is not None and one in before.holding:
            yield ProductVoided(
                product_id=one.product_id,
                referral_id=referral_id,
                case_id=before.cases.now,
                concern_id=before.concern_id,
                reason="It was handed to the wrong team, and is taken back.",
            )


def _cancelled(
    before: Gathering, after: Gathering, *, referral_id: str
) -> Iterator[ApprovalsCancelled]:
    """Nothing would be acted on: nobody need decide any more about what waits."""
    if after.cancelled and not before.cancelled and after.holding and after.cases:
        yield ApprovalsCancelled(
            product_ids=tuple(one.product_id for one in after.holding),
            referral_id=referral_id,
            case_id=after.cases.now,
            concern_id=after.concern_id,
            reason=NO_FURTHER_ACTION,
        )


def _draft(
    drafting: Drafting,
    message: Message,
    *,
    stopped: tuple[Fact, ...],
    again: Sequence[ProductDrafted],
) -> Outcome[Gathering]:
    drafts, changes, closed = list(again), dict[str, object](), drafting.state.closed
    if not drafting.state.cancelled:
        drafts += (*(_anew(drafting, one) for one in drafting.state.put_off), *_following(drafting))
        changes |= {kept: () for kept in ("put_off", "without") if getattr(drafting.state, kept)}
    drafts += _transferred(drafting)
    if not closed and (colour := _at_once(drafting)):
        drafts += products(drafting, Part("urgent", colour, drafting.items_at_once(), urgent=True))
        changes |= {"at_once": colour, "concern_told": drafting.state.concern}
    elif not closed and (more := _told_more(drafting)):
        drafts += (product(drafting, more, recipient=one) for one in _who_has_it(drafting, more))
        changes["concern_told"] = drafting.state.concern
    if not closed and (colour := _complete(drafting.state)):
        drafts += products(drafting, Part("whole", colour, drafting.items()))
        changes["drafted"] = colour
    elif not closed and (late := _late(drafting, message)):
        drafts += (one for one in products(drafting, late) if not _is_silent(one, late))
    if drafts:
        changes["products"] = (*drafting.state.products, *(draft.product_id for draft in drafts))
        changes["holding"] = tuple(_holding(drafting.state, drafts))
    after = drafting.state.model_copy(update=changes) if changes else drafting.state
    return Outcome(after, (*stopped, *drafts))


def _transferred(drafting: Drafting) -> Iterator[ProductDrafted]:
    """A human closed it to the hub of another area, which has nothing of it yet (R41)."""
    hub, state = drafting.state.transferred_to, drafting.state
    if hub is not None and hub not in state.supplied:
        colour = state.stands or drafting.now.profile.default
        # A Red is one wherever it goes: whoever has it says so within minutes, or people are told.
        red = colour is Colour.RED
        items = drafting.items_at_once() if red else drafting.items()
        part = Part("transfer", colour, items, urgent=red)
        yield product(drafting, part, recipient=to_hub(hub, drafting.now))


def _holding(state: Gathering, drafts: Sequence[ProductDrafted]) -> Iterator[Drafted]:
    """What products hold now: items with other words, or that were left out, are those of the
    product that has these.
    """
    gone = {
        (draft.supersedes or draft.follows, one.item_id)
        for draft in drafts
        for one in draft.weighing
    }
    for one in state.holding:
        left = tuple(id_ for id_ in one.items if (one.product_id, id_) not in gone)
        yield one.model_copy(update={"items": left})
    yield from map(instead.drafted, drafts)


def _again(drafting: Drafting, before: Gathering) -> list[ProductDrafted]:
    """What was drafted with words that its owner has amended, put before that owner again."""
    now = {item.item_id: item for item in drafting.items()}
    was = {item.item_id: item for item in before.items}
    changed = {id_ for id_, item in was.items() if drafting.state.item(id_) != item}
    return [
        _with_other_words(drafting, one, ids=[id_ for id_ in one.items if id_ in changed], now=now)
        for one in drafting.state.holding
        if changed.intersection(one.items)
    ]


def _joining(drafting: Drafting, before: Gathering) -> Iterator[ProductDrafted]:
    """For the team of a worker who has the child since the front line was told at once."""
    state, worker = drafting.state, drafting.state.allocated.works_with
    if worker is None or worker == before.allocated.works_with or state.at_once is None:
        return
    part = Part("urgent", state.at_once, drafting.items(), urgent=True)
    has = {one.recipient for one in state.holding if one.urgent}
    for recipient in recipients(drafting, part):
        if not state.closed and recipient.agency not in has:
            yield product(drafting, part, recipient=recipient)


def _with_other_words(
    drafting: Drafting, one: Drafted, *, ids: Sequence[str], now: Mapping[str, HeldItem]
) -> ProductDrafted:
    items = [now[id_] for id_ in ids if id_ in now]
    texts = sha256("\0".join(item.model_dump_json() for item in items).encode()).hexdigest()
    name = f"{one.product_id}/{texts}"
    part = Part(name, one.colour, items, urgent=one.urgent, follows=one.follows)
    to = Recipient(agency=one.recipient, purpose=one.purpose)
    draft = product(drafting, part, recipient=to)
    gone = (
        Weighing(item_id=id_, owner=drafting.notified.item.owner, included=False, reason=TAKEN_BACK)
        for id_ in ids
        if id_ not in now
    )
    weighing = (*draft.weighing, *gone)
    return draft.model_copy(update={"supersedes": one.product_id, "weighing": weighing})


def _anew(drafting: Drafting, one: Drafted) -> ProductDrafted:
    """What was put off, for its owners to be asked again."""
    items = [item for item in drafting.items_at_once() if item.item_id in one.items]
    part = Part(one.product_id, one.colour, items, urgent=one.urgent, follows=one.follows)
    part = replace(part, stands_in_for=one.stands_in_for)
    return product(drafting, part, recipient=Recipient(agency=one.recipient, purpose=one.purpose))


def _following(drafting: Drafting) -> Iterator[ProductDrafted]:
    """What a product went without, each for the same recipient once its owner releases it."""
    by_id = {item.item_id: item for item in drafting.items_at_once()}
    for one in drafting.state.without:
        items = [by_id[id_] for id_ in one.items if id_ in by_id]
        name = f"{one.product_id}/without/{one.items[0]}"
        # What follows for the second time follows the product that went, too.
        went = one.follows or one.product_id
        part = Part(name, one.colour, items, urgent=one.urgent, follows=went)
        to = Recipient(agency=one.recipient, purpose=one.purpose)
        draft = product(drafting, part, recipient=to)
        if draft.items:
            yield draft


TAKEN_BACK = "Its owner has taken it out of what it told."


def _at_once(drafting: Drafting) -> Colour | None:
    """The colour that stands, if its front line is to be told and was not (R19).

    A suggestion stands only where the profile has it be enough, by itself or once nobody has opened
    it in time.
    """
    colour, told = drafting.state.stands, drafting.state.at_once
    if colour is None or (told is not None and colour.severity <= told.severity):
        return None
    rule = drafting.now.rule(colour)
    enough = drafting.state.unopened or rule.at_once_on == "suggestion"
    if drafting.state.assigned is None and not enough:
        return None
    return colour if rule.at_once else None


def _told_more(drafting: Drafting) -> Part | None:
    """What who rated wrote for whoever was told at once already, and has not been told."""
    state, said = drafting.state, drafting.own_words
    colour, concern = state.assigned, state.concern
    if colour is None or state.at_once is not colour:
        return None
    held = {id_ for one in (*state.holding, *state.put_off) if one.urgent for id_ in one.items}
    new = [said] if said is not None and said.item_id not in held else []
    if concern is None or concern == state.concern_told:
        return Part(f"urgent/{new[0].item_id}", colour, new, urgent=True) if new else None
    words = derived_id("concern", concern, *(one.item_id for one in new))
    return Part(f"urgent/{words}", colour, new, urgent=True)


def _who_has_it(drafting: Drafting, part: Part) -> Iterator[Recipient]:
    """Whoever is told at once, but for those that gave it back, and whoever was told instead of
    them; where nobody has it, those that are told at once.
    """
    held = [one for one in drafting.state.holding if one.urgent and one.follows is None]
    has = {one.recipient: one.purpose for one in held if not one.gave_back}
    back = {one.recipient for one in held if one.gave_back} - {*has}
    own = [one for one in recipients(drafting, part) if not has or one.agency not in back]
    yield from own
    told = {one.agency for one in own}
    yield from (Recipient(agency=by, purpose=what) for by, what in has.items() if by not in told)


def _complete(state: Gathering) -> Colour | None:
    """The rating assigned, once nobody asked is awaited, unless drafted for it."""
    colour = state.assigned
    if colour is None or state.requested is None or thresholds.deeper(state.needs, state.requested):
        return None
    if state.awaits_requests:
        return None
    if state.drafted is not None and colour.severity <= state.drafted.severity:
        return None
    closed = {*state.missing, *(answer.request_id for answer in state.answers)}
    return colour if closed.issuperset(state.asked) else None


def _late(drafting: Drafting, message: Message) -> Part | None:
    """An answer with something new in it, after the products of the rating that still stands."""
    state = drafting.state
    came = isinstance(message.data, InformationAnswered | InformationVolunteered)
    if not came or state.drafted is None:
        return None
    answer, held = state.answers[-1], {id_ for one in state.holding for id_ in one.items}
    new = [item for item in answer.items if item.item_id not in held]
    if not new or state.assigned is not state.drafted:
        return None
    return Part(answer.request_id, state.drafted, drafting.named(new))


def _is_silent(draft: ProductDrafted, part: Part) -> bool:
    """Whether there is nothing in it but what owners keep back, and want no word of to its
    recipient: then it is not drafted either.
    """
    kept = {item.item_id for item in part.items if not (item.may_be_revealed and item.may_leave)}
    return all(one.item_id in kept and not one.signpost for one in draft.weighing)


STEP: Step[Gathering] = Step(
    name=STEP_NAME,
    hears=(
        ChildLinked,
        RatingSuggested,
        RatingAssigned,
        DueTimeBreached,
        InformationRequested,
        InformationAnswered,
        InformationMissing,
        InformationVolunteered,
        RequestCancelled,
        ConsentRecorded,
        ReferralClosed,
        ReferralReopened,
        LinkCorrected,
        HandoverGiven,
        HandoverTakenBack,
        RegistersChanged,
        NotificationAmended,
        VersionMoved,
        ItemAmended,
        ProductRefused,
        ProductNotTaken,
        ProductWithout,
        ApprovalsEnded,
    ),
    state=Gathering,
    key=referral_of,
    decide=decide,
)

"""What composing knows of a referral, noted fact by fact: they come in any order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from operator import not_
from typing import Final

from pydantic import Field

from router.steps import thresholds
from router.steps.asking import Signs, alleged, prepared, signs_of
from router.steps.cases import NOBODY, Allocated, Cases
from router.steps.now import Now
from router.steps.sanitising import Known
from schemas.base import Code, Identity, Instant, Line, Prose, Shape
from schemas.case import (
    ChildLinked,
    LinkCorrected,
    NotificationAmended,
    RegistersChanged,
    VersionMoved,
)
from schemas.consent import ConsentRecorded, ConsentWord
from schemas.gathering import Level, Overrule, RuledOut
from schemas.handover import HandoverGiven, HandoverTakenBack
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationRequested,
    InformationVolunteered,
    RequestCancelled,
    RequestId,
)
from schemas.message import Message
from schemas.notification import Notification
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.person import Person
from schemas.product import (
    ApprovalsEnded,
    Disposal,
    ItemAmended,
    ProductNotTaken,
    ProductRefused,
    ProductWithout,
    WithoutItems,
    items_of_notification,
)
from schemas.rating import Colour, DueTimeBreached, RatingAssigned, RatingSuggested
from schemas.sharing import Sharing

STEP_NAME: Final = "compose"
"""Under which its documents are kept, and its letters named."""


class HeldItem(InformationItem):
    """An item as it was told; ``held_by``: who told it, where that says it is another agency's."""

    held_by: Code | None = Field(default=None, exclude_if=lambda code: code is None)
    decided_by: Line | None = Field(default=None, exclude_if=lambda who: who is None)
    """Who of the lead agency wrote it for one product."""

    @property
    def told_by(self) -> str:
        """Who told it."""
        return self.held_by or self.owner


class Notified(Shape):
    """The notification as an item of its agency, and whom it is about."""

    item: HeldItem
    parts: tuple[HeldItem, ...] = ()
    """What it says under flags of its own."""
    known: Known | None = Field(default=None, exclude_if=not_)
    """The names and places that it gives, in documents of old, which lack the child."""
    reference: Identity | None = Field(default=None, exclude_if=not_)
    """Under which its agency knows the child."""
    child: Person | None = Field(default=None, exclude_if=not_)
    """As its agency told it; documents of old lack it."""
    family: tuple[Person, ...] = Field(default=(), exclude_if=not_)
    """What else is known of the family, to be looked for in texts: :attr:`ChildLinked.family`."""
    alleged: Prose | None = Field(default=None, exclude_if=not_)
    """What is told of the concern before anybody has rated it; documents of old lack it."""
    signs: Signs = Field(default=Signs(), exclude_if=lambda signs: signs == Signs())
    """Documents of old lack them."""
    consent_refused: bool = Field(default=False, exclude_if=not_)
    """As its agency notified it."""

    @property
    def items(self) -> tuple[HeldItem, ...]:
        """All that it says."""
        return (self.item, *self.parts)


class Amendment(Shape):
    """The version that a later one replaced: a human may find that to be about another child."""

    version: Identity
    """The referral that it made."""
    before: Notified
    products: tuple[Identity, ...]
    """Those that were drafted before it."""


class Answer(RequestId):
    """What came in for one request, or was volunteered; then under an id of its own."""

    items: tuple[HeldItem, ...]


def _held(item: InformationItem, told_by: str) -> HeldItem:
    held_by = told_by if item.owner != told_by else None
    return HeldItem(held_by=held_by, **item.shared(InformationItem))


class Drafted(Shape):
    """A product that was drafted, and what of it may have to be drafted again."""

    product_id: Identity
    recipient: Code
    purpose: Line
    colour: Colour
    urgent: bool
    items: tuple[Identity, ...]
    """Those that it holds in the words that are known now."""
    supersedes: Identity | None = Field(default=None, exclude_if=not_)
    """The product that held earlier words of these."""
    follows: Identity | None = Field(default=None, exclude_if=not_)
    """The product that went without these."""
    instead_of: Identity | None = Field(default=None, exclude_if=not_)
    """The urgent product that its recipient did not take: this one is the next's."""
    gave_back: bool = Field(default=False, exclude_if=not_)
    """Its recipient said that it is not theirs, or a human that it is not safe there."""
    stands_in_for: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """Recipients of its rating that gave its Red back, in whose place this one gets it."""


class ConsentHeard(ConsentWord):
    """What was said of consent, and when it was told."""

    at: Instant


class OwnWords(Shape):
    """What who rated wrote for whoever is told at once."""

    text: Prose
    decided_by: Line


class Gathering(Shape):
    """What is known of a referral so far, and what was drafted from it for its present case."""

    cases: Cases | None = None
    allocated: Allocated = Field(default=NOBODY, exclude_if=lambda one: one == NOBODY)
    notified: Notified | None = None
    """None until the link is heard."""
    suggested: Colour | None = None
    unopened: bool = Field(default=False, exclude_if=not_)
    """Nobody opened it in time: a Red until somebody rates it, where the profile has it be one."""
    assigned: Colour | None = None
    assigned_at: Instant | None = None
    assigned_number: int = Field(default=0, exclude_if=not_)
    rerated_at: Instant | None = Field(default=None, exclude_if=not_)
    """Of the last rating that is another than the one before it."""
    for_front_line: OwnWords | None = Field(default=None, exclude_if=not_)
    """With the rating assigned."""
    concern: Prose | None = Field(default=None, exclude_if=not_)
    """With it: what the concern is, in the words of whoever rated."""
    concern_told: Prose | None = Field(default=None, exclude_if=not_)
    """What of that whoever is told at once was told."""
    overrules: tuple[Overrule, ...] = Field(default=(), exclude_if=not_)
    """With it: on what it stands though consent was refused."""
    consents: tuple[ConsentHeard, ...] = Field(default=(), exclude_if=not_)
    needs: Level = Level.NONE
    """What the rating assigned gathers; it may be heard before the further requests are."""
    requested: Level | None = None
    requested_at: Instant | None = Field(default=None, exclude_if=not_)
    """When anything was last asked, or said to be asked of nobody; documents of old lack it."""
    asked: tuple[Identity, ...] = ()
    missing: tuple[Identity, ...] = ()
    """Requests whose answers are not waited for: they are late, or were cancelled."""
    answers: tuple[Answer, ...] = ()
    at_once: Colour | None = None
    """The colour for which front-line recipients were told at once, as long as it stands."""
    drafted: Colour | None = None
    """The colour for which the ordinary products were drafted, as long as it stands."""
    products: tuple[Identity, ...] = ()
    holding: tuple[Drafted, ...] = ()
    """What those of them hold that stand."""
    concern_id: Identity | None = None
    """The referral of the notification's version 1, where this is a later one; or the one that
    told of the same concern first. What owners say is remembered under it.
    """
    said_before: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Other concerns of which its agency told in these very words."""
    version: int = 1
    """Of the notification's words."""
    amendments: tuple[Amendment, ...] = Field(default=(), exclude_if=not_)
    """Later versions whose words it had, the last last; of documents of old nobody knows."""
    amended: Notification | None = None
    """Words that were heard before the link: they take the place of those linked."""
    closed: bool = Field(default=False, exclude_if=not_)
    """Nothing more is drafted until the referral is open again."""
    closings: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """The facts by which it was closed that were heard."""
    cancelled: bool = Field(default=False, exclude_if=not_)
    """It was closed with no further action: what waits for its owners does not go."""
    not_taken: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Urgent products that nobody of their recipients has, until the next of the chain has its own.
    """
    transferred_to: Code | None = Field(default=None, exclude_if=not_)
    """The hub of another area, to which a human closed it."""
    put_off: tuple[Drafted, ...] = Field(default=(), exclude_if=not_)
    """Products that did not go for that; they are drafted anew should the referral go on."""
    without: tuple[Drafted, ...] = Field(default=(), exclude_if=not_)
    """Products that went without some items, each with one of these: they are to follow."""

    @property
    def supplied(self) -> frozenset[Code]:
        """For whom something was drafted that is not put off."""
        return frozenset(one.recipient for one in self.holding)

    def item(self, item_id: str) -> HeldItem | None:
        """The item of this id as it stands now."""
        return next((one for one in self.items if one.item_id == item_id), None)

    @property
    def awaits_requests(self) -> bool:
        """Whether it is still to be heard what the rating gathers: where it is another than before,
        that is told anew, though nobody be asked.
        """
        asked, rerated = self.requested_at, self.rerated_at
        return asked is not None and rerated is not None and asked < rerated

    @property
    def items(self) -> tuple[HeldItem, ...]:
        """The notification's items, and all that was answered."""
        own = self.notified.items if self.notified else ()
        return (*own, *(item for answer in self.answers for item in answer.items))

    def voiding(self, product_ids: Collection[str]) -> Gathering:
        """Without these products, and what was to follow them, which are not to go.

        Their ids stay known: what is drafted for the same recipient once more is another product.
        """

        def left(drafted: tuple[Drafted, ...]) -> tuple[Drafted, ...]:
            return tuple(one for one in drafted if one.product_id not in product_ids)

        return self.model_copy(
            update={
                "holding": left(self.holding),
                "put_off": left(self.put_off),
                "without": left(self.without),
            }
        )

    def not_taking(self, product_id: str, *, gave_back: bool) -> Gathering:
        """With a product that nobody of its recipient has; ``gave_back``: as they said so, or are
        not to have it.
        """
        holding = tuple(
            one.model_copy(update={"gave_back": True})
            if gave_back and one.product_id == product_id
            else one
            for one in self.holding
        )
        changes = {"not_taken": (*self.not_taken, product_id), "holding": holding}
        return self.model_copy(update=changes)

    def putting_off(self, product_id: str) -> Gathering:
        """With a product, and all that was to stand in it, put off; the same where it has none."""
        gone = {product_id}
        for one in self.holding:
            if one.supersedes in gone:
                gone.add(one.product_id)
        held = next((one for one in self.holding if one.product_id == product_id), None)
        if held is None:
            return self
        items = tuple(id_ for one in self.holding if one.product_id in gone for id_ in one.items)
        left = tuple(one for one in self.holding if one.product_id not in gone)
        whole = held.model_copy(update={"items": items})
        return self.model_copy(update={"holding": left, "put_off": (*self.put_off, whole)})

    def going_without(self, without: WithoutItems) -> Gathering:
        """With what a product went without, as far as it held that in the words known now; the
        same where it held nothing of it any more.
        """
        found = (one for one in self.holding if one.product_id == without.product_id)
        held = next(found, None)
        wanted = {one.item_id for one in without.items}.intersection(held.items if held else ())
        if held is None or not wanted:
            return self
        one_each = (held.model_copy(update={"items": (id_,)}) for id_ in sorted(wanted))
        left = held.model_copy(update={"items": tuple(x for x in held.items if x not in wanted)})
        holding = tuple(left if one is held else one for one in self.holding)
        return self.model_copy(update={"without": (*self.without, *one_each), "holding": holding})

    @property
    def stands(self) -> Colour | None:
        """The colour that somebody rated it, or that it has until then."""
        return self.assigned or (Colour.RED if self.unopened else self.suggested)

    def in_words(self, item_id: str, text: str) -> Gathering:
        """With other words for an item; the very same state where it has them already."""
        before = self.item(item_id)
        if before is None or before.text == text:
            return self
        changed = before.model_copy(update={"text": text})
        notified = self.notified and self.notified.model_copy(
            update={
                "item": changed if self.notified.item is before else self.notified.item,
                "parts": tuple(changed if one is before else one for one in self.notified.parts),
            }
        )
        answers = tuple(
            answer.model_copy(
                update={"items": tuple(changed if one is before else one for one in answer.items)}
            )
            for answer in self.answers
        )
        return self.model_copy(update={"notified": notified, "answers": answers})


def noted(state: Gathering, message: Message, *, now: Now) -> Gathering:
    """The state with the fact noted; the very same state when it says nothing new."""
    match message.data:
        case ChildLinked() as linked if state.notified is None:
            return _linked(state, linked, now=now)
        case LinkCorrected() as correction:
            cases = Cases.corrected(state.cases, correction, at=message.time)
            moved = {"cases": cases, "allocated": state.allocated.corrected(correction)}
            return state if cases == state.cases else state.model_copy(update=moved)
        case RegistersChanged() as registers if _bears(state, registers):
            return state.model_copy(update={"allocated": state.allocated.heard(registers)})
        case HandoverGiven() as fact:
            return state.model_copy(update={"allocated": state.allocated.given(fact)})
        case HandoverTakenBack() as fact:
            return state.model_copy(update={"allocated": state.allocated.taken_back(fact)})
        case RatingSuggested(colour=colour) if state.suggested is None:
            return state.model_copy(update={"suggested": colour})
        case RatingAssigned() as assigned:
            return _assigned(state, assigned, at=message.time, now=now)
        case ReferralClosed() as closed:
            return _closed(state, closed, by=message.id)
        case ReferralReopened():
            return _ended(state, closed=False, cancelled=False)
        case _:
            return _heard(state, message, now=now)


def _linked(state: Gathering, linked: ChildLinked, *, now: Now) -> Gathering:
    """The concern as it is first known here: what is alleged, of whose child, in which version."""
    said = state.amended or linked.notification
    id_ = linked.amends or linked.referral_id
    notified = _notified(said, linked.agency, id_=id_, family=linked.family)
    concern = prepared(linked, now=now).concern
    told: dict[str, object] = {"alleged": concern.summary, "signs": concern.signs}
    if state.amended is not None:
        told = _alleged(said, linked.agency, now=now)
    known = {
        "cases": Cases.linked(state.cases, linked.case_id),
        "allocated": state.allocated.linked(linked),
        "notified": notified.model_copy(update=told),
        "concern_id": linked.first_told,
        "said_before": linked.said_before,
        "version": max(state.version, linked.version),
        "amended": None,
    }
    return state.model_copy(update=known)


def _is_unopened(state: Gathering, now: Now) -> bool:
    return state.assigned is None and now.rule(Colour.RED).at_once_on == "unopened"


def _bears(state: Gathering, registers: RegistersChanged) -> bool:
    """Whether it says of the child that the referral is held to be about who its worker is now."""
    same = state.cases is not None and state.cases.now == registers.case_id
    return same and registers.allocated_to != state.allocated.registered


def _heard(state: Gathering, message: Message, *, now: Now) -> Gathering:
    """The same of what is asked and of what comes of it."""
    match message.data:
        case DueTimeBreached(clock="possible_red") if _is_unopened(state, now):
            return state.model_copy(update={"unopened": True})
        case InformationRequested() as requested:
            return _requested(state, requested, at=message.time)
        case InformationAnswered() as answered:
            items = tuple(_held(item, answered.agency) for item in answered.items)
            return _answered(state, Answer(request_id=answered.request_id, items=items))
        case NotificationAmended() as amended if amended.version > state.version:
            return _amended(state, amended, now=now)
        case VersionMoved(moved=version):
            return _moved(state, version)
        case InformationVolunteered() as told:
            items = tuple(_held(item, told.agency) for item in told.items)
            return _answered(state, Answer(request_id=told.volunteered_id, items=items))
        case InformationMissing(request_id=id_) if id_ not in state.missing:
            return state.model_copy(update={"missing": (*state.missing, id_)})
        case ConsentRecorded() as word:
            heard = ConsentHeard(at=message.time, **word.shared(ConsentWord))
            return state.model_copy(update={"consents": (*state.consents, heard)})
        case RequestCancelled(request_id=id_, closing=closing) if id_ not in state.missing:
            # The closing itself may still be to be heard; or it was, and what came after it.
            closed = state.closed or (closing and message.causation_id not in state.closings)
            return state.model_copy(update={"missing": (*state.missing, id_), "closed": closed})
    return _became(state, message)


def _became(state: Gathering, message: Message) -> Gathering:
    """The same of what became of products, and of the items in them."""
    match message.data:
        case ItemAmended(item_id=item_id, text=text):
            return state.in_words(item_id, text)
        case ProductRefused(product_id=product_id, voided=True):
            return state.putting_off(product_id)
        case ProductNotTaken(product_id=id_, why=why) if id_ in state.products:
            return state.not_taking(id_, gave_back=why in ("refused", "not_safe"))
        case ProductWithout() | ApprovalsEnded() as without:
            return state.going_without(without)
    return state


def _notified(said: Notification, agency: str, *, id_: str, family: tuple[Person, ...]) -> Notified:
    """The notification as items of its agency; the same for every version of it, as what its owner
    says of one is of all.
    """
    first, *others = items_of_notification(id_, len(said.parts))
    informed = said.parents_informed
    return Notified(
        item=_own(agency, said.kept, text=said.narrative, item_id=first),
        parts=tuple(
            _own(agency, part, text=part.text, item_id=item_id)
            for item_id, part in zip(others, said.parts, strict=True)
        ),
        reference=said.reference,
        child=said.subject,
        family=family,
        consent_refused=bool(informed and informed.consent == "refused"),
    )


def _own(agency: str, kept: Sharing, *, text: str, item_id: str) -> HeldItem:
    told = kept.shared(HeldItem) | {"text": text}
    return HeldItem(item_id=item_id, owner=agency, **told)


def _alleged(said: Notification, agency: str, *, now: Now) -> dict[str, object]:
    """By words that were amended, whatever the child's other referrals say."""
    suggestion = thresholds.suggest(said, profile=now.profile)
    told = alleged(said, suggestion, by=agency)
    return {"alleged": told, "signs": signs_of(said, suggestion)}


def _amended(state: Gathering, amended: NotificationAmended, *, now: Now) -> Gathering:
    """Its agency's words are others now."""
    changes: dict[str, object] = {"version": amended.version}
    if state.notified is None:
        return state.model_copy(update=changes | {"amended": amended.notification})
    before, own = state.notified, amended.referral_id
    new = Amendment(version=amended.amended_by, before=before, products=state.products)
    changes |= {"amendments": (*state.amendments, new)}
    sent_again = before.item.item_id in items_of_notification(own, 0)
    id_ = own if sent_again else state.concern_id or own
    said, owner = amended.notification, before.item.owner
    notified = _notified(said, owner, id_=id_, family=before.family)
    notified = notified.model_copy(update=_alleged(said, owner, now=now))
    return state.model_copy(update=changes | {"notified": notified})


def _moved(state: Gathering, version: str) -> Gathering:
    """A human found that a later version is about another child: what it took the place of stands
    again, or would once what came after it goes too.
    """
    found = next((one for one in state.amendments if one.version == version), None)
    if found is None:
        return state
    at = state.amendments.index(found)
    earlier, later = state.amendments[:at], state.amendments[at + 1 :]
    if not later:
        return state.model_copy(update={"notified": found.before, "amendments": earlier})
    after = later[0].model_copy(update={"before": found.before})
    return state.model_copy(update={"amendments": (*earlier, after, *later[1:])})


def _closed(state: Gathering, closed: ReferralClosed, *, by: str) -> Gathering:
    hub = closed.to if closed.outcome is Disposal.TRANSFERRED else state.transferred_to
    nothing = closed.outcome is Disposal.NO_FURTHER_ACTION
    closings = (*state.closings, by)
    changes = {"closings": closings, "transferred_to": hub}
    return _ended(state, closed=True, cancelled=nothing).model_copy(update=changes)


def _ended(state: Gathering, *, closed: bool, cancelled: bool) -> Gathering:
    if (state.closed, state.cancelled) == (closed, cancelled):
        return state
    return state.model_copy(update={"closed": closed, "cancelled": cancelled})


def _assigned(
    state: Gathering, assigned: RatingAssigned, *, at: dt.datetime, now: Now
) -> Gathering:
    """The latest rating counts, whenever heard; of two at one moment of old the more severe."""
    colour, text = assigned.colour, assigned.for_front_line
    if state.assigned is not None and state.assigned_at is not None:
        stands = (state.assigned_at, state.assigned_number, state.assigned.severity)
        if stands >= (at, assigned.number, colour.severity):
            return state
    own = OwnWords(text=text, decided_by=assigned.decided_by) if text else None
    needs = assigned.level or now.rule(colour).level
    rated = {"assigned": colour, "assigned_at": at, "needs": needs, "for_front_line": own}
    rated |= {"concern": assigned.concern, "assigned_number": assigned.number, "unopened": False}
    given = (one for one in assigned.overrules if one.reason is RuledOut.CONSENT_REFUSED)
    rated |= {"overrules": tuple(one for one in given if one.legal_basis)}
    if state.assigned not in (None, colour):
        rated |= {"rerated_at": at}
    return state.model_copy(update=rated)


def _requested(state: Gathering, requested: InformationRequested, *, at: dt.datetime) -> Gathering:
    asked = (request.identifier for request in requested.requests)
    new = [id_ for id_ in asked if id_ not in state.asked]
    level = requested.level
    if state.requested is not None and not thresholds.deeper(level, state.requested):
        level = state.requested
    at = max(at, state.requested_at or at)
    if not new and level is state.requested and at == state.requested_at:
        return state
    changes = {"requested": level, "requested_at": at, "asked": (*state.asked, *new)}
    return state.model_copy(update=changes)


def _answered(state: Gathering, new: Answer) -> Gathering:
    """The state with what came in; what is told again stands as it is told now."""
    if any(answer.request_id == new.request_id for answer in state.answers):
        return state
    told = {item.item_id for item in new.items}
    before = (
        one.model_copy(update={"items": tuple(it for it in one.items if it.item_id not in told)})
        for one in state.answers
    )
    return state.model_copy(update={"answers": (*before, new)})

"""Hop 5: draft a product for each recipient, of what is proportionate (R19, R31 to R38).

The facts of the other steps come in any order, and so each is noted first, and then what is
complete is drafted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256

from router.step import Outcome, Step, referral_of
from router.steps import thresholds
from router.steps.areas import at_once_to, hub_of, recipients_of, to_hub
from router.steps.asking import UNTOLD, as_it_stands, told_of_concern
from router.steps.cases import Cases
from router.steps.compose import instead, moving
from router.steps.compose.consent import without_consent
from router.steps.compose.ending import NO_FURTHER_ACTION, ended, rerated
from router.steps.compose.gathering import (
    STEP_NAME,
    Drafted,
    Gathering,
    HeldItem,
    Notified,
    noted,
)
from router.steps.compose.weighing import weigh
from router.steps.identity import identity_of
from router.steps.now import Now
from router.steps.safety import CHILD, cautioned, guarded
from router.steps.sanitising import Known, Sanitised, known_of, sanitise
from router.steps.sharing import open_to_others
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
from schemas.identity import IdentityField, OwnedIdentity
from schemas.information import (
    InformationAnswered,
    InformationMissing,
    InformationRequested,
    InformationVolunteered,
    RequestCancelled,
    Sensitivity,
)
from schemas.message import Message, derived_id
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.person import Person
from schemas.policy import Policy, Recipient
from schemas.product import (
    ApprovalsCancelled,
    ApprovalsEnded,
    DraftItem,
    ItemAmended,
    ProductDrafted,
    ProductEnded,
    ProductNotTaken,
    ProductRefused,
    ProductVoided,
    ProductWithout,
    Weighing,
    release_digest,
)
from schemas.rating import Colour, DueTimeBreached, RatingAssigned, RatingSuggested
from schemas.safety import Around
from schemas.sharing import names_to

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
    desk = _Desk(after, after.cases, after.notified, referral_id, Now(message.time, policy))
    onward, theirs = _hand_on(desk)
    again = [*_again(desk, before), *_joining(desk, before), *onward]
    return _draft(desk, message, stopped=(*stopped, *theirs), again=again)


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
    """What was, or is to be, for a worker's team that the referral is taken back from."""
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


@dataclass
class _Desk:
    """What drafting needs at hand; each item is sanitised once, for however many recipients."""

    state: Gathering
    cases: Cases
    notified: Notified
    referral_id: str
    now: Now
    instead: dict[str, str] = field(default_factory=dict)
    """By agency that gave its Red back, who has it instead."""
    _sanitised: dict[str, Sanitised] = field(default_factory=dict)

    @cached_property
    def known(self) -> Known:
        """Everyone of whom no text may tell; made for a draft alone, as most messages have none."""
        said = self.notified
        return said.known or known_of(said.child or Person(), *said.family)

    @cached_property
    def around(self) -> tuple[Around, ...]:
        """What must be looked for in whatever is sent about the child, as notified (L7)."""
        child = self.notified.child or Person()
        found = cautioned(Around(who=CHILD, person=child))
        return (found,) if found else ()

    def identity(self, recipient: str, *, risks: bool) -> OwnedIdentity:
        """Whom it is about, in so far as the notifying agency lets that be told; ``risks``: and who
        is a risk to the child.
        """
        owner = self.notified.item.owner
        identity = identity_of(
            self.notified.child or Person(),
            owner=owner,
            recipient=recipient,
            now=self.now,
            protected=guarded(self.around).homes_alone,
            risks=risks,
            your_reference=self.notified.reference if recipient == owner else None,
        )
        # What they did is in words that do not leave as they are: nor does who they are.
        kept = not open_to_others(self.notified.item) and recipient != owner
        return identity.asking(IdentityField.RISKS) if kept else identity

    def items(self) -> list[HeldItem]:
        """The notification and then all answers, in the same order whenever they came."""
        answered = [item for answer in self.state.answers for item in answer.items]
        ordered = sorted(answered, key=lambda item: (item.owner, item.item_id))
        return self.named([*self.notified.items, *ordered])

    def items_at_once(self) -> list[HeldItem]:
        """The same for whoever is told at once, after what who rated wrote for them."""
        said = self.own_words
        return self.items() if said is None else [said, *self.items()]

    @property
    def own_words(self) -> HeldItem | None:
        """What who rated wrote for whoever is told at once: the lead agency's own."""
        own = self.state.for_front_line
        if own is None:
            return None
        return HeldItem(
            item_id=derived_id("for-front-line", self.referral_id, own.text),
            owner=self.now.policy.lead_agency,
            text=own.text,
            sensitivity=Sensitivity.ROUTINE,
            may_be_revealed=True,
            may_leave=True,
            signpost=False,
            decided_by=own.decided_by,
        )

    def named(self, items: Sequence[HeldItem]) -> list[HeldItem]:
        """The items, each with whether whoever told it agreed to be named for it (R34)."""
        return [
            item.model_copy(
                update={"signpost": bool(item.signpost_to) or self._agrees(item.told_by)}
            )
            if item.signpost is None
            else item
            for item in items
        ]

    def _agrees(self, agency: str) -> bool:
        partner = self.now.policy.partners.get(agency)
        return bool(partner and partner.agreement and partner.agreement.signposts)

    def sanitised(self, item: HeldItem) -> Sanitised:
        """The item's sanitised text with its redactions."""
        if item.item_id not in self._sanitised:
            self._sanitised[item.item_id] = sanitise(item.text, known=self.known)
        return self._sanitised[item.item_id]


@dataclass(frozen=True, slots=True)
class _Part:
    """What is drafted at one time for a rating; ``name`` tells it from its other products."""

    name: str
    colour: Colour
    items: Sequence[HeldItem]
    urgent: bool = False
    instead_of: str | None = None
    follows: str | None = None
    stands_in_for: tuple[str, ...] = ()


def _draft(
    desk: _Desk,
    message: Message,
    *,
    stopped: tuple[Fact, ...],
    again: Sequence[ProductDrafted],
) -> Outcome[Gathering]:
    drafts, changes, closed = list(again), dict[str, object](), desk.state.closed
    if not desk.state.cancelled:
        drafts += (*(_anew(desk, one) for one in desk.state.put_off), *_following(desk))
        changes |= {kept: () for kept in ("put_off", "without") if getattr(desk.state, kept)}
    drafts += _transferred(desk)
    if not closed and (colour := _at_once(desk)):
        drafts += _products(desk, _Part("urgent", colour, desk.items_at_once(), urgent=True))
        changes |= {"at_once": colour, "concern_told": desk.state.concern}
    elif not closed and (more := _told_more(desk)):
        drafts += (_product(desk, more, recipient=one) for one in _who_has_it(desk, more))
        changes["concern_told"] = desk.state.concern
    if not closed and (colour := _complete(desk.state)):
        drafts += _products(desk, _Part("whole", colour, desk.items()))
        changes["drafted"] = colour
    elif not closed and (late := _late(desk, message)):
        drafts += (one for one in _products(desk, late) if not _is_silent(one, late))
    if drafts:
        changes["products"] = (*desk.state.products, *(draft.product_id for draft in drafts))
        changes["holding"] = tuple(_holding(desk.state, drafts))
    after = desk.state.model_copy(update=changes) if changes else desk.state
    return Outcome(after, (*stopped, *drafts))


def _transferred(desk: _Desk) -> Iterator[ProductDrafted]:
    """A human closed it to the hub of another area, which has nothing of it yet (R41)."""
    hub, state = desk.state.transferred_to, desk.state
    if hub is not None and hub not in state.supplied:
        colour = state.stands or desk.now.profile.default
        # A Red is one wherever it goes: whoever has it says so within minutes, or people are told.
        red = colour is Colour.RED
        items = desk.items_at_once() if red else desk.items()
        part = _Part("transfer", colour, items, urgent=red)
        yield _product(desk, part, recipient=to_hub(hub, desk.now))


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


def _again(desk: _Desk, before: Gathering) -> list[ProductDrafted]:
    """What was drafted with words that its owner has amended, put before that owner again."""
    now = {item.item_id: item for item in desk.items()}
    was = {item.item_id: item for item in before.items}
    changed = {id_ for id_, item in was.items() if desk.state.item(id_) != item}
    return [
        _with_other_words(desk, one, ids=[id_ for id_ in one.items if id_ in changed], now=now)
        for one in desk.state.holding
        if changed.intersection(one.items)
    ]


def _joining(desk: _Desk, before: Gathering) -> Iterator[ProductDrafted]:
    """For the team of a worker who has the child since the front line was told at once."""
    state, worker = desk.state, desk.state.allocated.works_with
    if worker is None or worker == before.allocated.works_with or state.at_once is None:
        return
    part = _Part("urgent", state.at_once, desk.items(), urgent=True)
    has = {one.recipient for one in state.holding if one.urgent}
    for recipient in _recipients(desk, part):
        if not state.closed and recipient.agency not in has:
            yield _product(desk, part, recipient=recipient)


def _with_other_words(
    desk: _Desk, one: Drafted, *, ids: Sequence[str], now: Mapping[str, HeldItem]
) -> ProductDrafted:
    items = [now[id_] for id_ in ids if id_ in now]
    texts = sha256("\0".join(item.model_dump_json() for item in items).encode()).hexdigest()
    name = f"{one.product_id}/{texts}"
    part = _Part(name, one.colour, items, urgent=one.urgent, follows=one.follows)
    to = Recipient(agency=one.recipient, purpose=one.purpose)
    draft = _product(desk, part, recipient=to)
    gone = (
        Weighing(item_id=id_, owner=desk.notified.item.owner, included=False, reason=TAKEN_BACK)
        for id_ in ids
        if id_ not in now
    )
    weighing = (*draft.weighing, *gone)
    return draft.model_copy(update={"supersedes": one.product_id, "weighing": weighing})


def _anew(desk: _Desk, one: Drafted) -> ProductDrafted:
    """What was put off, for its owners to be asked again."""
    items = [item for item in desk.items_at_once() if item.item_id in one.items]
    part = _Part(one.product_id, one.colour, items, urgent=one.urgent, follows=one.follows)
    part = replace(part, stands_in_for=one.stands_in_for)
    return _product(desk, part, recipient=Recipient(agency=one.recipient, purpose=one.purpose))


def _following(desk: _Desk) -> Iterator[ProductDrafted]:
    """What a product went without, each for the same recipient once its owner releases it."""
    by_id = {item.item_id: item for item in desk.items_at_once()}
    for one in desk.state.without:
        items = [by_id[id_] for id_ in one.items if id_ in by_id]
        name = f"{one.product_id}/without/{one.items[0]}"
        # What follows for the second time follows the product that went, too.
        went = one.follows or one.product_id
        part = _Part(name, one.colour, items, urgent=one.urgent, follows=went)
        to = Recipient(agency=one.recipient, purpose=one.purpose)
        draft = _product(desk, part, recipient=to)
        if draft.items:
            yield draft


TAKEN_BACK = "Its owner has taken it out of what it told."


def _at_once(desk: _Desk) -> Colour | None:
    """The colour that stands, if its front line is to be told and was not (R19).

    A suggestion stands only where the profile has it be enough, by itself or once nobody has opened
    it in time.
    """
    colour, told = desk.state.stands, desk.state.at_once
    if colour is None or (told is not None and colour.severity <= told.severity):
        return None
    rule = desk.now.rule(colour)
    enough = desk.state.unopened or rule.at_once_on == "suggestion"
    if desk.state.assigned is None and not enough:
        return None
    return colour if rule.at_once else None


def _told_more(desk: _Desk) -> _Part | None:
    """What who rated wrote for whoever was told at once already, and has not been told."""
    state, said = desk.state, desk.own_words
    colour, concern = state.assigned, state.concern
    if colour is None or state.at_once is not colour:
        return None
    held = {id_ for one in (*state.holding, *state.put_off) if one.urgent for id_ in one.items}
    new = [said] if said is not None and said.item_id not in held else []
    if concern is None or concern == state.concern_told:
        return _Part(f"urgent/{new[0].item_id}", colour, new, urgent=True) if new else None
    words = derived_id("concern", concern, *(one.item_id for one in new))
    return _Part(f"urgent/{words}", colour, new, urgent=True)


def _who_has_it(desk: _Desk, part: _Part) -> Iterator[Recipient]:
    """Whoever is told at once, but for those that gave it back, and whoever was told instead of
    them; where nobody has it, those that are told at once.
    """
    held = [one for one in desk.state.holding if one.urgent and one.follows is None]
    has = {one.recipient: one.purpose for one in held if not one.gave_back}
    back = {one.recipient for one in held if one.gave_back} - {*has}
    own = [one for one in _recipients(desk, part) if not has or one.agency not in back]
    yield from own
    told = {one.agency for one in own}
    yield from (Recipient(agency=by, purpose=what) for by, what in has.items() if by not in told)


def _hand_on(desk: _Desk) -> tuple[list[ProductDrafted], tuple[ProductEnded, ...]]:
    """A Red that nobody has goes on, be it closed for its front line or not; and what more there is
    of one that was given back goes to who has it instead.
    """
    state = desk.state
    if state.cancelled:
        return [], ()
    onward = [_product(desk, part, recipient=to) for part, to in _onward(desk)]
    if onward:
        state = state.model_copy(update={"not_taken": tuple(_left_over(desk))})
    desk.instead = instead.stand_ins((*state.holding, *map(instead.drafted, onward)))
    gone = instead.not_theirs_any_more(state, desk.instead)
    drafts = [*onward, *_taking_over(desk, gone)]
    desk.state = instead.left(state, gone, instead=desk.instead)
    told = {"referral_id": desk.referral_id, "case_id": desk.cases.now}
    return drafts, tuple(instead.ended(state, gone, **told))


def _taking_over(desk: _Desk, gone: Sequence[Drafted]) -> Iterator[ProductDrafted]:
    """The products of the rating that were for whom that gave its Red back, for who has it instead,
    each as one; the owners of their items decide about that recipient.
    """
    by_id = {item.item_id: item for item in desk.items()}
    for agency, other in desk.instead.items():
        theirs = [one for one in gone if one.recipient == agency and not one.urgent]
        wanted = {id_ for one in theirs for id_ in one.items}
        items = [item for id_, item in by_id.items() if id_ in wanted]
        if items:
            part = _Part(f"instead/{agency}", theirs[0].colour, items)
            for_ = dict.fromkeys((agency, *(by for one in theirs for by in one.stands_in_for)))
            to = Recipient(agency=other, purpose=theirs[0].purpose)
            yield _product(desk, replace(part, stands_in_for=tuple(for_)), recipient=to)


def _onward(desk: _Desk) -> Iterator[tuple[_Part, Recipient]]:
    """For each urgent product that nobody has, one for the next of its colour's chain who has had
    none of this referral; what it may hold is decided anew, for that recipient alone.
    """
    had = {one.recipient for one in desk.state.holding if one.urgent}
    for one in _untaken(desk):
        for to in desk.now.rule(one.colour).next:
            if to.agency not in had:
                had.add(to.agency)
                part = _Part("next", one.colour, desk.items_at_once(), urgent=True)
                yield replace(part, instead_of=one.product_id), to
                break


def _untaken(desk: _Desk) -> Iterator[Drafted]:
    """Those that go on to somebody else, as the rating stands; each does once."""
    stands = desk.state.stands
    gone_on = {one.instead_of for one in desk.state.holding}
    for one in desk.state.holding:
        stood = stands is not None and stands.severity >= one.colour.severity
        if stood and one.product_id in desk.state.not_taken and one.product_id not in gone_on:
            yield one


def _left_over(desk: _Desk) -> Iterator[str]:
    gone = {one.product_id for one in _untaken(desk)}
    return (id_ for id_ in desk.state.not_taken if id_ not in gone)


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


def _late(desk: _Desk, message: Message) -> _Part | None:
    """An answer with something new in it, after the products of the rating that still stands."""
    state = desk.state
    came = isinstance(message.data, InformationAnswered | InformationVolunteered)
    if not came or state.drafted is None:
        return None
    answer, held = state.answers[-1], {id_ for one in state.holding for id_ in one.items}
    new = [item for item in answer.items if item.item_id not in held]
    if not new or state.assigned is not state.drafted:
        return None
    return _Part(answer.request_id, state.drafted, desk.named(new))


def _is_silent(draft: ProductDrafted, part: _Part) -> bool:
    """Whether there is nothing in it but what owners keep back, and want no word of to its
    recipient: then it is not drafted either.
    """
    kept = {item.item_id for item in part.items if not (item.may_be_revealed and item.may_leave)}
    return all(one.item_id in kept and not one.signpost for one in draft.weighing)


def _products(desk: _Desk, part: _Part) -> list[ProductDrafted]:
    if part.urgent:
        return [_product(desk, part, recipient=one) for one in _recipients(desk, part)]
    return [
        _product(desk, replace(part, stands_in_for=for_), recipient=one)
        for one, for_ in _in_place_of(desk, part)
    ]


def _in_place_of(desk: _Desk, part: _Part) -> Iterator[tuple[Recipient, tuple[str, ...]]]:
    """Who gets the products of a rating: of those that gave its Red back, who has it instead; each
    with whom it stands in for.
    """
    found: dict[str, tuple[Recipient, tuple[str, ...]]] = {}
    for one in _recipients(desk, part):
        other = desk.instead.get(one.agency)
        to, before = found.get(other or one.agency, (one, ()))
        if other is not None:
            to, before = to.model_copy(update={"agency": other}), (*before, one.agency)
        found[to.agency] = (to, before)
    yield from found.values()


def _recipients(desk: _Desk, part: _Part) -> Iterator[Recipient]:
    """Those of the profile; what its front line is told at once goes to the team of the child's
    worker too, for the same purpose.
    """
    rule, worker = desk.now.rule(part.colour), desk.state.allocated.works_with
    hub = hub_of(desk.notified.child, desk.now)
    own = (at_once_to if part.urgent else recipients_of)(rule, hub, now=desk.now)
    yield from own
    team = desk.now.policy.desk_of(worker.team) if worker else None
    if team and rule.at_once and team not in {one.agency for one in own}:
        yield Recipient(agency=team, purpose=rule.at_once[0].purpose)


def _product(desk: _Desk, part: _Part, *, recipient: Recipient) -> ProductDrafted:
    rule, red = desk.now.rule(part.colour), part.colour is Colour.RED
    identity = desk.identity(recipient.agency, risks=red)
    about, at_once = identity.block.digest(), part.urgent and part.follows is None
    weighing = [
        weigh(item, recipient, colour=part.colour, up_to=rule.include_up_to) for item in part.items
    ]
    included = (item for item, how in zip(part.items, weighing, strict=True) if how.included)
    return ProductDrafted(
        product_id=_product_id(desk, part, recipient=recipient),
        referral_id=desk.referral_id,
        concern_id=desk.state.concern_id,
        said_before=desk.state.said_before,
        case_id=desk.cases.now,
        recipient=recipient.agency,
        purpose=recipient.purpose,
        colour=part.colour,
        disposal=rule.disposal,
        urgent=part.urgent,
        instead_of=part.instead_of,
        stands_in_for=part.stands_in_for,
        identity=identity,
        around=desk.around,
        items=tuple(_draft_item(desk, item, recipient=recipient, about=about) for item in included),
        weighing=tuple(weighing),
        follows=part.follows,
        without_consent=without_consent(desk.state),
        alleged=_alleged(desk) if at_once else None,
        unconfirmed=at_once and desk.state.assigned is None,
    )


def _alleged(desk: _Desk) -> str:
    """What the concern is about: in the words of whoever rated it, else as its signs have it."""
    state, notified = desk.state, desk.notified
    colour = state.stands or desk.now.profile.default
    words = state.concern or notified.signs.at(colour)
    said = told_of_concern(notified.alleged or UNTOLD, words)
    return as_it_stands(said, unconfirmed=state.assigned is None)


def _product_id(desk: _Desk, part: _Part, *, recipient: Recipient) -> str:
    moved = desk.cases.since.isoformat() if desk.cases.since else ""
    about = ("product", desk.referral_id, desk.cases.now, moved)
    id_ = derived_id(*about, part.colour, part.name, recipient.agency, recipient.purpose)
    rated = desk.state.assigned_at.isoformat() if desk.state.assigned_at else ""
    while id_ in desk.state.products:
        # Drafted so before, and rated otherwise or taken back in between: this is another product.
        id_ = derived_id(id_, rated)
    return id_


def _draft_item(desk: _Desk, item: HeldItem, *, recipient: Recipient, about: str) -> DraftItem:
    sanitised = desk.sanitised(item)

    def digest(text: str) -> str:
        return release_digest(
            item_id=item.item_id,
            recipient=recipient.agency,
            purpose=recipient.purpose,
            text=text,
            about=about,
        )

    notified = item.item_id in {one.item_id for one in desk.notified.items}
    return DraftItem(
        original=item.text,
        sanitised=sanitised.text,
        redactions=sanitised.redactions,
        original_digest=digest(item.text),
        sanitised_digest=digest(sanitised.text),
        notification=notified,
        restricted=item.sensitivity is Sensitivity.RESTRICTED,
        **item.shared(DraftItem)
        | {
            "signpost": names_to(item, recipient.agency),
            "reference": desk.notified.reference if notified else item.reference,
        },
    )


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

"""Whoever holds something of a referral is told what changed since, and says that a person knows of
it (R19, R20, R38).

What waits on a queue is taken back by the release step: who never had anything in hand is told
nothing, nor is who gave back all that it had.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from router.step import Outcome, Step, referral_or_message, refuse
from router.steps.clocks import owing
from router.steps.clocks.ticking import timers
from router.steps.inform.noting import noted
from router.steps.inform.saying import changed, to_do
from router.steps.inform.state import STEP_NAME, Holders, Knows, Owes, Stands
from router.steps.now import Now
from schemas.base import Fact
from schemas.case import LinkCorrected
from schemas.changes import (
    Change,
    ChangeAcknowledged,
    ChangeFetched,
    ChangeReceived,
    ChangeTold,
    ProductChange,
)
from schemas.decisions import ProductFetched, ProductUnsent
from schemas.letter import Letter, letter_id
from schemas.message import Message, derived_id
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.owed import ClockClosed, Owed
from schemas.policy import Policy
from schemas.product import (
    ProductEnded,
    ProductRecalled,
    ProductReleased,
    ProductReturned,
    RecallAnswered,
)
from schemas.rating import RatingAssigned, TimerElapsed

_OWED = {
    "change": "Word that a person knows what has changed since a product was sent.",
    "recall": "Word of what was done about a product, or part of one, that is wanted back.",
}
_READS_LATER = 9
"""From these rules on a change that is still to be read is not told once more."""
_ANOTHER = "What was told of it since takes its place."
_NEVER_LEFT = "It was in hand only, and was not sent."
_ELSEWHERE = "The referral was found to be about another child."


def decide(state: Holders | None, message: Message, policy: Policy) -> Outcome[Holders]:
    """Note who holds what, tell holders what changed, take their receipts, remind them of these.

    Refuses receipts for what the sender was not told.
    """
    now, before = Now(message.time, policy), state or Holders()
    match message.data:
        case ChangeReceived() as received:
            return _acknowledged(before, received)
        case ChangeFetched() as fetched:
            return Outcome(_in_hand(before, fetched))
        case TimerElapsed() as elapsed:
            return _remind(before, elapsed, now=now)
        case RecallAnswered() as answered:
            return Outcome(_answered(before, answered))
    referral_id = message.data.of_referral
    after = noted(before, message)
    if referral_id is None or (after is before and not isinstance(message.data, ProductRecalled)):
        return Outcome()
    desk = _Desk(referral_id, message, now)
    told = _told(desk, before, after=after)
    due = timers(told.state.next_at, referral_id, before=before.next_at)
    taken_back = tuple(told.takes_back)
    return Outcome(told.state, tuple(told.facts), tuple(told.letters), due, taken_back)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Which referral, by which message, and when."""

    referral_id: str
    message: Message
    now: Now


@dataclass(slots=True)
class _Telling:
    """The state after what is told."""

    state: Holders
    facts: list[Fact]
    letters: list[Letter]
    takes_back: list[str]


def _told(desk: _Desk, before: Holders, *, after: Holders) -> _Telling:
    told = _Telling(after, [], [], [])
    match desk.message.data:
        case ProductRecalled() as recalled:
            _awaits_recall(desk, told, recalled=recalled)
        case LinkCorrected() if before.cases != after.cases:
            _forget(desk, told)
        case ProductUnsent() as unsent:
            _never_had(desk, told, unsent=unsent)
    stands = after.stands
    if stands is None:
        return told
    for agency in after.holders():
        knows = after.knows(agency)
        if (
            knows
            and Stands(**knows.shared(Stands)) != stands
            and _is_news(desk, after, agency=agency)
        ):
            _tell(desk, told, agency=agency, knows=knows)
    return told


def _is_news(desk: _Desk, after: Holders, *, agency: str) -> bool:
    """A product that says otherwise than the rating may be of one that is still to be heard, unless
    that product is known to have ended, or went before anybody had rated.
    """
    decided = isinstance(desk.message.data, RatingAssigned | ReferralClosed | ReferralReopened)
    knows = after.knows(agency)
    if decided or (knows and (knows.outcome is not after.outcome or knows.unconfirmed)):
        return True
    return any(one.ended for one in after.held_by(agency) if one.colour is not after.colour)


def _tell(desk: _Desk, told: _Telling, *, agency: str, knows: Knows) -> None:
    """One letter to who holds products, however many; it takes the place of what it has not
    acknowledged.
    """
    stands = told.state.stands
    assert stands is not None
    # A product that had ended came in between: the same is not told twice. What was told before
    # another change stays, or that one would say twice what the letter before both had said.
    last = told.state.last_told(agency)
    if last and last.letter and last.said == stands:
        told.takes_back.append(last.letter)
    _let_go(desk, told, agency=agency)
    change = _change(desk, told.state, stands=stands, knows=knows)
    clock = desk.now.owing("receipt", by=agency, colour=stands.colour)
    key = f"product-changed/{agency}"
    owes = Owes(
        id=change.change_id,
        kind="change",
        since=desk.now.at,
        letter=letter_id(desk.message.id, STEP_NAME, key=key),
        said=stands,
        in_hand=False if desk.now.policy.rules >= _READS_LATER else None,
        clock=clock,
        **change.shared(Owes),
    )
    told.letters.append(
        Letter(
            key,
            agency=agency,
            notice=_notice(desk, told.state, change=change, knows=knows, owes=owes),
        )
    )
    told.state = told.state.telling([Knows(agency=agency, **stands.shared(Stands))]).owing(owes)
    told.facts.append(ChangeTold(**change.shared(Change)))


def _change(desk: _Desk, state: Holders, *, stands: Stands, knows: Knows) -> Change:
    held = state.held_by(knows.agency)
    return Change(
        referral_id=desk.referral_id,
        case_id=state.cases.now if state.cases else held[-1].case_id,
        change_id=derived_id(desk.message.id, "change", knows.agency),
        agency=knows.agency,
        product_ids=tuple(sorted(one.product_id for one in held)),
        was=knows.colour,
        confirmed=knows.unconfirmed and knows.colour is stands.colour,
        **stands.shared(Change),
    )


def _notice(
    desk: _Desk, state: Holders, *, change: Change, knows: Knows, owes: Owes
) -> ProductChange:
    stands, now = Stands(**change.shared(Stands)), desk.now
    held = state.held_by(change.agency)
    standing = (one.colour for one in held if one.colour is stands.colour and not one.ended)
    holds, confirmed = next(standing, None), change.confirmed
    return ProductChange(
        **change.shared(Change),
        changed=changed(knows, stands),
        to_do=to_do(change.agency, stands, holds=holds, confirmed=confirmed, now=now),
        receipt_by=owes.clock.due_at if owes.clock else None,
        contact=now.contact_of(now.policy.lead_agency),
    )


def _let_go(desk: _Desk, told: _Telling, *, agency: str | None, reason: str = _ANOTHER) -> None:
    """Nobody is reminded any more of a change that another takes the place of."""
    for one in told.state.owed:
        if one.kind == "change" and one.clock and agency in (None, one.agency):
            told.facts.append(
                ClockClosed(**_owed(desk.referral_id, one).shared(Owed), reason=reason)
            )
            told.state = told.state.owing(one.model_copy(update={"clock": None}))


def _take_back(told: _Telling, changes: Iterable[Owes]) -> None:
    """What nobody reads any more is not waited for to be read."""
    for one in changes:
        if one.letter:
            told.takes_back.append(one.letter)
            told.state = told.state.owing(one.model_copy(update={"in_hand": None}))


def _forget(desk: _Desk, told: _Telling) -> None:
    """What was told of another child is wanted back as a whole; whoever gets products of the right
    one knows what these say.
    """
    _take_back(told, told.state.owed)
    _let_go(desk, told, agency=None, reason=_ELSEWHERE)
    held = {one.recipient for one in told.state.products if one.is_held}
    known = tuple(one for one in told.state.known if one.agency in held)
    told.state = told.state.model_copy(update={"known": known})


def _never_had(desk: _Desk, told: _Telling, *, unsent: ProductUnsent) -> None:
    """Who never had a product owes nothing about it, and is not told what changed since."""
    held = told.state.product(unsent.product_id, case_id=unsent.case_id)
    agency = unsent.recipient
    if not held.never_left:
        return
    for one in told.state.owed:
        if one.kind == "recall" and one.product_id == held.product_id and one.clock:
            owed = _owed(desk.referral_id, one).shared(Owed)
            told.facts.append(ClockClosed(**owed, reason=_NEVER_LEFT))
            told.state = told.state.owing(one.model_copy(update={"clock": None}))
    if not told.state.held_by(agency):
        changes = (one for one in told.state.owed if one.kind == "change")
        _take_back(told, [one for one in changes if one.agency == agency])
        _let_go(desk, told, agency=agency, reason=_NEVER_LEFT)


def _awaits_recall(desk: _Desk, told: _Telling, *, recalled: ProductRecalled) -> None:
    id_ = recalled.recall_id
    held = told.state.product(recalled.product_id, case_id=recalled.case_id)
    if id_ is None or told.state.owes(id_) or held.never_left:
        return
    clock = desk.now.owing("receipt", by=recalled.recipient, colour=told.state.colour)
    owes = Owes(
        id=id_,
        kind="recall",
        agency=recalled.recipient,
        case_id=recalled.case_id,
        product_id=recalled.product_id,
        since=desk.now.at,
        clock=clock,
    )
    told.state = told.state.owing(owes)


# --- receipts, and reminders of them


def _acknowledged(state: Holders, received: ChangeReceived) -> Outcome[Holders]:
    receipt = received.receipt
    owes = state.owes(receipt.change_id)
    if owes is None or owes.kind != "change":
        return refuse("refused.unknown-subject", "change_id")
    if received.agency != owes.agency:
        return refuse("refused.not-yours", "change_id")
    if receipt.case_id != owes.case_id:
        return refuse("refused.unknown-subject", "case_id")
    if owes.acknowledged:
        return Outcome()
    read = None if owes.in_hand is None else True  # at a desk, where nothing is handed over
    known = {"acknowledged": True, "clock": None, "in_hand": read}
    after = state.owing(owes.model_copy(update=known))
    fact = ChangeAcknowledged(**receipt.shared(ChangeAcknowledged), agency=owes.agency)
    due = timers(after.next_at, receipt.referral_id, before=state.next_at)
    return Outcome(after, (fact,), timers=due)


def _in_hand(state: Holders, fetched: ChangeFetched) -> Holders | None:
    owes = state.owes(fetched.change_id)
    if owes is None or owes.in_hand is None:
        return None
    return state.owing(owes.model_copy(update={"in_hand": True}))


def _answered(state: Holders, answered: RecallAnswered) -> Holders | None:
    owes = state.owes(answered.recall_id)
    if owes is None or owes.acknowledged:
        return None
    return state.owing(owes.model_copy(update={"acknowledged": True, "clock": None}))


def _remind(state: Holders, elapsed: TimerElapsed, *, now: Now) -> Outcome[Holders]:
    after, facts, letters = state, list[Fact](), list[Letter]()
    for one in state.owed:
        if one.clock is None or one.clock.next_at > elapsed.due_at:
            continue
        told = owing.told(_owed(elapsed.key, one), one.clock, key=one.id, now=now)
        after = after.owing(one.model_copy(update={"clock": told.clock}))
        facts.append(told.fact)
        letters.append(told.letter)
    if not facts:
        return Outcome()
    due = timers(after.next_at, elapsed.key, before=state.next_at)
    return Outcome(after, tuple(facts), tuple(letters), due)


def _owed(referral_id: str, owes: Owes) -> Owed:
    assert owes.clock is not None
    return Owed(
        referral_id=referral_id,
        case_id=owes.case_id,
        clock="receipt",
        agency=owes.agency,
        owed=_OWED[owes.kind],
        subject_id=owes.id,
        since=owes.since,
        due_at=owes.clock.due_at,
    )


STEP: Step[Holders] = Step(
    name=STEP_NAME,
    hears=(
        RatingAssigned,
        ReferralClosed,
        ReferralReopened,
        LinkCorrected,
        ProductEnded,
        ProductReleased,
        ProductFetched,
        ProductUnsent,
        ProductReturned,
        ProductRecalled,
        RecallAnswered,
        ChangeReceived,
        ChangeFetched,
        TimerElapsed,
    ),
    state=Holders,
    key=referral_or_message,
    decide=decide,
)

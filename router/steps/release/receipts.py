"""Until a person of its recipient says that they have it, a product is owed a receipt (R19, R37).

That it was fetched does not count. Of a Red for the front line that nobody has taken, the next of
its colour's chain is told; that is the compose step's to draft.
"""

from __future__ import annotations

from dataclasses import replace

from router.step import Outcome
from router.steps.clocks.owing import told
from router.steps.clocks.ticking import Ticking, timers
from router.steps.now import Now
from router.steps.release.state import (
    Delivered,
    Released,
    Returned,
    State,
    Urgent,
    Void,
    sent_of,
    with_sent,
)
from schemas.base import Fact, ReferralHead
from schemas.decisions import DeliveryReceipt, ProductStopped
from schemas.letter import Letter
from schemas.owed import ClockClosed, Owed, OwedNotice
from schemas.product import (
    NotTaken,
    ProductActedOn,
    ProductApproved,
    ProductNotTaken,
    ProductReturned,
    ProductVoided,
)
from schemas.rating import TimerElapsed
from schemas.safety import LetterHeld, SafetyChoice, SafetySettled

SUPERSEDED = "A product in other words takes its place."
OWED = "Word that a person has the product."


def opened(outcome: Outcome[State], approved: ProductApproved, *, now: Now) -> Outcome[State]:
    """What was released, with the clock of its recipient, where the profile has one."""
    state, recipient = outcome.state, approved.recipient
    clock = now.owing("receipt", by=recipient, colour=approved.colour)
    if not isinstance(state, Released) or clock is None:
        return outcome
    after = state.model_copy(update={"receipt": clock})
    return replace(outcome, state=after, timers=timers(clock.next_at, approved.product_id))


def elapsed(state: State | None, timer: TimerElapsed, *, now: Now) -> Outcome[State]:
    """Warn, chase, tell the chain; and once it is due, a Red goes to the next recipient."""
    if not isinstance(state, Released) or state.receipt is None:
        return Outcome()
    clock = state.receipt
    if clock.next_at > timer.due_at:
        return Outcome()
    one = told(_owed(state, clock, product_id=timer.key), clock, key=timer.key, now=now)
    after = state.model_copy(update={"receipt": one.clock})
    next_at = one.clock.next_at if one.clock else None
    letter = _ringing_nobody(one.letter, state, now=now) if state.kept_back else one.letter
    outcome: Outcome[State] = Outcome(after, (one.fact,), (letter,), timers(next_at, timer.key))
    if not clock.breached_next:
        return outcome
    return not_taken(outcome, state.holds, why="unacknowledged" if state.fetched else "unfetched")


def _ringing_nobody(letter: Letter, state: Released, *, now: Now) -> Letter:
    """Nobody asks the recipient about what is kept back at the door: a human decides first."""
    assert isinstance(letter.notice, OwedNotice)
    lead, recipient = now.policy.lead_agency, now.policy.name_of(state.recipient)
    decides = f"It waits for a human of {now.policy.name_of(lead)} to decide whether it is safe"
    says = f"{decides}: do not ring {recipient} about it. {letter.notice.next}"
    changes = {"next": says[:500], "contact": now.contact_of(lead)}
    to = lead if letter.agency == state.recipient else letter.agency
    return replace(letter, agency=to, notice=letter.notice.model_copy(update=changes))


def at_the_door(state: State | None, fact: LetterHeld | SafetySettled) -> Outcome[State]:
    """Note that a product is kept back at the door, until a human has found it safe, for each
    reason apart. Where they find that it is not, nothing of it goes there any more, and a Red goes
    on at once.
    """
    if not isinstance(state, Released) or state.letter is None:
        return Outcome()
    if fact.rest_goes or fact.letter_id != state.letter:  # which is there already, or waits no more
        return Outcome()
    if isinstance(fact, LetterHeld):
        held = tuple(dict.fromkeys((*state.held, fact.hold_id)))
        return Outcome(None if held == state.held else state.model_copy(update={"held": held}))
    if fact.choice is SafetyChoice.DO_NOT_SEND:
        gone = {"unsafe": True, "held": (), "letter": None, "holds": None}
        return not_taken(Outcome(state.model_copy(update=gone)), state.holds, why="not_safe")
    left = tuple(one for one in state.held if one != fact.hold_id)
    after = state.model_copy(update={"unsafe": False, "held": left})
    return Outcome(None if after == state else after)


def not_taken(
    outcome: Outcome[State], approved: ProductApproved | None, *, why: NotTaken
) -> Outcome[State]:
    """With it told that nobody of its recipient has an urgent product: once, and where they say so
    themselves or it is not safe there, for what more there is of it to go elsewhere. What follows
    one that went before is added to that, wherever it is.
    """
    state = outcome.state
    if approved is None or not _goes_on(approved):
        return outcome
    if state is None or isinstance(state, Void):
        return outcome
    sent = sent_of(state)
    if sent.not_taken and why not in ("refused", "not_safe"):
        return outcome
    fact = ProductNotTaken(why=why, **approved.shared(ProductNotTaken))
    after = with_sent(state, sent.model_copy(update={"not_taken": True}))
    return replace(outcome, state=after, facts=(*outcome.facts, fact))


def _goes_on(approved: ProductApproved) -> bool:
    """Whether it goes to somebody else where nobody takes it."""
    return approved.urgent and approved.follows is None


def had(state: Released) -> Released:
    """As a person of its recipient has it: they owe nothing more, and may give it back still."""
    holds = state.holds
    urgent = Urgent(**holds.shared(Urgent)) if holds and _goes_on(holds) else None
    said = {"fetched": True, "holds": None, "receipt": None, "may_give_back": urgent}
    return state.model_copy(update=said)


def acted_on(outcome: Outcome[State], receipt: DeliveryReceipt) -> Outcome[State]:
    """With what a person of its recipient says was done with it, unless they said so before."""
    state, done = outcome.state, (receipt.done or "").strip()
    if not isinstance(state, Delivered) or not done or done == state.sent.done:
        return outcome if outcome.facts else Outcome()
    told = receipt.shared(ProductActedOn) | state.sent.shared(ProductActedOn)
    told |= {"agency": state.sent.recipient, "told_by": receipt.received_by, "text": done}
    fact = ProductActedOn.model_validate(told)
    after = with_sent(state, state.sent.model_copy(update={"done": done}))
    return replace(outcome, state=after, facts=(*outcome.facts, fact))


def given_back(state: Delivered, receipt: DeliveryReceipt) -> Outcome[State]:
    """A person had it, and then found that it is not theirs: it goes on as if nobody had taken it,
    though it was told before that nobody had.
    """
    sent = state.sent
    assert sent.may_give_back is not None
    told = sent.shared(ProductNotTaken) | sent.may_give_back.shared(ProductNotTaken)
    told["product_id"] = receipt.product_id
    facts = (
        ProductReturned(**receipt.shared(ProductReturned) | sent.shared(ProductReturned)),
        ProductNotTaken(why="refused", **told),
    )
    return Outcome(
        Returned(sent=sent.model_copy(update={"may_give_back": None, "not_taken": True})), facts
    )


def superseded(state: State | None, product_id: str) -> Outcome[State]:
    """Another product took its place at its recipient, who owes a receipt of that one instead."""
    if not isinstance(state, Released) or state.receipt is None:
        return Outcome()
    owed = _owed(state, state.receipt, product_id=product_id)
    fact = ClockClosed(reason=SUPERSEDED, **owed.shared(Owed))
    return Outcome(state.model_copy(update={"receipt": None}), (fact,))


def closed(outcome: Outcome[State], before: State | None, *, heard: Fact) -> Outcome[State]:
    """With its clock closed, where there is nothing any more of which its recipient could say that
    they have it.
    """
    after = outcome.state
    if not isinstance(before, Released) or before.receipt is None:
        return outcome
    if after is None or isinstance(after, Void):
        return outcome
    sent = sent_of(after)
    if sent.receipt is None or sent.holds is not None:
        return outcome
    owed = _owed(before, before.receipt, product_id=heard.of_product or "")
    fact = ClockClosed(reason=_why(heard), **owed.shared(Owed))
    state = with_sent(after, sent.model_copy(update={"receipt": None}))
    return replace(outcome, state=state, facts=(*outcome.facts, fact))


def _why(heard: Fact) -> str:
    """An owner's reason may tell what is not to be known, and is not said again."""
    match heard:
        case ProductVoided(reason=reason):
            return reason
        case ProductStopped(reason=str() as reason):
            return reason
        case ProductStopped():
            return "Its recipient has no information-sharing agreement in force any more."
    return "Nothing of it is to be acted on any more."


def _owed(state: Released, clock: Ticking, *, product_id: str) -> Owed:
    return Owed(
        clock="receipt",
        agency=state.recipient,
        owed=OWED,
        subject_id=product_id,
        since=clock.started_at or clock.due_at,
        due_at=clock.due_at,
        **state.shared(ReferralHead),
    )

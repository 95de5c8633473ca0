"""What would put somebody at risk is held back; a named human is asked, and decides (L7).

Products are held back before their owners are asked and again before they are released, by the
approve step; every letter once more as it is handed out (:mod:`router.keeping_back`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pydantic import Field

from router.step import Outcome, Step, referral_of, refuse
from router.steps.clocks.owing import told
from router.steps.clocks.ticking import Ticking, timers
from router.steps.now import Now
from schemas.base import Fact, Identity, ReferralHead, Shape
from schemas.identity import IdentityField
from schemas.letter import Letter
from schemas.message import Message
from schemas.notices import WordsKeptBack
from schemas.owed import ClockClosed, Owed
from schemas.policy import Policy
from schemas.product import ProductRefused
from schemas.rating import Colour, TimerElapsed
from schemas.safety import (
    Danger,
    Hit,
    Holding,
    LetterHeld,
    ProductHeld,
    SafetyChoice,
    SafetyDecided,
    SafetyDecision,
    SafetyReview,
    SafetySettled,
)


class Held(Holding):
    """What is or was held back; ``letter_id`` of a letter that waits at the door, ``clock`` until a
    human has decided.
    """

    letter_id: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
    decision: SafetyDecision | None = Field(default=None, exclude_if=lambda one: one is None)
    clock: Ticking | None = Field(default=None, exclude_if=lambda one: one is None)


class Holds(Shape):
    """All of a referral, by their ids."""

    holds: dict[Identity, Held] = Field(default_factory=dict)

    def with_(self, held: Held) -> Holds:
        """With one as it stands now."""
        return Holds(holds={**self.holds, held.hold_id: held})

    @property
    def next_at(self) -> dt.datetime | None:
        """When somebody is told next that they have not decided."""
        return min((one.clock.next_at for one in self.holds.values() if one.clock), default=None)

    def decided(self, *, product_id: str | None, letter_id: str) -> Iterator[Held]:
        """What humans decided about a letter, or about the product that it brings."""
        for held in self.holds.values():
            same = product_id is not None and held.product_id == product_id
            if held.decision is not None and (same or held.letter_id == letter_id):
                yield held


def decide(state: Holds | None, message: Message, policy: Policy) -> Outcome[Holds]:
    """Ask a human about what is held back, and take the answer.

    Refuses decisions that are not the lead agency's, or do not do away with the danger.
    """
    known = state or Holds()
    match message.data:
        case ProductHeld() | LetterHeld() as held:
            return _ask(known, held, now=Now(message.time, policy))
        case SafetyDecided() as decided:
            return _settle(known, decided, now=Now(message.time, policy))
        case ProductRefused(voided=True) as gone:
            return _left_off(known, gone, now=Now(message.time, policy))
        case TimerElapsed() as elapsed:
            return _remind(known, elapsed, now=Now(message.time, policy))
    return Outcome()


def _ask(known: Holds, fact: ProductHeld | LetterHeld, *, now: Now) -> Outcome[Holds]:
    if fact.hold_id in known.holds:
        return Outcome()
    letter_id = fact.letter_id if isinstance(fact, LetterHeld) else None
    clock = now.owing("safety", colour=Colour.RED if fact.urgent else None)
    held = Held(**fact.shared(Holding), letter_id=letter_id, clock=clock)
    review = SafetyReview(**fact.shared(Holding), due_at=clock.due_at if clock else None)
    asked = Letter(f"safety-review/{fact.hold_id}", agency=now.policy.lead_agency, notice=review)
    # Whether it says what others withhold does not show in what an owner is told of its own item.
    writes = isinstance(fact, LetterHeld) and held.written_by in now.policy.partners
    writer = _told(held, now) if writes else ()
    after = known.with_(held)
    due = timers(after.next_at, fact.referral_id, before=known.next_at)
    return Outcome(after, letters=(asked, *writer), timers=due)


def _told(held: Held, now: Now) -> tuple[Letter, ...]:
    """Whoever wrote what nobody may send is told how to go on: nobody waits for it in silence."""
    writer = held.written_by or now.policy.lead_agency
    ours = writer == now.policy.lead_agency
    contact = now.contact_of(held.recipient if ours else now.policy.lead_agency)
    to = now.policy.name_of(held.recipient)
    notice = WordsKeptBack(
        **held.shared(WordsKeptBack) | {"about": None},
        says=f"What you wrote does not go to {to}: {_SAME_WORDS if ours else _AS_WRITTEN}",
        to_do=(_OF_THE_LEAD if ours else _AGAIN).format(contact=contact, to=to),
        contact=contact,
    )
    return (Letter(f"kept-back/{held.hold_id}", agency=writer, notice=notice),)


_SAME_WORDS = "it says in the same words what another agency does not let be told."
# Who guesses at what another keeps back must not read that the guess is right.
_AS_WRITTEN = "it could not be passed on as it is written."
_OF_THE_LEAD = (
    "Decide or write again in other words, or ring {contact}: until then {to} is told nothing."
)
_AGAIN = (
    "Send it again in other words, and take back what you sent where that still stands; or ring "
    "{contact}, who tell {to}. Until then they are told nothing."
)


def _settle(known: Holds, decided: SafetyDecided, *, now: Now) -> Outcome[Holds]:
    decision = decided.decision
    if decided.agency != now.policy.lead_agency:
        return refuse("refused.role")
    if not now.may_decide(decided.agency, decision.decided_by):
        return refuse("refused.decision-maker", "decided_by")
    held = known.holds.get(decision.hold_id)
    if held is None:
        return refuse("refused.unknown-subject", "hold_id")
    if held.decision is not None:
        return Outcome() if held.decision == decision else refuse("refused.closed", "hold_id")
    if not decision.rationale.strip():
        return refuse("refused.reason-missing", "rationale")
    if decision.choice is SafetyChoice.SEND and _is_not_ours(held.hits):
        return refuse("refused.withheld", "choice")
    if decision.choice is SafetyChoice.LEAVE_OUT and not _does(decision.leaves_out, held.hits):
        return refuse("refused.unsafe", "leaves_out")
    fact = SafetySettled(**held.shared(SafetySettled) | decision.shared(SafetySettled))
    waiting = (held.letter_id,) if held.letter_id and not held.rest_goes else ()
    stopped = decision.choice is SafetyChoice.DO_NOT_SEND
    unsaid = stopped and held.written_by is None and _is_not_ours(held.hits)
    after = known.with_(held.model_copy(update={"decision": decision, "clock": None}))
    return Outcome(
        after,
        (fact.model_copy(update={"case_id": held.case_id}),),
        letters=_told(held, now) if unsaid else (),
        timers=timers(after.next_at, held.referral_id, before=known.next_at),
        takes_back=waiting if stopped else (),
        lets_go=() if stopped else waiting,
    )


def _is_not_ours(hits: tuple[Hit, ...]) -> bool:
    """Whether it says what an owner withholds: nobody else lets that be told (R30)."""
    return any(hit.danger is Danger.WITHHELD_WORDS for hit in hits)


def _does(fields: tuple[IdentityField, ...], hits: tuple[Hit, ...]) -> bool:
    """Whether nothing dangerous is left without these fields."""
    return {hit.where for hit in hits} <= {f"identity.{field}" for field in fields}


# --- until a human has decided


def _remind(known: Holds, elapsed: TimerElapsed, *, now: Now) -> Outcome[Holds]:
    """Whoever is to decide is warned and chased, and then the chain is told, to its end."""
    after, facts, letters = known, list[Fact](), list[Letter]()
    for held in known.holds.values():
        if held.clock and held.clock.next_at <= elapsed.due_at:
            one = told(_owed(held, held.clock, now=now), held.clock, key=held.hold_id, now=now)
            after = after.with_(held.model_copy(update={"clock": one.clock}))
            facts.append(one.fact)
            letters.append(one.letter)
    if not facts:
        return Outcome()
    due = timers(after.next_at, elapsed.key, before=known.next_at)
    return Outcome(after, tuple(facts), tuple(letters), due)


def _left_off(known: Holds, gone: ProductRefused, *, now: Now) -> Outcome[Holds]:
    """Nobody is reminded of what would not go any more; it may be decided all the same."""
    after, facts = known, list[Fact]()
    for held in known.holds.values():
        if held.clock and held.product_id == gone.product_id:
            after = after.with_(held.model_copy(update={"clock": None}))
            owed = _owed(held, held.clock, now=now)
            facts.append(ClockClosed(reason=gone.reason, **owed.shared(Owed)))
    if not facts:
        return Outcome()
    due = timers(after.next_at, gone.referral_id, before=known.next_at)
    return Outcome(after, tuple(facts), timers=due)


def _owed(held: Held, clock: Ticking, *, now: Now) -> Owed:
    return Owed(
        clock="safety",
        agency=now.policy.lead_agency,
        owed="A decision whether what is kept back is safe to send.",
        subject_id=held.hold_id,
        since=clock.started_at or clock.due_at,
        due_at=clock.due_at,
        **held.shared(ReferralHead),
    )


STEP: Step[Holds] = Step(
    name="hold",
    hears=(ProductHeld, LetterHeld, SafetyDecided, ProductRefused, TimerElapsed),
    state=Holds,
    key=referral_of,
    decide=decide,
)

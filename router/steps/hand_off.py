"""What a referral came to is handed off to the authority's case system, and has a receipt (R43,
R56).
"""

from __future__ import annotations

from operator import not_

from pydantic import Field

from router.step import Outcome, Step, referral_of, refuse
from router.steps.clocks.owing import told
from router.steps.clocks.ticking import Ticking, timers
from router.steps.now import Now
from schemas.base import Code, Fact, Identity, Instant, Line, ReferralHead, Shape
from schemas.handoff import (
    CaseReceiptReceived,
    OutcomeForCases,
    OutcomeHandedOff,
    OutcomeKeptBack,
    OutcomeRecorded,
)
from schemas.letter import Letter, letter_id
from schemas.message import Message, derived_id
from schemas.notices import WordsKeptBack
from schemas.outcome import ReferralClosed
from schemas.owed import ClockClosed, Owed
from schemas.policy import Policy
from schemas.rating import TimerElapsed

STEP_NAME = "hand_off"
_OWED = "The case system says that it has the outcome in its own record."
_NO_AGREEMENT = "The case system's agency has no information-sharing agreement in force."


class HandedOff(ReferralHead):
    """The outcome that the case system was told last; ``clock`` until it says that it has it."""

    handoff_id: Identity
    to: Code
    letter: Identity
    at: Instant
    clock: Ticking | None = None
    recorded_by: Line | None = Field(default=None, exclude_if=not_)
    case_reference: Identity | None = Field(default=None, exclude_if=not_)

    @property
    def owed(self) -> Owed:
        """The receipt that it owes while its clock runs."""
        assert self.clock is not None
        return Owed(
            **self.shared(ReferralHead),
            clock="receipt",
            agency=self.to,
            owed=_OWED,
            subject_id=self.handoff_id,
            since=self.at,
            due_at=self.clock.due_at,
        )


class Handing(Shape):
    """All that the case system was told of a referral, by the ids of the handoffs."""

    handoffs: dict[Identity, HandedOff] = Field(default_factory=dict)
    last: Identity | None = None

    def with_(self, one: HandedOff) -> Handing:
        """With one as it stands now."""
        return Handing(handoffs={**self.handoffs, one.handoff_id: one}, last=self.last)

    @property
    def latest(self) -> HandedOff | None:
        """What it was told last."""
        return self.handoffs.get(self.last or "")


def decide(state: Handing | None, message: Message, policy: Policy) -> Outcome[Handing]:
    """Hand an outcome off, take its receipt, remind who owes it.

    Refuses receipts of what was not handed off to that agency.
    """
    known, now = state or Handing(), Now(message.time, policy)
    match message.data:
        case ReferralClosed() as closed:
            return _hand_off(known, closed, cause=message.id, now=now)
        case CaseReceiptReceived() as received:
            return _recorded(known, received)
        case TimerElapsed() as elapsed:
            return _owing(known, elapsed, now=now)
    return Outcome()


def _hand_off(known: Handing, closed: ReferralClosed, *, cause: str, now: Now) -> Outcome[Handing]:
    """An outcome that takes another's place says so; nothing of the earlier one is owed then."""
    to = now.profile.case_system
    if to is None:
        return Outcome()
    head = closed.shared(ReferralHead)
    if now.agreement_with(to) is None:
        kept = OutcomeKeptBack(**head, to=to, reason=_NO_AGREEMENT)
        return Outcome(known, (kept,), (_kept_back(kept, now),))
    id_, earlier = derived_id(cause, STEP_NAME), known.latest
    supersedes = earlier.handoff_id if earlier else None
    clock = now.owing("receipt", by=to)
    one = HandedOff(
        **head,
        handoff_id=id_,
        to=to,
        letter=letter_id(cause, STEP_NAME, key="outcome"),
        at=now.at,
        clock=clock,
    )
    fact = OutcomeHandedOff(**head, handoff_id=id_, to=to, supersedes=supersedes)
    notice = OutcomeForCases(
        **closed.shared(OutcomeForCases),
        handoff_id=id_,
        decided_at=now.at,
        supersedes=supersedes,
    )
    after, stopped = _superseded(known, earlier)
    facts: tuple[Fact, ...] = (*stopped, fact)
    letters = (Letter("outcome", agency=to, notice=notice),)
    due = timers(clock.next_at if clock else None, closed.referral_id)
    after = Handing(handoffs={**after.handoffs, id_: one}, last=id_)
    taken_back = (earlier.letter,) if earlier and earlier.clock else ()
    return Outcome(after, facts, letters, due, takes_back=taken_back)


def _kept_back(fact: OutcomeKeptBack, now: Now) -> Letter:
    """Whoever decided is told that the case system is not, and how to go on."""
    notice = WordsKeptBack(
        **fact.shared(ReferralHead),
        letter=OutcomeForCases.type,
        recipient=fact.to,
        says=f"The outcome does not go to the case system. {fact.reason}",
        to_do="Have the outcome entered there by hand. Once an agreement is in force again, decide "
        "it again to have it sent.",
        contact=now.contact_of(fact.to),
    )
    return Letter("kept-back", agency=now.policy.lead_agency, notice=notice)


def _superseded(
    known: Handing, earlier: HandedOff | None
) -> tuple[Handing, tuple[ClockClosed, ...]]:
    if earlier is None or earlier.clock is None:
        return known, ()
    fact = ClockClosed(**earlier.owed.shared(ClockClosed), reason="The outcome was changed.")
    return known.with_(earlier.model_copy(update={"clock": None})), (fact,)


def _recorded(known: Handing, received: CaseReceiptReceived) -> Outcome[Handing]:
    receipt = received.receipt
    one = known.handoffs.get(receipt.handoff_id)
    if one is None:
        return refuse("refused.unknown-subject", "handoff_id")
    if received.agency != one.to:
        return refuse("refused.not-yours", "handoff_id")
    if receipt.case_id != one.case_id:
        return refuse("refused.unknown-subject", "case_id")
    if not receipt.recorded_by.strip():
        return refuse("missing.field", "recorded_by")
    said = {"recorded_by": receipt.recorded_by, "case_reference": receipt.case_reference}
    after = one.model_copy(update={**said, "clock": None})
    if after == one:
        return Outcome()
    fact = OutcomeRecorded(**receipt.shared(OutcomeRecorded))
    return Outcome(known.with_(after), (fact,))


def _owing(known: Handing, elapsed: TimerElapsed, *, now: Now) -> Outcome[Handing]:
    one = known.latest
    if one is None or one.clock is None or one.clock.next_at > elapsed.due_at:
        return Outcome()
    said = told(one.owed, one.clock, key=one.handoff_id, now=now)
    after = known.with_(one.model_copy(update={"clock": said.clock}))
    due = timers(said.clock.next_at if said.clock else None, elapsed.key)
    return Outcome(after, (said.fact,), (said.letter,), due)


STEP: Step[Handing] = Step(
    name=STEP_NAME,
    hears=(ReferralClosed, CaseReceiptReceived, TimerElapsed),
    state=Handing,
    key=referral_of,
    decide=decide,
)

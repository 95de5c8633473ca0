"""What a referral came to is handed off to the authority's case system, and that it is open again,
each with a receipt (R43, R56).
"""

from __future__ import annotations

from operator import not_
from typing import Any

from pydantic import Field

from router.step import Outcome, Step, referral_of, refuse
from router.steps.clocks.owing import told
from router.steps.clocks.ticking import Ticking, timers
from router.steps.now import Now
from schemas.base import Code, Identity, Instant, Line, ReferralHead, Shape
from schemas.handoff import (
    CaseReceiptReceived,
    OpenAgainForCases,
    OutcomeForCases,
    OutcomeHandedOff,
    OutcomeKeptBack,
    OutcomeRecorded,
)
from schemas.letter import Letter, letter_id
from schemas.message import Message, derived_id
from schemas.notices import WordsKeptBack
from schemas.outcome import Because, ReferralClosed, ReferralReopened
from schemas.owed import ClockClosed, Owed
from schemas.policy import Policy
from schemas.rating import TimerElapsed

STEP_NAME = "hand_off"
_OWED = "The case system says that it has the outcome in its own record."
_OWED_AGAIN = "The case system says that its own record has the referral as open again."
_CHANGED = "The outcome was changed."
_REOPENED = "The referral is open again."
_WHY = {
    Because.FURTHER_CONCERN: "there is a further concern about the child",
    Because.LINK_CORRECTED: "a human found that it is about another child",
    Because.RATED: "a social worker rated it anew",
}
_TO_DO = (
    "The outcome that you have of it stands no more: have your record say so. Another one comes "
    "once the referral is closed again."
)
_NOT_THIS_CHILD = (
    "The outcome that you have of it is not about this child, and stands no more: have it taken "
    "out of this child's record. Another one comes once the referral is closed again."
)
_BY_HAND = (
    "Have the outcome entered there by hand. Once an agreement is in force again, decide it again "
    "to have it sent."
)
_OPEN_BY_HAND = (
    "The outcome that it has of it stands no more: have its record say so by hand. It is not told "
    "later."
)
_OF_ANOTHER_BY_HAND = (
    "The outcome that it has of it is not about this child, and stands no more: have it taken out "
    "of this child's record by hand. It is not told later."
)
_NO_AGREEMENT = "The case system's agency has no information-sharing agreement in force."


class HandedOff(ReferralHead):
    """The outcome that the case system was told last; ``clock`` until it says that it has it."""

    handoff_id: Identity
    to: Code
    letter: Identity
    at: Instant
    open_again: bool = Field(default=False, exclude_if=not_)
    """That what it was told before stands no more."""
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
            owed=_OWED_AGAIN if self.open_again else _OWED,
            subject_id=self.handoff_id,
            since=self.at,
            due_at=self.clock.due_at,
        )


class Handing(Shape):
    """All that the case system was told of a referral, by the ids of the handoffs."""

    handoffs: dict[Identity, HandedOff] = Field(default_factory=dict)
    last: Identity | None = None
    reopened_at: Instant | None = Field(default=None, exclude_if=not_)
    """When the referral was last opened again: what it was closed with before stands no more."""

    def with_(self, one: HandedOff) -> Handing:
        """With one as it stands now."""
        return self.model_copy(update={"handoffs": {**self.handoffs, one.handoff_id: one}})

    @property
    def latest(self) -> HandedOff | None:
        """What it was told last."""
        return self.handoffs.get(self.last or "")


def decide(state: Handing | None, message: Message, policy: Policy) -> Outcome[Handing]:
    """Hand an outcome off, or that it stands no more, take the receipt, remind who owes it.

    Refuses receipts of what was not handed off to that agency.
    """
    known, now = state or Handing(), Now(message.time, policy)
    match message.data:
        case ReferralClosed() as closed:
            return _hand_off(known, closed, cause=message.id, now=now)
        case ReferralReopened() as reopened:
            return _open_again(known, reopened, cause=message.id, now=now)
        case CaseReceiptReceived() as received:
            return _recorded(known, received)
        case TimerElapsed() as elapsed:
            return _owing(known, elapsed, now=now)
    return Outcome()


def _hand_off(known: Handing, closed: ReferralClosed, *, cause: str, now: Now) -> Outcome[Handing]:
    """An outcome that takes another's place says so; nothing of the earlier one is owed then."""
    to = now.profile.case_system
    if to is None or (known.reopened_at and now.at < known.reopened_at):
        return Outcome()
    head = closed.shared(ReferralHead)
    if now.agreement_with(to) is None:
        kept = OutcomeKeptBack(**head, to=to, reason=_NO_AGREEMENT)
        return Outcome(known, (kept,), (_kept_back(kept, now),))
    one = HandedOff(**head, **_named(cause, "outcome"), to=to, at=now.at)
    notice = OutcomeForCases(
        **closed.shared(OutcomeForCases),
        handoff_id=one.handoff_id,
        decided_at=now.at,
        supersedes=known.last,
    )
    return _sent(
        known, one, letter=Letter("outcome", agency=to, notice=notice), why=_CHANGED, now=now
    )


def _open_again(
    known: Handing, reopened: ReferralReopened, *, cause: str, now: Now
) -> Outcome[Handing]:
    """Whoever has an outcome is told that it stands no more, of the child in whose record it is."""
    earlier = known.latest
    after = known.model_copy(update={"reopened_at": max(now.at, known.reopened_at or now.at)})
    if earlier is None or earlier.open_again or earlier.at > now.at:
        return Outcome(after)
    head = earlier.shared(ReferralHead)
    if now.agreement_with(earlier.to) is None:
        kept = OutcomeKeptBack(**head, to=earlier.to, reason=_NO_AGREEMENT)
        return Outcome(after, (kept,), (_kept_back(kept, now, because=reopened.because),))
    named = _named(cause, "open-again")
    one = HandedOff(**head, **named, to=earlier.to, at=now.at, open_again=True)
    notice = OpenAgainForCases(
        **head,
        handoff_id=one.handoff_id,
        because=reopened.because,
        says=f"The referral is open again: {_WHY[reopened.because]}.",
        to_do=_NOT_THIS_CHILD if reopened.because is Because.LINK_CORRECTED else _TO_DO,
        reopened_at=now.at,
        case_reference=earlier.case_reference,
        supersedes=earlier.handoff_id,
        contact=now.contact_of(now.policy.lead_agency),
    )
    letter = Letter("open-again", agency=one.to, notice=notice)
    return _sent(after, one, letter=letter, why=_REOPENED, now=now)


def _named(cause: str, key: str) -> dict[str, Any]:
    return {
        "handoff_id": derived_id(cause, STEP_NAME),
        "letter": letter_id(cause, STEP_NAME, key=key),
    }


def _sent(
    known: Handing, one: HandedOff, *, letter: Letter, why: str, now: Now
) -> Outcome[Handing]:
    """One more that is on its way, with its clock; ``why`` nothing of the earlier one is owed."""
    one = one.model_copy(update={"clock": now.owing("receipt", by=one.to)})
    earlier = known.latest
    fact = OutcomeHandedOff(**one.shared(OutcomeHandedOff), supersedes=known.last)
    after, stopped = _superseded(known, earlier, why=why)
    due = timers(one.clock.next_at if one.clock else None, one.referral_id)
    after = after.with_(one).model_copy(update={"last": one.handoff_id})
    taken_back = (earlier.letter,) if earlier and earlier.clock else ()
    return Outcome(after, (*stopped, fact), (letter,), due, takes_back=taken_back)


def _kept_back(fact: OutcomeKeptBack, now: Now, *, because: Because | None = None) -> Letter:
    """Whoever decided is told that the case system is not, and how to go on; ``because``: why the
    referral is open again, where that is what it is not told.
    """
    not_told, to_do = "The outcome does not go", _BY_HAND
    if because is not None:
        not_told = f"The referral is open again: {_WHY[because]}. That does not go"
        moved = because is Because.LINK_CORRECTED
        to_do = _OF_ANOTHER_BY_HAND if moved else _OPEN_BY_HAND
    notice = WordsKeptBack(
        **fact.shared(ReferralHead),
        letter=(OpenAgainForCases if because else OutcomeForCases).type,
        recipient=fact.to,
        says=f"{not_told} to the case system. {fact.reason}",
        to_do=to_do,
        contact=now.contact_of(fact.to),
    )
    return Letter("kept-back", agency=now.policy.lead_agency, notice=notice)


def _superseded(
    known: Handing, earlier: HandedOff | None, *, why: str
) -> tuple[Handing, tuple[ClockClosed, ...]]:
    if earlier is None or earlier.clock is None:
        return known, ()
    fact = ClockClosed(**earlier.owed.shared(ClockClosed), reason=why)
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
    hears=(ReferralClosed, ReferralReopened, CaseReceiptReceived, TimerElapsed),
    state=Handing,
    key=referral_of,
    decide=decide,
)

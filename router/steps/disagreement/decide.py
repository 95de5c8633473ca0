"""Any partner may say that it disagrees: a clock opens, it goes up a chain on both sides, and who
settles it decides (R51). Each profession's view is kept as its own (R54).
"""

from __future__ import annotations

from router.step import Outcome, Step, referral_of, refuse
from router.steps.clocks.owing import told
from router.steps.clocks.ticking import timers
from router.steps.disagreement.knowing import TELLS, noted
from router.steps.disagreement.state import STEP_NAME, Dispute, Disputes, Ended
from router.steps.disagreement.telling import chain_at, ended, opened, owed, ringing, rungs
from router.steps.now import Now, named_among
from schemas.base import Fact, ReferralHead
from schemas.disagreements import (
    DisagreementDecided,
    DisagreementRaised,
    DisagreementReceived,
    DisagreementSettled,
    DisagreementTakenBack,
    DisagreementWithdrawn,
    View,
)
from schemas.letter import Letter
from schemas.message import Message
from schemas.owed import ClockClosed, Owed
from schemas.policy import Policy
from schemas.product import ProductVoided
from schemas.rating import TimerElapsed
from schemas.refusals import Refusal


def decide(state: Disputes | None, message: Message, policy: Policy) -> Outcome[Disputes]:
    """Note who was told of a referral; take a disagreement, what withdraws it and what settles it.

    Refuses who was never told of the referral as it refuses what is about none.
    """
    known, now = state or Disputes(), Now(message.time, policy)
    match message.data:
        case DisagreementReceived() as received:
            return _raise(known, received, id_=message.id, now=now)
        case DisagreementTakenBack() as back:
            return _withdraw(known, back, now=now)
        case DisagreementDecided() as decided:
            return _settle(known, decided, now=now)
        case ProductVoided() as voided:
            return _void(known, voided, now=now)
        case TimerElapsed() as elapsed:
            return _tell(known, elapsed, now=now)
    after = noted(known, message, now=now)
    return Outcome() if after == known else Outcome(after)


def _raise(
    known: Disputes, received: DisagreementReceived, *, id_: str, now: Now
) -> Outcome[Disputes]:
    said, agency = received.disagreement, received.agency
    if refusal := _not_told(known, received, now=now):
        return Outcome(refusal=refusal)
    again = (one for one in known.disputes if one.agency == agency and one.ended is None)
    if any(one.shared(View) == said.shared(View) and _same(one, received) for one in again):
        return Outcome()
    owed_by = said.owner or now.policy.lead_agency
    clock = now.owing("disagreement", by=owed_by, colour=known.colour)
    dispute = Dispute(
        **said.shared(Dispute),
        disagreement_id=id_,
        agency=agency,
        at=now.at,
        owed_by=owed_by,
        due_at=clock.due_at if clock else None,
        clock=clock,
    )
    head, after = _head(known, received.of_referral), known.with_dispute(dispute)
    fact = DisagreementRaised(
        **dispute.shared(DisagreementRaised) | head.shared(DisagreementRaised)
    )
    letters = tuple(opened(dispute, head=head, now=now))
    due = timers(after.next_at, head.referral_id, before=known.next_at)
    return Outcome(after, (fact,), letters, due)


def _same(one: Dispute, received: DisagreementReceived) -> bool:
    said = received.disagreement
    return (one.disputes, one.owner) == (said.disputes, said.owner)


def _not_told(known: Disputes, received: DisagreementReceived, *, now: Now) -> Refusal | None:
    """Only what it was told of can it disagree with; else nothing says whether there is anything.

    What an owner withholds it must have been signposted to; the lead agency, which sees who was
    asked, must name one of them.
    """
    said, leads = received.disagreement, received.agency == now.policy.lead_agency
    if known.cases is None or not (leads or received.agency in known.told):
        return Refusal("refused.unknown-subject", "referral_id")
    if said.disputes != "withholding":
        return Refusal("invalid.value", "owner") if said.owner else None
    if said.owner is None:
        return Refusal("missing.field", "owner")
    named = {one.owner for one in known.signposted if one.recipient == received.agency}
    owners = {*named, *known.told} if leads else named
    if said.owner not in owners - {received.agency}:
        return Refusal("refused.unknown-subject", "owner")
    return None


def _head(known: Disputes, referral_id: str | None) -> ReferralHead:
    assert known.cases is not None
    return ReferralHead(referral_id=referral_id or "", case_id=known.cases.now)


def _withdraw(known: Disputes, back: DisagreementTakenBack, *, now: Now) -> Outcome[Disputes]:
    said = back.withdrawal
    dispute = known.dispute(said.disagreement_id)
    if dispute is None or dispute.agency != back.agency:
        return refuse("refused.unknown-subject", "disagreement_id")
    if dispute.ended is not None:
        return refuse("refused.closed", "disagreement_id")
    how = Ended(ended="withdrawn", at=now.at, by=said.withdrawn_by, said=said.reason)
    head, over = _head(known, back.referral_id), _over(dispute, how)
    fact = DisagreementWithdrawn(
        **over.shared(DisagreementWithdrawn) | head.shared(DisagreementWithdrawn),
        withdrawn_by=said.withdrawn_by,
        reason=said.reason,
    )
    return _end(known, over, fact=fact, head=head, now=now)


def _over(dispute: Dispute, how: Ended) -> Dispute:
    return dispute.model_copy(update={"clock": None, "ended": how})


def _end(
    known: Disputes, over: Dispute, *, fact: Fact, head: ReferralHead, now: Now
) -> Outcome[Disputes]:
    """No clock runs any more, and both sides are told."""
    after = known.with_dispute(over)
    due = timers(after.next_at, head.referral_id, before=known.next_at)
    return Outcome(after, (fact,), tuple(ended(over, head=head, now=now)), due)


def _settle(known: Disputes, decided: DisagreementDecided, *, now: Now) -> Outcome[Disputes]:
    said = decided.decision
    dispute = known.dispute(said.disagreement_id)
    if dispute is None or not _knows(dispute, decided.agency, now=now):
        return refuse("refused.unknown-subject", "disagreement_id")
    if refusal := _not_so(known, dispute, decided=decided, now=now):
        return Outcome(refusal=refusal)
    how = Ended(
        ended="settled",
        at=now.at,
        by=said.decided_by,
        said=said.may_be_told,
        verdict=said.verdict,
        rationale=said.rationale,
    )
    picture, head = decided.picture_of(said.referral_id), _head(known, said.referral_id)
    over = _over(dispute, how)
    fact = DisagreementSettled(
        **over.shared(DisagreementSettled)
        | said.shared(DisagreementSettled)
        | head.shared(DisagreementSettled),
        settled_by=decided.agency,
        picture_id=picture.id if picture else None,
    )
    return _end(known, over, fact=fact, head=head, now=now)


def _knows(dispute: Dispute, agency: str, *, now: Now) -> bool:
    """Whether an agency was told that there is one."""
    shown = agency == now.policy.lead_agency and dispute.may_be_revealed
    return shown or agency in dispute.sides or agency in _settling(dispute, now)


def _settling(dispute: Dispute, now: Now) -> set[str]:
    """The agencies whose people settle it: whose decision it is, and to whom on its side it went
    up. Nobody but its owner decides about what it withholds (R30).
    """
    if dispute.disputes == "withholding":
        return {dispute.owed_by}
    up = [one.agency for one in chain_at(dispute.owed_by, now) if one in dispute.told]
    return {dispute.owed_by, *filter(None, up)}


def _not_so(
    known: Disputes, dispute: Dispute, *, decided: DisagreementDecided, now: Now
) -> Refusal | None:
    said = decided.decision
    if decided.agency not in _settling(dispute, now):
        return Refusal("refused.not-yours", "disagreement_id")
    assert known.cases is not None
    if not known.cases.known(said.case_id):
        return Refusal("refused.unknown-subject", "case_id")
    if not _may_settle(dispute, said.decided_by, by=decided.agency, now=now):
        return Refusal("refused.decision-maker", "decided_by")
    leads = decided.agency == now.policy.lead_agency
    if leads and decided.picture_of(said.referral_id) is None:
        return Refusal("refused.not-shown", "saw")
    return Refusal("refused.closed", "disagreement_id") if dispute.ended else None


def _may_settle(dispute: Dispute, who: str, *, by: str, now: Now) -> bool:
    """One of the people of the chain, or who else decides for that agency."""
    people = (one.role for one in chain_at(dispute.owed_by, now) if one.agency == by)
    if named_among(who, people):
        return True
    leads = by == now.policy.lead_agency
    return now.may_rate(who) if leads else now.may_decide(by, who)


def _void(known: Disputes, voided: ProductVoided, *, now: Now) -> Outcome[Disputes]:
    """Nobody can decide any more about what a product withheld that was taken back."""
    reason = "The product that it was about was taken back."
    gone = [
        one for one in known.disputes if one.ended is None and one.product_id == voided.product_id
    ]
    if not gone or known.cases is None:
        return Outcome()
    head, after = _head(known, voided.referral_id), known
    facts, letters = list[Fact](), list[Letter]()
    for one in gone:
        after, fact, told_ = _closed(after, one, reason=reason, head=head, now=now)
        facts += fact
        letters += told_
    due = timers(after.next_at, head.referral_id, before=known.next_at)
    return Outcome(after, tuple(facts), tuple(letters), due)


def _closed(
    known: Disputes, dispute: Dispute, *, reason: str, head: ReferralHead, now: Now
) -> tuple[Disputes, list[Fact], list[Letter]]:
    over = _over(dispute, Ended(ended="closed", at=now.at, said=reason))
    facts = list[Fact]()
    if dispute.clock is not None:
        what = owed(dispute, dispute.clock, head=head).shared(Owed)
        facts.append(ClockClosed(**what, reason=reason))
    letters = [
        Letter(f"{one.key}/{dispute.disagreement_id}", agency=one.agency, notice=one.notice)
        for one in ended(over, head=head, now=now)
    ]
    return known.with_dispute(over), facts, letters


def _tell(known: Disputes, elapsed: TimerElapsed, *, now: Now) -> Outcome[Disputes]:
    """Who owes a decision is warned and chased; then both chains are told, to their ends."""
    if known.cases is None:
        return Outcome()
    head, after = _head(known, elapsed.key), known
    facts, letters = list[Fact](), list[Letter]()
    for one in known.disputes:
        if one.clock is None or one.clock.next_at > elapsed.due_at:
            continue
        if one.owed_by not in now.policy.partners:
            reason = "Who would have to decide about it is no partner of this hub any more."
            after, new, sent = _closed(after, one, reason=reason, head=head, now=now)
        else:
            after, new, sent = _told(after, one, elapsed=elapsed, head=head, now=now)
        facts += new
        letters += sent
    due = timers(after.next_at, elapsed.key, before=known.next_at)
    return Outcome(after, tuple(facts), tuple(letters), due)


def _told(
    known: Disputes, dispute: Dispute, *, elapsed: TimerElapsed, head: ReferralHead, now: Now
) -> tuple[Disputes, list[Fact], list[Letter]]:
    """All that is to be told by then: several people may be told at one moment."""
    facts, letters = list[Fact](), list[Letter]()
    while (clock := dispute.clock) and clock.next_at <= elapsed.due_at:
        step = told(
            owed(dispute, clock, head=head),
            clock,
            key=f"{dispute.disagreement_id}/{len(letters)}",
            chain=rungs(dispute, clock, now=now),
            now=now,
        )
        up = (*dispute.told, *filter(None, (clock.told_next,)))
        dispute = dispute.model_copy(update={"clock": step.clock, "told": up})
        facts.append(step.fact)
        letters.append(ringing(step.letter, dispute, now=now))
    return known.with_dispute(dispute), facts, letters


STEP: Step[Disputes] = Step(
    name=STEP_NAME,
    hears=(
        *TELLS,
        DisagreementReceived,
        DisagreementTakenBack,
        DisagreementDecided,
        ProductVoided,
        TimerElapsed,
    ),
    state=Disputes,
    key=referral_of,
    decide=decide,
)

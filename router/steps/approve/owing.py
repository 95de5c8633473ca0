"""Owners that owe a decision: their clocks, and what becomes of a product without it (R29).

A clock runs for each owner of a product that was asked and has not decided, in that owner's own
time. Once the time agreed is over, the profile says whether the product goes without what is the
owner's, or waits and a person is called.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from router.step import Outcome
from router.steps.approve.closing import awaited, settled, silent_in
from router.steps.approve.state import Approvals, Approved, Closed, Draft, Stage
from router.steps.approve.words import WAITS, WENT, in_words, silence_leads_to
from router.steps.clocks import owing
from router.steps.clocks.ticking import Ticking, timers
from router.steps.now import Now
from schemas.base import Fact
from schemas.letter import Letter
from schemas.notices import ApprovalRequest
from schemas.owed import ClockClosed, Owed, OwedNotice
from schemas.product import OwnerSilent, ProductRefused

_WENT = "The product went without it."
_NEEDLESS = "It is not asked about this any more."


def elapsed(known: Approvals, due_at: dt.datetime, *, now: Now) -> Outcome[Approvals]:
    """Tell who owes a decision, then whoever is next in the chain; in the end go on without it."""
    outcome = Outcome(known)
    for product_id, draft in known.in_stage(Draft):
        for agency in draft.clocks:
            after = outcome.state or known
            stage = after.products[product_id]
            clock = stage.clocks.get(agency) if isinstance(stage, Draft) else None
            if isinstance(stage, Draft) and clock and clock.next_at <= due_at:
                told = _told(after, _Owing(stage, agency, clock), now=now)
                outcome = replace(
                    told,
                    facts=(*outcome.facts, *told.facts),
                    letters=(*outcome.letters, *told.letters),
                )
    return outcome


@dataclass(frozen=True, slots=True, repr=False)
class _Owing:
    """What one owner owes of a draft."""

    draft: Draft
    agency: str
    clock: Ticking

    def owed(self, now: Now) -> Owed:
        """As it is told."""
        return _owed(self.draft, self.agency, clock=self.clock, now=now)


def _told(known: Approvals, one: _Owing, *, now: Now) -> Outcome[Approvals]:
    draft, agency, rule = one.draft, one.agency, now.silent_owner(one.draft.colour)
    told = owing.told(one.owed(now), one.clock, key=f"{draft.product_id}/{agency}", now=now)
    due = rule.after == "due" and one.clock.breached_next
    over = (due or told.clock is None) and agency not in draft.late
    then = silence_leads_to(draft, now)
    after = draft.ticking(agency, told.clock)
    if not over:
        letter = _saying(told.letter, f"In the end {then}.")
        return Outcome(known.with_product(draft.product_id, after), (told.fact,), (letter,))
    outcome = settled(known, after.too_late(agency), told.fact, now=now)
    then = _came_to(outcome, one) or then
    letter = _saying(told.letter, f"The time agreed is over: {then}.", last=told.clock is None)
    silent = (
        () if rule.then != "wait" and draft.follows is None else silent_in(after, agency, now=now)
    )
    return replace(outcome, facts=(*outcome.facts, *silent), letters=(letter,))


def _came_to(outcome: Outcome[Approvals], one: _Owing) -> str | None:
    """What silence led to; None while others are waited for."""
    if any(isinstance(fact, OwnerSilent) for fact in outcome.facts):
        return WAITS
    stage = outcome.state and outcome.state.product(one.draft.product_id)
    if not isinstance(stage, Approved):
        return None
    return f"{WENT}, and names its owner" if one.agency in stage.named else WENT


def _saying(letter: Letter, then: str, *, last: bool = False) -> Letter:
    assert isinstance(letter.notice, OwedNotice)
    next_ = then if last else f"{letter.notice.next} {then}"
    return replace(letter, notice=letter.notice.model_copy(update={"next": next_}))


def _owed(draft: Draft, agency: str, *, clock: Ticking, now: Now) -> Owed:
    its = (id_ for id_, by in draft.deciders.items() if agency in by)
    number = sum(draft.decision(id_, agency) is None for id_ in its)
    what = "an item" if number == 1 else f"{number} items"
    whose = f"{what} of {now.policy.name_of(agency)}"
    to = now.policy.name_of(draft.recipient)
    return Owed(
        referral_id=draft.referral_id,
        case_id=draft.case_id,
        clock="approval",
        agency=agency,
        owed=f"A decision whether {whose} may go to {to} for this: {draft.purpose}"[:499] + ".",
        subject_id=draft.product_id,
        since=clock.started_at or now.at,
        due_at=clock.due_at,
    )


# --- which clocks run


def watched(
    before: Approvals, outcome: Outcome[Approvals], *, key: str, now: Now
) -> Outcome[Approvals]:
    """The outcome with a clock for each owner that it asks, and without those of whom nothing is
    awaited any more.
    """
    if outcome.refusal is not None or outcome.state is None:
        return outcome
    asked = _asked(outcome.letters)
    after, closed = outcome.state, list[Fact]()
    for product_id, stage in outcome.state.products.items():
        was = before.products.get(product_id)
        if isinstance(stage, Draft):
            ticking = _ticking(stage, {by for id_, by in asked if id_ == product_id}, now=now)
            closed += _closed(stage, stage, gone={*stage.clocks} - {*ticking}, now=now)
            if ticking != stage.clocks:
                draft = stage.model_copy(update={"clocks": ticking})
                after = after.with_product(product_id, draft)
        elif isinstance(was, Draft):
            reason = _reason(outcome.facts, product_id, stage=stage)
            closed += _closed(was, stage, gone=was.clocks, reason=reason, now=now)
    return replace(
        outcome,
        state=after,
        facts=(*outcome.facts, *closed),
        letters=tuple(by_when(letter, after, now=now) for letter in outcome.letters),
        timers=timers(after.next_at, key, before=before.next_at),
    )


def _asked(letters: Iterable[Letter]) -> set[tuple[str, str]]:
    """Products with the owners who are asked about them."""
    return {
        (letter.notice.product_id, letter.agency)
        for letter in letters
        if isinstance(letter.notice, ApprovalRequest)
    }


def _ticking(draft: Draft, asked: set[str], *, now: Now) -> dict[str, Ticking]:
    """The clocks of a draft's owners, those of who was asked now among them."""
    wanted = {agency for _, agency in awaited(draft, now)}
    running = {agency: clock for agency, clock in draft.clocks.items() if agency in wanted}
    for agency in sorted(asked & wanted - {*running, *draft.late}):
        clock = _started(draft, agency, now=now)
        if clock is not None:
            running[agency] = clock
    return running


def _started(draft: Draft, agency: str, *, now: Now) -> Ticking | None:
    """An owner's clock; of a notice to a school, due before it opens next (L4)."""
    clock = now.owing("approval", by=agency, colour=draft.colour)
    opens = now.owing("school", by=draft.recipient) if draft.school_notice else None
    if clock is None or opens is None:
        return clock
    return min(clock, opens, key=lambda one: one.due_at)


def _closed(
    draft: Draft,
    stage: Stage,
    *,
    gone: Mapping[str, Ticking] | set[str],
    reason: str = _NEEDLESS,
    now: Now,
) -> Iterator[ClockClosed]:
    """Clocks that stop though their owners have not decided, with why."""
    for agency in sorted(gone):
        if not _has_decided(stage, agency):
            owed = _owed(draft, agency, clock=draft.clocks[agency], now=now)
            yield ClockClosed(**owed.shared(Owed), reason=reason)


def _has_decided(stage: Stage, agency: str) -> bool:
    if not isinstance(stage, Draft | Closed):
        return False
    its = {id_ for id_, by in stage.deciders.items() if agency in by}
    return its <= {one.item_id for one in stage.decided if one.owner == agency}


def _reason(facts: tuple[Fact, ...], product_id: str, *, stage: Stage) -> str:
    refused = (one for one in facts if isinstance(one, ProductRefused))
    told = next((one.reason for one in refused if one.product_id == product_id), None)
    went = isinstance(stage, Approved) and stage.without
    return told or (_WENT if went else _NEEDLESS)


def by_when(letter: Letter, known: Approvals, *, now: Now) -> Letter:
    """A request with when its clock is due, and with what it asks in words."""
    notice = letter.notice
    if not isinstance(notice, ApprovalRequest):
        return letter
    stage = known.products.get(notice.product_id)
    draft = stage if isinstance(stage, Draft) else None
    clock = draft.clocks.get(letter.agency) if draft else None
    asked = notice.model_copy(update={"due_at": clock.due_at if clock else None})
    said = in_words(asked, draft, agency=letter.agency, now=now)
    return replace(letter, notice=asked.model_copy(update=said))

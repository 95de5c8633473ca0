"""What a team says of what it was handed: a person has it, it is not theirs, or it is given up."""

from __future__ import annotations

from router.step import Outcome, refuse
from router.steps.clocks.ticking import Rung, Ticking, rungs, timers
from router.steps.hand_over.state import Handing, Handings
from router.steps.now import Now
from schemas.base import Fact
from schemas.handover import (
    HandoverConfirmed,
    HandoverGivenUp,
    HandoverNotTaken,
    HandoverReceived,
    HandoverRefused,
)
from schemas.letter import Letter
from schemas.refusals import Refusal


def receive(state: Handings | None, received: HandoverReceived, *, now: Now) -> Outcome[Handings]:
    """Take a receipt; the last one counts, until the handover is taken back."""
    receipt = received.receipt
    if _without_reason(received):
        return refuse("missing.field", "reason")
    if state is not None and not state.each and received.agency in state.fetched_by:
        return Outcome(state.model_copy(update={"early": (*state.early, received)}))
    if state is None or not state.each:
        return refuse("refused.unknown-subject", "referral_id")
    if not state.cases.known(receipt.case_id):
        return refuse("refused.unknown-subject", "case_id")
    if refusal := _not_so(state, received):
        return Outcome(refusal=refusal)
    handing = state.at(received.agency, taken_back=receipt.status == "given_up")
    if handing is None:
        return refuse("refused.closed", "status")
    done = _noted(handing, received, now=now)
    if done is None:
        return Outcome()
    told = {**receipt.shared(HandoverRefused), "case_id": state.cases.now}
    told |= {"agency": handing.desk, "letter_id": handing.letter}
    after = state.with_one(done)
    due = timers(after.next_at, receipt.referral_id, before=state.next_at)
    letters = (_up(done, told, now=now),) if receipt.status == "refused" else ()
    return Outcome(after, (_fact(receipt.status, told),), letters, due)


def _not_so(state: Handings, received: HandoverReceived) -> Refusal | None:
    if received.agency not in {one.desk for one in state.each}:
        return Refusal("refused.not-yours", "referral_id")
    return None


def _without_reason(received: HandoverReceived) -> bool:
    receipt = received.receipt
    return receipt.status == "refused" and not (receipt.reason or "").strip()


def _noted(handing: Handing, received: HandoverReceived, *, now: Now) -> Handing | None:
    """The handing as the team says; None where it said so before."""
    receipt = received.receipt
    by, reason = receipt.received_by, receipt.reason
    match receipt.status:
        case "given_up":
            again = handing.given_up_by is not None
            said: dict[str, object] = {"given_up_by": by, "clock": None}
        case "refused":
            again, clock = handing.refused is not None, _escalating(handing, now)
            said = {"received_by": None, "refused": reason, "clock": clock}
        case _:
            again = handing.received_by is not None
            said = {"received_by": by, "refused": None, "clock": None}
    return None if again else handing.model_copy(update=said)


def _fact(status: str, told: dict[str, object]) -> Fact:
    if status == "refused":
        return HandoverRefused.model_validate(told)
    less = {name: value for name, value in told.items() if name != "reason"}
    kind = HandoverGivenUp if status == "given_up" else HandoverConfirmed
    return kind.model_validate(less)


def _chain(now: Now) -> tuple[Rung, ...]:
    """Whoever is told, from now on, that nobody has it, in the authority's own time."""
    clock = now.owing("receipt")
    contacts = now.profile.chains.get("receipt", ())
    if clock is None or clock.own is None:
        return ()
    runs = now.openings_of(now.policy.lead_agency)
    every = clock.own * (now.profile.escalate_at - 1)
    return rungs(now.at, contacts[1:], every=every, runs=runs)


def _escalating(handing: Handing, now: Now) -> Ticking | None:
    """The first of the chain is told at once; as long as nobody decides, the next ones are."""
    chain = _chain(now)
    if not chain:
        return None
    at = {"due_at": now.at, "started_at": handing.since}
    return Ticking(**at, approaching_at=None, breached=True, chain=chain)


def _up(handing: Handing, told: dict[str, object], *, now: Now) -> Letter:
    """The letter to the first of the chain, with the picture to decide on."""
    contact = next(iter(now.profile.chains.get("receipt", ())), None)
    said = {name: told[name] for name in ("referral_id", "case_id", "received_by", "reason")}
    notice = HandoverNotTaken.model_validate(said | {"worker": handing.worker, "told": contact})
    agency = (contact and contact.agency) or now.policy.lead_agency
    return Letter("handover-refused", agency=agency, notice=notice)

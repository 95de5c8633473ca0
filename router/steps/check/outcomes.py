"""The hub's own outcomes feed the register of what is below threshold (R7, R38): a referral says
how it ended to those that came after it about the same child.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from router.step import Outcome
from router.steps.check.state import Checking, Ended
from router.steps.now import Now
from schemas.case import ConcernFollowed
from schemas.checks import Concluded, EarlierConcluded
from schemas.outcome import ReferralClosed
from schemas.policy import Policy
from schemas.product import Disposal
from schemas.registers import Involvement

_WORDS = {
    Disposal.EARLY_HELP: "early help, by the outcome of an earlier referral",
    Disposal.NO_FURTHER_ACTION: "no further action, by the outcome of an earlier referral",
    Disposal.SIGNPOSTED: "signposted, by the outcome of an earlier referral",
}
"""What is below threshold; a front-line team's cases are in the case system."""
_MOST = 20
"""Later referrals that are told."""


def keeps_outcomes(policy: Policy) -> bool:
    """Whether the borough keeps a register of what is below threshold with the hub."""
    return any(one.kind == "ecaf" and one.answered_by == "register" for one in policy.checks)


def follow(state: Checking, came: ConcernFollowed, *, now: Now) -> Outcome[Checking]:
    """A further referral is told how this one ended, now or later."""
    followed_by = (*state.followed_by, came.further_referral_id)[-_MOST:]
    after = state.model_copy(update={"followed_by": followed_by})
    ended = state.ended is not None
    return Outcome(after, tuple(_told(after, came.referral_id, followed_by[-1:])) if ended else ())


def end(
    state: Checking, referral_id: str, closed: ReferralClosed | None, *, now: Now
) -> Outcome[Checking]:
    """It ended, or is open again: those that came after it are told."""
    ended = Ended(outcome=closed.outcome, on=now.today) if closed else None
    if ended == state.ended:
        return Outcome()
    after = state.model_copy(update={"ended": ended})
    return Outcome(after, tuple(told_anew(after, referral_id, was=state.ended)))


def told_anew(
    state: Checking, referral_id: str, *, was: Ended | None
) -> Iterator[EarlierConcluded]:
    """What those that came after it were told counts no more; ``was``: how it had ended."""
    yield from _told(state, referral_id, state.followed_by, was=was)


def _told(
    state: Checking, referral_id: str, later: Iterable[str], *, was: Ended | None = None
) -> Iterator[EarlierConcluded]:
    ended = state.ended or was
    if ended is None:
        return
    for one in later:
        yield EarlierConcluded(
            referral_id=one,
            earlier_referral_id=referral_id,
            case_id=state.cases.now,
            outcome=state.ended.outcome if state.ended else None,
            on=ended.on,
        )


def heard(state: Checking, told: EarlierConcluded) -> Checking:
    """The later referral knows how the earlier one ended."""
    said = Concluded(**told.shared(Concluded))
    others = (one for one in state.before if one.earlier_referral_id != said.earlier_referral_id)
    return state.model_copy(update={"before": (*others, said)})


def entries(concluded: Iterable[Concluded], policy: Policy) -> Iterator[Involvement]:
    """What they are in the register of what is below threshold."""
    for one in concluded:
        if words := _WORDS.get(one.outcome) if one.outcome else None:
            yield Involvement(
                involvement=words,
                since=one.on,
                contact=policy.partners[policy.lead_agency].signpost_contact,
                reference=one.earlier_referral_id,
            )

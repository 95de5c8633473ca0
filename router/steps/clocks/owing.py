"""Who owes something is warned, chased when it is due, and then a chain is told, to its end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from router.steps.clocks.ticking import Rung, Ticking
from router.steps.now import Now
from schemas.base import Fact
from schemas.calendar import Contact
from schemas.letter import Letter
from schemas.owed import ClockChased, ClockEscalated, ClockWarned, Owed, OwedNotice

SETTLE_IT: Final = "Nobody else is told by the hub: please settle it between you."


@dataclass(frozen=True, slots=True)
class Told:
    """What a clock told, and the clock after it; None once there is nobody else to tell."""

    clock: Ticking | None
    fact: Fact
    letter: Letter


def told(
    owed: Owed,
    clock: Ticking,
    *,
    key: str,
    now: Now,
    chain: tuple[Rung, ...] | None = None,
    ends: str = SETTLE_IT,
) -> Told:
    """What a clock tells whose time has come (:attr:`Ticking.next_at`).

    Warnings and chasers go to who owes it, the rest to the chain's own agency or the lead agency;
    each is told to ring the other. ``key`` tells letters apart; ``ends``: once nobody else is told.
    """
    to, by, lead = clock.told_next, owed.agency, now.policy.lead_agency
    if clock.breached_next and chain is None:
        chain = now.chain_of(owed.clock, clock, by=by)
    after = clock.told(chain or ())
    then = _later(after, clock.next_at)
    notice = OwedNotice(
        **owed.shared(Owed),
        moment=_moment(clock),
        escalated_to=to,
        next=_next(then, now) if then else ends,
        next_at=then.next_at if then else None,
        contact=now.contact_of(lead if to is None else by),
    )
    whom = by if to is None else (to.agency or lead)
    letter = Letter(f"owed/{owed.clock}/{key}", agency=whom, notice=notice)
    return Told(after, _fact(owed, clock, to=to), letter)


def _later(after: Ticking | None, at: dt.datetime) -> Ticking | None:
    """The clock once all are told who are told at one moment, one of each side of a difference."""
    if after is None or not after.breached:
        return after
    left = tuple(rung for rung in after.chain if rung.at > at)
    return after.model_copy(update={"chain": left}) if left else None


def _moment(clock: Ticking) -> str:
    if clock.told_next is not None:
        return "escalated"
    return "chased" if clock.breached_next else "warned"


def _fact(owed: Owed, clock: Ticking, *, to: Contact | None) -> Fact:
    what = owed.shared(Owed)
    if to is not None:
        return ClockEscalated(**what, told=to)
    return (ClockChased if clock.breached_next else ClockWarned)(**what)


def _next(after: Ticking, now: Now) -> str:
    """What happens if nothing comes, in words."""
    when = now.in_words(after.next_at)
    if after.breached:
        roles = [rung.contact.role for rung in after.chain if rung.at == after.next_at]
        who = " and ".join(dict.fromkeys(roles))
        are = "is" if who in roles else "are"
        return f"If it has not come by {when}, {who} {are} told."
    return f"It is due by {when}; if it has not come by then, you are asked again."

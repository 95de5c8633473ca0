"""What both sides of a difference of opinion are told, and along whom it goes up on each (R51)."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from router.steps.clocks.ticking import Rung, Ticking
from router.steps.disagreement.state import Dispute
from router.steps.now import Now
from schemas.base import Shape
from schemas.calendar import Contact
from schemas.disagreements import OVER, DisagreementEnded, DisagreementOpened
from schemas.letter import Letter
from schemas.owed import Owed


def chain_at(agency: str, now: Now) -> tuple[Contact, ...]:
    """Along whom a difference goes up at an agency: its own chain, for the lead agency that of the
    profile; where neither is given, whoever is rung there.
    """
    leads, partner = agency == now.policy.lead_agency, now.policy.partners.get(agency)
    given = now.profile.chains.get("disagreement", ()) if leads else partner and partner.chain
    if not given:
        role = f"Whoever answers for {now.policy.name_of(agency)}"
        given = (Contact(role=role, reach=now.contact_of(agency)),)
    return tuple(one.model_copy(update={"agency": one.agency or agency}) for one in given)


def rungs(dispute: Dispute, clock: Ticking, now: Now) -> tuple[Rung, ...]:
    """Both chains side by side, in the time of who owes the decision."""
    each = (
        now.chain_of("disagreement", clock, by=dispute.owed_by, contacts=chain_at(side, now))
        for side in dispute.sides
    )
    return tuple(sorted((rung for chain in each for rung in chain), key=lambda rung: rung.at))


def owed(dispute: Dispute, clock: Ticking, *, head: Shape) -> Owed:
    """The decision that is owed; ``head``: of which referral and case."""
    return Owed(
        **head.shared(Owed),
        clock="disagreement",
        agency=dispute.owed_by,
        owed=what_is_owed(dispute),
        subject_id=dispute.disagreement_id,
        since=dispute.at,
        due_at=clock.due_at,
    )


def what_is_owed(dispute: Dispute) -> str:
    """In words that name nobody."""
    return f"A decision about a difference of opinion on {OVER[dispute.disputes]}."


def opened(dispute: Dispute, *, head: Shape, now: Now) -> Iterator[Letter]:
    """To both sides: who owes what by when, and what happens next."""
    for side in dispute.sides:
        own = side == dispute.agency
        shown = {} if own or dispute.may_be_revealed else {"view": None, "asks_for": None}
        notice = DisagreementOpened(
            **dispute.shared(DisagreementOpened) | head.shared(DisagreementOpened) | shown,
            owed=what_is_owed(dispute),
            next=_next(dispute, own=own, now=now),
            contact=now.contact_of(dispute.owed_by if own else dispute.agency),
        )
        yield Letter(f"opened/{side}", agency=side, notice=notice)


def _next(dispute: Dispute, *, own: bool, now: Now) -> str:
    who = f"{now.policy.name_of(dispute.owed_by)} decides" if own else "You decide"
    unread = "" if own or dispute.may_be_revealed else " They do not reveal their view: ring them."
    if dispute.clock is None or dispute.due_at is None:
        return f"{who}; no time is agreed for it.{unread}"
    when = dispute.due_at.astimezone(ZoneInfo(now.profile.calendar.time_zone))
    first = " and ".join(
        dict.fromkeys(rung.contact.role for rung in _first(rungs(dispute, dispute.clock, now)))
    )
    up = f" If nothing has come by then, it goes up: {first} are told next." if first else ""
    return f"{who} by {when:%A %-d %B %Y, %H:%M}.{up}{unread}"


def _first(chain: tuple[Rung, ...]) -> tuple[Rung, ...]:
    return tuple(rung for rung in chain if rung.at == chain[0].at)


def ended(dispute: Dispute, *, head: Shape, now: Now) -> Iterator[Letter]:
    """To both sides: how it ended, in the words that may be told."""
    how = dispute.ended
    assert how is not None
    for side in dispute.sides:
        own = side == dispute.agency
        notice = DisagreementEnded(
            **dispute.shared(DisagreementEnded)
            | head.shared(DisagreementEnded)
            | how.shared(DisagreementEnded),
            decided_by=how.by if how.ended == "settled" else None,
            next=_after(dispute, own=own),
            contact=now.contact_of(dispute.owed_by if own else dispute.agency),
        )
        yield Letter(f"ended/{side}", agency=side, notice=notice)


_AFTER = {
    "settled": "What changes with it comes as a message of its own. ",
    "withdrawn": "No decision is owed any more. ",
    "closed": "No decision is awaited any more. ",
}


def _after(dispute: Dispute, *, own: bool) -> str:
    assert dispute.ended is not None
    again = "If you still disagree, say so again, or ring." if own else "Nothing is left to do."
    return _AFTER[dispute.ended.ended] + again

"""What both sides of a difference of opinion are told, and along whom it goes up on each (R51)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from router.steps.clocks.ticking import Rung, Ticking
from router.steps.disagreement.state import Dispute, Ended
from router.steps.now import Now
from schemas.base import Shape
from schemas.calendar import Contact
from schemas.disagreements import OVER, DisagreementEnded, DisagreementOpened, Verdict
from schemas.letter import Letter
from schemas.owed import Owed


def chain_at(agency: str, now: Now) -> tuple[Contact, ...]:
    """Along whom a difference goes up at an agency: its own chain, for the lead agency that of the
    profile; where neither is given, whoever is rung there.
    """
    leads, partner = agency == now.policy.lead_agency, now.policy.partners.get(agency)
    given = now.profile.chains.get("disagreement", ()) if leads else partner and partner.chain
    if not given:
        role = f"whoever answers for {now.policy.name_of(agency)}"
        given = (Contact(role=role, reach=now.contact_of(agency)),)
    return tuple(one.model_copy(update={"agency": one.agency or agency}) for one in given)


def rungs(dispute: Dispute, clock: Ticking, *, now: Now) -> tuple[Rung, ...]:
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
    first = " and ".join(
        dict.fromkeys(rung.contact.role for rung in _first(rungs(dispute, dispute.clock, now=now)))
    )
    up = f" If nothing has come by then, it goes up: {first} are told next." if first else ""
    return f"{who} by {now.in_words(dispute.due_at)}.{up}{unread}"


def _first(chain: tuple[Rung, ...]) -> tuple[Rung, ...]:
    return tuple(rung for rung in chain if rung.at == chain[0].at)


def ringing(letter: Letter, dispute: Dispute, *, now: Now) -> Letter:
    """The letter with whom to ring on the other side, who knows what it is about."""
    own = letter.agency == dispute.agency
    contact = now.contact_of(dispute.owed_by if own else dispute.agency)
    return replace(letter, notice=letter.notice.model_copy(update={"contact": contact}))


def ended(dispute: Dispute, *, head: Shape, now: Now) -> Iterator[Letter]:
    """To both sides: how it ended, in the words that may be told."""
    how = dispute.ended
    assert how is not None
    for side in dispute.sides:
        own = side == dispute.agency
        kept = how.ended == "withdrawn" and not own and not dispute.may_be_revealed
        notice = DisagreementEnded(
            **dispute.shared(DisagreementEnded)
            | head.shared(DisagreementEnded)
            | how.shared(DisagreementEnded)
            | ({"said": NO_LONGER} if kept else {}),
            decided_by=how.by if how.ended == "settled" else None,
            next=_after(how, own=own),
            contact=now.contact_of(dispute.owed_by if own else dispute.agency),
        )
        yield Letter(f"ended/{side}", agency=side, notice=notice)


NO_LONGER: Final = "They disagree no longer."
_AGAIN: Final = "If you still disagree, say so again, or ring."


def _after(how: Ended, *, own: bool) -> str:
    if how.ended != "settled":
        return f"No decision is awaited any more. {_AGAIN}" if own else "No decision is owed."
    if own:
        return f"What changes of what you were told comes as a message of its own. {_AGAIN}"
    if how.verdict is Verdict.NOT_UPHELD:
        return "Nothing is left to do."
    return "What is to change by it changes by a decision of its own."

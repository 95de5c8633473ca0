"""When a step decides, and under which policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from router.steps.clocks.openings import Openings, openings
from router.steps.clocks.own_time import OwnTime, allowed_time, time_until
from router.steps.clocks.ticking import Rung, Running, Ticking, rungs, started
from router.steps.permitted import may_decide_cases, may_decide_own
from schemas.calendar import DAY_AND_NIGHT, Contact, Elapsed, Minutes, TimeAllowed
from schemas.policy import (
    AgeBand,
    Agreement,
    BoroughProfile,
    ColourRule,
    Partner,
    Policy,
    SilentOwner,
    plain_name,
)
from schemas.rating import ClockKind, Colour
from schemas.refusals import Refusal


@dataclass(frozen=True)
class Now:
    """The moment of the message that is decided, and the policy in force."""

    at: dt.datetime
    policy: Policy

    @property
    def profile(self) -> BoroughProfile:
        """The borough's profile."""
        return self.policy.profile

    @cached_property
    def today(self) -> dt.date:
        """The borough's date: agreements begin and end by it."""
        return self.day_of(self.at)

    def day_of(self, at: dt.datetime) -> dt.date:
        """The borough's date at a moment, however far off."""
        try:
            return at.astimezone(ZoneInfo(self.profile.calendar.time_zone)).date()
        except OverflowError:  # at either end of time
            return at.date()

    def in_words(self, at: dt.datetime) -> str:
        """A moment by the borough's clocks, as people write it; midnight ends a day."""
        there = at.astimezone(ZoneInfo(self.profile.calendar.time_zone))
        if (there.hour, there.minute) == (0, 0):
            return f"the end of {there - dt.timedelta(days=1):%A %-d %B %Y}"
        return f"{there:%A %-d %B %Y, %H:%M}"

    def rule(self, colour: Colour) -> ColourRule:
        """What a rating means in this borough."""
        return self.policy.profile.colours[colour]

    def silent_owner(self, colour: Colour) -> SilentOwner:
        """What becomes of a product of this colour whose owner does not decide in time."""
        return self.rule(colour).silent_owner or self.profile.silent_owner

    def due(self, colour: Colour, *, since: dt.datetime | None = None) -> dt.datetime:
        """When the products of a rating are due: from now, or from ``since``."""
        return self.own_time(self.rule(colour).time_allowed, since=since).due

    def own_time(self, allowed: TimeAllowed, *, since: dt.datetime | None = None) -> OwnTime:
        """The authority's own time from now, or from ``since``."""
        return allowed_time(allowed, since or self.at, calendar=self.profile.calendar)

    def clock(self, allowed: TimeAllowed) -> Ticking:
        """A clock of the authority's that runs from now, and warns when the profile says."""
        return started(self.own_time(allowed), warn_at=self.profile.warn_at)

    def product_clock(self, colour: Colour, due_at: dt.datetime) -> Ticking:
        """A clock that runs from now until the products of a rating are due."""
        allowed, own = self.rule(colour).time_allowed, openings(self.profile.calendar)
        if isinstance(allowed, Minutes | Elapsed) or not own.is_open(due_at):
            own = openings(DAY_AND_NIGHT)
        return started(self.until(due_at, own), due_at, warn_at=self.profile.warn_at)

    def act_by(self, colour: Colour, *, agency: str) -> dt.datetime | None:
        """By when a recipient is to act on a product that goes out now, where the profile says."""
        allowed = self.rule(colour).act_within
        if allowed is None:
            return None
        return allowed_time(allowed, self.at, calendar=self.policy.calendar_of(agency)).due

    def answer_time(self, agency: str, until: dt.datetime, *, share: float = 1) -> OwnTime:
        """A share of an agency's own time from now until a moment."""
        calendar = self.policy.calendar_of(agency)
        return time_until(until, self.at, calendar=calendar, share=share)

    def until(self, due_at: dt.datetime, runs: Openings) -> OwnTime:
        """All the time from now until a moment, while it runs."""
        start = self.at.astimezone(dt.UTC)
        return OwnTime(start, runs.between(start, due_at), runs)

    def openings_of(self, agency: str) -> Openings:
        """When an agency is there."""
        return openings(self.policy.calendar_of(agency))

    def owing(
        self, kind: ClockKind, *, by: str | None = None, colour: Colour | None = None
    ) -> Ticking | None:
        """A clock of this kind that runs from now in the time of who owes something, ``by``: an
        agency, or the authority; None where the profile has none.

        ``colour``: of the rating that it is about, which may have a time of its own.
        """
        own = self.rule(colour).allowed if colour else {}
        allowed = own.get(kind) or self.profile.allowed.get(kind)
        if allowed is None:
            return None
        calendar = self.policy.calendar_of(by) if by else self.profile.calendar
        time = allowed_time(allowed, self.at, calendar=calendar)
        return started(time, warn_at=self.profile.warn_at)

    def chain_of(
        self,
        kind: ClockKind,
        clock: Ticking,
        *,
        by: str | None = None,
        contacts: Sequence[Contact] | None = None,
    ) -> tuple[Rung, ...]:
        """Along whom a clock goes up once it is due, in the time of whom it binds: an agency,
        or the authority. ``contacts``: others than the profile's.
        """
        own = self.openings_of(by) if by else openings(self.profile.calendar)
        runs = openings(DAY_AND_NIGHT) if clock.day_and_night else own
        known = self._contacts(kind) if contacts is None else contacts
        return self._chain(kind, clock, runs=runs, contacts=known)

    def remind_at(self) -> dt.datetime | None:
        """When whoever had a clock stand still is reminded of it, where the profile says."""
        allowed = self.profile.pause_reminder
        return self.own_time(allowed).due if allowed else None

    def answer_chain(self, agency: str, clock: Running) -> tuple[Rung, ...]:
        """Along whom it goes up, in an agency's own time, that it has not answered."""
        contacts = self._contacts("answer")
        return self._chain("answer", clock, runs=self.openings_of(agency), contacts=contacts)

    def _contacts(self, kind: ClockKind) -> tuple[Contact, ...]:
        return self.profile.chains.get(kind, ())

    def _chain(
        self, kind: ClockKind, clock: Running, *, runs: Openings, contacts: Sequence[Contact]
    ) -> tuple[Rung, ...]:
        if clock.own is None:
            return ()
        every = self.profile.escalates_every(kind, clock.own)
        return rungs(clock.due_at, contacts, every=every, runs=runs)

    def agreement_with(self, agency: str) -> Agreement | None:
        """The agency's information-sharing agreement, if one is in force today (R50)."""
        partner = self.policy.partners.get(agency)
        if partner is None or partner.agreement is None:
            return None
        return partner.agreement if partner.agreement.in_force(self.today) else None

    def contact_of(self, agency: str) -> str:
        """Whom to ring at a partner; of who is none, at the lead agency."""
        partners = self.policy.partners
        return (partners.get(agency) or partners[self.policy.lead_agency]).signpost_contact

    def holds(self, agency: str) -> AgeBand | None:
        """About whom an agency of this kind can hold anything; None: about anybody."""
        partner = self.policy.partners.get(agency)
        kind = partner.kind if partner else None
        return self.profile.holds.get(kind or agency)

    def may_decide(self, agency: str, who: str) -> bool:
        """Whether this is one of the people who decide for the agency about its items (R29)."""
        partner = self.policy.partners.get(agency)
        makers = (*partner.decision_makers, *self._registered(partner)) if partner else ()
        named = plain_name(who) in map(plain_name, makers)
        return named and may_decide_own(self.policy, who, agency=agency, on=self.today)

    def _registered(self, partner: Partner) -> Iterator[str]:
        """Whom its administrator registered, with a key that counts now."""
        for key in partner.agreement.keys if partner.agreement else ():
            if key.registered and key.counts(self.at, at=self.at):
                yield key.decided_by

    def is_known(self, agency: str, who: str, *, among: Iterable[Contact] = ()) -> bool:
        """Whether an agency registers this person, or one of these contacts names them; anybody at
        one that registers nobody.
        """
        partner = self.policy.partners.get(agency)
        people = (*partner.decision_makers, *partner.social_workers) if partner else ()
        if not people or (agency == self.policy.lead_agency and self.may_rate(who)):
            return True
        if self.may_decide(agency, who):
            return True
        named = (part for contact in among for part in contact.role.split(","))
        return plain_name(who) in map(plain_name, (*people, *named))

    def may_rate(self, who: str) -> bool:
        """Whether this is one of the lead agency's social workers, as far as it registers them: who
        rates also closes, asks, and settles links (R17, R38).
        """
        workers = self.policy.partners[self.policy.lead_agency].social_workers
        named = not workers or plain_name(who) in map(plain_name, workers)
        return named and may_decide_cases(self.policy, who, on=self.today)

    def why_not_rate(self, agency: str, who: str) -> Refusal | None:
        """Why somebody of an agency may not decide as those do who rate; None: they may."""
        if agency != self.policy.lead_agency:
            return Refusal("refused.role")
        return None if self.may_rate(who) else Refusal("refused.decision-maker", "decided_by")


def named_among(who: str, roles: Iterable[str]) -> bool:
    """Whether somebody is one of a chain's people, who are named by a role or before it, as in
    ``Ada Sample, head of service``.
    """
    names = (name for role in roles for name in (role, role.partition(",")[0]))
    return plain_name(who) in map(plain_name, names)

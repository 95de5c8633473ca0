"""The borough's profile: its colours, levels, times, chains and words, from a date on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from enum import StrEnum
from operator import not_
from string import Formatter
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from schemas.base import Code, Line, Prose, Shape
from schemas.calendar import (
    ALWAYS_THERE,
    DAY_AND_NIGHT,
    Calendar,
    Contact,
    Elapsed,
    Minutes,
    PartnerCalendar,
    TimeAllowed,
    WorkingHours,
    office_hours,
)
from schemas.gathering import Level
from schemas.identity import AGREED, IdentityAgreed
from schemas.information import Sensitivity
from schemas.product import Disposal
from schemas.rating import ClockKind, Colour
from schemas.referrer import ReferrerWords
from schemas.weighing import Weighing

_no: Callable[[object], bool] = not_


_REFERRERS = ReferrerWords()


class Denial(StrEnum):
    """Why words of harm are not counted as a sign of it (ConText: Harkema et al. 2009)."""

    NEGATED = "negated"
    HISTORICAL = "historical"
    """Long past, or a parent's own childhood."""
    HYPOTHETICAL = "hypothetical"
    """Feared, supposed or warned of."""
    QUESTION = "question"
    OTHER = "other"
    """Somebody else's, an animal's or a thing's."""
    FICTION = "fiction"
    """Of a story, a game, a lesson or a policy."""
    EXPLAINED = "explained"
    """An injury for which the text itself gives an innocent cause."""


class Indicator(Shape):
    """A sign of harm that points to ``colour``: a phrase of the narrative, or a coded concern."""

    id: Code
    says: Line
    """In the profile's own words, for reasons and requests; never quotes the narrative."""
    colour: Colour
    phrases: tuple[Line, ...] = ()
    """As :mod:`router.steps.suggestion.phrases` reads them."""
    concerns: tuple[Code, ...] = ()
    """Codes of the sender, which no words deny."""
    despite: tuple[Denial, ...] = Field(default=(), exclude_if=not_)
    """What does not deny it: a threat with an 'if' is a threat."""
    vague: bool = Field(default=False, exclude_if=not_)
    """It counts only in a sentence that denies no plainer sign, and its reason is told only where
    nothing plainer is found.
    """


class Context(Shape):
    """Words that say how to take the words of harm near them (ConText)."""

    means: Denial | Literal["pseudo", "terminates", "clause", "joins", "idiom"]
    """Why what they reach is denied. ``pseudo``: they look like such words and deny nothing;
    ``terminates``: no reach goes beyond them; ``clause``: nor beyond these, but right after words
    that deny they begin what is denied; ``joins``: they look like the beginning of a clause, and go
    on with it; ``idiom``: they look like words of harm.
    """
    reaches: Literal["after", "before", "both", "answers", "previous"] = "after"
    """Whether what they deny stands after them, before them or on both sides, within their
    sentence; or, where they begin a sentence, in the question before it, or in whatever was said
    before it.
    """
    within: int = Field(default=12, ge=1, le=200)
    """How many words they reach."""
    of: tuple[Denial, ...] = Field(default=(), exclude_if=not_)
    """Whose reach they terminate, or what they only seem to say; everything where it is empty."""
    phrases: tuple[Line, ...]


class Recipient(Shape):
    """A named recipient and what it needs the product for."""

    agency: Code
    purpose: Line


TRANSFER = "transfer to the area where the child lives"


WaitsFor = Literal["rating", "suggestion"]
"""Whether a human has to rate first, or the profile's suggestion is enough."""


class AgeBand(Shape):
    """About whom an agency can hold anything: by whole years, both included, and before birth."""

    from_age: int = Field(default=0, ge=0)
    to_age: int = Field(default=17, ge=0)
    unborn: bool = False


class SchoolNotices(Shape):
    """Of which incidents a child's school is told before its next school day, and what (L4)."""

    told_by: tuple[Code, ...] = ("police",)
    """Agencies, or kinds of them, whose notifications these are."""
    concerns: tuple[Code, ...] = ()
    """Codes of the sender that tell of such an incident."""
    indicators: tuple[Code, ...] = ()
    """Indicators of this profile that do."""
    schools: dict[Line, Code] = Field(default={}, exclude_if=not_)
    """Which partner is which school, by its number in the register of schools, or by its name; a
    partner of the school's own name needs no line.
    """
    ages: AgeBand = AgeBand(from_age=3, to_age=18)
    """Children of other ages go to no school."""
    purpose: Line = "support in school after a domestic abuse incident"
    """As an owner's standing release names it."""
    legal_basis: Line = "Domestic Abuse Act 2021 s49A"
    says: Prose = (
        "There was an incident of domestic abuse in the child's household {when}. The child may "
        "need support in school. This is for the school's safeguarding lead: please do not ask the "
        "child about it, and do not speak of it to the family."
    )
    """What the school is told; ``{when}`` stands for the day and time of it."""
    to_do: Line = "Have somebody whom the child trusts look after them quietly when they come in."


class SilentOwner(Shape):
    """What becomes of a product whose owner has not decided in the time agreed."""

    after: Literal["due", "chain"] = "chain"
    """When that time is over: once it is due, or once the last of the chain was told."""
    then: Literal["without", "signpost", "wait"] = "wait"
    """The product goes without what is the owner's: ``without`` a word of it, or with a
    ``signpost`` where the owner agreed to one; or it waits, and an alarm is raised.
    """


class ColourRule(Shape):
    """What a rating means in this borough (R17 to R19, R23, R37, R38)."""

    time_allowed: TimeAllowed
    level: Level
    legal_basis: Line
    disposal: Disposal
    recipients: tuple[Recipient, ...] = ()
    at_once: tuple[Recipient, ...] = ()
    """Front-line recipients who are told at once (R19, R39)."""
    include_up_to: Sensitivity
    """The most sensitive kind of item that is proportionate to this rating (R33)."""
    gather_on: WaitsFor = Field(default="rating", exclude_if=lambda on: on == "rating")
    """When requests leave; before a human has looked only where partners agreed on that."""
    at_once_on: WaitsFor | Literal["unopened"] = Field(
        default="rating", exclude_if=lambda on: on == "rating"
    )
    """When the front line is told at once; ``unopened``: also once nobody has opened a possible Red
    in time, as unconfirmed.
    """
    without_consent: bool = Field(default=False, exclude_if=not_)
    """Whether the legal basis stands though consent was refused, as section 47 does (L5)."""
    to_do: Line | None = Field(default=None, exclude_if=_no)
    """What a recipient of a product is to do with it; None: it is not told."""
    allowed: dict[ClockKind, TimeAllowed] = Field(default={}, exclude_if=not_)
    """By clock, how long it has at this rating, where that is not as :attr:`BoroughProfile.allowed`
    says: minutes at a Red.
    """
    next: tuple[Recipient, ...] = Field(default=(), exclude_if=not_)
    """To whom a Red goes one by one that those who were told at once have not taken."""
    silent_owner: SilentOwner | None = Field(default=None, exclude_if=_no)
    """At this rating, where that is not as :attr:`BoroughProfile.silent_owner` says."""
    act_within: TimeAllowed | None = Field(default=None, exclude_if=_no)
    """For that, in the recipient's own time from when the product goes out; None: not told."""


REPEAT_SAYS: Final = "{count} concerns about {whom} in {months} months, with this one."


def _tells_repeats(words: str) -> str:
    """The words, if all that they leave to be filled in is there to fill it in."""
    named = {name for _, name, *_ in Formatter().parse(words) if name is not None}
    if named != {"count", "whom", "months"}:
        raise ValueError("has to name {count}, {whom} and {months}, and nothing else in braces")
    return words


RepeatWords = Annotated[Line, AfterValidator(_tells_repeats)]


class Area(Shape):
    """Another area, by its postcodes, and its hub (R41)."""

    name: Line
    postcodes: Annotated[tuple[Line, ...], Field(min_length=1)]
    """As they begin: ``ZZ9``, or ``ZZ9 1`` where an area has only a part of it."""
    hub: Code | None = Field(default=None, exclude_if=_no)
    """The partner that is its hub; None: this hub has no way to pass anything on there."""
    contact: Line
    """Whom to ring there."""

    def covers(self, postcode: str) -> bool:
        """Whether a postcode (``ZZ9 1AA``) is of this area."""
        outward, _, inward = postcode.upper().partition(" ")
        for begins in self.postcodes:
            district, _, sector = begins.upper().partition(" ")
            if outward == district and inward.startswith(sector):
                return True
        return False


class Retention(Shape):
    """How long the record of a child is kept, where it is of this class (L8)."""

    outcomes: tuple[Disposal, ...] = ()
    """With which its referrals were closed; none: of whatever no other class is for."""
    years: int = Field(ge=1, le=150)
    counted_from: Literal["birth", "last_entry"] = "last_entry"
    """What nobody knows the birth date of counts from its last entry."""


_QUIET: Final = WorkingHours(hours=4)


class BoroughProfile(Shape):
    """The thresholds and times of one borough, from a date on."""

    name: Line
    version: Line
    valid_from: dt.date
    calendar: Calendar = Calendar()
    words: dict[Code, tuple[Line, ...]] = Field(default={}, exclude_if=not_)
    """Words and phrases by what they have in common; phrases name them in braces."""
    context: tuple[Context, ...] = Field(default=(), exclude_if=not_)
    """Where it is empty nothing is denied."""
    indicators: tuple[Indicator, ...]
    default: Colour
    """When no indicator is found."""
    unknown: Colour | None = Field(default=None, exclude_if=lambda colour: colour is None)
    """When the words hold nothing that the profile knows, not even to deny it, a person had better
    read them (Chow 1970: reject rather than guess); None: as ``default``.
    """
    weighing: Weighing | None = Field(default=None, exclude_if=_no)
    """What the words weigh together; it decides then what may be a Red, beside the sender's own
    word and codes. None, as in profiles of old: the indicators and ``unknown`` do.
    """
    repeat_referrals: int = Field(default=3, ge=1)
    """So many earlier concerns about the child raise a Blue or Green by one colour (R12)."""
    repeat_family: int | None = Field(default=None, ge=1, exclude_if=_no)
    """So many earlier ones about its family do, too; None: those about the family do not."""
    repeat_months: int = Field(default=12, ge=1, le=120, exclude_if=lambda number: number == 12)
    """Within so many months."""
    repeat_says: RepeatWords = Field(
        default=REPEAT_SAYS, exclude_if=lambda words: words == REPEAT_SAYS
    )
    """What is said then of ``{count}`` concerns about ``{whom}`` in ``{months}`` months."""
    colours: dict[Colour, ColourRule]
    decision_allowed: TimeAllowed
    """For the authority to confirm the rating (L3)."""
    warn_at: float = Field(default=0.75, gt=0, lt=1)
    """Share of a clock's own time after which its due time is 'approaching'."""
    escalate_at: float = Field(default=1.5, gt=1, le=10, exclude_if=lambda share: share == 1.5)
    """Share of it after which the first of its chain is told; each further one as much later."""
    answer_share: float = Field(default=0.5, gt=0, le=1)
    """Share that agencies have of their own time until products are due (R25)."""
    calendars: dict[Code, PartnerCalendar] = Field(default={}, exclude_if=not_)
    """By agency, or by kind of agency, when it is there. Others: :meth:`calendar_of`."""
    allowed: dict[ClockKind, TimeAllowed] = Field(default={}, exclude_if=not_)
    """By clock, how long it has, for those that no field of their own is for; one that is not
    named does not run.
    """
    pause_reminder: TimeAllowed | None = Field(default=None, exclude_if=not_)
    """After how long whoever had a request stand still is asked whether it still is to, and again
    after as long; None: never.
    """
    chains: dict[ClockKind, tuple[Contact, ...]] = Field(default={}, exclude_if=not_)
    """By clock, along whom it goes up once its due time has passed."""
    escalate_every: dict[ClockKind, Minutes | Elapsed] = Field(default={}, exclude_if=not_)
    """By clock, how much later each of its chain is told, where that is no share of what it was
    given: a school that opens is not told of the night's incident a week later because it was
    closed for two.
    """
    alarm_quiet: TimeAllowed = Field(default=_QUIET, exclude_if=lambda every: every == _QUIET)
    """How much of the time of whom it tells passes until an alarm about what is no Red is told
    again.
    """
    silent_owner: SilentOwner = Field(
        default=SilentOwner(), exclude_if=lambda rule: rule == SilentOwner()
    )
    levels: dict[Level, tuple[Code, ...]]
    """Which agencies are asked at which level (R23)."""
    identity: tuple[IdentityAgreed, ...] = Field(
        default=(AGREED,), exclude_if=lambda told: told == (AGREED,)
    )
    """What of a child's identity is told to whom, the first that fits, where the agreement of who
    told it does not speak of that; none: nothing.
    """
    approvals_last: int = Field(default=30, ge=1, le=3660, exclude_if=lambda days: days == 30)
    """For so many days an owner's approval lets its item leave; then it is asked anew."""
    two_people_for: Literal["nothing", "restricted", "everything"] = Field(
        default="nothing", exclude_if=lambda which: which == "nothing"
    )
    """Of which items two people of an owner have to sign each approval, where it signs."""
    keys_prove_from: dt.date | None = Field(default=None, exclude_if=_no)
    """From when a decision maker's key is registered only with its own signature beside the
    administrator's; None: not yet. What was registered before counts on.
    """
    request_purpose: Line
    request_facts_checked: Line
    """What was compared before asking, in words; each request has what was found (L6)."""
    possible_red_allowed: TimeAllowed | None = Field(default=None, exclude_if=not_)
    """For a human to look at what may be a Red; None: no clock."""
    holds: dict[Code, AgeBand] = Field(default={}, exclude_if=not_)
    """About whom an agency can hold anything, by its kind, or by the code of one that has no kind;
    who is not named, about anybody.
    """
    after_closure: Literal["reopen", "anew"] = Field(
        default="anew", exclude_if=lambda after: after == "anew"
    )
    """Whether a later notification about the child reopens its last referral, or starts anew."""
    places: tuple[Area, ...] = Field(default=(), exclude_if=not_)
    """Other areas, whose children this hub passes on to their own."""
    transfer_purpose: Line = Field(default=TRANSFER, exclude_if=lambda said: said == TRANSFER)
    """What the hub of another area is given a product for."""
    teams: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """The authority's teams that a social worker may hand a referral to by hand, beside the team of
    the child's allocated worker.
    """
    case_system: Code | None = Field(default=None, exclude_if=not_)
    """The authority's case system, which is told with what outcome a referral was closed (R43,
    R56); what is shared goes to it where it is a recipient of a colour.
    """
    adult_services: Code | None = Field(default=None, exclude_if=not_)
    """Who is told that a concern was about an adult."""
    school_notices: SchoolNotices | None = Field(default=None, exclude_if=_no)
    """None: no school is told of an incident by itself."""
    for_parents: Prose | None = Field(default=None, exclude_if=_no)
    """An explanation for parents of what is done with what was told, and why (R11)."""
    referrers: ReferrerWords = Field(
        default=_REFERRERS, exclude_if=lambda words: words == _REFERRERS
    )
    retention: dict[Code, Retention] = Field(default={}, exclude_if=not_)
    """By class of record, how long it is kept (L8); none: nothing is ever due to be erased."""

    @property
    def title(self) -> str:
        """Name and version, as facts cite it."""
        return f"{self.name} {self.version}"

    def escalates_every(self, clock: ClockKind, own: dt.timedelta) -> dt.timedelta:
        """How much of its own time passes before the next of its chain is told."""
        said = self.escalate_every.get(clock)
        return said.length if said else own * (self.escalate_at - 1)

    def calendar_of(self, agency: Code, kind: Code | None) -> Calendar:
        """When an agency of a kind is there: its own calendar, that of its kind, day and night for
        kinds that always are, or the authority's office hours.
        """
        given = self.calendars.get(agency) or self.calendars.get(kind or "")
        if given is not None:
            return given
        always = agency in ALWAYS_THERE or kind in ALWAYS_THERE
        return DAY_AND_NIGHT if always else office_hours(self.calendar)

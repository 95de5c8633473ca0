"""What decisions depend on besides the message: the borough's profile and agreements, as data.

Every version that ever decided is kept by its digest, so a decision can be replayed years later
(R18, R21).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from enum import StrEnum
from operator import not_
from string import Formatter
from typing import Annotated, Final, Literal, Self
from unicodedata import category, normalize

from pydantic import AfterValidator, Field, model_validator

from schemas.access import AccessRules
from schemas.base import Code, Instant, Line, Prose, Shape
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
from schemas.checks import System
from schemas.envelope import (
    Envelope,
    Passkey,
    PasskeyPublic,
    PublicKey,
    key_id,
    of_its_kind,
    the_key,
)
from schemas.gathering import Level
from schemas.identity import AGREED, IdentityAgreed
from schemas.information import Sensitivity
from schemas.notification import Digest
from schemas.person import Address, Name, PartialDate
from schemas.product import Disposal
from schemas.rating import ClockKind, Colour
from schemas.referrer import ReferrerWords
from schemas.weighing import Weighing

_no: Callable[[object], bool] = not_


RULES = 9
"""By which rules steps decide now: people decide on pictures and nothing leaves before they have
(decision 021), who is asked about a child is told of whose family it is, and a picture of another
child, whom a referral was moved from, is older; nobody who owes something is waited for in silence
(decision 030); what an amendment said of another child, or an owner in words that another
withholds, is unsaid (decision 025); what leaves was signed, by two people where the profile asks
for it, with a key that is one person's alone, and with its rationale, and what no longer holds as
its product closes falls out of it, and nothing else does (decision 040); an item that is kept
silent makes no difference to others: who decides about it is told that there is none, no empty
product is drafted for it, and a handover does not tell of it (decision 043); an owner that
withholds an item is told that what else it was asked about it is answered; and what is released
beforehand leaves only where nothing is found that the sanitiser may have left in; access rules
that have ended go on for what agencies do by messages; a picture shows the parts of its
notification that their agency reveals; a postcode alone, a near name or a reference alone makes
two children one no more (decision 018); what an approval that ended had let leave falls out of its
product, of which the rest goes, and its owner is asked again (decision 040); what the concern is,
is told in the words of whoever rates it, and what a machine read in it as a hint at most; of two
ratings at one moment the later stands; what an owner withheld and lifts follows, once released, to
whoever went without it; an alarm about what is no Red repeats in the working time of whom it tells
(decision 034); and what an owner withholds is withheld where it tells the same
words of the child again (decision 025); and who is handed a product is not told once more of a
change that it is still to read (decision 033).
"""

DECIDED_AGAIN = 8
"""The oldest rules by which this program decides as they did: what changed since asks which hold.
"""


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


class CheckTerms(Shape):
    """What an agreement says of asking the partner's systems whether they know a child (R7, R8)."""

    basis: Line
    """The legal basis of such a check."""
    since: dt.date
    """Referrals of earlier days are not checked."""
    tells: tuple[Literal["address", "family"], ...] = ()
    """What it may be told of a child besides names, birth, sex and identifiers; all of it no
    further than who told of the child lets it be told.
    """


class EnquiryTerms(Shape):
    """What an agreement says of enquiries by the partner whether the hub knows a child.

    A purpose that neither list names is denied.
    """

    permit: tuple[Line, ...] = ()
    """Purposes for which it is answered."""
    review: tuple[Line, ...] = ()
    """Purposes for which a human of the lead agency decides."""
    tells: tuple[Literal["involvement", "worker"], ...] = ()
    """What it is told besides whether the child is known and whom to ask."""


class ItemKind(StrEnum):
    """What an item is, as an owner's standing release names it."""

    NOTIFICATION = "notification"
    """The concern as its agency notified the hub of it."""
    INFORMATION = "information"
    """What an agency answered, or told beside."""
    SCHOOL_NOTICE = "school_notice"
    """That there was an incident, for the child's school, and nothing else of it (L4)."""


class StandingRelease(Shape):
    """What an owner releases beforehand of its own, sanitised: kinds of items, to whom, what for.

    It is for a Red that waits for nobody, never for an item that is restricted or withheld.
    """

    kinds: Annotated[tuple[ItemKind, ...], Field(min_length=1)] = (ItemKind.NOTIFICATION,)
    recipients: Annotated[tuple[Code, ...], Field(min_length=1)]
    purposes: Annotated[tuple[Line, ...], Field(min_length=1)]
    since: dt.date
    until: dt.date | None = None
    decided_by: Line
    reason: Line
    envelope: Envelope | None = Field(default=None, exclude_if=_no)
    """By which its owner signed it (:class:`schemas.statement.StandingStatement`)."""

    def covers(self, kind: ItemKind, recipient: str, *, purpose: str, day: dt.date) -> bool:
        """Whether an item of this kind goes to this recipient for this purpose on that day."""
        if not (self.since <= day and (self.until is None or day <= self.until)):
            return False
        whom = recipient in self.recipients and purpose in self.purposes
        return whom and kind in self.kinds


class HandoverRule(StrEnum):
    """How much of its notification an agency lets be handed to the child's own social worker."""

    IDENTITY = "identity"
    """Who the child is, and whom to ring."""
    SANITISED = "sanitised"
    """And its words, sanitised."""
    FULL = "full"
    """As it notified them."""


class ApprovalKey(Shape):
    """The public key of one of an agency's decision makers, who alone has the private one."""

    decided_by: Line
    """Whose it is: one of the agency's ``decision_makers``."""
    public: PublicKey | PasskeyPublic
    since: Instant
    until: Instant | None = None
    """From when it signs no more: what it signed before goes on to count."""
    revoked_at: Instant | None = None
    """From when nothing counts that it ever signed."""
    registered: bool = Field(default=False, exclude_if=not_)
    """By its agency's administrator: whose it is decides for the agency while it counts."""
    passkey: Passkey | None = Field(default=None, exclude_if=_no)
    """What it is where it is a person's passkey; None: an Ed25519 key."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        of_its_kind(self.public, self.passkey)
        return self

    @property
    def id(self) -> str:
        """By what envelopes name it."""
        return key_id(self.public)

    def is_same(self, public: str) -> bool:
        """Whether this is the same key, however it is written."""
        return self.public == public or the_key(self.public) == the_key(public)

    def opens(self, envelope: Envelope) -> bytes:
        """The bytes that it signed; raises ``NotSigned``."""
        return envelope.opened_by(self.public, passkey=self.passkey)

    def counts(self, made_at: dt.datetime, *, at: dt.datetime) -> bool:
        """Whether what it signed at one moment still counts at another."""
        was = self.since <= made_at and (self.until is None or made_at < self.until)
        return was and (self.revoked_at is None or at < self.revoked_at)


def plain_name(name: str) -> str:
    """A name whatever its case and spaces, and however its letters are written: who signs twice
    under one name is one person, though it may look like two to a machine.
    """
    if not name.isascii():
        folded = normalize("NFKC", normalize("NFKC", name).casefold())
        name = "".join(sign for sign in folded if category(sign) != "Cf")
    return " ".join(name.split()).casefold()


def is_shared(key: ApprovalKey, agency: str, every: Iterable[tuple[str, ApprovalKey]]) -> bool:
    """Whether an agency's key is registered for somebody else as well: nobody knows who of them
    signs with it.

    ``every``: all that are registered, each with its agency.
    """
    who = agency, plain_name(key.decided_by)
    same = (one for one in every if one[1].is_same(key.public))
    return any((code, plain_name(one.decided_by)) != who for code, one in same)


class Agreement(Shape):
    """A partner's signature under the sharing agreement (R50); ``until`` None: open-ended."""

    reference: Line
    signatory: Line
    since: dt.date
    until: dt.date | None = None
    identity: tuple[IdentityAgreed, ...] | None = Field(
        default=None, exclude_if=lambda told: told is None
    )
    """What of a child's identity it lets be told to whom, the first that fits; none: nothing.

    None: the agreement does not speak of it, and the borough's profile says.
    """
    signposts: bool = Field(default=False, exclude_if=not_)
    """Whether it agrees to be named, with its contact, where something it tells is held back (R34),
    unless it says otherwise of the item.
    """
    handover: HandoverRule = Field(
        default=HandoverRule.IDENTITY, exclude_if=lambda rule: rule is HandoverRule.IDENTITY
    )
    """What the team of a child's allocated worker is given of a notification, and no more (R9)."""
    text_sha256: Digest | None = Field(default=None, exclude_if=lambda digest: digest is None)
    """Of the text that was signed; what it releases beforehand counts only with it."""
    standing_release: tuple[StandingRelease, ...] = Field(default=(), exclude_if=not_)
    """Parts of that text by which its signatory releases kinds of its items beforehand."""
    checks: CheckTerms | None = Field(default=None, exclude_if=not_)
    enquiries: EnquiryTerms | None = Field(default=None, exclude_if=lambda terms: terms is None)
    keys: tuple[ApprovalKey, ...] = Field(default=(), exclude_if=not_)
    """Of who decides for it. From the first one on nothing of its own leaves unsigned."""
    administrators: tuple[ApprovalKey, ...] = Field(default=(), exclude_if=not_)
    """Keys of who registers its decision makers and their keys by messages of its own
    (:mod:`schemas.keys`); they sign nothing else."""
    unsigned_until: dt.date | None = Field(default=None, exclude_if=_no)
    """Until when, included, its decisions count unsigned, as long as it has no key."""

    def signs(self, at: dt.datetime) -> bool:
        """Whether it has had a key by then, so that what it approves has to be signed."""
        return any(key.since <= at for key in self.keys)

    def in_force(self, day: dt.date) -> bool:
        """Whether the agreement covers this day."""
        return self.since <= day and (self.until is None or day <= self.until)


class FormerRelease(Shape):
    """A line of an operator's, which once released an owner's notification, and does no more."""

    recipient: Code
    purpose: Line
    decided_by: Line
    reason: Line


class Reader(Shape):
    """Somebody who reads what an agency is sent, in so far as it may matter to a child (L7)."""

    name: Name
    date_of_birth: PartialDate | None = Field(default=None, exclude_if=_no)
    address: tuple[Address, ...] = Field(default=(), exclude_if=_no)
    telephone: tuple[Line, ...] = Field(default=(), exclude_if=_no)


class Reached(Shape):
    """What kind of recipient an agency is, and where and by whom it is reached (L7)."""

    kind: Code | None = Field(default=None, exclude_if=_no)
    """Such as ``school``, as agreements name recipients."""
    address: tuple[Address, ...] = Field(default=(), exclude_if=_no)
    telephone: tuple[Line, ...] = Field(default=(), exclude_if=_no)
    readers: tuple[Reader, ...] = Field(default=(), exclude_if=_no)


CHECK_ALLOWED = Elapsed(hours=4)
"""What a system has to answer in, unless its table gives another."""


class SystemCheck(System):
    """A system that every referral is checked against (R7, R8): ``[[checks]]``."""

    answered_by: Literal["agency", "register"] = "agency"
    """``register``: the hub answers from the entries that the agency gave it."""
    time_allowed: TimeAllowed = CHECK_ALLOWED
    """For the agency to answer; nothing waits for it."""
    told_on: bool = False
    """Whether partners who ask the hub may be told of this register's entries (R27)."""


class Partner(Reached):
    """What decisions need to know of an agency."""

    code: Code
    name: Line
    signpost_contact: Line
    agreement: Agreement | None = None
    standing_release: tuple[FormerRelease, ...] = Field(default=(), exclude_if=not_)
    """In policies of old; it releases nothing any more."""
    decision_makers: tuple[Line, ...] = Field(default=(), exclude_if=not_)
    """The people who decide for the agency about its items (R29); nobody else does."""
    social_workers: tuple[Line, ...] = Field(default=(), exclude_if=not_)
    """Of the lead agency: who rates, asks, closes and settles links (R17, R38); empty: whoever it
    says."""
    chain: tuple[Contact, ...] = Field(default=(), exclude_if=not_)
    """Along whom a difference of opinion goes up on its side (R51); a contact without an agency is
    its own. Empty: whoever is rung there. The lead agency's is the profile's.
    """


class Policy(Shape):
    """Everything that a step's decision depends on besides state and message."""

    lead_agency: Code
    area: Code
    profile: BoroughProfile
    partners: dict[Code, Partner]
    linkage_model: Prose
    """The version of the linkage model in force."""
    linkage_rules: int = Field(default=1, ge=1, exclude_if=lambda number: number == 1)
    """By which rules linking reads what it is told; a policy of old has none: the first."""
    rules: int = Field(default=1, ge=1, exclude_if=lambda number: number == 1)
    """By which rules steps decide; what was decided under older ones is not decided again."""
    checks: tuple[SystemCheck, ...] = Field(default=(), exclude_if=not_)
    """The systems that every referral is checked against."""
    access: AccessRules | None = Field(default=None, exclude_if=_no)
    """Who may read and do what: so what is decided names these rules, too; by policies of old they
    say nothing about messages.
    """
    signed: bool = Field(default=False, exclude_if=not_)
    """Whether owners sign what they let leave, but for those whose agreement says that they do not
    yet; by policies of old nobody does.
    """

    def name_of(self, agency: str) -> str:
        """What people call an agency; its code where it is no partner."""
        partner = self.partners.get(agency)
        return partner.name if partner else agency

    def desk_of(self, team: Code) -> Code:
        """Whose queue a worker's team reads."""
        return team if team in self.partners else self.lead_agency

    def calendar_of(self, agency: Code) -> Calendar:
        """When an agency is there; the lead agency keeps the authority's calendar."""
        if agency == self.lead_agency:
            return self.profile.calendar
        partner = self.partners.get(agency)
        return self.profile.calendar_of(agency, partner.kind if partner else None)

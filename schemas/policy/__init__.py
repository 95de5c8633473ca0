"""What decisions depend on besides the message: the borough's profile and agreements, as data.

Every version that ever decided is kept by its digest, so a decision can be replayed years later
(R18, R21).
"""

from __future__ import annotations

from collections.abc import Callable
from operator import not_
from typing import Literal

from pydantic import Field

from schemas.access import AccessRules
from schemas.base import Code, Line, Prose, Shape
from schemas.calendar import Calendar, Contact, Elapsed, TimeAllowed
from schemas.checks import System
from schemas.person import Address, Name, PartialDate
from schemas.policy.agreement import (
    Agreement,
    ApprovalKey,
    CheckTerms,
    EnquiryTerms,
    HandoverRule,
    ItemKind,
    StandingRelease,
    is_shared,
    plain_name,
)
from schemas.policy.profile import (
    REPEAT_SAYS,
    TRANSFER,
    AgeBand,
    Area,
    BoroughProfile,
    ColourRule,
    Context,
    Denial,
    Indicator,
    Recipient,
    RepeatWords,
    Retention,
    SchoolNotices,
    SilentOwner,
    WaitsFor,
)

__all__ = [
    "CHECK_ALLOWED",
    "DECIDED_AGAIN",
    "REPEAT_SAYS",
    "RULES",
    "TRANSFER",
    "AgeBand",
    "Agreement",
    "ApprovalKey",
    "Area",
    "BoroughProfile",
    "CheckTerms",
    "ColourRule",
    "Context",
    "Denial",
    "EnquiryTerms",
    "FormerRelease",
    "HandoverRule",
    "Indicator",
    "ItemKind",
    "Partner",
    "Policy",
    "Reached",
    "Reader",
    "Recipient",
    "RepeatWords",
    "Retention",
    "SchoolNotices",
    "SilentOwner",
    "StandingRelease",
    "SystemCheck",
    "WaitsFor",
    "is_shared",
    "plain_name",
]


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

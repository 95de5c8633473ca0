"""Who may read or do what: the rules as dated data, and what is asked of them (R28, R44 to R46)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from operator import not_
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Code, Identity, Instant, Line, Shape
from schemas.notification import Digest
from schemas.sharing import Sensitivity


class Role(StrEnum):
    """What somebody is at the hub."""

    OPERATIONS = "operations"
    OBSERVER = "observer"
    """Looks at how the hub is, as operations do, and does nothing."""
    SCREENING = "screening"
    """A screening social worker of the lead agency."""
    DUTY_MANAGER = "duty_manager"
    RESEARCHER = "researcher"
    """Of an agency, in the hub."""
    DECISION_MAKER = "decision_maker"
    """Of an agency, about its own items (R29)."""
    AUDITOR = "auditor"
    RISK_OWNER = "risk_owner"
    """Answers for an agency's information (SIRO, R49)."""
    RECORDS = "records"
    """Keeps the record: holds it, and erases it when its time is over (L8)."""
    REVIEWER = "reviewer"
    """Looks afterwards at who was shown what, and why."""
    SYSTEM = "system"
    """An agency's own, by its credential."""


EVERYBODY: Final = "everybody"
"""In a rule's roles: whoever asks, with or without a role."""


class Proof(StrEnum):
    """How somebody showed who they are."""

    ACCOUNT = "account"
    """They logged in with an account of the operating system that is theirs alone."""
    SHARED_ACCOUNT = "shared_account"
    """With one that several people have: which of them it was, nobody can tell."""
    PROCESS_ACCOUNT = "process_account"
    """With the one that the process runs as: the machine saw nobody log in."""
    PASSPHRASE = "passphrase"  # noqa: S105 - the name of a way
    OPENID = "openid"
    """At the provider of ``[identity]``."""
    PASSKEY = "passkey"


class Act(StrEnum):
    """What is to be done."""

    LOOK = "look"
    """At what shows no contents."""
    SEARCH = "search"
    REPLAY = "replay"
    REVEAL = "reveal"
    """Contents on a screen."""
    EXPORT = "export"
    """Contents into a file."""
    MEND = "mend"
    REVIEW = "review"
    HOLD = "hold"
    """Keep from being erased, or end that."""
    ERASE = "erase"
    FETCH = "fetch"
    DECIDE = "decide"
    """By a message of an agency's, in somebody's name."""


DECIDING: Final = frozenset({Act.EXPORT, Act.MEND, Act.REVIEW, Act.HOLD, Act.ERASE})
"""Who does one of these has to have signed in a short while ago."""


class Resource(StrEnum):
    """What somebody wants to see or act on."""

    HEALTH = "health"
    """Depth, lag, age, reasons, clocks: nothing about a child."""
    TRAIL = "trail"
    """Ids, codes, digests and times of what was done; no words that anybody wrote."""
    CASE = "case"
    """What facts about a case say."""
    PICTURE = "picture"
    DEAD_LETTER = "dead_letter"
    """The original of what could not be acted on."""
    LETTER = "letter"
    """What the hub has for an agency."""
    ACCESSES = "accesses"
    """Who was shown or refused what, and what was found of it afterwards."""


class Purpose(StrEnum):
    """What for."""

    SAFEGUARDING = "safeguarding"
    MENDING = "mending"
    AUDIT = "audit"
    DISCLOSURE = "disclosure"
    """By law, such as to a court (R48)."""
    EMERGENCY = "emergency"
    """Breaking the glass."""


class Ownership(StrEnum):
    """Whose an item is, to whoever asks."""

    OWN = "own"
    OTHER = "other"
    NOBODY = "nobody"
    """The hub's own record."""


class Existence(StrEnum):
    """What others may know of an item that is not theirs, by its owner's word."""

    OPEN = "open"
    SIGNPOST = "signpost"
    """That there is something, and whom to ring."""
    SILENT = "silent"


class Effect(StrEnum):
    """What a rule says where it speaks."""

    ALLOW = "allow"
    REASON = "reason"
    """Allowed to whoever gives a reason."""
    MASK = "mask"
    """That it is there is shown, and not what it says, where another rule allows to look at all."""
    DENY = "deny"


class Verdict(StrEnum):
    """What is to be done about a question; the strictest last."""

    ALLOW = "allow"
    MASK = "mask"
    NEED_REASON = "need_reason"
    DENY = "deny"


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """Whether somebody may do something with something. What is left out speaks for nobody."""

    act: Act
    resource: Resource
    on: dt.date
    person: str | None = None
    agency: str | None = None
    roles: frozenset[Role] = frozenset()
    purpose: Purpose | None = None
    assigned: bool = False
    """To the case: its worker, or who has rated or closed it."""
    reason: bool = False
    """Whether one is given."""
    break_glass: bool = False
    owner: str | None = None
    """None: the hub's own record."""
    sensitivity: Sensitivity = Sensitivity.SENSITIVE
    existence: Existence = Existence.OPEN

    @property
    def ownership(self) -> Ownership:
        """Whose it is, to whoever asks."""
        if self.owner is None:
            return Ownership.NOBODY
        return Ownership.OWN if self.owner == self.agency else Ownership.OTHER


class Rule(Shape):
    """One line of the rules: it speaks where all that it names fits; what it leaves out fits all.

    Whom, what and with what it always names, so that none allows more than somebody wrote.
    """

    id: Code
    says: Line
    """In words, for whoever answers for the information."""
    effect: Effect
    roles: Annotated[tuple[Role | Literal["everybody"], ...], Field(min_length=1)]
    acts: Annotated[tuple[Act, ...], Field(min_length=1)]
    records: Annotated[tuple[Resource, ...], Field(min_length=1)]
    """As the data of the rules call them."""
    purposes: tuple[Purpose, ...] = ()
    ownership: tuple[Ownership, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    existence: tuple[Existence, ...] = ()
    named: bool | None = None
    """Whether who asks has a name."""
    assigned: bool | None = None
    break_glass: bool | None = None


class Lookup(Shape):
    """For how long contents are open to whoever gave a reason, and who looks at it afterwards."""

    minutes: int = Field(ge=1, le=1440)
    """So long the same person may look again at the same, for the same reason."""
    review_hours: int = Field(ge=1, le=2160)
    """In so long somebody else has to have reviewed it."""


class AccessRules(Shape):
    """All rules, as one dated version."""

    version: Line
    approved_by: Line
    since: dt.date
    until: dt.date | None = None
    """The last day."""
    reveal: Lookup
    break_glass: Lookup
    messages: bool = Field(default=False, exclude_if=not_)
    """Whether they speak of what agencies decide and ask by messages; older ones do not, and then
    agreements and registered people alone say who may.
    """
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        twice = _repeated(rule.id for rule in self.rules)
        if twice:
            raise ValueError(f"rules with the same id: {', '.join(twice)}")
        if self.until is not None and self.until < self.since:
            raise ValueError("until is before since")
        return self

    def in_force(self, day: dt.date) -> bool:
        """Whether they are to be gone by on that day."""
        return self.since <= day and (self.until is None or day <= self.until)

    def over(self, day: dt.date) -> bool:
        """Whether their last day was before."""
        return self.until is not None and self.until < day

    def day_for_agencies(self, day: dt.date) -> dt.date:
        """By which day's rules agencies' systems and messages go: after the end by those of the
        last. That nobody renewed them may show people nothing, but keeps no Red and no alarm.
        """
        return self.until if self.until is not None and self.until < day else day

    def digest(self) -> str:
        """SHA-256 of all of it: what a record names them by."""
        return sha256(self.model_dump_json().encode()).hexdigest()


class Access(Shape):
    """Under which rules somebody was let or denied something, as what, and who looks at it after:
    what a record says of it.
    """

    rules: Line
    """Their version."""
    digest: Digest
    decided: tuple[Code, ...]
    """The rules that decided; none: no rule allows it."""
    agency: Code | None
    roles: tuple[Role, ...]
    purpose: Purpose | None
    proven: Proof | None = Field(default=None, exclude_if=not_)
    """How they showed who they are; None: somebody without a name, or before anybody had to."""
    break_glass: bool = Field(default=False, exclude_if=not_)
    until: Instant | None = Field(default=None, exclude_if=not_)
    """So long the same may be looked at again for the same reason."""
    review_by: Line | None = Field(default=None, exclude_if=not_)
    """Who is to review it."""
    review_due_at: Instant | None = Field(default=None, exclude_if=not_)
    continues: Identity | None = Field(default=None, exclude_if=not_)
    """An earlier look for the same reason, in whose time this is: reviewed with it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict, the rule that decided (None: no rule allows it), and all that spoke."""

    verdict: Verdict
    decided: Rule | None
    spoke: tuple[Rule, ...] = ()


def _repeated(ids: Iterable[str]) -> list[str]:
    return [id_ for id_, times in Counter(ids).items() if times > 1]

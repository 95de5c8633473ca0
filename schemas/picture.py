"""The picture: what the hub shows to whoever decides, and the record of what was shown.

``daily-work.md`` of the domain lists what belongs in it. Decisions name the picture that they were
made on (R47).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from enum import StrEnum
from hashlib import sha256
from operator import not_
from typing import Literal, Self

from pydantic import Field

from schemas.base import AgencyFact, Code, Identity, Instant, Line, Prose, Shape
from schemas.case import Counted, LinkOutcome, Worker
from schemas.checks import NotChecked, System
from schemas.consent import ConsentWord
from schemas.message import derived_id
from schemas.notification import Digest, ParentsInformed, SetAside
from schemas.person import (
    Address,
    Contact,
    Identifier,
    Name,
    PartialDate,
    RelatedPerson,
    Risk,
    School,
    Sex,
)
from schemas.product import Disposal
from schemas.rating import Colour
from schemas.referrer import MadeBy, is_professional
from schemas.registers import Involvement

_no: Callable[[object], bool] = not_


class Told(Shape):
    """Who told it, and of which day."""

    told_by: Code
    on: dt.date


class ToldName(Told):
    """A name or alias."""

    name: Name


class ToldBirth(Told):
    """A date of birth, or when an unborn child is expected, with its accuracy."""

    date_of_birth: PartialDate


class ToldIdentifier(Told):
    """A number that a system gave the child."""

    identifier: Identifier


class ToldAddress(Told):
    """Where the child lives or lived; ``on`` is the latest day of which it was told."""

    address: Address
    since: dt.date
    """The first day of which it was told."""


class ToldContact(Told):
    """How to reach somebody of the household."""

    contact: Contact


class ToldSchool(Told):
    """Where the child goes to school."""

    school: School


class ToldGp(Told):
    """The child's general practitioner."""

    gp: RelatedPerson


class PicturedChild(Shape):
    """Whom it is about, as every agency has told it."""

    person_id: Identity
    family_id: Identity
    names: tuple[ToldName, ...] = ()
    births: tuple[ToldBirth, ...] = ()
    sex_codes: tuple[Sex, ...] = ()
    """More than one where agencies differ; none where nobody knows."""
    identifiers: tuple[ToldIdentifier, ...] = ()
    addresses: tuple[ToldAddress, ...] = ()
    contacts: tuple[ToldContact, ...] = ()
    schools: tuple[ToldSchool, ...] = Field(default=(), exclude_if=_no)
    gps: tuple[ToldGp, ...] = Field(default=(), exclude_if=_no)
    outcome: LinkOutcome
    """How sure the hub is that the concern is about this child."""
    reasons: tuple[Line, ...]
    """Why, in plain words."""
    decided_by: Line | None = None
    """The human who settled the link, where one did."""
    worker: Worker | None = None


class FamilyEvent(Shape):
    """One event with several children, which an agency notified for each of them."""

    event_id: Identity
    referral_ids: tuple[Identity, ...]
    """One for each child, the first that the hub heard of first."""


class PicturedConsent(ConsentWord):
    """What was said of consent since it was notified."""

    agency: Code
    told_by: Line
    at: Instant


class ShownItem(Shape):
    """What an agency knows and reveals inside the hub."""

    item_id: Identity
    owner: Code
    text: Prose
    sensitivity: Code


class PicturedConcern(Shape):
    """The notification, as its agency revealed it."""

    agency: Code
    call: Line
    """Whom to ring about it."""
    reference: Identity
    observed_at: Instant
    received_at: Instant | None = None
    narrative: Prose | None = None
    """None where its agency does not reveal it."""
    concern: tuple[Code, ...] = ()
    parents_informed: ParentsInformed | None = None
    consents: tuple[PicturedConsent, ...] = Field(default=(), exclude_if=_no)
    """What was said of consent since, oldest first; the last holds."""
    made_by: MadeBy = Field(default=MadeBy.PROFESSIONAL, exclude_if=is_professional)
    """Who told its agency of it: what they may be told of a decision is in words for them."""
    set_aside: tuple[SetAside, ...] = Field(default=(), exclude_if=_no)
    parts: tuple[ShownItem, ...] = Field(default=(), exclude_if=_no)
    """What it says beside the narrative and its agency reveals, such as who reported it and how to
    ring them; it leaves no trace where there is nothing.
    """
    same_concern_as: Identity | None = Field(default=None, exclude_if=_no)
    event: FamilyEvent | None = Field(default=None, exclude_if=_no)
    """Where the concern is about other children of the family, too."""


class PicturedRelative(Shape):
    """Another child of the family, or whom a notification names as one."""

    person_id: Identity | None = None
    """None for somebody who was only named."""
    name: Name | None = None
    date_of_birth: PartialDate | None = None
    sex_code: Sex = Sex.UNKNOWN
    relationship: Code | None = None
    referrals: int = 0
    worker: Worker | None = None
    """Whose open case the child is."""


class AlsoIn(Shape):
    """A child of another family beside whom the same adult is named, or one who may be the same."""

    person_id: Identity
    family_id: Identity
    case_id: Identity
    name: Name | None = None
    """Of the child; None where it is not told, or the child is protected."""
    relationship: Code
    """Of the adult to that child."""
    risk: Risk | None = Field(default=None, exclude_if=_no)
    """Why the adult is said to be a risk to that child."""
    told_by: Code
    on: dt.date
    """Of the latest notification that names the adult there."""
    referral_ids: tuple[Identity, ...] = ()
    """The notifications that name the adult there, newest first."""
    worker: Worker | None = None
    """Whose open case the child is."""
    score: float
    """Bits of evidence that it is one adult."""
    reasons: tuple[Line, ...]
    """Why, in plain words."""
    model: Code
    """The version of the model of adults that found it."""
    named_id: Identity | None = Field(default=None, exclude_if=_no)
    """Of the adult as named there: a decision whether the two are one names it."""


class PicturedAdult(Shape):
    """A parent, carer or other adult of the family."""

    name: Name
    relationship: Code
    date_of_birth: PartialDate | None = None
    told_by: Code
    also_in: tuple[AlsoIn, ...] = ()
    """Where else the same adult is known (R13)."""
    adult_id: Identity | None = Field(default=None, exclude_if=_no)
    """The same in every picture; None for whom nobody may be told of elsewhere."""
    risk: Risk | None = Field(default=None, exclude_if=_no)
    """Why the adult is said to be a risk to a child of the family."""
    named_id: Identity | None = Field(default=None, exclude_if=_no)
    """As named in this family; None for whom nothing elsewhere is shown."""
    may_be_in: tuple[AlsoIn, ...] = Field(default=(), exclude_if=_no)
    """Where somebody is named who may be the same adult: nobody takes them for one by itself."""


class Earlier(Shape):
    """An earlier notification about the child or another child of the family."""

    referral_id: Identity
    person_id: Identity
    on: dt.date
    agency: Code
    narrative: Prose | None = None
    concern: tuple[Code, ...] = ()
    colour: Colour | None = None
    """As a human rated it; else None."""
    suggested: Colour | None = None
    handed_over: bool = False
    outcome: Disposal | None = None
    same_concern_as: Identity | None = Field(default=None, exclude_if=_no)
    """For an amendment, a resend or a forwarded copy: the one that it repeats; not counted."""
    event_id: Identity | None = Field(default=None, exclude_if=_no)
    """That of the family event that it tells of, where several notifications do."""


class CountedConcern(Shape):
    """A concern that the counts of repeats rest on (R12)."""

    id: Identity
    """The referral that told of it first, or the entry of a register."""
    person_id: Identity
    """Which child of the family it is about."""
    on: dt.date
    agency: Code
    below_threshold: bool = Field(default=False, exclude_if=_no)
    """Whether it is on record as below threshold, and was not put to the hub."""
    handed_over: bool = Field(default=False, exclude_if=_no)
    """Whether it went past the hub to the child's own worker (R9)."""
    event_id: Identity | None = Field(default=None, exclude_if=_no)
    """Of concerns about several children that are one about the family."""


class LeftOut(StrEnum):
    """Why what was told is no further concern."""

    AMENDMENT = "amendment"
    """A new version of what its agency told before."""
    RESEND = "resend"
    """Sent again by the same agency under another reference."""
    COPY = "copy"
    """Another agency's word of it, forwarded."""
    SAME_ENTRY = "same_entry"
    """An entry of a register that tells of it again."""
    UNDATED = "undated"
    """An entry of a register that does not say since when."""


class NotCounted(Shape):
    """What was told in these months and is no further concern, and why."""

    id: Identity
    person_id: Identity
    on: dt.date
    agency: Code
    why: LeftOut
    of: Identity | None = Field(default=None, exclude_if=_no)
    """What told of the concern before."""


class AskedAgency(Shape):
    """What was asked of an agency, and what came of it."""

    agency: Code
    request_id: Identity
    due_at: Instant
    state: Literal["awaited", "answered", "late", "cancelled"]
    """``late``: nothing came by ``due_at``."""
    known: bool | None = None
    items: tuple[ShownItem, ...] = ()


class PicturedAct(Shape):
    """What a recipient did with what it was sent, as a person of it said."""

    product_id: Identity
    owner: Code
    """The recipient, whose words they are."""
    text: Prose
    sensitivity: Code
    told_by: Line
    """The person who says so."""
    at: Instant


class OwedDecision(Shape):
    """What an owner has still to decide of what is its own, for one product (R29)."""

    agency: Code
    recipient: Code
    """Who waits for it."""
    items: int = Field(ge=1)
    due_at: Instant | None = None
    """None once its time is over and everybody was told."""
    late: bool = False


class NotAskedAgency(Shape):
    """An agency that is not asked, and why."""

    agency: Code
    reason: Line


class CheckedSystem(Involvement, System):
    """What a system answered when it was asked whether it knows the child (R7, R8)."""

    asked_at: Instant
    state: Literal["awaited", "answered", "late"]
    """``late``: nothing came by ``due_at``, and it is not waited for."""
    due_at: Instant | None = Field(default=None, exclude_if=_no)
    """None for a register that the hub keeps itself."""
    answered_at: Instant | None = Field(default=None, exclude_if=_no)
    late: bool = Field(default=False, exclude_if=_no)
    """Whether it answered, or has still to answer, after its time."""
    known: bool | None = Field(default=None, exclude_if=lambda known: known is None)
    """None while there is no answer, or where that does not say."""
    possible: bool = Field(default=False, exclude_if=_no)
    """Whether a human has still to say that it is this child who is known."""
    denied: bool = Field(default=False, exclude_if=_no)
    """Whether it answered that it does not say."""


class Suggested(Shape):
    """What the borough's profile suggests: a hint, not a rating."""

    colour: Colour
    reasons: tuple[Line, ...]
    profile: Line


class PicturedHandover(Shape):
    """With which worker's team the referral is, and who there has it (R9)."""

    worker: Worker
    agency: Code
    """Whose queue that team reads."""
    since: Instant
    state: Literal["awaited", "received", "refused"]
    """``awaited``: nobody there has said yet that they have it."""
    by: Line | None = Field(default=None, exclude_if=_no)
    """Who there has it."""
    reason: Line | None = Field(default=None, exclude_if=_no)
    """Why they say that it is not theirs."""
    handed_by: Line | None = Field(default=None, exclude_if=_no)
    """Who handed it to them, where a human did."""
    rationale: Line | None = Field(default=None, exclude_if=_no)
    """Why."""


class PicturedHolder(Shape):
    """Who of the lead agency's social workers has it, since when, by whom and why."""

    person: Line
    decided_by: Line
    rationale: Line
    at: Instant


class PicturedRating(Shape):
    """A human's rating."""

    colour: Colour
    decided_by: Line
    rationale: Line
    at: Instant


class PicturedOutcome(Shape):
    """With which outcome a human closed the referral, and what was said of it (R38)."""

    outcome: Disposal
    to: Code | None = Field(default=None, exclude_if=_no)
    """Who has it now."""
    decided_by: Line
    rationale: Line
    at: Instant
    told: Code | None = Field(default=None, exclude_if=_no)
    """Who brought the concern, and was told; None where the hub had not kept it."""
    may_be_told: Prose
    """In these words."""
    without_product: Line | None = Field(default=None, exclude_if=_no)
    """Why it was closed before its products were out."""


class PicturedView(Shape):
    """That a partner disagrees, and its profession's own view, as far as it reveals that (R54)."""

    disagreement_id: Identity
    disputes: Code
    """``rating``, ``outcome``, ``withholding`` or ``link``."""
    owner: Code | None = Field(default=None, exclude_if=_no)
    """Who withholds something, where that is disputed."""
    agency: Code
    """Who disagrees."""
    profession: Line
    view: Prose
    asks_for: Prose
    raised_by: Line
    at: Instant
    owed_by: Code
    """Who decides about it."""
    due_at: Instant | None = Field(default=None, exclude_if=_no)
    state: Literal["open", "settled", "withdrawn", "closed"] = "open"
    verdict: Code | None = Field(default=None, exclude_if=_no)
    """``upheld``, ``partly`` or ``not_upheld``, once it is settled."""
    decided_by: Line | None = Field(default=None, exclude_if=_no)
    said: Prose | None = Field(default=None, exclude_if=_no)
    """What was told of how it ended."""


class PicturedClock(Shape):
    """Something that is due."""

    clock: Code
    due_at: Instant


class Picture(Shape):
    """Everything that the hub can show about a referral to one agency, at one moment."""

    referral_id: Identity
    case_id: Identity
    revision: int = Field(ge=0)
    """How often something new had come for the referral; a decision on an older one says so."""
    child: PicturedChild
    concern: PicturedConcern
    candidates: tuple[PicturedChild, ...] = ()
    """Whom else it may be about, where a human is to settle the link."""
    children: tuple[PicturedRelative, ...] = ()
    adults: tuple[PicturedAdult, ...] = ()
    history: tuple[Earlier, ...] = ()
    """Newest first, without this one."""
    repeats: Counted
    counted: tuple[CountedConcern, ...] = Field(default=(), exclude_if=_no)
    """What the counts of repeats rest on, newest first; this one alone is not listed."""
    not_counted: tuple[NotCounted, ...] = Field(default=(), exclude_if=_no)
    """What else was told in these months and is no further concern, newest first."""
    asked: tuple[AskedAgency, ...] = ()
    not_asked: tuple[NotAskedAgency, ...] = ()
    owed: tuple[OwedDecision, ...] = Field(default=(), exclude_if=_no)
    """By owners, about what is to go to recipients."""
    volunteered: tuple[ShownItem, ...] = ()
    acted: tuple[PicturedAct, ...] = Field(default=(), exclude_if=_no)
    """What recipients did with what they were sent, oldest first."""
    checked: tuple[CheckedSystem, ...] = ()
    not_checked: tuple[NotChecked, ...] = Field(default=(), exclude_if=_no)
    """Systems that are not asked, and why."""
    suggestion: Suggested | None = None
    ratings: tuple[PicturedRating, ...] = ()
    closed: PicturedOutcome | None = Field(default=None, exclude_if=_no)
    """None while it is open."""
    views: tuple[PicturedView, ...] = Field(default=(), exclude_if=_no)
    """Of those who disagree, or did: side by side, none edited."""
    clocks: tuple[PicturedClock, ...] = ()
    handed_over: PicturedHandover | None = Field(default=None, exclude_if=_no)
    """None where no worker's team has it."""
    holder: PicturedHolder | None = Field(default=None, exclude_if=_no)
    """None where it was given to nobody."""

    @property
    def disputed(self) -> tuple[str, ...]:
        """What is disputed just now."""
        return tuple(dict.fromkeys(one.disputes for one in self.views if one.state == "open"))

    def adults_elsewhere(self) -> set[tuple[str | None, str | None]]:
        """The ``named_id`` of each adult with that of each place elsewhere that is shown for it."""
        return {
            (adult.named_id, place.named_id)
            for adult in self.adults
            for place in (*adult.also_in, *adult.may_be_in)
            if adult.named_id and place.named_id
        }

    def digest(self) -> str:
        """SHA-256 of its canonical JSON."""
        return sha256(self.__pydantic_serializer__.to_json(self)).hexdigest()


class PicturePart(Shape):
    """What of a picture an agency may see that is asked for information: what it told itself.

    Who the child is says the request.
    """

    referral_id: Identity
    case_id: Identity
    revision: int = Field(ge=0)
    own: tuple[Earlier, ...] = ()
    """Its own notifications about the child and the family, newest first."""
    asked: tuple[AskedAgency, ...] = ()
    """What it was asked, and what it answered."""

    def digest(self) -> str:
        """SHA-256 of its canonical JSON."""
        return sha256(self.__pydantic_serializer__.to_json(self)).hexdigest()


def shown_id(picture_id: str) -> str:
    """The id of the message that records that a picture was shown."""
    return derived_id(picture_id, "shown")


class PictureGiven(Shape):
    """A picture as a letter brings it; what a decision ``saw`` is its ``id`` and ``digest``."""

    id: Identity
    digest: Digest
    content: Picture | PicturePart


class Shown(Shape):
    """What the hub's record says of a picture: to whom it was shown, and how new it was."""

    id: Identity
    digest: Digest
    agency: Code
    referral_id: Identity
    revision: int


class PictureShown(
    AgencyFact,
    type="mash.picture.shown.v1",
    topic="pictures.shown",
    case="case_id",
    referral="referral_id",
):
    """A picture was given to an agency, for the first time with this content."""

    case_id: Identity
    referral_id: Identity
    picture: PictureGiven


class Seen(Shape):
    """Something that the decider had before them: its id and the digest of its exact content."""

    id: Identity
    digest: Digest


class DecidedOnPicture(AgencyFact):
    """A decision about a referral, with what the hub's record says of what it names as seen."""

    shown: tuple[Shown, ...] = Field(default=(), exclude_if=_no)
    """Of the pictures in its ``saw``, those that were shown; noted at the door."""

    @property
    def seen(self) -> tuple[Seen, ...]:
        """What the decision names."""
        named: tuple[Seen, ...] = self.decision.saw  # type: ignore[attr-defined]
        return named

    def knowing(self, shown: Mapping[str, Shown]) -> Self:
        """With what the record says of what it names: the same content, by its digest."""
        known = (shown[one.id] for one in self.seen if one.id in shown)
        digests = {one.id: one.digest for one in self.seen}
        same = tuple(one for one in known if digests[one.id] == one.digest)
        return self.model_copy(update={"shown": same})

    def picture_of(self, referral_id: str) -> Shown | None:
        """The newest picture of the referral that was shown to who decides; None where none was."""
        own = (one for one in self.shown if one.agency == self.agency)
        about = (one for one in own if one.referral_id == referral_id)
        return max(about, key=lambda one: one.revision, default=None)

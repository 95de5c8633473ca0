"""What a partner signed: what it lets be told and asked, how it releases, and by which keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from enum import StrEnum
from operator import not_
from typing import Annotated, Literal, Self
from unicodedata import category, normalize

from pydantic import Field, model_validator

from schemas.base import Code, Instant, Line, Shape
from schemas.envelope import (
    Envelope,
    Passkey,
    PasskeyPublic,
    PublicKey,
    key_id,
    of_its_kind,
    the_key,
)
from schemas.identity import IdentityAgreed
from schemas.notification import Digest

_no: Callable[[object], bool] = not_


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

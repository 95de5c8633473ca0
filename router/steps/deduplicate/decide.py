"""Hop 2: has the hub had this before? The same is a duplicate, changed content an amendment."""

from __future__ import annotations

from dataclasses import dataclass

from router.linkage.placeholders import is_no_reference
from router.linkage.resends import forwarded_reference, plain_reference
from router.step import Outcome, Step
from schemas.message import Message
from schemas.notification import (
    Notification,
    NotificationAccepted,
    NotificationDuplicated,
    NotificationReceived,
)
from schemas.policy import Policy


@dataclass(frozen=True, slots=True)
class Version:
    """One content that came under a reference, and the referral that it made."""

    content_digest: str
    referral_id: str


@dataclass(frozen=True, slots=True)
class ReferenceVersions:
    """Every content that came under one agency's reference, oldest first."""

    versions: tuple[Version, ...] = ()

    def referral_with(self, content_digest: str) -> str | None:
        """The referral that this very content made, if it came before."""
        same = (one.referral_id for one in self.versions if one.content_digest == content_digest)
        return next(same, None)

    def and_also(self, content_digest: str, referral_id: str) -> ReferenceVersions:
        """With one more version."""
        return ReferenceVersions((*self.versions, Version(content_digest, referral_id)))


def key(message: Message) -> str:
    """``agency/reference``, whatever mark of a new version the reference has.

    A copy that another agency forwards counts under the reference that it names.
    """
    said = received(message)
    forwarded = forwarded_reference(said.notification.narrative)
    agency, reference = forwarded or (said.agency, plain_reference(said.notification.reference))
    return f"{agency}/{reference}"


def decide(
    state: ReferenceVersions | None, message: Message, policy: Policy
) -> Outcome[ReferenceVersions]:
    """Accept new content as version 1, 2 …; name the referral that a resend repeats.

    Nothing is thrown away. A forwarded copy is a version too: it may say more than the first, so
    it is rated like any other.
    """
    known, said = state or ReferenceVersions(), received(message)
    if policy.linkage_rules >= 2 and names_nothing(said.notification):
        return Outcome(facts=(_accepted(said, message, known=ReferenceVersions()),))
    repeated = known.referral_with(said.content_digest)
    if repeated is not None:
        fact = NotificationDuplicated(
            agency=said.agency, reference=said.notification.reference, duplicate_of=repeated
        )
        return Outcome(facts=(fact,))
    accepted = _accepted(said, message, known=known)
    return Outcome(state=known.and_also(said.content_digest, message.id), facts=(accepted,))


def names_nothing(notification: Notification) -> bool:
    """Whether the reference is none: what has 'N/A' is neither a version nor a duplicate."""
    forwarded = forwarded_reference(notification.narrative)
    return is_no_reference(forwarded[1] if forwarded else notification.reference)


def _accepted(
    said: NotificationReceived, message: Message, *, known: ReferenceVersions
) -> NotificationAccepted:
    return NotificationAccepted(
        referral_id=message.id,
        version=len(known.versions) + 1,
        first_referral_id=known.versions[0].referral_id if known.versions else None,
        **said.shared(NotificationAccepted),
    )


def received(message: Message) -> NotificationReceived:
    """The only fact that this step hears."""
    assert isinstance(message.data, NotificationReceived)
    return message.data


STEP = Step(
    name="deduplicate",
    hears=(NotificationReceived,),
    state=ReferenceVersions,
    key=key,
    decide=decide,
)

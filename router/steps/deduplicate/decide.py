"""Hop 2: has the hub had this notification before? The same again is a duplicate, changed content
an amendment.
"""

from __future__ import annotations

from router.linkage.resends import forwarded_reference, plain_reference
from router.step import Outcome, Step
from schemas.message import Message
from schemas.notification import NotificationAccepted, NotificationDuplicated, NotificationReceived
from schemas.policy import Policy
from schemas.versions import ReferenceVersions, Version, reference_key


def key(message: Message) -> str:
    """State is kept per agency and reference, whatever mark of a new version the reference has.

    A copy that another agency forwards counts under the reference that it names.
    """
    received = _received(message)
    forwarded = forwarded_reference(received.notification.narrative)
    agency, reference = forwarded or (
        received.agency,
        plain_reference(received.notification.reference),
    )
    return reference_key(agency, reference)


def decide(
    state: ReferenceVersions | None, message: Message, policy: Policy
) -> Outcome[ReferenceVersions]:
    """Accept new content as version 1, 2 …; name the referral that a resend repeats. Nothing is
    thrown away.

    A forwarded copy is a version too: it may say more than the first, so it is rated like any
    other.
    """
    received = _received(message)
    known = state or ReferenceVersions()
    repeated = known.referral_with(received.content_digest)
    if repeated is not None:
        return Outcome(facts=(_duplicated(received, repeated),))
    version = Version(content_digest=received.content_digest, referral_id=message.id)
    return Outcome(state=known.and_also(version), facts=(_accepted(received, known, message.id),))


def _received(message: Message) -> NotificationReceived:
    assert isinstance(message.data, NotificationReceived)
    return message.data


def _accepted(
    received: NotificationReceived, known: ReferenceVersions, referral_id: str
) -> NotificationAccepted:
    return NotificationAccepted(
        referral_id=referral_id,
        agency=received.agency,
        area=received.area,
        version=len(known.versions) + 1,
        first_referral_id=known.versions[0].referral_id if known.versions else None,
        notification=received.notification,
    )


def _duplicated(received: NotificationReceived, repeated: str) -> NotificationDuplicated:
    return NotificationDuplicated(
        agency=received.agency, reference=received.notification.reference, duplicate_of=repeated
    )


STEP = Step(
    name="deduplicate",
    hears=(NotificationReceived,),
    state=ReferenceVersions,
    key=key,
    decide=decide,
)

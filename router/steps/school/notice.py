"""What a school is told of an incident: as little as will do, through the gate of every product
(L4, L7, R29).
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from router.steps.identity import identity_of
from router.steps.now import Now
from router.steps.safety import CHILD, cautioned
from router.steps.sharing import open_to_others
from schemas.identity import OwnedIdentity
from schemas.message import derived_id
from schemas.notification import Notification
from schemas.person import Person, School
from schemas.policy import SchoolNotices
from schemas.product import (
    DraftItem,
    ProductDrafted,
    Weighing,
    item_of_school_notice,
    release_digest,
)
from schemas.rating import Colour
from schemas.safety import Around
from schemas.school import Untold
from schemas.sharing import names_to

WHY = {
    Untold.NO_SCHOOL: "Nobody has said which school the child goes to: find it, and ring it.",
    Untold.SCHOOL_UNKNOWN: "The child's school is no partner of this hub: ring it.",
    Untold.SCHOOL_PROTECTED: "Where the child goes to school is protected: ring the school "
    "yourself, if it is safe.",
    Untold.NO_AGREEMENT: "The school has no information-sharing agreement in force: ring it.",
    Untold.KEPT_BACK: "The agency that told of the incident does not let that leave the hub: ring "
    "that agency first.",
    Untold.WHO_NOT_TOLD: "The school may not be told whom it is about: ring it, if it is safe.",
}
_MOST = 500
"""Characters of a line."""
_NECESSARY = "The school needs to know that there was an incident, and no more of it."


def school_for(school: School | None, now: Now) -> str | Untold:
    """The partner that is a child's school, or why no letter goes there."""
    if school is None:
        return Untold.NO_SCHOOL
    if school.protected:
        return Untold.SCHOOL_PROTECTED
    found = _named(school, now)
    if found is None:
        return Untold.SCHOOL_UNKNOWN
    return found if now.agreement_with(found) else Untold.NO_AGREEMENT


def _named(school: School, now: Now) -> str | None:
    """By its number, by its name in the profile, or by a partner's own."""
    notices, partners = now.profile.school_notices, now.policy.partners
    by_name = {_plain(one.name): code for code, one in partners.items()}
    if notices is not None:
        by_name |= {_plain(name): code for name, code in notices.schools.items()}
    named = (school.urn, school.name)
    found = (by_name.get(_plain(one)) for one in named if one)
    return next((code for code in found if code in partners), None)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def kept_from(notification: Notification, *, owner: str, to: str, now: Now) -> Untold | None:
    """Why the notice may not even be put before its owner; None where it may."""
    if not (notification.kept.may_be_revealed and notification.kept.may_leave):
        return Untold.KEPT_BACK
    identity = _identity(notification.subject, owner=owner, to=to, now=now)
    return None if identity.block.tells_apart else Untold.WHO_NOT_TOLD


def drafted(
    notification: Notification,
    *,
    owner: str,
    to: str,
    referral_id: str,
    case_id: str,
    colour: Colour,
    notices: SchoolNotices,
    product_id: str,
    now: Now,
) -> ProductDrafted:
    """The notice, for its owner to approve where it has not released such beforehand."""
    identity = _identity(notification.subject, owner=owner, to=to, now=now)
    item = _item(notification, identity, to=to, referral_id=referral_id, notices=notices, now=now)
    return ProductDrafted(
        product_id=product_id,
        referral_id=referral_id,
        case_id=case_id,
        recipient=to,
        purpose=notices.purpose,
        colour=colour,
        disposal=now.rule(colour).disposal,
        urgent=False,
        **_as_notice(notification, owner=owner, to=to, now=now),
        identity=identity,
        around=_around(notification.subject),
        items=(item,),
        weighing=(Weighing(item_id=item.item_id, owner=owner, included=True, reason=_NECESSARY),),
    )


def _as_notice(notification: Notification, *, owner: str, to: str, now: Now) -> dict[str, Any]:
    """What is said of it because it is for a school."""
    not_released = _not_released(notification, owner=owner, to=to, now=now)
    return {"school_notice": True, "not_released": not_released}


def _not_released(notification: Notification, *, owner: str, to: str, now: Now) -> str:
    """That its own words are not in it, and whom to ring about them: its owner where that agreed to
    be named, else the lead agency.
    """
    agreement = now.agreement_with(owner)
    agreed = agreement is not None and agreement.signposts
    named = names_to(notification.kept, to, agreed=agreed)
    whose = now.policy.name_of(owner) if named else "The agency that told of it"
    ring = now.contact_of(owner if named else now.policy.lead_agency)
    return f"{whose} has not released its own words about it to you yet. Ring about them: {ring}"[
        :_MOST
    ]


def product_id_of(referral_id: str, to: str, *, before: int) -> str:
    """Of the notice to a school; ``before``: how many were drafted before, and did not leave."""
    number = [str(before)] if before else []
    return derived_id("school-notice", referral_id, to, *number)


def _identity(child: Person, *, owner: str, to: str, now: Now) -> OwnedIdentity:
    """By name and birthday alone."""
    less = Person(name=child.name, date_of_birth=child.date_of_birth, protected=child.protected)
    return identity_of(less, owner=owner, recipient=to, now=now)


def _around(child: Person) -> tuple[Around, ...]:
    """What must be looked for before it is sent: who works at the school, above all (L7)."""
    found = cautioned(Around(who=CHILD, person=child))
    return (found,) if found else ()


def _item(
    notification: Notification,
    identity: OwnedIdentity,
    *,
    to: str,
    referral_id: str,
    notices: SchoolNotices,
    now: Now,
) -> DraftItem:
    text = notices.says.replace("{when}", _when(notification, now))
    item_id, about = item_of_school_notice(referral_id), identity.block.digest()
    digest = release_digest(
        item_id=item_id, recipient=to, purpose=notices.purpose, text=text, about=about
    )
    return DraftItem(
        item_id=item_id,
        owner=identity.owner,
        original=text,
        sanitised=text,
        redactions=(),
        original_digest=digest,
        sanitised_digest=digest,
        signpost=False,
        notification=True,
        reference=notification.reference,
        restricted=not open_to_others(notification.kept),
    )


def _when(notification: Notification, now: Now) -> str:
    """The day and time of it by the borough's clocks, as far as its sender gave them."""
    at: dt.datetime = notification.observed_at.astimezone(ZoneInfo(now.profile.calendar.time_zone))
    day = f"{at:%A %-d %B %Y}"
    return f"on or before {day}" if notification.observed_on_arrival else f"on {day}, {at:%H:%M}"

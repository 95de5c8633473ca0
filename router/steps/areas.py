"""In whose area a child lives, and who gets its products there (R41)."""

from __future__ import annotations

from router.steps.now import Now
from schemas.person import Person
from schemas.policy import Area, ColourRule, Recipient

_LIVES = frozenset({"home", "temporary"})


def area_of(child: Person | None, now: Now) -> Area | None:
    """The other area in which the child lives, by the address that its agency told; None: this
    one, or nobody knows.

    A protected address decides nothing: a human hands such a child over (L7).
    """
    if child is None or child.protected:
        return None
    told = (one.postcode for one in child.address if one.use in _LIVES and not one.protected)
    postcode = next(filter(None, told), None)
    found = (area for area in now.profile.places if postcode and area.covers(postcode))
    return next(found, None)


def hub_of(child: Person | None, now: Now) -> str | None:
    """The hub of that area, where it is a partner of this one."""
    area = area_of(child, now)
    return area.hub if area and area.hub in now.policy.partners else None


def recipients_of(rule: ColourRule, hub: str | None, *, now: Now) -> tuple[Recipient, ...]:
    """Who gets the products of a rating: of a child of another area the hub there, in place of this
    area's services.
    """
    return rule.recipients if hub is None else (to_hub(hub, now),)


def at_once_to(rule: ColourRule, hub: str | None, *, now: Now) -> tuple[Recipient, ...]:
    """Who is told at once: the front line, as nobody knows where the child is now, and that hub."""
    if not rule.at_once or hub is None:
        return rule.at_once
    return (*rule.at_once, to_hub(hub, now))


def to_hub(hub: str, now: Now) -> Recipient:
    """The hub of another area, and what for."""
    return Recipient(agency=hub, purpose=now.profile.transfer_purpose)

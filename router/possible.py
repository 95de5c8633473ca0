"""Whether what could not be read or acted on may hold a Red: then it is a possible Red itself, and
people are told.

What says that it is none, or is plainly about something else, is none; of anything else nobody
knows before it was read.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any, Final

from router.steps import thresholds
from router.steps.same import Same
from router.steps.suggestion.reading import read
from schemas.base import Fact
from schemas.decisions import DeliveryReceived, RatingDecided, ReleaseDecided, ReleaseDecision
from schemas.notification import MessageRefused, Notification
from schemas.policy import BoroughProfile, Policy
from schemas.product import Choice
from schemas.rating import Colour, DueTimeBreached, TimerElapsed
from schemas.topics import FACTS
from stores.codec import Unopened

_TELLS: Final = frozenset(
    {
        "mash.notification.v1",
        "mash.information-response.v1",
        "mash.information-volunteered.v1",
    }
)
"""What agencies send that may tell of harm, in words."""
_OTHERS: Final = "mash."
"""How the hub's own types begin: those that are not named here tell of no harm."""
_WATCH_REDS: Final = frozenset({"rate", "approve", "release", "hand_over", "alarm"})
"""Steps whose clocks a Red may be waiting on."""
_LONGEST = 50_000
"""Characters that are read of what was refused; whatever is longer may hold anything."""


def in_bytes(original: bytes, policy: Policy | None) -> bool:
    """Whether what an agency sent, and could not be read or taken, may be about a Red."""
    text = original.decode("utf-8", "replace")
    if policy is None or len(text) > _LONGEST or "\ufffd" in text:
        return True
    said = _parsed(text)
    if not isinstance(said, dict):
        return _in_words(" ".join(_texts(said)) if said else text, policy.profile)
    type_, data = said.get("type"), said.get("data", said)
    if type_ == "mash.rating-decision.v1":
        return _is_red(data)
    if type_ == "mash.release-decision.v1":
        return _approves(data, policy.profile)
    if isinstance(type_, str) and type_.startswith(_OTHERS) and type_ not in _TELLS:
        return False
    return _urgent(data) or _in_words(". ".join(_texts(data)), policy.profile)


def in_fact(fact: Fact, policy: Policy | None) -> bool:
    """Whether what a step could not act on may be about a Red."""
    match fact:
        case MessageRefused():
            return False
        case RatingDecided(decision=decision):
            return decision.colour is Colour.RED
        case ReleaseDecided(decision=decision):
            return policy is None or _lets_go(decision, policy.profile)
        case DeliveryReceived(receipt=receipt):  # such as what was said to have been taken before
            return receipt.status == "refused"
        case TimerElapsed(step=step):
            return step in _WATCH_REDS
        case DueTimeBreached(clock="possible_red"):
            return True
        case Unopened(was=was):
            return _may_hold_one(FACTS.get(was or ""))
    notification = getattr(fact, "notification", None)
    if isinstance(notification, Notification):
        return policy is None or _in_notification(notification, policy.profile)
    return bool(getattr(fact, "urgent", False)) or getattr(fact, "colour", None) is Colour.RED


def _in_notification(notification: Notification, profile: BoroughProfile) -> bool:
    try:
        return thresholds.may_be_red(notification, profile=profile)
    except Exception:  # noqa: BLE001 - what no step can read may be one, and holds up no other
        return True


def _may_hold_one(kind: type[Fact] | None) -> bool:
    """Whether facts of a kind may be about a Red, when nothing of this one can be read."""
    if kind is None or kind in (ReleaseDecided, TimerElapsed):
        return True
    decision = kind.model_fields.get("decision")
    inner = getattr(decision.annotation, "model_fields", {}) if decision else {}
    return not {"notification", "colour", "urgent"}.isdisjoint({*kind.model_fields, *inner})


def _in_words(text: str, profile: BoroughProfile) -> bool:
    """Whether a sign of Red is in the words, or nothing of them is known to the profile."""
    red = [one for one in profile.indicators if one.colour is Colour.RED]
    if any(code in text for one in red for code in one.concerns):
        return True
    reading = read(text, same=Same(profile), year=dt.date.max.year)
    counted = (sign.indicator.colour for sign in reading.signs if not sign.denied)
    return not reading.known or Colour.RED in counted


def _lets_go(decision: ReleaseDecision, profile: BoroughProfile) -> bool:
    to = (decision.recipient, decision.purpose)
    return decision.choice is not Choice.WITHHOLD and to in _red_recipients(profile)


def _approves(data: Any, profile: BoroughProfile) -> bool:
    """The same of a decision that could not be read whole."""
    if not isinstance(data, dict) or data.get("choice") == Choice.WITHHOLD:
        return False
    to = (data.get("recipient"), data.get("purpose"))
    return None in to or to in _red_recipients(profile)


def _red_recipients(profile: BoroughProfile) -> set[tuple[str, str]]:
    rule = profile.colours[Colour.RED]
    return {(to.agency, to.purpose) for to in (*rule.at_once, *rule.recipients, *rule.next)}


def _is_red(data: Any) -> bool:
    """Whether a rating says so, or does not say what it is."""
    colour = data.get("colour") if isinstance(data, dict) else None
    return colour not in {one.value for one in Colour if one is not Colour.RED}


def _urgent(data: Any) -> bool:
    return isinstance(data, dict) and data.get("urgent") is True


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _texts(value: Any) -> Iterator[str]:
    """Every text in it; the names of fields are the hub's or an agency's own."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += reversed(list(one.values()))
        elif isinstance(one, list):
            left += reversed(one)

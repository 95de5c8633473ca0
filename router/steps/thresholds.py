"""What the borough's profile makes of a notification, whoever sent it (R16, R17, R21)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from schemas.gathering import Level
from schemas.information import Sensitivity
from schemas.notification import Notification
from schemas.policy import BoroughProfile, Indicator
from schemas.rating import Colour

_UNDECODED = "\ufffd"
_LEVELS = tuple(Level)
_SENSITIVITIES = tuple(Sensitivity)
_RAISED_BY_REPEATS = {Colour.BLUE: Colour.GREEN, Colour.GREEN: Colour.AMBER}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A colour, and why, in the profile's words; the most severe sign comes first."""

    colour: Colour
    reasons: tuple[str, ...]


def suggest(
    notification: Notification, *, earlier_referrals: int, profile: BoroughProfile
) -> Suggestion:
    """The rating that the profile suggests: its most severe indicator, raised by repeats (R12).

    A narrative that cannot be read never lowers a rating below the profile's default.
    """
    said = notification.narrative, notification.concern
    return _suggested(*said, earlier_referrals, _Same(profile))


@lru_cache(maxsize=16)
def _suggested(
    narrative: str, concern: tuple[str, ...], earlier_referrals: int, same: _Same
) -> Suggestion:
    """Kept, as two steps ask about the same notification one after the other."""
    profile = same.profile
    found = sorted(_found(narrative, concern, same), key=lambda i: (-i.colour.severity, i.id))
    colour = found[0].colour if found else profile.default
    reasons = [indicator.says for indicator in found]
    if _UNDECODED in narrative or not any(map(str.isalpha, narrative)):
        colour = max(colour, profile.default, key=lambda one: one.severity)
        reasons.append("The narrative cannot be read in full.")
    if earlier_referrals >= profile.repeat_referrals and colour in _RAISED_BY_REPEATS:
        colour = _RAISED_BY_REPEATS[colour]
        reasons.append(f"The case has {earlier_referrals} earlier referrals.")
    return Suggestion(colour, tuple(reasons) or ("No indicator of the profile was found.",))


def deeper(one: Level, other: Level) -> bool:
    """Whether more is gathered at level ``one`` than at ``other`` (R23)."""
    return _LEVELS.index(one) > _LEVELS.index(other)


def proportionate(sensitivity: Sensitivity, up_to: Sensitivity) -> bool:
    """Whether an item is no more sensitive than what a rating justifies (R33)."""
    return _SENSITIVITIES.index(sensitivity) <= _SENSITIVITIES.index(up_to)


def _found(narrative: str, concern: tuple[str, ...], same: _Same) -> Iterable[Indicator]:
    text, coded = _plain(narrative), set(concern)
    # Looking for the bare phrases first is ten times as fast as the patterns alone.
    likely = [sign for sign in _phrases(same) if sign[0] in text]
    found = [indicator for _, pattern, indicator in likely if pattern.search(text)]
    if coded:
        found += [one for one in same.profile.indicators if not coded.isdisjoint(one.concerns)]
    return {indicator.id: indicator for indicator in found}.values()


def _plain(text: str) -> str:
    """For comparing: without case, with single spaces and straight apostrophes."""
    return " ".join(text.replace("\u2019", "'").casefold().split())


class _Same:
    """A profile as a key by identity, which no other object gets while the key holds it.

    Profiles have dicts and so no hash; hashing one by content for each notification would cost
    more than rating it.
    """

    def __init__(self, profile: BoroughProfile) -> None:
        self.profile = profile

    def __hash__(self) -> int:
        return id(self.profile)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.profile is self.profile


@lru_cache(maxsize=16)
def _phrases(same: _Same) -> tuple[tuple[str, re.Pattern[str], Indicator], ...]:
    """Every phrase of the profile, its pattern as a phrase of its own, and its indicator."""
    return tuple(
        (plain, re.compile(rf"(?<!\w){re.escape(plain)}(?!\w)"), indicator)
        for indicator in same.profile.indicators
        for plain in map(_plain, indicator.phrases)
    )

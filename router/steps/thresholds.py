"""What the borough's profile makes of a notification, whoever sent it (R16, R17, R21): a hint for
those who decide, which orders what waits for them and starts the clock of a possible Red.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from router.steps.same import Same
from router.steps.suggestion.reading import Reading, read
from router.steps.suggestion.weighing import Weighed
from schemas.case import ONCE, Counted
from schemas.gathering import Level
from schemas.information import Sensitivity
from schemas.notification import NO_ACCOUNT, Notification
from schemas.policy import BoroughProfile, Denial, Indicator
from schemas.rating import Colour

_UNDECODED = "\ufffd"
_LEVELS = tuple(Level)
_SENSITIVITIES = tuple(Sensitivity)
_RAISED_BY_REPEATS = {Colour.BLUE: Colour.GREEN, Colour.GREEN: Colour.AMBER}
_TERSE = 10
"""A plain sign in a sentence of so few words stands."""
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n+")
_BECAUSE = {
    Denial.NEGATED: "the words deny it",
    Denial.HISTORICAL: "it is said of a time long past",
    Denial.HYPOTHETICAL: "it is feared or supposed, and not said to have happened",
    Denial.QUESTION: "it is asked about, and not said",
    Denial.OTHER: "it is said of somebody or something else",
    Denial.FICTION: "it is of a story, a game or a lesson",
    Denial.EXPLAINED: "the words give an innocent cause",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A colour, and why, in the profile's words; the most severe sign comes first."""

    colour: Colour
    reasons: tuple[str, ...]
    denied: tuple[str, ...] = ()
    """What was not counted, and why."""
    repeats: tuple[str, ...] = ()
    """How many concerns there were of late, where that raised it: for whoever decides alone, as
    not all of them are everybody's to know.
    """
    found: tuple[str, ...] = ()
    """The indicators that were found, by their ids."""
    signs: tuple[Indicator, ...] = ()
    """Those of them that words of the narrative gave, without vague ones where one is plainer."""


def suggest(
    notification: Notification, *, counted: Counted = ONCE, profile: BoroughProfile
) -> Suggestion:
    """The rating that the profile suggests: its most severe indicator, raised by repeats (R12).

    The sender's own urgency and codes come first, and no words deny them. A narrative that cannot
    be read, or in which the profile knows nothing, never lowers a rating.
    """
    suggested = _suggested(notification, counted, profile=profile)
    if not notification.urgent:
        return suggested
    reasons = ("The sender says that it is urgent.", *suggested.reasons)
    return replace(suggested, reasons=reasons)


def may_be_red(notification: Notification, *, profile: BoroughProfile) -> bool:
    """Whether its sender or its words say that it may be one, before anybody has looked at it."""
    suggested = suggest(notification, profile=profile)
    return notification.urgent or suggested.colour is Colour.RED


def _suggested(
    notification: Notification, counted: Counted, *, profile: BoroughProfile
) -> Suggestion:
    narrative, concern = notification.narrative, frozenset(notification.concern)
    reading = read(narrative, same=Same(profile), year=notification.observed_at.year)
    coded = [one for one in profile.indicators if not concern.isdisjoint(one.concerns)]
    found = _found(coded, reading)
    by_severity = sorted(found.values(), key=lambda one: -one.colour.severity)
    colour = by_severity[0].colour if by_severity else profile.default
    plain = _plainly(by_severity)
    reasons = [one.says for one in plain]
    weighed = None if narrative == NO_ACCOUNT else reading.weighed
    if weighed is not None:
        terse = _terse(reading, notification, profile=profile)
        stands = terse or any(map(_is_red, coded))
        colour, says = _weighed(weighed, colour, stands=stands)
        reasons += says
    if _UNDECODED in narrative or not any(map(str.isalpha, narrative)):
        colour = _worse(colour, profile.default)
        reasons.append("The narrative cannot be read in full.")
    elif _riddle(reading, narrative) and profile.unknown and not coded and weighed is None:
        colour = _worse(colour, profile.unknown)
        reasons.append("The profile knows nothing of what is said: a person should read it.")
    repeats = tuple(_repeats(counted, profile)) if colour in _RAISED_BY_REPEATS else ()
    if repeats:
        colour = _RAISED_BY_REPEATS[colour]
    told = tuple(reasons) or ("No indicator of the profile was found.",)
    denied = tuple(_denied(reading, found.keys()))
    worded = tuple(one for one in plain if one not in coded)
    return Suggestion(colour, told, denied, repeats, tuple(found), worded)


def _found(coded: Iterable[Indicator], reading: Reading) -> dict[str, Indicator]:
    """What the sender's codes say and what its words say undenied, by its id."""
    signs = [sign.indicator for sign in reading.signs if not sign.denied]
    return {one.id: one for one in (*coded, *signs)}


def _weighed(weighed: Weighed, colour: Colour, *, stands: bool) -> tuple[Colour, Sequence[str]]:
    """The colour once the words are weighed: no sign makes a Red that weighs too little, and none
    is needed for one that weighs enough. What the sender says in codes stands, and so do plain
    words where there are too few to weigh.
    """
    if weighed.may_be_red and colour is Colour.RED:
        return colour, ()
    if weighed.may_be_red:
        about = ", ".join(weighed.about).replace("_", " ")
        told = f": most of it {about}" if about else ""
        return Colour.RED, (f"Weighed together, the words may tell of a Red{told}.",)
    if colour is Colour.RED and not stands:
        return Colour.AMBER, ("Weighed together, the words around it do not tell of a Red.",)
    return colour, ()


def _is_red(indicator: Indicator) -> bool:
    return indicator.colour is Colour.RED


def _terse(reading: Reading, notification: Notification, *, profile: BoroughProfile) -> bool:
    """Whether a sentence of few words says it plainly: what stands around it takes nothing away."""
    if not reading.red_signs.plain:
        return False
    year = notification.observed_at.year
    short = (one for one in _SENTENCES.split(notification.narrative) if len(one.split()) <= _TERSE)
    return any(read(one, same=Same(profile), year=year).red_signs.plain for one in short)


def _riddle(reading: Reading, narrative: str) -> bool:
    return reading.riddle and narrative != NO_ACCOUNT


def _repeats(counted: Counted, profile: BoroughProfile) -> Iterable[str]:
    """Of whom there were so many concerns of late that they are a sign by themselves (R12); of a
    family whose concerns are all about the child, once.
    """
    child, family = counted.of_child, counted.of_family
    told = {"months": counted.months}
    often = child > profile.repeat_referrals
    if often:
        yield profile.repeat_says.format(count=child, whom="the child", **told)
    if profile.repeat_family and family > profile.repeat_family and not (often and family == child):
        yield profile.repeat_says.format(count=family, whom="the family", **told)


def _worse(one: Colour, other: Colour) -> Colour:
    return max(one, other, key=lambda colour: colour.severity)


def _plainly(found: Sequence[Indicator]) -> Sequence[Indicator]:
    """Without the vague ones where a plainer one speaks."""
    plain = [one for one in found if not one.vague]
    return plain or found


def _denied(reading: Reading, found: Iterable[str]) -> Iterable[str]:
    """A reason for each indicator of which every sign is denied, the first that denies it."""
    by_id: dict[str, str] = {}
    for sign in reading.signs:
        if sign.indicator.id not in found and not sign.indicator.vague:
            why = min(sign.denied, key=tuple(Denial).index)
            said = f"Not counted, as {_BECAUSE[why]}: {sign.indicator.says}"
            by_id.setdefault(sign.indicator.id, said)
    return dict.fromkeys(by_id.values())


def deeper(one: Level, other: Level) -> bool:
    """Whether more is gathered at level ``one`` than at ``other`` (R23)."""
    return _LEVELS.index(one) > _LEVELS.index(other)


def proportionate(sensitivity: Sensitivity, up_to: Sensitivity) -> bool:
    """Whether an item is no more sensitive than what a rating justifies (R33)."""
    return _SENSITIVITIES.index(sensitivity) <= _SENSITIVITIES.index(up_to)

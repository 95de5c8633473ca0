"""What is opened for a reason that somebody writes, and decided about on what was shown.

Who looked and why is recorded and told to the agencies whose messages are in it, as with ``hub
picture --reveal``; the decision names the picture. Where something has come since, nothing is sent,
and they are shown what.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ops.console.screen import Page, Visit
from ops.look.pictures import Opened

WHY, SAW, DO, STEP = "why", "saw", "do", "step"
"""Fields of a form: why they look, what they were shown, what they decide, and whether they have
read it back.
"""
_LONGEST: Final = 500


def saw(now: Opened) -> list[dict[str, str]]:
    """For the message of a decision on it."""
    return [now.saw.model_dump()]


def said_why(visit: Visit) -> dict[str, str]:
    """What is amiss with the reason that was given."""
    why = visit.form.one(WHY)
    return {} if 0 < len(why) <= _LONGEST else {WHY: "Say why, in up to 500 characters"}


def read_back(visit: Visit, said: Mapping[str, str]) -> Page | None:
    """What somebody reads before it is sent; None once they have."""
    if visit.form.one(STEP) == "send":
        return None
    return Page("check.html", {"said": said, "form": visit.form})


def changes(visit: Visit) -> bool:
    """Whether they go back to change what they wrote."""
    return visit.form.one(STEP) == "change"

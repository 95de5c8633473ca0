"""What goes wrong at the form, as the public is told of it: each page says whom to ring, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ops.console.errors import Told, Unsaid
from ops.console.refer.drafts import Full
from ops.console.refer.often import TooOften
from stores.database import Unstorable

_INSTEAD: Final = "You can ring us instead, at the number below."
NOT_THERE: Final = Told(
    404,
    "Page not found",
    ("There is nothing here. Go back to the start of the form, or ring us.",),
)
ENDED: Final = Told(
    404,
    "We cannot find what you wrote",
    (
        "What you write is kept for a day after your last answer, and opened by the same browser "
        "alone. It may be older than that, or somebody has deleted it.",
        "If you have only just begun, your browser may not keep cookies, or the address does not "
        "begin with https. Without that the form cannot know you from others.",
        "If you have just sent an answer, it was not kept: go back in your browser to copy it.",
        _INSTEAD,
    ),
)
STALE: Final = Told(
    403,
    "This page is out of date",
    (
        "The form was begun anew in this browser since this page was opened. What you have just "
        "sent was not kept: go back in your browser to copy it, and open the page again.",
        _INSTEAD,
    ),
)
TRIED: Final = Told(
    429,
    "Too many references were tried",
    (f"They were not ours. Try again in a few minutes. {_INSTEAD}",),
)
_FAILED: Final = Told(
    500,
    "Sorry, there is a problem",
    (
        "We could not do this. Unless a page said that we have your report, we do not have it.",
        "Try again in a few minutes.",
        _INSTEAD,
    ),
)
_TOLD: Final[Mapping[type[Exception], Told]] = {
    Full: Told(
        503,
        "The form cannot be used just now",
        ("Too many people are writing at once. What you wrote last was not kept.", _INSTEAD),
    ),
    TooOften: Told(
        429,
        "Very many reports have come from where you are",
        (
            "To keep the form open for everybody it takes no more from there for an hour.",
            f"What you wrote before this page is kept for a day. {_INSTEAD}",
        ),
    ),
    Unsaid: Told(
        400,
        "We could not read what was sent",
        (f"Nothing of it was kept. Go back, shorten it, and send it again. {_INSTEAD}",),
    ),
    Unstorable: Told(
        400,
        "We could not read what was sent",
        (f"It holds characters that no text has. Nothing of it was kept. {_INSTEAD}",),
    ),
}


def told(error: Exception) -> Told:
    """What is said of an error; of one that nobody thought of no more than that there is one."""
    return next((said for kind, said in _TOLD.items() if isinstance(error, kind)), _FAILED)

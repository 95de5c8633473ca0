"""What goes wrong at a screen, as people are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops.access.acting import Denied, NotRecent
from ops.access.recording import NobodyReviews
from ops.console.screen import NotThere
from stores.database import Unstorable
from stores.ports import Unavailable
from stores.vault import Unreadable


class Stale(Exception):
    """A form without the token of whoever sends it: it is of another session, or of elsewhere."""


class Elsewhere(Stale):
    """A form that nothing shows to come from a page of the hub's own."""


class Unsaid(Exception):
    """A form that cannot be read, or is far too long."""


@dataclass(frozen=True, slots=True)
class Told:
    """A status with its heading, and what can be done."""

    status: int
    heading: str
    says: tuple[str, ...]


_DUTY = "If a child may be in danger, ring the duty manager now."
NOT_THERE = Told(
    404,
    "Page not found",
    ("There is nothing here, or nothing that you can see.", "Go back to your desk and try there."),
)
_DENIED = Told(
    403,
    "You cannot see this",
    (
        "The access rules do not let you do this in your role. That you asked is recorded.",
        "If you need it for your work, ask your manager or the information risk owner.",
        _DUTY,
    ),
)
_STALE = Told(
    403,
    "This form is out of date",
    (
        "Somebody has signed in or out in this browser since it was opened. Nothing was sent.",
        "Open the page again, and check whose name is at the top before you go on.",
    ),
)
_FAILED = Told(
    500,
    "Sorry, there is a problem",
    (
        "The hub could not do this. What it did not say is done is not done.",
        "Try again in a few minutes, and tell whoever runs the hub if it goes on.",
        _DUTY,
    ),
)
_TOLD: Mapping[type[Exception], Told] = {
    NotThere: NOT_THERE,
    Denied: _DENIED,
    Stale: _STALE,
    Unsaid: Told(
        400,
        "The hub could not read what was sent",
        ("Nothing was kept. Go back, shorten or correct what you wrote, and send it again.",),
    ),
    Unstorable: Told(
        400,
        "The hub could not read what was sent",
        ("It holds characters that no text has. Nothing was kept.",),
    ),
    NotRecent: Told(
        403,
        "Sign in again to decide",
        (
            "Who decides has to have signed in a short while ago. Nothing was sent.",
            "What you wrote is kept on this page. Sign in again in another tab, then come back.",
        ),
    ),
    NobodyReviews: Told(
        403,
        "Nobody reviews who looks",
        (
            "Contents are shown to nobody while nobody is named who looks afterwards at who saw "
            "them. Whoever keeps the configuration enters a reviewer.",
        ),
    ),
    Unreadable: Told(
        500,
        "This can no longer be read",
        ("It was erased, or what it is kept with was damaged. Tell whoever runs the hub.",),
    ),
    Unavailable: Told(503, "Sorry, the hub cannot reach its store", _FAILED.says),
}


def told(error: Exception) -> Told:
    """What is said of an error; of one that nobody thought of no more than that there is one."""
    return next((said for kind, said in _TOLD.items() if isinstance(error, kind)), _FAILED)

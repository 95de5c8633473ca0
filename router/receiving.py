"""What a receipt says in words to whoever brings a concern (L3), as the profile has it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from router.steps.now import Now
from router.steps.same import Same
from schemas.base import Fact
from schemas.notification import NotificationReceived
from schemas.policy import Policy
from schemas.referrer import MadeBy
from schemas.refusals import Refusal

_TAKEN = "It is taken, and a person reads it."
_BEFORE = "The hub had it already: nothing is lost, and nothing is done twice."
_ASIDE = {
    1: "One part of it could not be used as it came: it is kept for people to read, and `warnings` "
    "says which.",
}
_ASIDES = (
    "{count} parts of it could not be used as they came: they are kept for people to read, and "
    "`warnings` says which."
)
_HEARS = {
    MadeBy.PROFESSIONAL: "you are told what was decided.",
    MadeBy.PUBLIC: "you are told what was decided, as far as whoever told you may know it.",
}
_HEARS_NOTHING = "As whoever told it gave no name, nothing more is sent about it."


@dataclass(frozen=True)
class Receiving:
    """When messages are taken, and under which policy; asked once for all of a batch."""

    now: Now

    @cached_property
    def hears_by(self) -> dt.datetime | None:
        """By when whoever brings a concern now hears what was decided; None: nobody said."""
        return _due(Same(self.now.policy), self.now.at.replace(second=0, microsecond=0))

    def words(self, body: Fact | Refusal, *, aside: int, before: bool) -> dict[str, Any]:
        """The fields of the receipt of what is taken; none where it is no concern.

        ``aside``: how many parts there is a warning about. ``before``: it is a duplicate.
        """
        if not isinstance(body, NotificationReceived):
            return {}
        made_by, told = body.notification.referrer, self.now.profile.referrers
        hears = made_by is not MadeBy.ANONYMOUS
        return {
            "explanation": _explanation(aside, before=before),
            "next": f"{told.next} {self._hears(made_by)}",
            "danger": told.danger,
            "hears_by": self.hears_by if hears and not before else None,
        }

    def _hears(self, made_by: MadeBy) -> str:
        said = _HEARS.get(made_by)
        if said is None:
            return _HEARS_NOTHING
        return said.capitalize() if self._by is None else f"{self._by} {said}"

    @cached_property
    def _by(self) -> str | None:
        return f"By {self.now.in_words(self.hears_by)}" if self.hears_by else None


@lru_cache(maxsize=8)
def _due(policy: Same[Policy], minute: dt.datetime) -> dt.datetime | None:
    """Worked out once for all that comes in a minute: it costs more than the rest of a receipt."""
    clock = Now(minute, policy.value).owing("referrer")
    return clock.due_at if clock else None


def _explanation(aside: int, *, before: bool) -> str:
    said = _BEFORE if before else _TAKEN
    if not aside:
        return said
    return f"{said} {_ASIDE.get(aside, _ASIDES.format(count=aside))}"

"""What agencies' systems, and whoever asks how the hub is, are given by the access rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from ops.access.acting import Asker, today
from ops.access.items import Kept
from ops.access.noting import OPERATIONS
from ops.access.recording import denied
from ops.run.wiring import Hub
from router.access.decide import decide
from schemas.access import Act, Answer, Resource, Role, Verdict
from stores import cursors

NOBODY = Asker()
"""Whoever asks and has not signed in."""


@dataclass(frozen=True, slots=True)
class Doors:
    """A hub's doors to others; a denial is recorded once a day, as systems ask again and again."""

    hub: Hub
    told: set[tuple[str, dt.date]] = field(default_factory=set)

    def may_fetch(self, agency: str) -> bool:
        """Whether an agency's system may have the agency's letters."""
        return self._answer(agency).verdict is Verdict.ALLOW

    def refused(self, agency: str) -> None:
        """Record that it was not given them."""
        if (agency, today()) in self.told:
            return
        self.told.add((agency, today()))
        with self.hub.database.transaction() as transaction:
            denied(
                self.hub,
                transaction,
                cursor=cursors.lock(transaction, OPERATIONS),
                asker=_system(agency),
                act=Act.FETCH,
                resource=Resource.LETTER,
                wanted=agency,
                by=self._answer(agency),
            )

    def shows_health(self, asker: Asker = NOBODY) -> bool:
        """Whether somebody may be shown how the hub is."""
        question = asker.question(Act.LOOK, Resource.HEALTH, on=today())
        return decide(self.hub.access, question).verdict is Verdict.ALLOW

    def _answer(self, agency: str) -> Answer:
        item = Kept(agency)
        on = self.hub.access.day_for_agencies(today())
        question = _system(agency).question(Act.FETCH, Resource.LETTER, on=on, item=item)
        return decide(self.hub.access, question)


def _system(agency: str) -> Asker:
    """An agency's system, by its credential."""
    return Asker(agency=agency, roles=frozenset({Role.SYSTEM}))

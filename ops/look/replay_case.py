"""One case decided again by itself, with what is recorded of whoever else linking met."""

from __future__ import annotations

from collections import deque
from typing import Any

from ops.look.replay_again import Again
from ops.look.replay_found import Found
from ops.look.replay_journal import Journal
from ops.look.replay_memory import KeptPeople, memories
from ops.look.replay_near import Beyond, Followed, Near, near
from ops.look.replay_report import Report, Wanted
from ops.look.replay_steps import SHARES, Share
from router.step import Step
from router.steps.link import decide as link
from router.steps.link.following import NotKnown, follow
from router.steps.link.register import Register
from schemas.message import Message
from stores import people, replaying
from stores.database import Database, Unstorable, View
from stores.erasing import erased


def replay_case(database: Database, wanted: Wanted) -> Report | None:
    """Decide again what hangs together with one case; None unless that is all there is to tell.

    Who else shared a key with its children is looked up in the register of today, and what linking
    made of them is taken as it is recorded. Where anything differs on that, everything has to be
    decided again to know.
    """
    try:
        with database.view() as view:
            report = _decided(view, wanted).settled()
    except (Beyond, NotKnown, Unstorable):  # the last one for an id that no store can hold
        return None
    return report if report.facts and report.well else None


def _decided(view: View, wanted: Wanted) -> Found:
    found, share = Found(wanted, frozenset(erased(view))), Share(SHARES[0], 0)
    known = near(view, str(wanted.about))
    last = replaying.sight(view.connection).last
    journal = Journal(view, share, found=found, last=last, pages=iter([(last, known.recorded)]))
    remembered = memories(share.steps)
    remembered[link.STEP.name] = FollowedPeople(link.STEP, known)
    again = Again(view, share, found=found, journal=journal, memories=remembered)
    claims = replaying.claims_on(view.connection, known.recorded)
    again.decide([(claim, ()) for claim in claims])
    return again.finish()


class FollowedPeople(KeptPeople):
    """The register near a case: it follows recorded links of others up to each decision."""

    def __init__(self, step: Step[Any], known: Near) -> None:
        super().__init__(step)
        self._waiting = deque(known.followed)
        self._linked_at = known.linked_at

    def recall(self, message: Message) -> Register:
        """What linking met when it decided about the message."""
        at = self._linked_at.get(message.id)
        if at is None:
            raise Beyond
        while self._waiting and self._waiting[0].position < at:
            self._follow(self._waiting.popleft())
        return super().recall(message)

    def _follow(self, one: Followed) -> None:
        said, linked = one.evidence_of, one.linked
        evidence = link.evidence_of(said.data, said.id, received_at=said.time)
        if evidence is None:
            raise Beyond
        known = self._records.get(people.number_of(linked.person_id))
        after = follow(known, evidence, linked=linked, doubts=one.doubts, rules=self.rules)
        self.remember(said, after)

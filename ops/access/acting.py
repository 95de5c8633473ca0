"""Who acts by a command, what for and why: the one place that says so."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ops.access.items import OF_THE_HUB, Kept
from ops.look.reading import Guarded
from router.access.decide import decide
from schemas.access import Act, Answer, Purpose, Question, Record, Role, Verdict


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asks to see or do something."""

    who: str | None = None
    """None: nobody who is named."""
    agency: str | None = None
    roles: frozenset[Role] = frozenset()
    why: str | None = None
    purpose: Purpose | None = None
    break_glass: bool = False

    def question(
        self,
        act: Act,
        record: Record,
        *,
        on: dt.date,
        item: Kept = OF_THE_HUB,
        assigned: bool = False,
    ) -> Question:
        """What they ask of the rules about an item."""
        return Question(
            act=act,
            record=record,
            on=on,
            person=self.who,
            agency=self.agency,
            roles=self.roles,
            purpose=self.purpose,
            assigned=assigned,
            reason=bool(self.why and self.why.strip()),
            break_glass=self.break_glass,
            owner=item.owner,
            sensitivity=item.sensitivity,
            existence=item.to(self.agency),
        )


AT_THE_MACHINE = Asker(roles=frozenset({Role.OPERATIONS}))
"""Whoever may start commands where the hub runs, and does not say who they are."""


class Denied(Exception):
    """The access rules do not let somebody do this; the message says which, and the way out."""

    def __init__(self, asker: Asker, answer: Answer) -> None:
        super().__init__()
        self.asker, self.answer = asker, answer

    def __str__(self) -> str:
        if not self.asker.roles:
            return (
                f"{self.asker.who} is nobody whom the hub knows: write --who as the name stands "
                "under [[people]] of the configuration, or have whoever keeps that enter you"
            )
        if self.answer.verdict is Verdict.NEED_REASON:
            return "this needs a reason: say --why, which is recorded and told to the owner"
        rule = self.answer.decided
        said = f"{rule.says} (rule {rule.id})" if rule else "no access rule allows it"
        roles = ", ".join(sorted(self.asker.roles)) or "without a role"
        purpose = f" for {self.asker.purpose}" if self.asker.purpose else ""
        whom = f"{self.asker.who or 'whoever does not say who'} ({roles}){purpose}"
        return (
            f"denied to {whom}: {said}. `hub policy show` lists who may; ask one of them, or the "
            "information risk owner; in an emergency a duty manager breaks the glass (--emergency)"
        )


def asker(
    hub: Guarded,
    who: str | None,
    *,
    why: str | None = None,
    purpose: Purpose | None = None,
    break_glass: bool = False,
) -> Asker:
    """Whom the configuration knows by this name, with their roles; without any if it does not."""
    if who is None:
        return AT_THE_MACHINE
    person = next((one for one in hub.settings.people if one.name == who), None)
    if person is None or not person.is_there(today()):
        return Asker(who, why=why, purpose=purpose, break_glass=break_glass)
    return Asker(who, person.agency, frozenset(person.roles), why, purpose, break_glass)


def may(hub: Guarded, asker: Asker, *, act: Act, record: Record) -> Answer:
    """What the rules say about something that belongs to nobody in particular."""
    return decide(hub.access, asker.question(act, record, on=today()))


def permit(hub: Guarded, asker: Asker, *, act: Act, record: Record) -> None:
    """Raise :class:`Denied` unless they may."""
    answer = may(hub, asker, act=act, record=record)
    if answer.verdict is not Verdict.ALLOW:
        raise Denied(asker, answer)


def today() -> dt.date:
    """The day in UTC, by which rules and people are in force."""
    return dt.datetime.now(dt.UTC).date()

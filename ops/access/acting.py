"""Who acts by a command, what for and why: the one place that says so."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from ops.access.items import OF_THE_HUB, Kept
from ops.access.proving import named, proven
from ops.access.sessions import Known, now
from ops.look.reading import Guarded
from router.access.decide import decide
from schemas.access import (
    DECIDING,
    AccessRules,
    Act,
    Answer,
    Effect,
    Proof,
    Purpose,
    Question,
    Resource,
    Role,
    Rule,
    Verdict,
)


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
    proven: Proof | None = None
    """How they showed who they are."""
    recent: bool = True
    """Whether they did so a short while ago, as who decides has to."""

    def question(
        self,
        act: Act,
        resource: Resource,
        *,
        on: dt.date,
        item: Kept = OF_THE_HUB,
        assigned: bool = False,
    ) -> Question:
        """What they ask of the rules about an item."""
        return Question(
            act=act,
            resource=resource,
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

    def __init__(
        self,
        asker: Asker,
        answer: Answer,
        *,
        question: Question | None = None,
        rules: AccessRules | None = None,
    ) -> None:
        super().__init__()
        self.asker, self.answer = asker, answer
        self._asked, self._rules = question, rules

    def __str__(self) -> str:
        if not self.asker.roles:
            return (
                f"{self.asker.who} is nobody whom the hub knows: write --who as the name stands "
                "under [[people]] of the configuration, or have whoever keeps that enter you"
            )
        if self.answer.verdict is Verdict.NEED_REASON:
            return "this needs a reason: say --why, which is recorded and told to the owner"
        rule = self.answer.decided
        said = f"{rule.says} (rule {rule.id})." if rule else self._not_let()
        roles = ", ".join(sorted(self.asker.roles)) or "without a role"
        purpose = f" for {self.asker.purpose}" if self.asker.purpose else ""
        whom = f"{self.asker.who or 'whoever does not say who'} ({roles}){purpose}"
        return (
            f"denied to {whom}: {said} {self._otherwise()}ask one who may ({self._who_may()}"
            f"`hub policy show` lists them), or the information risk owner{self._in_emergency()}"
        )

    def _not_let(self) -> str:
        if self._rules is not None and self._rules.over(today()):
            return f"the access rules ended on {self._rules.until}: have them renewed."
        if self._asked is None:
            return "no access rule lets them."
        look = "look at" if self._asked.act is Act.LOOK else self._asked.act
        return f"no access rule lets them {look} {_RESOURCES[self._asked.resource]}."

    def _otherwise(self) -> str:
        """For what else the rules would let the same person."""
        asked, rules = self._asked, self._rules
        if asked is None or rules is None or asked.purpose is None:
            return ""
        others = (one for one in Purpose if one not in (asked.purpose, Purpose.EMERGENCY))
        asking = {one: replace(asked, purpose=one, reason=True) for one in others}
        let = [one for one, other in asking.items() if decide(rules, other).verdict in _SHOWN]
        if not let:
            return ""
        return f"If it is for {' or '.join(let)}, say so with --purpose, and they let you. Else "

    def _who_may(self) -> str:
        roles = ", ".join(dict.fromkeys(_words(role) for one in self._let() for role in one.roles))
        return f"{roles}; " if roles else ""

    def _in_emergency(self) -> str:
        glass = [one for one in self._let() if one.break_glass]
        if not glass or self.asker.break_glass:
            return ""
        roles = " or ".join(_words(role) for role in dict.fromkeys(glass[0].roles))
        return f"; in an emergency somebody of {roles} breaks the glass (--emergency)"

    def _let(self) -> list[Rule]:
        """The rules that let somebody do what was asked."""
        if self._asked is None or self._rules is None:
            return []
        lets = (one for one in self._rules.rules if one.effect in (Effect.ALLOW, Effect.REASON))
        act, resource, whose = self._asked.act, self._asked.resource, self._asked.ownership
        return [
            one
            for one in lets
            if act in one.acts
            and resource in one.records
            and (not one.ownership or whose in one.ownership)
        ]


_SHOWN = (Verdict.ALLOW, Verdict.MASK)
_RESOURCES = {
    Resource.HEALTH: "how the hub is",
    Resource.TRAIL: "what was done",
    Resource.CASE: "a case",
    Resource.PICTURE: "a picture",
    Resource.DEAD_LETTER: "a dead letter",
    Resource.LETTER: "letters",
    Resource.ACCESSES: "who saw what",
}


def _words(code: str) -> str:
    return code.replace("_", " ")


def asker(
    hub: Guarded,
    who: str | None,
    *,
    why: str | None = None,
    purpose: Purpose | None = None,
    break_glass: bool = False,
) -> Asker:
    """Somebody who has shown that they are of this name, with their roles; without any whom the hub
    does not know. Raises ``NotProven``.
    """
    if who is None:
        return AT_THE_MACHINE
    known = proven(hub, who)
    if known is None:
        return Asker(who, why=why, purpose=purpose, break_glass=break_glass)
    return replace(of_known(hub, known), why=why, purpose=purpose, break_glass=break_glass)


def of_known(hub: Guarded, known: Known) -> Asker:
    """Somebody who has shown who they are, with their roles, if they are to be let in today."""
    if not _is_there(hub, known.who):
        return Asker(known.who)
    return Asker(
        known.who,
        known.agency,
        frozenset(known.roles),
        proven=known.proven,
        recent=_is_recent(hub, known),
    )


def _is_there(hub: Guarded, who: str) -> bool:
    """Whether they are to be let in today: whom the provider alone knows it answers for."""
    person = named(hub.settings, who)
    return person is None or person.is_there(today())


def _is_recent(hub: Guarded, known: Known) -> bool:
    terms = hub.settings.identity
    if known.proven is Proof.OPENID and terms.deciding_acr and known.acr not in terms.deciding_acr:
        return False
    lasts = dt.timedelta(minutes=terms.deciding_minutes)
    return known.proven_at is not None and now() - known.proven_at < lasts


class NotRecent(Exception):
    """Who decides has to have signed in a short while ago."""

    def __str__(self) -> str:
        return (
            "who decides has to have signed in a short while ago, and in the way that [identity] "
            "says: `hub sign-in --to-decide`, then the same again"
        )


def recent(asker: Asker, act: Act) -> None:
    """Raise :class:`NotRecent` for an act that decides by somebody who signed in too long ago."""
    if act in DECIDING and not asker.recent:
        raise NotRecent


def may(
    hub: Guarded, asker: Asker, *, act: Act, resource: Resource, item: Kept = OF_THE_HUB
) -> Answer:
    """What the rules say about something; unless it says otherwise it is nobody's in particular."""
    return decide(hub.access, asker.question(act, resource, on=today(), item=item))


def permit(hub: Guarded, asker: Asker, *, act: Act, resource: Resource) -> None:
    """Raise :class:`Denied` unless they may."""
    answer = may(hub, asker, act=act, resource=resource)
    if answer.verdict is not Verdict.ALLOW:
        raise refused(hub, asker, answer, act=act, resource=resource)


def refused(hub: Guarded, asker: Asker, answer: Answer, *, act: Act, resource: Resource) -> Denied:
    """The denial of something that belongs to nobody in particular."""
    question = asker.question(act, resource, on=today())
    return Denied(asker, answer, question=question, rules=hub.access)


def today() -> dt.date:
    """The day in UTC, by which rules and people are in force."""
    return dt.datetime.now(dt.UTC).date()

"""F24: random questions about access, answered by the hub's rules and by a small model of them
(:mod:`tests.proofs.access_model`), written by another hand from the page of prose beside it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from ops.run.configuration import read_access
from router.access.decide import decide
from schemas.access import (
    EVERYBODY,
    AccessRules,
    Act,
    Effect,
    Existence,
    Ownership,
    Purpose,
    Question,
    Resource,
    Role,
    Rule,
)
from schemas.settings import HubSettings
from schemas.sharing import Sensitivity
from tests.proofs.access_model import verdict

AGENCIES: Final = ("police", "school", "health_visiting")
FIELDS: Final = tuple(Question.__slots__)
SHOWN: Final = 5
"""Questions that are told of where the two differ."""
DAYS: Final = (dt.date(2026, 3, 31), dt.date(2026, 4, 1), dt.date(2031, 5, 1))


def shipped() -> AccessRules:
    """The rules that ship."""
    return read_access(HubSettings(area="e08000999", lead_agency="police", agencies={}))


CONTROLS: Final = tuple(rule.id for rule in shipped().rules)
"""Each rule may be altered: the proof has to fail then."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many questions; ``altered``: the rule that says something else, or none."""

    questions: int
    seed: int
    altered: str = ""


def prove(plan: Plan, *, progress: Callable[[int], None]) -> dict[str, Any]:
    """Ask, compare, and count."""
    whole, chance = shipped(), Random(plan.seed)  # noqa: S311
    rules = _altered(whole, plan.altered)
    verdicts, spoken = Counter[str](), Counter[str]()
    different, examples = 0, []
    for number in range(1, plan.questions + 1):
        question = _question(chance, whole.rules)
        answer = decide(rules, question)
        verdicts[answer.verdict] += 1
        spoken.update(rule.id for rule in answer.spoke)
        expected = verdict({name: getattr(question, name) for name in FIELDS})
        if answer.verdict != expected:
            different += 1
            examples.append(_told(question, answer.verdict, expected))
            del examples[SHOWN:]
        if number % 1000 == 0:
            progress(number)
    silent = [rule.id for rule in rules.rules if not spoken[rule.id]]
    return {
        "questions": plan.questions,
        "seed": plan.seed,
        "rules": rules.version,
        "altered": plan.altered,
        "different": different,
        "verdicts": dict(verdicts),
        "never_spoke": silent,
        "examples": examples,
    }


def _altered(rules: AccessRules, which: str) -> AccessRules:
    """The rules with one that says nothing."""
    kept = tuple(rule for rule in rules.rules if rule.id != which)
    return rules.model_copy(update={"rules": kept})


def _question(chance: Random, rules: Sequence[Rule]) -> Question:
    """Half of them as they come; half near a rule, as those that come hit none."""
    asked = _as_it_comes(chance)
    if chance.random() < 0.5:
        near = _near(chance, chance.choice(rules))
        drop = chance.sample(sorted(near), chance.choice((0, 0, 1, 2)))
        asked |= {name: value for name, value in near.items() if name not in drop}
    return Question(**asked)


def _as_it_comes(chance: Random) -> dict[str, Any]:
    return {
        "act": chance.choice(list(Act)),
        "resource": chance.choice(list(Resource)),
        "on": chance.choice((DAYS[1], DAYS[1], *DAYS)),
        "person": chance.choice((None, "A. Body", "N. Other")),
        "agency": chance.choice((None, *AGENCIES)),
        "roles": frozenset(chance.sample(list(Role), chance.choice((0, 1, 1, 1, 2, 3)))),
        "purpose": chance.choice((None, *Purpose)),
        "assigned": chance.random() < 0.5,
        "reason": chance.random() < 0.7,
        "break_glass": chance.random() < 0.3,
        "owner": chance.choice((None, *AGENCIES)),
        "sensitivity": chance.choice(list(Sensitivity)),
        "existence": chance.choice(list(Existence)),
    }


def _near(chance: Random, rule: Rule) -> dict[str, Any]:
    """What has the rule speak, or nearly."""
    roles = [role for role in rule.roles if role != EVERYBODY]
    more = chance.sample(list(Role), chance.choice((0, 0, 1)))
    one = chance.choice(roles) if roles else None
    found: dict[str, Any] = {
        "act": chance.choice(rule.acts),
        "resource": chance.choice(rule.records),
        "on": DAYS[1],
        "roles": frozenset(filter(None, (one, *more))),
    }
    if rule.effect in (Effect.MASK, Effect.DENY):  # such a rule shows only where another allows
        found |= {"roles": frozenset({Role.AUDITOR, *more}), "purpose": Purpose.AUDIT}
    if rule.named is not None:
        found["person"] = "A. Body" if rule.named else None
    return found | _where(chance, rule)


def _where(chance: Random, rule: Rule) -> dict[str, Any]:
    """What else a rule names."""
    found: dict[str, Any] = {}
    listed: dict[str, Sequence[Any]] = {
        "sensitivity": rule.sensitivity,
        "existence": rule.existence,
    }
    if rule.effect in (Effect.ALLOW, Effect.REASON):
        listed["purpose"] = rule.purposes
    found |= {name: chance.choice(values) for name, values in listed.items() if values}
    said = {"assigned": rule.assigned, "break_glass": rule.break_glass}
    found |= {name: wanted for name, wanted in said.items() if wanted is not None}
    if rule.ownership:
        agency = chance.choice(AGENCIES)
        own = chance.choice(rule.ownership) is Ownership.OWN
        found |= {"agency": agency, "owner": agency if own else chance.choice((None, *AGENCIES))}
    return found


def _told(question: Question, answer: str, expected: str) -> dict[str, Any]:
    asked = {name: getattr(question, name) for name in FIELDS}
    return {"hub": answer, "model": expected} | asked | {"roles": sorted(question.roles)}

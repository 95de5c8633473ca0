"""Whether somebody may read or do something: one pure function, which everything asks (R44, R46).

Deny by default: what no rule allows is denied, and so is what cannot be decided.
"""

from __future__ import annotations

from collections.abc import Iterable

from schemas.access import EVERYBODY, AccessRules, Answer, Effect, Question, Rule, Verdict

_DENIED = Answer(Verdict.DENY, None)


def decide(rules: AccessRules, question: Question) -> Answer:
    """What the rules say. Their order means nothing: the strictest that speaks decides.

    A rule that masks allows nothing by itself: it narrows what another allows.
    """
    try:
        if not rules.in_force(question.on):
            return _DENIED
        spoke = tuple(rule for rule in rules.rules if _speaks(rule, question))
        return _weighed(spoke, question)
    except Exception:  # noqa: BLE001 - whatever it is: an error denies
        return _DENIED


def _weighed(spoke: tuple[Rule, ...], question: Question) -> Answer:
    first = {rule.effect: rule for rule in reversed(spoke)}
    if denies := first.get(Effect.DENY):
        return Answer(Verdict.DENY, denies, spoke)
    allows = first.get(Effect.REASON) or first.get(Effect.ALLOW)
    if allows is None:
        return Answer(Verdict.DENY, None, spoke)
    if allows.effect is Effect.REASON and not question.reason:
        return Answer(Verdict.NEED_REASON, allows, spoke)
    if masks := first.get(Effect.MASK):
        return Answer(Verdict.MASK, masks, spoke)
    return Answer(Verdict.ALLOW, allows, spoke)


def _speaks(rule: Rule, question: Question) -> bool:
    return (
        question.act in rule.acts
        and question.resource in rule.records
        and (EVERYBODY in rule.roles or not question.roles.isdisjoint(rule.roles))
        and _names(rule.purposes, question.purpose)
        and _names(rule.ownership, question.ownership)
        and _names(rule.sensitivity, question.sensitivity)
        and _names(rule.existence, question.existence)
        and rule.named in (None, question.person is not None)
        and rule.assigned in (None, question.assigned)
        and rule.break_glass in (None, question.break_glass)
    )


def _names(listed: Iterable[object], asked: object) -> bool:
    """Whether a list names it; an empty one names everything."""
    return not listed or asked in listed

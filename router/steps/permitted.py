"""What agencies do by messages, and what they are given, by the access rules (R44, R46).

The rules are data of the policy, so whatever is decided names them and is replayed by them. Once
they have ended, they go on for this until others take their place.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from router.access.decide import decide
from schemas.access import AccessRules, Act, Answer, Purpose, Question, Resource, Role, Verdict
from schemas.policy import Policy


def may_decide_own(policy: Policy, who: str, *, agency: str, on: dt.date) -> bool:
    """Whether somebody who decides for an agency may decide about what is its own."""
    asked = Question(
        act=Act.DECIDE,
        resource=Resource.CASE,
        on=on,
        person=who,
        agency=agency,
        roles=frozenset({Role.DECISION_MAKER}),
        purpose=Purpose.SAFEGUARDING,
        owner=agency,
    )
    return _lets(policy, asked)


def may_decide_cases(policy: Policy, who: str, *, on: dt.date) -> bool:
    """Whether a social worker of the lead agency may decide about a case."""
    asked = Question(
        act=Act.DECIDE,
        resource=Resource.CASE,
        on=on,
        person=who,
        agency=policy.lead_agency,
        roles=frozenset({Role.SCREENING}),
        purpose=Purpose.SAFEGUARDING,
    )
    return _lets(policy, asked)


def may_enquire(policy: Policy, agency: str, *, on: dt.date) -> bool:
    """Whether an agency's system may ask whether a child is known."""
    return _lets(policy, _of_system(agency, Act.SEARCH, Resource.CASE, on=on))


def kept_from(policy: Policy, agency: str, *, on: dt.date) -> Answer | None:
    """By which answer of the rules an agency's system is not given what is for it; None: it is."""
    if policy.access is None or not policy.access.messages:
        return None
    asked = _of_system(agency, Act.FETCH, Resource.LETTER, on=on, owner=agency)
    answer = _decided(policy.access, asked)
    return None if answer.verdict is Verdict.ALLOW else answer


def _of_system(
    agency: str, act: Act, resource: Resource, *, on: dt.date, owner: str | None = None
) -> Question:
    roles = frozenset({Role.SYSTEM})
    return Question(act=act, resource=resource, on=on, agency=agency, roles=roles, owner=owner)


def _lets(policy: Policy, asked: Question) -> bool:
    """Rules that do not speak of messages leave it to agreements and registered people."""
    rules = policy.access
    if rules is None or not rules.messages:
        return True
    return _decided(rules, asked).verdict is Verdict.ALLOW


def _decided(rules: AccessRules, asked: Question) -> Answer:
    return decide(rules, replace(asked, on=rules.day_for_agencies(asked.on)))

"""Who may see and do what: decided by the question and the rules alone, and denied by default."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from pydantic import ValidationError

from router.access.decide import decide
from schemas.access import AccessRules, Act, Existence, Purpose, Question, Resource, Role, Verdict
from schemas.sharing import Sensitivity
from tests.proofs.f24 import CONTROLS, Plan, prove, shipped

RULES = shipped()
TODAY = dt.date(2026, 4, 1)
AUDIT = Question(
    act=Act.REVEAL,
    resource=Resource.CASE,
    on=TODAY,
    person="J. Auditor",
    agency="childrens_social_care",
    roles=frozenset({Role.AUDITOR}),
    purpose=Purpose.AUDIT,
    reason=True,
    owner="police",
)


def verdict(question: Question, **changes: Any) -> Verdict:
    return decide(RULES, replace(question, **changes)).verdict


def test_what_no_rule_allows_is_denied() -> None:
    answer = decide(RULES, replace(AUDIT, roles=frozenset({Role.RESEARCHER})))
    assert (answer.verdict, answer.decided) == (Verdict.DENY, None)


def test_an_auditor_reads_for_a_reason() -> None:
    assert verdict(AUDIT) == Verdict.ALLOW
    assert verdict(AUDIT, reason=False) == Verdict.NEED_REASON
    assert verdict(AUDIT, purpose=Purpose.SAFEGUARDING) == Verdict.DENY


def test_another_agencys_restricted_words_are_masked_and_its_own_are_not() -> None:
    assert verdict(AUDIT, sensitivity=Sensitivity.RESTRICTED) == Verdict.MASK
    own = {"sensitivity": Sensitivity.RESTRICTED, "owner": AUDIT.agency}
    assert verdict(AUDIT, **own) == Verdict.ALLOW


def test_the_glass_is_broken_in_an_emergency_alone() -> None:
    restricted = replace(AUDIT, sensitivity=Sensitivity.RESTRICTED)
    assert verdict(restricted, break_glass=True) == Verdict.MASK


def test_what_is_silent_is_shown_to_nobody_but_its_owner_nor_in_an_emergency() -> None:
    glass = replace(
        AUDIT,
        roles=frozenset({Role.DUTY_MANAGER}),
        purpose=Purpose.EMERGENCY,
        break_glass=True,
        sensitivity=Sensitivity.RESTRICTED,
    )
    assert verdict(glass) == Verdict.ALLOW
    assert verdict(glass, existence=Existence.SILENT) == Verdict.DENY
    assert verdict(glass, existence=Existence.SIGNPOST) == Verdict.MASK


def test_a_mask_allows_nothing_by_itself() -> None:
    nobody = replace(AUDIT, roles=frozenset(), sensitivity=Sensitivity.RESTRICTED)
    assert verdict(nobody) == Verdict.DENY


def test_operations_read_no_case_though_they_audit_too() -> None:
    answer = decide(RULES, replace(AUDIT, roles=frozenset({Role.AUDITOR, Role.OPERATIONS})))
    assert answer.verdict == Verdict.DENY
    assert answer.decided is not None
    assert answer.decided.id == "operations-see-no-case"
    assert {"audit", "operations-see-no-case"} == {rule.id for rule in answer.spoke}


def test_a_screening_worker_reads_what_she_works_on() -> None:
    hers = replace(
        AUDIT, roles=frozenset({Role.SCREENING}), purpose=Purpose.SAFEGUARDING, assigned=True
    )
    assert verdict(hers) == Verdict.ALLOW
    assert verdict(hers, assigned=False) == Verdict.DENY


def test_a_screening_worker_reads_the_picture_of_what_she_is_to_decide() -> None:
    hers = replace(
        AUDIT,
        roles=frozenset({Role.SCREENING}),
        purpose=Purpose.SAFEGUARDING,
        resource=Resource.PICTURE,
    )
    assert verdict(hers) == Verdict.ALLOW
    assert verdict(hers, reason=False) == Verdict.NEED_REASON
    assert verdict(hers, purpose=Purpose.AUDIT) == Verdict.DENY


@pytest.mark.parametrize("day", [TODAY - dt.timedelta(days=1), dt.date(2030, 1, 2)])
def test_rules_that_are_not_in_force_let_nobody_do_anything(day: dt.date) -> None:
    ending = RULES.model_copy(update={"until": dt.date(2030, 1, 1)})
    health = Question(act=Act.LOOK, resource=Resource.HEALTH, on=day)
    assert decide(ending, health).verdict == Verdict.DENY
    assert decide(ending, replace(health, on=TODAY)).verdict == Verdict.ALLOW


@pytest.mark.parametrize("broken", [{"roles": None}, {"on": None}, {"roles": [["x"]]}])
def test_an_error_denies(broken: dict[str, Any]) -> None:
    assert verdict(AUDIT, **broken) == Verdict.DENY


def raw() -> dict[str, Any]:
    return tomllib.loads((files("ops.access") / "standard.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", [Role.DECISION_MAKER, Role.RESEARCHER])
def test_an_agencys_people_see_at_their_desk_what_is_for_it_and_for_nobody_else(role: Role) -> None:
    theirs = replace(AUDIT, act=Act.LOOK, resource=Resource.LETTER, roles=frozenset({role}))
    assert verdict(theirs, owner=AUDIT.agency) == Verdict.ALLOW
    assert verdict(theirs) == Verdict.DENY
    assert verdict(theirs, owner=None) == Verdict.DENY
    assert verdict(theirs, owner=AUDIT.agency, act=Act.FETCH) == Verdict.DENY


def test_who_decides_for_an_agency_sees_who_saw_its_own_and_nothing_of_others() -> None:
    maker = replace(
        AUDIT, act=Act.LOOK, resource=Resource.ACCESSES, roles=frozenset({Role.DECISION_MAKER})
    )
    assert verdict(maker, owner=AUDIT.agency) == Verdict.ALLOW
    assert verdict(maker) == Verdict.DENY
    assert verdict(maker, owner=None) == Verdict.DENY


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"roles": []}, "roles"),
        ({"acts": []}, "acts"),
        ({"records": []}, "records"),
        ({"roles": ["anybody"]}, "roles"),
        ({"effect": "perhaps"}, "effect"),
        ({"purpose": ["audit"]}, "purpose"),
        ({"id": "silent"}, "same id"),
    ],
)
def test_a_rule_that_says_too_little_or_something_else_is_no_rule(
    changes: dict[str, Any], says: str
) -> None:
    written = raw()
    written["rules"][0] |= changes
    with pytest.raises(ValidationError, match=says):
        AccessRules.model_validate(written)


def test_random_questions_are_answered_as_the_model_answers_them() -> None:
    figures = prove(Plan(questions=20_000, seed=24), progress=lambda _: None)
    assert (figures["different"], figures["never_spoke"]) == (0, [])


@pytest.mark.parametrize("rule", CONTROLS)
def test_the_proof_finds_each_rule_that_says_nothing(rule: str) -> None:
    figures = prove(Plan(questions=2_000, seed=24, altered=rule), progress=lambda _: None)
    assert figures["different"]

"""What agencies decide and ask by messages passes the access rules, as what people look at does."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from ops.demo.running import DemoFolder
from ops.run.checking import check
from ops.run.wiring import Hub
from router.access.decide import decide
from router.step import Outcome
from router.steps.answer import decide as answer
from router.steps.approve import decide as approve
from router.steps.rate import decide as rate
from schemas.access import AccessRules, Act, Question, Resource, Role, Verdict
from schemas.enquiries import EnquiryAdmitted, EnquiryDenied
from schemas.policy import Agreement, EnquiryTerms, Policy
from schemas.product import Choice
from schemas.rating import Colour
from schemas.refusals import Refusal
from stores import policies
from tests.proofs.f24 import shipped
from tests.support import given, products
from tests.support.filled import empty_hub
from tests.support.given import NOON, Given
from tests.unit.steps.test_answer import asked
from tests.unit.steps.test_rate import decided

NOBODY = Refusal("refused.decision-maker", "decided_by")


def without(*ids: str, **changes: Any) -> AccessRules:
    """The rules that ship, less some of them."""
    rules = shipped()
    left = tuple(one for one in rules.rules if one.id not in ids)
    return rules.model_copy(update={"rules": left, **changes})


def by(rules: AccessRules, policy: Policy | None = None) -> Policy:
    return (policy or given.policy()).model_copy(update={"access": rules})


def released(rules: AccessRules) -> Refusal | None:
    item = products.draft_item("school")
    step = Given(approve.STEP, by(rules)).given(products.drafted(item))
    return step.when(products.decision(item, Choice.RELEASE_SANITISED)).refusal


def rated(rules: AccessRules) -> Refusal | None:
    step = Given(rate.STEP, by(rules)).given(given.linked())
    return step.when(decided(Colour.RED)).refusal


def enquired(rules: AccessRules) -> Outcome[Any]:
    told = {"reference": "ISA/school", "signatory": "A. Head", "since": dt.date(2020, 1, 1)}
    terms = EnquiryTerms(permit=("section 47 enquiry",))
    agreement = Agreement.model_validate(told | {"enquiries": terms})
    policy = given.policy(given.partner("school", agreement=agreement))
    return Given(answer.STEP, by(rules, policy)).when(asked())


def test_the_rules_that_ship_let_who_is_registered_decide_and_ask() -> None:
    assert (released(shipped()), rated(shipped())) == (None, None)
    assert given.of(EnquiryAdmitted, enquired(shipped()).facts)


def test_an_owners_decision_that_no_rule_allows_is_refused() -> None:
    assert released(without("decide-own")) == NOBODY
    assert released(without("decide-cases")) is None


def test_a_social_workers_decision_that_no_rule_allows_is_refused() -> None:
    assert rated(without("decide-cases")) == NOBODY
    assert rated(without("decide-own")) is None


def test_an_enquiry_that_no_rule_allows_is_denied() -> None:
    outcome = enquired(without("enquiries"))
    assert given.of(EnquiryDenied, outcome.facts)


@pytest.mark.parametrize("over", [{"until": NOON.date() - dt.timedelta(days=1)}])
def test_rules_that_have_ended_go_on_for_messages_alone(over: dict[str, Any]) -> None:
    """Nobody having renewed them keeps no Red waiting; what they do not let is not let after."""
    rules = without(**over)
    assert (released(rules), rated(rules)) == (None, None)
    assert given.of(EnquiryAdmitted, enquired(rules).facts)
    assert released(without("decide-own", **over)) == NOBODY
    look = Question(act=Act.LOOK, resource=Resource.HEALTH, on=NOON.date(), roles=frozenset(Role))
    assert decide(without(), look).verdict is Verdict.ALLOW
    assert decide(rules, look).verdict is Verdict.DENY


def test_rules_that_do_not_speak_of_messages_leave_it_to_agreements() -> None:
    older = without("decide-own", "decide-cases", "enquiries", messages=False)
    assert (released(older), rated(older)) == (None, None)
    assert given.of(EnquiryAdmitted, enquired(older).facts)


@pytest.fixture
def opened(tmp_path: Path) -> tuple[DemoFolder, Hub]:
    return empty_hub(tmp_path / "hub")


def test_whatever_is_decided_names_the_rules(opened: tuple[DemoFolder, Hub]) -> None:
    _, hub = opened
    with hub.database.reading() as connection:
        adopted = policies.all_adopted(connection)
    (policy,) = adopted.values()
    assert policy.access == hub.access


def test_rules_that_do_not_speak_of_messages_are_warned_of(
    opened: tuple[DemoFolder, Hub],
) -> None:
    folder, _ = opened
    older = Path(folder.config).parent / "older.toml"
    text = (Path(__file__).parents[3] / "ops/access/standard.toml").read_text()
    older.write_text(text.replace("messages = true", "messages = false"))
    before = {fault.where for fault in check(folder.config, {}, today=NOON.date()).warnings}
    config = folder.config.read_text()
    folder.config.write_text(f'access = "older.toml"\n{config}')
    after = {fault.where for fault in check(folder.config, {}, today=NOON.date()).warnings}
    assert after - before == {"access"}

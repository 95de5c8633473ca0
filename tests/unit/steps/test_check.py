"""Checks of systems: asked once a child is linked, on a basis that the agreement names, each on a
clock of its own; the hub's own registers are looked into at once.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps.asking import WHY
from router.steps.check import decide as check
from router.steps.check.asking import KEPT_CLOSE
from schemas.base import Fact
from schemas.calendar import Elapsed
from schemas.checks import (
    CheckAnswered,
    CheckLate,
    CheckRequest,
    ChecksRevised,
)
from schemas.gathering import RuledOut
from schemas.identity import WHERE, WHO, IdentityAgreed, IdentityField
from schemas.letter import letter_id
from schemas.notification import ParentsInformed
from schemas.owed import ClockChased, ClockClosed, ClockWarned, OwedNotice
from schemas.person import Name, PartialDate, Person
from schemas.policy import AgeBand, Agreement, CheckTerms, SystemCheck
from schemas.refusals import Refusal
from schemas.safety import SafetySettled
from schemas.sharing import Sensitivity, Sharing
from tests.support import given
from tests.support.checks import (
    BASIS,
    ECAF,
    HOUR,
    ICS,
    agreed,
    asked,
    checked,
    checking,
    reply,
)
from tests.support.given import NOON, Given

PNC = SystemCheck(
    system="police-records", agency="police", kind="police", time_allowed=Elapsed(hours=3)
)


def about(child: Person, **changes: Any) -> Fact:
    return given.linked(notification=given.notification(subject=child), **changes)


# --- who is asked, and what they are told


def test_every_system_that_the_borough_names_is_asked_at_once() -> None:
    outcome = checking(ICS, PNC).when(given.linked())
    assert [(one.agency, one.notice) for one in outcome.letters] == [
        (one.agency, one) for one in asked(outcome).requests
    ]
    told = {one.system: (one.agency, one.due_at) for one in asked(outcome).requests}
    assert told == {
        "ics": ("childrens_social_care", NOON + HOUR),
        "police-records": ("police", NOON + 3 * HOUR),
    }


def test_each_system_has_its_time_while_its_agency_is_there() -> None:
    friday = dt.datetime(2026, 11, 27, 16, 30, tzinfo=dt.UTC)
    housing = ICS.model_copy(update={"system": "tenancies", "agency": "housing"})
    outcome = checking(housing, PNC).when(given.linked(), at=friday)
    assert {one.agency: one.due_at for one in asked(outcome).requests} == {
        "housing": dt.datetime(2026, 11, 30, 9, 30, tzinfo=dt.UTC),
        "police": friday + 3 * HOUR,
    }


def test_the_notifier_is_asked_too_as_police_referrals_are_checked_against_their_systems() -> None:
    linked = given.linked()
    assert linked.agency == "police"
    (request,) = asked(checking(PNC).when(linked)).requests
    assert request.agency == "police"


def test_a_request_says_on_which_basis_and_by_when() -> None:
    (request,) = asked(checking(ICS).when(given.linked())).requests
    assert request.legal_basis == BASIS
    assert request.sharing_policy == "ISA/childrens_social_care"
    assert request.purpose == given.profile().request_purpose
    assert request.check_id == "ref-1/ics"


def test_a_referral_for_an_allocated_worker_is_checked_too() -> None:
    outcome = checking(ICS).when(given.linked(allocated_to=given.worker()))
    assert [one.system for one in asked(outcome).requests] == ["ics"]


def test_a_request_tells_who_the_child_is_and_neither_concern_nor_home_nor_family() -> None:
    (request,) = asked(checking(ICS).when(given.linked())).requests
    assert request.child.name == given.child().name
    assert request.child.identifier == given.child().identifier
    assert request.child.date_of_birth == given.child().date_of_birth
    sent = request.model_dump_json()
    for secret in (given.DOMESTIC_ABUSE, "Balmoral", "ZZ99", "01632 960123", "Chowdhury", "case-1"):
        assert secret not in sent


@pytest.mark.parametrize(
    ("tells", "home", "family"),
    [((), False, False), (("address",), True, False), (("family",), False, True)],
)
def test_home_and_family_are_told_where_the_agreement_says_so(
    tells: tuple[str, ...], home: bool, family: bool
) -> None:
    partner = agreed("childrens_social_care", tells=tells)
    (request,) = asked(checking(ICS, partners=(partner,)).when(given.linked())).requests
    sent = request.model_dump_json()
    assert ("Balmoral" in sent, "Chowdhury" in sent) == (home, family)
    assert "01632 960123" not in sent


PUPILS = SystemCheck(system="pupils", agency="school", kind="education")


def telling(*tells: IdentityField, checks: tuple[str, ...] = ("address", "family")) -> Given:
    """The police told of the child, and lets so much of it be told to a school that is asked."""
    told = (IdentityAgreed(to=("school",), tells=tells), IdentityAgreed(tells=(*WHO, *WHERE)))
    police = given.partner("police", agreement=signed(checks=None, identity=told))
    return checking(PUPILS, partners=(police, agreed("school", tells=checks)))


def test_who_told_of_the_child_says_what_a_system_is_told_besides_the_terms_of_the_check() -> None:
    child = given.child()
    (whole,) = asked(telling(*WHO, *WHERE).when(given.linked())).requests
    assert whole.child.address == child.address
    assert whole.child.related_person == child.related_person
    (less,) = asked(telling(*WHO, *WHERE, checks=()).when(given.linked())).requests
    assert (less.child.address, less.child.related_person) == ((), ())
    some = telling(IdentityField.NAMES, IdentityField.BORN, IdentityField.SEX)
    (request,) = asked(some.when(given.linked())).requests
    said = {"name": child.name, "date_of_birth": child.date_of_birth, "sex_code": child.sex_code}
    assert request.child == Person(**said)


def test_a_system_that_may_not_be_told_who_it_is_is_not_asked() -> None:
    for step in (telling(IdentityField.NAMES), telling()):
        fact = asked(step.when(given.linked()))
        assert fact.requests == ()
        assert [left.reason for left in fact.not_asked] == [WHY[RuledOut.NOT_TOLD]]


def test_what_is_protected_is_told_to_no_system() -> None:
    child = given.child()
    (home,), (mother,) = child.address, child.related_person
    hidden = {
        "address": (home.model_copy(update={"protected": True}),),
        "related_person": (mother.model_copy(update={"protected": True}),),
    }
    (request,) = asked(telling(*WHO, *WHERE).when(about(child.model_copy(update=hidden)))).requests
    assert (request.child.address, request.child.related_person) == ((), ())
    moved = mother.model_copy(update={"address": hidden["address"]})
    hers = child.model_copy(update={"related_person": (moved,)})
    (request,) = asked(telling(*WHO, *WHERE).when(about(hers))).requests
    assert request.child.address == ()
    adopted = child.model_copy(update={"protected": True})
    assert asked(telling(*WHO, *WHERE).when(about(adopted))).requests == ()


def test_of_an_unborn_child_the_mother_is_named() -> None:
    expected = PartialDate(date=dt.date(2026, 9, 1), accuracy_indicator="XXX")
    unborn = given.child().model_copy(update={"name": (), "date_of_birth": expected})
    (request,) = asked(checking(ICS).when(about(unborn))).requests
    assert request.child.related_person[0].name.family_name == ("Chowdhury",)


def signed(**changes: Any) -> Agreement:
    told = {"reference": "ISA", "signatory": "A. Head", "since": dt.date(2020, 1, 1)}
    return Agreement.model_validate(told | {"checks": TERMS} | changes)


TERMS = CheckTerms(basis=BASIS, since=dt.date(2026, 1, 1))


@pytest.mark.parametrize(
    "agreement",
    [
        None,
        signed(since=dt.date(2026, 6, 11)),
        signed(until=dt.date(2026, 6, 9)),
        signed(checks=None),
        signed(checks=CheckTerms(basis=BASIS, since=dt.date(2026, 6, 11))),
    ],
    ids=["none", "not yet", "ended", "names no basis", "names it from tomorrow on"],
)
@pytest.mark.parametrize("answered_by", ["agency", "register"])
def test_without_an_agreement_in_force_that_names_a_basis_nobody_is_asked_and_it_says_why(
    agreement: Agreement | None, answered_by: str
) -> None:
    one = ICS.model_copy(update={"answered_by": answered_by})
    partner = given.partner("childrens_social_care", agreement=agreement)
    outcome = checking(one, PNC, partners=(partner,)).when(given.linked())
    fact = asked(outcome)
    assert [left.system for left in fact.not_asked] == ["ics"]
    assert "agreement" in fact.not_asked[0].reason
    assert [request.system for request in fact.requests] == ["police-records"]
    assert fact.results == ()


def test_the_last_day_of_an_agreement_counts() -> None:
    partner = given.partner("childrens_social_care", agreement=signed(until=dt.date(2026, 6, 10)))
    assert asked(checking(ICS, partners=(partner,)).when(given.linked())).requests


def test_who_is_no_partner_is_not_asked() -> None:
    policy = checked(ICS)
    policy.partners.pop("childrens_social_care")
    fact = asked(Given(check.STEP, policy).when(given.linked()))
    assert fact.not_asked[0].reason == "It is not a partner of this hub."


@pytest.mark.parametrize(
    ("born", "accuracy", "adult"),
    [
        (dt.date(2008, 6, 10), "AAA", True),
        (dt.date(2008, 6, 11), "AAA", False),
        (dt.date(2007, 1, 1), "UUA", True),
        (dt.date(2008, 1, 1), "UUA", False),
        (dt.date(1981, 1, 1), "EEE", True),
        (dt.date(2008, 1, 1), "EEE", False),
        (dt.date(1981, 1, 1), "AAA", True),
    ],
)
def test_nobody_is_asked_about_an_adult(born: dt.date, accuracy: str, adult: bool) -> None:
    birth = PartialDate(date=born, accuracy_indicator=accuracy)
    person = given.child().model_copy(update={"date_of_birth": birth})
    fact = asked(checking(ICS).when(about(person)))
    assert [one.reason for one in fact.not_asked] == ([WHY[RuledOut.ADULT]] if adult else [])
    assert len(fact.requests) == (not adult)


NAMED = Name(given_name=("Tilly",), family_name=("Thornbury",))
BORN = PartialDate(date=dt.date(2018, 2, 3))


@pytest.mark.parametrize(
    ("child", "enough"),
    [
        (Person(), False),
        (Person(name=(NAMED,)), False),
        (Person(date_of_birth=BORN), False),
        (Person(name=(NAMED,), date_of_birth=BORN), True),
        (Person(name=(Name(given_name=("Baby",)),), date_of_birth=BORN), False),
        (Person(identifier=given.child().identifier), True),
        (Person(address=given.child().address), False),
    ],
)
def test_nobody_is_asked_about_a_child_who_cannot_be_looked_for(
    child: Person, enough: bool
) -> None:
    fact = asked(checking(ICS).when(about(child)))
    assert [one.reason for one in fact.not_asked] == (
        [] if enough else [WHY[RuledOut.NOT_IDENTIFIED]]
    )


def test_an_agency_that_can_hold_nothing_about_a_child_of_this_age_is_not_asked() -> None:
    band = {"childrens_social_care": AgeBand(from_age=12)}
    policy = checked(ICS, PNC)
    policy = policy.model_copy(
        update={"profile": policy.profile.model_copy(update={"holds": band})}
    )
    fact = asked(Given(check.STEP, policy).when(given.linked()))
    assert [(one.system, one.reason) for one in fact.not_asked] == [
        ("ics", WHY[RuledOut.HOLDS_NOTHING])
    ]
    assert [one.system for one in fact.requests] == ["police-records"]


def test_of_which_age_an_agency_holds_anything_its_kind_says() -> None:
    registers = PUPILS.model_copy(update={"agency": "st_marys"})
    school = agreed("st_marys").model_copy(update={"kind": "school"})
    due = PartialDate(date=dt.date(2026, 9, 1), accuracy_indicator="XXX")
    unborn = given.child().model_copy(update={"date_of_birth": due})
    fact = asked(checking(registers, partners=(school,)).when(about(unborn)))
    assert [one.reason for one in fact.not_asked] == [WHY[RuledOut.HOLDS_NOTHING]]


def test_refused_consent_is_no_bar_as_the_agreement_names_another_basis() -> None:
    refused = ParentsInformed(informed=True, consent="refused")
    told = given.notification(parents_informed=refused)
    assert asked(checking(ICS).when(given.linked(notification=told))).requests


def test_a_borough_that_names_no_system_records_nothing() -> None:
    assert checking().when(given.linked()) == Outcome()
    assert checking().when(given.corrected()) == Outcome()


def test_no_two_letters_of_one_referral_are_taken_for_each_other() -> None:
    twice = PNC.model_copy(update={"system": "intelligence"})
    outcome = checking(PNC, twice).when(given.linked())
    assert len({letter.key for letter in outcome.letters}) == 2
    ids = {one.check_id for one in given.of(CheckRequest, (a.notice for a in outcome.letters))}
    assert ids == {"ref-1/police-records", "ref-1/intelligence"}


@pytest.mark.parametrize(
    "sharing",
    [
        Sharing(may_leave=False, reason="An informant is at risk"),
        Sharing(may_be_revealed=False, reason="An informant is at risk"),
        Sharing(sensitivity=Sensitivity.RESTRICTED),
    ],
)
def test_of_a_concern_that_may_not_leave_the_notifiers_own_systems_alone_are_asked(
    sharing: Sharing,
) -> None:
    kept = given.notification(sharing=sharing)
    fact = asked(checking(ICS, PNC).when(given.linked(notification=kept)))
    assert [(one.system, one.reason) for one in fact.not_asked] == [("ics", KEPT_CLOSE)]
    assert [one.system for one in fact.requests] == ["police-records"]


# --- answers


def test_an_answer_says_how_the_child_is_known_and_whom_to_ask() -> None:
    step = checking(ICS).given(given.linked())
    said: dict[str, Any] = {
        "known": True,
        "involvement": "child in need plan",
        "since": dt.date(2026, 2, 1),
        "worker": "W. Orker",
        "contact": "Assessment desk, 01632 960114",
        "reference": "ICS-4711",
    }
    (fact,) = step.when(reply(**said), at=NOON + HOUR / 2).facts
    assert isinstance(fact, CheckAnswered)
    result = fact.result
    assert {name: getattr(result, name) for name in said} == said
    assert (result.asked_at, result.answered_at) == (NOON, NOON + HOUR / 2)
    assert (result.late, result.state) == (False, "answered")
    assert step.state.results == (result,)


def test_a_clock_that_ran_out_is_told_once_and_a_late_answer_is_still_taken() -> None:
    step = checking(ICS, PNC)
    step.when(given.linked())
    outcome = step.when(given.elapsed("check", NOON + HOUR))
    (fact,) = given.of(CheckLate, outcome.facts)
    assert (fact.result.system, fact.result.state) == ("ics", "late")
    assert [one.due_at for one in outcome.timers] == [NOON + 1.5 * HOUR], "its chain"
    assert step.when(given.elapsed("check", NOON + HOUR)) == Outcome()
    (late,) = step.when(reply(known=True), at=NOON + 5 * HOUR).facts
    assert isinstance(late, CheckAnswered)
    assert (late.result.late, late.result.known, late.result.state) == (True, True, "answered")


def test_whose_system_is_silent_is_warned_and_chased_in_its_own_time() -> None:
    step = checking(ICS)
    (timer,) = step.when(given.linked()).timers
    assert (timer.due_at, timer.key) == (NOON + 0.75 * HOUR, "ref-1")
    warned = step.when(given.elapsed("check", timer.due_at))
    chased = step.when(given.elapsed("check", NOON + HOUR))
    (first,), (second,) = warned.letters, chased.letters
    assert isinstance(first.notice, OwedNotice)
    assert isinstance(second.notice, OwedNotice)
    assert (first.agency, first.notice.moment) == ("childrens_social_care", "warned")
    assert (second.agency, second.notice.moment) == ("childrens_social_care", "chased")
    assert first.notice.owed == "An answer whether the system ics knows the child."
    assert second.notice.next == (
        "If it has not come by Wednesday 10 June 2026, 14:30, Duty manager is told."
    )
    up = [step.when(given.elapsed("check", NOON + share * HOUR)) for share in (1.5, 2)]
    (third,), (last,) = (outcome.letters for outcome in up)
    assert isinstance(third.notice, OwedNotice)
    assert isinstance(last.notice, OwedNotice)
    assert third.notice.escalated_to is not None
    assert last.notice.escalated_to is not None
    assert third.notice.escalated_to.role == "Duty manager"
    assert last.notice.escalated_to.role == "Ada Sample, head of service"
    assert last.notice.next == "It is waited for no longer; an answer that comes late is taken."
    assert [type(fact) for fact in (*warned.facts, *chased.facts)] == [
        ClockWarned,
        CheckLate,
        ClockChased,
    ]
    assert up[-1].timers == ()


def test_a_check_that_a_human_had_not_be_sent_is_awaited_no_longer() -> None:
    step = checking(ICS, PNC)
    step.when(given.message(given.linked(), id_="linked"))
    stop = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "hold_id": "hold-1",
        "recipient": "police",
        "choice": "do_not_send",
        "decided_by": "S. Worker",
        "rationale": "His brother works there",
    }
    held = letter_id("linked", "check", key="check/police-records")
    other = SafetySettled.model_validate(stop | {"letter_id": "another letter"})
    assert step.when(other) == Outcome()
    sent = SafetySettled.model_validate(stop | {"letter_id": held, "choice": "send"})
    assert step.when(sent) == Outcome()
    outcome = step.when(SafetySettled.model_validate(stop | {"letter_id": held}))
    (fact,) = given.of(ChecksRevised, outcome.facts)
    (left,) = fact.not_asked
    assert (left.system, left.agency) == ("police-records", "police")
    assert "His brother" not in left.reason
    (ended,) = given.of(ClockClosed, outcome.facts)
    assert (ended.agency, ended.subject_id) == ("police", "ref-1/police-records")
    assert [one.system for one in step.state.results] == ["ics"]
    late = step.when(given.elapsed("check", NOON + 3 * HOUR))
    assert {one.result.system for one in given.of(CheckLate, late.facts)} == {"ics"}
    refused = step.when(reply("police-records", by="police"))
    assert refused.refusal == Refusal("refused.unknown-subject", "check_id")


def test_an_answer_after_its_time_is_late_whether_or_not_the_clock_was_heard() -> None:
    step = checking(ICS).given(given.linked())
    (fact,) = step.when(reply(), at=NOON + 2 * HOUR).facts
    assert isinstance(fact, CheckAnswered)
    assert fact.result.late


def test_a_clock_waits_for_no_check_that_was_answered() -> None:
    step = checking(ICS).given(given.linked(), reply())
    assert step.when(given.elapsed("check", NOON + HOUR)) == Outcome()


def test_the_same_answer_again_changes_nothing_and_another_one_counts() -> None:
    step = checking(ICS).given(given.linked(), reply(known=False))
    assert step.when(reply(known=False), at=NOON + HOUR / 2) == Outcome()
    (fact,) = step.when(reply(known=True, involvement="child in need plan")).facts
    assert isinstance(fact, CheckAnswered)
    assert fact.result.known
    assert len(step.state.results) == 1


def test_a_system_that_does_not_say_has_answered_and_is_neither_known_nor_not_known() -> None:
    step = checking(ICS).given(given.linked())
    (fact,) = step.when(reply(decision="deny", known=None)).facts
    assert isinstance(fact, CheckAnswered)
    assert (fact.result.denied, fact.result.known, fact.result.state) == (True, None, "answered")


def test_a_system_whose_people_look_first_is_still_waited_for() -> None:
    step = checking(ICS).given(given.linked())
    assert step.when(reply(decision="review", known=None)) == Outcome()
    assert step.when(given.elapsed("check", NOON + HOUR)).facts


def test_an_answer_that_says_neither_is_refused() -> None:
    step = checking(ICS).given(given.linked())
    refused: Outcome[Any] = Outcome(refusal=Refusal("missing.field", "known"))
    assert step.when(reply(known=None)) == refused


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        (reply(by="police"), Refusal("refused.not-yours", "check_id")),
        (reply("police-records"), Refusal("refused.unknown-subject", "check_id")),
        (reply("ecaf", by="early_help"), Refusal("refused.unknown-subject", "check_id")),
    ],
)
def test_an_answer_that_was_not_asked_of_its_sender_is_refused(
    wrong: Fact, refusal: Refusal
) -> None:
    step = checking(ICS, ECAF).given(given.linked())
    assert step.when(wrong) == Outcome(refusal=refusal)


def test_an_answer_to_nothing_that_was_ever_asked_is_refused() -> None:
    unknown: Outcome[Any] = Outcome(refusal=Refusal("refused.unknown-subject", "check_id"))
    assert checking(ICS).when(reply()) == unknown

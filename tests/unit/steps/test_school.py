"""A child's school is told of a domestic-abuse incident before its next school day, no more than it
needs, through the gate of every product (L4, L7).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps.approve import decide as approve
from router.steps.release import decide as release
from router.steps.school import decide as school
from schemas.base import Fact
from schemas.letter import Letter
from schemas.notices import ApprovalRequest
from schemas.owed import ClockChased, ClockClosed, ClockEscalated, ClockWarned, OwedNotice
from schemas.person import PartialDate, Person, School
from schemas.policy import ItemKind, Partner, Policy
from schemas.product import (
    ApprovalsCancelled,
    Choice,
    ProductApproved,
    ProductDrafted,
    ProductRefused,
    ProductReleased,
    items_of_notification,
)
from schemas.rating import Colour
from schemas.safety import Danger, ProductHeld
from schemas.school import (
    SchoolDecided,
    SchoolDecision,
    SchoolNotice,
    SchoolNotTold,
    SchoolToTell,
    Untold,
)
from schemas.sharing import Sharing
from tests.support import given
from tests.support import products as product
from tests.support.given import Given

LEAD = "childrens_social_care"
PURPOSE = "support in school after a domestic abuse incident"
HARCOURT = School(name="Harcourt Primary School", urn="123456")
LONDON = dt.timezone(dt.timedelta(hours=1))
FRIDAY_NIGHT = dt.datetime(2026, 10, 16, 22, 40, tzinfo=dt.UTC)
"""By the borough's clocks 23:40."""


def child(**changes: Any) -> Person:
    return given.child().model_copy(update={"school": HARCOURT} | changes)


def incident(narrative: str = given.DOMESTIC_ABUSE, **changes: Any) -> Any:
    told = {"subject": child(), "observed_at": FRIDAY_NIGHT}
    said = {name: changes.pop(name) for name in ("agency", "version", "amends") if name in changes}
    return given.linked(notification=given.notification(narrative, **told | changes), **said)


def heard(fact: Fact, *, at: dt.datetime = FRIDAY_NIGHT, policy: Policy | None = None) -> Any:
    step = Given(school.STEP, policy)
    return step, step.when(fact, at=at)


def draft(outcome: Outcome[Any]) -> ProductDrafted:
    (made,) = given.of(ProductDrafted, outcome.facts)
    return made


def to_lead(outcome: Outcome[Any]) -> SchoolToTell:
    (letter,) = outcome.letters
    assert letter.agency == LEAD
    assert isinstance(letter.notice, SchoolToTell)
    return letter.notice


def decided(action: str, **changes: Any) -> SchoolDecided:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "action": action,
        "decided_by": "S. Worker",
        "rationale": "Rang the head at 08:05.",
    }
    by = changes.pop("by", LEAD)
    return SchoolDecided(agency=by, decision=SchoolDecision.model_validate(told | changes))


# What the school is told


def through_the_gate(policy: Policy, fact: Fact | None = None) -> tuple[Outcome[Any], Any]:
    """The notice before its owner, and what comes of it if it leaves."""
    _, outcome = heard(fact or incident(), policy=policy)
    asked = Given(approve.STEP, policy).when(draft(outcome))
    approved = given.of(ProductApproved, asked.facts)
    return asked, Given(release.STEP, policy).when(approved[0]) if approved else None


def releasing(**changes: Any) -> Partner:
    allowed = {"kinds": (ItemKind.SCHOOL_NOTICE,), "purposes": (PURPOSE,)}
    return given.releasing("police", given.standing("school", **allowed | changes))


def test_with_its_owners_standing_release_it_goes_at_once_and_says_no_more_than_it_needs() -> None:
    asked, sent = through_the_gate(given.policy(releasing()))
    assert asked.letters == ()
    (letter,) = sent.letters
    assert letter.agency == "school"
    notice = letter.notice
    assert isinstance(notice, SchoolNotice)
    assert notice.says == (
        "There was an incident of domestic abuse in the child's household on Friday 16 October "
        "2026, 23:40. The child may need support in school. This is for the school's safeguarding "
        "lead: please do not ask the child about it, and do not speak of it to the family."
    )
    assert notice.to_do == (
        "Have somebody whom the child trusts look after them quietly when they come in."
    )
    assert notice.contact == "childrens_social_care duty desk"
    assert notice.about is not None
    said = notice.model_dump(mode="json", exclude_none=True)
    assert set(said["about"]) == {"names", "born"}
    assert set(said) == {
        "product_id",
        "case_id",
        "recipient",
        "referral_id",
        "purpose",
        "item_id",
        "says",
        "not_released",
        "to_do",
        "contact",
        "about",
    }


def notice_of(sent: Any) -> SchoolNotice:
    (letter,) = sent.letters
    assert isinstance(letter.notice, SchoolNotice)
    return letter.notice


@pytest.mark.parametrize(
    ("agrees", "says", "said"),
    [
        (True, None, "Police has not released its own words about it to you yet. Ring about them: "
         "police duty desk"),
        (False, None, "The agency that told of it has not released its own words about it to you "
         "yet. Ring about them: childrens_social_care duty desk"),
        (True, False, "The agency that told of it has not released its own words about it to you "
         "yet. Ring about them: childrens_social_care duty desk"),
    ],
)  # fmt: skip
def test_it_says_that_the_police_have_not_released_their_words_and_whom_to_ring(
    *, agrees: bool, says: bool | None, said: str
) -> None:
    police = releasing()
    assert police.agreement is not None
    named = police.agreement.model_copy(update={"signposts": agrees})
    policy = given.policy(police.model_copy(update={"agreement": named}))
    kept = Sharing.model_validate({"signpost": says})
    _, sent = through_the_gate(policy, incident(sharing=kept))
    assert notice_of(sent).not_released == said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("release", False),
        ("withhold, and be named", True),
        ("withhold", False),
    ],
)
def test_it_does_not_say_so_once_they_have_or_where_they_want_nobody_to_know(
    word: str, *, said: bool
) -> None:
    notified = draft(heard(incident())[1])
    narrative = product.draft_item("police", items_of_notification("ref-1", 0)[0])
    changes: dict[str, Any] = {"recipient": "school", "purpose": PURPOSE}
    step = Given(approve.STEP, given.policy(releasing()))
    if word == "release":
        step.given(product.drafted(narrative, **changes))
        step.given(product.decision(narrative, Choice.RELEASE_SANITISED, **changes))
    else:
        step.given(product.drafted(narrative))
        signpost = word == "withhold, and be named"
        step.given(product.decision(narrative, Choice.WITHHOLD, signpost=signpost))
    (approved,) = given.of(ProductApproved, step.when(notified).facts)
    assert bool(approved.not_released) is said


def test_it_holds_no_word_of_the_narrative_nor_anybody_or_any_place_but_the_childs_name() -> None:
    words = "Domestic abuse incident. Mariam Chowdhury said that Dave Oldroyd threw a kettle."
    _, sent = through_the_gate(given.policy(releasing()), incident(words))
    told = sent.letters[0].notice.model_dump_json()
    for gone in ("Mariam", "Oldroyd", "kettle", "Balmoral", "ZZ99", "01632 960123", "9990000018"):
        assert gone not in told
    assert "colour" not in told
    assert "disposal" not in told


def test_a_release_of_the_whole_notification_covers_it_too() -> None:
    _, sent = through_the_gate(given.policy(releasing(kinds=(ItemKind.NOTIFICATION,))))
    assert sent is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"recipients": ("gp",)},
        {"purposes": ("section 47 enquiry",)},
        {"kinds": (ItemKind.INFORMATION,)},
        {"until": dt.date(2026, 1, 1)},
    ],
)
def test_where_no_release_covers_it_its_owner_is_asked(changes: dict[str, Any]) -> None:
    asked, sent = through_the_gate(given.policy(releasing(**changes)))
    assert sent is None
    (letter,) = asked.letters
    assert letter.agency == "police"
    assert isinstance(letter.notice, ApprovalRequest)
    assert letter.notice.purpose == PURPOSE
    assert letter.notice.legal_basis == "Domestic Abuse Act 2021 s49A"
    assert letter.notice.item.original == letter.notice.item.sanitised
    assert letter.notice.asks == ()


def test_its_owner_is_to_decide_before_the_school_opens() -> None:
    """Of a Thursday afternoon by Friday morning: a working day would be too late."""
    thursday = dt.datetime(2026, 10, 15, 15, 0, tzinfo=dt.UTC)
    policy = given.policy(releasing(recipients=("gp",)))
    step, outcome = heard(incident(observed_at=thursday), at=thursday, policy=policy)
    asked = Given(approve.STEP, policy).when(draft(outcome), at=thursday)
    (letter,) = asked.letters
    assert isinstance(letter.notice, ApprovalRequest)
    assert letter.notice.due_at == due_of(step)


def test_a_restricted_notification_is_never_released_beforehand() -> None:
    kept = Sharing.model_validate({"sensitivity": "restricted"})
    asked, sent = through_the_gate(given.policy(releasing()), incident(sharing=kept))
    assert sent is None
    assert [letter.agency for letter in asked.letters] == ["police"]


def test_where_a_risk_to_the_child_works_at_the_school_a_human_is_asked_first() -> None:
    partner = given.partner("school", kind="school", name="Sample Schools")
    father = {
        "name": {"given_name": ["Marek"], "family_name": ["Oldroyd"]},
        "relationship": "father",
        "risk": "fled_from",
        "works_for": ["Sample Schools"],
    }
    related = (*given.child().related_person, father)
    subject = Person.model_validate(child().model_dump() | {"related_person": related})
    asked, sent = through_the_gate(given.policy(releasing(), partner), incident(subject=subject))
    assert sent is None
    (held,) = given.of(ProductHeld, asked.facts)
    assert held.letter == SchoolNotice.type
    assert Danger.WORKS_WITH_RISK in {hit.danger for hit in held.hits}


# Whose incidents, which children


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, True),
        ({"narrative": "Report attached.", "concern": ("domestic-abuse",)}, True),
        ({"narrative": "There was no domestic abuse."}, False),
        ({"narrative": given.MISSING_EPISODE}, False),
        ({"agency": "gp"}, False),
    ],
)
def test_of_domestic_abuse_that_the_police_tell_of(changes: dict[str, Any], told: bool) -> None:
    _, outcome = heard(incident(**changes))
    assert bool(given.of(ProductDrafted, outcome.facts)) is told


def test_a_child_that_goes_to_no_school_yet_is_nobodys_work() -> None:
    baby = child(date_of_birth=PartialDate(date=dt.date(2026, 1, 1)))
    for subject in (given.unborn(), baby):
        _, outcome = heard(incident(subject=subject))
        assert outcome == Outcome()


def test_each_child_of_an_incident_has_its_own_school() -> None:
    other = School(name="Quarry  Lane ACADEMY")
    policy = given.policy(given.partner("quarry", name="Quarry Lane Academy"))
    step = Given(school.STEP, policy)
    first = draft(step.when(incident(), at=FRIDAY_NIGHT))
    brother = incident(subject=child(school=other)).model_copy(update={"referral_id": "ref-2"})
    second = draft(Given(school.STEP, policy).when(brother, at=FRIDAY_NIGHT))
    assert (first.recipient, second.recipient) == ("school", "quarry")
    assert first.product_id != second.product_id


def test_the_school_is_told_of_a_child_who_has_a_worker_too() -> None:
    linked = incident().model_copy(update={"allocated_to": given.worker()})
    assert draft(heard(linked)[1]).recipient == "school"


def test_another_version_of_the_same_incident_tells_no_school_again() -> None:
    step, _ = heard(incident())
    again = incident(version=2, amends="ref-1").model_copy(update={"referral_id": "ref-2"})
    assert step.when(again, at=FRIDAY_NIGHT) == Outcome()


def test_a_version_that_names_the_school_has_it_told() -> None:
    step, _ = heard(incident(subject=child(school=None)))
    again = incident(version=2, amends="ref-1").model_copy(update={"referral_id": "ref-2"})
    made = draft(step.when(again, at=FRIDAY_NIGHT))
    assert (made.recipient, made.referral_id) == ("school", "ref-1")


def test_without_that_in_the_profile_no_school_is_told() -> None:
    profile = given.profile().model_copy(update={"school_notices": None})
    _, outcome = heard(incident(), policy=given.policy(profile_=profile))
    assert outcome == Outcome()


# Where no letter goes


@pytest.mark.parametrize(
    ("subject", "because", "says"),
    [
        (
            child(school=None),
            Untold.NO_SCHOOL,
            "Nobody has said which school the child goes to: find it, and ring it.",
        ),
        (
            child(school=School(name="Elsewhere High")),
            Untold.SCHOOL_UNKNOWN,
            "The child's school is no partner of this hub: ring it.",
        ),
        (
            child(school=HARCOURT.model_copy(update={"protected": True})),
            Untold.SCHOOL_PROTECTED,
            "Where the child goes to school is protected: ring the school yourself, if it is safe.",
        ),
        (
            child(protected=True),
            Untold.WHO_NOT_TOLD,
            "The school may not be told whom it is about: ring it, if it is safe.",
        ),
    ],
)
def test_the_lead_agency_is_told_so_that_somebody_rings(
    subject: Person, because: Untold, says: str
) -> None:
    _, outcome = heard(incident(subject=subject))
    notice = to_lead(outcome)
    assert (notice.because, notice.explanation) == (because, says)
    (fact,) = given.of(SchoolNotTold, outcome.facts)
    assert fact.because is because


def test_what_its_agency_does_not_let_leave_is_put_before_nobody() -> None:
    kept = Sharing.model_validate({"may_leave": False, "reason": "An informant"})
    _, outcome = heard(incident(sharing=kept))
    assert to_lead(outcome).because is Untold.KEPT_BACK
    assert given.of(ProductDrafted, outcome.facts) == []


def test_a_school_without_an_agreement_is_rung() -> None:
    policy = given.policy(given.partner("school", agreement=None))
    assert to_lead(heard(incident(), policy=policy)[1]).because is Untold.NO_AGREEMENT


def sent(kind: Any, made: ProductDrafted, **more: Any) -> Fact:
    told = {
        "product_id": made.product_id,
        "referral_id": made.referral_id,
        "case_id": made.case_id,
        "recipient": made.recipient,
        "colour": made.colour,
        "school_notice": True,
    }
    fact: Fact = kind.model_validate(told | more)
    return fact


RELEASED = {
    "disposal": "early_help",
    "urgent": False,
    "digest": "0" * 64,
    "item_digests": [],
    "signposts": 0,
}


def test_an_owner_that_lets_it_not_leave_is_told_to_the_lead_agency() -> None:
    step, outcome = heard(incident())
    refused = sent(ProductRefused, draft(outcome), reason="No owner lets anything leave.")
    notice = to_lead(step.when(refused))
    assert notice.because is Untold.REFUSED
    assert notice.explanation == (
        "The notice does not go to the school: No owner lets anything leave. Settle it with "
        "whoever told of it."
    )


# Its clock


def due_of(step: Given) -> dt.datetime:
    due: dt.datetime = step.state.clock.due_at
    return due


@pytest.mark.parametrize(
    ("at", "due"),
    [
        # Monday 19 October, 08:30 by the clock in the wall
        (dt.datetime(2026, 10, 16, 22, 40, tzinfo=dt.UTC), "2026-10-19T07:30:00+00:00"),
        # a school day, before it opens
        (dt.datetime(2026, 10, 19, 5, 0, tzinfo=dt.UTC), "2026-10-19T07:30:00+00:00"),
        # half term: from Friday 23 October on, opens on Monday 2 November, when clocks went back
        (dt.datetime(2026, 10, 23, 20, 0, tzinfo=dt.UTC), "2026-11-02T08:30:00+00:00"),
        # the summer holidays are told of before term starts
        (dt.datetime(2026, 12, 19, 1, 0, tzinfo=dt.UTC), "2027-01-04T08:30:00+00:00"),
    ],
)
def test_it_is_due_before_the_school_opens_next(at: dt.datetime, due: str) -> None:
    partner = given.partner("school", kind="school")
    step, _ = heard(incident(observed_at=at), at=at, policy=given.policy(partner))
    assert due_of(step) == dt.datetime.fromisoformat(due)


def test_the_lead_agency_owes_it_until_it_leaves_and_a_chain_is_told() -> None:
    step, outcome = heard(incident())
    told: list[tuple[type, str]] = []
    for _ in range(9):
        at = step.state.clock.next_at if step.state.clock else FRIDAY_NIGHT
        reminded = step.when(given.elapsed("school", at))
        told += [(type(fact), letter.agency) for fact, letter in pairs(reminded)]
    assert told == [
        (ClockWarned, LEAD),
        (ClockChased, LEAD),
        (ClockEscalated, LEAD),
        (ClockEscalated, LEAD),
    ]
    assert draft(outcome).recipient == "school"


def pairs(outcome: Outcome[Any]) -> list[tuple[Fact, Letter]]:
    for letter in outcome.letters:
        assert isinstance(letter.notice, OwedNotice)
        assert letter.notice.owed == (
            "The child's school is to be told that there was an incident, before its next school "
            "day."
        )
    return list(zip(outcome.facts, outcome.letters, strict=True))


def test_after_the_holidays_people_are_told_within_the_hour_and_not_a_week_later() -> None:
    at = dt.datetime(2026, 12, 19, 1, 0, tzinfo=dt.UTC)
    partner = given.partner("school", kind="school")
    step, _ = heard(incident(observed_at=at), at=at, policy=given.policy(partner))
    opens = due_of(step)
    for _ in range(2):  # warned and chased
        step.when(given.elapsed("school", step.state.clock.next_at))
    minutes = [(rung.at - opens).total_seconds() / 60 for rung in step.state.clock.chain]
    assert minutes == [30, 60]


def test_once_it_has_left_nobody_is_reminded() -> None:
    step, outcome = heard(incident())
    at = step.state.clock.next_at
    step.when(sent(ProductReleased, draft(outcome), **RELEASED))
    assert step.when(given.elapsed("school", at)) == Outcome()


def test_what_its_owner_took_back_before_the_school_had_it_is_owed_again() -> None:
    step, outcome = heard(incident())
    step.when(sent(ProductReleased, draft(outcome), **RELEASED))
    refused = sent(ProductRefused, draft(outcome), reason="Its owners take back what they let.")
    notice = to_lead(step.when(refused))
    assert notice.because is Untold.REFUSED
    assert notice.due_at == due_of(step)
    assert given.of(ClockWarned, step.when(given.elapsed("school", step.state.clock.next_at)).facts)
    assert given.of(ClockClosed, step.when(decided("told")).facts)


def test_what_a_human_ended_stays_so_though_the_notice_is_refused_then() -> None:
    step, outcome = heard(incident())
    step.when(decided("told"))
    refused = sent(ProductRefused, draft(outcome), reason="The school was told otherwise.")
    assert step.when(refused) == Outcome()
    assert step.when(decided("told")).refusal is not None


def test_it_runs_on_while_the_owner_says_no() -> None:
    step, outcome = heard(incident())
    at = step.state.clock.next_at
    step.when(sent(ProductRefused, draft(outcome), reason="No owner lets anything leave."))
    assert given.of(ClockWarned, step.when(given.elapsed("school", at)).facts)


# What the lead agency says


def test_somebody_rang_the_school_and_nothing_is_owed_any_more() -> None:
    step, _ = heard(incident(subject=child(school=None)))
    (fact,) = step.when(decided("told")).facts
    assert isinstance(fact, ClockClosed)
    assert fact.reason == "It was told, says S. Worker: Rang the head at 08:05."
    assert step.when(decided("told")).refusal is not None


def test_what_waits_for_its_owner_goes_no_more_once_the_school_was_rung() -> None:
    step, outcome = heard(incident())
    cancelled, closed = step.when(
        decided("not_to_be_told", rationale="The mother works there.")
    ).facts
    assert isinstance(cancelled, ApprovalsCancelled)
    assert cancelled.product_ids == (draft(outcome).product_id,)
    assert isinstance(closed, ClockClosed)
    assert closed.reason == "It is not to be told, says S. Worker: The mother works there."


def test_the_lead_agency_finds_the_school_and_the_notice_goes_there() -> None:
    step, _ = heard(incident(subject=child(school=None)))
    assert draft(step.when(decided("tell", school="school"))).recipient == "school"


@pytest.mark.parametrize(
    ("fact", "reason", "field"),
    [
        (decided("told", by="police"), "refused.role", None),
        (
            decided("told", referral_id="ref-1", case_id="case-9"),
            "refused.unknown-subject",
            "case_id",
        ),
        (decided("tell"), "missing.field", "school"),
        (decided("tell", school="nobody"), "refused.agreement", "school"),
    ],
)
def test_what_is_refused(fact: SchoolDecided, reason: str, field: str | None) -> None:
    step, _ = heard(incident(subject=child(school=None)))
    refusal = step.when(fact).refusal
    assert refusal is not None
    assert (refusal.reason, refusal.field) == (reason, field)


def test_a_decision_about_no_incident_is_refused() -> None:
    refusal = Given(school.STEP).when(decided("told")).refusal
    assert refusal is not None
    assert refusal.reason == "refused.unknown-subject"


def test_the_lead_agency_is_told_nothing_of_the_colour() -> None:
    _, outcome = heard(incident(subject=child(school=None)))
    told = to_lead(outcome).model_dump_json()
    assert all(colour not in told for colour in Colour)

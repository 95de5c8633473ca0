"""Partners' enquiries: permitted, denied or put to a human by policy; a denial tells nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from router.step import Outcome
from router.steps.answer import decide as answer
from router.steps.answer import permitting
from router.steps.asking import WHY
from schemas.base import Fact
from schemas.case import LinkOutcome
from schemas.enquiries import (
    Enquiry,
    EnquiryAdmitted,
    EnquiryAnswered,
    EnquiryDecided,
    EnquiryDecision,
    EnquiryDenied,
    EnquiryMatched,
    EnquiryReceived,
    EnquiryReferred,
    EnquiryReply,
    EnquiryReview,
    Match,
)
from schemas.gathering import RuledOut
from schemas.message import Message
from schemas.person import Person
from schemas.policy import Agreement, EnquiryTerms, Partner, Policy, SystemCheck
from schemas.refusals import Refusal
from schemas.registers import KnownTo
from tests.support import given
from tests.support.given import NOON, Given

LEAD = "childrens_social_care"
AREA = "e99999999"
PURPOSE = "section 47 enquiry"
ECAF = SystemCheck(
    system="ecaf", agency="early_help", kind="ecaf", answered_by="register", told_on=True
)
PLAN = KnownTo(
    system="ecaf",
    involvement="early help plan",
    since=dt.date(2025, 9, 1),
    worker="E. Helper",
    contact="Early help front door",
    reference="E-12",
)


NOTHING: dict[str, Any] = {"identifier": (), "date_of_birth": None, "related_person": ()}
"""Nothing but a name."""


def terms(**changes: Any) -> EnquiryTerms:
    return EnquiryTerms.model_validate({"permit": (PURPOSE,)} | changes)


def agreed(enquiries: EnquiryTerms | None, **changes: Any) -> Policy:
    """The school's agreement has these terms."""
    told = {"reference": "ISA/school", "signatory": "A. Head", "since": dt.date(2020, 1, 1)}
    agreement = Agreement.model_validate(told | {"enquiries": enquiries} | changes)
    return given.policy(given.partner("school", agreement=agreement))


def answering(
    enquiries: EnquiryTerms | None = None, *checks: SystemCheck, lead: Partner | None = None
) -> Given:
    policy = agreed(enquiries or terms()).model_copy(update={"checks": checks})
    if lead is not None:
        policy = policy.model_copy(update={"partners": {**policy.partners, LEAD: lead}})
    return Given(answer.STEP, policy)


def enquiry(**changes: Any) -> Enquiry:
    told = {
        "identifier": "MAIS-1",
        "date_stamp": NOON,
        "requester_identifier": "urn:school:sampleton",
        "query": given.child(),
        "asserted_purpose": PURPOSE,
        "sharing_policy": ("ISA/school",),
    }
    return Enquiry.model_validate(told | changes)


def asked(**changes: Any) -> Message:
    fact = EnquiryReceived(agency="school", area=AREA, enquiry=enquiry(**changes))
    return given.message(fact, id_="enquiry-1")


def match(person_id: str = "person-1", **changes: Any) -> Match:
    told = {
        "person_id": person_id,
        "case_id": "case-1",
        "score": 20.0,
        "reasons": (),
        "referrals": 2,
    }
    return Match.model_validate(told | changes)


def matched(outcome: LinkOutcome = LinkOutcome.LINKED, *matches: Match) -> Fact:
    return EnquiryMatched(
        enquiry_id="enquiry-1",
        agency="school",
        area=AREA,
        outcome=outcome,
        reasons=("same NHS number",),
        matches=matches,
        model="test",
    )


def ruled(
    decision: str = "permit",
    person: str | None = "person-1",
    by: str = LEAD,
    who: str = "M. Manager",
) -> Fact:
    said = EnquiryDecision.model_validate(
        {
            "enquiry_id": "enquiry-1",
            "decision": decision,
            "person_id": person,
            "decided_by": who,
            "rationale": "The school has a plan for her",
        }
    )
    return EnquiryDecided(agency=by, area=AREA, decision=said)


def reply(outcome: Outcome[Any]) -> EnquiryReply:
    (letter,) = outcome.letters
    assert letter.agency == "school"
    assert isinstance(letter.notice, EnquiryReply)
    return letter.notice


# --- by policy


@for_any(
    in_force=st.booleans(),
    enquiries=st.none()
    | st.builds(
        EnquiryTerms,
        permit=st.sets(st.sampled_from(["a", "B", "c d"])).map(tuple),
        review=st.sets(st.sampled_from(["a", "b", "c  D"])).map(tuple),
    ),
    purpose=st.sampled_from(["a", "A", "b", "c d", "e"]),
    named=st.sets(st.sampled_from(["ISA/school", "ISA/gp", "isa/school"]), min_size=1),
    child=st.sampled_from(
        [
            given.child(),
            Person(),
            given.child().model_copy(update=NOTHING),
        ]
    ),
)
def test_it_is_permitted_denied_or_reviewed_as_written_down_once_more(
    in_force: bool,
    enquiries: EnquiryTerms | None,
    purpose: str,
    named: set[str],
    child: Person,
) -> None:
    until = None if in_force else dt.date(2026, 6, 9)
    step = Given(answer.STEP, agreed(enquiries, until=until))
    outcome = step.when(asked(asserted_purpose=purpose, sharing_policy=tuple(named), query=child))

    def listed(purposes: tuple[str, ...]) -> bool:
        return any(one.lower().split() == purpose.lower().split() for one in purposes)

    expected = "deny"
    if in_force and enquiries is not None and "ISA/school" in named and child.identifier:
        if listed(enquiries.review):
            expected = "review"
        elif listed(enquiries.permit):
            expected = "permit"
    (fact,) = outcome.facts
    said = fact.by_policy if isinstance(fact, EnquiryAdmitted) else "deny"
    assert said == expected
    assert [type(letter.notice) for letter in outcome.letters] == (
        [] if expected == "permit" else [EnquiryReply]
    )
    assert all(reply(outcome).decision == expected for _ in outcome.letters)


@pytest.mark.parametrize(
    ("policy", "changes", "reason"),
    [
        (agreed(terms(), until=dt.date(2026, 6, 9)), {}, WHY[RuledOut.NO_AGREEMENT]),
        (agreed(None), {}, permitting.NOT_COVERED),
        (agreed(terms()), {"sharing_policy": ("ISA/gp",)}, permitting.NOT_NAMED),
        (agreed(terms()), {"asserted_purpose": "curiosity"}, permitting.OTHER_PURPOSE),
        (agreed(terms()), {"query": Person()}, WHY[RuledOut.NOT_IDENTIFIED]),
    ],
)
def test_a_denial_says_why_and_nobody_is_looked_up(
    policy: Policy, changes: dict[str, Any], reason: str
) -> None:
    step = Given(answer.STEP, policy)
    outcome = step.when(asked(**changes))
    (fact,) = outcome.facts
    assert isinstance(fact, EnquiryDenied)
    assert fact.reasons == (reason,)
    told = reply(outcome)
    assert (told.decision, told.in_reply_to, told.reasons) == ("deny", "MAIS-1", (reason,))
    assert step.state is None


@pytest.mark.parametrize("decision", ["deny", "review"])
def test_a_denial_or_a_review_does_not_say_whether_the_child_is_known(decision: str) -> None:
    reviewed = terms(permit=(), review=(PURPOSE,))
    step = answering(reviewed if decision == "review" else terms(permit=()))
    told = reply(step.when(asked()))
    assert told.decision == decision
    written = told.model_dump_json()
    assert not {"known", "involvement", "contact"} & set(told.model_dump())
    assert "Thornbury" not in written


# --- a permitted answer


def test_a_permitted_enquiry_is_answered_with_whether_the_child_is_known_and_whom_to_ask() -> None:
    step = answering().given(asked())
    outcome = step.when(matched(LinkOutcome.LINKED, match()))
    told = reply(outcome)
    assert (told.decision, told.known, told.in_reply_to) == ("permit", True, "MAIS-1")
    assert told.contact == f"{LEAD} duty desk"
    assert told.sharing_policy == "ISA/school"
    assert told.involvement == ()
    (fact,) = outcome.facts
    assert isinstance(fact, EnquiryAnswered)
    assert (fact.reply, fact.person_id, fact.decided_by) == (told, "person-1", None)


def test_of_a_child_whom_nobody_knows_it_says_so() -> None:
    outcome = answering().given(asked()).when(matched(LinkOutcome.NEW))
    told = reply(outcome)
    assert (told.decision, told.known, told.contact) == ("permit", False, None)
    (fact,) = given.of(EnquiryAnswered, outcome.facts)
    assert fact.person_id is None


@pytest.mark.parametrize(
    ("tells", "involvements", "workers"),
    [
        ((), [], []),
        (("involvement",), ["early help plan"], [None]),
        (("worker",), ["open case with an allocated social worker"], ["W. Allocated"]),
        (
            ("involvement", "worker"),
            ["open case with an allocated social worker", "early help plan"],
            ["W. Allocated", "E. Helper"],
        ),
    ],
)
def test_involvement_and_worker_are_told_where_the_agreement_says_so(
    tells: tuple[str, ...], involvements: list[str], workers: list[str | None]
) -> None:
    step = answering(terms(tells=tells), ECAF).given(asked())
    known = match(allocated_to=given.worker(), known_to=(PLAN,))
    told = reply(step.when(matched(LinkOutcome.LINKED, known)))
    assert [one.involvement for one in told.involvement] == involvements
    assert [one.worker for one in told.involvement] == workers
    assert "E-12" not in told.model_dump_json()


@pytest.mark.parametrize("told_on", [True, False])
@pytest.mark.parametrize("possible", [True, False])
def test_a_register_whose_owner_keeps_it_to_the_hub_is_no_reason_to_be_known(
    told_on: bool, possible: bool
) -> None:
    check = ECAF.model_copy(update={"told_on": told_on})
    entry = PLAN.model_copy(update={"possible": possible})
    step = answering(terms(tells=("involvement",)), check).given(asked())
    told = reply(step.when(matched(LinkOutcome.LINKED, match(referrals=0, known_to=(entry,)))))
    assert told.known is (told_on and not possible)
    assert bool(told.involvement) is told.known


# --- a human decides


def referred(enquiries: EnquiryTerms, *matches: Match, outcome: LinkOutcome) -> Given:
    return answering(enquiries).given(asked(), matched(outcome, *matches))


def test_where_the_agreement_says_so_a_human_of_the_lead_agency_decides() -> None:
    step = answering(terms(permit=(), review=(PURPOSE,))).given(asked())
    outcome = step.when(matched(LinkOutcome.LINKED, match()))
    (letter,) = outcome.letters
    assert letter.agency == LEAD
    assert isinstance(letter.notice, EnquiryReview)
    assert (letter.notice.agency, letter.notice.enquiry) == ("school", enquiry())
    assert [one.person_id for one in letter.notice.matches] == ["person-1"]
    (fact,) = outcome.facts
    assert isinstance(fact, EnquiryReferred)
    assert fact.reasons == (answer.BY_AGREEMENT,)


def test_where_the_child_is_in_doubt_a_human_decides_and_the_enquirer_hears_nothing_of_it() -> None:
    outcome = answering().given(asked()).when(matched(LinkOutcome.REVIEW, match()))
    assert [letter.agency for letter in outcome.letters] == [LEAD]
    (fact,) = given.of(EnquiryReferred, outcome.facts)
    assert fact.reasons == (answer.IN_DOUBT,)


@pytest.mark.parametrize(("person", "known"), [("person-2", True), (None, False)])
def test_a_human_permits_and_says_which_child_it_is(person: str | None, known: bool) -> None:
    step = referred(terms(), match(), match("person-2"), outcome=LinkOutcome.REVIEW)
    outcome = step.when(ruled(person=person))
    told = reply(outcome)
    assert (told.decision, told.known) == ("permit", known)
    (fact,) = given.of(EnquiryAnswered, outcome.facts)
    assert (fact.person_id, fact.decided_by) == (person, "M. Manager")
    assert fact.rationale == "The school has a plan for her"


def test_a_human_denies_and_nothing_is_told_of_the_child() -> None:
    step = referred(terms(permit=(), review=(PURPOSE,)), match(), outcome=LinkOutcome.LINKED)
    outcome = step.when(ruled("deny", None))
    told = reply(outcome)
    assert (told.decision, told.known, told.contact) == ("deny", None, None)
    known = told.model_dump_json(exclude={"identifier", "date_stamp"})
    other = referred(terms(permit=(), review=(PURPOSE,)), outcome=LinkOutcome.NEW)
    unknown = reply(other.when(ruled("deny", None)))
    assert unknown.model_dump_json(exclude={"identifier", "date_stamp"}) == known
    (fact,) = given.of(EnquiryAnswered, outcome.facts)
    assert fact.person_id is None


@pytest.mark.parametrize(
    ("decision", "refusal"),
    [
        (ruled(by="police"), Refusal("refused.role")),
        (ruled(person="person-9"), Refusal("refused.unknown-subject", "person_id")),
        (ruled("deny", "person-1"), Refusal("refused.unknown-subject", "person_id")),
    ],
)
def test_a_decision_that_cannot_be_followed_is_refused(decision: Fact, refusal: Refusal) -> None:
    step = referred(terms(), match(), outcome=LinkOutcome.REVIEW)
    assert step.when(decision) == Outcome(refusal=refusal)


def test_only_a_registered_social_worker_decides_where_the_lead_agency_registers_any() -> None:
    lead = given.partner(LEAD, social_workers=("S. Worker",))
    step = answering(terms(), lead=lead).given(asked(), matched(LinkOutcome.REVIEW, match()))
    nobody: Outcome[Any] = Outcome(refusal=Refusal("refused.decision-maker", "decided_by"))
    assert step.when(ruled()) == nobody
    assert step.when(ruled(who="s. worker")).refusal is None


def test_an_enquiry_is_decided_once() -> None:
    step = referred(terms(), match(), outcome=LinkOutcome.REVIEW).given(ruled())
    closed: Outcome[Any] = Outcome(refusal=Refusal("refused.closed", "enquiry_id"))
    assert step.when(ruled()) == closed


@pytest.mark.parametrize("before", [[], [asked()], [asked(), matched(LinkOutcome.NEW)]])
def test_nobody_decides_about_what_was_not_put_to_a_human(before: list[Any]) -> None:
    unknown: Outcome[Any] = Outcome(refusal=Refusal("refused.unknown-subject", "enquiry_id"))
    assert answering().given(*before).when(ruled()) == unknown


def test_once_answered_nothing_of_the_child_is_kept() -> None:
    step = referred(terms(), match(), outcome=LinkOutcome.REVIEW).given(ruled())
    assert "Thornbury" not in step.state.model_dump_json()
    assert step.state.matches == ()

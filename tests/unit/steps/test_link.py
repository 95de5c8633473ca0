"""Hop 3: given who is known, when a notification, an open case or a human's decision comes, then
whose child it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from router.step import Outcome
from router.steps.link.decide import STEP, evidence_of
from router.steps.link.register import PersonRecord, Register
from schemas.case import (
    ChildLinked,
    ConcernFollowed,
    LinkCorrected,
    LinkOutcome,
    NotificationAmended,
    OpenCase,
    OpenCaseLinked,
    OpenCaseReceived,
)
from schemas.decisions import LinkDecided, LinkDecision
from schemas.message import Message
from schemas.notices import Handover
from schemas.notification import NotificationAccepted
from schemas.person import Name, PartialDate
from schemas.policy import Policy
from tests.support.given import NOON, child, notification, on_picture, policy, worker

LEAD = "childrens_social_care"


def rules() -> Policy:
    return policy().model_copy(update={"linkage_model": "default"})


def accepted(id_: str, version: int = 1, first: str | None = None) -> Message:
    fact = NotificationAccepted(
        referral_id=id_,
        agency="police",
        area="e99999999",
        version=version,
        first_referral_id=first,
        notification=notification(
            reference=f"R-{id_}", observed_at=NOON + dt.timedelta(days=int(id_[1:]))
        ),
    )
    return Message(
        id=f"{id_}-accepted",
        source="t",
        time=NOON,
        key="a",
        correlation_id=id_,
        causation_id=id_,
        data=fact,
    )


def open_case(id_: str) -> Message:
    case = OpenCase(reference="ICS-7", child=child(), worker=worker(), since=dt.date(2026, 1, 5))
    fact = OpenCaseReceived(agency=LEAD, area="e99999999", open_case=case)
    return Message(
        id=id_, source="t", time=NOON, key="a", correlation_id=id_, causation_id=None, data=fact
    )


def decided(referral_id: str, person_id: str | None, agency: str = LEAD) -> Message:
    decision = LinkDecision(
        referral_id=referral_id, person_id=person_id, decided_by="S. Worker", rationale="I asked"
    )
    fact = on_picture(LinkDecided(agency=agency, area="e99999999", decision=decision))
    return Message(
        id="d",
        source="t",
        time=NOON,
        key="a",
        correlation_id=referral_id,
        causation_id=None,
        data=fact,
    )


def seen_by(message: Message, *known: Register) -> Register:
    """The part of the register that the store would give this message, all that is known being in
    ``known``.
    """
    evidence = evidence_of(message.data, message.id)
    people: dict[str, PersonRecord] = {
        record.person_id: record for part in known for record in part.people
    }
    return Register(
        evidence.subject() if evidence else None,
        tuple(people.values()),
        {id_: piece for part in known for id_, piece in part.evidence.items()},
        incoming=evidence,
    )


def through(message: Message, *known: Register) -> tuple[Outcome[Register], Register]:
    outcome = STEP.decide(seen_by(message, *known), message, rules())
    assert outcome.state is not None
    return outcome, outcome.state


def only(facts: Iterable[object]) -> ChildLinked:
    (fact,) = (
        fact for fact in facts if not isinstance(fact, ConcernFollowed | NotificationAmended)
    )
    assert isinstance(fact, ChildLinked)
    return fact


def test_a_child_nobody_has_told_of_is_a_new_person_with_a_case_and_a_family() -> None:
    outcome, _ = through(accepted("r1"))
    linked = only(outcome.facts)
    assert linked.outcome is LinkOutcome.NEW
    assert len({linked.person_id, linked.family_id, linked.case_id}) == 3
    assert linked.earlier_referrals == 0


def test_the_same_child_told_of_again_is_linked_with_reasons_and_the_models_version() -> None:
    first, known = through(accepted("r1"))
    outcome, _ = through(accepted("r2"), known)
    linked = only(outcome.facts)
    assert linked.outcome is LinkOutcome.LINKED
    assert linked.case_id == only(first.facts).case_id
    assert linked.earlier_referrals == 1
    assert linked.reasons
    assert linked.model


def test_an_amendment_follows_its_first_version_without_being_compared() -> None:
    first, known = through(accepted("r1"))
    outcome, _ = through(accepted("r2", version=2, first="r1"), known)
    assert only(outcome.facts).person_id == only(first.facts).person_id


def test_a_child_with_an_allocated_worker_is_handed_to_that_worker_at_once() -> None:
    opened, known = through(open_case("o1"))
    (found,) = opened.facts
    assert isinstance(found, OpenCaseLinked)
    outcome, _ = through(accepted("r1"), known)
    assert only(outcome.facts).allocated_to == worker()
    (letter,) = outcome.letters
    assert (letter.agency, type(letter.notice)) == (worker().team, Handover)


def test_a_human_moves_a_referral_and_both_children_become_what_their_evidence_says() -> None:
    _, one = through(accepted("r1"))
    second, two = through(accepted("r2"), one)
    moved, after = through(decided("r2", None), one, two)
    (fact,) = moved.facts
    assert isinstance(fact, LinkCorrected)
    assert fact.from_person_id == only(second.facts).person_id
    source, target = after.people
    assert (source.evidence, target.evidence) == (("r1",), ("r2",))
    assert target.person_id in source.profile.not_same
    assert source.person_id in target.profile.not_same


def test_undoing_a_move_brings_the_referral_back() -> None:
    first, one = through(accepted("r1"))
    _, two = through(accepted("r2"), one)
    _, apart = through(decided("r2", None), one, two)
    back, after = through(decided("r2", only(first.facts).person_id), one, two, apart)
    (fact,) = back.facts
    assert isinstance(fact, LinkCorrected)
    assert fact.person_id == only(first.facts).person_id
    assert {record.evidence for record in after.people} == {(), ("r1", "r2")}


def test_a_referral_that_went_to_the_wrong_worker_is_linked_anew_to_be_rated() -> None:
    _, opened = through(open_case("o1"))
    _, handed = through(accepted("r1"), opened)
    moved, _ = through(decided("r1", None), opened, handed)
    corrected, again = moved.facts
    assert isinstance(corrected, LinkCorrected)
    assert isinstance(again, ChildLinked)
    assert again.allocated_to is None
    assert again.notification.narrative


def test_only_the_lead_agency_settles_links() -> None:
    _, known = through(accepted("r1"))
    message = decided("r1", None, agency="police")
    outcome = STEP.decide(seen_by(message, known), message, rules())
    assert outcome.refusal is not None
    assert outcome.refusal.reason == "refused.role"


def test_a_decision_about_what_the_hub_does_not_know_is_refused_with_the_field() -> None:
    message = decided("r9", None)
    outcome = STEP.decide(Register(), message, rules())
    assert outcome.refusal is not None
    assert (outcome.refusal.reason, outcome.refusal.field) == (
        "refused.unknown-subject",
        "referral_id",
    )


def test_another_child_under_the_same_reference_is_not_taken_for_the_first_one() -> None:
    first, known = through(accepted("r1"))
    brother = child().model_copy(
        update={
            "identifier": (),
            "name": (Name(given_name=("Barnaby",), family_name=("Quill",)),),
            "date_of_birth": PartialDate(date=dt.date(2011, 9, 8)),
            "address": (),
            "contact": (),
            "related_person": (),
        }
    )
    message = accepted("r2", version=2, first="r1")
    assert isinstance(message.data, NotificationAccepted)
    said = message.data.notification.model_copy(update={"subject": brother})
    message = replace(message, data=message.data.model_copy(update={"notification": said}))
    outcome, _ = through(message, known)
    assert only(outcome.facts).person_id != only(first.facts).person_id

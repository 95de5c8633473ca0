"""Hop 2: given what came under a reference, when a notification comes, then accepted, amended or a
duplicate.
"""

from __future__ import annotations

from router.steps.deduplicate.decide import STEP
from schemas.message import Message
from schemas.notification import NotificationAccepted, NotificationDuplicated, NotificationReceived
from tests.support.given import NOON, notification, policy


def received(id_: str, narrative: str = "Domestic abuse at home.", **changes: object) -> Message:
    said = notification(narrative, **changes)
    fact = NotificationReceived(
        agency="police", area="e99999999", content_digest=said.content_digest(), notification=said
    )
    return Message(
        id=id_,
        source="test",
        time=NOON,
        key="e99999999",
        correlation_id=id_,
        causation_id=None,
        data=fact,
    )


def test_a_new_reference_is_accepted_as_version_one() -> None:
    outcome = STEP.decide(None, received("m1"), policy())
    (accepted,) = outcome.facts
    assert isinstance(accepted, NotificationAccepted)
    assert (accepted.referral_id, accepted.version, accepted.first_referral_id) == ("m1", 1, None)


def test_the_same_content_again_is_a_duplicate_of_the_first_even_if_it_is_made_later() -> None:
    known = STEP.decide(None, received("m1"), policy()).state
    outcome = STEP.decide(known, received("m2", observed_at=NOON.replace(hour=13)), policy())
    (duplicated,) = outcome.facts
    assert isinstance(duplicated, NotificationDuplicated)
    assert duplicated.duplicate_of == "m1"


def test_changed_content_under_the_same_reference_is_an_amendment_of_the_first() -> None:
    known = STEP.decide(None, received("m1"), policy()).state
    known = STEP.decide(known, received("m2", "It was worse than first said."), policy()).state
    outcome = STEP.decide(known, received("m3", "And worse again."), policy())
    (amended,) = outcome.facts
    assert isinstance(amended, NotificationAccepted)
    assert (amended.version, amended.first_referral_id) == (3, "m1")


def test_an_amendment_sent_again_is_a_duplicate_of_that_amendment() -> None:
    known = STEP.decide(None, received("m1"), policy()).state
    known = STEP.decide(known, received("m2", "It was worse than first said."), policy()).state
    (duplicated,) = STEP.decide(
        known, received("m3", "It was worse than first said."), policy()
    ).facts
    assert isinstance(duplicated, NotificationDuplicated)
    assert duplicated.duplicate_of == "m2"


def test_state_is_kept_apart_by_agency_and_reference() -> None:
    assert STEP.key(received("m1")) == "police/R-1"


def test_a_mark_of_a_new_version_does_not_make_another_reference() -> None:
    assert STEP.key(received("m1", reference="CP/24/02032 (amended)")) == "police/CP/24/02032"
    assert STEP.key(received("m1", reference="MASH24001440/v2")) == "police/MASH24001440"


def test_brothers_and_sisters_of_one_incident_are_told_apart_by_their_suffix() -> None:
    assert STEP.key(received("m1", reference="CN-24-001032/1")) != STEP.key(
        received("m2", reference="CN-24-001032/2")
    )


def test_a_copy_forwarded_by_another_agency_is_a_version_of_what_it_copies() -> None:
    forwarded = received(
        "m1", "Forwarded from nhs emergency ref ED24-1/1: Child was hit. More was heard since."
    )
    assert STEP.key(forwarded) == "nhs_emergency/ED24-1/1"

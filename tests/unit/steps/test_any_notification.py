"""Every notification that has the hub's shape is decided by every step that hears it: whatever an
agency sends, none fails on it.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import given as for_all

from router.steps import sanitising
from router.steps.compose.decide import STEP as COMPOSE
from router.steps.deduplicate.decide import STEP as DEDUPLICATE
from router.steps.rate.decide import STEP as RATE
from router.steps.request_information.decide import STEP as REQUEST
from schemas.base import Fact
from schemas.case import ChildLinked
from schemas.notification import Notification, NotificationAccepted, NotificationReceived
from tests.support import given
from tests.support.anything import of_shape
from tests.support.linking import in_replay, of

MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
AREA = {"agency": "police", "area": "e99999999"}


def accepted(sent: Notification) -> NotificationAccepted:
    """What deduplication makes of it."""
    digest = sent.content_digest()
    received = NotificationReceived(**AREA, content_digest=digest, notification=sent)
    (fact,) = given.Given(DEDUPLICATE).when(received).facts
    assert isinstance(fact, NotificationAccepted)
    return fact


def decided(linked: ChildLinked) -> list[Fact]:
    """What the steps that hear a link make of it."""
    return [
        fact for step in (RATE, REQUEST, COMPOSE) for fact in given.Given(step).when(linked).facts
    ]


@MANY
@for_all(of_shape(Notification), of_shape(Notification))
def test_any_two_notifications_are_linked_rated_and_asked_about(
    one: Notification, other: Notification
) -> None:
    linking = in_replay()
    linking.referral("known")
    for number, sent in enumerate((one, other, one)):
        fact = accepted(sent).model_copy(update={"referral_id": f"r{number}"})
        assert linking.hear(fact, f"m{number}").refusal is None
    linked = of(ChildLinked, linking.facts)
    assert len(linked) == 4
    for link in linked:
        assert {made.type for made in decided(link)} >= {
            "mash.rating.suggested.v1",
            "mash.information.prepared.v1",
        }


@MANY
@for_all(of_shape(Notification))
def test_what_is_proposed_of_any_narrative_follows_from_it(sent: Notification) -> None:
    known = sanitising.known_of(sent.subject)
    made = sanitising.sanitise(sent.narrative, known=known)
    assert made.text == sanitising.redacted(sent.narrative, made.redactions)
    assert len(made.text) <= sanitising.LONGEST

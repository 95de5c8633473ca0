"""What could not be read or acted on is a possible Red, unless it plainly is none (issue 9)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from router import possible
from schemas.base import Fact
from schemas.decisions import RatingDecided, RatingDecision
from schemas.notification import MessageRefused
from schemas.product import Choice
from schemas.rating import Colour, DueTimeBreached, TimerElapsed
from schemas.safety import LetterHeld, SafetySettled
from stores.codec import Unopened
from tests.support import given
from tests.support import products as product

POLICY = given.policy()
QUIET = "Family has moved without giving a forwarding address."


def sent(type_: str = "mash.notification.v1", **data: Any) -> bytes:
    return json.dumps({"specversion": "1.0", "type": type_, "data": data}).encode()


@pytest.mark.parametrize(
    "original",
    [
        b'{"narrative": "Moth',
        b"\xff\xfe\x00 nothing that can be decoded",
        b"<notification><text>She was strangled last night</text></notification>",
        b"MSH|^~\\&|GP|X\rNTE|1||Child disclosed that they were hit at home",
        sent(narrative=given.HIT, observed_at="yesterday"),
        sent(narrative=QUIET, urgent=True),
        sent(narrative=QUIET, concern=["physical-abuse"]),
        sent(narrative="Zxqv wkrt plmb"),
        sent("mash.rating-decision.v1", colour="red", decided_by=" "),
        sent("mash.rating-decision.v1", decided_by="S. Worker"),
        sent("mash.information-volunteered.v1", items=[{"text": given.HIT}]),
        sent(
            "mash.release-decision.v1",
            choice="release_original",
            recipient=product.RECIPIENT,
            purpose=product.PURPOSE,
        ),
        b"x" * 60_000,
    ],
)
def test_what_agencies_sent_may_be_about_a_red(original: bytes) -> None:
    assert possible.in_bytes(original, POLICY)


@pytest.mark.parametrize(
    "original",
    [
        sent(narrative=QUIET, urgent=False, observed_at="yesterday"),
        f"<notification><text>{QUIET}</text></notification>".encode(),
        sent("mash.rating-decision.v1", colour="green", decided_by=" "),
        sent("mash.delivery-receipt.v1", status="received", received_by=" "),
        sent("mash.check-reply.v1", known=True),
        sent("mash.release-decision.v1", choice="withhold"),
        sent(
            "mash.release-decision.v1",
            choice="release_original",
            recipient="early_help",
            purpose="early help assessment",
        ),
    ],
)
def test_what_plainly_is_none_is_none(original: bytes) -> None:
    assert not possible.in_bytes(original, POLICY)


def rated(colour: Colour) -> RatingDecided:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "colour": colour,
        "decided_by": "S. Worker",
        "rationale": "As seen",
    }
    return RatingDecided(agency="school", decision=RatingDecision.model_validate(told))


def refused() -> MessageRefused:
    return MessageRefused(
        dead_letter_id="dead-1",
        agency="police",
        reason="undecidable",
        step="alarm",
        may_be_red=True,
    )


def held(*, urgent: bool) -> LetterHeld:
    return LetterHeld(
        referral_id="ref-1",
        case_id="case-1",
        hold_id="hold-1",
        letter_id="letter-1",
        letter="mash.product.v1",
        recipient=product.RECIPIENT,
        urgent=urgent,
        hits=(),
    )


def settled(*, urgent: bool) -> SafetySettled:
    said = {"choice": "send", "decided_by": "D. Sample", "rationale": "Rung the refuge."}
    return SafetySettled.model_validate(held(urgent=urgent).shared(SafetySettled) | said)


@pytest.mark.parametrize(
    ("fact", "may_be"),
    [
        (given.linked(given.HIT), True),
        (given.linked(QUIET), False),
        (rated(Colour.RED), True),
        (rated(Colour.AMBER), False),
        (product.approved(), True),
        (product.approved(colour=Colour.GREEN), False),
        (product.decision(product.draft_item("school"), Choice.RELEASE_SANITISED), True),
        (product.decision(product.draft_item("school"), Choice.WITHHOLD), False),
        (product.receipt(), False),
        (product.receipt("refused"), True),
        (TimerElapsed(step="approve", key="ref-1", due_at=given.NOON), True),
        (TimerElapsed(step="hand_over", key="ref-1", due_at=given.NOON), True),
        (TimerElapsed(step="rate", key="ref-1", due_at=given.NOON), True),
        (TimerElapsed(step="check", key="ref-1", due_at=given.NOON), False),
        (
            DueTimeBreached(
                referral_id="ref-1",
                case_id="case-1",
                clock="possible_red",
                colour=Colour.GREEN,
                due_at=given.NOON,
            ),
            True,
        ),
        (refused(), False),
        (held(urgent=True), True),
        (held(urgent=False), False),
        (settled(urgent=True), True),
        (settled(urgent=False), False),
        (Unopened(entry="m-1"), True),
        (Unopened(entry="m-1", was="mash.case.child-linked.v1"), True),
        (Unopened(entry="m-1", was="mash.rating.decided.v1"), True),
        (Unopened(entry="m-1", was="mash.release.decided.v1"), True),
        (Unopened(entry="m-1", was="mash.letter.held.v1"), True),
        (Unopened(entry="m-1", was="mash.delivery.received.v1"), False),
    ],
)
def test_what_a_step_could_not_act_on_may_be_about_one(fact: Fact, *, may_be: bool) -> None:
    assert possible.in_fact(fact, POLICY) is may_be


def test_nobody_knows_what_may_be_one_where_there_is_no_profile() -> None:
    assert possible.in_bytes(sent(narrative=QUIET), None)
    assert possible.in_fact(given.linked(QUIET), None)


def test_what_fails_whoever_reads_it_may_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> bool:
        raise ValueError

    monkeypatch.setattr("router.steps.thresholds.may_be_red", fails)
    assert possible.in_fact(given.linked(QUIET), POLICY)

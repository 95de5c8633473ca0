"""What whoever brought a concern is told never says what another agency withholds: it is kept back
at the door, and no human of the hub may send it (R28, R30).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.demo.simulation.answers import DECISION_MAKER, answer, event
from ops.run.wiring import Hub
from router.withheld_words import found
from schemas.disagreements import DisagreementEnded, DisagreementOpened
from schemas.handoff import OutcomeForCases
from schemas.outcome import ReferralOutcome
from schemas.rating import Colour
from schemas.referrer import ReferralDecision
from schemas.safety import Danger, Hit, SafetyReview
from tests.support import given
from tests.support.filled import empty_hub, hub_with, send
from tests.support.units import replayed

LEAD, SCHOOL, POLICE = "childrens_social_care", "school", "police"
INFORMANT = "The neighbour at number nine rang and saw him hit her."
SAID = f"Thank you. {INFORMANT} We look after it."


class Talk:
    """A hub in which the school has told of a child; letters are read once, by all who got them."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.sent = 0
        said = given.notification("She was missing again.", reference="S-1")
        self.tell(SCHOOL, "notification", json.loads(said.model_dump_json()))
        self.request = self.read(LEAD, "mash.rating-request.v1")[-1]

    def tell(self, agency: str, kind: str, data: Any) -> None:
        self.sent += 1
        one = event(f"e-{self.sent}", f"mash.{kind}.v1", agency=agency, data=data)
        (receipt,) = send(self.hub, agency, [one])
        assert receipt.status == "accepted", receipt.explanation
        self.hub.embedded().drain()

    def read(self, agency: str, type_: str) -> list[dict[str, Any]]:
        letters = self.hub.queues.lease(agency, limit=99, seconds=60)
        self.hub.queues.acknowledge(agency, [one.id for one in letters])
        self.hub.embedded().drain()
        bodies = [json.loads(one.body) for one in letters]
        return [one for one in bodies if one["type"] == type_]

    def police_tell(self, **flags: Any) -> None:
        item = {
            "item_id": "P-1",
            "owner": POLICE,
            "text": f"Call at 21:40. {INFORMANT}",
            "sensitivity": "sensitive",
            "may_be_revealed": True,
            "may_leave": True,
            "reason": "It would tell who rang",
        }
        head = {"referral_id": self.request["data"]["referral_id"], "volunteered_by": "R. Bell"}
        self.tell(POLICE, "information-volunteered", {**head, "items": [item | flags]})

    def rate(self, **changes: Any) -> None:
        made = answer(self.request)
        assert made is not None
        self.tell(LEAD, "rating-decision", made["data"] | {"colour": Colour.GREEN} | changes)

    def close(self, may_be_told: str) -> None:
        data = self.request["data"]
        made = answer(self.request)
        assert made is not None
        decision = {
            "referral_id": data["referral_id"],
            "case_id": data["case_id"],
            "outcome": "early_help",
            "may_be_told": may_be_told,
            "decided_by": "SIMULATED social worker",
            "rationale": "As seen",
            "saw": made["data"]["saw"],
        }
        self.tell(LEAD, "outcome-decision", decision)

    def settle_difference(self, opened: dict[str, Any], may_be_told: str) -> None:
        made = answer(self.request)
        assert made is not None
        names = ("disagreement_id", "referral_id", "case_id")
        decision = {name: opened[name] for name in names} | {
            "verdict": "not_upheld",
            "may_be_told": may_be_told,
            "decided_by": "SIMULATED social worker",
            "rationale": "As seen",
            "saw": made["data"]["saw"],
        }
        self.tell(LEAD, "disagreement-decision", decision)

    def settle(self, review: dict[str, Any], choice: str) -> list[dict[str, Any]]:
        said = {name: review[name] for name in ("referral_id", "case_id", "hold_id")}
        said |= {"choice": choice, "decided_by": DECISION_MAKER, "rationale": "Looked at."}
        self.tell(LEAD, "safety-decision", said | {"leaves_out": []})
        return [one["data"] for one in self.read(LEAD, "mash.receipt.v1")]


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(empty_hub(tmp_path / "hub")[1])


@pytest.mark.parametrize(
    "flags",
    [{"may_leave": False}, {"may_be_revealed": False}, {"sensitivity": "restricted"}],
    ids=["not to leave", "not revealed", "restricted"],
)
def test_a_decision_in_words_that_an_owner_withholds_waits_and_nobody_can_send_it(
    talk: Talk, flags: dict[str, Any]
) -> None:
    talk.police_tell(**flags)
    talk.rate(may_be_told=SAID)
    assert talk.read(SCHOOL, ReferralDecision.type) == []
    (review,) = talk.read(LEAD, SafetyReview.type)
    (hit,) = review["data"]["hits"]
    assert (hit["danger"], hit["where"]) == (Danger.WITHHELD_WORDS, "may_be_told")
    assert "neighbour" not in json.dumps(review["data"]["hits"])
    assert "police" not in json.dumps(review["data"]["hits"])
    (refused,) = talk.settle(review["data"], "send")
    assert refused["reason"] == "refused.withheld"
    assert talk.settle(review["data"], "do_not_send") == []
    assert talk.read(SCHOOL, ReferralDecision.type) == []
    assert replayed(talk.hub).well


def test_an_outcome_in_such_words_waits_too_and_one_in_others_goes(talk: Talk) -> None:
    talk.police_tell(may_leave=False)
    talk.rate()
    assert len(talk.read(SCHOOL, ReferralDecision.type)) == 1
    talk.close(SAID.upper().replace(".", " ... "))
    assert talk.read(SCHOOL, ReferralOutcome.type) == []
    (review,) = talk.read(LEAD, SafetyReview.type)
    assert review["data"]["letter"] == ReferralOutcome.type
    talk.close("Early help rings the mother this week.")
    (told,) = talk.read(SCHOOL, ReferralOutcome.type)
    assert told["data"]["may_be_told"] == "Early help rings the mother this week."


def test_the_owner_itself_may_be_told_its_own_words_and_so_may_anybody_what_is_free(
    talk: Talk,
) -> None:
    talk.police_tell()
    talk.rate(may_be_told=SAID)
    (told,) = talk.read(SCHOOL, ReferralDecision.type)
    assert told["data"]["may_be_told"] == SAID
    assert told["data"]["about"]["your_reference"] == "S-1"


def test_how_a_difference_was_settled_is_not_told_in_such_words_either(talk: Talk) -> None:
    talk.police_tell(may_leave=False)
    referral_id = talk.request["data"]["referral_id"]
    view = {
        "referral_id": referral_id,
        "disputes": "rating",
        "profession": "teacher",
        "view": "She is afraid to go home.",
        "asks_for": "Rate it higher.",
        "raised_by": "A. Teacher",
    }
    talk.tell(SCHOOL, "disagreement", view)
    (opened,) = talk.read(LEAD, DisagreementOpened.type)
    talk.settle_difference(opened["data"], f"He is not at home now. {INFORMANT}")
    assert talk.read(SCHOOL, DisagreementEnded.type) == []
    (review,) = talk.read(LEAD, SafetyReview.type)
    (hit,) = review["data"]["hits"]
    assert (hit["danger"], hit["where"]) == (Danger.WITHHELD_WORDS, "said")
    (refused,) = talk.settle(review["data"], "send")
    assert refused["reason"] == "refused.withheld"
    talk.tell(SCHOOL, "disagreement", view)
    (opened,) = talk.read(LEAD, DisagreementOpened.type)
    talk.settle_difference(opened["data"], "He is not at home now.")
    (ended,) = talk.read(SCHOOL, DisagreementEnded.type)
    assert ended["data"]["said"] == "He is not at home now."
    assert replayed(talk.hub).well


def test_the_case_system_is_not_told_an_outcome_in_such_words_either(tmp_path: Path) -> None:
    talk = Talk(hub_with(tmp_path / "hub", 'case_system = "early_help"')[1])
    talk.police_tell(may_leave=False)
    talk.rate()
    talk.close(SAID)
    assert talk.read("early_help", OutcomeForCases.type) == []
    talk.close("Early help rings the mother this week.")
    (told,) = talk.read("early_help", OutcomeForCases.type)
    assert told["data"]["may_be_told"] == "Early help rings the mother this week."
    assert replayed(talk.hub).well


def test_what_is_withheld_of_an_earlier_referral_of_the_child_is_not_told_of_a_later_one(
    talk: Talk,
) -> None:
    talk.police_tell(may_leave=False)
    said = given.notification("She came without a coat, and cried.", reference="S-2")
    talk.tell(SCHOOL, "notification", json.loads(said.model_dump_json()))
    talk.request = talk.read(LEAD, "mash.rating-request.v1")[-1]
    talk.rate(may_be_told=SAID)
    assert talk.read(SCHOOL, ReferralDecision.type) == []
    (review,) = talk.read(LEAD, SafetyReview.type)
    assert review["data"]["referral_id"] == talk.request["data"]["referral_id"]
    talk.rate(may_be_told="Thank you. She came without a coat, and cried.", rationale="Again")
    assert len(talk.read(SCHOOL, ReferralDecision.type)) == 1
    assert replayed(talk.hub).well


ASKED = "Has he been seen at school?"


@pytest.mark.parametrize(
    ("notice", "field"),
    [
        ("disagreement-opened", "view"),
        ("disagreement-opened", "asks_for"),
        ("information-request", "question"),
        ("request-changed", "question"),
        ("information-request", "basis_reason"),
        ("request-changed", "basis_reason"),
        ("approval-request", "basis_reason"),
        ("recall-answer", "reason"),
        ("handover-recall", "reason"),
        ("links-changed", "rationale"),
    ],
)
def test_whatever_people_write_to_an_agency_is_searched_for_such_words(
    talk: Talk, notice: str, field: str
) -> None:
    talk.police_tell(may_leave=False)
    referral_id = talk.request["data"]["referral_id"]
    said: dict[str, Any] = {"referral_id": referral_id, "agency": SCHOOL, "recipient": SCHOOL}
    if notice == "links-changed":
        said = {"moved": [{"referral_id": referral_id}]}
    assert held(talk, notice, said | {field: ASKED}, to="gp") is None
    hit = held(talk, notice, said | {field: f"{ASKED} {INFORMANT}"}, to="gp")
    assert hit is not None
    assert (hit.danger, hit.where) == (Danger.WITHHELD_WORDS, field)


def test_who_disagrees_may_tell_its_own_words_and_read_what_it_wrote(talk: Talk) -> None:
    talk.police_tell(may_leave=False)
    referral_id = talk.request["data"]["referral_id"]
    said = {"referral_id": referral_id, "view": INFORMANT, "asks_for": "Say so."}
    assert held(talk, "disagreement-opened", said | {"agency": POLICE}, to="gp") is None
    assert held(talk, "disagreement-opened", said | {"agency": SCHOOL}, to=SCHOOL) is None
    assert held(talk, "disagreement-opened", said | {"agency": SCHOOL}, to=POLICE) is None


def held(talk: Talk, notice: str, data: dict[str, Any], *, to: str) -> Hit | None:
    with talk.hub.database.view() as view:
        letters = {"letter-1": {"type": f"mash.{notice}.v1", "data": data}}
        return found(view, letters, to=to).get("letter-1")

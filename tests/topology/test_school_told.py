"""The police tell of a domestic abuse incident, and the child's school hears of it: in a hub as it
runs, with everybody who has to let it go.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.demo.simulation.answers import DECISION_MAKER, SOCIAL_WORKER, answer, event
from ops.run.wiring import Hub
from schemas.consent import ConsentRecorded
from schemas.information import InformationRequest
from schemas.notices import ApprovalRequest, RequestCancellation, WhatIsNew
from schemas.person import Person, RelatedPerson, Risk, School
from schemas.product import Choice
from schemas.safety import SafetyReview
from schemas.school import SchoolNotice, SchoolToTell
from tests.support import given
from tests.support.filled import empty_hub, send
from tests.support.units import facts, replayed

LEAD, SCHOOL, POLICE = "childrens_social_care", "school", "police"
HARCOURT = School(name="Harcourt Primary School", urn="123456")
TILLY = given.child().model_copy(update={"school": HARCOURT})
PURPOSE = "support in school after a domestic abuse incident"
WORDS = "Domestic abuse incident. Mariam Chowdhury's partner threw a kettle at her."


class Town:
    """A hub with people at its agencies; each letter is read once."""

    def __init__(self, path: Path) -> None:
        self.hub: Hub = empty_hub(path)[1]
        self.sent = 0
        self.waiting: dict[str, list[dict[str, Any]]] = {}

    def tell(self, agency: str, kind: str, data: Any) -> str:
        self.sent += 1
        one = event(f"e-{self.sent}", f"mash.{kind}.v1", agency=agency, data=data)
        (receipt,) = send(self.hub, agency, [one])
        assert receipt.status == "accepted", receipt.explanation
        self.hub.embedded().drain()
        return receipt.id

    def read(self, agency: str, type_: str) -> list[dict[str, Any]]:
        letters = self.hub.queues.lease(agency, limit=99, seconds=60)
        self.hub.queues.acknowledge(agency, [one.id for one in letters])
        self.hub.embedded().drain()
        had = self.waiting.setdefault(agency, [])
        had += [json.loads(one.body) for one in letters]
        found = [one["data"] for one in had if one["type"] == type_]
        self.waiting[agency] = [one for one in had if one["type"] != type_]
        return found

    def incident(self, child: Person, **changes: Any) -> str:
        said = given.notification(WORDS, subject=child, reference="P-1", **changes)
        return self.tell(POLICE, "notification", json.loads(said.model_dump_json()))

    def release(self, asked: dict[str, Any]) -> None:
        names = ("product_id", "referral_id", "case_id", "recipient", "purpose")
        decision = {name: asked[name] for name in names} | {
            "item_id": asked["item"]["item_id"],
            "choice": Choice.RELEASE_ORIGINAL,
            "digest": asked["item"]["original_digest"],
            "decided_by": DECISION_MAKER,
        }
        self.tell(POLICE, "release-decision", decision)

    def rate(self, colour: str) -> None:
        letter = next(
            one
            for one in self._letters(LEAD)
            if one["type"] in ("mash.rating-request.v1", WhatIsNew.type)
        )
        made = answer(letter)
        assert made is not None
        self.tell(LEAD, "rating-decision", made["data"] | {"colour": colour})

    def _letters(self, agency: str) -> list[dict[str, Any]]:
        self.read(agency, "none")
        return self.waiting[agency]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path / "hub")


def test_the_police_let_it_go_and_the_school_has_the_little_that_it_needs(town: Town) -> None:
    town.incident(TILLY)
    (asked,) = town.read(POLICE, ApprovalRequest.type)
    assert (asked["recipient"], asked["purpose"]) == (SCHOOL, PURPOSE)
    assert town.read(SCHOOL, SchoolNotice.type) == []
    town.release(asked)
    (notice,) = town.read(SCHOOL, SchoolNotice.type)
    said = json.dumps(notice)
    assert "Tilly" in said
    assert not [gone for gone in ("Mariam", "kettle", "Balmoral", "01632 960123") if gone in said]
    assert facts(town.hub, "product.fetched") == 1
    receipt = {name: notice[name] for name in ("product_id", "case_id")}
    told = receipt | {"status": "received", "received_by": "A. Lead, safeguarding"}
    town.tell(SCHOOL, "delivery-receipt", told)
    assert facts(town.hub, "product.delivered") == 1
    assert replayed(town.hub).well


def test_a_school_that_is_to_be_told_after_its_owners_no_is_not_forgotten_in_silence(
    town: Town,
) -> None:
    """The no holds, until its owner lifts it; whoever decided otherwise hears so."""
    town.incident(TILLY)
    (asked,) = town.read(POLICE, ApprovalRequest.type)
    head = {name: asked[name] for name in ("product_id", "referral_id", "case_id")}
    no = {"item_id": asked["item"]["item_id"], "choice": "withhold", "reason": "Not yet"}
    to = {name: asked[name] for name in ("recipient", "purpose")}
    town.tell(POLICE, "release-decision", head | to | no | {"decided_by": DECISION_MAKER})
    assert len(town.read(LEAD, SchoolToTell.type)) == 1
    decision = {name: asked[name] for name in ("referral_id", "case_id")} | {
        "action": "tell",
        "school": SCHOOL,
        "decided_by": SOCIAL_WORKER,
        "rationale": "The police agree now",
    }
    for _ in range(2):
        town.tell(LEAD, "school-decision", decision)
        (told,) = town.read(LEAD, SchoolToTell.type)
        assert told["because"] == "refused"
    assert town.read(SCHOOL, SchoolNotice.type) == []
    assert replayed(town.hub).well


def test_what_the_police_release_beforehand_goes_at_once(town: Town) -> None:
    release = {
        "standing_id": "encompass",
        "kinds": ["school_notice"],
        "recipients": [SCHOOL],
        "purposes": [PURPOSE],
        "since": "2025-01-01",
        "decided_by": DECISION_MAKER,
        "reason": "Operation Encompass",
    }
    town.tell(POLICE, "standing-release", release)
    town.incident(TILLY)
    assert town.read(POLICE, ApprovalRequest.type) == []
    assert len(town.read(SCHOOL, SchoolNotice.type)) == 1
    assert replayed(town.hub).well


def test_a_parent_works_at_the_school_so_a_human_is_asked_before_anybody_is(town: Town) -> None:
    father = RelatedPerson.model_validate(
        {
            "name": {"given_name": ["Marek"], "family_name": ["Oldroyd"]},
            "relationship": "father",
            "risk": Risk.FLED_FROM,
            "works_for": ["Sample Schools"],
        }
    )
    child = TILLY.model_copy(update={"related_person": (*TILLY.related_person, father)})
    town.incident(child)
    assert town.read(POLICE, ApprovalRequest.type) == []
    (review,) = town.read(LEAD, SafetyReview.type)
    assert (review["letter"], review["recipient"]) == (SchoolNotice.type, SCHOOL)
    said = {name: review[name] for name in ("referral_id", "case_id", "hold_id")}
    said |= {"choice": "do_not_send", "decided_by": DECISION_MAKER, "rationale": "He works there."}
    town.tell(LEAD, "safety-decision", said | {"leaves_out": []})
    (told,) = town.read(LEAD, SchoolToTell.type)
    assert told["because"] == "refused"
    assert town.read(SCHOOL, SchoolNotice.type) == []
    assert replayed(town.hub).well


def test_nobody_knows_the_school_until_the_lead_agency_finds_it(town: Town) -> None:
    town.incident(TILLY.model_copy(update={"school": None}))
    (told,) = town.read(LEAD, SchoolToTell.type)
    assert told["about"]["names"][0]["given_name"] == ["Tilly"]
    decision = {name: told[name] for name in ("referral_id", "case_id")} | {
        "action": "tell",
        "school": SCHOOL,
        "decided_by": SOCIAL_WORKER,
        "rationale": "Her mother says that she goes there.",
    }
    town.tell(LEAD, "school-decision", decision)
    (asked,) = town.read(POLICE, ApprovalRequest.type)
    town.release(asked)
    assert len(town.read(SCHOOL, SchoolNotice.type)) == 1
    assert replayed(town.hub).well


def test_consent_that_is_refused_afterwards_withdraws_what_was_asked(town: Town) -> None:
    referral_id = town.incident(TILLY, parents_informed={"informed": True, "consent": "given"})
    town.rate("green")
    (asked,) = town.read(SCHOOL, InformationRequest.type)
    word = {
        "referral_id": referral_id,
        "answer": "refused",
        "whom": "the mother",
        "told_by": "PC 4417",
    }
    town.tell(POLICE, "consent", word)
    (gone,) = town.read(SCHOOL, RequestCancellation.type)
    assert gone["request_id"] == asked["identifier"]
    news = town.read(LEAD, WhatIsNew.type)
    assert "Sample Police told of the parents' consent: refused." in [
        one["news"][0] for one in news
    ]
    (word_seen,) = news[-1]["picture"]["content"]["concern"]["consents"]
    assert (word_seen["answer"], word_seen["whom"]) == ("refused", "the mother")
    assert facts(town.hub, ConsentRecorded.type.removeprefix("mash.").removesuffix(".v1")) == 1
    assert replayed(town.hub).well

"""The last look before a letter is handed out: what would put somebody at risk is kept back, and a
human is asked; what they decide is followed, and all of it can be replayed (L7).
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from ops.demo.running import prepare
from ops.demo.simulation.answers import DECISION_MAKER, answer
from ops.run.wiring import Hub, open_hub
from router.keeping_back import looked_through
from router.steps.approve.guarding import NOT_AT_ONCE
from router.steps.safety import NOT_SAFE
from schemas.alarms import AlarmNotice
from schemas.base import Notice
from schemas.calendar import Contact as OfAChain
from schemas.case import ChildLinked
from schemas.checks import CheckRequest
from schemas.identity import IdentityBlock, IdentityField, OwnedIdentity
from schemas.information import InformationRequest
from schemas.notices import (
    AdultMatter,
    ApprovalCancellation,
    ApprovalRequest,
    DueTimeWarning,
    LinksChanged,
    OutOfArea,
    RecallAnswerNotice,
)
from schemas.person import Contact, Name, PartialDate, Person, RelatedPerson, Risk, School
from schemas.product import DraftItem, Product, ProductApproved, RecallAnswer, release_digest
from schemas.rating import Colour
from schemas.safety import Danger, LetterHeld, SafetyChoice, SafetyReview
from schemas.topics import RED as LANE
from stores import cursors, journal
from stores.linking import every
from stores.ports import Leased
from tests.support import given
from tests.support import products as product
from tests.support.filled import empty_hub, send
from tests.support.units import replayed, rows

LEAD, TEAM, SCHOOL = "childrens_social_care", "csc_duty_team", "school"
FATHER = RelatedPerson(
    name=Name(given_name=("Marek",), family_name=("Oldroyd",)),
    relationship="father",
    risk=Risk.FLED_FROM,
    works_for=("Sample Schools",),
)
TILLY = given.child()
FLED = TILLY.model_copy(update={"related_person": (*TILLY.related_person, FATHER)})
REFUGE = TILLY.address[0].model_copy(update={"protected": True})
MOVED = TILLY.model_copy(update={"address": (REFUGE,)})
BROTHER = TILLY.model_copy(
    update={
        "identifier": (),
        "name": (Name(given_name=("Edmund",), family_name=("Thornbury",)),),
        "date_of_birth": PartialDate(date=dt.date(2012, 11, 21)),
        "school": School(name="Harrowbank Primary School", protected=True),
    }
)
RED = "Tilly was beaten by her father."


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return empty_hub(tmp_path / "hub")[1]


def notified(hub: Hub, agency: str, child: Person, narrative: str, **changes: Any) -> None:
    """An agency tells, and the social worker of the lead agency rates it as suggested."""
    said = given.notification(narrative, subject=child, reference=f"{agency}-1", **changes)
    sent(hub, agency, "mash.notification.v1", json.loads(said.model_dump_json()))
    hub.embedded().drain()
    letters = leased(hub, LEAD)
    rated = [made for one in letters if (made := answer(one)) and "rating" in made["type"]]
    send(hub, LEAD, rated)
    hub.embedded().drain()


def sent(hub: Hub, agency: str, type_: str, data: Any) -> None:
    event = {"specversion": "1.0", "id": f"{type_}/{agency}", "source": "urn:test", "type": type_}
    receipts = send(hub, agency, [{**event, "dataschema": "urn:mash-hub:v1", "data": data}])
    assert [one.status for one in receipts] == ["accepted"], receipts[0].explanation


def leased(hub: Hub, agency: str) -> list[dict[str, Any]]:
    """The letters that the agency gets now; it has them."""
    letters = hub.queues.lease(agency, limit=99, seconds=60)
    hub.queues.acknowledge(agency, [one.id for one in letters])
    hub.embedded().drain()
    return [json.loads(one.body) for one in letters]


def reviews(hub: Hub) -> list[dict[str, Any]]:
    """The questions to a human of the lead agency."""
    return [one["data"] for one in leased(hub, LEAD) if one["type"] == SafetyReview.type]


def review(hub: Hub) -> dict[str, Any]:
    """The one question to a human of the lead agency."""
    (asked,) = reviews(hub)
    return asked


def decide(hub: Hub, asked: dict[str, Any], choice: SafetyChoice, *leaves_out: str) -> None:
    said = {name: asked[name] for name in ("referral_id", "case_id", "hold_id")}
    said |= {"choice": choice, "decided_by": DECISION_MAKER, "rationale": "Rung the refuge."}
    sent(hub, LEAD, "mash.safety-decision.v1", said | {"leaves_out": leaves_out})
    hub.embedded().drain()


def put(hub: Hub, fact: ProductApproved) -> None:
    """Record it as if approving had, just now: approvals run out."""
    now = dt.datetime.now(dt.UTC)
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "put")
        journal.append(transaction, cursor, messages=[given.message(fact, at=now)])
        cursors.store(transaction, cursor)
    hub.embedded().drain()


def types(letters: list[dict[str, Any]]) -> list[str]:
    return [one["type"] for one in letters]


def test_a_request_to_where_the_perpetrator_works_waits_until_a_human_sends_it(hub: Hub) -> None:
    notified(hub, "police", FLED, RED)
    assert leased(hub, SCHOOL) == []
    assert InformationRequest.type in types(leased(hub, "gp"))
    asked = review(hub)
    assert [hit["where"] for hit in asked["hits"]] == ["recipient"]
    assert "Oldroyd" not in json.dumps(asked["hits"])
    decide(hub, asked, SafetyChoice.SEND)
    assert types(leased(hub, SCHOOL)) == [InformationRequest.type]
    assert replayed(hub).well


def test_a_check_where_the_perpetrator_works_waits_until_a_human_sends_it(tmp_path: Path) -> None:
    hub = checking_at_the_school(tmp_path / "hub")
    notified(hub, "police", FLED, RED)
    assert CheckRequest.type not in types(leased(hub, SCHOOL))
    asked = next(one for one in reviews(hub) if one["letter"] == CheckRequest.type)
    assert [hit["where"] for hit in asked["hits"]] == ["recipient"]
    assert asked["about"]["names"][0]["given_name"] == list(TILLY.name[0].given_name)
    decide(hub, asked, SafetyChoice.SEND)
    (check,) = (one for one in leased(hub, SCHOOL) if one["type"] == CheckRequest.type)
    assert check["data"]["check_id"] == f"{asked['referral_id']}/sims"
    assert replayed(hub).well


def test_a_check_does_not_name_a_mother_whom_another_agency_protects(tmp_path: Path) -> None:
    hub = checking_at_the_school(tmp_path / "hub")
    mother = TILLY.related_person[0]
    protected = mother.model_copy(update={"protected": True})
    notified(hub, "gp", TILLY.model_copy(update={"related_person": (protected,)}), given.HIT)
    leased(hub, SCHOOL)
    notified(hub, "police", TILLY, given.MISSING_EPISODE)
    assert CheckRequest.type not in types(leased(hub, SCHOOL))
    asked = next(one for one in reviews(hub) if one["letter"] == CheckRequest.type)
    assert {hit["where"] for hit in asked["hits"]} == {"identity.family"}
    decide(hub, asked, SafetyChoice.LEAVE_OUT, IdentityField.FAMILY)
    (check,) = (one for one in leased(hub, SCHOOL) if one["type"] == CheckRequest.type)
    assert check["data"]["child"]["related_person"] == []
    assert check["data"]["child"]["name"][0]["given_name"] == list(TILLY.name[0].given_name)


CHECK = """[[checks]]
system = "sims"
kind = "education"
agency = "school"
time_allowed = { kind = "hours", hours = 1 }

[agencies.school]
"""
AGREED = """[agencies.school.agreement]
checks = { basis = "Children Act 2004, section 11", since = 2026-04-01, tells = ["family"] }
"""


def checking_at_the_school(path: Path) -> Hub:
    """The sample's hub, which asks a system of the schools too, and tells it of the family."""
    folder = prepare(path, port=0)
    told = folder.config.read_text("utf-8")
    told = told.replace("[agencies.school]\n", CHECK, 1)
    told = told.replace("[agencies.school.agreement]\n", AGREED, 1)
    folder.config.write_text(told, "utf-8")
    return open_hub(folder.config, {})


def test_a_product_that_tells_a_brothers_protected_school_is_stopped_for_good(hub: Hub) -> None:
    put_in_the_case(hub, "Her brother goes to Harrowbank Primary School.")
    assert Product.type not in types(leased(hub, TEAM))
    asked = review(hub)
    assert {hit["whose"] for hit in asked["hits"]} == {"a brother or sister"}
    assert "Harrowbank" not in json.dumps(asked)
    decide(hub, asked, SafetyChoice.DO_NOT_SEND)
    assert Product.type not in types(leased(hub, TEAM))
    waiting = rows(hub, "SELECT count(*) FROM letters WHERE agency = :team", team=TEAM)
    assert waiting == [(0,)]


def put_in_the_case(hub: Hub, text: str, **changes: Any) -> None:
    """Of a girl whose brother's school is protected: a product with these words."""
    notified(hub, "gp", BROTHER, given.MISSING_EPISODE)
    notified(hub, "police", TILLY, given.MISSING_EPISODE)
    put(hub, approved_about(linked_last(hub), text, **changes))


def linked_last(hub: Hub) -> ChildLinked:
    with hub.database.view() as view:
        *_, last = every(view.connection, view.vault, type_=ChildLinked)
    assert isinstance(last.message.data, ChildLinked)
    return last.message.data


def approved_about(linked: ChildLinked, text: str, **changes: Any) -> ProductApproved:
    """A product of one item, as its owner approved it in these very words."""
    (item,) = product.approved().items
    block = changes.get("about")
    digest = release_digest(
        item_id=item.item_id,
        recipient=product.RECIPIENT,
        purpose=product.PURPOSE,
        text=text,
        about=block.digest() if block else "",
    )
    item = item.model_copy(update={"text": text, "digest": digest})
    about = {"referral_id": linked.referral_id, "case_id": linked.case_id}
    return product.approved(items=(item,), **about, **changes)


def test_a_red_goes_at_once_without_an_address_that_another_agency_protects(hub: Hub) -> None:
    notified(hub, "gp", MOVED, given.MISSING_EPISODE)
    notified(hub, "police", TILLY, RED)
    for agency in (TEAM, "police_cait"):
        (sent,) = (one["data"] for one in leased(hub, agency) if one["type"] == Product.type)
        assert "address" not in sent["about"]
        assert sent["about"]["names"][0]["given_name"] == list(TILLY.name[0].given_name)
        left_out = {one["field"]: one["reason"] for one in sent["about"]["left_out"]}
        assert left_out["address"] == NOT_AT_ONCE
        assert str(TILLY.address[0].line1) not in json.dumps(sent)
    asked = [one for one in reviews(hub) if one["letter"] == Product.type]
    assert {one["recipient"] for one in asked} == {TEAM, "police_cait"}
    assert all(one["rest_goes"] and one["urgent"] for one in asked)
    decide(hub, asked[0], SafetyChoice.DO_NOT_SEND)
    assert replayed(hub).well


def test_a_red_goes_at_once_without_an_item_and_names_its_owner_instead(hub: Hub) -> None:
    put_in_the_case(hub, "Her brother goes to Harrowbank Primary School.", urgent=True)
    sent = next(one["data"] for one in leased(hub, TEAM) if one["type"] == Product.type)
    assert sent["items"] == []
    assert SCHOOL in [one["owner"] for one in sent["signposts"]]
    assert "Harrowbank" not in json.dumps(sent)
    assert review(hub)["rest_goes"]


def test_a_red_waits_for_a_human_where_the_recipient_itself_is_the_danger(hub: Hub) -> None:
    works = FATHER.model_copy(update={"works_for": (TEAM,)})
    fled = TILLY.model_copy(update={"related_person": (*TILLY.related_person, works)})
    notified(hub, "gp", fled, given.MISSING_EPISODE)
    notified(hub, "police", TILLY, RED)
    assert Product.type not in types(leased(hub, TEAM))
    assert Product.type in types(leased(hub, "police_cait"))
    letters = leased(hub, LEAD)
    reviewed = (one["data"] for one in letters if one["type"] == SafetyReview.type)
    asked = next(one for one in reviewed if one["letter"] == Product.type)
    assert (asked["rest_goes"], asked["urgent"]) == (False, True)
    (alarm,) = (one["data"] for one in letters if one["type"] == AlarmNotice.type)
    assert "Do not ring" in alarm["to_do"]
    decide(hub, asked, SafetyChoice.SEND)
    assert Product.type in types(leased(hub, TEAM))
    assert replayed(hub).well


def test_that_a_red_waits_at_the_door_is_heard_ahead_of_all_else(hub: Hub) -> None:
    notified(hub, "police", TILLY, RED)
    works = FATHER.model_copy(update={"works_for": (TEAM,)})
    fled = TILLY.model_copy(update={"related_person": (works,)})
    notified(hub, "gp", fled, given.MISSING_EPISODE)
    hub.queues.lease(TEAM, limit=99, seconds=60)
    ahead = "SELECT type FROM journal JOIN outbox USING (position) WHERE outbox.topic = :lane"
    assert (LetterHeld.type,) in rows(hub, ahead, lane=LANE)


def test_an_address_that_is_protected_after_a_product_was_released_does_not_leave(
    hub: Hub,
) -> None:
    notified(hub, "police", TILLY, given.MISSING_EPISODE)
    block = IdentityBlock(names=TILLY.name, born=TILLY.date_of_birth, address=TILLY.address)
    told = {"identity": OwnedIdentity(owner="police", block=block), "about": block}
    put(hub, approved_about(linked_last(hub), "Tilly was missing.", **told))
    notified(hub, "gp", MOVED, given.MISSING_EPISODE)
    assert Product.type not in types(leased(hub, TEAM))
    asked = next(
        one["data"]
        for one in leased(hub, LEAD)
        if one["type"] == SafetyReview.type and one["data"]["recipient"] == TEAM
    )
    assert [hit["where"] for hit in asked["hits"]] == ["identity.address"]
    decide(hub, asked, SafetyChoice.LEAVE_OUT, IdentityField.ADDRESS)
    (product,) = (one["data"] for one in leased(hub, TEAM) if one["type"] == Product.type)
    assert "address" not in product["about"]
    assert {one["field"]: one["reason"] for one in product["about"]["left_out"]} == {
        "address": NOT_SAFE
    }
    assert replayed(hub).well


WORKERS = "csc_assessment_team"
SCHOOL_TOLD = School(name="Harrowbank Primary School")
RUNG = Contact(telephone=("01632 960777",))
WITH_ALL = TILLY.model_copy(update={"school": SCHOOL_TOLD, "contact": (RUNG,)})
WITH_ALL_PROTECTED = TILLY.model_copy(
    update={
        "address": (REFUGE,),
        "school": SCHOOL_TOLD.model_copy(update={"protected": True}),
        "contact": (RUNG.model_copy(update={"protected": True}),),
    }
)


def test_links_that_changed_tell_nobody_what_another_agency_protects(hub: Hub) -> None:
    worker = {"name": "D. Wells", "team": WORKERS, "case_reference": "ICS-77"}
    child = json.loads(TILLY.model_dump_json())
    case = {"reference": "ICS-77", "child": child, "worker": worker, "since": "2026-05-01"}
    sent(hub, LEAD, "mash.open-case.v1", case)
    notified(hub, "gp", WITH_ALL_PROTECTED, given.MISSING_EPISODE)
    notified(hub, "police", WITH_ALL, given.MISSING_EPISODE)
    linked = linked_last(hub)
    split = {
        "person_id": linked.person_id,
        "referral_ids": [linked.referral_id],
        "to_person_id": None,
        "decided_by": DECISION_MAKER,
        "rationale": f"It was the other girl, of {TILLY.address[0].line1}, 01632 960777.",
    }
    sent(hub, LEAD, "mash.split-decision.v1", split)
    hub.embedded().drain()
    assert LinksChanged.type not in types(leased(hub, WORKERS))
    asked = next(one for one in reviews(hub) if one["letter"] == LinksChanged.type)
    assert {hit["where"] for hit in asked["hits"]} == {"rationale"}
    assert "the child" in {hit["whose"] for hit in asked["hits"]}, "from whom it was moved away"
    decide(hub, asked, SafetyChoice.SEND)
    (changed,) = (one["data"] for one in leased(hub, WORKERS) if one["type"] == LinksChanged.type)
    (about,) = (one["about"] for one in changed["children"])
    assert {"address", "telephone", "school"}.isdisjoint(about)
    assert about["names"][0]["given_name"] == list(TILLY.name[0].given_name)
    assert replayed(hub).well


@pytest.mark.parametrize(
    "letter",
    [
        "out of area",
        "a clock that goes up",
        "an adult matter",
        "an approval that is asked for",
        "an approval that is not awaited any more",
        "what was done about a recall",
    ],
)
def test_whatever_names_a_child_is_looked_at_before_it_goes_where_the_perpetrator_works(
    hub: Hub, letter: str
) -> None:
    notified(hub, "police", FLED, RED)
    linked = linked_last(hub)
    notice = naming_the_child(linked.referral_id, linked.case_id)[letter]
    event = {"type": notice.type, "data": notice.model_dump(mode="json")}
    with hub.database.view() as view:
        for agency, kept in ((SCHOOL, ["letter-1"]), ("gp", [])):
            one = Leased("letter-1", agency, notice.type, json.dumps(event).encode(), 1)
            looked = looked_through(view, agency, leased=[one], policy=hub.policy.value)
            assert list(looked.kept) == kept


def naming_the_child(referral_id: str, case_id: str) -> dict[str, Notice]:
    head: dict[str, Any] = {"referral_id": referral_id, "case_id": case_id}
    head |= {"about": IdentityBlock(names=TILLY.name)}
    told = {"explanation": "As the address says.", "contact": "01632 960300"}
    sent = {"product_id": "product-1", "recipient": TEAM}
    return {
        "an approval that is asked for": asking(product.draft_item("police"), **head),
        "an approval that is not awaited any more": ApprovalCancellation(
            **head, **sent, purpose="section 47 enquiry"
        ),
        "what was done about a recall": RecallAnswerNotice(
            **head,
            **sent,
            recall_id="recall-1",
            item_id=None,
            answer=RecallAnswer.DESTROYED,
            answered_by="T. Manager",
            reason=None,
        ),
        "out of area": OutOfArea(**head, **told, reference="S-1", place="Othershire"),
        "a clock that goes up": DueTimeWarning(
            **head,
            clock="possible_red",
            colour=Colour.RED,
            due_at=given.NOON,
            breached=True,
            escalated_to=OfAChain(role="Head of school", reach="01632 960301"),
        ),
        "an adult matter": AdultMatter(**head, **told, handed_to=None),
    }


def asking(item: DraftItem, **head: Any) -> ApprovalRequest:
    """An item of a product for the duty team, put before who decides about it."""
    return ApprovalRequest(
        **head,
        product_id="product-1",
        recipient=TEAM,
        purpose="section 47 enquiry",
        colour=Colour.RED,
        item=item,
    )


REFUGES = f"She lives at {REFUGE.line1}, {REFUGE.city}, {REFUGE.postcode} now."


@pytest.mark.parametrize(("teller", "kept"), [("gp", False), ("police", True)])
def test_who_decides_reads_what_it_told_itself_and_no_address_that_another_agency_protects(
    hub: Hub, teller: str, *, kept: bool
) -> None:
    notified(hub, "police", MOVED, RED)
    linked = linked_last(hub)
    item = product.draft_item("gp", held_by=teller, original=REFUGES, sanitised=REFUGES)
    told = asking(item, referral_id=linked.referral_id, case_id=linked.case_id)
    event = {"type": told.type, "data": told.model_dump(mode="json")}
    with hub.database.view() as view:
        one = Leased("letter-1", "gp", told.type, json.dumps(event).encode(), 1)
        looked = looked_through(view, "gp", leased=[one], policy=hub.policy.value)
    assert list(looked.kept) == (["letter-1"] if kept else [])
    if kept:
        (fact,) = looked.kept.values()
        assert fact is not None
        assert fact.product_id is None, "nothing of the product itself is kept back"
        assert {hit.danger for hit in fact.hits} == {Danger.PROTECTED_ADDRESS}

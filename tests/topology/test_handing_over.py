"""A referral about a child with an allocated worker, from one desk to the next, with a real hub
between them: every letter is read (R9, R19).
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import SOCIAL_WORKER, answer
from ops.run.wiring import Hub
from schemas.rating import TimerElapsed
from stores import codec, cursors, journal
from stores.tables import timers
from tests.support import given
from tests.support.filled import empty_hub, send
from tests.support.units import facts, replayed, rows

LEAD, TEAM = "childrens_social_care", "csc_assessment_team"
FRONT_LINE = ("csc_duty_team", "police_cait")
WORKER = {"name": "Wren Allocated", "team": TEAM, "case_reference": "ICS-7"}
TILLY = json.loads(given.child().model_dump_json())
EVAN = {
    "name": [{"given_name": ["Evan"], "family_name": ["Marsden"]}],
    "date_of_birth": {"date": "2015-03-09"},
    "identifier": [{"value": "9990000026", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
}
RED = "Tilly was beaten by her father."
Letters = list[dict[str, Any]]


@pytest.fixture
def place(tmp_path: Path) -> tuple[DemoFolder, Hub]:
    """The sample's hub, which knows that Tilly Thornbury has an allocated worker."""
    folder, hub = empty_hub(tmp_path / "hub")
    case = {"reference": "ICS-7", "child": TILLY, "worker": WORKER, "since": "2026-01-05"}
    sent(hub, LEAD, "open-case", case)
    return folder, hub


@pytest.fixture
def hub(place: tuple[DemoFolder, Hub]) -> Hub:
    return place[1]


def sent(hub: Hub, agency: str, kind: str, data: Any, status: str = "accepted") -> Any:
    sent.count = getattr(sent, "count", 0) + 1  # type: ignore[attr-defined]
    event = {
        "specversion": "1.0",
        "id": f"{kind}/{sent.count}",  # type: ignore[attr-defined]
        "source": "urn:test",
        "type": f"mash.{kind}.v1",
        "dataschema": "urn:mash-hub:v1",
        "data": data,
    }
    (receipt,) = send(hub, agency, [event])
    assert receipt.status == status, receipt.explanation
    hub.embedded().drain()
    return receipt


def notified(hub: Hub, narrative: str = given.MISSING_EPISODE, **changes: Any) -> str:
    """The police tell of Tilly; the id of the referral."""
    said = given.notification(narrative, **changes)
    return str(sent(hub, "police", "notification", json.loads(said.model_dump_json())).id)


def leased(hub: Hub, agency: str) -> Letters:
    """The letters that the agency gets now; it has them."""
    found = hub.queues.lease(agency, limit=99, seconds=60)
    hub.queues.acknowledge(agency, [one.id for one in found])
    hub.embedded().drain()
    return [json.loads(one.body) for one in found]


def of(letters: Letters, kind: str) -> Letters:
    return [one["data"] for one in letters if one["type"] == f"mash.{kind}.v1"]


def saw(data: dict[str, Any]) -> Letters:
    return [{"id": data["picture"]["id"], "digest": data["picture"]["digest"]}]


def decided(data: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A social worker's decision on the picture that a letter brought."""
    head = {name: data[name] for name in ("referral_id", "case_id")}
    said = {"decided_by": SOCIAL_WORKER, "rationale": "Seen.", "saw": saw(data)}
    return head | said | more


def receipt(data: dict[str, Any], status: str, **more: Any) -> dict[str, Any]:
    head = {name: data[name] for name in ("referral_id", "case_id")}
    return head | {"status": status, "received_by": "T. Manager"} | more


def minutes_left(data: dict[str, Any], hub: Hub) -> int:
    """Until a person of the team is to say that they have it."""
    left = dt.datetime.fromisoformat(data["due_at"]) - codec.from_micros(hub.database.clock())
    return int(left.total_seconds() // 60)


def time_passes(hub: Hub, step: str) -> None:
    """What a step has asked to be told of comes, as the clock would tell it."""
    with hub.database.transaction() as transaction:
        waiting = transaction.connection.execute(select(timers).where(timers.c.step == step)).all()
        cursor = cursors.lock(transaction, "put")
        told = [(codec.from_micros(one.due_at), one.key) for one in waiting]
        messages = [
            given.message(TimerElapsed(step=step, key=key, due_at=at), at=at) for at, key in told
        ]
        journal.append(transaction, cursor, messages=messages)
        cursors.store(transaction, cursor)
    hub.embedded().drain()


def test_a_possible_red_is_with_the_team_and_before_a_human_within_minutes(hub: Hub) -> None:
    notified(hub, RED)
    (handover,) = of(leased(hub, TEAM), "handover")
    assert "by a handover receipt" in handover["to_do"]
    assert minutes_left(handover, hub) in (14, 15)
    assert handover["about"]["names"][0]["given_name"] == ["Tilly"]
    (request,) = of(leased(hub, LEAD), "rating-request")
    assert request["possible_red"]
    assert request["possible_red_due_at"]
    assert request["picture"]["content"]["handed_over"]["worker"] == WORKER
    assert replayed(hub).well


def test_a_red_goes_to_the_front_line_and_to_the_team_at_once(hub: Hub) -> None:
    notified(hub, RED)
    (request,) = of(leased(hub, LEAD), "rating-request")
    sent(hub, LEAD, "rating-decision", decided(request, colour="red"))
    letters = leased(hub, TEAM)
    (product,) = of(letters, "product")
    assert product["about"]["names"][0]["given_name"] == ["Tilly"]
    assert product["colour"] == "red"
    assert product["to_do"]
    (news,) = of(letters, "handover-news")
    assert news["colour"] == "red"
    assert news["says"].startswith("A social worker of the hub has rated this referral Red")
    assert news["about"]["your_reference"] == "ICS-7"
    assert all(of(leased(hub, agency), "product") for agency in FRONT_LINE)
    assert replayed(hub).well


def test_a_managers_red_of_what_was_no_possible_red_is_taken(hub: Hub) -> None:
    notified(hub)
    (made,) = of(leased(hub, LEAD), "handed-over")
    assert made["worker"] == WORKER
    assert "Nothing is asked of you" in made["explanation"]
    sent(hub, LEAD, "rating-decision", decided(made, colour="red"))
    assert all(of(leased(hub, agency), "product") for agency in (*FRONT_LINE, TEAM))
    assert of(leased(hub, "school"), "information-request")
    assert replayed(hub).well


def test_who_has_it_is_in_the_picture_the_clocks_and_the_trail(
    place: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = place
    referral_id = notified(hub)
    letters = leased(hub, LEAD)
    (made,) = of(letters, "handed-over")
    handed = made["picture"]["content"]["handed_over"]
    assert (handed["agency"], handed["state"]) == (TEAM, "awaited")
    (clock,) = (one for one in told(folder, "clocks") if one["kind"] != "check")
    assert (clock["kind"], clock["agency"]) == ("receipt", TEAM)
    assert clock["referral_id"] == referral_id
    (handover,) = of(leased(hub, TEAM), "handover")
    sent(hub, TEAM, "handover-receipt", receipt(handover, "received"))
    assert {one["kind"] for one in told(folder, "clocks")} <= {"check"}
    events = told(folder, "case", referral_id)
    (confirmed,) = (one for one in events if one["type"] == "mash.handover.confirmed.v1")
    assert confirmed["shown"]["agency"] == TEAM
    assert "T. Manager" not in json.dumps(events)
    notified(hub, reference="R-2", narrative=given.MOVED)
    (later,) = of(leased(hub, LEAD), "handed-over")
    picture = later["picture"]["content"]
    assert [one["handed_over"] for one in picture["history"]] == [True]
    assert picture["repeats"]["of_child"] == 2


def told(folder: DemoFolder, *arguments: str) -> Any:
    done = CliRunner().invoke(main, [*arguments, "--config", str(folder.config), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_handover_that_nobody_confirms_is_chased_and_ends_at_the_duty_manager(hub: Hub) -> None:
    notified(hub)
    leased(hub, LEAD)
    leased(hub, TEAM)
    time_passes(hub, "hand_over")
    time_passes(hub, "hand_over")
    chased = of(leased(hub, TEAM), "owed")
    assert [one["moment"] for one in chased] == ["warned", "chased"]
    assert all(one["about"]["names"][0]["given_name"] == ["Tilly"] for one in chased)
    time_passes(hub, "hand_over")
    (up,) = of(leased(hub, LEAD), "owed")
    assert up["escalated_to"]["role"] == "Duty manager"
    assert (
        up["owed"]
        == "A person of the team says, by a handover receipt, that they have this referral."
    )
    assert replayed(hub).well


def test_what_a_team_refuses_is_before_the_duty_manager_with_the_picture(hub: Hub) -> None:
    notified(hub)
    (handover,) = of(leased(hub, TEAM), "handover")
    sent(hub, TEAM, "handover-receipt", receipt(handover, "refused", reason="Closed in May."))
    letters = leased(hub, LEAD)
    (refused,) = of(letters, "handover-refused")
    assert (refused["told"]["role"], refused["reason"]) == ("Duty manager", "Closed in May.")
    sent(hub, LEAD, "handover-decision", decided(refused, action="take_back"))
    (recall,) = of(leased(hub, TEAM), "handover-recall")
    assert "Destroy what you have of it" in recall["to_do"]
    assert recall["reason"] == (
        "A social worker of the hub found that it was handed to the wrong team."
    )
    assert recall["about"]["names"][0]["given_name"] == ["Tilly"]
    letters = leased(hub, LEAD)
    (request,) = of(letters, "rating-request")
    (plan,) = of(letters, "request-plan")
    assert plan["plan"]["agencies"]
    sent(hub, TEAM, "handover-receipt", receipt(recall, "given_up"))
    sent(hub, LEAD, "rating-decision", decided(request, colour="amber"))
    assert of(leased(hub, "school"), "information-request")
    assert facts(hub, "handover.given-up") == 1
    assert replayed(hub).well


def test_a_handover_that_is_taken_back_before_it_was_fetched_leaves_no_trace(hub: Hub) -> None:
    notified(hub)
    (made,) = of(leased(hub, LEAD), "handed-over")
    sent(hub, LEAD, "handover-decision", decided(made, action="take_back"))
    assert [one["type"] for one in leased(hub, TEAM)] == []
    assert of(leased(hub, LEAD), "rating-request")


def test_a_red_that_is_taken_back_from_a_team_is_recalled_from_it_alone(hub: Hub) -> None:
    notified(hub, RED)
    (request,) = of(leased(hub, LEAD), "rating-request")
    sent(hub, LEAD, "rating-decision", decided(request, colour="red"))
    for agency in (TEAM, *FRONT_LINE):
        assert of(leased(hub, agency), "product")
    sent(hub, LEAD, "handover-decision", decided(request, action="take_back"))
    letters = leased(hub, TEAM)
    assert of(letters, "product-recall")
    assert of(letters, "handover-recall")
    for agency in FRONT_LINE:
        assert not of(leased(hub, agency), "product-recall")


def test_a_referral_that_is_found_to_be_about_a_child_with_a_worker_is_handed_over_in_its_words(
    hub: Hub,
) -> None:
    """The police let the team have what they notified, in the sample sanitised or whole."""
    said = given.notification(given.MISSING_EPISODE, reference="R-9")
    data = json.loads(said.model_dump_json()) | {"subject": EVAN}
    sent(hub, "police", "notification", data)
    (request,) = of(leased(hub, LEAD), "rating-request")
    person = rows(hub, "SELECT count(*) FROM people")
    assert person == [(2,)]
    notified(hub)
    (handover,) = of(leased(hub, TEAM), "handover")
    (made,) = of(leased(hub, LEAD), "handed-over")
    tilly = made["picture"]["content"]["child"]["person_id"]
    link = decided(request, person_id=tilly)
    sent(hub, LEAD, "link-decision", {k: v for k, v in link.items() if k != "case_id"})
    (moved,) = of(leased(hub, TEAM), "handover")
    assert moved["referral_id"] == request["referral_id"]
    assert moved["worker"] == WORKER
    assert "outlined" not in moved
    assert minutes_left(moved, hub) > 0
    assert moved["notification"]["narrative"] == handover["notification"]["narrative"]
    letters = leased(hub, LEAD)
    assert [one["referral_id"] for one in of(letters, "handed-over")] == [request["referral_id"]]
    (again,) = of(letters, "handed-over")
    back = decided(again, person_id=None)
    sent(hub, LEAD, "link-decision", {k: v for k, v in back.items() if k != "case_id"})
    assert of(leased(hub, TEAM), "handover-recall")
    assert of(leased(hub, LEAD), "rating-request")
    assert replayed(hub).well


def test_simulated_people_confirm_what_they_are_handed(hub: Hub) -> None:
    notified(hub)
    (letter,) = (one for one in leased(hub, TEAM) if one["type"] == "mash.handover.v1")
    made = answer(letter)
    assert made is not None
    assert [one.status for one in send(hub, TEAM, [made])] == ["accepted"]
    hub.embedded().drain()
    assert facts(hub, "handover.confirmed") == 1

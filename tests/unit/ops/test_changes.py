"""A rating that is lowered, raised again and closed, in a hub that runs: who is told what of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import answer, event
from ops.run.wiring import Hub
from tests.support.filled import empty_hub, seen_by_lead, send

LEAD, DUTY, CAIT, TEAM = (
    "childrens_social_care",
    "csc_duty_team",
    "police_cait",
    "csc_assessment_team",
)
_numbers = count()
PRODUCT, CHANGED = "mash.product.v1", "mash.product-changed.v1"


@pytest.fixture
def worked(tmp_path: Path) -> Iterator[tuple[DemoFolder, Hub]]:
    folder, hub = empty_hub(tmp_path / "hub")
    yield folder, hub
    hub.database.close()


@pytest.fixture
def hub(worked: tuple[DemoFolder, Hub]) -> Hub:
    return worked[1]


def told_of_a_child(hub: Hub) -> dict[str, Any]:
    """A child about whom the police told: the referral as decisions name it."""
    said = {
        "reference": "R-1",
        "observed_at": "2026-11-03T19:40:00Z",
        "subject": {
            "name": [{"given_name": ["Robin"], "family_name": ["Sample"]}],
            "date_of_birth": {"date": "2016-05-14"},
        },
        "narrative": "Robin disclosed being hit at home.",
    }
    send(hub, "police", [event("n", "mash.notification.v1", agency="police", data=said)])
    hub.embedded().drain()
    (rating,) = read(hub, LEAD, "mash.rating-request.v1")
    return {name: rating[name] for name in ("referral_id", "case_id")}


def decides(hub: Hub, kind: str, head: dict[str, Any], **more: Any) -> None:
    saw = seen_by_lead(hub, head["referral_id"])
    said = {"decided_by": "S. Worker", "rationale": "As seen", "saw": saw}
    id_ = f"{kind}-{next(_numbers)}"
    data = head | said | more
    (receipt,) = send(hub, LEAD, [event(id_, f"mash.{kind}-decision.v1", agency=LEAD, data=data)])
    assert receipt.status == "accepted"
    hub.embedded().drain()


def letters(hub: Hub, agency: str) -> list[dict[str, Any]]:
    """What comes into the agency's hands now; it has them then."""
    leased = hub.queues.lease(agency, limit=100, seconds=60)
    hub.queues.acknowledge(agency, [one.id for one in leased])
    hub.embedded().drain()
    return [json.loads(one.body) for one in leased]


def read(hub: Hub, agency: str, type_: str) -> list[dict[str, Any]]:
    return [one["data"] for one in letters(hub, agency) if one["type"] == type_]


def command(worked: tuple[DemoFolder, Hub], name: str, *arguments: str) -> str:
    told = CliRunner().invoke(main, [name, "--config", str(worked[0].config), *arguments])
    assert told.exit_code == 0, told.output
    return told.stdout


def who_holds(worked: tuple[DemoFolder, Hub], head: dict[str, Any]) -> set[tuple[Any, ...]]:
    told = json.loads(command(worked, "case", head["referral_id"], "--now", "--json"))
    names = ("recipient", "colour", "state", "stands", "change")
    return {tuple(one[name] for name in names) for one in told if one["urgent"]}


def running(worked: tuple[DemoFolder, Hub], kind: str) -> list[dict[str, Any]]:
    every = json.loads(command(worked, "clocks", "--json"))
    return [one for one in every if one["kind"] == kind]


def test_a_red_that_is_lowered_is_told_to_whoever_has_it_and_taken_from_whoever_has_not(
    worked: tuple[DemoFolder, Hub], hub: Hub
) -> None:
    head = told_of_a_child(hub)
    decides(hub, "rating", head, colour="red")
    (product,) = read(hub, DUTY, PRODUCT)
    assert product["colour"] == "red"
    decides(hub, "rating", head, colour="amber")
    (letter,) = letters(hub, DUTY)
    assert letter["type"] == CHANGED
    told = letter["data"]
    assert (told["was"], told["colour"]) == ("red", "amber")
    assert told["product_ids"] == [product["product_id"]]
    assert told["about"]["names"] == product["about"]["names"]
    assert letters(hub, CAIT) == [], "it had nothing in hand"
    assert [one["referral_id"] for one in running(worked, "receipt")] == [head["referral_id"]]
    assert who_holds(worked, head) == {
        (DUTY, "red", "fetched", False, "told"),
        (CAIT, "red", "taken back from its queue", False, None),
    }
    send(hub, DUTY, [answer(letter) or {}])
    hub.embedded().drain()
    assert running(worked, "receipt") == []
    assert (DUTY, "red", "fetched", False, "acknowledged") in who_holds(worked, head)
    said = command(worked, "case", head["referral_id"], "--now")
    assert "csc_duty_team: red at once, fetched, stands no more, of what changed: ack" in said


def test_closing_is_told_to_whoever_holds_a_product_and_so_is_that_it_goes_on(hub: Hub) -> None:
    head = told_of_a_child(hub)
    decides(hub, "rating", head, colour="red")
    assert len(read(hub, DUTY, PRODUCT)) == 1
    why = {"may_be_told": "Thank you.", "without_product": "It was a mistake."}
    decides(hub, "outcome", head, outcome="no_further_action", **why)
    (told,) = read(hub, DUTY, CHANGED)
    assert told["outcome"] == "no_further_action"
    assert told["to_do"].startswith("What you have stands no more")
    assert letters(hub, CAIT) == []
    decides(hub, "rating", head, colour="red", rationale="It was none")
    (told,) = read(hub, DUTY, CHANGED)
    assert told["changed"] == "The referral is open again."
    assert [one["colour"] for one in read(hub, CAIT, PRODUCT)] == ["red"]


def test_the_lower_ratings_product_goes_out_and_red_again_tells_the_front_line_again(
    hub: Hub,
) -> None:
    head = told_of_a_child(hub)
    decides(hub, "rating", head, colour="red")
    assert len(read(hub, DUTY, PRODUCT)) == 1
    decides(hub, "rating", head, colour="amber", level="none")
    (request,) = (
        letter
        for letter in letters(hub, "police")
        if letter["type"] == "mash.approval-request.v1" and letter["data"]["recipient"] == TEAM
    )
    send(hub, "police", [answer(request) or {}])
    hub.embedded().drain()
    (amber,) = read(hub, TEAM, PRODUCT)
    assert amber["colour"] == "amber"
    decides(hub, "rating", head, colour="red")
    came = letters(hub, DUTY)
    assert [one["type"] for one in came] == [CHANGED, CHANGED, PRODUCT]
    assert [one["data"]["colour"] for one in came] == ["amber", "red", "red"]
    (raised,) = read(hub, TEAM, CHANGED)
    assert "raised from Amber to Red" in raised["changed"]

"""A GP's Red in a whole hub, from the door to the front line's queue, while the GP is silent."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from ops.demo.simulation.answers import event
from ops.run.wiring import Hub, open_hub
from router.runtimes.clock import publish_due
from tests.support.filled import empty_hub, seen_by_lead, send

LEAD = "childrens_social_care"
SAID = "Robin said that his mother's partner hit him with a belt last night."
SEEN = "Bruised today; school ends at 15:10."
QUICK = "approval = { kind = 'minutes', minutes = 0.01 }"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """The sample's hub, in which the GP is always there and has less than a second to decide."""
    folder, _ = empty_hub(tmp_path / "hub")
    sample = (files("ops.profiles") / "sample-borough.toml").read_text("utf-8")
    quick = re.sub(r"approval = \{[^}]*\}", QUICK, sample)
    always = re.sub(r"\[calendars\.gp\.hours\]\n(.+\n)+", "[calendars.gp]\nalways = true\n", quick)
    profile = folder.path / "quick.toml"
    profile.write_text(always, "utf-8")
    config = folder.config.read_text("utf-8").replace('"sample-borough"', f'"{profile}"')
    folder.config.write_text(config, "utf-8")
    opened = open_hub(folder.config, {})
    yield opened
    opened.database.close()


def letters(hub: Hub, agency: str, kind: str) -> list[dict[str, Any]]:
    leased = hub.queues.lease(agency, limit=500, seconds=0)
    return [json.loads(one.body)["data"] for one in leased if one.type == f"mash.{kind}.v1"]


def told(hub: Hub, agency: str, kind: str, **data: Any) -> None:
    (receipt,) = send(hub, agency, [event(kind, f"mash.{kind}.v1", agency=agency, data=data)])
    assert receipt.status == "accepted"
    hub.embedded().drain()


def a_red_of_the_gp(hub: Hub) -> None:
    child = {
        "name": [{"given_name": ["Robin"], "family_name": ["Sample"]}],
        "date_of_birth": {"date": "2016-05-14"},
        "address": [{"line1": "4 Mill Ln", "city": "Exampleton", "postcode": "ZZ99 3VZ"}],
    }
    said = {"reference": "R-1", "observed_at": "2026-11-03T19:40:00Z", "narrative": SAID}
    told(hub, "gp", "notification", subject=child, **said)
    (rating,) = letters(hub, LEAD, "rating-request")
    head = {name: rating[name] for name in ("referral_id", "case_id")}
    why = {"decided_by": "S. Worker", "rationale": "As told", "for_front_line": SEEN}
    saw = seen_by_lead(hub, head["referral_id"])
    told(hub, LEAD, "rating-decision", colour="red", saw=saw, **head, **why)


def test_the_front_line_can_act_on_it_at_once(hub: Hub) -> None:
    a_red_of_the_gp(hub)
    (product,) = letters(hub, "csc_duty_team", "product")
    assert product["about"]["names"][0]["given_name"] == ["Robin"]
    assert product["about"]["address"][0]["line1"] == "4 Mill Ln"
    assert product["alleged"].startswith(
        "A hint by words of the text, and no more: The child is said to"
    )
    assert [(one["owner"], one["text"]) for one in product["items"]] == [(LEAD, SEEN)]
    assert [one["owner"] for one in product["signposts"]] == ["gp"]
    assert product["contact"]
    assert product["due_at"]
    assert "belt" not in json.dumps(product)


def test_its_silent_owner_is_chased_up_to_a_person_and_what_it_lets_leave_late_follows(
    hub: Hub,
) -> None:
    a_red_of_the_gp(hub)
    (first,) = letters(hub, "csc_duty_team", "product")
    asked = letters(hub, "gp", "approval-request")
    (request,) = (one for one in asked if one["recipient"] == "csc_duty_team")
    assert (request["follows"], bool(request["due_at"])) == (first["product_id"], True)
    chain = ["Duty manager", "Ada Sample, head of service"]
    until = time.monotonic() + 60
    while time.monotonic() < until:
        publish_due(hub.database, limit=100)
        hub.embedded().drain()
        up = letters(hub, LEAD, "owed")
        here = [one for one in up if one["subject_id"] == request["product_id"]]
        if [one["escalated_to"]["role"] for one in here] == chain:
            break
    owed = [one for one in letters(hub, "gp", "owed") if one["subject_id"] == request["product_id"]]
    assert [one["moment"] for one in owed] == ["warned", "chased"]
    assert [one["escalated_to"]["role"] for one in here] == chain
    for one in (*owed, *here):
        assert one["about"]["names"][0]["given_name"] == ["Robin"]
    names = ("referral_id", "product_id", "case_id", "recipient", "purpose")
    decision = {name: request[name] for name in names}
    item = {"item_id": request["item"]["item_id"], "digest": request["item"]["original_digest"]}
    who = {"choice": "release_original", "decided_by": "SIMULATED decision maker"}
    told(hub, "gp", "release-decision", **decision, **item, **who)
    more = letters(hub, "csc_duty_team", "product")[-1]
    assert (more["follows"], more["items"][0]["text"]) == (first["product_id"], SAID)

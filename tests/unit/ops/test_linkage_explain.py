"""`hub linkage explain`: how a notification was linked, and what humans decided since; and no
personal data.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import event
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.linkage.explained import odds
from ops.run.wiring import Hub
from tests.support.filled import empty_hub, filled_hub, seen_by_lead, send

LEAD = "childrens_social_care"
WHO = {"decided_by": "S. Worker", "rationale": "Simulated: I asked"}


def explain(folder: DemoFolder, wanted: str, *arguments: str) -> Result:
    return CliRunner().invoke(
        main, ["linkage", "explain", "--config", str(folder.config), wanted, *arguments]
    )


def explained(folder: DemoFolder, wanted: str) -> dict[str, Any]:
    (one,) = json.loads(explain(folder, wanted, "--json").stdout)
    assert isinstance(one, dict)
    return one


def everything(folder: DemoFolder, hub: Hub) -> list[dict[str, Any]]:
    with hub.database.reading() as connection:
        query = (
            "SELECT correlation_id FROM journal WHERE type = 'mash.case.child-linked.v1' "
            "ORDER BY position"
        )
        return [explained(folder, id_) for id_ in connection.execute(text(query)).scalars().all()]


def decide(hub: Hub, id_: str, type_: str, **data: Any) -> str:
    """A decision of the lead agency; the id of its receipt."""
    (receipt,) = send(hub, LEAD, [event(id_, type_, agency=LEAD, data=data | WHO)])
    hub.embedded().drain()
    return receipt.id


@pytest.fixture(scope="module")
def linked(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[DemoFolder, Hub, list[dict[str, Any]]]:
    """A hub of 200 notifications about which no human has decided anything, and each of its links
    explained.
    """
    folder, hub = filled_hub(
        tmp_path_factory.mktemp("linked") / "hub", notifications=200, answered=False
    )
    return folder, hub, everything(folder, hub)


Linked = tuple[DemoFolder, Hub, list[dict[str, Any]]]


def of(linked: Linked, outcome: str) -> list[dict[str, Any]]:
    return [one for one in linked[2] if one["outcome"] == outcome]


def test_a_link_is_told_with_its_reasons_for_and_against_its_strength_and_the_model(
    linked: Linked,
) -> None:
    assert of(linked, "linked")
    for one in of(linked, "linked"):
        assert one["decided_by"].startswith("linkage-")
        amended = "this is a new version" in one["reasons"][0]["says"]
        assert (one["odds"] or "").endswith("to 1") is not amended
        assert any(reason["speaks_for"] for reason in one["reasons"])
        assert all(reason["strength"] for reason in one["reasons"]) is not amended
        assert one["now_person_id"] == one["person_id"]
    assert any(not reason["speaks_for"] for one in linked[2] for reason in one["reasons"])


def test_a_review_is_told_with_its_candidates_best_first_and_how_far_the_best_is_ahead(
    linked: Linked,
) -> None:
    reviews = of(linked, "review")
    assert reviews
    for one in reviews:
        scores = [candidate["score"] for candidate in one["candidates"]]
        assert scores == sorted(scores, reverse=True)
        assert all(candidate["reasons"] for candidate in one["candidates"])
        if len(scores) > 1:
            assert one["ahead_of_the_next"] == round(scores[0] - scores[1], 2)


def test_a_message_and_a_reference_lead_to_the_same_decision(linked: Linked) -> None:
    folder, hub, all_ = linked
    referral = all_[0]["referral_id"]
    with hub.database.reading() as connection:
        rows = connection.execute(
            text("SELECT type, subject, message_id FROM journal WHERE correlation_id = :id"),
            {"id": referral},
        ).all()
    reference = next(row.subject for row in rows if row.type == "mash.notification.received.v1")
    suggested = next(row.message_id for row in rows if row.type == "mash.rating.suggested.v1")
    assert explained(folder, reference) == explained(folder, suggested) == all_[0]


def test_words_say_the_same_as_the_json(linked: Linked) -> None:
    folder = linked[0]
    for one in (*of(linked, "review")[:1], *of(linked, "linked")[:1], *of(linked, "new")[:1]):
        said = explain(folder, one["referral_id"]).stdout
        assert (one["odds"] or "") in said
        assert all(reason["says"] in said for reason in one["reasons"])
        assert all(candidate["person_id"] in said for candidate in one["candidates"])
    waiting = explain(folder, of(linked, "review")[0]["referral_id"]).stdout
    assert "nobody has decided about it yet" in waiting


def test_no_explanation_tells_of_a_person(linked: Linked) -> None:
    told = json.dumps(linked[2])
    for line in sample_lines(200):
        record = json.loads(line)
        for part in ("family_name", "nhs_number", "postcode", "narrative", "phone"):
            assert not record[part] or record[part] not in told


def test_what_nobody_linked_is_said_to_be_unknown(linked: Linked) -> None:
    answer = explain(linked[0], "nobody")
    assert answer.exit_code == 1
    assert "no notification was linked" in answer.output


def test_what_humans_decided_since_is_told_with_the_decisions_to_undo(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=120, answered=False)
    one = next(one for one in everything(folder, hub) if one["outcome"] == "review")
    best = one["candidates"][0]["person_id"]
    moved = decide(
        hub,
        "d1",
        "mash.link-decision.v1",
        referral_id=one["referral_id"],
        person_id=best,
        saw=seen_by_lead(hub, one["referral_id"]),
    )
    after = explained(folder, one["referral_id"])
    assert after["person_id"] == one["person_id"], "what was decided then stays as it was"
    assert after["now_person_id"] == best
    assert [later["id"] for later in after["since"]] == [moved]
    undone = decide(hub, "d2", "mash.undo-decision.v1", decision_id=moved)
    again = explained(folder, one["referral_id"])
    assert again["now_person_id"] == one["person_id"]
    assert {later["id"] for later in again["since"]} == {moved, undone}
    assert "S. Worker" not in json.dumps(again)


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0.0, "even"),
        (1.0, "about 2.0 to 1"),
        (10.0, "about 1,000 to 1"),
        (-3.0, "about 8.0 to 1 against"),
    ],
)
def test_bits_are_told_as_odds(bits: float, words: str) -> None:
    assert odds(bits) == words


def test_a_concern_that_came_again_under_a_new_reference_is_shown_as_such_and_no_repeat(
    tmp_path: Path,
) -> None:
    folder, hub = empty_hub(tmp_path / "hub")
    record = json.loads(sample_lines()[0])
    again = record | {"notification_id": "again", "source_reference": "HV24-99999"}
    for one in (record, again):
        send(hub, record["source_agency"], [notification_event(one)])
    hub.embedded().drain()
    first, second = everything(folder, hub)
    assert first["same_concern_as"] is None
    assert second["same_concern_as"] == first["referral_id"]
    shown = explain(folder, second["referral_id"]).stdout
    assert f"tells again of the concern of {first['referral_id']}: no repeat" in shown
    case = CliRunner().invoke(main, ["case", "--config", str(folder.config), first["case_id"]])
    assert f"same_concern_as={first['referral_id']}" in case.stdout
    assert "earlier_referrals=1" not in case.stdout

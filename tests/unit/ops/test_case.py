"""`hub case`: the whole trail, by any id that people have, and no personal data unless somebody
says who and why.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from ops.access.acting import asker
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import event
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.look.trail import reveal
from ops.run.wiring import Hub
from schemas.access import Purpose
from stores import journal
from stores.trail import about
from tests.support.filled import answer_letters, empty_hub, filled_hub, send

Worked = tuple[DemoFolder, Hub]


def case(folder: DemoFolder, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["case", "--config", str(folder.config), *arguments])


def trail(folder: DemoFolder, wanted: str, *arguments: str) -> list[dict[str, Any]]:
    events = json.loads(case(folder, wanted, "--json", *arguments).stdout)
    assert isinstance(events, list)
    return events


def one(hub: Hub, query: str, **bound: str) -> str:
    with hub.database.reading() as connection:
        return str(connection.execute(text(query), bound).scalar_one())


DELIVERED = (
    "SELECT {} FROM journal AS delivered WHERE type = 'mash.product.delivered.v1' AND EXISTS "
    "(SELECT 1 FROM journal AS decided WHERE decided.type = 'mash.product.item-decided.v1' "
    "AND decided.subject = delivered.subject) ORDER BY position LIMIT 1"
)
"""Of a case about which owners decided: nobody need have for what a Red sends at once."""


def test_the_trail_of_a_case_goes_from_received_to_delivered_in_order(worked: Worked) -> None:
    folder, hub = worked
    events = trail(folder, one(hub, DELIVERED.format("subject")))
    types = [event["type"] for event in events]
    assert [event["position"] for event in events] == sorted(event["position"] for event in events)
    assert types[0] == "mash.notification.received.v1"
    assert {
        "mash.case.child-linked.v1",
        "mash.rating.suggested.v1",
        "mash.rating.assigned.v1",
        "mash.information.requested.v1",
        "mash.information.answered.v1",
        "mash.product.drafted.v1",
        "mash.product.item-decided.v1",
        "mash.product.released.v1",
        "mash.product.delivered.v1",
    } <= set(types)


def test_a_referral_a_product_and_a_reference_lead_to_the_same_trail(worked: Worked) -> None:
    folder, hub = worked
    referral = one(hub, DELIVERED.format("correlation_id"))
    received = one(hub, "SELECT subject FROM journal WHERE message_id = :id", id=referral)
    delivered = next(
        event for event in trail(folder, referral) if event["type"] == "mash.product.delivered.v1"
    )
    of_referral = {event["message_id"] for event in trail(folder, referral)}
    assert of_referral <= {event["message_id"] for event in trail(folder, received)}
    assert of_referral <= {
        event["message_id"] for event in trail(folder, delivered["shown"]["product_id"])
    }


def test_it_says_colours_reasons_digests_due_times_and_what_was_decided(worked: Worked) -> None:
    folder, hub = worked
    shown = {
        event["type"]: event["shown"]
        for event in trail(folder, one(hub, DELIVERED.format("subject")))
    }
    assert shown["mash.rating.suggested.v1"].keys() >= {
        "colour",
        "reasons",
        "profile",
        "product_due_at",
    }
    assert "picture_id" in shown["mash.rating.assigned.v1"]
    assert shown["mash.product.item-decided.v1"].keys() >= {"owner", "choice", "recipient"}
    assert shown["mash.product.released.v1"].keys() >= {"digest", "signposts"}
    assert all(item["sanitised_digest"] for item in shown["mash.product.drafted.v1"]["items"])


def test_no_trail_shows_personal_data_unless_revealed(worked: Worked) -> None:
    folder, hub = worked
    with hub.database.reading() as connection:
        cases = connection.execute(
            text("SELECT DISTINCT subject FROM journal WHERE type LIKE 'mash.case.%'")
        ).scalars()
        told = "".join(
            case(folder, id_).stdout + case(folder, id_, "--json").stdout for id_ in cases
        )
    assert "colour=" in told
    for line in sample_lines(40):
        record = json.loads(line)
        for part in ("family_name", "nhs_number", "postcode", "narrative", "phone"):
            assert not record[part] or record[part] not in told
    assert "decided_by" not in told
    assert "rationale" not in told


@pytest.mark.parametrize("said", [[], ["--who", "J. Auditor"], ["--why", "complaint"]])
def test_revealing_needs_who_and_why(worked: Worked, said: list[str]) -> None:
    answer = case(worked[0], one(worked[1], DELIVERED.format("subject")), "--reveal", *said)
    assert answer.exit_code == 2
    assert "--who" in answer.output


def test_revealing_shows_contents_and_records_who_looked_at_what_and_why(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=2)
    id_ = one(hub, "SELECT subject FROM journal WHERE type = 'mash.case.child-linked.v1' LIMIT 1")
    before = trail(folder, id_)
    revealed = trail(folder, id_, "--reveal", "--who", "J. Auditor", "--why", "complaint 2026/17")
    assert [event["message_id"] for event in revealed] == [event["message_id"] for event in before]
    assert any("narrative" in json.dumps(event["content"]) for event in revealed)
    last = trail(folder, id_, "--reveal", "--who", "J. Auditor", "--why", "to see who looked")[-1]
    assert last["content"]["seen_by"] == "J. Auditor"
    assert last["content"]["why"] == "complaint 2026/17"
    assert last["content"]["message_ids"] == [event["message_id"] for event in before]
    with hub.database.reading() as connection:
        assert [
            found for found in journal.verify(connection) if isinstance(found, journal.Flaw)
        ] == []


def test_whoever_told_something_of_a_case_is_told_that_it_was_revealed(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=2)
    id_ = one(hub, "SELECT subject FROM journal WHERE type = 'mash.case.child-linked.v1' LIMIT 1")
    trail(folder, id_, "--reveal", "--who", "J. Auditor", "--why", "complaint 2026/17")
    with hub.database.reading() as connection:
        entries = about(connection, hub.database.vault, wanted=id_)
    came = {
        entry.message.id: entry.message.data.of_agency
        for entry in entries
        if entry.chain.startswith("intake/")
    }
    told = dict[str, str]()
    for agency in hub.settings.agencies:
        for letter in hub.queues.lease(agency, limit=500, seconds=60):
            if letter.type == "mash.content-revealed.v1":
                ids = json.loads(letter.body)["data"]["message_ids"]
                told |= dict.fromkeys(ids, agency)
    assert len(set(told.values())) > 1
    assert told == came


def test_looking_without_revealing_records_nothing(worked: Worked) -> None:
    folder, hub = worked
    before = one(hub, "SELECT max(position) FROM journal")
    trail(folder, one(hub, DELIVERED.format("subject")))
    assert one(hub, "SELECT max(position) FROM journal") == before


def test_an_unknown_id_is_said_to_be_unknown_and_not_recorded(worked: Worked) -> None:
    folder, hub = worked
    assert "nothing is recorded" in case(folder, "nobody").output
    auditor = asker(hub, "J. Auditor", why="a slip", purpose=Purpose.AUDIT)
    assert reveal(hub, "nobody", asker=auditor) == []


def test_what_an_agency_calls_its_items_is_not_shown(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=2, answered=False)
    answer_letters(hub)
    hub.embedded().drain()
    agency, asked = next(
        (code, json.loads(letter.body)["data"])
        for code in hub.settings.agencies
        for letter in hub.queues.lease(code, limit=50, seconds=60)
        if letter.type == "mash.information-request.v1"
    )
    item = {
        "item_id": "note of Jane Canary",
        "owner": agency,
        "text": "Seen.",
        "sensitivity": "routine",
    }
    answer = {
        "request_id": asked["identifier"],
        **{name: asked[name] for name in ("referral_id", "case_id")},
        "known": True,
        "items": [item | {"may_be_revealed": True, "may_leave": True}],
        "answered_by": "N. Urse",
    }
    event = {
        "specversion": "1.0",
        "id": "a-1",
        "source": "s",
        "type": "mash.information-response.v1",
        "data": answer,
    }
    assert send(hub, agency, [event])[0].status == "accepted"
    hub.embedded().drain()
    told = case(folder, asked["case_id"])
    assert "(not the hub's)" in told.stdout
    assert "Canary" not in told.stdout


def test_a_merge_is_told_with_both_persons_and_what_moved_but_not_who_said_so(
    tmp_path: Path,
) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3, answered=False)
    linked = _linked(folder, hub)
    kept, absorbed = linked[:2]
    data = {
        "person_id": kept["person_id"],
        "other_person_id": absorbed["person_id"],
        "same": True,
        "decided_by": "S. Worker",
        "rationale": "the school knows both",
    }
    send(
        hub,
        "childrens_social_care",
        [event("d1", "mash.persons-decision.v1", agency="childrens_social_care", data=data)],
    )
    hub.embedded().drain()
    told = {e["type"]: e["shown"] for e in trail(folder, kept["case_id"])}
    merged = told["mash.case.persons-merged.v1"]
    assert merged["absorbed_person_id"] == absorbed["person_id"]
    assert merged["referral_ids"] == [absorbed["referral_id"]]
    assert told["mash.persons.decided.v1"]["decision"]["same"] is True
    assert "S. Worker" not in str(told)
    moved = {e["type"]: e["shown"] for e in trail(folder, absorbed["case_id"])}[
        "mash.case.link-corrected.v1"
    ]
    assert moved["decision_id"] == merged["decision_id"]


def _linked(folder: DemoFolder, hub: Hub) -> list[dict[str, Any]]:
    with hub.database.reading() as connection:
        query = (
            "SELECT correlation_id FROM journal WHERE type = 'mash.case.child-linked.v1' "
            "ORDER BY position"
        )
        ids = connection.execute(text(query)).scalars().all()
    shown = [{e["type"]: e["shown"] for e in trail(folder, id_)} for id_ in ids]
    return [told["mash.case.child-linked.v1"] for told in shown]


def test_that_a_notification_had_warnings_is_shown_by_field_and_its_values_only_when_revealed(
    tmp_path: Path,
) -> None:
    folder, hub = empty_hub(tmp_path / "hub")
    record = json.loads(sample_lines(1)[0]) | {"date_of_birth": "3rd of Quillon", "sex": "Quillon"}
    sent = notification_event(record | {"Quillon": "a field of nobody's"})
    (receipt,) = send(hub, record["source_agency"], [sent])
    hub.embedded().drain()
    first = trail(folder, receipt.id)[0]
    assert first["shown"]["warnings"] == {
        "count": 3,
        "fields": ["data.date_of_birth", "data.sex"],
    }
    assert "Quillon" not in case(folder, receipt.id).stdout
    assert "warnings=(count=3, fields=[data.date_of_birth" in case(folder, receipt.id).stdout
    revealed = trail(folder, receipt.id, "--reveal", "--who", "J. Auditor", "--why", "complaint")
    kept = revealed[0]["content"]["notification"]["set_aside"]
    assert {part["value"] for part in kept} >= {"3rd of Quillon", "Quillon", "a field of nobody's"}

"""Whoever decides has a picture before them; the hub keeps it, and decisions name it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ops.access.acting import asker
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import SOCIAL_WORKER, event
from ops.look import pictures, trail
from ops.look.picture_words import in_words
from ops.look.replay import Wanted, replay
from ops.run.wiring import Hub
from schemas.access import Purpose
from schemas.base import Fact
from schemas.picture import Picture
from stores import journal
from tests.support.filled import empty_hub, send

LEAD = "childrens_social_care"
ROBIN: dict[str, Any] = {
    "name": [{"given_name": ["Robin"], "family_name": ["Sample"]}],
    "date_of_birth": {"date": "2016-05-14"},
    "sex_code": "male",
    "identifier": [{"value": "9990000018", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
    "address": [{"line1": "12 Example Street", "city": "Sampleton", "postcode": "ZZ9 9ZZ"}],
    "related_person": [
        {
            "name": {"given_name": ["Jo"], "family_name": ["Sample"]},
            "relationship": "mother",
            "date_of_birth": {"date": "1990-02-03"},
        },
        {"name": {"given_name": ["Ashley"], "family_name": ["Sample"]}, "relationship": "sister"},
    ],
}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[DemoFolder, Hub]]:
    folder, opened = empty_hub(tmp_path / "hub")
    yield folder, opened
    opened.database.close()


def told(hub: Hub, agency: str, reference: str, **changes: Any) -> str:
    """A notification about Robin; the id of its referral."""
    said = {
        "reference": reference,
        "observed_at": "2026-11-03T19:40:00Z",
        "subject": ROBIN,
        "narrative": f"Robin was found alone in the street, as {reference} says.",
    }
    notified = event(
        f"e-{len(facts(hub))}", "mash.notification.v1", agency=agency, data=said | changes
    )
    (receipt,) = send(hub, agency, [notified])
    hub.embedded().drain()
    return receipt.id


def letters(hub: Hub, agency: str, type_: str = "") -> list[dict[str, Any]]:
    """The agency's letters of this type, which it takes away."""
    leased = hub.queues.lease(agency, limit=100, seconds=60)
    events = [json.loads(one.body) for one in leased]
    mine = [one for one, said in zip(leased, events, strict=True) if said["type"] == type_]
    hub.queues.acknowledge(agency, [one.id for one in mine])
    others = [one.id for one in leased if one not in mine]
    hub.queues.give_back(agency, others, after_seconds=0)
    return [said["data"] for said in events if said["type"] == type_]


def rate(hub: Hub, letter: dict[str, Any], colour: str = "amber", **changes: Any) -> None:
    picture = letter["picture"]
    said = {
        "referral_id": letter["referral_id"],
        "case_id": letter["case_id"],
        "colour": colour,
        "decided_by": "S. Worker",
        "rationale": "As shown",
        "saw": [{"id": picture["id"], "digest": picture["digest"]}],
    }
    id_ = f"rate-{len(facts(hub))}"
    send(hub, LEAD, [event(id_, "mash.rating-decision.v1", agency=LEAD, data=said | changes)])
    hub.embedded().drain()


def facts(hub: Hub, type_: str = "") -> list[Fact]:
    with hub.database.reading() as connection:
        rows = journal.rows_after(connection, 0, limit=5000)
        keys = hub.database.vault.keys(connection, {row.key_id for row in rows}, create=False)
    messages = [journal.opened(row, keys) for row in rows]
    return [message.data for message in messages if not type_ or message.type == type_]


def refusals(hub: Hub) -> list[tuple[str, str | None]]:
    refused: list[Any] = facts(hub, "mash.message.refused.v1")
    return [(one.reason, one.field) for one in refused]


def test_a_rating_request_shows_the_child_the_concern_and_the_family(
    hub: tuple[DemoFolder, Hub],
) -> None:
    told(
        hub[1],
        "police",
        "R-1",
        concern=["unsupervised"],
        parents_informed={"informed": False, "consent": "refused", "reason": "She shut the door"},
    )
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    picture = request["picture"]["content"]
    child, concern = picture["child"], picture["concern"]
    assert child["names"][0]["name"]["given_name"] == ["Robin"]
    assert child["births"][0]["date_of_birth"]["date"] == "2016-05-14"
    assert child["addresses"][0]["address"]["line1"] == "12 Example Street"
    assert (child["addresses"][0]["told_by"], child["addresses"][0]["on"]) == (
        "police",
        "2026-11-03",
    )
    assert child["identifiers"][0]["identifier"]["value"] == "9990000018"
    assert child["outcome"] == "new"
    assert concern["narrative"] == "Robin was found alone in the street, as R-1 says."
    assert concern["parents_informed"]["reason"] == "She shut the door"
    assert concern["call"] == "MASH sergeant, 01632 960101"
    assert [(one["relationship"], one["told_by"]) for one in picture["adults"]] == [
        ("mother", "police")
    ]
    assert [one["name"]["given_name"] for one in picture["children"]] == [["Ashley"]]
    assert picture["suggestion"]["colour"] == "red"
    assert picture["repeats"] == {"of_child": 1, "of_family": 1}
    assert {clock["clock"] for clock in picture["clocks"]} >= {"decision"}


def test_the_trail_says_that_a_decision_was_made_on_an_older_picture(
    hub: tuple[DemoFolder, Hub],
) -> None:
    referral = told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    told(hub[1], "school", "R-2")
    rate(hub[1], request)
    events = {event.type: event.shown for event in trail.of(hub[1], referral)}
    rated = events["mash.rating.assigned.v1"]
    assert (rated["newer"], rated["picture_id"]) == (True, request["picture"]["id"])


def test_the_childs_school_and_gp_are_shown_with_who_told_them(
    hub: tuple[DemoFolder, Hub],
) -> None:
    doctor = {
        "name": {"given_name": ["Ada"], "family_name": ["Okoro"]},
        "relationship": "gp",
        "works_for": ["Mill Surgery"],
        "contact": [{"telephone": ["01632 960188"]}],
    }
    school = {"name": "Larkspur Academy", "protected": True, "protected_reason": "New school"}
    more = {"related_person": [*ROBIN["related_person"], doctor], "school": school}
    told(hub[1], "police", "R-1", subject=ROBIN | more)
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    picture = Picture.model_validate(request["picture"]["content"])
    assert [adult.relationship for adult in picture.adults] == ["mother"]
    lines = list(in_words(picture, {"police": "Police"}))
    assert "  School: Larkspur Academy, protected: New school (Police, 03 Nov 2026)" in lines
    assert "  GP: Ada Okoro, Mill Surgery, 01632 960188 (Police, 03 Nov 2026)" in lines


def test_another_child_of_the_family_is_shown_with_what_was_told_of_them(
    hub: tuple[DemoFolder, Hub],
) -> None:
    """Whatever the family is found by: here the address and the mother."""
    ashley = {**ROBIN, "name": [{"given_name": ["Ashley"], "family_name": ["Sample"]}]}
    ashley |= {"sex_code": "female", "identifier": [], "date_of_birth": {"date": "2012-01-30"}}
    ashley |= {"related_person": [ROBIN["related_person"][0]]}
    told(hub[1], "gp", "G-1", subject=ashley, narrative="Ashley missed her appointment.")
    told(hub[1], "police", "R-1")
    shown = [one["picture"]["content"] for one in letters(hub[1], LEAD, "mash.rating-request.v1")]
    picture = next(one for one in shown if one["concern"]["reference"] == "R-1")
    (sister,) = picture["children"]
    assert sister["date_of_birth"]["date"] == "2012-01-30"
    assert [one["narrative"] for one in picture["history"]] == ["Ashley missed her appointment."]
    assert picture["repeats"] == {"of_child": 1, "of_family": 2}


def test_what_was_shown_is_recorded_once_as_it_was(hub: tuple[DemoFolder, Hub]) -> None:
    told(hub[1], "police", "R-1")
    first = hub[1].queues.lease(LEAD, limit=10, seconds=0)
    again = hub[1].queues.lease(LEAD, limit=10, seconds=0)
    assert [one.body for one in first] == [one.body for one in again]
    (shown,) = facts(hub[1], "mash.picture.shown.v1")
    (body,) = [one.body for one in first if one.type == "mash.rating-request.v1"]
    given = json.loads(body)["data"]["picture"]
    assert shown.picture.model_dump(mode="json") == given  # type: ignore[attr-defined]
    assert shown.picture.content.digest() == given["digest"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("saw", ["none", "another digest", "nothing that was shown"])
def test_a_rating_on_no_picture_is_refused(hub: tuple[DemoFolder, Hub], saw: str) -> None:
    told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    picture = request["picture"]
    named = {
        "none": [],
        "another digest": [{"id": picture["id"], "digest": "0" * 64}],
        "nothing that was shown": [{"id": "p-1", "digest": picture["digest"]}],
    }
    rate(hub[1], request, saw=named[saw])
    assert refusals(hub[1]) == [("refused.not-shown", "saw")]
    assert not facts(hub[1], "mash.rating.assigned.v1")


def test_a_picture_of_another_referral_is_none_of_this_one(hub: tuple[DemoFolder, Hub]) -> None:
    told(hub[1], "police", "R-1")
    other = {**ROBIN, "name": [{"given_name": ["Kim"], "family_name": ["Example"]}]}
    other |= {"identifier": [], "date_of_birth": {"date": "2011-01-02"}, "address": []}
    told(hub[1], "school", "S-1", subject=other, narrative="Kim is hungry again at school.")
    one, two = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], one, saw=[{key: two["picture"][key] for key in ("id", "digest")}])
    assert refusals(hub[1]) == [("refused.not-shown", "saw")]


def test_a_rating_names_the_picture_it_was_decided_on(hub: tuple[DemoFolder, Hub]) -> None:
    told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], request)
    (assigned,) = facts(hub[1], "mash.rating.assigned.v1")
    assert assigned.picture_id == request["picture"]["id"]  # type: ignore[attr-defined]
    assert not assigned.newer  # type: ignore[attr-defined]


def answered(hub: Hub, agency: str, *items: dict[str, Any]) -> None:
    (request,) = letters(hub, agency, "mash.information-request.v1")
    said = {
        "request_id": request["identifier"],
        "referral_id": request["referral_id"],
        "case_id": request["case_id"],
        "known": True,
        "items": list(items),
        "answered_by": "A. Teacher",
    }
    answer = event("answer", "mash.information-response.v1", agency=agency, data=said)
    send(hub, agency, [answer])
    hub.embedded().drain()


def item(number: int, text: str, **flags: Any) -> dict[str, Any]:
    return {
        "item_id": str(number),
        "owner": "school",
        "text": text,
        "sensitivity": "routine",
        "may_be_revealed": True,
        "may_leave": True,
    } | flags


def test_an_answer_reaches_who_decides_as_what_is_new(hub: tuple[DemoFolder, Hub]) -> None:
    told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], request)
    secret = item(2, "A secret of the school.", may_be_revealed=False, signpost=False)
    answered(hub[1], "school", item(1, "Robin comes hungry."), secret)
    (news,) = letters(hub[1], LEAD, "mash.what-is-new.v1")
    (asked,) = [one for one in news["picture"]["content"]["asked"] if one["agency"] == "school"]
    assert news["news"] == ["Sample Schools answered."]
    assert [one["text"] for one in asked["items"]] == ["Robin comes hungry."]
    assert "secret" not in json.dumps(news)
    rate(hub[1], request, "red")
    rate(hub[1], news, "green")
    *_, old, new = facts(hub[1], "mash.rating.assigned.v1")
    assert (old.newer, new.newer) == (True, False)  # type: ignore[attr-defined]


WALKS = "Robin walks to school alone along the main road every morning, as a neighbour told us."


def test_an_amendment_asks_nobody_again_and_shows_what_was_answered(
    hub: tuple[DemoFolder, Hub],
) -> None:
    told(hub[1], "police", "R-1", narrative=WALKS)
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], request)
    answered(hub[1], "school", item(1, "Robin comes hungry."))
    told(hub[1], "police", "R-1", narrative=f"{WALKS} It was on Monday.")
    (version,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    picture = version["picture"]["content"]
    assert picture["concern"]["narrative"].endswith("Monday.")
    (school,) = [one for one in picture["asked"] if one["agency"] == "school"]
    assert [one["text"] for one in school["items"]] == ["Robin comes hungry."]
    rate(hub[1], version)
    assert letters(hub[1], "school", "mash.information-request.v1") == []
    *_, plan = letters(hub[1], LEAD, "mash.request-plan.v1")
    why = {one["agency"]: one["reason"] for one in plan["plan"]["not_asked"]}
    assert why["school"] == "It was asked about this concern under another version of it."
    told(hub[1], "police", "R-1", narrative=f"{WALKS} It was on Tuesday, in the rain.")
    (third,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], third, "red", agencies=["school"])
    (again,) = letters(hub[1], "school", "mash.information-request.v1")
    assert again["referral_id"] == third["referral_id"], "who is named is asked all the same"


def test_who_is_asked_under_an_amendment_is_not_asked_under_the_first_version(
    hub: tuple[DemoFolder, Hub],
) -> None:
    told(hub[1], "police", "R-1", narrative=WALKS)
    (first,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    told(hub[1], "police", "R-1", narrative=f"{WALKS} It was on Monday.")
    (version,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], version)
    rate(hub[1], first)
    (asked,) = letters(hub[1], "school", "mash.information-request.v1")
    assert asked["referral_id"] == version["referral_id"]
    for processes in (1, 2):
        report = replay(hub[1], Wanted(), processes=processes)
        assert report.well
        assert report.facts == len(facts(hub[1]))


def test_an_answer_of_which_nothing_is_revealed_looks_like_one_that_knows_nothing(
    hub: tuple[DemoFolder, Hub],
) -> None:
    told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], request)
    answered(hub[1], "school", item(1, "A secret.", may_be_revealed=False, signpost=False))
    (news,) = letters(hub[1], LEAD, "mash.what-is-new.v1")
    (asked,) = [one for one in news["picture"]["content"]["asked"] if one["agency"] == "school"]
    assert (asked["state"], asked["known"], asked.get("items")) == ("answered", False, [])


def test_earlier_concerns_are_shown_with_their_ratings_and_a_resend_is_not_counted(
    hub: tuple[DemoFolder, Hub],
) -> None:
    first = told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], request, "green")
    told(hub[1], "police", "R-1", observed_at="2026-11-03T19:41:00Z", narrative="Robin was alone.")
    told(hub[1], "school", "S-9", observed_at="2026-11-04T09:00:00Z", narrative="Robin is bruised.")
    pictures = (
        one["picture"]["content"] for one in letters(hub[1], LEAD, "mash.rating-request.v1")
    )
    (picture,) = (one for one in pictures if one["concern"]["reference"] == "S-9")
    shown = {one["referral_id"]: one for one in picture["history"]}
    assert shown[first]["colour"] == "green"
    assert [one.get("same_concern_as") for one in picture["history"]] == [first, None]
    assert picture["repeats"]["of_child"] == 2


def test_what_an_earlier_concern_came_to_is_shown(hub: tuple[DemoFolder, Hub]) -> None:
    first = told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], request, "green")
    closing = {
        "referral_id": first,
        "case_id": request["case_id"],
        "outcome": "early_help",
        "may_be_told": "The family is offered help.",
        "decided_by": SOCIAL_WORKER,
        "rationale": "Agreed with the mother",
        "saw": [{key: request["picture"][key] for key in ("id", "digest")}],
    }
    send(hub[1], LEAD, [event("close", "mash.outcome-decision.v1", agency=LEAD, data=closing)])
    hub[1].embedded().drain()
    auditor = asker(hub[1], "J. Auditor", why="An audit", purpose=Purpose.AUDIT)
    _, picture = pictures.reveal(hub[1], first, asker=auditor)
    assert picture is not None
    assert picture.closed is not None
    said = picture.closed.model_dump(mode="json", exclude={"at"}, exclude_none=True)
    kept = ("outcome", "may_be_told", "decided_by", "rationale")
    assert said == {name: closing[name] for name in kept} | {"told": "police"}
    (outcome,) = letters(hub[1], "police", "mash.referral-outcome.v1")
    assert (outcome["reference"], outcome["may_be_told"]) == ("R-1", "The family is offered help.")
    told(hub[1], "school", "S-9", observed_at="2026-11-04T09:00:00Z", narrative="Robin is bruised.")
    *_, latest = letters(hub[1], LEAD, "mash.rating-request.v1")
    (earlier,) = latest["picture"]["content"]["history"]
    assert (earlier["colour"], earlier["outcome"]) == ("green", "early_help")


def test_a_further_concern_is_news_for_who_decided_on_the_first(
    hub: tuple[DemoFolder, Hub],
) -> None:
    first = told(hub[1], "police", "R-1")
    told(hub[1], "school", "S-9", observed_at="2026-11-04T09:00:00Z", narrative="Robin is bruised.")
    (news,) = letters(hub[1], LEAD, "mash.what-is-new.v1")
    assert news["referral_id"] == first
    assert news["news"] == ["There is a further concern about the child."]
    assert [one["narrative"] for one in news["picture"]["content"]["history"]] == [
        "Robin is bruised."
    ]


def test_a_link_review_shows_whom_it_may_be_about(hub: tuple[DemoFolder, Hub]) -> None:
    told(hub[1], "police", "R-1")
    unsure = {
        "name": ROBIN["name"],
        "date_of_birth": {"date": "2016-05-01", "accuracy_indicator": "EEA"},
    }
    told(hub[1], "school", "S-2", subject=unsure, narrative="A boy called Robin cried at school.")
    (review,) = letters(hub[1], LEAD, "mash.link-review.v1")
    (candidate,) = review["picture"]["content"]["candidates"]
    assert candidate["addresses"][0]["address"]["line1"] == "12 Example Street"
    assert candidate["reasons"]


def picture(folder: DemoFolder, *arguments: str) -> Any:
    return CliRunner().invoke(main, ["picture", "--config", str(folder.config), *arguments])


def test_the_command_tells_what_was_shown_and_reveals_only_to_who_says_why(
    hub: tuple[DemoFolder, Hub],
) -> None:
    referral = told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], request)
    (row,) = json.loads(picture(hub[0], referral, "--json").stdout)
    assert (row["id"], row["agency"], row["decided"]) == (request["picture"]["id"], LEAD, ["amber"])
    assert "Robin" not in picture(hub[0], referral).stdout
    assert picture(hub[0], referral, "--reveal").exit_code == 2
    revealed = picture(hub[0], referral, "--reveal", "--who", "J. Auditor", "--why", "complaint")
    assert "Child: Robin Sample" in revealed.stdout
    assert "Rated amber by S. Worker" in revealed.stdout
    assert len(facts(hub[1], "mash.record.revealed.v1")) == 1


def test_whoever_told_something_of_a_picture_is_told_that_it_was_revealed_and_why(
    hub: tuple[DemoFolder, Hub],
) -> None:
    """The police of its concern and the lead agency of its rating; the school told nothing."""
    referral = told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], request)
    picture(hub[0], referral, "--reveal", "--who", "J. Auditor", "--why", "complaint 2026/17")
    (to_police,) = letters(hub[1], "police", "mash.content-revealed.v1")
    seen_at, due_at = (to_police.pop(name) for name in ("seen_at", "review_due_at"))
    assert dt.datetime.fromisoformat(seen_at) < dt.datetime.fromisoformat(due_at)
    assert to_police == {
        "record": "referral",
        "message_ids": [referral],
        "references": ["R-1"],
        "seen_by": "J. Auditor",
        "why": "complaint 2026/17",
        "purpose": "audit",
        "seen_for": LEAD,
        "seen_as": ["auditor"],
        "reviewed_by": "R. Reviewer",
        "to_do": (
            "Nothing, where you find it in order. Where you do not: ring, say who looked and when, "
            "and ask for who reviews it, or for the information risk owner."
        ),
        "contact": "MASH manager, 01632 960102",
    }
    (to_lead,) = letters(hub[1], LEAD, "mash.content-revealed.v1")
    (rated,) = to_lead["message_ids"]
    assert (rated != referral, "references" in to_lead) == (True, False)
    assert letters(hub[1], "school", "mash.content-revealed.v1") == []


def test_decisions_on_pictures_are_replayed(hub: tuple[DemoFolder, Hub]) -> None:
    told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], request)
    answered(hub[1], "school", item(1, "Robin comes hungry."))
    (news,) = letters(hub[1], LEAD, "mash.what-is-new.v1")
    rate(hub[1], news, "red")
    answer = CliRunner().invoke(main, ["replay", "--config", str(hub[0].config), "--json"])
    report = json.loads(answer.stdout)
    assert answer.exit_code == 0
    assert (report["missing"], report["different"], report["unexplained"]) == (0, 0, 0)


def test_what_systems_answered_and_what_they_have_not_stands_in_the_picture(
    hub: tuple[DemoFolder, Hub],
) -> None:
    entry = {
        "system": "ecaf",
        "reference": "EH-1",
        "involvement": "early help plan",
        "since": "2025-09-01",
        "child": ROBIN,
    }
    made = event("entry-1", "mash.register-entry.v1", agency="early_help", data=entry)
    send(hub[1], "early_help", [made])
    hub[1].embedded().drain()
    told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    awaited, known = sorted(request["picture"]["content"]["checked"], key=lambda one: one["state"])[
        ::-1
    ]
    assert (awaited["system"], awaited["state"]) == ("ics", "awaited")
    assert awaited["due_at"] > awaited["asked_at"]
    assert (known["system"], known["known"], known["involvement"], known["reference"]) == (
        "ecaf",
        True,
        "early help plan",
        "EH-1",
    )
    (asked,) = letters(hub[1], LEAD, "mash.check-request.v1")
    reply = {
        "check_id": asked["check_id"],
        "known": True,
        "involvement": "child in need plan",
        "worker": "W. Orker",
    }
    send(hub[1], LEAD, [event("reply-1", "mash.check-reply.v1", agency=LEAD, data=reply)])
    hub[1].embedded().drain()
    (news,) = letters(hub[1], LEAD, "mash.what-is-new.v1")
    assert "knows the child" in news["news"][0]
    checked = {one["system"]: one for one in news["picture"]["content"]["checked"]}
    assert (checked["ics"]["state"], checked["ics"]["worker"]) == ("answered", "W. Orker")
    assert checked["ics"]["answered_at"] >= checked["ics"]["asked_at"]


def test_an_entry_of_a_register_is_no_notification_in_the_history(
    hub: tuple[DemoFolder, Hub],
) -> None:
    entry = {"system": "ecaf", "reference": "EH-1", "child": ROBIN}
    made = event("entry-1", "mash.register-entry.v1", agency="early_help", data=entry)
    send(hub[1], "early_help", [made])
    hub[1].embedded().drain()
    told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    picture = request["picture"]["content"]
    assert picture["history"] == []
    assert picture["repeats"]["of_child"] == 1
    assert picture["child"]["outcome"] == "linked"


def test_an_outcome_below_threshold_is_on_record_for_the_next_concern(
    hub: tuple[DemoFolder, Hub],
) -> None:
    first = told(hub[1], "police", "R-1")
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    rate(hub[1], request, "blue")
    decision = {
        "referral_id": request["referral_id"],
        "case_id": request["case_id"],
        "outcome": "early_help",
        "may_be_told": "Early help was offered.",
        "decided_by": "S. Worker",
        "rationale": "As agreed with the family",
        "without_product": "The family went there itself",
        "saw": [{name: request["picture"][name] for name in ("id", "digest")}],
    }
    send(hub[1], LEAD, [event("close-1", "mash.outcome-decision.v1", agency=LEAD, data=decision)])
    hub[1].embedded().drain()
    assert refusals(hub[1]) == []
    told(hub[1], "school", "S-1", narrative="Robin is often hungry, as S-1 says.")
    (second,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    checked = {one["system"]: one for one in second["picture"]["content"]["checked"]}
    assert checked["ecaf"]["known"]
    assert checked["ecaf"]["involvement"].startswith("early help")
    assert checked["ecaf"]["reference"] == first
    for processes in (1, 2):
        report = replay(hub[1], Wanted(), processes=processes)
        assert report.well
        assert report.facts == len(facts(hub[1]))


def sibling(given: str, born: str) -> dict[str, Any]:
    """Of Robin's mother and home."""
    name = [{"given_name": [given], "family_name": ["Sample"]}]
    child = {**ROBIN, "name": name, "identifier": [], "date_of_birth": {"date": born}}
    return child | {"sex_code": "unknown", "related_person": [ROBIN["related_person"][0]]}


def test_an_incident_with_three_children_is_one_event_and_counted_once_for_the_family(
    hub: tuple[DemoFolder, Hub],
) -> None:
    ids = [told(hub[1], "police", "INC-7/1")]
    for number, (given, born) in enumerate((("Ashley", "2012-01-30"), ("Morgan", "2010-08-02"))):
        ids.append(told(hub[1], "police", f"INC-7/{number + 2}", subject=sibling(given, born)))
    told(hub[1], "gp", "G-1", observed_at="2026-11-05T09:00:00Z", narrative="Robin is thin.")
    pictures = [
        one["picture"]["content"] for one in letters(hub[1], LEAD, "mash.rating-request.v1")
    ]
    incident = [one for one in pictures if one["referral_id"] in ids]
    (event_id,) = {one["concern"]["event"]["event_id"] for one in incident}
    assert {tuple(one["concern"]["event"]["referral_ids"]) for one in incident} == {tuple(ids)}
    assert {(one["repeats"]["of_child"], one["repeats"]["of_family"]) for one in incident} == {
        (1, 1)
    }
    (last,) = [one for one in pictures if one["concern"]["reference"] == "G-1"]
    assert (last["repeats"]["of_child"], last["repeats"]["of_family"]) == (2, 2)
    assert "event" not in last["concern"]
    assert {one["event_id"] for one in last["history"]} == {event_id}


PERPETRATOR: dict[str, Any] = {
    "name": {"given_name": ["Corin"], "family_name": ["Blackwood"]},
    "relationship": "partner_of_parent",
    "date_of_birth": {"date": "1988-06-21"},
    "risk": "alleged_perpetrator",
}
KIM: dict[str, Any] = {
    "name": [{"given_name": ["Kim"], "family_name": ["Example"]}],
    "date_of_birth": {"date": "2011-01-02"},
    "address": [{"line1": "9 Other Lane", "city": "Sampleton", "postcode": "ZZ9 8YY"}],
    "related_person": [PERPETRATOR | {"relationship": "father"}],
}


def robin_with(*adults: dict[str, Any]) -> dict[str, Any]:
    return ROBIN | {"related_person": [*ROBIN["related_person"], *adults]}


def adults_of(hub: Hub, reference: str) -> dict[str, dict[str, Any]]:
    """The adults of the picture of a referral, by first name."""
    requests = letters(hub, LEAD, "mash.rating-request.v1")
    pictures = [one["picture"]["content"] for one in requests]
    (picture,) = [one for one in pictures if one["concern"]["reference"] == reference]
    return {one["name"]["given_name"][0]: one for one in picture["adults"]}


def test_an_adult_is_shown_with_the_other_families_in_which_they_are_named(
    hub: tuple[DemoFolder, Hub],
) -> None:
    elsewhere = told(hub[1], "gp", "G-1", subject=KIM, narrative="Kim is afraid of his father.")
    told(hub[1], "police", "R-1", subject=robin_with(PERPETRATOR))
    first, *_ = letters(hub[1], LEAD, "mash.rating-request.v1")
    assert first["picture"]["content"]["adults"][0]["also_in"][0]["name"]["given_name"] == ["Robin"]
    told(hub[1], "school", "S-1", subject=robin_with(PERPETRATOR), narrative="Robin is bruised.")
    adults = adults_of(hub[1], "S-1")
    corin, jo = adults["Corin"], adults["Jo"]
    (also,) = corin["also_in"]
    assert (corin["risk"], corin["relationship"]) == ("alleged_perpetrator", "partner_of_parent")
    assert (also["name"]["given_name"], also["relationship"]) == (["Kim"], "father")
    assert also["referral_ids"] == [elsewhere]
    assert (also["told_by"], also["on"], also["risk"]) == (
        "gp",
        "2026-11-03",
        "alleged_perpetrator",
    )
    assert "same date of birth (very strong)" in also["reasons"]
    assert also["model"] == "adults-1.0"
    assert also["case_id"] == first["case_id"]
    assert (jo["also_in"], "may_be_in" in jo) == ([], False)
    assert corin["adult_id"] == first["picture"]["content"]["adults"][0]["adult_id"]


def test_a_name_alone_is_at_most_said_to_be_perhaps_the_same(
    hub: tuple[DemoFolder, Hub],
) -> None:
    undated = {key: value for key, value in PERPETRATOR.items() if key != "date_of_birth"}
    told(hub[1], "gp", "G-1", subject=KIM, narrative="Kim is afraid of his father.")
    told(hub[1], "police", "R-1", subject=robin_with(undated))
    corin = adults_of(hub[1], "R-1")["Corin"]
    assert corin["also_in"] == []
    (may_be,) = corin["may_be_in"]
    assert may_be["name"]["given_name"] == ["Kim"]


@pytest.mark.parametrize(
    "kept", ["not revealed", "protected", "child protected"], ids=lambda kept: kept
)
def test_what_is_not_revealed_leaves_no_trace_in_another_family(
    hub: tuple[DemoFolder, Hub], kept: str
) -> None:
    subject, flags = dict(KIM), dict[str, Any]()
    if kept == "not revealed":
        flags = {"sharing": {"may_be_revealed": False, "reason": "An informant said so"}}
    elif kept == "protected":
        subject |= {"related_person": [KIM["related_person"][0] | {"protected": True}]}
    else:
        subject |= {"protected": True}
    told(hub[1], "gp", "G-1", subject=subject, narrative="Kim is afraid.", **flags)
    told(hub[1], "police", "R-1", subject=robin_with(PERPETRATOR))
    (request,) = [
        one
        for one in letters(hub[1], LEAD, "mash.rating-request.v1")
        if one["picture"]["content"]["concern"]["reference"] == "R-1"
    ]
    adults = {one["name"]["given_name"][0]: one for one in request["picture"]["content"]["adults"]}
    assert "Kim" not in json.dumps(request)
    if kept == "child protected":
        (also,) = adults["Corin"]["also_in"]
        assert "name" not in also or also["name"] is None
    else:
        assert adults["Corin"]["also_in"] == []
        assert "may_be_in" not in adults["Corin"]


def test_what_is_not_revealed_tells_neither_its_codes_nor_why_a_colour_is_suggested(
    hub: tuple[DemoFolder, Hub],
) -> None:
    hidden = {
        "narrative": "Robin was hit with a belt.",
        "concern": ["physical-abuse"],
        "sharing": {"may_be_revealed": False, "reason": "An informant said so"},
    }
    told(hub[1], "school", "S-1", **hidden)
    told(hub[1], "police", "P-1", concern=["neglect"])
    first, second = letters(hub[1], LEAD, "mash.rating-request.v1")
    why = ["It may be red; its agency does not reveal why: ring it."]
    assert first["suggested"] == "red"
    assert first["reasons"] == first["picture"]["content"]["suggestion"]["reasons"] == why
    assert first["picture"]["content"]["concern"]["concern"] == []
    (earlier,) = second["picture"]["content"]["history"]
    assert (earlier["suggested"], earlier["concern"]) == ("red", [])
    assert second["picture"]["content"]["concern"]["concern"] == ["neglect"]
    for letter in (first, second):
        assert "physical-abuse" not in json.dumps(letter)
    suggested: list[Any] = facts(hub[1], "mash.rating.suggested.v1")
    assert "The child is said to have been hit or hurt." in suggested[0].reasons


def test_who_is_asked_for_information_sees_no_adults_of_other_families(
    hub: tuple[DemoFolder, Hub],
) -> None:
    told(hub[1], "gp", "G-1", subject=KIM, narrative="Kim is afraid of his father.")
    told(hub[1], "police", "R-1", subject=robin_with(PERPETRATOR))
    for request in letters(hub[1], LEAD, "mash.rating-request.v1"):
        rate(hub[1], request)
    for request in letters(hub[1], "school", "mash.information-request.v1"):
        if request["referral_id"] != "":
            assert "also_in" not in json.dumps(request)


def test_a_father_and_a_son_of_one_name_are_two_adults_of_the_family(
    hub: tuple[DemoFolder, Hub],
) -> None:
    grandfather = PERPETRATOR | {
        "relationship": "grandparent",
        "date_of_birth": {"date": "1961-02-03"},
    }
    told(hub[1], "police", "R-1", subject=robin_with(PERPETRATOR, grandfather))
    (request,) = letters(hub[1], LEAD, "mash.rating-request.v1")
    adults = request["picture"]["content"]["adults"]
    assert sorted(one["relationship"] for one in adults) == [
        "grandparent",
        "mother",
        "partner_of_parent",
    ]

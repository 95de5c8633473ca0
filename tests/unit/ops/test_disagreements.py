"""A difference of opinion in a whole hub: through the door, in the picture, before the people whom
it is owed by, and again in a replay (R51, R54).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import SOCIAL_WORKER
from ops.look import trail
from ops.look.picture_words import in_words
from ops.look.replay import Wanted, replay
from ops.run.wiring import Hub
from schemas.picture import Picture
from tests.support.desks import KIM, LEAD, Desks, seen
from tests.support.filled import empty_hub

VIEW = "Kim flinches when spoken to, and was not seen to before September."


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[DemoFolder, Hub]]:
    folder, opened = empty_hub(tmp_path / "hub")
    yield folder, opened
    opened.database.close()


def disagrees(desks: Desks, agency: str, **changes: Any) -> str:
    """An agency disagrees with the rating."""
    said = {
        "disputes": "rating",
        "profession": "police officer",
        "view": VIEW,
        "asks_for": "Rate it Amber.",
        "raised_by": "PC Invented",
    }
    return desks.tells(agency, "disagreement", **said | changes)


def test_it_is_raised_shown_settled_and_told(hub: tuple[DemoFolder, Hub]) -> None:
    desks = Desks(hub[1])
    request = desks.notified()
    desks.rates(request)
    disagreement = disagrees(desks, "police", reference="R-1")
    (opened,) = desks.letters(LEAD, "disagreement-opened")
    assert (opened["disagreement_id"], opened["view"]) == (disagreement, VIEW)
    assert opened["about"]["names"][0]["given_name"] == ["Kim"]
    (own,) = desks.letters("police", "disagreement-opened")
    assert own["contact"] == "MASH manager, 01632 960102"
    news = desks.letters(LEAD, "what-is-new")[-1]
    assert news["news"] == ["Sample Police disagrees with the rating."]
    picture = Picture.model_validate(news["picture"]["content"])
    assert picture.disputed == ("rating",)
    lines = "\n".join(in_words(picture, {"police": "Sample Police", LEAD: "Social care"}))
    assert (
        "Disputed: Sample Police (police officer, PC Invented) disagrees with the rating" in lines
    )
    assert VIEW in lines
    assert "Social care decides about it by" in lines

    desks.rates(request, "amber")
    assert [one.newer for one in desks.facts("rating.assigned")] == [False, True]
    changed = desks.rates(news, "amber")
    desks.tells(
        LEAD,
        "disagreement-decision",
        referral_id=request["referral_id"],
        case_id=request["case_id"],
        disagreement_id=disagreement,
        verdict="upheld",
        may_be_told="It is Amber now.",
        changed_by=changed,
        decided_by=SOCIAL_WORKER,
        rationale="The flinching is new",
        saw=[seen(news)],
    )
    (settled,) = desks.facts("disagreement.settled")
    assert settled.changed_by == changed
    (ended,) = desks.letters("police", "disagreement-ended")
    assert (ended["verdict"], ended["said"]) == ("upheld", "It is Amber now.")
    latest = Picture.model_validate(desks.letters(LEAD, "what-is-new")[-1]["picture"]["content"])
    assert latest.disputed == ()
    assert latest.views[0].said == "It is Amber now."
    lines = "\n".join(in_words(latest, {"police": "Sample Police"}))
    assert "Was disputed, settled: Sample Police" in lines
    assert f"Upheld, by {SOCIAL_WORKER}: It is Amber now." in lines
    assert replay(hub[1], Wanted()).well


def test_a_team_that_was_handed_a_child_disagrees_and_the_hub_decides_on_what_it_is_shown(
    hub: tuple[DemoFolder, Hub],
) -> None:
    desks, team = Desks(hub[1]), "csc_assessment_team"
    worker = {"name": "W. Allocated", "team": team, "case_reference": "ICS-7"}
    told = {"reference": "ICS-7", "child": KIM, "worker": worker, "since": "2026-01-05"}
    desks.tells(LEAD, "open-case", **told)
    said = {"reference": "R-1", "observed_at": "2026-11-03T19:40:00Z", "subject": KIM}
    desks.tells("police", "notification", **said, narrative="Kim was alone in the street.")
    (handed,) = desks.letters(team, "handover")
    disagreement = disagrees(desks, team, referral_id=handed["referral_id"], disputes="link")
    (opened,) = desks.letters(LEAD, "disagreement-opened")
    decided = {
        "referral_id": handed["referral_id"],
        "case_id": handed["case_id"],
        "disagreement_id": disagreement,
        "verdict": "not_upheld",
        "may_be_told": "It is the Kim of your case: her number agrees.",
        "decided_by": SOCIAL_WORKER,
        "rationale": "The same NHS number",
        "saw": [seen(opened)],
    }
    desks.tells(LEAD, "disagreement-decision", **decided)
    assert len(desks.facts("disagreement.settled")) == 1
    (ended,) = desks.letters(team, "disagreement-ended")
    assert ended["said"] == decided["may_be_told"]
    assert "picture" not in desks.letters(team, "disagreement-opened")[0]


def test_who_was_not_told_gets_what_it_would_get_of_no_referral_at_all(
    hub: tuple[DemoFolder, Hub],
) -> None:
    desks = Desks(hub[1])
    request = desks.notified()
    referral = request["referral_id"]
    disagrees(desks, "housing", referral_id=referral)
    disagrees(desks, "housing", referral_id=f"{referral[:-1]}x")
    told = desks.letters("housing", "receipt")
    assert len(told) == 2
    assert len({tuple(one.get(name) for name in ("reason", "field", "cure")) for one in told}) == 1
    assert desks.letters(LEAD, "disagreement-opened") == []
    assert disagrees(desks, "housing", reference="R-1") == "refused.unknown-subject"


def test_a_view_that_is_not_revealed_is_in_no_picture_and_no_news(
    hub: tuple[DemoFolder, Hub],
) -> None:
    desks = Desks(hub[1])
    request = desks.notified()
    desks.rates(request)
    before = desks.letters(LEAD, "what-is-new")
    disagrees(desks, "police", referral_id=request["referral_id"], may_be_revealed=False)
    assert desks.letters(LEAD, "what-is-new") == before
    (opened,) = desks.letters(LEAD, "disagreement-opened")
    assert VIEW not in json.dumps(opened)
    (again,) = desks.letters(LEAD, "rating-request")
    assert "views" not in again["picture"]["content"]


def test_its_clock_is_listed_and_its_trail_names_nobody(hub: tuple[DemoFolder, Hub]) -> None:
    desks = Desks(hub[1])
    request = desks.notified()
    disagreement = disagrees(desks, "police", referral_id=request["referral_id"])
    said = CliRunner().invoke(main, ["clocks", "--config", str(hub[0].config), "--json"])
    clocks = [one for one in json.loads(said.output) if one["kind"] == "disagreement"]
    assert [(one["agency"], one["next"]) for one in clocks] == [(LEAD, "warning")]
    events = trail.of(hub[1], request["referral_id"])
    (raised,) = [one for one in events if one.type == "mash.disagreement.raised.v1"]
    assert raised.shown["disagreement_id"] == disagreement
    assert (raised.shown["disputes"], raised.shown["owed_by"]) == ("rating", LEAD)
    told = " ".join(trail.in_words(one) for one in events)
    assert "flinches" not in told
    assert "Invented" not in told


def test_nobody_answers_and_it_goes_up_to_the_ends_of_both_chains(
    hub: tuple[DemoFolder, Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    desks = Desks(hub[1])
    request = desks.notified()
    disagrees(desks, "police", referral_id=request["referral_id"])
    desks.wait(monkeypatch, days=30)
    owed = [one for one in desks.letters(LEAD, "owed") if one["clock"] == "disagreement"]
    assert [one["moment"] for one in owed] == ["warned", "chased", "escalated", "escalated"]
    assert owed[-1]["escalated_to"]["role"] == "Ada Sample, head of service"
    (police,) = desks.letters("police", "owed")
    assert police["escalated_to"]["role"] == "whoever answers for Sample Police"
    assert police["about"]["names"][0]["given_name"] == ["Kim"]
    assert replay(hub[1], Wanted()).well

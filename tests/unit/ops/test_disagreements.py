"""A difference of opinion in a whole hub: through the door, in the picture, before the people whom
it is owed by, and again in a replay (R51, R54).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import SOCIAL_WORKER, event
from ops.look import trail
from ops.look.picture_words import in_words
from ops.look.replay import Wanted, replay
from ops.run.wiring import Hub
from router.runtimes.clock import publish_due
from schemas.picture import Picture
from stores import journal
from tests.support.filled import empty_hub, send

LEAD = "childrens_social_care"
KIM: dict[str, Any] = {
    "name": [{"given_name": ["Kim"], "family_name": ["Invented"]}],
    "date_of_birth": {"date": "2017-02-09"},
    "identifier": [{"value": "9990000018", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
}
VIEW = "Kim flinches when spoken to, and was not seen to before September."


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[DemoFolder, Hub]]:
    folder, opened = empty_hub(tmp_path / "hub")
    yield folder, opened
    opened.database.close()


class Desks:
    """Everybody's desks at one hub."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.sent = hub, 0

    def tells(self, agency: str, kind: str, **data: Any) -> str:
        """An agency sends ``mash.<kind>.v1``; the id of its receipt, or why it is refused."""
        self.sent += 1
        sent = event(f"e-{self.sent}", f"mash.{kind}.v1", agency=agency, data=data)
        (receipt,) = send(self.hub, agency, [sent])
        self.hub.embedded().drain()
        return receipt.reason or receipt.id

    def letters(self, agency: str, kind: str) -> list[dict[str, Any]]:
        """The agency's letters of this kind that lie in its inbox, the newest last."""
        leased = self.hub.queues.lease(agency, limit=100, seconds=0)
        events = [json.loads(one.body) for one in leased]
        return [one["data"] for one in events if one["type"] == f"mash.{kind}.v1"]

    def notified(self) -> dict[str, Any]:
        """The police notify; the request to rate it."""
        told = {"reference": "R-1", "observed_at": "2026-11-03T19:40:00Z", "subject": KIM}
        self.tells("police", "notification", **told, narrative="Kim was alone in the street.")
        (request,) = self.letters(LEAD, "rating-request")
        return request

    def rates(self, request: dict[str, Any], colour: str = "green") -> str:
        """The lead agency rates on the picture of a letter."""
        return self.tells(
            LEAD,
            "rating-decision",
            referral_id=request["referral_id"],
            case_id=request["case_id"],
            colour=colour,
            decided_by=SOCIAL_WORKER,
            rationale="As shown",
            saw=[{name: request["picture"][name] for name in ("id", "digest")}],
        )

    def disagrees(self, agency: str, **changes: Any) -> str:
        """An agency disagrees with the rating."""
        said = {
            "disputes": "rating",
            "profession": "police officer",
            "view": VIEW,
            "asks_for": "Rate it Amber.",
            "raised_by": "PC Invented",
        }
        return self.tells(agency, "disagreement", **said | changes)


def facts(hub: Hub, type_: str) -> list[Any]:
    with hub.database.reading() as connection:
        rows = journal.rows_after(connection, 0, limit=5000)
        keys = hub.database.vault.keys(connection, {row.key_id for row in rows}, create=False)
    messages = [journal.opened(row, keys) for row in rows]
    return [message.data for message in messages if message.type == f"mash.{type_}.v1"]


def test_it_is_raised_shown_settled_and_told(hub: tuple[DemoFolder, Hub]) -> None:
    desks = Desks(hub[1])
    request = desks.notified()
    desks.rates(request)
    disagreement = desks.disagrees("police", reference="R-1")
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
    assert [one.newer for one in facts(hub[1], "rating.assigned")] == [False, True]
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
        saw=[{name: news["picture"][name] for name in ("id", "digest")}],
    )
    (settled,) = facts(hub[1], "disagreement.settled")
    assert settled.changed_by == changed
    (ended,) = desks.letters("police", "disagreement-ended")
    assert (ended["verdict"], ended["said"]) == ("upheld", "It is Amber now.")
    latest = Picture.model_validate(desks.letters(LEAD, "what-is-new")[-1]["picture"]["content"])
    assert latest.disputed == ()
    assert latest.views[0].said == "It is Amber now."
    assert replay(hub[1], Wanted()).well


def test_who_was_not_told_gets_what_it_would_get_of_no_referral_at_all(
    hub: tuple[DemoFolder, Hub],
) -> None:
    desks = Desks(hub[1])
    request = desks.notified()
    referral = request["referral_id"]
    desks.disagrees("housing", referral_id=referral)
    desks.disagrees("housing", referral_id=f"{referral[:-1]}x")
    told = desks.letters("housing", "receipt")
    assert len(told) == 2
    assert len({tuple(one.get(name) for name in ("reason", "field", "cure")) for one in told}) == 1
    assert desks.letters(LEAD, "disagreement-opened") == []
    assert desks.disagrees("housing", reference="R-1") == "refused.unknown-subject"


def test_a_view_that_is_not_revealed_is_in_no_picture_and_no_news(
    hub: tuple[DemoFolder, Hub],
) -> None:
    desks = Desks(hub[1])
    request = desks.notified()
    desks.rates(request)
    before = desks.letters(LEAD, "what-is-new")
    desks.disagrees("police", referral_id=request["referral_id"], may_be_revealed=False)
    assert desks.letters(LEAD, "what-is-new") == before
    (opened,) = desks.letters(LEAD, "disagreement-opened")
    assert VIEW not in json.dumps(opened)
    (again,) = desks.letters(LEAD, "rating-request")
    assert "views" not in again["picture"]["content"]


def test_its_clock_is_listed_and_its_trail_names_nobody(hub: tuple[DemoFolder, Hub]) -> None:
    desks = Desks(hub[1])
    request = desks.notified()
    disagreement = desks.disagrees("police", referral_id=request["referral_id"])
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
    desks.disagrees("police", referral_id=request["referral_id"])
    for days in range(1, 30):
        later = time.time_ns() + days * 24 * 3600 * 1_000_000_000
        still = SimpleNamespace(**vars(time) | {"time_ns": lambda at=later: at})
        for module in ("database", "timers"):
            monkeypatch.setattr(f"stores.{module}.time", still)
        while publish_due(hub[1].database, limit=100):
            hub[1].embedded().drain()
    owed = [one for one in desks.letters(LEAD, "owed") if one["clock"] == "disagreement"]
    assert [one["moment"] for one in owed] == ["warned", "chased", "escalated", "escalated"]
    assert owed[-1]["escalated_to"]["role"] == "Ada Sample, head of service"
    (police,) = desks.letters("police", "owed")
    assert police["escalated_to"]["role"] == "Whoever answers for Sample Police"
    assert police["about"]["names"][0]["given_name"] == ["Kim"]
    assert replay(hub[1], Wanted()).well

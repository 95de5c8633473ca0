"""Who owes an answer is never waited for in silence, and what comes late is not lost (R25)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import SOCIAL_WORKER
from ops.look.replay import Wanted, replay
from ops.run.wiring import Hub
from tests.support.desks import LEAD, Desks, seen
from tests.support.filled import empty_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[DemoFolder, Hub]]:
    folder, opened = empty_hub(tmp_path / "hub")
    yield folder, opened
    opened.database.close()


def owed(desks: Desks, agency: str) -> list[str]:
    """What an agency was told of answers that are owed, in order."""
    letters = desks.letters(agency, "owed")
    assert all(one["about"]["names"][0]["given_name"] == ["Kim"] for one in letters)
    return [one["moment"] for one in letters if one["clock"] == "answer"]


def test_who_is_silent_is_warned_and_chased_and_a_late_answer_makes_a_further_product(
    hub: tuple[DemoFolder, Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    desks = Desks(hub[1])
    desks.rates(desks.notified())
    (asked,) = desks.letters("school", "information-request")
    while not (wanted := desks.letters("police", "approval-request")):
        desks.wait(monkeypatch, days=1)
    desks.approves(wanted[0], "police")
    desks.wait(monkeypatch, days=10)
    assert owed(desks, "school") == ["warned", "chased"]
    assert "escalated" in owed(desks, LEAD)
    (first,) = desks.letters("early_help", "product")
    assert [one["owner"] for one in first["items"]] == ["police"]
    desks.answers(asked, "Kim has not eaten at school since Monday.")
    (further,) = desks.letters("school", "approval-request")
    desks.approves(further, "school")
    _, second = desks.letters("early_help", "product")
    assert [one["text"] for one in second["items"]] == ["Kim has not eaten at school since Monday."]
    assert replay(hub[1], Wanted()).well


def test_a_request_that_stands_still_is_listed_and_reminds_whoever_had_it_do_so(
    hub: tuple[DemoFolder, Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    desks = Desks(hub[1])
    request = desks.notified()
    desks.rates(request)
    (asked,) = desks.letters("school", "information-request")
    head = {name: asked[name] for name in ("referral_id", "case_id")}
    said = {"decided_by": SOCIAL_WORKER, "rationale": "Half term", "saw": [seen(request)]}
    about = head | said | {"request_id": asked["identifier"]}
    desks.tells(LEAD, "request-decision", **about, action="pause")
    listed = CliRunner().invoke(main, ["clocks", "--config", str(hub[0].config), "--json"])
    still = [one for one in json.loads(listed.output) if one["next"] == "paused"]
    assert [one["agency"] for one in still] == ["school"]
    desks.wait(monkeypatch, days=20)
    reminders = desks.letters(LEAD, "request-paused")
    assert len(reminders) > 5, "a day each, without its nights and weekends"
    assert {(one["paused_by"], one["reason"]) for one in reminders} == {
        (SOCIAL_WORKER, "Half term")
    }
    assert reminders[0]["about"]["names"][0]["given_name"] == ["Kim"]
    assert owed(desks, "school") == []

"""`hub clocks` shows what is due from whom; `hub clocks try` what a profile makes of a moment."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import SOCIAL_WORKER, answer
from ops.demo.simulation.stream import batches, sample_lines
from ops.look import clocks
from router.runtimes.clock import publish_due
from router.topology import whole_hub
from schemas.notices import ApprovalRequest
from schemas.rating import TimerElapsed
from stores.tables import timers
from tests.support.desks import LEAD, Desks, seen
from tests.support.filled import empty_hub, filled_hub, hub_with, send

FRIDAY = "2026-11-27T16:55"
CLOSED = "2026-11-27T18:40"


def run(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(main, ["clocks", *arguments])
    return answer.exit_code, answer.output


def listed(folder: DemoFolder) -> Any:
    return json.loads(run("--config", str(folder.config), "--json")[1])


def tried(kind: str, at: str, *options: str) -> Any:
    said = run("try", "sample-borough", "--kind", kind, "--at", at, "--json", *options)
    return json.loads(said[1])


def moments(told: Any) -> dict[str, str]:
    return {one["what"]: one["at"] for one in reversed(told["moments"])}


def test_every_clock_is_listed_the_most_pressing_first(tmp_path: Path) -> None:
    folder, _ = filled_hub(tmp_path / "hub", notifications=40, answered=False)
    found = listed(folder)
    assert {one["kind"] for one in found} >= {"decision", "product", "possible_red", "check"}
    due = [dt.datetime.fromisoformat(one["due_at"]) for one in found]
    assert due == sorted(due)
    product = next(one for one in found if one["kind"] == "product")
    assert (product["agency"], product["next"]) == ("childrens_social_care", "warning")
    assert 0 < product["left_seconds"] < 9 * 24 * 3600
    code, output = run("--config", str(folder.config))
    assert code == 0
    assert f"{len(found)} clocks run, 0 are past due" in output
    assert product["referral_id"] in output


def test_who_owes_a_decision_about_what_is_its_own_is_listed(tmp_path: Path) -> None:
    folder, hub = empty_hub(tmp_path / "hub")
    for agency, events in batches(sample_lines(12), 50):
        send(hub, agency, events)
    hub.embedded().drain()
    asked = set[str]()
    for _ in range(6):
        for agency in hub.settings.agencies:
            letters = [
                json.loads(one.body) for one in hub.queues.lease(agency, limit=500, seconds=9)
            ]
            owed = [one for one in letters if one["type"] == ApprovalRequest.type]
            asked |= {agency for one in owed}
            send(hub, agency, filter(None, (answer(one) for one in letters if one not in owed)))
        hub.embedded().drain()
    found = [one for one in listed(folder) if one["kind"] == "approval"]
    assert {one["agency"] for one in found} == asked
    assert {one["next"] for one in found} == {"warning"}
    assert all(one["started_at"] < one["next_at"] < one["due_at"] for one in found)


def test_the_receipt_that_the_case_system_owes_is_listed_until_it_comes(tmp_path: Path) -> None:
    folder, hub = hub_with(tmp_path / "hub", 'case_system = "early_help"')
    desks = Desks(hub)
    request = desks.notified()
    desks.rates(request)
    head = {name: request[name] for name in ("referral_id", "case_id")}
    said = {"decided_by": SOCIAL_WORKER, "rationale": "As seen", "saw": [seen(request)]}
    told = {"outcome": "early_help", "may_be_told": "Early help rings them."}
    desks.tells(LEAD, "outcome-decision", **head, **said, **told)
    (clock,) = (one for one in listed(folder) if one["agency"] == "early_help")
    names = ("kind", "referral_id", "next")
    assert tuple(clock[name] for name in names) == ("receipt", request["referral_id"], "warning")
    (outcome,) = desks.letters("early_help", "case-outcome")
    receipt = {"handoff_id": outcome["handoff_id"], "recorded_by": "ICS"}
    desks.tells("early_help", "case-receipt", **head, **receipt)
    assert [one for one in listed(folder) if one["agency"] == "early_help"] == []


def test_every_step_that_waits_for_a_time_has_its_clocks_listed() -> None:
    waiting = {one.step.name for one in whole_hub().steps if TimerElapsed in one.step.hears}
    assert waiting == {step.name for step in clocks.STEPS}


def test_nothing_of_a_child_is_shown(tmp_path: Path) -> None:
    folder, _ = filled_hub(tmp_path / "hub", notifications=12, answered=False)
    told = " ".join(run("--config", str(folder.config), *more)[1] for more in ([], ["--json"]))
    children = map(json.loads, sample_lines(12))
    names = {one[part] for one in children for part in ("family_name", "given_name") if one[part]}
    assert names
    assert not [name for name in names if name in told]


def test_a_clock_whose_time_has_come_is_shown_though_its_step_has_not_heard(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=6, answered=False)
    before = listed(folder)
    with hub.database.transaction() as transaction:
        transaction.connection.execute(update(timers).values(due_at=transaction.now - 1))
    while publish_due(hub.database, limit=100):
        pass
    now = listed(folder)
    assert [one["referral_id"] for one in now] == [one["referral_id"] for one in before]


def test_a_check_of_a_system_is_tried_in_its_agencys_own_time() -> None:
    told = moments(tried("check", FRIDAY, "--agency", "school"))
    assert told["due and chased"] == "2026-11-30T09:30:00Z"
    assert run("try", "sample-borough", "--kind", "check", "--at", FRIDAY)[0] != 0


def test_an_empty_hub_has_no_clocks(tmp_path: Path) -> None:
    folder, _ = empty_hub(tmp_path / "hub")
    assert run("--config", str(folder.config)) == (0, "0 clocks run, 0 are past due\n")


def test_a_school_is_not_asked_for_an_answer_at_the_weekend() -> None:
    told = tried("answer", FRIDAY, "--agency", "school")
    assert told["runs"] == "while it is open"
    assert moments(told) == {
        "warned": "2026-11-30T14:07:30Z",
        "due and chased": "2026-11-30T16:00:00Z",
        "escalated": "2026-12-01T12:15:00Z",
    }
    assert told["skipped"] == [{"first": "2026-11-28", "last": "2026-11-29", "why": "weekend"}]


def test_the_police_are_always_there() -> None:
    told = tried("answer", FRIDAY, "--agency", "police")
    assert (told["runs"], told["skipped"]) == ("day and night", [])
    assert moments(told)["due and chased"] == "2026-11-29T16:57:30Z"


@pytest.mark.parametrize(
    ("kind", "at", "options", "due"),
    [
        ("decision", "2026-12-24T16:00", (), "2026-12-29T17:00:00Z"),
        ("product", FRIDAY, ("--colour", "red"), "2026-11-27T20:55:00Z"),
        ("product", FRIDAY, (), "2026-12-01T17:00:00Z"),
        ("possible_red", "2026-06-27T23:50", (), "2026-06-28T00:05:00+01:00"),
        # The GP is closed; a Red's minutes run all the same, an Amber's day does not.
        ("approval", CLOSED, ("--agency", "gp", "--colour", "red"), "2026-11-27T19:10:00Z"),
        ("approval", CLOSED, ("--agency", "gp", "--colour", "amber"), "2026-11-30T18:30:00Z"),
        (
            "before_next_school_day",
            "2026-12-18T17:00",
            ("--agency", "school"),
            "2027-01-04T08:30:00Z",
        ),
    ],
)
def test_what_a_profile_makes_of_a_moment(
    kind: str, at: str, options: tuple[str, ...], due: str
) -> None:
    assert moments(tried(kind, at, *options))["due and chased"] == due


def test_in_words_it_says_local_times_who_is_told_and_which_days_are_skipped_and_why() -> None:
    code, said = run("try", "sample-borough", "--kind", "decision", "--at", "2026-12-24T16:00")
    assert code == 0
    assert "due and chased  Tuesday 29 December 2026 17:00 GMT  after 100% of its time" in said
    assert "Duty manager is told" in said
    assert "Friday 25 December 2026: bank holiday: Christmas Day" in said
    assert "Saturday 26 December 2026 to Sunday 27 December 2026: weekend" in said


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--kind", "answer", "--at", FRIDAY), "name it with --agency"),
        (("--kind", "decision", "--at", "Friday"), "write 2026-11-27T16:55"),
        (
            ("--kind", "before_next_school_day", "--agency", "police", "--at", FRIDAY),
            "always open",
        ),
    ],
)
def test_what_cannot_be_tried_says_what_is_lacking(options: tuple[str, ...], why: str) -> None:
    code, said = run("try", "sample-borough", *options)
    assert code != 0
    assert why in said


@pytest.mark.parametrize("kind", ["decision", "answer"])
def test_a_moment_at_the_end_of_time_is_answered_in_words(kind: str) -> None:
    at = "9999-12-31T23:00"
    code, said = run("try", "sample-borough", "--kind", kind, "--agency", "school", "--at", at)
    assert (code, said) == (
        1,
        "Error: it would run beyond the end of time: give an earlier moment\n",
    )

"""A step, what comes from an agency, or its letters wait for a time; Reds do not, and all is there
when it goes on.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.requests import Request

from connectors import problems
from ops.access.acting import Asker, Denied
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.look.needs import needs
from ops.look.status import collect
from ops.mend import pausing
from ops.mend.dead_letters import Refused
from ops.mend.pausing import Wanted
from ops.run.wiring import Hub
from ops.watch.metrics import Metrics
from schemas.access import Role
from schemas.operations import AccessDenied, FlowPaused, FlowResumed, WayInBroken
from schemas.rating import RatingSuggested
from stores import linking, pauses
from stores.ports import Arrival, Paused
from tests.support.filled import empty_hub
from tests.support.notifying import LEAD, URGENT, arrival, took

ME = Asker("A. Operator", roles=frozenset({Role.OPERATIONS}), why="its profile is wrong")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[DemoFolder, Hub]]:
    folder, hub = empty_hub(tmp_path / "hub")
    yield folder, hub
    hub.database.close()


@pytest.fixture
def hub(made: tuple[DemoFolder, Hub], monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setattr(pauses, "_LOOKS", 0.0)  # otherwise heard of half a second later
    return made[1]


def by_http(reference: str, **said: Any) -> Arrival:
    return replace(arrival(reference, **said), connector="http")


def count(hub: Hub, type_: Any) -> int:
    with hub.database.reading() as connection:
        return linking.count(connection, type_)


def let_wait(hub: Hub, what: Any, name: str, **how: Any) -> pauses.Pause:
    return pausing.pause(hub, Wanted(what, name, **how), asker=ME)


def test_a_step_that_waits_loses_nothing_and_goes_on_where_it_was(hub: Hub) -> None:
    let_wait(hub, "step", "rate")
    took(hub, by_http("S-1"), by_http("S-2"))
    hub.embedded().drain()
    assert count(hub, RatingSuggested) == 0
    assert sum(one["depth"] for one in collect(hub).steps if one["step"] == "deduplicate") == 2
    pausing.resume(hub, "step", "rate", asker=ME)
    hub.embedded().drain()
    assert count(hub, RatingSuggested) == 2


def test_a_red_goes_through_a_step_that_waits(hub: Hub) -> None:
    let_wait(hub, "step", "rate")
    took(hub, by_http("S-1"), by_http("S-2", **URGENT))
    hub.embedded().drain()
    assert count(hub, RatingSuggested) == 1


def test_what_comes_from_an_agency_waits_with_its_sender_and_a_red_is_taken(hub: Hub) -> None:
    let_wait(hub, "feed", "police")
    with pytest.raises(Paused) as waits:
        hub.intake.take([by_http("S-1"), by_http("S-2", **URGENT)])
    assert 3500 < waits.value.seconds <= 3600
    (receipt,) = hub.intake.take([by_http("S-2", **URGENT)])
    assert receipt.duplicate_of is not None
    assert took(hub, by_http("S-3", agency="school"))
    pausing.resume(hub, "feed", "police", asker=ME)
    (receipt,) = hub.intake.take([by_http("S-1")])
    assert receipt.duplicate_of is None


def test_what_people_send_from_their_desks_waits_for_no_feed(hub: Hub) -> None:
    let_wait(hub, "feed", "police")
    assert hub.intake.take([replace(arrival("S-1"), connector="desk")])


def test_it_goes_on_by_itself_at_its_time(hub: Hub) -> None:
    made = let_wait(hub, "feed", "police")
    with hub.database.transaction() as transaction:
        pauses.put(transaction, replace(made, until=transaction.now - 1))
    assert hub.intake.take([by_http("S-1")])
    assert collect(hub).pauses == ()


def test_a_sender_is_told_to_send_again_and_when() -> None:
    for seconds, again in ((119.2, "120"), (0.0, "1"), (86_400.0, "300")):
        answer = asyncio.run(problems.answer(Request({"type": "http"}), Paused(seconds)))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, again)
        assert b"lets what you send wait" in answer.body


def test_letters_wait_on_their_queue_and_those_about_a_red_leave(hub: Hub) -> None:
    took(hub, by_http("S-1"))
    hub.embedded().drain()
    let_wait(hub, "queue", LEAD)
    assert hub.queues.lease(LEAD, limit=9, seconds=0) == []
    took(hub, by_http("S-2", **URGENT))
    hub.embedded().drain()
    leased = hub.queues.lease(LEAD, limit=9, seconds=0)
    assert [letter.red for letter in leased] == [True] * len(leased)
    assert leased
    pausing.resume(hub, "queue", LEAD, asker=ME)
    assert len(hub.queues.lease(LEAD, limit=9, seconds=0)) > len(leased)


def test_reds_wait_only_where_that_is_said_and_people_are_alarmed(hub: Hub) -> None:
    let_wait(hub, "feed", "police", reds=True)
    with pytest.raises(Paused):
        hub.intake.take([by_http("S-1", **URGENT)])
    assert count(hub, WayInBroken) == 1
    hub.embedded().drain()
    assert collect(hub).alarms["untaken"] == 1


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Wanted("step", "gossip"), "no step is called gossip"),
        (Wanted("feed", "gossip"), "no agency is called gossip"),
        (Wanted("queue", ""), "no agency is called"),
        (Wanted("step", "rate", reds=True), "Reds go through"),
        (Wanted("feed", "police", minutes=0), "1 to 1440 minutes"),
        (Wanted("feed", "police", minutes=100_000), "1 to 1440 minutes"),
    ],
    ids=lambda value: getattr(value, "called", ""),
)
def test_what_there_is_not_or_would_hold_a_red_unsaid_is_refused(
    hub: Hub, wanted: Wanted, says: str
) -> None:
    with pytest.raises(Refused, match=says):
        pausing.pause(hub, wanted, asker=ME)
    assert count(hub, FlowPaused) == 0


@pytest.mark.parametrize(("way", "refused"), [("queue", True), ("mllp", True), ("folder", False)])
def test_where_a_red_would_wait_behind_others_that_has_to_be_said(
    hub: Hub, way: str, refused: bool
) -> None:
    by_it = hub.settings.agencies["gp"].model_copy(update={way: object()})
    agencies = {**hub.settings.agencies, "gp": by_it}
    by_queue = replace(hub, settings=hub.settings.model_copy(update={"agencies": agencies}))
    if refused:
        with pytest.raises(Refused, match=f"by {way} a Red of gp would wait"):
            pausing.pause(by_queue, Wanted("feed", "gp"), asker=ME)
    assert pausing.pause(by_queue, Wanted("feed", "gp", reds=refused), asker=ME).reds is refused


def test_who_may_not_is_denied_and_that_is_recorded(hub: Hub) -> None:
    worker = Asker("S. Worker", roles=frozenset({Role.SCREENING}), why="x")
    with pytest.raises(Denied):
        pausing.pause(hub, Wanted("feed", "police"), asker=worker)
    with pytest.raises(Denied):
        pausing.resume(hub, "feed", "police", asker=worker)
    assert count(hub, AccessDenied) == 2
    with pytest.raises(Refused, match="say why"):
        pausing.pause(hub, Wanted("feed", "police"), asker=replace(ME, why=" "))


def test_twice_is_once_with_the_newer_time_and_what_does_not_wait_cannot_go_on(hub: Hub) -> None:
    let_wait(hub, "feed", "police", minutes=60)
    let_wait(hub, "feed", "police", minutes=5)
    (one,) = collect(hub).pauses
    assert 0 < one["left_seconds"] <= 300
    pausing.resume(hub, "feed", "police", asker=ME)
    with pytest.raises(Refused, match="does not wait"):
        pausing.resume(hub, "feed", "police", asker=ME)
    assert (count(hub, FlowPaused), count(hub, FlowResumed)) == (2, 1)


def test_status_metrics_and_needs_say_that_it_waits(hub: Hub) -> None:
    let_wait(hub, "feed", "police")
    (need,) = needs(collect(hub))
    assert need.says == "What comes from police waits: its profile is wrong (A. Operator)"
    told = Metrics(hub).exposition().decode()
    assert 'mash_paused_until_timestamp_seconds{name="police",reds="false",what="feed"}' in told
    assert "profile" not in told


def test_the_commands_do_the_same(made: tuple[DemoFolder, Hub]) -> None:
    folder, hub = made
    me = ["--who", "A. Operator", "--why", "moved"]

    def say(*arguments: str) -> Any:
        answer = CliRunner().invoke(main, [*arguments, "--config", str(folder.config)])
        assert answer.exit_code == 0, answer.output
        return answer.output

    (paused,) = [json.loads(say("pause", "queue", "gp", *me, "--minutes", "5", "--json"))]
    assert (paused["what"], paused["name"], paused["reds"]) == ("queue", "gp", False)
    assert "Letters for gp wait: moved" in say("status")
    assert json.loads(say("status", "--json"))["pauses"][0]["why"] == "moved"
    assert "gp goes on" in say("resume", "queue", "gp", *me)
    assert collect(hub).pauses == ()

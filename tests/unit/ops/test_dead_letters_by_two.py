"""One person does one dead letter; many take two people."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from connectors.port import routes
from ops.demo.running import DemoFolder
from ops.mend import bulk
from ops.mend.dead_letters import Refused
from ops.run.wiring import Hub
from tests.support.dead_letters import ME, SOMEBODY, bad_type, bury, facts, run, sealed_well, told
from tests.support.filled import empty_hub


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step is at work here that could act on what was sent again."""
    monkeypatch.setattr(bulk, "_PATIENCE", 0.0)


@pytest.fixture
def hub_(tmp_path: Path) -> tuple[DemoFolder, Hub]:
    return empty_hub(tmp_path / "hub")


def many(hub: Hub) -> list[str]:
    return [bury(hub, bad_type(number)) for number in range(3)]


def test_one_person_alone_does_one_and_asks_for_many(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    ids = many(hub)
    asked = told(folder, "discard", "--all", "--yes", *ME)
    assert asked["letters"] == 3
    assert len(told(folder, "list")) == 3
    again = run(folder, "agree", asked["asked_id"], *ME)
    assert again.exit_code == 1
    assert "two different people" in again.output
    (waits,) = told(folder, "asked")
    assert (waits["by"], waits["act"], waits["stands"]) == ("A. Operator", "discard", "waits")
    other = ["--who", "P. Operator", "--why", "seen"]
    done = told(folder, "agree", asked["asked_id"], *other)
    assert done["results"] == dict.fromkeys(ids, "discarded")
    assert {
        (one.decided_by, one.and_by) for one in facts(hub, "mash.dead-letter.discarded.v1")
    } == {("A. Operator", "P. Operator")}
    twice = run(folder, "agree", asked["asked_id"], *other)
    assert "P. Operator has agreed to it already" in twice.output
    assert sealed_well(hub)


def test_what_was_refused_is_not_done(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    many(hub)
    asked = told(folder, "redrive", "--all", "--yes", *ME)["asked_id"]
    told(folder, "agree", asked, "--refuse", "--who", "P. Operator", "--why", "no")
    answer = run(folder, "agree", asked, "--who", "P. Operator", "--why", "yes")
    assert "P. Operator has refused it already" in answer.output
    assert facts(hub, "mash.dead-letter.redriven.v1") == []
    assert "nobody has asked for" in run(folder, "agree", "none", *ME).output


def test_what_was_asked_for_long_ago_is_chosen_anew(
    hub_: tuple[DemoFolder, Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, hub = hub_
    many(hub)
    asked = told(folder, "redrive", "--all", "--yes", *ME)["asked_id"]
    monkeypatch.setattr(bulk, "LASTS", dt.timedelta(0))
    answer = run(folder, "agree", asked, "--who", "P. Operator", "--why", "yes")
    assert "too long ago" in answer.output
    assert len(told(folder, "list")) == 3


@pytest.mark.parametrize("name", ["A. Operator", " a. operator", "J. Auditor", "N. Obody"])
def test_the_other_is_another_operator(hub_: tuple[DemoFolder, Hub], name: str) -> None:
    folder, hub = hub_
    many(hub)
    answer = run(folder, "discard", "--all", "--yes", *ME, "--and", name)
    assert answer.exit_code == 1
    assert len(told(folder, "list")) == 3


def test_no_call_does_many_for_one_person(hub_: tuple[DemoFolder, Hub]) -> None:
    _, hub = hub_
    ids = many(hub)
    with pytest.raises(Refused, match="two people"):
        bulk.act_on(hub, routes(hub.settings, {}), "discard", ids=ids, person=SOMEBODY)
    for few in (ids[:1], [], ["x"] * (bulk.MOST + 1)):
        with pytest.raises(Refused):
            bulk.ask(hub, "discard", ids=few, person=SOMEBODY)

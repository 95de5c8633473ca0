"""`hub reds` shows every Red and where it is; its count of those that nobody has pages people."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import event
from ops.look import reds
from ops.look.clocks import running
from ops.look.reds import Red
from ops.run.wiring import Hub
from tests.support import given
from tests.support.desk import (
    CAIT,
    DUTY,
    LEAD,
    NEXT,
    answers,
    concern,
    letters,
    rates,
    takes,
    tells,
)
from tests.support.filled import empty_hub, seen_by_lead, send
from tests.support.later import passes
from tests.support.units import replayed

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def made(tmp_path: Path) -> tuple[DemoFolder, Hub]:
    return empty_hub(tmp_path / "hub")


@pytest.fixture
def hub(made: tuple[DemoFolder, Hub]) -> Hub:
    return made[1]


def command(made: tuple[DemoFolder, Hub], *options: str) -> tuple[int, str]:
    told = CliRunner().invoke(main, ["reds", "--config", str(made[0].config), *options])
    return told.exit_code, told.output


def only(hub: Hub, *, later: dt.timedelta = dt.timedelta()) -> Red:
    at = dt.datetime.now(dt.UTC) + later
    (found,) = reds.lately(hub, days=7, at=at)
    return found


def test_a_possible_red_has_minutes_before_nobody_has_it(hub: Hub) -> None:
    concern(hub)
    assert (only(hub).what, only(hub).nobody_has_it) == ("possible red", False)
    assert only(hub, later=16 * MINUTE).nobody_has_it, "though no timer has gone off"
    passes(hub, 16 * MINUTE)
    assert (only(hub, later=16 * MINUTE).alarms, only(hub).told) == (1, 1)
    takes(hub, letters(hub, LEAD, "mash.alarm.v1")[0])
    late = only(hub, later=16 * MINUTE)
    assert (late.nobody_has_it, late.taken_for) == (False, (LEAD,))


def test_a_red_is_where_its_urgent_products_are(hub: Hub) -> None:
    rates(hub, concern(hub))
    assert "csc_duty_team: on its queue" in only(hub).where
    (product,) = letters(hub, DUTY, "mash.product.v1")
    assert "csc_duty_team: fetched" in only(hub).where
    assert not only(hub).nobody_has_it
    assert only(hub, later=16 * MINUTE).nobody_has_it
    answers(hub, DUTY, product, "refused")
    assert "csc_duty_team: given back" in only(hub).where
    assert f"{NEXT}: on its queue" in only(hub).where
    (instead,) = letters(hub, NEXT, "mash.product.v1")
    answers(hub, NEXT, instead)
    late = only(hub, later=16 * MINUTE)
    assert f"{NEXT}: a person has it" in late.where
    assert not late.nobody_has_it


def rates_again(hub: Hub, referral_id: str, colour: str) -> None:
    """A social worker changes their mind."""
    (request,) = letters(hub, LEAD, "mash.rating-request.v1")
    told = {"referral_id": referral_id, "case_id": request["case_id"], "colour": colour}
    by = {"decided_by": "S. Worker", "rationale": f"On second thoughts {colour}"}
    tells(hub, LEAD, "mash.rating-decision.v1", **told, **by, saw=seen_by_lead(hub, referral_id))


def test_who_had_an_earlier_red_does_not_have_the_one_that_it_is_again(hub: Hub) -> None:
    referral_id = concern(hub)
    rates(hub, referral_id)
    for agency in (DUTY, CAIT):
        answers(hub, agency, letters(hub, agency, "mash.product.v1")[0])
    rates_again(hub, referral_id, "amber")
    rates_again(hub, referral_id, "red")
    assert only(hub).where == f"{DUTY}: on its queue; {CAIT}: on its queue"
    assert only(hub, later=16 * MINUTE).nobody_has_it


def test_what_a_person_rated_otherwise_is_with_a_person(hub: Hub) -> None:
    rates(hub, concern(hub), "green")
    assert (only(hub).where, only(hub).nobody_has_it) == ("rated green by a person", False)


def test_what_was_rated_red_and_then_down_was_a_red(hub: Hub) -> None:
    id_ = concern(hub)
    rates(hub, id_)
    rates(hub, id_, "amber")
    assert (only(hub).what, only(hub).where) == ("red", "rated amber by a person")


def test_what_could_not_be_read_is_in_the_list_and_pages(made: tuple[DemoFolder, Hub]) -> None:
    _, hub = made
    broken: Any = [given.notification(given.HIT).model_dump(mode="json")]
    send(hub, "police", [event("n-9", "mash.notification.v1", agency="police", data=broken)])
    hub.embedded().drain()
    code, told = command(made, "--check")
    assert code == 1
    assert told.splitlines()[-1] == "nobody has it: 1 of 1"
    assert command(made)[0] == 0
    takes(hub, letters(hub, LEAD, "mash.alarm.v1")[0])
    assert command(made, "--check")[0] == 0


def test_nothing_of_a_child_is_shown(made: tuple[DemoFolder, Hub]) -> None:
    _, hub = made
    rates(hub, concern(hub))
    for options in ([], ["--json"]):
        code, told = command(made, *options)
        assert code == 0
        assert "Thornbury" not in told
    (red,) = json.loads(told)["reds"]
    assert {one["recipient"] for one in red["products"]} == {"csc_duty_team", "police_cait"}


def test_an_empty_hub_has_none(made: tuple[DemoFolder, Hub]) -> None:
    assert command(made, "--check") == (0, "nobody has it: 0 of 0\n")


def test_status_counts_alarms_that_nobody_has_taken(hub: Hub) -> None:
    assert reds.untaken(hub) == {"untaken": 0, "since": None}
    concern(hub)
    passes(hub, 40 * MINUTE)
    assert reds.untaken(hub)["untaken"] == 1
    takes(hub, letters(hub, LEAD, "mash.alarm.v1")[0])
    assert reds.untaken(hub)["untaken"] == 0


def test_clocks_shows_receipts_and_alarms(made: tuple[DemoFolder, Hub]) -> None:
    _, hub = made
    rates(hub, concern(hub))
    config = ("--config", str(made[0].config), "--json")
    told = json.loads(CliRunner().invoke(main, ["clocks", *config]).output)
    receipts = {one["agency"]: one["next"] for one in told if one["kind"] == "receipt"}
    assert receipts == {"csc_duty_team": "warning", "police_cait": "warning"}
    passes(hub, 16 * MINUTE)
    told = json.loads(CliRunner().invoke(main, ["clocks", *config]).output)
    alarms = [one["next"] for one in told if one["kind"] == "alarm"]
    assert alarms == ["told again, after Duty manager"] * 2


def amends(hub: Hub, narrative: str) -> str:
    """The police tell of the child again, under the same reference and in other words."""
    said = given.notification(narrative).model_dump(mode="json")
    sent = event("n-2", "mash.notification.v1", agency="police", data=said)
    (receipt,) = send(hub, "police", [sent])
    hub.embedded().drain()
    return receipt.id


def test_of_two_versions_of_a_possible_red_the_amended_one_has_the_clocks(
    made: tuple[DemoFolder, Hub], hub: Hub
) -> None:
    first = concern(hub)
    later = amends(hub, f"{given.HIT} It was on Monday.")
    at = dt.datetime.now(dt.UTC)
    clocks = {(one.kind, one.referral_id) for one in running(hub, at=at)}
    assert ("possible_red", later) in clocks
    assert [kind for kind, id_ in clocks if id_ == first and kind != "check"] == []
    found = {one.subject_id: one for one in reds.lately(hub, days=7, at=at)}
    assert not found[first].nobody_has_it
    assert "its agency has amended it since" in found[first].where
    passes(hub, 16 * MINUTE)
    (alarm,) = letters(hub, LEAD, "mash.alarm.v1")
    assert alarm["referral_id"] == later
    assert replayed(hub).well

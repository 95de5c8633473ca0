"""The duty manager sees what nobody has, takes it, and mends what went wrong between people."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from ops.look import differences, handings, reds, status, worklist
from ops.run.wiring import Hub
from schemas.alarms import AlarmTaken
from schemas.disagreements import DisagreementSettled
from schemas.handover import HandoverTakenBack
from schemas.operations import AccessDenied
from stores import linking
from tests.support import later
from tests.support.console import Person, app_of, hidden, working
from tests.support.desk_days import EVAN, KIM, XSS, Days
from tests.support.filled import empty_hub

PAGES = ("", "/clocks", "/silence", "/handovers", "/differences")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A hub on a bad day: two alarms, a refused handover, a difference."""
    _, hub = empty_hub(tmp_path_factory.mktemp("duty") / "hub")
    days = Days(hub)
    handed, (referral, difference) = days.handover(XSS), days.difference()
    days.alarm()
    yield {
        "hub": hub,
        "app": app_of(hub),
        "days": days,
        "handed": f"/desk/front-door/{handed}",
        "disagreement": difference,
        "difference": f"/desk/front-door/{referral}/settle",
    }
    hub.database.close()


@pytest.fixture
def hub(place: dict[str, Any]) -> Hub:
    found: Hub = place["hub"]
    return found


def person(app: Starlette, hub: Hub, who: str = "D. Manager") -> Person:
    found = Person(app)
    found.enters(hub, who)
    return found


@pytest.fixture
def manager(place: dict[str, Any], hub: Hub) -> Person:
    return person(place["app"], hub)


def count(hub: Hub, type_: type) -> int:
    with hub.database.reading() as connection:
        return linking.count(connection, type_)


def test_every_page_says_what_there_is(manager: Person) -> None:
    alarms, clocks, silence, handovers, differences_ = (
        manager.get(f"/desk/duty{path}").text for path in PAGES
    )
    assert "that nobody has taken" in alarms
    assert "did not take it" in alarms
    assert "CAIT desk, 01632 960113" in alarms
    assert "Difference to be settled" in clocks
    assert "Sample Police" in silence
    assert "The team says that it is not theirs" in handovers
    assert "Sample Schools" in differences_


def test_a_way_in_is_silent_by_its_own_rhythm(
    hub: Hub, manager: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, collect = dict[str, status.Row](), status.collect

    def quiet(hub: Hub) -> status.Status:
        told = collect(hub)
        ways = {one["agency"]: one for one in told.connectors if one["connector"] == "http"}
        at = told.at - dt.timedelta(seconds=90)  # the page looks at the clock a little before
        day, hours = dt.timedelta(days=1), dt.timedelta(hours=2)
        found["seldom"] = {**ways["police"], "last_seen": at - day - hours, "silent": False}
        found["often"] = {**ways["school"], "last_seen": at - hours, "silent": True}
        found["never"] = {**ways["gp"], "last_seen": None, "silent": False}
        return replace(told, connectors=tuple(found.values()))

    monkeypatch.setattr(status, "collect", quiet)
    rows = manager.get("/desk/duty/silence").text.partition('aria-label="Ways in"')[2]
    said = re.findall(r"<span(?: class=\"(console-late)\")?>([^<]*)</span>", rows)
    assert said == [
        ("console-late", "2 hours 1 minute, longer than ever"),
        ("", "1 day 2 hours"),
        ("", "Nothing has ever come"),
    ]


def test_clocks_are_chosen_by_what_is_due_and_by_who_owes_it(manager: Person) -> None:
    told = manager.get("/desk/duty/clocks?kind=disagreement&owed_by=childrens_social_care").text
    assert told.count('<td class="govuk-table__cell">Difference to be settled') == 1
    assert '<td class="govuk-table__cell">Rating to be decided' not in told
    assert manager.get("/desk/duty/clocks?kind=<b>&owed_by=nobody").status_code == 200


def test_an_alarm_stays_until_somebody_takes_it_and_is_taken_once(
    place: dict[str, Any], hub: Hub
) -> None:
    place["days"].alarm("Tilly was beaten by her father.")
    first, second = (person(place["app"], hub) for _ in range(2))
    alarms, before = reds.alarms(hub), count(hub, AlarmTaken)
    alarm = {"alarm_id": hidden(first.get("/desk/duty").text, "alarm_id")}
    with working(hub):
        one, other = (each.sends("/desk/duty", alarm) for each in (first, second))
    assert one.headers["location"] == "/desk/duty?done=taken"
    assert other.headers["location"] == "/desk/duty?done=over"
    assert (count(hub, AlarmTaken), len(reds.alarms(hub))) == (before + 1, len(alarms) - 1)
    assert "The alarm is yours" in first.get("/desk/duty?done=taken").text
    assert "Alarm taken by Sample Children" in first.get("/desk/duty").text


def test_a_refused_handover_leads_to_where_it_is_taken_back(
    place: dict[str, Any], hub: Hub, manager: Person
) -> None:
    assert f'href="{place["handed"]}"' in manager.get("/desk/duty/handovers").text
    manager.sends(place["handed"], {"why": "Whose is it"})
    back = f"{place['handed']}/take-back"
    assert back in manager.get(place["handed"]).text
    saw = hidden(manager.get(back).text, "saw")
    with working(hub):
        manager.sends(back, {"saw": saw, "rationale": "Not theirs", "step": "send"})
    assert count(hub, HandoverTakenBack) == 1
    assert handings.standing(hub) == []


def test_a_difference_leads_to_where_it_is_settled(
    place: dict[str, Any], hub: Hub, manager: Person
) -> None:
    path, told = place["difference"], manager.get("/desk/duty/differences").text
    assert f'href="{path}"' in told
    assert "Kim flinches" not in told
    opened = manager.get(path).text
    assert "Kim flinches" in opened
    said = {"verdict": "not_upheld", "may_be_told": "It stays green.", "rationale": "Seen"}
    which = {"disagreement_id": place["disagreement"], "saw": hidden(opened, "saw")}
    with working(hub):
        manager.sends(path, {**said, **which, "step": "send"})
    assert count(hub, DisagreementSettled) == 1
    assert differences.unsettled(hub) == []


@pytest.mark.parametrize("who", ["S. Worker", "J. Auditor", "A. Operator"])
def test_nobody_else_is_at_the_desk(place: dict[str, Any], hub: Hub, who: str) -> None:
    other, before = person(place["app"], hub, who), count(hub, AccessDenied)
    paths = [f"/desk/duty{path}" for path in PAGES]
    assert {other.get(path).status_code for path in paths} == {403}
    token = other.token("/desk/accessibility")
    form = {"form_token": token, "why": "x", "do": "settle", "alarm_id": "x"}
    assert other.posts("/desk/duty", form).status_code == 403
    assert count(hub, AccessDenied) == before + len(paths) + 1


def test_forms_are_taken_from_pages_of_this_session_alone(
    place: dict[str, Any], hub: Hub, manager: Person
) -> None:
    before = len(reds.alarms(hub))
    alarm = {"alarm_id": reds.alarms(hub)[0].alarm_id}
    assert manager.posts("/desk/duty", alarm).status_code == 403
    assert len(reds.alarms(hub)) == before


@pytest.mark.parametrize("path", ["none", "differences/none", "clocks/../none"])
def test_a_guessed_id_leads_nowhere(manager: Person, path: str) -> None:
    assert manager.get(f"/desk/duty/{path}").status_code == 404


def test_what_nobody_rated_stays_on_the_lists_once_its_clocks_have_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, hub = empty_hub(tmp_path / "hub")
    days = Days(hub)
    referral, other = (days.notified("school", one, "Alone in the street.") for one in (KIM, EVAN))
    later.passes(hub, dt.timedelta(days=90))
    monkeypatch.setattr(worklist, "_LATELY", 0)
    manager, desk = person(app_of(hub), hub), "/desk/front-door"
    assert referral in manager.get(desk).text
    silence = manager.get("/desk/duty/silence").text
    assert referral in silence
    assert "no clock runs any more" in silence
    monkeypatch.setattr(worklist, "_MOST", 1)
    first, second = (manager.get(f"{desk}?page={number}").text for number in (1, 2))
    assert ("Next page" in first, "Previous page" in second) == (True, True)
    shown = [{one for one in (referral, other) if one in page} for page in (first, second)]
    assert sorted(map(len, shown)) == [1, 1]
    assert shown[0] != shown[1]
    days.rated(referral, "green")
    assert referral not in manager.get("/desk/duty/silence").text
    hub.database.close()


def test_clocks_are_read_a_page_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, hub = empty_hub(tmp_path / "hub")
    days = Days(hub)
    referrals = [days.notified("school", one, "Alone in the street.") for one in (KIM, EVAN)]
    monkeypatch.setattr(import_module("ops.console.duty.clocks"), "_MOST", 1)
    manager, desk = person(app_of(hub), hub), "/desk/duty/clocks?kind=decision"
    first, second = (manager.get(f"{desk}&page={number}").text for number in (1, 2))
    shown = [[one for one in referrals if one in page] for page in (first, second)]
    assert sorted(one for (one,) in shown) == sorted(referrals)
    assert "kind=decision&amp;owed_by=&amp;page=2" in first
    hub.database.close()

"""Whoever keeps the hub running sees what needs a hand first, lets things wait, and finds what to
do.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from ops.console.desks import DESKS
from ops.console.filters import day
from ops.console.operations import drawing
from ops.console.operations.overview import in_marks
from ops.demo.simulation.stream import sample_lines
from ops.look import manifests, runbook
from ops.look.health import trend
from ops.look.needs import needs
from ops.look.rhythm import Rhythm, rhythm
from ops.look.status import collect
from ops.run.wiring import Hub
from router.manifests import HERE
from schemas.operations import AccessDenied, FlowPaused, FlowResumed
from stores import failures, linking
from tests.support.console import Person, app_of
from tests.support.dead_letters import bad_type, bury
from tests.support.filled import empty_hub, filled_hub, send

PAGES = ("", "/pauses", "/search", "/newest", "/runbook")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Starlette]]:
    _, hub = filled_hub(tmp_path_factory.mktemp("operations") / "hub", notifications=10)
    yield hub, app_of(hub)
    hub.database.close()


def person(place: tuple[Hub, Starlette], who: str = "A. Operator") -> Person:
    found = Person(place[1])
    found.enters(place[0], who)
    return found


def count(hub: Hub, type_: Any) -> int:
    with hub.database.reading() as connection:
        return linking.count(connection, type_)


def test_a_hub_that_is_well_says_so_and_folds_what_is_quiet(place: tuple[Hub, Starlette]) -> None:
    told = person(place).get("/desk/operations").text
    assert "Nothing needs a hand" in told
    busy, _, quiet = told.partition("more, to which nothing came in the last hour")
    assert ">deduplicate<" in busy
    assert ">disagreements.received<" not in busy
    assert ">disagreements.received<" in quiet


def test_every_drawing_has_a_title_a_description_and_its_numbers(
    place: tuple[Hub, Starlette],
) -> None:
    told = person(place).get("/desk/operations").text
    drawn = re.findall(r'<svg class="console-chart".*?</svg>', told, re.DOTALL)
    assert len(drawn) > 3
    names = [re.search(r'aria-labelledby="(\S+) (\S+)"', one) for one in drawn]
    ids = [id_ for found in names if found for id_ in found.groups()]
    assert len(ids) == len(set(ids)) == 2 * len(drawn)
    assert all(f'id="{id_}"' in told for id_ in ids)
    assert "style=" not in told
    assert "<script>" not in told


def test_what_needs_a_hand_comes_first_with_what_to_do(tmp_path: Path) -> None:
    _, hub = empty_hub(tmp_path / "hub")
    failures.note(hub.database, "folder:school", error="FolderUnsafe", again_in=None)
    assert [one.urgent for one in needs(collect(hub))] == [True]
    told = person((hub, app_of(hub))).get("/desk/operations").text
    assert "1 thing needs a hand" in told
    assert "The part folder:school was given up (FolderUnsafe)" in told
    (number,) = re.findall(r'href="/desk/operations/runbook#r-(\d+)"', told)
    assert runbook.lines()[int(number) - 1].symptom.startswith("`status`: *parts that fail*")
    hub.database.close()


def test_every_need_has_a_line_in_the_runbook() -> None:
    source = (Path(runbook.__file__).parent / "needs.py").read_text("utf-8")
    symptoms = re.findall(r'"((?:`|\*|an edge|dead letters|something)[^"]*)"', source)
    named = [one for one in symptoms if "hub dead-letters" not in one]
    assert len(named) >= 10
    assert [one for one in named if not runbook.line_of(one)] == []


def test_something_is_let_wait_and_goes_on_on_the_screen(place: tuple[Hub, Starlette]) -> None:
    hub, operator = place[0], person(place)
    wanted = {"flow": "queue gp", "minutes": "15", "why": "moved <b>", "do": "pause"}
    answer = operator.sends("/desk/operations/pauses", wanted)
    assert answer.headers["location"] == "/desk/operations/pauses?done=paused"
    for page in ("/desk/operations", "/desk/operations/pauses"):
        told = operator.get(page).text
        assert "Letters for gp wait" in told
        assert "moved &lt;b&gt;" in told
        assert "Paused</strong>" in told
    assert "mash.flow.paused.v1" in operator.get("/desk/operations/newest").text
    (pause,) = collect(hub).pauses
    assert (pause["decided_by"], 800 < pause["left_seconds"] <= 900) == ("A. Operator", True)
    ends = {"flow": "queue gp", "why": "there", "do": "resume"}
    assert operator.sends("/desk/operations/pauses", ends).status_code == 303
    again = operator.sends("/desk/operations/pauses", ends)
    assert (again.status_code, "does not wait" in again.text) == (422, True)
    assert (count(hub, FlowPaused), count(hub, FlowResumed)) == (1, 1)


def test_what_is_let_wait_stands_on_every_page_of_the_desks_of_who_minds_the_hub(
    place: tuple[Hub, Starlette],
) -> None:
    hub, operator = place[0], person(place)
    (message, *_) = re.findall(
        r"/desk/operations/follow/[^\"]+", operator.get("/desk/operations/newest").text
    )
    dead = f"/desk/dead-letters/letters/{bury(hub, bad_type())}"
    pages = [f"/desk/{desk}/{path}".rstrip("/") for desk, path in _lists()] + [message, dead]
    manager = person(place, "D. Manager")
    wanted = {"flow": "queue gp", "minutes": "15", "why": "moved", "do": "pause"}
    operator.sends("/desk/operations/pauses", wanted)
    for path in pages:
        told = (manager if "/duty" in path else operator).get(path).text
        assert told.count("Paused</strong>") == 1, path
        assert "Letters for gp wait" in told
        assert ('href="/desk/operations/pauses">Let it go on' in told) is (
            not path.startswith(("/desk/duty", "/desk/operations/pauses"))
        )
    assert "Paused</strong>" not in manager.get("/desk/front-door").text
    operator.sends("/desk/operations/pauses", {**wanted, "do": "resume"})
    assert "Paused</strong>" not in manager.get("/desk/duty").text


def _lists() -> Iterator[tuple[str, str]]:
    """Screens of those desks that are of nothing in particular."""
    for desk in DESKS:
        if desk.code in ("operations", "dead-letters", "duty"):
            yield from ((desk.code, one.path) for one in desk.screens if "{" not in one.path)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"flow": ""}, "flow"),
        ({"flow": "queue gossip"}, "flow"),
        ({"flow": "lane red"}, "flow"),
        ({"flow": "step rate", "reds": "too"}, "flow"),
        ({"why": ""}, "why"),
        ({"why": "é" * 501}, "why"),
        ({"minutes": "99999"}, "minutes"),
        ({"minutes": "x"}, "minutes"),
    ],
)
def test_a_faulty_form_is_shown_again_with_what_is_amiss(
    place: tuple[Hub, Starlette], changes: dict[str, str], field: str
) -> None:
    wanted = {"flow": "queue gp", "minutes": "15", "why": "moved", "do": "pause"}
    answer = person(place).sends("/desk/operations/pauses", {**wanted, **changes})
    assert (answer.status_code, f'href="#{field}"' in answer.text) == (422, True)
    assert collect(place[0]).pauses == ()


def test_a_message_is_found_and_what_was_searched_stands_in_no_address(
    place: tuple[Hub, Starlette],
) -> None:
    operator = person(place)
    newest = operator.get("/desk/operations/newest?topic=cases.linked").text
    (id_, *_) = re.findall(r'href="/desk/operations/follow/([^"]+)"', newest)
    found = operator.sends("/desk/operations/search", {"text": id_[:20]})
    assert (found.status_code, f"/desk/operations/follow/{id_}" in found.text) == (200, True)
    followed = operator.get(f"/desk/operations/follow/{id_}").text
    assert "mash.notification.received.v1" in followed
    short = operator.sends("/desk/operations/search", {"text": "<b>"})
    assert (short.status_code, 'href="#text"' in short.text, "<b>" in short.text) == (
        422,
        True,
        False,
    )
    assert operator.get("/desk/operations/follow/none").status_code == 404
    assert operator.get("/desk/operations/newest?topic=<b>").status_code == 200


@pytest.mark.parametrize("who", ["S. Worker", "J. Auditor", "D. Manager"])
def test_nobody_else_is_at_the_desk(place: tuple[Hub, Starlette], who: str) -> None:
    other, before = person(place, who), count(place[0], AccessDenied)
    assert {other.get(f"/desk/operations{path}").status_code for path in PAGES} == {403}
    form = {"form_token": other.token("/desk/accessibility"), "flow": "queue gp", "why": "x"}
    assert other.posts("/desk/operations/pauses", form).status_code == 403
    assert count(place[0], AccessDenied) == before + len(PAGES) + 1


def test_operations_see_nothing_of_a_child(place: tuple[Hub, Starlette]) -> None:
    operator = person(place)
    told = "".join(operator.get(f"/desk/operations{path}").text for path in PAGES)
    for line in sample_lines(10):
        record = json.loads(line)
        named = (record[one] for one in ("family_name", "nhs_number", "source_reference"))
        assert [one for one in named if one and one in told] == []


def test_what_an_agency_sent_and_never_came_is_seen_first_and_by_the_duty_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, hub = empty_hub(tmp_path / "hub")
    monkeypatch.setattr(manifests, "GRACE", dt.timedelta())
    told = {"day": dt.datetime.now(HERE).date().isoformat()}
    counts = {"first": told | {"sent": 3, "first": "s-7", "last": "s-9"}, "gp": told | {"sent": 0}}
    head = {"specversion": "1.0", "source": "cases", "type": "mash.manifest.v1"}
    for agency, sent in (("school", counts["first"]), ("gp", counts["gp"])):
        send(hub, agency, [head | {"id": f"count-{agency}", "data": sent}])
    app = app_of(hub)
    page = person((hub, app)).get("/desk/operations").text
    assert "1 thing needs a hand" in page
    assert "3 of 3 messages that school sent on" in page
    assert "with the numbers 7 to 9, for" in page
    row = page.partition("By their own count of each day")[2].partition("</table>")[0]
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", row)
    assert cells[:5] == [day(dt.datetime.now(HERE)), "0", "0", "0", "0"]
    assert "7 to 9" in row
    silent = person((hub, app), "D. Manager").get("/desk/duty/silence").text
    assert f"on {cells[0]} by its own count, and 3 never came: ring it" in silent
    hub.database.close()


def test_opening_the_pages_records_nothing(place: tuple[Hub, Starlette]) -> None:
    operator = person(place)
    before = collect(place[0]).facts
    for path in PAGES:
        operator.get(f"/desk/operations{path}")
    assert collect(place[0]).facts == before


def test_the_runbook_is_shown_whole_and_as_text(place: tuple[Hub, Starlette]) -> None:
    told = person(place).get("/desk/operations/runbook").text
    assert told.count('class="console-line"') == len(runbook.lines()) > 60
    assert in_marks("`a<b>` and *c* [d](e)") == "<code>a&lt;b&gt;</code> and <em>c</em> d"


@pytest.mark.parametrize(
    ("depths", "says"),
    [
        ((), None),
        ((1, 2), None),
        ((0, 0, 0), "steady"),
        ((10, 10, 10, 10), "steady"),
        ((1, 2, 3, 4), "growing"),
        ((4, 3, 2, 1), "falling"),
        ((100, 101, 99, 100), "steady"),
    ],
)
def test_a_trend_compares_the_newer_half_with_the_older(
    depths: tuple[int, ...], says: str | None
) -> None:
    assert trend(depths) == says


def test_a_way_in_is_silent_when_it_is_so_for_longer_than_ever() -> None:
    second, day = 1_000_000, 86_400
    daily = rhythm(at * day * second for at in range(10))
    assert (daily.usual, daily.longest) == (day, day)
    assert [daily.silent(since) for since in (None, 0.0, day, 1.4 * day, 1.6 * day)] == [
        False,
        False,
        False,
        False,
        True,
    ]
    quick = rhythm(at * second for at in range(100))
    assert [quick.silent(since) for since in (10.0, 3599.0, 3601.0)] == [False, False, True]
    assert rhythm([second] * 50) == rhythm([]) == Rhythm()
    assert not Rhythm().silent(10 * day)


def test_drawings_stay_within_their_frame() -> None:
    for numbers in ((0,) * 12, (1, 10**9), (3,), tuple(range(12))):
        for bar in drawing.bars(numbers):
            assert 0 <= bar.x <= bar.x + bar.width <= drawing.WIDTH
            assert 0 <= bar.y <= bar.y + bar.height <= drawing.HEIGHT + 0.1
    assert drawing.line((0, 1)) == "0.0,23.0 120.0,1.0"

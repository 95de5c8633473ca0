"""An agency says how many it sent on a day: what never came is missing, whatever else came in which
order and how often, and people are told.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import threading
from collections.abc import Iterator
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from connectors.events.facts import Door, source_key
from connectors.folder import read_file
from connectors.port import AgencyRoute, routes
from ops.cli import main
from ops.look import manifests as looked
from ops.look.manifests import GRACE, How, days
from ops.look.needs import needs
from ops.look.runbook import line_of
from ops.look.status import collect
from ops.run.ended import say_daily
from ops.run.wiring import Hub
from router.manifests import HERE, Compared, compare, in_words, ranges
from schemas.alarms import AlarmRaised
from schemas.manifests import Manifest, ManifestReceived
from schemas.notification import Receipt, ReceiptStatus
from schemas.refusals import Refusal
from schemas.settings import HubSettings
from stores import codec, counting
from tests.proofs.f24 import shipped
from tests.support.filled import empty_hub, send

SOURCE = "https://cases.school.example"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path / "hub")
    yield made
    made.database.close()


def message(name: str, data: dict[str, Any], type_: str = "notification") -> dict[str, Any]:
    head = {"specversion": "1.0", "id": name, "source": SOURCE, "type": f"mash.{type_}.v1"}
    return head | {"data": data}


def numbered(number: int, *, good: bool = True, words: str = "Came without a coat.") -> Any:
    """A notification whose id ends in the number; one that is not good is refused."""
    child = {"name": [{"given_name": ["Idris"], "family_name": ["Bell"]}]}
    told = {"reference": f"S-{number}", "observed_at": "2026-03-12T09:30:00Z", "subject": child}
    return message(f"n-{number:04}", told | {"narrative": words} if good else {})


def today() -> dt.date:
    return dt.datetime.now(HERE).date()


def counted(sent: int, span: tuple[int, int] | None = None, *, name: str = "count") -> Any:
    told: dict[str, Any] = {"day": today().isoformat(), "sent": sent}
    if span:
        told |= {"first": f"n-{span[0]:04}", "last": f"n-{span[1]:04}"}
    return message(name, told, "manifest")


def say(hub: Hub, *events: dict[str, Any]) -> Receipt:
    """The receipt of the last of them."""
    return send(hub, "school", events)[-1]


def look(hub: Hub, *, later: dt.timedelta = dt.timedelta()) -> Any:
    """The days that were told of, as they are so much later."""
    at = codec.from_micros(hub.database.clock()) + later
    with hub.database.view() as view:
        return days(view, hub.settings, at=at)


def test_all_that_was_sent_came(hub: Hub) -> None:
    said = say(hub, numbered(1), numbered(2), counted(2))
    assert said.status is ReceiptStatus.ACCEPTED
    assert said.explanation
    assert said.explanation.endswith("by your count; 2 came.")
    (day,) = look(hub, later=GRACE)
    assert (day.agency, day.day, day.how) == ("school", today(), How.ALL)


def test_what_never_came_is_missing_by_its_numbers_until_it_comes(hub: Hub) -> None:
    span = (1, 6)
    said = say(hub, numbered(1), numbered(4), counted(6, span))
    assert said.explanation
    assert "2 came. 4 missing: the numbers 2 to 3, 5 to 6 never came. Send" in said.explanation
    assert [one.how for one in look(hub)] == [How.COMING]
    (day,) = look(hub, later=GRACE)
    assert (day.how, day.told.gaps) == (How.MISSING, ((2, 3), (5, 6)))
    again = say(hub, *map(numbered, (2, 3, 5, 6)), counted(6, span))
    assert again.status is ReceiptStatus.DUPLICATE
    assert again.explanation
    assert "6 came." in again.explanation
    assert [one.how for one in look(hub, later=GRACE)] == [How.ALL]


def test_a_number_that_was_never_given_out_is_not_missing(hub: Hub) -> None:
    say(hub, numbered(1), numbered(3), counted(2, (1, 3)))
    assert [one.how for one in look(hub, later=GRACE)] == [How.ALL]


def test_what_was_refused_came_and_is_counted_once_when_it_is_sent_right(hub: Hub) -> None:
    span = (1, 2)
    bad = numbered(2, good=False)
    said = say(hub, numbered(1), bad, counted(2, span))
    assert said.explanation
    assert "2 came, 1 of them refused." in said.explanation
    for how in (None, span):
        told = say(hub, numbered(2), bad, counted(3, how and (1, 3), name=f"later-{how}"))
        assert told.explanation
        assert "2 came. 1 missing" in told.explanation, "neither twice, nor one for another"


def test_a_count_that_was_refused_is_no_notification_once_it_is_sent_right(hub: Hub) -> None:
    wrong = message("count", {"day": "yesterday"}, "manifest")
    said = say(hub, numbered(1), wrong, counted(2, name="count"))
    assert said.explanation
    assert "1 came. 1 missing" in said.explanation


def test_the_newest_count_of_a_day_holds_and_those_of_others_are_their_own(hub: Hub) -> None:
    say(hub, numbered(1), counted(9))
    send(hub, "gp", [counted(1)])
    say(hub, counted(1, name="right"))
    found = {one.agency: (one.how, one.told.came) for one in look(hub, later=GRACE)}
    assert found == {"gp": (How.MISSING, 0), "school": (How.ALL, 1)}


def test_another_source_has_other_ids(hub: Hub) -> None:
    say(hub, numbered(1) | {"source": "https://other.school.example"}, counted(1, (1, 1)))
    assert [one.how for one in look(hub, later=GRACE)] == [How.MISSING]
    say(hub, numbered(1))
    assert [one.how for one in look(hub, later=GRACE)] == [How.ALL]


def test_more_than_was_counted_hides_in_no_silence(hub: Hub) -> None:
    said = say(hub, numbered(1), numbered(2), counted(1))
    assert said.explanation
    assert said.explanation.endswith("see whether your count is right.")
    assert [one.how for one in look(hub, later=GRACE)] == [How.MORE]


def test_another_day_is_not_this_one(hub: Hub) -> None:
    yesterday = {"day": (today() - dt.timedelta(days=1)).isoformat(), "sent": 1}
    say(hub, numbered(1), message("earlier", yesterday, "manifest"))
    assert [one.how for one in look(hub, later=GRACE)] == [How.MISSING]
    with hub.database.view() as view:
        at = codec.from_micros(hub.database.clock()) + dt.timedelta(days=30)
        assert days(view, hub.settings, at=at) == [], "what is long ago is in the record alone"


@pytest.fixture(scope="module")
def one_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path_factory.mktemp("manifests") / "hub")
    yield made
    made.database.close()


_TRIES = count(1)
_COMING = st.lists(st.tuples(st.integers(1, 20), st.booleans()), max_size=40)
"""Numbers that come, in this order, and whether what comes can be read."""


def held(hub: Hub, sent: int, span: tuple[int, int] | None = None) -> Compared:
    ids = {"first": f"n-{span[0]:04}", "last": f"n-{span[1]:04}"} if span else {}
    told = Manifest.model_validate({"day": today(), "sent": sent} | ids)
    fact = ManifestReceived(agency="school", manifest=told, source_key=source_key(SOURCE))
    with hub.database.view() as view:
        return compare(view, fact)


@given(sent=st.sets(st.integers(1, 20), min_size=1), coming=_COMING, cuts=st.sets(st.integers()))
@settings(max_examples=30, deadline=None)
def test_whatever_comes_how_often_in_which_order_the_same_is_missing(
    one_hub: Hub, sent: set[int], coming: list[tuple[int, bool]], cuts: set[int]
) -> None:
    """Beside the plain difference of two sets; each try has numbers of its own, in one hub."""
    base, before = 100 * next(_TRIES), held(one_hub, 0)
    coming = [(number, good) for number, good in coming if number in sent]
    part: list[dict[str, Any]] = []
    for place, (number, good) in enumerate(coming):
        part.append(numbered(base + number, good=good))
        if place in cuts or place + 1 == len(coming):
            send(one_hub, "school", part)
            part = []
    came, taken = {number for number, _ in coming}, {number for number, good in coming if good}
    span = (base + min(sent), base + max(sent))
    told, after = held(one_hub, len(sent), span), held(one_hub, 0)
    assert (told.came, told.refused) == (len(came), len(came - taken))
    assert (after.came - before.came, after.refused - before.refused) == (told.came, told.refused)
    never = {base + number for number in range(min(sent), max(sent) + 1)} - {
        base + number for number in came
    }
    gone = {number for first, last in told.gaps for number in range(first, last + 1)}
    assert gone == (never if told.missing else set())
    assert told.missing == len(sent - came)


@given(st.lists(st.integers(0, 60)))
def test_rows_of_numbers_hold_just_these_and_none_touches_the_next(numbers: list[int]) -> None:
    rows = ranges(numbers)
    assert [n for first, last in rows for n in range(first, last + 1)] == sorted({*numbers})
    assert all(one[1] + 1 < other[0] for one, other in pairwise(rows))


def test_of_many_rows_the_first_few_are_said() -> None:
    assert in_words(((17, 17), (20, 22))) == "17, 20 to 22"
    assert in_words([(n, n) for n in range(0, 40, 2)]).endswith("12, 14 and 12 more")


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": "9999-12-31"},
        {"day": "0001-01-01"},
        {"sent": -1},
        {"sent": 10**9},
        {"first": "n-1"},
        {"last": "n-1"},
        {"first": "n-2", "last": "n-1"},
        {"first": "n-1", "last": "m-4"},
        {"first": "n-1", "last": "n-1001"},
        {"first": "n-07", "last": "n-9"},
        {"first": "n-1", "last": "n-2"},
        {"first": "n-1", "last": "n-\u0664"},
        {"first": "n", "last": "n"},
    ],
)
def test_a_count_that_cannot_be_is_refused_and_says_where(
    one_hub: Hub, wrong: dict[str, Any]
) -> None:
    told = {"day": today().isoformat(), "sent": 3} | wrong
    said = say(one_hub, message(f"wrong-{wrong}", told, "manifest"))
    assert (said.status, said.reason) == (ReceiptStatus.REJECTED, "invalid.value")
    assert said.explanation


@pytest.mark.parametrize(("body", "taken"), [('{"day": "2026-11-26", "sent": 3}', 1), ("", 0)])
def test_a_file_may_hold_it_whatever_other_files_are(body: str, taken: int) -> None:
    door = Door(routes_of_csv(), "folder", dt.datetime.now(dt.UTC))
    (came,) = read_file(door, io.BytesIO(body.encode()), filename="26.manifest.json")
    assert isinstance(came.body, ManifestReceived) == taken
    (other,) = read_file(door, io.BytesIO(body.encode()), filename="manifest.json")
    assert isinstance(other.body, Refusal)


def routes_of_csv() -> AgencyRoute:
    agreement = {"reference": "ISA", "signatory": "A. Partner", "since": "2025-01-01"}
    one = {"name": "One", "signpost_contact": "01632 960001", "agreement": agreement}
    one |= {"mapping": "case-system-csv"}
    told = {"area": "e08000032", "lead_agency": "one", "agencies": {"one": one}}
    return routes(HubSettings.model_validate(told), {}).by_code["one"]


def test_numbers_count_on_as_they_are_written() -> None:
    plain = Manifest(day=today(), sent=3, first="a9", last="a11")
    assert [*plain.ids()] == [(9, "a9"), (10, "a10"), (11, "a11")]
    zeros = Manifest(day=today(), sent=2, first="2026-0099", last="2026-0100")
    assert [*zeros.ids()] == [(99, "2026-0099"), (100, "2026-0100")]
    long = Manifest(day=today(), sent=1, first="9990000000018", last="9990000000018")
    assert [*long.numbers] == [18], "no more than nine digits are a number, and are shown"


def owing(hub: Hub, by: dt.time) -> HubSettings:
    school = hub.settings.agencies["school"].model_copy(update={"manifest": by})
    return hub.settings.model_copy(update={"agencies": {"school": school}})


def test_who_was_to_say_by_a_time_and_has_not_is_silent(hub: Hub) -> None:
    now = dt.datetime.combine(today(), dt.time(12), HERE)
    say(hub, counted(0))
    for by, how in ((dt.time(11), How.ALL), (dt.time(11, 50), How.NOT_TOLD)):
        with hub.database.view() as view:
            found = days(view, owing(hub, by), at=now)
        assert [one.how for one in found if one.how is how] == [how]
    late = dt.datetime.combine(today() + dt.timedelta(days=1), dt.time(11, 30), HERE)
    with hub.database.view() as view:
        found = days(view, owing(hub, dt.time(11)), at=late)
    assert [(one.how, one.day) for one in found] == [
        (How.NOT_TOLD, today() + dt.timedelta(days=1)),
        (How.ALL, today()),
    ]


class _After:
    """An event that is set after so many looks."""

    def __init__(self, looks: int) -> None:
        self._left = looks

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0

    def wait(self, _: float) -> bool:
        return False


def test_status_says_what_is_missing_and_people_are_alarmed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, hub = empty_hub(tmp_path / "hub")
    say(hub, numbered(1), counted(3, (1, 3)))
    looking = partial(say_daily, hub.database, hub.settings, shipped())
    looking(cast("threading.Event", _After(1)))
    assert alarms(hub) == 0, "it may be on its way"
    assert not [one for one in needs(collect(hub)) if "never came" in one.says]
    monkeypatch.setattr(looked, "GRACE", dt.timedelta())
    for _ in range(2):
        looking(cast("threading.Event", _After(2)))
    assert alarms(hub) == 1
    (need,) = [one for one in needs(collect(hub)) if "never came" in one.says]
    assert need.urgent
    assert "2 of 3 messages that school sent" in need.says
    assert need.says.endswith("with the numbers 2 to 3")
    assert line_of(need.symptom)
    said = CliRunner().invoke(main, ["status", "--config", str(folder.config)]).output
    assert "What agencies say that they sent" in said
    told = CliRunner().invoke(main, ["status", "--json", "--config", str(folder.config)]).stdout
    (row,) = json.loads(told)["manifests"]
    assert (row["sent"], row["came"], row["missing"], row["numbers"]) == (3, 1, 2, "2 to 3")
    hub.database.close()


def alarms(hub: Hub) -> int:
    hub.embedded().drain()
    with hub.database.reading() as connection:
        return counting.by_type(connection).get(AlarmRaised.type, 0)


def test_it_is_compared_by_indexes_alone(hub: Hub) -> None:
    say(hub, numbered(1), numbered(2, good=False), counted(2), counted(2, (1, 2), name="other"))
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cur: Any, statement: str, parameters: Any, _ctx: Any, _many: Any) -> None:
        asked.append((statement, parameters))

    event.listen(hub.database.engine, "before_cursor_execute", note)
    for span in (None, (1, 2)):
        held(hub, 2, span)
    look(hub)
    event.remove(hub.database.engine, "before_cursor_execute", note)
    plans = []
    with hub.database.reading() as connection:
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans += [row.detail for row in rows]
    assert len(plans) > 5
    assert [one for one in plans if one.startswith("SCAN") and "VIRTUAL" not in one] == []

"""Dead letters at the operators' desk: what they hold is hidden, acts are recorded as those of the
commands, and many at a time take two.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette

from ops.look import dead_letters as looking
from ops.mend import bulk
from ops.mend.dead_letters import Person as Operator
from ops.run.wiring import Hub
from schemas.operations import (
    AccessDenied,
    DeadLetterDiscarded,
    DeadLetterMended,
    DeadLetterRedriven,
    DeadLetterRevealed,
)
from stores import codec, linking
from tests.support.console import Person, app_of
from tests.support.dead_letters import bad_type, bury
from tests.support.filled import empty_hub

AT = "/desk/dead-letters"
WHY = {"why": "Asked the school"}
HELD = "gossip about Feb"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Starlette]]:
    _, hub = empty_hub(tmp_path_factory.mktemp("dead") / "hub")
    yield hub, app_of(hub)
    hub.database.close()


@pytest.fixture(scope="module")
def people(place: tuple[Hub, Starlette]) -> dict[str, Person]:
    hub, app = place
    found = {}
    for who in ("A. Operator", "P. Operator", "J. Auditor"):
        found[who] = Person(app)
        found[who].enters(hub, who)
    return found


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_PATIENCE", 0.0)


_numbers = iter(range(24))


def letter(hub: Hub, **changes: Any) -> str:
    """A new one, whose faulty field tells of somebody."""
    number = next(_numbers)
    return bury(hub, bad_type(number, **changes))


def count(hub: Hub, type_: type) -> int:
    with hub.database.reading() as connection:
        return linking.count(connection, type_)


def test_why_and_what_to_do_are_shown_and_not_what_it_holds(
    place: tuple[Hub, Starlette], people: dict[str, Person]
) -> None:
    id_, me = letter(place[0]), people["A. Operator"]
    for page in (me.get(AT), me.get(f"{AT}/letters/{id_}")):
        assert page.status_code == 200
        assert id_ in page.text
        assert "takes no message of this type" in page.text
        assert HELD not in page.text
    assert me.get(f"{AT}/letters/{id_[:20]}").status_code == 404
    assert me.get(f"{AT}?reason=missing.field").text.count("Nothing waits") == 1


def test_the_faulty_field_alone_is_shown_for_a_reason_that_is_recorded(
    place: tuple[Hub, Starlette], people: dict[str, Person]
) -> None:
    hub, me = place[0], people["A. Operator"]
    path, before = f"{AT}/letters/{letter(hub)}", count(hub, DeadLetterRevealed)
    assert me.sends(path, {"do": "reveal"}).status_code == 422
    assert count(hub, DeadLetterRevealed) == before
    shown = me.sends(path, {"do": "reveal", **WHY}).text
    assert HELD in shown
    assert "narrative" not in shown
    assert count(hub, DeadLetterRevealed) == before + 1


def test_a_letter_is_mended_by_what_its_sender_could_send_and_sent_again(
    place: tuple[Hub, Starlette], people: dict[str, Person]
) -> None:
    hub, me = place[0], people["A. Operator"]
    id_ = letter(hub)
    path = f"{AT}/letters/{id_}"
    wrong = me.sends(path, {"do": "mend", "value": "mash.gossip.v1", **WHY})
    assert (wrong.status_code, count(hub, DeadLetterMended)) == (422, 0)
    assert "That cannot be used either" in wrong.text
    mended = me.sends(path, {"do": "mend", "value": "mash.notification.v1", **WHY})
    assert mended.headers["location"] == f"{path}?done=mended"
    assert me.sends(path, {"do": "redrive", **WHY}).headers["location"] == f"{path}?done=sent"
    assert "has not acted on it yet" in me.get(path).text
    hub.embedded().drain()
    assert "Taken: the hub has acted on it" in me.get(path).text
    twice = me.sends(path, {"do": "redrive", **WHY})
    assert (twice.status_code, count(hub, DeadLetterRedriven)) == (422, 1)


def test_refused_again_is_said_and_no_success(
    place: tuple[Hub, Starlette], people: dict[str, Person]
) -> None:
    hub, me = place[0], people["A. Operator"]
    path = f"{AT}/letters/{letter(hub)}"
    me.sends(path, {"do": "redrive", **WHY})
    page = me.get(path).text
    assert "Refused again" in page
    assert "Came back" in page
    assert "Came back" in me.get(AT).text


def test_many_are_counted_then_asked_for_and_done_by_another(
    place: tuple[Hub, Starlette], people: dict[str, Person]
) -> None:
    hub, me, other = place[0], people["A. Operator"], people["P. Operator"]
    ids = [letter(hub), letter(hub)]
    before = count(hub, DeadLetterDiscarded)
    form = {"chosen": ids, "do": "discard", **WHY}
    counted = me.sends(AT, form)
    assert "2 letters" in counted.text
    asked = me.sends(AT, {**form, "step": "send"})
    assert asked.headers["location"] == f"{AT}/asked?done=asked"
    assert count(hub, DeadLetterDiscarded) == before
    links = re.findall(rf'href="({AT}/asked/[^"]+)"', other.get(f"{AT}/asked").text)
    own = me.sends(links[0], {"do": "agree", **WHY})
    assert "Two different people" in own.text
    done = other.sends(links[0], {"do": "agree", "why": "Seen"})
    assert done.headers["location"] == f"{links[0]}?done=agreed"
    assert count(hub, DeadLetterDiscarded) == before + 2
    assert other.get(links[0]).text.count("Given up") == 2
    assert other.sends(links[0], {"do": "agree", "why": "Seen"}).status_code == 422


def test_all_that_the_filter_shows_are_chosen_at_once_on_other_pages_too(
    place: tuple[Hub, Starlette], people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, me = place[0], people["A. Operator"]
    monkeypatch.setattr(import_module("ops.console.dead_letters.waiting"), "PER_PAGE", 1)
    here = {letter(hub), letter(hub)}
    every = {one["id"] for one in looking.some(hub, looking.ALL_WAITING, limit=99)}
    assert here <= every
    assert f"All {len(every)}, on other pages too" in me.get(AT).text
    form = {"all": "all", "do": "discard", **WHY}
    assert f"{len(every)} letters" in me.sends(AT, form).text
    nobodys = me.sends(f"{AT}?agency=police", form)
    assert "Choose at least one letter" in nobodys.text
    me.sends(AT, {**form, "step": "send"})
    asked = bulk.asked_lately(hub)[0]
    assert set(asked.ids) == every
    bulk.refuse(hub, asked.asked_id, person=Operator("A. Operator", "Not yet"))


def test_one_that_is_chosen_is_done_at_once(
    place: tuple[Hub, Starlette], people: dict[str, Person]
) -> None:
    hub, me = place[0], people["A. Operator"]
    id_ = letter(hub)
    form = {"chosen": id_, "do": "discard", "step": "send", **WHY}
    assert me.sends(AT, form).headers["location"] == f"{AT}/letters/{id_}?done=discarded"
    again = me.sends(AT, form)
    assert again.status_code == 422
    assert "discarded already" in again.text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"do": "discard", **WHY},
        {"do": "discard", "chosen": "no-such", **WHY},
        {"do": "elsewhere", "all": "all", **WHY},
        {"do": "discard", "all": "all"},
        {"do": "discard", "all": "all", "why": "x" * 501},
    ],
)
def test_what_is_not_chosen_or_has_no_reason_does_nothing(
    place: tuple[Hub, Starlette], people: dict[str, Person], fields: dict[str, str]
) -> None:
    hub = place[0]
    before = looking.count(hub, looking.ALL_WAITING)
    answer = people["A. Operator"].sends(AT, {**fields, "step": "send"})
    assert answer.status_code in (409, 422)
    assert looking.count(hub, looking.ALL_WAITING) == before


def test_nobody_else_is_there(place: tuple[Hub, Starlette], people: dict[str, Person]) -> None:
    hub, before = place[0], count(place[0], AccessDenied)
    path = f"{AT}/letters/{letter(hub)}"
    for one in (AT, path, f"{AT}/asked"):
        assert people["J. Auditor"].get(one).status_code == 403
    assert count(hub, AccessDenied) == before + 3


def test_letters_are_narrowed_by_the_days_on_which_they_were_refused(
    place: tuple[Hub, Starlette], people: dict[str, Person]
) -> None:
    hub, me = place[0], people["A. Operator"]
    id_ = letter(hub)
    now = codec.from_micros(hub.database.clock()).astimezone(ZoneInfo("Europe/London")).date()
    today, before, after = (str(now + dt.timedelta(days=n)) for n in (0, -1, 1))
    shown = {
        f"since={today}&until={today}": True,
        f"since={before}": True,
        f"since={after}": False,
        f"until={before}": False,
        f"since={today}&reason=missing.field": False,
    }
    for query, is_there in shown.items():
        assert (id_ in me.get(f"{AT}?{query}").text) is is_there, query
    wrong = me.get(f"{AT}?since=31/02/2019")
    assert (wrong.status_code, "Write a day as" in wrong.text) == (422, True)
    every = {"all": "all", "do": "discard", "step": "send", **WHY}
    page = f"{AT}?since=yesterday"
    assert me.posts(page, {"form_token": me.token(AT), **every}).status_code == 422
    assert looking.one(hub, id_)["state"] == "open"
    assert "since=9999-12-31" not in me.get(f"{AT}?until=9999-12-31").text

"""Who only looks at how the hub is sees the operators' desks, and does nothing there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ops.access.accounts import account
from ops.access.acting import Denied, asker
from ops.look import searching
from ops.look.child_search import Wanted, find
from ops.look.replay_report import Wanted as Replayed
from ops.mend import pausing, replays
from ops.run.wiring import Hub, open_hub
from schemas.access import Purpose
from stores import pauses
from tests.support.console import Person, app_of
from tests.support.dead_letters import bad_type, bury
from tests.support.filled import empty_hub

ME = "V. Watcher"
_PERSON = f"""
[[people]]
name = "{ME}"
agency = "childrens_social_care"
roles = ["observer"]
account = "{account()}"
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder, made = empty_hub(tmp_path_factory.mktemp("observer") / "hub")
    made.database.close()
    text = folder.config.read_text("utf-8").replace("[[people]]", f"{_PERSON}\n[[people]]", 1)
    folder.config.write_text(text, "utf-8")
    made = open_hub(folder.config, {})
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def me(hub: Hub) -> Person:
    person = Person(app_of(hub))
    person.enters(hub, ME)
    return person


def test_they_see_how_the_hub_is_and_no_form_of_it(hub: Hub, me: Person) -> None:
    id_ = bury(hub, bad_type())
    operator = replace(asker(hub, "A. Operator"), why="moved")
    pausing.pause(hub, pausing.Wanted("queue", "gp"), asker=operator)
    for path in ("operations", "operations/pauses", "dead-letters", f"dead-letters/letters/{id_}"):
        shown = me.get(f"/desk/{path}")
        assert shown.status_code == 200
        forms = [one for one in shown.text.split("<form")[1:] if 'method="post"' in one[:200]]
        assert [one for one in forms if not re.search("sign-out|/desk/session", one[:200])] == []
    assert "does nothing here" in me.get("/desk/operations/pauses").text
    assert id_ in me.get("/desk/dead-letters").text
    assert me.get("/desk/operations/newest").status_code == 200
    assert searching.search(hub, id_[:8], asker=asker(hub, ME)) is not None


def test_what_they_send_all_the_same_is_not_done(hub: Hub, me: Person) -> None:
    id_ = bury(hub, bad_type(7))
    token = me.token("/desk/accessibility")
    said = {"form_token": token, "why": "I want to", "step": "send"}
    sent = {
        "operations/pauses": {"do": "pause", "flow": "queue police", "minutes": "15"},
        "dead-letters": {"do": "redrive", "chosen": id_},
        f"dead-letters/letters/{id_}": {"do": "discard"},
    }
    for path, fields in sent.items():
        assert me.posts(f"/desk/{path}", said | fields).status_code == 403
    reveal = me.posts(f"/desk/dead-letters/letters/{id_}", said | {"do": "reveal"})
    assert (reveal.status_code, "gossip" in reveal.text) == (403, False)
    for desk in ("replays", "find", "front-door", "audit"):
        assert me.get(f"/desk/{desk}").status_code == 403
    with hub.database.reading() as connection:
        names = [one.name for one in pauses.current(connection, hub.database.clock())]
    assert "police" not in names


def test_the_services_deny_them_too(hub: Hub) -> None:
    watcher = replace(asker(hub, ME), why="I want to", purpose=Purpose.MENDING)
    with pytest.raises(Denied):
        pausing.pause(hub, pausing.Wanted("queue", "gp"), asker=watcher)
    with pytest.raises(Denied):
        replays.plan(hub, Replayed(), asker=watcher)
    with pytest.raises(Denied):
        replays.plan_to_live(hub, Replayed(), "gp", asker=watcher)
    with pytest.raises(Denied):
        find(hub, Wanted("Kim", "Sample"), asker=replace(watcher, purpose=Purpose.SAFEGUARDING))

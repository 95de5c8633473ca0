"""What a recipient lost goes on its queue again: planned by one person, agreed to by another, and
only what the gate lets go now.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ops.access.acting import Asker, Denied, asker
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.look.replay_report import Wanted
from ops.mend import replaying_apart, replays, sending_again
from ops.mend.dead_letters import Refused
from ops.mend.replays import Job
from ops.run.wiring import Hub
from schemas.access import Purpose
from schemas.operations import AccessDenied, SentAgain
from stores import codec, linking
from tests.support.approving import ROBIN, asked, asking_hub, released, wanted_back
from tests.support.console import Person, app_of
from tests.support.desk import letters, tells

TO = "early_help"
PRODUCT = "mash.product.v1"
Place = tuple[DemoFolder, Hub]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A hub whose one product was fetched, and is off the queue."""
    folder, hub = asking_hub(tmp_path / "hub")
    asked(hub)
    released(hub)
    assert len(fetched(hub)) == 1
    yield folder, hub
    hub.database.close()


def fetched(hub: Hub) -> list[dict[str, Any]]:
    """The products that its system takes off its queue."""
    leased = hub.queues.lease(TO, limit=99, seconds=60)
    hub.queues.acknowledge(TO, [one.id for one in leased])
    hub.embedded().drain()
    events = [json.loads(one.body) for one in leased]
    return [one for one in events if one["type"] == PRODUCT]


def receipted(hub: Hub, product: dict[str, Any]) -> None:
    told = {"product_id": product["product_id"], "case_id": product["case_id"]}
    tells(hub, TO, "mash.delivery-receipt.v1", **told, status="received", received_by="E. Helper")


def mends(hub: Hub, who: str = "A. Operator") -> Asker:
    return replace(asker(hub, who), why="put back to 02:00", purpose=Purpose.MENDING)


def planned(hub: Hub, wanted: Wanted | None = None, who: str = "A. Operator") -> Job:
    return replays.plan_to_live(hub, wanted or Wanted(), TO, asker=mends(hub, who))


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that were started: what their process does is done here instead."""
    started: list[str] = []

    def start(hub: Hub, job_id: str, *, who: str) -> None:
        with hub.database.view() as view:
            sending_again.refuse_to_start(sending_again.of(view, job_id))
        started.append(job_id)
        place, now = replays.place_of(hub, hub.folder, job_id), dt.datetime.now(dt.UTC)
        replays.write_progress(
            place, replays.Progress(replays.RUNNING, started_by=who, started_at=now)
        )
        replaying_apart.send(hub, job_id)

    monkeypatch.setattr(replays, "start", start)
    return started


def agreed(hub: Hub, job: Job, who: str = "P. Operator") -> Job:
    replays.agree(hub, job.plan.job_id, asker=mends(hub, who), agreed=True)
    return replays.job(hub, hub.folder, job.plan.job_id)


def report(job: Job) -> tuple[int, dict[str, int]]:
    assert job.report is not None
    return job.report["sent"], job.report["not_sent"]


def facts(hub: Hub, type_: type[Any]) -> list[Any]:
    with hub.database.reading() as connection:
        found = list(linking.every(connection, hub.database.vault, type_=type_))
    return [one.message.data for one in found]


@pytest.mark.parametrize("confirmed", [False, True], ids=["fetched", "confirmed"])
@pytest.mark.usefixtures("starts")
def test_what_was_lost_is_had_again_in_the_same_letter(tmp_path: Path, *, confirmed: bool) -> None:
    _, hub = asking_hub(tmp_path / "hub")
    asked(hub)
    released(hub)
    (before,) = fetched(hub)
    if confirmed:
        receipted(hub, before["data"])
    job = planned(hub)
    assert (job.plan.facts, job.plan.would_go, dict(job.plan.stays)) == (1, 1, {})
    assert fetched(hub) == []
    assert report(agreed(hub, job)) == (1, {})
    (again,) = fetched(hub)
    assert (again["id"], again["data"]) == (before["id"], before["data"])
    (told,) = facts(hub, SentAgain)
    assert (told.product_ids, told.not_sent, told.recipient) == (
        (before["data"]["product_id"],),
        (),
        TO,
    )
    assert (told.decided_by, told.left) == ("P. Operator", 0)
    hub.database.close()


def test_one_person_alone_sends_nothing(place: Place, starts: list[str]) -> None:
    hub = place[1]
    job = planned(hub)
    with pytest.raises(Refused, match="two different people"):
        agreed(hub, job, "A. Operator")
    with pytest.raises(Refused, match="another than who planned it"):
        replays.start(hub, job.plan.job_id, who="A. Operator")
    assert (starts, fetched(hub), facts(hub, SentAgain)) == ([], [], [])


def test_the_real_start_refuses_it_too(place: Place) -> None:
    hub = place[1]
    job = planned(hub)
    with pytest.raises(Refused, match="another than who planned it"):
        replays.start(hub, job.plan.job_id, who="A. Operator")
    with pytest.raises(Refused, match="another than who planned it"):
        replaying_apart.send(hub, job.plan.job_id)
    assert fetched(hub) == []


@pytest.mark.usefixtures("starts")
def test_what_was_refused_or_done_is_not_done_again(place: Place) -> None:
    hub = place[1]
    first, second = planned(hub), planned(hub)
    replays.agree(hub, first.plan.job_id, asker=mends(hub, "P. Operator"), agreed=False)
    for act in (agreed, lambda hub, job: replays.start(hub, job.plan.job_id, who="P. Operator")):
        with pytest.raises(Refused, match=r"refused it already|not to be done"):
            act(hub, first)
    assert report(agreed(hub, second)) == (1, {})
    for act in (agreed, lambda hub, job: replays.start(hub, job.plan.job_id, who="P. Operator")):
        with pytest.raises(Refused, match="already"):
            act(hub, second)
    assert len(fetched(hub)) == 1


@pytest.mark.parametrize("who", ["J. Auditor", "S. Worker", "E. Helper", "R. Reviewer"])
def test_who_may_not_mend_letters_is_denied_on_the_record(place: Place, who: str) -> None:
    hub = place[1]
    before = len(facts(hub, AccessDenied))
    with pytest.raises(Denied):
        planned(hub, who=who)
    job = planned(hub)
    with pytest.raises(Denied):
        agreed(hub, job, who)
    with pytest.raises(Denied):
        replays.permitted(hub, job.plan.job_id, asker=mends(hub, who))
    assert len(facts(hub, AccessDenied)) == before + 3


@pytest.mark.parametrize(
    ("wanted", "to", "said"),
    [
        (Wanted(), "nobody", "no agency is called nobody"),
        (Wanted(), "school", "nothing left for it then"),
        (Wanted(topic="ratings.assigned"), TO, "only products.released goes to live"),
        (Wanted(about="no-such-case"), TO, "nothing left for it then"),
        (Wanted(since=2**61), TO, "nothing left for it then"),
        (Wanted(until=5), TO, "nothing left for it then"),
        (Wanted(about="%' OR 1=1 --"), TO, "nothing left for it then"),
    ],
)
def test_what_would_send_nothing_is_an_error_and_no_plan(
    place: Place, wanted: Wanted, to: str, said: str
) -> None:
    hub = place[1]
    with pytest.raises(Refused, match=said):
        replays.plan_to_live(hub, wanted, to, asker=mends(hub))
    assert replays.jobs(hub, hub.folder) == []


@pytest.mark.usefixtures("starts")
def test_nothing_goes_that_the_gate_would_not_let_go_now(place: Place) -> None:
    hub = place[1]
    job = planned(hub)
    wanted_back(hub)
    hub.embedded().drain()
    fetched(hub)
    assert report(agreed(hub, job)) == (0, {"recalled": 1})
    assert fetched(hub) == []
    (told,) = facts(hub, SentAgain)
    assert [one.why for one in told.not_sent] == ["recalled"]
    again = planned(hub)
    assert (again.plan.would_go, dict(again.plan.stays)) == (0, {"recalled": 1})


@pytest.mark.usefixtures("starts")
def test_what_waits_still_is_not_sent_twice(place: Place) -> None:
    hub = place[1]
    first, second = planned(hub), planned(hub)
    assert report(agreed(hub, first)) == (1, {})
    assert report(agreed(hub, second)) == (0, {"waits": 1})
    assert len(letters(hub, TO, PRODUCT)) == 1


@pytest.mark.usefixtures("starts")
def test_what_its_case_was_erased_with_is_not_sent(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = place[1]
    job = planned(hub)
    monkeypatch.setattr(sending_again, "_state", lambda *_: None)  # as after an erasure
    assert report(agreed(hub, job)) == (0, {"unreadable": 1})


@pytest.mark.usefixtures("starts")
def test_a_job_that_is_cancelled_tells_what_it_did_not_come_to(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = place[1]
    asked(hub, reference="R-2", child=ROBIN)
    released(hub)
    assert len(fetched(hub)) == 1
    job = planned(hub)
    assert job.plan.facts == 2
    monkeypatch.setattr(replaying_apart, "AT_ONCE", 1)
    real, folder = sending_again.send, replays.place_of(hub, hub.folder, job.plan.job_id)

    def then_cancelled(*given: Any, **more: Any) -> None:
        real(*given, **more)
        (folder / "cancel").touch()

    monkeypatch.setattr(sending_again, "send", then_cancelled)
    ended = agreed(hub, job)
    assert (ended.state, ended.can_start, report(ended)) == ("cancelled", False, (1, {}))
    (told,) = facts(hub, SentAgain)
    assert (len(told.product_ids), told.left) == (1, 1)
    assert len(fetched(hub)) == 1


def test_of_one_case_and_of_a_time_only_that_is_planned(place: Place) -> None:
    hub = place[1]
    between = codec.to_micros(codec.from_micros(hub.database.clock()))
    referral = asked(hub, reference="R-2", child=ROBIN)
    released(hub)
    fetched(hub)
    counted = [
        planned(hub, wanted).plan.facts
        for wanted in (
            Wanted(),
            Wanted(about=referral),
            Wanted(since=between),
            Wanted(until=between),
            Wanted("products.released", referral, between),
        )
    ]
    assert counted == [2, 1, 1, 1, 1]


def test_the_command_plans_and_another_person_starts_it(place: Place) -> None:
    folder, hub = place

    def say(*arguments: str, code: int = 0) -> Any:
        given = ["replays", *arguments, "--config", str(folder.config), "--json"]
        answer = CliRunner().invoke(main, given)
        assert answer.exit_code == code, answer.output
        return json.loads(answer.stdout) if answer.stdout else answer.output

    me, other = (["--who", who, "--why", "put back"] for who in ("A. Operator", "P. Operator"))
    plan = say("start", "--to", "live", "--recipient", TO, *me)
    assert (plan["state"], plan["to"], plan["would_go"]) == ("planned", "live", 1)
    done = say("agree", plan["id"], "--wait", *other)
    assert (done["state"], done["report"]["sent"], done["percent"]) == ("done", 1, 100)
    assert len(fetched(hub)) == 1
    say("start", "--to", "live", *me, code=2)
    say("start", "--recipient", TO, *me, code=2)


def test_the_screens_take_two_people(place: Place, starts: list[str]) -> None:
    hub = place[1]
    people = {}
    for who in ("A. Operator", "P. Operator", "J. Auditor"):
        people[who] = Person(app_of(hub))
        people[who].enters(hub, who)
    me, other = people["A. Operator"], people["P. Operator"]
    answer = me.sends("/desk/replays", {"recipient": TO, "why": "put back"})
    path = answer.headers["location"].partition("?")[0]
    assert answer.headers["location"].endswith("?done=asked")
    shown = me.get(path).text
    assert "1 of 1 products would go" in shown
    assert "another person has to agree" in shown
    assert me.sends(path, {"do": "agree", "why": "ok"}).status_code == 422
    assert me.sends(path, {"do": "start", "why": "ok"}).status_code == 422
    assert "Agree, and send it now" not in people["J. Auditor"].get(path).text
    assert people["J. Auditor"].sends(path, {"do": "agree", "why": "ok"}).status_code == 403
    assert other.sends(path, {"do": "agree", "why": ""}).status_code == 422
    assert (starts, fetched(hub)) == ([], [])
    done = other.sends(path, {"do": "agree", "why": "rung"})
    assert done.headers["location"] == f"{path}?done=agreed"
    assert "1 of 1 sent again" in other.get(path).text
    assert "1 sent again" in other.get("/desk/replays").text
    assert json.loads(other.get(f"{path}/report").text)["report"]["sent"] == 1
    assert len(fetched(hub)) == 1
    wrong = me.sends("/desk/replays", {"recipient": "nobody", "why": "put back"})
    assert wrong.status_code == 422

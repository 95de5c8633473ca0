"""Dead letters: told with cause and cure, sent again once or given up, all of it on the record."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ops.access.acting import Asker, asker
from ops.demo.running import DemoFolder
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.look import dead_letters as looking
from ops.mend import bulk, dead_letters
from ops.run.wiring import Hub
from router.steps.link import decide as link
from schemas.access import Purpose
from stores import codec
from tests.support.console import working
from tests.support.dead_letters import ME, SOMEBODY, bad_type, bury, facts, run, sealed_well, told
from tests.support.filled import empty_hub, send

US = [*ME, "--and", "P. Operator"]


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step is at work here that could act on what was sent again."""
    monkeypatch.setattr(bulk, "_PATIENCE", 0.0)


@pytest.fixture
def hub_(tmp_path: Path) -> tuple[DemoFolder, Hub]:
    return empty_hub(tmp_path / "hub")


def mender(hub: Hub) -> Asker:
    return asker(hub, SOMEBODY.who, why=SOMEBODY.why, purpose=Purpose.MENDING)


def not_all_done(folder: DemoFolder, verb: str, *arguments: str) -> Any:
    answer = run(folder, verb, *arguments, "--json")
    assert answer.exit_code == 1, answer.output
    return json.loads(answer.stdout)


def count(hub: Hub, query: str) -> Any:
    with hub.database.reading() as connection:
        return connection.execute(text(query)).scalar()


def test_the_list_names_reason_and_field_and_not_what_is_held(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    (letter,) = told(folder, "list")
    assert (letter["id"], letter["reason"], letter["state"]) == (id_, "unknown.type", "open")
    assert letter["field"] == "type"
    assert "gossip about Feb" not in json.dumps(letter)
    assert told(folder, "list", "--reason", "invalid.code") == []


def test_show_tells_cause_and_cure(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    shown = told(folder, "show", bury(hub, bad_type()))
    assert "takes no message of this type" in shown["cause"]
    assert shown["cure"]
    assert "original" not in shown


def test_revealing_shows_the_original_and_is_recorded(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    assert run(folder, "show", id_, "--reveal").exit_code == 2
    assert "gossip about Feb" in told(folder, "show", id_, "--reveal", *ME)["original"]
    (fact,) = facts(hub, "mash.dead-letter.revealed.v1")
    assert (fact.dead_letter_id, fact.seen_by, fact.why) == (id_, "A. Operator", "asked the school")


def test_whose_message_was_read_is_told_by_whom_and_why_and_nothing_of_it(
    hub_: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = hub_
    event = bad_type()
    id_ = bury(hub, event)
    told(folder, "show", id_, "--reveal", *ME)
    (fact,) = facts(hub, "mash.dead-letter.revealed.v1")
    (letter,) = hub.queues.lease(fact.agency, limit=10, seconds=60)
    said = json.loads(letter.body)
    assert (letter.agency, said["type"]) == (
        event["data"]["source_agency"],
        "mash.content-revealed.v1",
    )
    seen_at, due_at = (said["data"].pop(name) for name in ("seen_at", "review_due_at"))
    assert said["data"] == {
        "record": "dead_letter",
        "message_ids": [id_],
        "seen_by": "A. Operator",
        "why": "asked the school",
        "purpose": "mending",
        "seen_for": "childrens_social_care",
        "seen_as": ["operations"],
        "reviewed_by": "R. Reviewer",
        "to_do": (
            "Nothing, where you find it in order. Where you do not: ring, say who looked and when, "
            "and ask for who reviews it, or for the information risk owner."
        ),
        "contact": "MASH manager, 01632 960102",
    }
    assert dt.datetime.fromisoformat(seen_at) < dt.datetime.fromisoformat(due_at)


def test_of_what_is_of_an_agency_that_is_configured_no_more_nobody_is_told(
    hub_: tuple[DemoFolder, Hub],
) -> None:
    _, hub = hub_
    event = bad_type()
    id_, agency = bury(hub, event), event["data"]["source_agency"]
    others = {code: one for code, one in hub.settings.agencies.items() if code != agency}
    less = dataclasses.replace(hub, settings=hub.settings.model_copy(update={"agencies": others}))
    assert dead_letters.reveal(less, id_, asker=mender(less)).original
    assert len(facts(hub, "mash.dead-letter.revealed.v1")) == 1
    assert count(hub, "SELECT count(*) FROM letters") == 0


def test_a_mended_letter_is_taken_once_and_its_sender_told(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    event = bad_type()
    id_ = bury(hub, event)
    told(folder, "mend", id_, "--field", "type", "--value", "mash.notification.v1", *ME)
    assert told(folder, "redrive", id_, *ME)["done"] == 1
    hub.embedded().drain()
    assert len(facts(hub, "mash.case.child-linked.v1")) == 1
    (fact,) = facts(hub, "mash.dead-letter.redriven.v1")
    assert (fact.refused, fact.why) == (0, "asked the school")
    assert fact.message_ids == (
        count(hub, "SELECT message_id FROM journal WHERE type LIKE '%notification.received%'"),
    )
    receipts = hub.queues.lease(event["data"]["source_agency"], limit=50, seconds=5)
    told_again = [json.loads(letter.body)["data"] for letter in receipts]
    assert [one["status"] for one in told_again if one.get("follows") == id_] == ["accepted"]
    assert sealed_well(hub)


def test_a_letter_that_was_redriven_is_not_sent_again(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    told(folder, "mend", id_, "--field", "type", "--value", "mash.notification.v1", *ME)
    told(folder, "redrive", id_, *ME)
    answer = run(folder, "redrive", id_, *ME)
    assert answer.exit_code == 1
    assert "was redriven already, by A. Operator" in answer.output


def test_what_is_refused_again_waits_on_with_what_is_amiss_now(
    hub_: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type(specversion="0.3"))
    assert not_all_done(folder, "redrive", id_, *ME)["refused_again"] == 1
    first = told(folder, "show", id_)
    told(folder, "mend", id_, "--field", first["field"], "--value", _good(first["field"]), *ME)
    assert not_all_done(folder, "redrive", id_, *ME)["refused_again"] == 1
    second = told(folder, "show", id_)
    assert {first["field"], second["field"]} == {"type", "specversion"}
    assert second["state"] == "mended"
    told(folder, "mend", id_, "--field", second["field"], "--value", _good(second["field"]), *ME)
    assert told(folder, "redrive", id_, *ME)["refused_again"] == 0


def test_a_redrive_that_is_refused_is_no_success(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    answer = run(folder, "redrive", id_, *ME)
    assert answer.exit_code == 1
    assert answer.stdout == (
        "sent again: 1 of 1 (refused before as 1 unknown.type); now 0 taken, 1 refused again\n"
    )
    assert "1 refused again" in answer.stderr


def test_of_many_those_that_cannot_be_sent_are_named_and_the_others_are_sent(
    hub_: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = hub_
    ids = [bury(hub, bad_type(number)) for number in range(3)]
    for id_ in ids[1:]:
        told(folder, "mend", id_, "--field", "type", "--value", "mash.notification.v1", *ME)
    with hub.database.transaction() as transaction:
        gone = text("UPDATE dead_letters SET agency = 'closed_down' WHERE id = :id")
        transaction.connection.execute(gone, {"id": ids[1]})
    outcome = not_all_done(folder, "redrive", "--all", "--yes", *US)
    assert (outcome["matched"], outcome["done"], outcome["refused_again"]) == (3, 1, 1)
    assert list(outcome["not_done"]) == [ids[1]]
    assert "closed_down is not configured any more" in outcome["not_done"][ids[1]]
    assert told(folder, "show", ids[2])["state"] == "redriven"


@pytest.mark.parametrize("verb", ["list", "redrive", "discard"])
def test_a_reason_or_an_agency_that_nobody_knows_is_an_error(
    hub_: tuple[DemoFolder, Hub], verb: str
) -> None:
    folder, hub = hub_
    bury(hub, bad_type())
    who = [] if verb == "list" else [*ME, "--yes"]
    assert run(folder, verb, "--reason", "nonsense", *who).exit_code == 2
    answer = run(folder, verb, "--agency", "nonsense", *who)
    assert answer.exit_code == 1
    assert "nonsense is not configured" in answer.stderr
    assert len(told(folder, "list")) == 1


@pytest.mark.parametrize("option", ["--who", "--why"])
@pytest.mark.parametrize("words", ["", "   ", "x" * 501, "\udcff"])
def test_who_and_why_are_words_that_the_record_can_keep(
    hub_: tuple[DemoFolder, Hub], option: str, words: str
) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    for arguments in (["discard", id_], ["show", id_, "--reveal"]):
        answer = run(folder, *arguments, *ME, option, words)
        assert answer.exit_code == 2
        assert "write some words" in answer.stderr
    assert told(folder, "show", id_)["state"] == "open"


def _good(field: str) -> str:
    return {"type": "mash.notification.v1", "specversion": "1.0"}[field]


def test_discarding_gives_up_and_keeps_the_original(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    told(folder, "discard", id_, *ME)
    assert told(folder, "list") == []
    assert told(folder, "list", "--state", "discarded")[0]["decided_by"] == "A. Operator"
    assert "gossip about Feb" in told(folder, "show", id_, "--reveal", *ME)["original"]
    assert len(facts(hub, "mash.dead-letter.discarded.v1")) == 1
    assert run(folder, "redrive", id_, *ME).exit_code == 1


def test_many_are_counted_first_asked_about_and_then_sent(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    for number in range(3):
        bury(hub, bad_type(number))
    counted = told(folder, "redrive", "--all", "--dry-run", *ME)
    assert (counted["matched"], counted["done"], counted["by_reason"]) == (
        3,
        0,
        {"unknown.type": 3},
    )
    asked = run(folder, "redrive", "--all", *ME, input="n\n")
    assert asked.exit_code == 1
    assert facts(hub, "mash.dead-letter.redriven.v1") == []
    assert told(folder, "discard", "--reason", "unknown.type", "--yes", *US)["done"] == 3
    assert told(folder, "list") == []


@pytest.mark.parametrize(
    "arguments", [[], ["some-id", "--all"], ["--all", "--reason", "unknown.type"]]
)
def test_what_to_redrive_is_said_in_one_way(
    hub_: tuple[DemoFolder, Hub], arguments: list[str]
) -> None:
    assert run(hub_[0], "redrive", *arguments, *ME).exit_code == 2


def mended_type(folder: DemoFolder, id_: str) -> None:
    told(folder, "mend", id_, "--field", "type", "--value", "mash.notification.v1", *ME)


def test_what_may_be_a_red_stands_first_then_the_oldest(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    quiet = {**bad_type(0), "type": "mash.gossip.v1"}
    ids = [bury(hub, quiet), bury(hub, bad_type(1)), bury(hub, {**quiet, "id": "bad-9"})]
    urgent = bad_type(2)
    urgent["data"] |= {"urgent": True}
    ids.append(bury(hub, urgent))
    found = told(folder, "list")
    reds = [one["id"] for one in found if one["may_be_red"]]
    assert ids[3] in reds
    assert [one["id"] for one in found] == [*reds, *(id_ for id_ in ids if id_ not in reds)]
    counted = told(folder, "count")
    assert (counted["letters"], counted["reds"]) == (4, len(reds))
    assert counted["by_reason"] == {"unknown.type": 4}
    assert sum(counted["by_agency"].values()) == 4


def test_the_beginning_of_an_id_is_enough_and_of_several_all_are_named(
    hub_: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = hub_
    ids = sorted(bury(hub, bad_type(number)) for number in range(17))
    same = next((one, two) for one, two in pairwise(ids) if one[0] == two[0])
    assert told(folder, "show", ids[0][:30])["id"] == ids[0]
    for verb in (["show"], ["discard", *ME], ["mend", "--field", "type", "--value", "x", *ME]):
        answer = run(folder, verb[0], same[0][0], *verb[1:])
        assert answer.exit_code == 1
        assert all(id_ in answer.output for id_ in same)
    for none in ("zzz", "%", "_", "0" * 200):
        assert f"there is no dead letter {none}" in run(folder, "show", none).output


def test_ids_and_times_are_whole_where_somebody_reads_them_by_a_program(
    hub_: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    shown, (letter,) = run(folder, "list").stdout, told(folder, "list")
    assert id_ in shown
    assert letter["created_at"] in shown
    assert dt.datetime.fromisoformat(letter["created_at"]).utcoffset() == dt.timedelta(0)


def test_what_is_refused_again_came_back(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    assert told(folder, "list")[0]["came_back"] == 0
    for times in (1, 2):
        outcome = not_all_done(folder, "redrive", id_, *ME)
        assert outcome["results"] == {id_: "refused again: unknown.type"}
        assert told(folder, "list")[0]["came_back"] == times
    assert told(folder, "show", id_)["became"] == "refused again"


def test_what_a_step_refuses_after_it_was_sent_again_is_no_success(
    hub_: tuple[DemoFolder, Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    mended_type(folder, id_)
    outcome = told(folder, "redrive", id_, *ME)
    assert (outcome["done"], outcome["undecided"]) == (1, 1)
    assert told(folder, "show", id_)["became"] == "not decided yet"

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    decide = link.STEP.decide
    object.__setattr__(link.STEP, "decide", broken)
    try:
        hub.embedded().drain()
    finally:
        object.__setattr__(link.STEP, "decide", decide)
    shown, (back,) = told(folder, "show", id_), told(folder, "list")
    assert (shown["became"], shown["became_reason"]) == ("refused again", "undecidable")
    assert shown["became_dead_letter"] == back["id"]
    assert (back["step"], back["came_back"]) == ("link", 1)
    monkeypatch.setattr(bulk, "_PATIENCE", 10.0)
    with working(hub):
        outcome = told(folder, "redrive", back["id"], *ME)
    assert outcome["results"] == {back["id"]: "taken"}
    assert told(folder, "list") == []


def test_what_the_hub_has_acted_on_is_taken(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    mended_type(folder, id_)
    told(folder, "redrive", id_, *ME)
    hub.embedded().drain()
    assert told(folder, "show", id_)["became"] == "taken"
    assert looking.became(hub, ["no-such-letter"]) == {}


def test_an_event_under_a_used_id_is_redriven_under_one_of_its_own(
    hub_: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = hub_
    first, second = (notification_event(json.loads(line)) for line in sample_lines(2))
    agency = first["data"]["source_agency"]
    send(hub, agency, [first])
    (receipt,) = send(hub, agency, [{**second, "id": first["id"], "source": first["source"]}])
    assert receipt.reason == "refused.same-id"
    assert told(folder, "redrive", receipt.id, *ME)["refused_again"] == 0
    hub.embedded().drain()
    assert len(facts(hub, "mash.notification.accepted.v1")) == 2


def test_those_of_a_time_alone_are_listed_and_acted_on(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    first = bury(hub, bad_type(11))
    between = codec.from_micros(hub.database.clock()).isoformat()
    second = bury(hub, bad_type(12))

    def ids(*arguments: str) -> set[str]:
        return {one["id"] for one in told(folder, "list", *arguments)} & {first, second}

    assert ids("--since", between) == {second}
    assert ids("--until", between) == {first}
    assert ids("--since", between, "--until", between) == set()
    assert ids("--since", between, "--reason", "missing.field") == set()
    would = run(folder, "discard", "--since", between, "--dry-run", *ME)
    assert "would give up 1 (refused before as 1 unknown.type); nothing was done" in would.stdout
    odd = run(folder, "list", "--since", "yesterday")
    assert (odd.exit_code, "2026-03-12" in odd.output) == (2, True)


def test_what_was_sent_again_says_what_became_of_it(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type(13))
    told(folder, "mend", id_, "--field", "type", "--value", "mash.notification.v1", *ME)
    answer = run(folder, "redrive", id_, *ME)
    assert answer.stdout == (
        "sent again: 1 of 1 (refused before as 1 unknown.type); now 0 taken, 1 not acted on yet\n"
    )
    given = run(folder, "discard", bury(hub, bad_type(14)), *ME)
    assert given.stdout == "given up: 1 of 1 (refused before as 1 unknown.type)\n"

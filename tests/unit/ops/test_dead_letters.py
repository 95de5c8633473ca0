"""Dead letters: told with cause and cure, mended in one field, sent again once, all of it on the
record.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from connectors.port import routes
from ops.access.acting import Asker, asker
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import DECISION_MAKER
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.look import dead_letters as looking
from ops.mend import bulk, dead_letters
from ops.mend.dead_letters import Person, Refused
from ops.run.wiring import Hub
from router.steps.link import decide as link
from router.steps.rate import decide as rate
from schemas.access import Purpose
from schemas.base import Fact
from schemas.product import Choice
from stores import codec, cursors, journal
from tests.support import given
from tests.support import products as product
from tests.support.console import working
from tests.support.filled import empty_hub, filled_hub, seen_by_lead, send

ME = ["--who", "A. Operator", "--why", "asked the school"]
US = [*ME, "--and", "P. Operator"]
SOMEBODY = Person("A. Operator", "asked the school")


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step is at work here that could act on what was sent again."""
    monkeypatch.setattr(bulk, "_PATIENCE", 0.0)


@pytest.fixture
def hub_(tmp_path: Path) -> tuple[DemoFolder, Hub]:
    return empty_hub(tmp_path / "hub")


def run(folder: DemoFolder, verb: str, *arguments: str, **kwargs: Any) -> Result:
    return CliRunner().invoke(
        main, ["dead-letters", verb, "--config", str(folder.config), *arguments], **kwargs
    )


def mender(hub: Hub) -> Asker:
    return asker(hub, SOMEBODY.who, why=SOMEBODY.why, purpose=Purpose.MENDING)


def told(folder: DemoFolder, verb: str, *arguments: str) -> Any:
    answer = run(folder, verb, *arguments, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def not_all_done(folder: DemoFolder, verb: str, *arguments: str) -> Any:
    answer = run(folder, verb, *arguments, "--json")
    assert answer.exit_code == 1, answer.output
    return json.loads(answer.stdout)


def bad_type(number: int = 0, **changes: Any) -> dict[str, Any]:
    """An event whose envelope is at fault: what is amiss with a concern itself is set aside."""
    event = notification_event(json.loads(sample_lines(20)[number]))
    return {**event, "id": f"bad-{number}", "type": "gossip about Feb", **changes}


def bury(hub: Hub, event: dict[str, Any]) -> str:
    return send(hub, event["data"]["source_agency"], [event])[0].id


def count(hub: Hub, query: str) -> Any:
    with hub.database.reading() as connection:
        return connection.execute(text(query)).scalar()


def facts(hub: Hub, type_: str) -> list[Any]:
    with hub.database.reading() as connection:
        rows = [
            row for row in journal.rows_after(connection, 0, limit=100_000) if row.type == type_
        ]
        keys = hub.database.vault.keys(connection, {row.key_id for row in rows}, create=False)
        return [journal.opened(row, keys).data for row in rows]


def sealed_well(hub: Hub) -> bool:
    with hub.database.reading() as connection:
        return not any(isinstance(found, journal.Flaw) for found in journal.verify(connection))


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


def test_mending_changes_the_faulty_field_alone_and_keeps_the_original(
    hub_: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    told(folder, "mend", id_, "--field", "type", "--value", "mash.notification.v1", *ME)
    shown = told(folder, "show", id_, "--reveal", *ME)
    before, after = json.loads(shown["original"]), json.loads(shown["mended"])
    assert before["type"] == "gossip about Feb"
    assert after == {**before, "type": "mash.notification.v1"}
    (fact,) = facts(hub, "mash.dead-letter.mended.v1")
    assert (fact.field, fact.decided_by) == ("type", "A. Operator")
    assert "2019" not in fact.model_dump_json()


def test_a_value_that_is_not_given_is_asked_for(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    answer = run(
        folder, "mend", id_, "--field", "type", *ME, "--json", input="mash.notification.v1\n"
    )
    assert json.loads(answer.stdout.splitlines()[-1]) == {"id": id_, "state": "mended"}
    after = json.loads(told(folder, "show", id_, "--reveal", *ME)["mended"])
    assert after["type"] == "mash.notification.v1"


CONSENT = {
    "specversion": "1.0",
    "id": "c-1",
    "source": "s",
    "type": "mash.consent.v1",
    "data": {
        "referral_id": "r-1",
        "answer": "refused",
        "asked_at": "soon",
        "told_by": "A. Teacher",
    },
}


@pytest.mark.parametrize("value", ["31/02/2019", "2019-02-31", "", "\udcff", "x" * 20_001])
def test_what_its_sender_could_not_send_is_not_mended_either(
    hub_: tuple[DemoFolder, Hub], value: str
) -> None:
    folder, hub = hub_
    (receipt,) = send(hub, "school", [CONSENT])
    assert (receipt.reason, receipt.field) == ("invalid.time", "data.asked_at")
    answer = run(folder, "mend", receipt.id, "--field", "data.asked_at", "--value", value, *ME)
    assert answer.exit_code == 1
    assert told(folder, "list")[0]["state"] == "open"
    assert hub.queues.lease("school", limit=50, seconds=0) == []


def test_a_columns_date_that_is_none_is_not_mended_either(hub_: tuple[DemoFolder, Hub]) -> None:
    """As the agency's own format reads it, where nothing of the record can be taken without it."""
    folder, hub = hub_
    event = bad_type() | {"type": "mash.notification.v1", "specversion": "0.3"}
    id_ = bury(hub, event)
    answer = run(folder, "mend", id_, "--field", "specversion", "--value", "0.4", *ME)
    assert "that cannot be used either" in answer.output
    assert told(folder, "mend", id_, "--field", "specversion", "--value", "1.0", *ME)


def test_whose_message_was_mended_hears_how(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    (receipt,) = send(hub, "school", [CONSENT])
    told(
        folder, "mend", receipt.id, "--field", "data.asked_at", *ME,
        "--value", "2026-11-03T10:00:00Z",
    )  # fmt: skip
    (letter,) = hub.queues.lease("school", limit=50, seconds=0)
    said = json.loads(letter.body)
    assert said["type"] == "mash.message-mended.v1"
    assert dt.datetime.fromisoformat(said["data"].pop("mended_at"))
    assert said["data"].pop("to_do")
    assert said["data"] == {
        "id": receipt.id,
        "message_id": "c-1",
        "field": "data.asked_at",
        "value": "2026-11-03T10:00:00Z",
        "mended_by": "A. Operator",
        "why": "asked the school",
    }


def test_no_other_field_can_be_changed(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    answer = run(
        folder, "mend", id_, "--field", "data.narrative", "--value", "nothing happened", *ME
    )
    assert answer.exit_code == 1
    assert "only the faulty field may be changed, which is: type" in answer.output
    assert facts(hub, "mash.dead-letter.mended.v1") == []


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


# --- two people


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


def test_a_decision_about_nothing_known_can_be_mended_and_decided(tmp_path: Path) -> None:
    """A step refused it: it goes to that step again, as the same fact under a new id."""
    folder, hub = filled_hub(tmp_path / "hub", notifications=1, answered=False)
    linked = facts(hub, "mash.case.child-linked.v1")[0]
    data = {
        "referral_id": "no-such-referral",
        "case_id": linked.case_id,
        "colour": "red",
        "decided_by": "S. Worker",
        "rationale": "seen at home",
        "saw": seen_by_lead(hub, linked.referral_id),
    }
    decision = {
        "specversion": "1.0",
        "id": "d-1",
        "source": "s",
        "type": "mash.rating-decision.v1",
        "data": data,
    }
    send(hub, "childrens_social_care", [decision])
    hub.embedded().drain()
    (letter,) = told(folder, "list")
    assert (letter["step"], letter["field"]) == ("rate", "referral_id")
    told(folder, "mend", letter["id"], "--field", "referral_id", "--value", linked.referral_id, *ME)
    told(folder, "redrive", letter["id"], *ME)
    hub.embedded().drain()
    (assigned,) = facts(hub, "mash.rating.assigned.v1")
    assert (assigned.referral_id, assigned.colour) == (linked.referral_id, "red")
    assert sealed_well(hub)


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"digest": "0" * 64}, "digest", "f" * 64),
        ({"recipient": "early_help"}, "recipient", "police_cait"),
        ({"product_id": "no-such-product"}, "product_id", "product-1"),
        ({"choice": "released"}, "data.choice", "release_original"),
    ],
)
def test_nobody_mends_what_only_an_owner_may_decide(
    hub_: tuple[DemoFolder, Hub], changes: dict[str, str], field: str, value: str
) -> None:
    folder, hub = hub_
    item = product.draft_item("school")
    put(hub, product.drafted(item))
    decision = (
        product.decision(
            item, Choice.RELEASE_ORIGINAL, decided_by=DECISION_MAKER
        ).decision.model_dump(mode="json")
        | changes
    )
    event = {
        "specversion": "1.0",
        "id": "d-1",
        "source": "s",
        "type": "mash.release-decision.v1",
        "data": decision,
    }
    send(hub, "school", [event])
    hub.embedded().drain()
    (letter,) = told(folder, "list")
    assert letter["field"] == field
    answer = run(folder, "mend", letter["id"], "--field", field, "--value", value, *ME)
    assert answer.exit_code == 1
    assert told(folder, "list")[0]["state"] == "open"


_WHO = {"decided_by": "S. Worker", "rationale": "Seen at home."}
_ABOUT = {"referral_id": "ref-1", "case_id": "case-1"} | _WHO


@pytest.mark.parametrize(
    ("kind", "decision", "field", "value"),
    [
        ("safety", _ABOUT | {"hold_id": "h-1", "choice": "do-not-send"}, "choice", "send"),
        ("rating", _ABOUT | {"colour": "redd"}, "colour", "green"),
        ("rating", _ABOUT | {"colour": "red", "level": "ful"}, "level", "none"),
        ("request", _ABOUT | {"action": "cancle", "request_id": "q-1"}, "action", "ask"),
        ("outcome", _ABOUT | {"outcome": "strategy", "may_be_told": "x"}, "outcome", "none"),
        ("link", _WHO | {"referral_id": "ref-1", "person_id": ""}, "person_id", "person-2"),
        ("persons", _WHO | {"person_id": "a", "other_person_id": "b", "same": 0}, "same", "true"),
        ("persons", _WHO | {"person_id": "", "other_person_id": "b"}, "person_id", "c"),
        ("split", _WHO | {"person_id": "a", "referral_ids": ["r"]}, "to_person_id", "b"),
        ("undo", _WHO | {"decision_id": ""}, "decision_id", "d-1"),
        ("enquiry", _WHO | {"enquiry_id": "e", "decision": "no", "person_id": None}, "decision",
         "permit"),
        ("rating", _ABOUT | {"colour": "red", "rationale": ""}, "rationale", "No harm."),
    ],
)  # fmt: skip
def test_nobody_mends_what_a_named_person_decided(
    hub_: tuple[DemoFolder, Hub], kind: str, decision: dict[str, Any], field: str, value: str
) -> None:
    folder, hub = hub_
    event = {"specversion": "1.0", "id": "d-1", "source": "s", "data": decision}
    event["type"] = f"mash.{kind}-decision.v1"
    send(hub, "childrens_social_care", [event])
    (letter,) = told(folder, "list")
    assert letter["field"] == f"data.{field}"
    answer = run(folder, "mend", letter["id"], "--field", letter["field"], "--value", value, *ME)
    assert answer.exit_code == 1
    assert "only its sender says what was decided" in answer.output
    assert told(folder, "list")[0]["state"] == "open"


def put(hub: Hub, fact: Fact) -> None:
    """Record a fact as if a step had."""
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "put")
        journal.append(transaction, cursor, messages=[given.message(fact)])
        cursors.store(transaction, cursor)


def answer_with(item: Any) -> dict[str, Any]:
    """An agency's answer whose only item has a fault."""
    return {
        "specversion": "1.0",
        "id": "a-1",
        "source": "s",
        "type": "mash.information-response.v1",
        "data": {
            "request_id": "q-1",
            "referral_id": "ref-1",
            "case_id": "case-1",
            "known": True,
            "items": [item],
            "answered_by": "A. Teacher",
        },
    }


ITEM = {
    "item_id": "1",
    "owner": "school",
    "text": "Seen.",
    "sensitivity": "routine",
    "may_be_revealed": True,
    "may_leave": True,
}


@pytest.mark.parametrize(
    ("item", "field", "value"),
    [
        (ITEM | {"may_leave": 0}, "items[0].may_leave", "true"),
        (ITEM | {"may_be_revealed": "no"}, "items[0].may_be_revealed", "true"),
        (ITEM | {"signpost": "never"}, "items[0].signpost", "true"),
        (ITEM | {"sensitivity": "secret"}, "items[0].sensitivity", "routine"),
        (ITEM | {"owner": "Polise"}, "items[0].owner", "school"),
        ({**ITEM, "owner": None}, "items[0].owner", "school"),
        (5, "items[0]", json.dumps(ITEM)),
    ],
)
def test_nobody_mends_whose_an_item_is_or_who_may_know_it(
    hub_: tuple[DemoFolder, Hub], item: Any, field: str, value: str
) -> None:
    folder, hub = hub_
    send(hub, "school", [answer_with(item)])
    (letter,) = told(folder, "list")
    assert letter["field"] == f"data.{field}"
    answer = run(folder, "mend", letter["id"], "--field", letter["field"], "--value", value, *ME)
    assert answer.exit_code == 1
    assert "only its sender says that" in answer.output
    assert told(folder, "list")[0]["state"] == "open"


def test_the_form_of_an_item_can_be_mended(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    send(hub, "school", [answer_with(ITEM | {"text": ""})])
    (letter,) = told(folder, "list")
    answer = run(folder, "mend", letter["id"], "--field", letter["field"], "--value", "Seen.", *ME)
    assert answer.exit_code == 0


def test_nothing_is_mended_into_an_owners_decision(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    event = {
        "specversion": "1.0",
        "id": "d-1",
        "source": "s",
        "type": "mash.decision.v1",
        "data": {},
    }
    (receipt,) = send(hub, "school", [event])
    answer = run(
        folder, "mend", receipt.id, "--field", "type", "--value", "mash.release-decision.v1", *ME
    )
    assert answer.exit_code == 1
    assert "only the item's owner" in answer.output


def test_a_redriven_fact_goes_to_the_step_that_refused_it_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, hub = empty_hub(tmp_path / "hub")
    decide = rate.STEP.decide

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    object.__setattr__(rate.STEP, "decide", broken)
    try:
        event = notification_event(json.loads(sample_lines(1)[0]))
        send(hub, event["data"]["source_agency"], [event])
        hub.embedded().drain()
    finally:
        object.__setattr__(rate.STEP, "decide", decide)
    prepared = len(facts(hub, "mash.information.prepared.v1"))
    (letter,) = told(folder, "list")
    assert letter["reason"] == "undecidable"
    told(folder, "redrive", letter["id"], *ME)
    hub.embedded().drain()
    assert len(facts(hub, "mash.rating.suggested.v1")) == 1
    assert len(facts(hub, "mash.information.prepared.v1")) == prepared
    assert len(facts(hub, "mash.case.child-linked.v1")) == 2, (
        "the original, and the one for rating alone"
    )
    with pytest.raises(Refused, match="redriven already"):
        dead_letters.redrive(hub, routes(hub.settings, {}), id_=letter["id"], person=SOMEBODY)


def test_a_letter_whose_key_was_destroyed_says_so(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    with hub.database.transaction() as transaction:
        transaction.connection.execute(text("UPDATE keys SET wrapped = NULL WHERE key_id != 'hub'"))
    answer = run(folder, "show", id_, "--reveal", *ME)
    assert answer.exit_code == 1
    assert "key was destroyed" in answer.output


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

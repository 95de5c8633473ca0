"""A replay decides everything again in memory, names whatever is recorded otherwise, and can change
nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from connectors.port import routes
from ops.access.accounts import account
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.look.dead_letters import some
from ops.look.reading import open_reader
from ops.look.replay import Wanted, as_json, replay
from ops.look.replay_report import EarlierRules
from ops.mend import dead_letters, replays
from ops.mend.dead_letters import Person
from ops.run.wiring import Hub, open_hub
from schemas.operations import AccessDenied, RecordAccessed
from schemas.policy import DECIDED_AGAIN, RULES
from stores import codec, journal, linking
from stores.ports import Unavailable
from tests.support.erasing import destroy, keys_of_cases
from tests.support.filled import answer_letters, empty_hub, filled_hub, seen_by_lead, send

Worked = tuple[DemoFolder, Hub]
_ASKED = 2
"""That somebody had it decided again, and by which rules they may, is recorded before it begins."""


def replayed(folder: DemoFolder, *arguments: str) -> tuple[int, dict[str, Any]]:
    answer = CliRunner().invoke(
        main, ["replay", "--config", str(folder.config), "--json", *arguments]
    )
    assert answer.exit_code in (0, 1), answer.output
    return answer.exit_code, json.loads(answer.stdout)


def change(hub: Hub, statement: str, **bound: Any) -> None:
    with hub.database.transaction() as transaction:
        transaction.connection.execute(text(statement), bound)


def first(hub: Hub, type_: str) -> Any:
    with hub.database.reading() as connection:
        query = text("SELECT * FROM journal WHERE type = :type ORDER BY position LIMIT 1")
        return connection.execute(query, {"type": type_}).one()


def test_what_was_decided_is_decided_again_to_the_last_fact(worked: Worked) -> None:
    code, told = replayed(worked[0])
    with worked[1].database.reading() as connection:
        entries = connection.execute(text("SELECT count(*) FROM journal")).scalar()
    assert (code, told["facts"]) == (0, entries)
    assert told["equal"] + told["given"] == entries
    assert told["equal"] > told["given"] > 40
    assert told["topics"]["products.approved"]["equal"] > 0


def test_a_recorded_fact_that_says_something_else_is_named_and_no_other(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=5)
    row = first(hub, "mash.rating.suggested.v1")
    with hub.database.transaction() as transaction:
        key = transaction.vault.keys(transaction.connection, [row.key_id], create=False)[row.key_id]
        fact = journal.opened(row, {row.key_id: key}).data
        other = codec.encode(fact.model_copy(update={"reasons": ("Nothing of the kind.",)}))
        transaction.connection.execute(
            text("UPDATE journal SET payload = :payload, digest = :digest WHERE message_id = :id"),
            {
                "payload": key.seal(other, bound_to=row.message_id),
                "digest": key.digest(other),
                "id": row.message_id,
            },
        )
    code, told = replayed(folder)
    assert code == 1
    assert row.message_id in told["examples"]["different"]
    assert told["topics"]["ratings.assigned"]["different"] == 1


def test_a_fact_that_was_taken_out_is_named_as_missing(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=5)
    row = first(hub, "mash.product.delivered.v1")
    change(hub, "DELETE FROM journal WHERE message_id = :id", id=row.message_id)
    code, told = replayed(folder)
    assert (code, told["missing"], told["examples"]["missing"]) == (1, 1, [row.message_id])


def test_a_fact_that_no_input_explains_is_named(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=5)
    change(hub, "DELETE FROM inbox WHERE position = (SELECT max(position) FROM inbox)")
    with hub.database.reading() as connection:
        last = text("SELECT message_id FROM journal WHERE chain = 'all' ORDER BY position DESC")
        unexplained = connection.execute(last).scalars().first()
    code, told = replayed(folder)
    assert code == 1
    assert unexplained in told["examples"]["unexplained"]


def test_another_rule_than_the_one_that_decided_is_noticed(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=10, answered=False)
    with hub.database.transaction() as transaction:
        body = json.loads(
            transaction.connection.execute(text("SELECT body FROM policies")).scalar_one()
        )
        body["profile"]["indicators"] = []
        transaction.connection.execute(
            text("UPDATE policies SET body = :body"), {"body": json.dumps(body)}
        )
    code, told = replayed(folder)
    assert code == 1
    assert told["topics"]["ratings.assigned"]["different"] > 0
    assert told["topics"]["cases.linked"]["different"] == 0


def test_each_input_is_decided_under_the_policy_of_its_day(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=5)
    hub.database.close()
    config = folder.config.read_text()
    folder.config.write_text(
        config.replace("MASH sergeant, 01632 960101", "MASH desk, 01632 960199")
    )
    later = open_hub(folder.config, {})
    for line in sample_lines(8)[5:]:
        event = notification_event(json.loads(line))
        send(later, event["data"]["source_agency"], [event])
    later.embedded().drain()
    while answer_letters(later):
        later.embedded().drain()
    code, told = replayed(folder)
    assert (code, told["missing"], told["different"]) == (0, 0, 0)


def test_what_was_redriven_is_replayed_for_the_step_that_had_it(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=1, answered=False)
    linked = first(hub, "mash.case.child-linked.v1")
    data = {
        "referral_id": "no-such-referral",
        "case_id": linked.subject,
        "colour": "red",
        "decided_by": "S. Worker",
        "rationale": "seen at home",
        "saw": seen_by_lead(hub, linked.correlation_id),
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
    (letter,) = some(hub)
    person, known = Person("A. Operator", "wrong id"), routes(hub.settings, {})
    right = {"field": "referral_id", "value": linked.correlation_id}
    dead_letters.mend(hub, known, id_=letter["id"], person=person, **right)
    dead_letters.redrive(hub, known, id_=letter["id"], person=person)
    hub.embedded().drain()
    assert first(hub, "mash.rating.assigned.v1").correlation_id == linked.correlation_id
    assert replayed(folder)[0] == 0


def test_erased_facts_are_told_apart_from_different_ones(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3)
    destroy(hub.database, keys_of_cases(hub.database))
    code, told = replayed(folder)
    assert (code, told["erased"]) == (0, told["facts"] - 1 - _ASKED), "and that they were erased"


def test_facts_that_nobody_can_read_and_nobody_erased_are_a_difference(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3)
    change(hub, "UPDATE keys SET wrapped = NULL WHERE key_id NOT IN ('hub', 'rows')")
    code, told = replayed(folder)
    assert (code, told["unreadable"], told["erased"]) == (1, told["facts"] - _ASKED, 0)
    assert told["examples"]["unreadable"]


def test_a_key_that_was_altered_makes_what_it_sealed_unreadable(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3)
    row = first(hub, "mash.rating.suggested.v1")
    change(hub, "UPDATE keys SET wrapped = zeroblob(60) WHERE key_id = :id", id=row.key_id)
    code, told = replayed(folder)
    assert (code, told["unreadable"] > 0) == (1, True)


@pytest.mark.parametrize("rules", range(DECIDED_AGAIN, RULES))
def test_what_was_decided_by_rules_that_still_hold_for_it_is_decided_again(
    rules: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("ops.run.configuration.RULES", rules)
        folder, hub = filled_hub(tmp_path / "hub", notifications=1, answered=False)
    hub.database.close()
    code, told = replayed(folder)
    assert (code, told["equal"] > 0) == (0, True)


@pytest.mark.parametrize("rules", range(5, DECIDED_AGAIN))
def test_what_was_decided_by_earlier_rules_is_not_decided_again(
    rules: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By rules 5 whoever decided about another's item was told that it was not theirs; by rules 6
    who had withheld an item was still asked about it; by rules 7 a product of which one approval
    had ended did not go at all.
    """
    monkeypatch.setattr("ops.run.configuration.RULES", rules)
    _, hub = filled_hub(tmp_path / "hub", notifications=1, answered=False)
    with pytest.raises(EarlierRules):
        replay(hub, Wanted())
    hub.database.close()


def test_a_filter_narrows_what_is_reported(worked: Worked) -> None:
    folder, hub = worked
    row = first(hub, "mash.product.delivered.v1")
    everything = replayed(folder)[1]
    topic = replayed(folder, "--topic", "products.released")[1]
    assert topic["topics"] == {"products.released": everything["topics"]["products.released"]}
    of_case = replayed(folder, "--case", row.subject)[1]
    assert 0 < of_case["facts"] < everything["facts"]
    one = replayed(folder, "--from", str(row.position), "--to", str(row.position))[1]
    assert (one["facts"], one["equal"]) == (1, 1)
    assert replayed(folder, "--since", "2200-01-01")[1]["facts"] == 0
    until = replayed(folder, "--until", "2200-01-01T00:00:00+00:00")[1]["facts"]
    assert replayed(folder)[1]["facts"] == until + 1, "that it was asked for once more"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--case", "nonsense"],
        ["--case", "\udcff"],
        ["--topic", "dead_letters.settled"],
        ["--since", "2200-01-01"],
        ["--until", "1970-01-01"],
        ["--from", "2", "--to", "1"],
    ],
)
def test_what_matches_nothing_is_not_said_to_be_equal(worked: Worked, arguments: list[str]) -> None:
    config = ["--config", str(worked[0].config)]
    in_words = CliRunner().invoke(main, ["replay", *config, *arguments])
    assert (in_words.exit_code, in_words.stdout) == (1, "")
    assert f"nothing that is recorded matches {arguments[0]} " in in_words.stderr
    as_json = CliRunner().invoke(main, ["replay", *config, *arguments, "--json"])
    assert (as_json.exit_code, json.loads(as_json.stdout)["facts"]) == (1, 0)


def test_an_empty_store_is_said_to_be_one(tmp_path: Path) -> None:
    folder, hub = empty_hub(tmp_path / "hub")
    hub.database.close()
    answer = CliRunner().invoke(main, ["replay", "--config", str(folder.config)])
    assert (answer.exit_code, answer.stdout) == (0, "nothing is recorded yet\n")


def test_what_a_step_fails_on_goes_to_the_log_and_not_between_the_json(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3)
    named = {"model": '"linkage_model":"default"', "gone": '"linkage_model":"gone"'}
    change(hub, "UPDATE policies SET body = replace(body, :model, :gone)", **named)
    answer = CliRunner().invoke(main, ["replay", "--config", str(folder.config), "--json"])
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["topics"]["cases.linked"]["unexplained"] == 3
    assert "step.undecidable" in answer.stderr


def test_a_replay_writes_nothing(worked: Worked) -> None:
    folder, _ = worked
    before = (folder.path / "hub.db").read_bytes()
    reader = open_reader(folder.config, {})
    assert as_json(replay(reader, Wanted()))["different"] == 0
    with pytest.raises(Unavailable), reader.database.transaction() as transaction:
        transaction.connection.execute(text("DELETE FROM inbox"))
    reader.database.close()
    assert (folder.path / "hub.db").read_bytes() == before


def test_who_replays_is_on_the_record_before_it_begins(worked: Worked) -> None:
    folder, hub = worked
    case = first(hub, "mash.rating.assigned.v1").correlation_id
    before = len(looks(hub))
    assert replayed(folder, "--who", "J. Auditor")[0] == 0
    replayed(folder, "--case", case)
    replayed(folder, "--case", "Robin Sample")
    assert looks(hub)[before:] == [
        ("J. Auditor", "replay", replays.EVERYTHING),
        (f"account {account()}", "replay", case),
        (f"account {account()}", "replay", "unknown"),
    ]


def looks(hub: Hub) -> list[tuple[str, str, str]]:
    with hub.database.view() as view:
        entries = list(linking.from_outside(view, type_=RecordAccessed))
    facts = (entry.message.data for entry in entries)
    return [(f.who, f.act, f.record_id) for f in facts if isinstance(f, RecordAccessed)]


def test_who_may_not_replay_is_denied_it_on_the_record(worked: Worked) -> None:
    folder, hub = worked
    config = ["--config", str(folder.config)]
    answer = CliRunner().invoke(main, ["replay", *config, "--who", "L. Teacher"])
    assert (answer.exit_code, answer.stdout) == (1, "")
    with hub.database.view() as view:
        denied = [one.message.data for one in linking.from_outside(view, type_=AccessDenied)]
    assert ("L. Teacher", "replay") in [
        (one.who, one.act) for one in denied if isinstance(one, AccessDenied)
    ]


def test_people_read_the_verdict_in_words(worked: Worked) -> None:
    answer = CliRunner().invoke(main, ["replay", "--config", str(worked[0].config)])
    assert "everything is equal" in answer.stdout

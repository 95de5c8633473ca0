"""A message is found by how its id or reference begins, from indexes, and followed through every
hop; nothing that it holds is shown or searched.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event

from ops.access.accounts import account
from ops.access.acting import AT_THE_MACHINE, Asker, Denied
from ops.access.noting import UNKNOWN
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.stream import sample_lines
from ops.look import searching
from ops.look.searching import THEIRS, CannotSearch, follow, search, tail
from ops.run.wiring import Hub
from schemas.access import Act, Resource, Role
from schemas.operations import AccessDenied, RecordAccessed
from stores import linking
from stores.trail import Entry
from tests.support.filled import empty_hub

Worked = tuple[DemoFolder, Hub]


def some(hub: Hub, topic: str = "ratings.assigned") -> searching.Envelope:
    return tail(hub, asker=AT_THE_MACHINE, topic=topic)[0]


def test_a_message_is_found_by_its_id_and_by_how_that_begins(worked: Worked) -> None:
    one = some(worked[1])
    for text in (one.message_id, one.message_id.upper(), f" {one.message_id[:20]} "):
        found = search(worked[1], text, asker=AT_THE_MACHINE)
        assert one.message_id in {each.message_id for each in found}
    about = search(worked[1], one.referral_id, asker=AT_THE_MACHINE)
    assert {one.referral_id} == {each.referral_id for each in about}
    assert one.about in {each.about for each in search(worked[1], one.about, asker=AT_THE_MACHINE)}


def test_an_agencys_reference_leads_to_its_messages_and_is_not_shown(worked: Worked) -> None:
    reference = json.loads(sample_lines(1)[0])["source_reference"]
    for text in (reference, reference[:8], reference[-4:], reference[-6:].lower()):
        found = search(worked[1], text, asker=AT_THE_MACHINE)
        received = [one for one in found if one.topic == "notifications.received"]
        assert received
        assert {one.about for one in received} == {THEIRS}


@pytest.mark.parametrize(
    "text", ["", "   ", "abc", "x" * 201, "ab\x00cd", "abc\n\td", "\U0010ffff" * 4]
)
def test_what_is_too_short_too_long_or_unprintable_is_no_search(worked: Worked, text: str) -> None:
    with pytest.raises(CannotSearch):
        search(worked[1], text, asker=AT_THE_MACHINE)


@pytest.mark.parametrize("text", ["%%%%", "____", "ÅÅÅÅ", "' OR 1=1 --", "🙂🙂🙂🙂"])
def test_odd_text_finds_nothing(worked: Worked, text: str) -> None:
    assert search(worked[1], text, asker=AT_THE_MACHINE) == []


def test_neither_name_nor_number_of_a_child_is_searched(worked: Worked) -> None:
    for line in sample_lines(40):
        record = json.loads(line)
        for part in ("family_name", "nhs_number", "postcode"):
            if len(record[part] or "") >= searching.LEAST:
                assert search(worked[1], record[part], asker=AT_THE_MACHINE) == []


def test_who_may_not_see_the_trail_is_denied(worked: Worked) -> None:
    stranger = Asker("X. Outsider", agency="housing", roles=frozenset({Role.RESEARCHER}))
    with pytest.raises(Denied):
        search(worked[1], "0197", asker=stranger)
    with pytest.raises(Denied):
        tail(worked[1], asker=stranger)
    with pytest.raises(Denied):
        follow(worked[1], some(worked[1]).message_id, asker=stranger)


OPERATOR = Asker("A. Operator", roles=frozenset({Role.OPERATIONS}))
STRANGER = Asker("X. Outsider", agency="housing", roles=frozenset({Role.RESEARCHER}))


def noted(hub: Hub, type_: type[RecordAccessed | AccessDenied]) -> list[Entry]:
    with hub.database.view() as view:
        return list(linking.from_outside(view, type_=type_))


def accessed(hub: Hub) -> list[tuple[str | None, Act, str, str]]:
    """Who looked, how, at what, and about which referral."""
    looks = [(one.message, one.message.data) for one in noted(hub, RecordAccessed)]
    assert {fact.record for _, fact in looks if isinstance(fact, RecordAccessed)} <= {
        Resource.TRAIL
    }
    return [
        (fact.who, fact.act, fact.record_id, message.correlation_id)
        for message, fact in looks
        if isinstance(fact, RecordAccessed)
    ]


def test_who_searches_or_follows_is_on_the_record_and_not_by_which_words(worked: Worked) -> None:
    hub, one = worked[1], some(worked[1])
    before = len(accessed(hub))
    search(hub, one.message_id, asker=OPERATOR)
    search(hub, "Sampleton", asker=OPERATOR)
    search(hub, "sampleton ", asker=AT_THE_MACHINE)
    follow(hub, one.message_id, asker=OPERATOR)
    follow(hub, "Sampleton", asker=OPERATOR)
    by_id, by_name, again, followed, guessed = accessed(hub)[before:]
    who = OPERATOR.who
    assert (by_id[:2], by_id[3]) == ((who, Act.SEARCH), one.referral_id)
    assert by_name[2] == by_name[3] == again[2] != by_id[2]
    assert again[0] == f"account {account()}"
    assert followed == (who, Act.LOOK, one.message_id, one.referral_id)
    assert guessed == (who, Act.LOOK, UNKNOWN, UNKNOWN)
    assert "ampleton" not in str(accessed(hub))


def test_the_newest_are_on_the_record_once_as_long_as_somebody_has_them_open(
    worked: Worked,
) -> None:
    hub = worked[1]
    before = len(accessed(hub))
    tail(hub, asker=OPERATOR)
    tail(hub, asker=OPERATOR)
    assert len(accessed(hub)) == before + 2
    for _ in range(3):
        tail(hub, asker=OPERATOR, goes_on=True)
    assert len(accessed(hub)) == before + 2
    other = Asker("P. Operator", roles=OPERATOR.roles)
    for _ in range(2):
        tail(hub, asker=other, goes_on=True)
    assert [one[:3] for one in accessed(hub)[before + 2 :]] == [("P. Operator", "look", "newest")]


def test_a_list_that_is_open_for_longer_than_a_look_lasts_is_on_the_record_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, hub = empty_hub(tmp_path / "hub")
    lasts, began = hub.access.reveal.minutes * 60_000_000, hub.database.clock()
    looks = []
    for passed in (0, lasts - 1, lasts + 1, lasts + 2):
        monkeypatch.setattr(hub.database, "clock", lambda at=began + passed: at)
        tail(hub, asker=OPERATOR, goes_on=True)
        looks.append(len(accessed(hub)))
    hub.database.close()
    assert looks == [1, 1, 2, 2]


def test_who_is_denied_a_search_is_on_the_record(worked: Worked) -> None:
    hub, one = worked[1], some(worked[1])
    before, looks = len(noted(hub, AccessDenied)), accessed(hub)
    for denied in (
        lambda: search(hub, "Sampleton", asker=STRANGER),
        lambda: follow(hub, one.message_id, asker=STRANGER),
        lambda: tail(hub, asker=STRANGER, goes_on=True),
        lambda: tail(hub, asker=STRANGER, goes_on=True),
    ):
        with pytest.raises(Denied):
            denied()
    found = [entry.message.data for entry in noted(hub, AccessDenied)[before:]]
    said = [(fact.who, fact.act) for fact in found if isinstance(fact, AccessDenied)]
    assert said == [(STRANGER.who, act) for act in (Act.SEARCH, Act.LOOK, Act.LOOK, Act.LOOK)]
    assert "ampleton" not in str([fact.model_dump() for fact in found])
    assert accessed(hub) == looks


def test_a_message_is_followed_from_where_it_came_through_every_hop(worked: Worked) -> None:
    hub = worked[1]
    accepted = some(hub, "notifications.accepted")
    hops = follow(hub, accepted.message_id, asker=AT_THE_MACHINE)
    assert [one.envelope.topic for one in hops[:2]] == [
        "notifications.received",
        "notifications.accepted",
    ]
    assert (hops[0].depth, hops[0].seconds, hops[1].depth) == (0, None, 1)
    ids = [one.envelope.message_id for one in hops]
    assert len(ids) == len(set(ids)) > 3
    for one in hops[1:]:
        (cause,) = [each for each in hops if each.envelope.message_id == one.envelope.causation_id]
        assert hops.index(cause) < hops.index(one)
        assert cause.depth == one.depth - 1
        assert one.seconds is not None
        assert one.seconds >= 0
    assert {"cases.linked", "ratings.assigned"} <= {one.envelope.topic for one in hops}
    assert follow(hub, "none", asker=AT_THE_MACHINE) == []


def test_the_newest_come_first_and_no_more_than_are_read(worked: Worked) -> None:
    newest = tail(worked[1], asker=AT_THE_MACHINE)
    assert len(newest) == searching.MOST
    assert [one.at for one in newest] == sorted((one.at for one in newest), reverse=True)
    of_one = tail(worked[1], asker=AT_THE_MACHINE, topic="cases.linked")
    assert {one.topic for one in of_one} == {"cases.linked"}


def test_nothing_is_looked_for_but_by_an_index(worked: Worked) -> None:
    hub, asked = worked[1], list[tuple[str, Any]]()
    one = some(hub)

    def note(_c: Any, _cur: Any, statement: str, parameters: Any, _ctx: Any, _many: Any) -> None:
        asked.append((statement, parameters))

    event.listen(hub.database.engine, "before_cursor_execute", note)
    search(hub, one.message_id[:12], asker=AT_THE_MACHINE)
    follow(hub, one.message_id, asker=AT_THE_MACHINE)
    tail(hub, asker=AT_THE_MACHINE, topic="cases.linked")
    search(hub, json.loads(sample_lines(1)[0])["source_reference"][-4:], asker=AT_THE_MACHINE)
    event.remove(hub.database.engine, "before_cursor_execute", note)
    plans: list[str] = []
    with hub.database.reading() as connection:
        for statement, parameters in asked:
            if statement.lstrip().startswith(("SELECT", "WITH")):
                explained = f"EXPLAIN QUERY PLAN {statement}"
                plans += [str(row[-1]) for row in connection.exec_driver_sql(explained, parameters)]
    assert any("SEARCH journal" in plan for plan in plans)
    assert any("SEARCH reference_parts" in plan for plan in plans)
    scans = ("SCAN journal", "SCAN outbox", "SCAN reference_parts")
    assert [plan for plan in plans if plan.startswith(scans)] == []


def test_the_commands_tell_the_same(worked: Worked) -> None:
    folder, hub = worked
    one = some(hub)

    def say(*arguments: str) -> Any:
        asked = [*arguments, "--config", str(folder.config), "--json"]
        answer = CliRunner().invoke(main, asked)
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.output)

    assert one.message_id in {row["message_id"] for row in say("search", one.message_id)}
    hops = say("follow", one.message_id)
    assert [row["envelope"]["message_id"] for row in hops] == [
        hop.envelope.message_id for hop in follow(hub, one.message_id, asker=AT_THE_MACHINE)
    ]
    assert len(say("tail")) == searching.MOST
    refused = CliRunner().invoke(main, ["search", "a", "--config", str(folder.config)])
    assert (refused.exit_code, "4 characters" in refused.output) == (1, True)

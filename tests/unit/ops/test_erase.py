"""`hub erase`, `hub hold` and `hub retention`: two people, a ground, no hold, and nothing left."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import SOCIAL_WORKER
from ops.look.retention import class_of, later
from ops.run.wiring import open_hub
from schemas.access import Proof
from schemas.erasure import CaseErased, HoldAdded, HoldLifted
from schemas.policy import Retention
from schemas.product import Disposal
from stores import linking
from tests.support.desks import LEAD, Desks, seen
from tests.support.filled import empty_hub, filled_hub

SHARED = Proof.SHARED_ACCOUNT
BY_TWO = ("--who", "B. Records", "--and", "C. Caldicott", "--why", "retention ended")
_CASE = (
    "SELECT subject FROM journal WHERE type = 'mash.product.released.v1' ORDER BY position LIMIT 1"
)


def hub(folder: DemoFolder, *arguments: str) -> Result:
    at = 2 if arguments[0] in {"hold", "retention", "audit", "keys"} else 1
    config = ["--config", str(folder.config)]
    return CliRunner().invoke(main, [*arguments[:at], *config, *arguments[at:]])


def told(folder: DemoFolder, *arguments: str) -> Any:
    done = hub(folder, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> DemoFolder:
    """A hub that has worked and is stopped. Copy it."""
    folder, worked = filled_hub(tmp_path_factory.mktemp("erase") / "hub", notifications=16)
    worked.database.close()
    return folder


@pytest.fixture
def stopped(grown: DemoFolder, tmp_path: Path) -> DemoFolder:
    folder = DemoFolder(tmp_path / "hub")
    shutil.copytree(grown.path, folder.path)
    return folder


def facts(folder: DemoFolder, kind: type[Any]) -> list[Any]:
    opened = open_hub(folder.config, {})
    with opened.database.reading() as connection:
        found = linking.every(connection, opened.database.vault, type_=kind)
        told = [entry.message.data for entry in found]
    opened.database.close()
    return told


def one(folder: DemoFolder, query: str) -> str:
    opened = open_hub(folder.config, {})
    with opened.database.reading() as connection:
        found = connection.execute(text(query)).scalar_one()
    opened.database.close()
    return str(found)


def test_a_case_is_erased_by_two_people_and_the_record_still_verifies(stopped: DemoFolder) -> None:
    case = one(stopped, _CASE)
    would = told(stopped, "erase", case, "--dry-run", "--though-open")
    assert told(stopped, "replay", "--verify")["erased"] == 0
    done = told(stopped, "erase", case, *BY_TWO, "--though-open")
    assert (done["entries"], done["left"]) == (would["entries"], 0)
    verified = told(stopped, "replay", "--verify")
    assert (verified["erased"], verified["flaws"]) == (done["entries"], [])
    audited = told(stopped, "audit", "verify")
    assert (audited["flaws"], audited["pending"]) == ([], 0)
    assert audited["erased_with_leaf"] == audited["erased"] == done["entries"]
    assert f"{done['entries']} of them erased with leaf" in hub(stopped, "audit", "verify").stdout


def test_after_an_erasure_what_somebody_does_by_hand_is_named_still(stopped: DemoFolder) -> None:
    told(stopped, "erase", one(stopped, _CASE), *BY_TWO, "--though-open")
    opened = open_hub(stopped.config, {})
    with opened.database.transaction() as transaction:
        living = "SELECT min(key_id) FROM keys WHERE wrapped IS NOT NULL AND key_id LIKE 'person/%'"
        key = transaction.connection.execute(text(living)).scalar_one()
        person = str(key).removeprefix("person/")
        gone = text("UPDATE keys SET wrapped = NULL, destroyed_at = 1 WHERE key_id = :key")
        transaction.connection.execute(gone, {"key": key})
        older = text("UPDATE people SET version = version + 1 WHERE number = :number")
        transaction.connection.execute(older, {"number": int(person)})
    opened.database.close()
    done = hub(stopped, "audit", "verify", "--json")
    flaws = json.loads(done.stdout)["flaws"]
    assert [(one["what"], one["table"], one["row"]) for one in flaws] == [
        ("destroyed without a leaf that says so", "keys", key),
        ("altered", "people", person),
    ]


def test_after_an_erasure_who_had_looked_may_look_again_and_finds_nothing_to_read(
    stopped: DemoFolder,
) -> None:
    case, auditor = one(stopped, _CASE), ("--who", "J. Auditor", "--why", "complaint 2026/17")
    assert hub(stopped, "case", case, "--reveal", *auditor).exit_code == 0
    told(stopped, "erase", case, *BY_TWO, "--though-open")
    again = hub(stopped, "case", case, "--reveal", *auditor)
    assert again.exit_code == 0, again.output
    assert "narrative" not in again.output


def test_one_person_alone_erases_nothing(stopped: DemoFolder) -> None:
    case = one(stopped, _CASE)
    alone = ("--who", "B. Records", "--and", "b.  records", "--why", "retention ended")
    done = hub(stopped, "erase", case, *alone, "--though-open")
    assert (done.exit_code, "two different people" in done.output) == (1, True)
    assert told(stopped, "replay", "--verify")["erased"] == 0


@pytest.mark.parametrize("who", ["A. Operator", "D. Nobody"])
def test_whom_the_access_rules_do_not_let_erases_and_holds_nothing(
    stopped: DemoFolder, who: str
) -> None:
    case = one(stopped, _CASE)
    done = hub(stopped, "erase", case, *BY_TWO[:2], "--and", who, *BY_TWO[4:], "--though-open")
    assert (done.exit_code, who in done.output) == (1, True)
    done = hub(stopped, "hold", "add", case, "--who", who, "--why", "an inquiry")
    assert (done.exit_code, who in done.output) == (1, True)
    assert (told(stopped, "hold", "list"), told(stopped, "replay", "--verify")["erased"]) == ([], 0)
    denied = "SELECT count(*) FROM journal WHERE type = 'mash.access.denied.v1'"
    assert one(stopped, denied) == "2"


def test_what_is_open_is_erased_only_where_that_is_said(stopped: DemoFolder) -> None:
    done = hub(stopped, "erase", one(stopped, _CASE), *BY_TWO)
    assert (done.exit_code, "--though-open" in done.output) == (1, True)


def test_a_case_that_there_is_not_is_an_error(stopped: DemoFolder) -> None:
    done = hub(stopped, "erase", "no-case", *BY_TWO)
    assert (done.exit_code, "there is no case no-case" in done.output) == (1, True)


def test_who_holds_a_case_is_told_how_the_hold_ends(stopped: DemoFolder) -> None:
    person = ("--who", "B. Records", "--why", "an inquiry")
    said = hub(stopped, "hold", "add", one(stopped, _CASE), *person).output
    (held,) = told(stopped, "hold", "list")
    assert f"`hub hold lift {held['hold_id']}` ends it" in said


def test_what_was_erased_is_held_by_nobody_who_believes_that_it_is_kept(
    stopped: DemoFolder,
) -> None:
    case = one(stopped, _CASE)
    told(stopped, "erase", case, *BY_TWO, "--though-open")
    done = hub(stopped, "hold", "add", case, "--who", "B. Records", "--why", "an inquiry")
    assert (done.exit_code, "was erased" in done.output) == (1, True)
    assert told(stopped, "hold", "list") == []


def test_every_hold_refuses_until_it_is_lifted(stopped: DemoFolder) -> None:
    case, person = one(stopped, _CASE), ("--who", "B. Records", "--why", "an inquiry")
    first, second = (told(stopped, "hold", "add", case, *person)["hold_id"] for _ in range(2))
    assert [row["hold_id"] for row in told(stopped, "hold", "list")] == [first, second]
    told(stopped, "hold", "lift", first, *person)
    done = hub(stopped, "erase", case, *BY_TWO, "--though-open")
    assert (done.exit_code, second in done.output, first in done.output) == (1, True, False)
    told(stopped, "hold", "lift", second, *person)
    held = [*facts(stopped, HoldAdded), *facts(stopped, HoldLifted)]
    assert [fact.proven for fact in held] == [SHARED] * 4
    assert told(stopped, "erase", case, *BY_TWO, "--though-open")["entries"] > 0
    assert told(stopped, "hold", "list") == []
    (erased,) = facts(stopped, CaseErased)
    assert (erased.proven, erased.and_proven) == (SHARED, SHARED)


def test_a_store_that_was_put_back_is_read_by_nobody_before_it_is_erased_again(
    stopped: DemoFolder, grown: DemoFolder
) -> None:
    case = one(stopped, _CASE)
    told(stopped, "erase", case, *BY_TWO, "--though-open")
    for name in ("hub.db", "hub.db-wal", "hub.db-shm"):
        (stopped.path / name).unlink(missing_ok=True)
        if (grown.path / name).exists():
            shutil.copy(grown.path / name, stopped.path / name)
    refused = hub(stopped, "replay", "--verify")
    assert (refused.exit_code, "was put back" in refused.output) == (1, True)
    assert told(stopped, "erase", "--again") == {"erased_again": 1}
    audited = told(stopped, "audit", "verify")
    assert (audited["flaws"], audited["pending"]) == ([], 0)
    assert audited["erased_with_leaf"] == told(stopped, "replay", "--verify")["erased"] > 0
    assert told(stopped, "erase", "--again") == {"erased_again": 0}


def test_the_list_is_written_anew_from_the_record_where_it_was_lost(stopped: DemoFolder) -> None:
    told(stopped, "erase", one(stopped, _CASE), *BY_TWO, "--though-open")
    (listed,) = stopped.path.rglob("erased.jsonl")
    before = listed.read_bytes()
    listed.unlink()
    open_hub(stopped.config, {}).database.close()
    assert listed.read_bytes() == before


def test_a_line_that_was_being_written_is_none_and_is_written_over(stopped: DemoFolder) -> None:
    case = one(stopped, _CASE)
    (key,) = stopped.path.rglob("hub.key")
    (key.parent / "erased.jsonl").write_bytes(b'{"id": "torn')
    told(stopped, "erase", case, *BY_TWO, "--though-open")
    assert len((key.parent / "erased.jsonl").read_text().splitlines()) == 1


def test_another_key_wraps_all_keys_and_the_old_one_is_put_aside(stopped: DemoFolder) -> None:
    (key,) = stopped.path.rglob("hub.key")
    before = key.read_bytes()
    done = told(stopped, "keys", "rotate")
    assert done["wrapped_anew"] == done["keys"] > 0
    assert (key.read_bytes() != before, Path(done["old"][0]).read_bytes()) == (True, before)
    assert told(stopped, "replay", "--verify")["flaws"] == []
    audited = told(stopped, "audit", "verify")
    assert (audited["flaws"], audited["pending"]) == ([], 0)


def test_what_was_closed_is_due_by_its_class_and_is_erased_once_nobody_holds_it(
    tmp_path: Path,
) -> None:
    folder, at_work = empty_hub(tmp_path / "hub")
    desks = Desks(at_work)
    request = desks.notified()
    desks.rates(request)
    case, late = request["case_id"], ("retention", "due", "--at", "2150-01-01")
    assert told(folder, *late) == []
    head = {name: request[name] for name in ("referral_id", "case_id")}
    said = {"decided_by": SOCIAL_WORKER, "rationale": "As seen", "saw": [seen(request)]}
    closed = {"outcome": "early_help", "may_be_told": "Early help rings them."}
    desks.tells(LEAD, "outcome-decision", **head, **said, **closed)
    at_work.database.close()
    (due,) = told(folder, *late)
    assert (due["case_id"], due["record"], due["held_by"]) == (case, "child", [])
    before = str(dt.date.fromisoformat(due["until"]) - dt.timedelta(days=1))
    assert told(folder, "retention", "due", "--at", before) == []
    hold = told(folder, "hold", "add", case, "--who", "B. Records", "--why", "an inquiry")
    assert [one["held_by"] for one in told(folder, *late)] == [[hold["hold_id"]]]
    told(folder, "hold", "lift", hold["hold_id"], "--who", "B. Records", "--why", "it ended")
    assert told(folder, "erase", case, *BY_TWO)["referrals"] == 1
    assert told(folder, *late) == []


def test_of_several_classes_the_outcome_says_which_and_the_rest_is_for_all_others() -> None:
    short = Retention(outcomes=(Disposal.NO_FURTHER_ACTION,), years=6)
    classes = {"short": short, "child": Retention(years=75, counted_from="birth")}
    assert class_of("no_further_action", classes) == "short"
    assert class_of("early_help", classes) == "child"
    assert class_of("early_help", {"short": short}) is None


def test_years_end_on_the_same_day_or_after_a_leap_day_on_the_next() -> None:
    assert later(dt.date(2024, 2, 29), 75) == dt.date(2099, 3, 1)
    assert later(dt.date(2026, 11, 27), 6) == dt.date(2032, 11, 27)

"""`hub audit who`: everybody who saw or decided something about a child, and nobody else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.look import who as asking
from ops.run.wiring import Hub
from schemas.operations import RecordAccessed
from tests.support.erasing import destroy
from tests.support.filled import filled_hub, grown

ME = ("--who", "J. Auditor", "--why", "yearly audit")
A_RATING = "SELECT {} FROM journal WHERE type = 'mash.rating.decided.v1' ORDER BY position LIMIT 1"
LINKED = "SELECT message_id FROM journal WHERE type = 'mash.case.child-linked.v1' AND subject = :c"
OUTSIDE = (
    "SELECT count(*) FROM journal WHERE causation_id IS NULL AND type IN {} "
    "AND (subject = :case OR correlation_id IN "
    "(SELECT correlation_id FROM journal WHERE subject = :case))"
)
Place = tuple[DemoFolder, Hub, str]


def asked(folder: DemoFolder, wanted: str, *more: str) -> Result:
    return CliRunner().invoke(
        main, ["audit", "who", wanted, "--config", str(folder.config), *ME, *more]
    )


def told(folder: DemoFolder, wanted: str) -> list[dict[str, Any]]:
    answer = asked(folder, wanted, "--json")
    assert answer.exit_code == 0, answer.output
    acts: list[dict[str, Any]] = json.loads(answer.stdout)
    return acts


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A hub that has worked, and a case on which a social worker decided."""
    folder, hub = filled_hub(tmp_path_factory.mktemp("hub") / "hub", notifications=5)
    with hub.database.reading() as connection:
        case = connection.execute(text(A_RATING.format("subject"))).scalar_one()
    return folder, hub, str(case)


def test_decisions_and_pictures_are_told_each_once(place: Place) -> None:
    folder, hub, case = place
    acts = told(folder, case)
    types = ("mash.rating.decided.v1", "mash.picture.shown.v1", "mash.product.fetched.v1")
    with hub.database.reading() as connection:
        query = text(OUTSIDE.format(types))
        expected = connection.execute(query, {"case": case}).scalar_one()
    assert sum(act["type"] in types for act in acts) == expected > 2
    assert len({act["message_id"] for act in acts}) == len(acts)
    (rated, *_) = [act for act in acts if act["type"] == "mash.rating.decided.v1"]
    assert (rated["kind"], rated["agency"], bool(rated["who"])) == (
        "decided",
        hub.settings.lead_agency,
        True,
    )
    shown = {one for act in acts if act["kind"] == "saw" for one in act["pictures"]}
    assert shown.issuperset(rated["pictures"])
    assert rated["pictures"]
    (line, *_) = [one for one in asked(folder, case).output.splitlines() if "rating.dec" in one]
    assert line.endswith(f"  {rated['message_id']}"), "by which `hub audit as-of` opens it"


def run(folder: DemoFolder, *command: str, who: str, why: str = "complaint 2026/17") -> Result:
    said = ("--config", str(folder.config), "--who", who, "--why", why)
    return CliRunner().invoke(main, [*command, *said])


def deeds(folder: DemoFolder, wanted: str) -> list[tuple[str, str, str, str]]:
    """What people did to the record itself."""
    return [
        (act["kind"], act["who"], act["why"], ", ".join(act["roles"]))
        for act in told(folder, wanted)
        if act["roles"]
    ]


def test_who_read_or_was_denied_or_reviewed_is_told_with_why(place: Place) -> None:
    folder, _, case = place
    assert run(folder, "case", case, "--reveal", who="J. Auditor").exit_code == 0
    assert run(folder, "case", case, "--reveal", who="A. Operator").exit_code == 1
    looks = CliRunner().invoke(
        main, ["policy", "reviews", *ME[:2], "--json", "--config", str(folder.config)]
    )
    (look,) = json.loads(looks.stdout)
    command = ("policy", "reviewed", look["id"], "--in-order")
    assert run(folder, *command, who="R. Reviewer", why="it is real").exit_code == 0
    found = deeds(folder, case)
    assert ("saw", "J. Auditor", "complaint 2026/17", "auditor") in found
    assert ("was denied", "A. Operator", "complaint 2026/17", "operations") in found
    assert ("reviewed", "R. Reviewer", "it is real", "reviewer") in found


def test_who_looked_at_a_whole_case_is_told_of_each_referral_of_it(place: Place) -> None:
    folder, hub, case = place
    with hub.database.reading() as connection:
        rated = connection.execute(text(A_RATING.format("correlation_id"))).scalar_one()
    asked(folder, case, "--json")
    with hub.database.transaction() as transaction:  # as if another referral had been the first
        moved = text("UPDATE journal SET correlation_id = 'another' WHERE type = :type")
        transaction.connection.execute(moved, {"type": RecordAccessed.type})
    assert RecordAccessed.type in {act["type"] for act in told(folder, rated)}


def test_who_may_not_ask_is_told_so_and_that_is_recorded(place: Place) -> None:
    folder, _, case = place
    for who in ("D. Manager", "X. Ample"):
        for wanted in (case, "nonsense"):
            answer = run(folder, "audit", "who", wanted, who=who)
            assert (answer.exit_code, "decided" in answer.output) == (1, False)
            assert "nothing is recorded" not in answer.output
    denied = [who for kind, who, *_ in deeds(folder, case) if kind == "was denied"]
    assert "D. Manager" in denied
    unknown = [act for act in told(folder, "unknown") if act["kind"] == "was denied"]
    assert len(unknown) == 2


def test_why_somebody_decided_is_not_told_to_who_may_not_open_it(place: Place) -> None:
    assert {act["why"] for act in told(place[0], place[2]) if act["kind"] == "decided"} == {None}


def test_who_asked_is_told_to_whoever_asks_next(place: Place) -> None:
    folder, _, case = place
    told(folder, case)
    assert "J. Auditor" in [act["who"] for act in told(folder, case)]


def test_a_child_is_found_by_the_persons_own_id(place: Place) -> None:
    folder, hub, case = place
    with hub.database.transaction() as transaction:
        linked = transaction.connection.execute(text(LINKED), {"c": case}).scalars().first()
    answer = CliRunner().invoke(main, ["case", case, "--json", "--config", str(folder.config)])
    (person,) = {
        event["shown"]["person_id"]
        for event in json.loads(answer.stdout)
        if event["message_id"] == linked
    }
    of_case = {act["message_id"] for act in told(folder, case)}
    assert {act["message_id"] for act in told(folder, person)} >= of_case


def test_what_is_not_there_is_an_error_and_records_nothing(place: Place) -> None:
    folder, hub, _ = place
    count = text("SELECT count(*) FROM journal")
    with hub.database.reading() as connection:
        before = connection.execute(count).scalar_one()
    answer = asked(folder, "nonsense")
    assert (answer.exit_code, "nothing is recorded" in answer.output) == (1, True)
    with hub.database.reading() as connection:
        assert connection.execute(count).scalar_one() == before


def test_people_read_it_in_words(place: Place) -> None:
    said = asked(place[0], place[2]).stdout
    assert "decided" in said
    assert "on picture" in said


def test_what_was_erased_is_told_with_who_had_it_erased_when_and_why(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=1)
    with hub.database.reading() as connection:
        case, key_id = connection.execute(text(A_RATING.format("subject, key_id"))).one()
    destroy(hub.database, [key_id])
    acts = told(folder, case)
    assert "unreadable" not in {act["kind"] for act in acts}
    (gone,) = [act for act in acts if act["type"] == "mash.rating.decided.v1"]
    assert (gone["kind"], gone["who"]) == ("erased", None)
    assert gone["erased"]["by"] == ["B. Records", "C. Caldicott"]
    assert gone["erased"]["why"] == "its time is over"
    (erased,) = [act for act in acts if act["type"] == "mash.case.erased.v1"]
    assert (erased["who"], erased["also"]) == ("B. Records", ["C. Caldicott"])
    assert (erased["why"], erased["at"]) == (gone["erased"]["why"], gone["erased"]["at"])
    assert "erased by B. Records and C. Caldicott on" in asked(folder, case).stdout


def test_what_nobody_erased_and_nobody_can_read_is_unreadable(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=1)
    with hub.database.transaction() as transaction:
        case, key_id = transaction.connection.execute(
            text(A_RATING.format("subject, key_id"))
        ).one()
        gone = text("UPDATE keys SET wrapped = NULL WHERE key_id = :id")
        transaction.connection.execute(gone, {"id": key_id})
    acts = told(folder, case)
    assert ("unreadable", "mash.rating.decided.v1") in [(act["kind"], act["type"]) for act in acts]


def test_who_answered_what_an_agency_was_asked_is_told(place: Place) -> None:
    folder, hub, case = place
    query = text(OUTSIDE.format(("mash.information.received.v1", "")))
    with hub.database.reading() as connection:
        expected = connection.execute(query, {"case": case}).scalar_one()
    answered = [act for act in told(folder, case) if act["type"] == "mash.information.received.v1"]
    assert len(answered) == expected > 0
    assert {act["kind"] for act in answered} == {"told"}
    assert all(act["who"] for act in answered)


def test_each_act_is_told_with_its_leaf(place: Place) -> None:
    folder, hub, case = place
    grown(hub)
    (rated, *_) = [act for act in told(folder, case) if act["kind"] == "decided"]
    with hub.database.reading() as connection:
        leaf = text("SELECT leaf FROM leaves WHERE position = :position")
        assert rated["leaf"] == connection.execute(leaf, rated).scalar_one()


# By a person


def test_what_a_person_saw_and_decided_is_told_over_all_cases(place: Place) -> None:
    folder, hub, case = place
    worker = next(act["who"] for act in told(folder, case) if act["kind"] == "decided")
    with hub.database.reading() as connection:
        every = "SELECT count(*) FROM journal WHERE type = 'mash.rating.decided.v1'"
        rated = connection.execute(text(every)).scalar_one()
    acts = told(folder, f"  {worker.upper()} ")
    assert sum(act["type"] == "mash.rating.decided.v1" for act in acts) == rated > 1
    assert {act["who"] for act in acts if act["who"] != "J. Auditor"} == {worker}
    assert [act["position"] for act in acts] == sorted(act["position"] for act in acts)


def test_what_somebody_of_the_hub_looked_at_is_told_and_so_is_who_asked_for_that(
    place: Place,
) -> None:
    folder, hub, case = place
    assert run(folder, "case", case, "--reveal", who="R. Isk").exit_code in (0, 1)
    before = {act["message_id"] for act in told(folder, "R. Isk")}
    assert before
    acts = told(folder, "R. Isk")
    assert before < {act["message_id"] for act in acts}
    assert acts[-1]["who"] == "J. Auditor"
    with hub.database.reading() as connection:
        told_of = "SELECT count(*) FROM journal WHERE subject LIKE '%Isk%' OR key LIKE '%Isk%'"
        assert connection.execute(text(told_of)).scalar_one() == 0, "names are sealed"


def test_the_second_of_two_people_is_found_by_name(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=1)
    with hub.database.reading() as connection:
        key_id = connection.execute(text(A_RATING.format("key_id"))).scalar_one()
    destroy(hub.database, [key_id])
    (act,) = told(folder, "c. caldicott")
    assert (act["type"], act["who"]) == ("mash.case.erased.v1", "B. Records")


def test_who_may_not_ask_is_told_nothing_of_a_person(place: Place) -> None:
    folder, _, case = place
    worker = next(act["who"] for act in told(folder, case) if act["kind"] == "decided")
    answer = run(folder, "audit", "who", worker, who="D. Manager")
    assert (answer.exit_code, "decided" in answer.output) == (1, False)


def test_what_a_person_did_is_read_part_by_part_the_newest_first(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _, case = place
    worker = next(act["who"] for act in told(folder, case) if act["kind"] == "decided")
    whole = [act["position"] for act in told(folder, worker) if act["who"] == worker]
    monkeypatch.setattr(asking, "_READ", 7)
    parts = list[list[int]]()
    before: list[str] | None = []
    while before is not None:
        answer = asked(folder, worker, "--json", *before)
        acts = json.loads(answer.stdout)
        parts.append([act["position"] for act in acts if act["who"] == worker])
        more = re.search(r"--before \d+", answer.stderr)
        before = more[0].split() if more else None
    assert len(parts) > 2
    assert [one for part in reversed(parts) for one in part] == whole

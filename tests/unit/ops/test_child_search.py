"""A child's cases are found by name, birth date or number, by whom the rules let find them; what
was asked by is in the record as a digest alone.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event as sql_event
from sqlalchemy import text

from ops.access.acting import AT_THE_MACHINE, Asker, Denied, asker
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import event
from ops.look import child_search, who
from ops.look.child_search import Found, Wanted
from ops.look.searching import CannotSearch
from ops.run.wiring import Hub
from schemas.access import Act, Purpose, Resource
from schemas.operations import AccessDenied, RecordAccessed
from stores import linking
from tests.support.console import Person, app_of
from tests.support.filled import empty_hub, send

WHY = "the school rang about her"
NHS = "999 000 0018"
ROBIN = {"given_name": ["Katherine"], "family_name": ["Sampleton"]}
BORN = dt.date(2017, 3, 9)
SILENT = {"may_be_revealed": False, "reason": "An informant", "signpost": False}
Place = tuple[DemoFolder, Hub]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, hub = empty_hub(tmp_path_factory.mktemp("children") / "hub")
    notified(hub, "police", "R-1", ROBIN, number="9990000018")
    notified(hub, "police", "R-2", {"given_name": ["Tom"], "family_name": ["Marsden"]})
    notified(
        hub, "school", "S-1", {"given_name": ["Ada"], "family_name": ["Quietly"]}, sharing=SILENT
    )
    yield folder, hub
    hub.database.close()


def notified(
    hub: Hub, agency: str, reference: str, name: Any, *, number: str = "", **more: Any
) -> None:
    child: dict[str, Any] = {"name": [name], "date_of_birth": {"date": BORN.isoformat()}}
    if number:
        child["identifier"] = [{"value": number, "system": "https://fhir.nhs.uk/Id/nhs-number"}]
    told = {"reference": reference, "observed_at": "2026-03-02T09:30:00+00:00", "subject": child}
    told |= {"narrative": "Told of in the narrative."} | more
    (receipt,) = send(
        hub, agency, [event(f"n-{reference}", "mash.notification.v1", agency=agency, data=told)]
    )
    assert receipt.status == "accepted", receipt
    hub.embedded().drain()


def worker(hub: Hub, name: str = "S. Worker", purpose: Purpose = Purpose.SAFEGUARDING) -> Asker:
    return replace(asker(hub, name), why=WHY, purpose=purpose)


def found(hub: Hub, wanted: Wanted, by: Asker | None = None) -> list[Found]:
    return list(child_search.find(hub, wanted, asker=by or worker(hub)).found)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Wanted("Katherine", "Sampleton"), {"given name", "family name"}),
        (Wanted("KATE", " sampelton "), {"given name", "family name"}),
        (Wanted("", "Sampleton"), {"family name"}),
        (Wanted("Katherine", born=BORN), {"given name", "birth date"}),
        (Wanted("", "Sampleton", BORN), {"birth date", "family name"}),
        (Wanted(number=NHS), {"number"}),
        (Wanted("Kate", "Sampleton", BORN, "9990000018"), set(child_search._ORDER)),
        (Wanted("Somebody", "Else", number="9990000018"), {"number"}),
        # A birth date that is another's keeps nobody from being found by both names.
        (Wanted("Kate", "Sampleton", dt.date(2016, 1, 5)), {"given name", "family name"}),
    ],
)
def test_a_child_is_found_by_what_somebody_knows(
    place: Place, wanted: Wanted, fits: set[str]
) -> None:
    (one,) = found(place[1], wanted)
    assert set(one.fits) == fits
    assert len(one.referrals) == 1


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("Nobody", "Sampletown-Notthere"),
        Wanted("Tom", "Sampleton"),
        Wanted("Katherine", "Marsden"),
        Wanted("%", "%%%%"),
        Wanted("_" * 20, "' OR 1=1 --"),
        Wanted("x" * 500, "y" * 500),
        Wanted("Ådå", "Åkerström-Østergård"),
        Wanted(number="9990000026"),
    ],
)
def test_who_is_not_there_is_not_found(place: Place, wanted: Wanted) -> None:
    try:
        assert found(place[1], wanted) == []
    except CannotSearch:
        assert not (wanted.given.strip("%_") and wanted.family.strip("%_"))


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted("Katherine"),
        Wanted(born=BORN),
        Wanted(number="9990000019"),
        Wanted(number="not a number"),
        Wanted("Unknown", "Unknown"),
        Wanted("x" * 501, "Sampleton"),
    ],
)
def test_what_leads_to_nobody_is_said_to_be_no_search(place: Place, wanted: Wanted) -> None:
    with pytest.raises(CannotSearch):
        found(place[1], wanted)


def test_what_its_owner_keeps_silent_finds_nothing_but_for_its_owner(place: Place) -> None:
    wanted = Wanted("Ada", "Quietly", BORN)
    assert found(place[1], wanted) == []
    own = replace(worker(place[1]), agency="school")
    assert [one.fits for one in found(place[1], wanted, own)] == [
        ("birth date", "family name", "given name")
    ]


def accesses(hub: Hub, type_: Any) -> list[Any]:
    with hub.database.reading() as connection:
        entries = list(linking.every(connection, hub.database.vault, type_=type_))
    return [entry.message.data for entry in entries]


def test_operations_and_whoever_else_may_not_are_denied_on_the_record(place: Place) -> None:
    hub, before = place[1], len(accesses(place[1], AccessDenied))
    wanted = Wanted("Katherine", "Sampleton")
    both = worker(hub)
    several = replace(both, roles=both.roles | asker(hub, "A. Operator").roles)
    asking = (
        AT_THE_MACHINE,
        worker(hub, "A. Operator"),
        worker(hub, "R. Reviewer"),
        worker(hub, "H. Researcher"),
        several,
        replace(both, why=None),
        replace(both, purpose=Purpose.MENDING),
        Asker("X. Ample", why=WHY, purpose=Purpose.SAFEGUARDING),
    )
    for one in asking:
        with pytest.raises(Denied):
            found(hub, wanted, one)
    denials = accesses(hub, AccessDenied)[before:]
    assert [(one.act, one.record) for one in denials] == [(Act.SEARCH, Resource.CASE)] * len(asking)
    assert len({one.record_id for one in denials}) == 1


def test_that_somebody_searched_and_what_was_found_is_recorded_and_no_name(place: Place) -> None:
    hub = place[1]
    (one,) = found(hub, Wanted("Katherine", "Sampleton", number=NHS))
    digest, of_case = accesses(hub, RecordAccessed)[-2:]
    assert (digest.who, digest.why, digest.access.decided) == ("S. Worker", WHY, ("find-a-child",))
    assert digest.record_id.startswith("search/")
    assert of_case.record_id == one.case_id
    auditor = replace(asker(hub, "J. Auditor"), why="yearly", purpose=Purpose.AUDIT)
    deeds = who.newest(hub, one.case_id, asker=auditor).deeds
    assert ("saw", "S. Worker") in {(deed.kind, deed.who) for deed in deeds}
    with hub.database.reading() as connection:
        envelopes = connection.execute(text("SELECT * FROM journal WHERE subject LIKE 'search/%'"))
        told = repr(envelopes.all())
    assert not any(name in told for name in ("Katherine", "Sampleton", "katherine", "9990000018"))


def test_the_same_question_is_known_again_and_another_is_not(place: Place) -> None:
    hub = place[1]
    asked = ("Kate", "Sampleton"), ("KATE", "sampleton "), ("Kate", "Marsden")
    for given, family in asked:
        found(hub, Wanted(given, family))
    digests = [one.record_id for one in accesses(hub, RecordAccessed)]
    searches = [one for one in digests if one.startswith("search/")][-3:]
    assert searches[0] == searches[1] != searches[2]


def test_nobody_is_looked_for_but_by_an_index(place: Place) -> None:
    hub, asked = place[1], list[tuple[str, Any]]()

    def note(_c: Any, _cur: Any, statement: str, parameters: Any, _ctx: Any, _many: Any) -> None:
        asked.append((statement, parameters))

    sql_event.listen(hub.database.engine, "before_cursor_execute", note)
    found(hub, Wanted("Katherine", "Sampleton", BORN, NHS))
    sql_event.remove(hub.database.engine, "before_cursor_execute", note)
    plans: list[str] = []
    with hub.database.reading() as connection:
        for statement, parameters in asked:
            if statement.lstrip().startswith(("SELECT", "WITH")):
                explained = f"EXPLAIN QUERY PLAN {statement}"
                plans += [str(row[-1]) for row in connection.exec_driver_sql(explained, parameters)]
    assert any("SEARCH person_keys" in plan for plan in plans)
    tables = ("journal", "people", "person_keys", "states")
    assert [one for one in plans if one.startswith(tuple(f"SCAN {t}" for t in tables))] == []


def test_the_command_asks_and_tells_ids_alone(place: Place) -> None:
    folder, _ = place
    command = ["find", "--config", str(folder.config), "--who", "S. Worker", "--why", WHY]
    answer = CliRunner().invoke(main, [*command, "--json"], input="Kate\nSampleton\n\n\n")
    assert answer.exit_code == 0, answer.output
    line = answer.stdout.splitlines()[-1]  # before it stands what was typed
    (told,) = json.loads(line)["found"]
    assert told["fits"] == ["family name", "given name"]
    assert "Sampleton" not in line
    refused = CliRunner().invoke(
        main, [*command[:3], "--who", "A. Operator", "--why", WHY], input="Kate\nSampleton\n\n\n"
    )
    assert refused.exit_code == 1
    assert "operations-see-no-case" in refused.output
    odd = CliRunner().invoke(main, command, input="Kate\nSampleton\n31/02/2019\n\n")
    assert (odd.exit_code, "2019-02-03" in odd.output) == (1, True)


def test_the_screen_finds_and_says_nothing_of_the_child_in_address_or_title(place: Place) -> None:
    hub = place[1]
    person = Person(app_of(hub))
    person.enters(hub, "S. Worker")
    asked = {"given": "Kate", "family": "Sampleton", "born": "", "number": "", "why": WHY}
    answer = person.sends("/desk/find", asked)
    assert answer.status_code == 200
    assert "1 child fits" in answer.text
    (one,) = found(hub, Wanted("Kate", "Sampleton"))
    assert f'href="/desk/front-door/{one.referrals[0]}"' in answer.text
    assert "Sampleton" not in str(answer.url)
    assert "Sampleton" not in answer.text.partition("</title>")[0]
    for wrong in ({"why": ""}, {"born": "31/02/2019"}, {"family": "x" * 201}, {"number": "12"}):
        assert person.sends("/desk/find", asked | wrong).status_code == 422
    operator = Person(app_of(hub))
    operator.enters(hub, "A. Operator")
    assert operator.get("/desk/find").status_code == 403

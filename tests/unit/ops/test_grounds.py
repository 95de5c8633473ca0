"""Why a case is erased or kept is on the record for ever: it tells of nobody of the case."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.run.wiring import open_hub
from tests.support.desks import KIM, Desks
from tests.support.filled import empty_hub

MOTHER = {
    "name": {"given_name": ["Anna"], "family_name": ["Madeup"]},
    "relationship": "mother",
    "date_of_birth": {"date": "1990-04-05"},
}
HOME = {"line1": "14 Pretend Walk", "postcode": "ZZ99 3WZ"}
CHILD = KIM | {
    "name": [
        {"given_name": ["Kim"], "family_name": ["Invented"]},
        {"given_name": ["Tansy"], "family_name": ["Fancied"], "use": "alias"},
    ],
    "related_person": [MOTHER],
    "address": [HOME],
}
SISTER = {
    "name": [{"given_name": ["Wilhelmina"], "family_name": ["Invented"]}],
    "date_of_birth": {"date": "2019-05-11"},
    "related_person": [MOTHER],
    "address": [HOME],
}
TELLING = (
    "child of Anna, their time is over",
    "Kim is grown up",
    "known as tansy too",
    "born on 9 February 2017",
    "number 999 000 0018",
    "as with Wilhelmina",
    "what the police call r-1042",
)
TELLING_NOTHING = ("retention ended 2101-03-02", "court order 12/26", "an inquiry asks for it")


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoFolder, str]:
    """A hub that knows a child of a family, and is stopped; and the child's case. Copy it."""
    folder, hub = empty_hub(tmp_path_factory.mktemp("grounds") / "hub")
    desks = Desks(hub)
    told = {"observed_at": "2026-11-03T19:40:00Z", "narrative": "Alone in the street."}
    desks.tells("police", "notification", reference="R-1042", subject=CHILD, **told)
    desks.tells("police", "notification", reference="R-1043", subject=SISTER, **told)
    child, sister = desks.facts("case.child-linked")
    assert (child.family_id, child.case_id != sister.case_id) == (sister.family_id, True)
    hub.database.close()
    return folder, child.case_id


@pytest.fixture
def stopped(grown: tuple[DemoFolder, str], tmp_path: Path) -> tuple[DemoFolder, str]:
    folder = DemoFolder(tmp_path / "hub")
    shutil.copytree(grown[0].path, folder.path)
    return folder, grown[1]


def run(folder: DemoFolder, *arguments: str, why: str, who: str = "B. Records") -> tuple[int, str]:
    said = (*arguments, "--config", str(folder.config), "--who", who, "--why", why)
    done = CliRunner().invoke(main, said)
    return done.exit_code, done.output


def recorded(folder: DemoFolder) -> list[str]:
    """The reasons that the record keeps, of whatever was done by a command."""
    hub = open_hub(folder.config, {})
    reasons = [
        fact.why
        for type_ in ("case.erased", "record-hold.added", "access.denied")
        for fact in Desks(hub).facts(type_)
    ]
    hub.database.close()
    return reasons


@pytest.mark.parametrize("why", TELLING)
def test_a_reason_that_tells_of_the_case_erases_and_keeps_nothing(
    stopped: tuple[DemoFolder, str], why: str
) -> None:
    folder, case = stopped
    erasing = ("erase", case, "--and", "C. Caldicott", "--though-open")
    for arguments in (erasing, ("hold", "add", case)):
        code, said = run(folder, *arguments, why=why)
        assert (code, "say it without" in said) == (1, True), said
        assert why not in said
        assert not {"anna", "kim", "tansy", "r-1042"} & set(said.casefold().split())
    assert recorded(folder) == []


def test_a_reason_that_tells_of_nobody_keeps_and_erases(stopped: tuple[DemoFolder, str]) -> None:
    folder, case = stopped
    for why in TELLING_NOTHING:
        assert run(folder, "hold", "add", case, why=why)[0] == 0
    assert recorded(folder) == list(TELLING_NOTHING)


def test_who_is_not_let_learns_of_no_name_and_leaves_none_on_the_record(
    stopped: tuple[DemoFolder, str],
) -> None:
    folder, case = stopped
    code, said = run(folder, "hold", "add", case, why="child of Anna", who="A. Operator")
    assert (code, "say it without" in said) == (1, False)
    (kept,) = recorded(folder)
    assert "Anna" not in kept

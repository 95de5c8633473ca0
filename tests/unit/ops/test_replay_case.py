"""One case decided again by itself tells of it what deciding everything again tells."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text

from ops.demo.running import DemoFolder
from ops.look.reading import Reader, open_reader
from ops.look.replay import Wanted, as_json, replay
from ops.look.replay_case import replay_case
from ops.look.replay_report import Report
from tests.support.grown import HARM, STORES

Stores = Mapping[str, DemoFolder]
_CASES = "SELECT DISTINCT subject FROM journal WHERE topic = 'cases.linked' ORDER BY subject"
_REFERRALS = "SELECT DISTINCT correlation_id FROM journal WHERE topic = 'cases.linked' ORDER BY 1"
_LINKED = "SELECT message_id FROM journal WHERE topic = 'cases.linked' ORDER BY position"
_SEVERAL = (
    "SELECT subject FROM journal WHERE type = 'mash.case.child-linked.v1' "
    "GROUP BY subject ORDER BY count(DISTINCT correlation_id) DESC, subject"
)
_TAKE_ONE_OUT = (
    "DELETE FROM journal WHERE subject = :case AND correlation_id = (SELECT max(correlation_id) "
    "FROM journal WHERE subject = :case AND type = 'mash.case.child-linked.v1')"
)


def found(reader: Reader, query: str) -> list[str]:
    with reader.database.reading() as connection:
        return list(connection.execute(text(query)).scalars())


def counted(report: Report | None) -> dict[str, Any]:
    assert report is not None
    return {name: told for name, told in as_json(report).items() if "second" not in name}


@pytest.mark.parametrize("query", [_CASES, _REFERRALS, _LINKED])
@pytest.mark.parametrize("name", STORES)
def test_it_tells_of_each_what_everything_decided_again_tells(
    stores: Stores, name: str, query: str
) -> None:
    reader = open_reader(stores[name].config, {})
    for about in found(reader, query)[:5]:
        alone = counted(replay_case(reader.database, Wanted(about=about)))
        assert alone == counted(replay(reader, Wanted(about=about), processes=1))
        assert alone["facts"] > 0
    reader.database.close()


@pytest.mark.parametrize("name", STORES)
def test_nothing_else_is_decided_where_one_case_is_enough(
    stores: Stores, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = open_reader(stores[name].config, {})
    monkeypatch.setattr("ops.look.replay.first", None)
    for about in found(reader, _CASES):
        assert replay(reader, Wanted(about=about)).well
    reader.database.close()


def test_an_id_that_nothing_is_about_is_left_to_everything(stores: Stores) -> None:
    reader = open_reader(stores["whole"].config, {})
    assert replay_case(reader.database, Wanted(about="nonsense")) is None
    assert replay(reader, Wanted(about="nonsense")).facts == 0
    reader.database.close()


@pytest.mark.parametrize("type_", ["case.child-linked", "product.drafted"])
@pytest.mark.parametrize("kind", [kind for kind, (table, _) in HARM.items() if table == "journal"])
def test_harm_to_a_fact_of_the_case_is_told_as_everything_tells_it(
    stores: Stores, tmp_path: Path, kind: str, type_: str
) -> None:
    folder = DemoFolder(tmp_path / "harmed")
    shutil.copytree(stores["whole"].path, folder.path)
    engine = create_engine(f"sqlite:///{folder.path / 'hub.db'}")
    with engine.begin() as connection:
        about = harm_one(connection, kind, type_=f"mash.{type_}.v1")
    engine.dispose()
    reader = open_reader(folder.config, {})
    told = counted(replay(reader, Wanted(about=about)))
    assert told == counted(replay(reader, Wanted(about=about), processes=1))
    reader.database.close()


def harm_one(connection: Connection, kind: str, *, type_: str) -> str:
    """Do harm to the last fact of a type; answers with its case."""
    last = "SELECT position, subject FROM journal WHERE type = :type ORDER BY position DESC LIMIT 1"
    row = connection.execute(text(last), {"type": type_}).one()
    connection.execute(text(HARM[kind][1].format(it=f"position = {row.position}")))
    return str(row.subject)


def test_a_case_from_which_a_whole_referral_was_taken_is_left_to_everything(
    stores: Stores, tmp_path: Path
) -> None:
    folder = DemoFolder(tmp_path / "less")
    shutil.copytree(stores["whole"].path, folder.path)
    reader = open_reader(folder.config, {})
    about = found(reader, _SEVERAL)[0]
    engine = create_engine(f"sqlite:///{folder.path / 'hub.db'}")
    with engine.begin() as connection:
        connection.execute(text(_TAKE_ONE_OUT), {"case": about})
    engine.dispose()
    assert replay_case(reader.database, Wanted(about=about)) is None
    reader.database.close()


def test_a_destroyed_key_of_the_case_is_told_as_unreadable_where_nothing_says_that_it_was_erased(
    stores: Stores, tmp_path: Path
) -> None:
    folder = DemoFolder(tmp_path / "erased")
    shutil.copytree(stores["whole"].path, folder.path)
    reader = open_reader(folder.config, {})
    about = found(reader, _CASES)[0]
    engine = create_engine(f"sqlite:///{folder.path / 'hub.db'}")
    with engine.begin() as connection:
        theirs = "(SELECT correlation_id FROM journal WHERE subject = :case)"
        erased = f"UPDATE keys SET wrapped = NULL WHERE key_id IN {theirs}"  # noqa: S608
        connection.execute(text(erased), {"case": about})
    engine.dispose()
    told = counted(replay(reader, Wanted(about=about)))
    assert told == counted(replay(reader, Wanted(about=about), processes=1))
    assert told["unreadable"] > 0
    reader.database.close()

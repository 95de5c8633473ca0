"""`hub audit as-of` opens a decision again: what was known then, and nothing since (F39)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.run.wiring import Hub
from schemas.operations import AccessDenied
from stores import linking
from tests.support.filled import filled_hub

ME = ("--who", "J. Auditor", "--why", "case review")
RATED = "SELECT message_id FROM journal WHERE type = 'mash.rating.decided.v1' ORDER BY position"
RECEIVED = "SELECT message_id FROM journal WHERE type = 'mash.notification.received.v1'"
Place = tuple[DemoFolder, Hub, str]


def asked(folder: DemoFolder, wanted: str, *more: str) -> Result:
    return CliRunner().invoke(
        main, ["audit", "as-of", wanted, "--config", str(folder.config), *ME, *more]
    )


def told(folder: DemoFolder, wanted: str) -> tuple[int, dict[str, Any]]:
    answer = asked(folder, wanted, "--json")
    return answer.exit_code, json.loads(answer.stdout)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A hub that has worked, and a rating that a social worker decided."""
    folder, hub = filled_hub(tmp_path / "hub", notifications=3)
    with hub.database.reading() as connection:
        return folder, hub, str(connection.execute(text(RATED)).scalars().first())


def test_a_decision_is_opened_with_its_pictures_and_policy_as_they_were(place: Place) -> None:
    folder, hub, rated = place
    code, found = told(folder, rated)
    assert (code, found["missing"], found["hidden"]) == (0, [], [])
    saw = [(one["id"], one["digest"]) for one in found["decision"]["decision"]["saw"]]
    assert [(one["id"], one["digest"]) for one in found["pictures"]] == saw
    assert all(one["as_seen"] for one in found["pictures"])
    (policy,) = found["policies"]
    with hub.database.reading() as connection:
        digest = connection.execute(text("SELECT digest FROM policies")).scalar_one()
    assert (policy["digest"], policy["sound"]) == (digest, True)
    assert policy["policy"]["profile"]
    again = asked(folder, rated).stdout
    assert "as it was seen" in again


def test_a_policy_that_was_changed_since_is_said(place: Place) -> None:
    folder, hub, rated = place
    with hub.database.transaction() as transaction:
        changed = text("UPDATE policies SET body = replace(body, 'police', 'policy')")
        transaction.connection.execute(changed)
    code, found = told(folder, rated)
    assert (code, [one["sound"] for one in found["policies"]]) == (1, [False])


@pytest.mark.parametrize("body", ["no policy", "[]", "x'ff'"])
def test_a_policy_in_which_nothing_can_be_read_is_said(place: Place, body: str) -> None:
    folder, hub, rated = place
    with hub.database.transaction() as transaction:
        put = body if body.startswith("x'") else f"'{body}'"
        transaction.connection.execute(text(f"UPDATE policies SET body = {put}"))  # noqa: S608
    code, found = told(folder, rated)
    (policy,) = found["policies"]
    assert (code, policy["sound"], policy["policy"]) == (1, False, None)
    assert "NOT as it was adopted" in asked(folder, rated).stdout


def test_a_picture_that_is_gone_is_said(place: Place) -> None:
    folder, hub, rated = place
    picture = told(folder, rated)[1]["pictures"][0]["id"]
    with hub.database.transaction() as transaction:
        gone = text("DELETE FROM journal WHERE type = 'mash.picture.shown.v1'")
        transaction.connection.execute(gone)
    code, found = told(folder, rated)
    assert (code, picture in found["missing"], found["pictures"]) == (1, True, [])


def test_that_it_was_opened_is_recorded(place: Place) -> None:
    folder, hub, rated = place
    told(folder, rated)
    with hub.database.reading() as connection:
        revealed = "SELECT count(*) FROM journal WHERE type = 'mash.record.revealed.v1'"
        assert connection.execute(text(revealed)).scalar_one() == 2
    looks = CliRunner().invoke(
        main, ["policy", "reviews", "--config", str(folder.config), *ME[:2], "--json"]
    )
    assert [(one["record_id"], one["times"]) for one in json.loads(looks.stdout)] == [(rated, 2)]


def test_who_may_not_see_it_is_told_so_and_that_is_recorded(place: Place) -> None:
    folder, hub, rated = place
    for who, wanted in (("A. Operator", rated), ("X. Ample", rated), ("A. Operator", "nonsense")):
        answer = CliRunner().invoke(
            main,
            ["audit", "as-of", wanted, "--config", str(folder.config), "--who", who, *ME[2:]],
        )
        assert (answer.exit_code, "is no decision" in answer.output) == (1, False)
        assert answer.stdout == ""
    with hub.database.reading() as connection:
        found = [*linking.every(connection, hub.database.vault, type_=AccessDenied)]
    denied = [entry.message.data.subject for entry in found]
    assert denied == [rated, rated, "unknown"]
    assert found[0].message.correlation_id != rated, "it is found by the referral too"


def test_what_is_no_decision_is_an_error(place: Place) -> None:
    folder, hub, _ = place
    with hub.database.reading() as connection:
        received = str(connection.execute(text(RECEIVED)).scalars().first())
    for wanted in ("nonsense", received):
        answer = asked(folder, wanted)
        assert (answer.exit_code, "is no decision of a person" in answer.output) == (1, True)

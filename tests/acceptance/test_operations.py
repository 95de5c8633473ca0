"""Operations on PostgreSQL: the same commands, the same answers, while nothing of them can write
but what says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, make_url, text

from ops.cli import main
from ops.demo.running import DemoFolder, prepare
from ops.demo.simulation.stream import batches, sample_lines
from ops.linkage.arrivals import notification_event
from ops.run.wiring import Hub, open_hub
from tests.proofs.place import everybody_signed_in
from tests.support.filled import answer_letters, send


@pytest.fixture
def hub_(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[DemoFolder, Hub]]:
    """The sample's hub on a database of its own, after ten notifications, of which one is dead."""
    admin = create_engine(
        make_url(postgres_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    name = f"operations_{uuid4().hex}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    store = admin.url.set(database=name).render_as_string(hide_password=False)
    admin.dispose()
    monkeypatch.setenv("HUB_STORE", store)
    folder = prepare(tmp_path / "hub", port=0)
    monkeypatch.setenv("HUB_SESSIONS", str(everybody_signed_in(folder)))
    hub = open_hub(folder.config, {"HUB_STORE": store})
    for agency, events in batches(sample_lines(10), 50):
        send(hub, agency, events)
    bad = notification_event(json.loads(sample_lines(11)[10])) | {"type": "gossip"}
    send(hub, bad["data"]["source_agency"], [bad])
    hub.embedded().drain()
    while answer_letters(hub):
        hub.embedded().drain()
    yield folder, hub
    hub.database.close()


def told(folder: DemoFolder, *arguments: str) -> Any:
    answer = CliRunner().invoke(main, [*arguments, "--config", str(folder.config), "--json"])
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_operations_answer_on_postgresql_as_on_sqlite(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    status = told(folder, "status")
    assert {step["depth"] for step in status["steps"]} == {0}
    assert sum(one["count"] for one in status["dead_letters"]) == 1
    assert status["store_bytes"] > 0
    replayed = told(folder, "replay")
    verified = told(folder, "audit", "verify")
    assert (verified["flaws"], verified["entries"] > 300) == ([], True)
    assert replayed["equal"] + replayed["given"] == replayed["facts"] == verified["entries"]
    (letter,) = told(folder, "dead-letters", "list")
    me = ["--who", "A. Operator", "--why", "asked the school"]
    told(
        folder,
        "dead-letters",
        "mend",
        letter["id"],
        "--field",
        letter["field"],
        "--value",
        "mash.notification.v1",
        *me,
    )
    assert told(folder, "dead-letters", "redrive", letter["id"], *me)["refused_again"] == 0
    hub.embedded().drain()
    with hub.database.reading() as connection:
        case_id = connection.execute(
            text("SELECT subject FROM journal WHERE type LIKE 'mash.case.%' LIMIT 1")
        ).scalar()
    assert len(told(folder, "case", str(case_id))) > 5
    assert told(folder, "audit", "verify")["flaws"] == []
    assert told(folder, "replay")["different"] == 0

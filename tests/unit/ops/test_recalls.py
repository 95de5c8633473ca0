"""`hub recalls` names who has not said what it did about what an owner wants back."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import event
from ops.run.wiring import Hub
from schemas.base import Fact
from stores import cursors, journal
from tests.support import given
from tests.support import products as product
from tests.support.filled import empty_hub, send

LEAD = "childrens_social_care"


def put(hub: Hub, *facts: Fact) -> None:
    """Record facts as if a step had just now, and let the hub act on them."""
    now = dt.datetime.now(dt.UTC)
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "put")
        journal.append(
            transaction, cursor, messages=[given.message(fact, at=now) for fact in facts]
        )
        cursors.store(transaction, cursor)
    hub.embedded().drain()


def told(folder: DemoFolder, *options: str) -> Any:
    answer = CliRunner().invoke(
        main, ["recalls", "--config", str(folder.config), "--json", *options]
    )
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def letters(hub: Hub, agency: str) -> list[dict[str, Any]]:
    found = hub.queues.lease(agency, limit=9, seconds=60)
    hub.queues.acknowledge(agency, [one.id for one in found])
    return [json.loads(one.body) for one in found]


def test_a_recall_is_tracked_to_its_recipients_answer(tmp_path: Path) -> None:
    folder, hub = empty_hub(tmp_path / "hub")
    put(hub, product.approved())
    assert [one["type"] for one in letters(hub, product.RECIPIENT)] == ["mash.product.v1"]
    put(hub, product.withdrawn(recall=True))
    (waiting,) = told(folder)
    assert (waiting["recipient"], waiting["owner"], waiting["answer"]) == (
        product.RECIPIENT,
        "school",
        None,
    )
    assert waiting["ring"] == hub.settings.agencies[product.RECIPIENT].signpost_contact
    said = CliRunner().invoke(main, ["recalls", "--config", str(folder.config)]).output
    assert f"ring {waiting['ring']}" in said
    (recall,) = letters(hub, product.RECIPIENT)
    assert recall["type"] == "mash.product-recall.v1"
    for status, left in (("acknowledged", 1), ("destroyed", 0)):
        receipt = {
            "product_id": recall["data"]["product_id"],
            "case_id": recall["data"]["case_id"],
            "recall_id": recall["data"]["recall_id"],
            "status": status,
            "answered_by": "T. Manager",
        }
        answered = event(status, "mash.recall-receipt.v1", agency=product.RECIPIENT, data=receipt)
        send(hub, product.RECIPIENT, [answered])
        hub.embedded().drain()
        assert len(told(folder)) == left
    (done,) = told(folder, "--all")
    assert done["answer"] == "destroyed"
    for agency in (LEAD, "school"):
        answers = [one["data"]["answer"] for one in letters(hub, agency)]
        assert answers == ["acknowledged", "destroyed"]


def test_where_nothing_is_wanted_back_it_says_so(tmp_path: Path) -> None:
    folder, _ = empty_hub(tmp_path / "hub")
    assert told(folder) == []
    answer = CliRunner().invoke(main, ["recalls", "--config", str(folder.config)])
    assert "0 recalls" in answer.output

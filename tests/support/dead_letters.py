"""Dead letters as commands see them, in an empty hub."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.mend.dead_letters import Person
from ops.run.wiring import Hub
from stores import journal
from tests.support.filled import send

ME = ["--who", "A. Operator", "--why", "asked the school"]


SOMEBODY = Person("A. Operator", "asked the school")


def run(folder: DemoFolder, verb: str, *arguments: str, **kwargs: Any) -> Result:
    return CliRunner().invoke(
        main, ["dead-letters", verb, "--config", str(folder.config), *arguments], **kwargs
    )


def told(folder: DemoFolder, verb: str, *arguments: str) -> Any:
    answer = run(folder, verb, *arguments, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def bad_type(number: int = 0, **changes: Any) -> dict[str, Any]:
    """An event whose envelope is at fault: what is amiss with a concern itself is set aside."""
    event = notification_event(json.loads(sample_lines(20)[number]))
    return {**event, "id": f"bad-{number}", "type": "gossip about Feb", **changes}


def bury(hub: Hub, event: dict[str, Any]) -> str:
    return send(hub, event["data"]["source_agency"], [event])[0].id


def facts(hub: Hub, type_: str) -> list[Any]:
    with hub.database.reading() as connection:
        rows = [
            row for row in journal.rows_after(connection, 0, limit=100_000) if row.type == type_
        ]
        keys = hub.database.vault.keys(connection, {row.key_id for row in rows}, create=False)
        return [journal.opened(row, keys).data for row in rows]


def sealed_well(hub: Hub) -> bool:
    with hub.database.reading() as connection:
        return not any(isinstance(found, journal.Flaw) for found in journal.verify(connection))

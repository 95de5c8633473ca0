"""`hub linkage index`: everybody is filed anew, as if they had been looked up by today's keys all
along.
"""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import delete, select

from ops.cli import main
from ops.run.wiring import Hub
from stores.tables import person_keys
from tests.support.filled import filled_hub


def filed(hub: Hub) -> set[tuple[int, int]]:
    with hub.database.reading() as connection:
        return {(row.key, row.number) for row in connection.execute(select(person_keys))}


def test_whoever_was_filed_under_other_keys_is_filed_under_those_of_today(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=40, answered=False)
    before = filed(hub)
    with hub.database.transaction() as transaction:
        some = {key for key, _ in sorted(before)[::2]}
        transaction.connection.execute(delete(person_keys).where(person_keys.c.key.in_(some)))
        transaction.insert(person_keys, [{"key": 1, "number": 1}])
    done = CliRunner().invoke(
        main, ["linkage", "index", "--config", str(folder.config)], catch_exceptions=False
    )
    assert done.output == f"filed under {len(before)} keys\n"
    assert filed(hub) == before
    hub.database.close()

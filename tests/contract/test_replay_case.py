"""One case is decided again by itself on every store alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from ops.demo.simulation.answers import DECISION_MAKER, event
from ops.look.replay import Wanted, as_json, replay
from ops.look.replay_case import replay_case
from ops.run.wiring import Hub
from tests.support.filled import send
from tests.support.production import fresh_database
from tests.support.units import embedded_hub, notify


@pytest.mark.parametrize("kind", ["sqlite file", "postgresql"])
def test_a_case_by_itself_is_told_as_everything_tells_it(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if kind == "postgresql":
        with (
            fresh_database(request.getfixturevalue("postgres_url")) as url,
            embedded_hub(tmp_path, store=url) as hub,
        ):
            compare(hub)
    else:
        with embedded_hub(tmp_path) as hub:
            compare(hub)


def compare(hub: Hub) -> None:
    release_beforehand(hub)
    notify(hub, 0, 12)
    hub.embedded().drain()
    with hub.database.reading() as connection:
        linked = text("SELECT DISTINCT subject FROM journal WHERE topic = 'cases.linked'")
        cases = list(connection.execute(linked).scalars())
    assert len(cases) > 5
    for about in cases:
        alone, whole = replay_case(hub.database, Wanted(about=about)), Wanted(about=about)
        assert alone is not None
        told, expected = as_json(alone), as_json(replay(hub, whole, processes=1))
        assert told["topics"] == expected["topics"]


def release_beforehand(hub: Hub) -> None:
    """Every owner releases its notifications beforehand: what leaves at once stands on that."""
    data = {
        "standing_id": "S-1",
        "recipients": ["csc_duty_team", "police_cait"],
        "purposes": ["section 47 enquiry"],
        "since": "2020-01-01",
        "decided_by": DECISION_MAKER,
        "reason": "A Red is acted on at once",
    }
    for agency, settings in hub.settings.agencies.items():
        if settings.decision_makers:
            told = event(f"{agency}/S-1", "mash.standing-release.v1", agency=agency, data=data)
            send(hub, agency, [told])

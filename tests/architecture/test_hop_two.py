"""Who wants to understand hop 2 opens the files that decision 14 lists, and no others."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from router.handle import handle
from router.intake import StoredIntake
from router.one_pass import Delivery
from schemas.notification import NotificationReceived
from stores import journal
from stores.database import Database
from stores.ports import Arrival
from stores.vault import Vault
from tests.support import given
from tests.support.production import adopted, alone, deduplication

ROOT = Path(__file__).parents[2]
DECISION = (ROOT / "ops/decisions/014-rooms-that-show-the-flow.md").read_text("utf-8")
FOLLOWED = re.findall(r"^\| \[([\w/.]+)\]", DECISION, flags=re.M)
BESIDE = {
    "router/lane.py",
    "router/linkage/kept.py",
    "router/linkage/placeholders.py",
    "router/linkage/text.py",
    "router/memory/documents.py",
}
"""What they say of themselves in one line is enough."""


def files_of(work: Callable[[], object]) -> set[str]:
    """The router's files in which functions ran."""
    entered = set()

    def enters(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            entered.add(frame.f_code.co_filename)

    before = sys.getprofile()
    sys.setprofile(enters)
    try:
        work()
    finally:
        sys.setprofile(before)
    within = (Path(name) for name in entered if name.startswith(str(ROOT / "router")))
    return {str(path.relative_to(ROOT)) for path in within}


def arrival(number: int) -> Arrival:
    said = given.notification(given.HIT, reference="CN-24-001452/1 (amended)")
    fact = NotificationReceived(
        agency="police", area="e99999999", content_digest=said.content_digest(), notification=said
    )
    event = f"event-{number}"
    return Arrival("police", "http", event, b"{}", "application/json", fact, said.reference)


def test_hop_two_is_followed_in_at_most_twelve_files() -> None:
    assert 0 < len(FOLLOWED) <= 12
    assert [path for path in FOLLOWED if not (ROOT / path).is_file()] == []


def test_what_runs_as_hop_two_decides_is_among_them() -> None:
    database = Database("sqlite://", Vault(bytes(32)))
    database.create_tables()
    StoredIntake(database).take([arrival(1), arrival(2)])
    policy = adopted()
    came = [Delivery(*placed) for placed in journal.messages_after(database, 0, limit=10)]

    def decided() -> None:
        with database.transaction() as transaction:
            handle(
                alone(deduplication()),
                came,
                consumer="deduplicate",
                transaction=transaction,
                policy=policy,
            )

    try:
        ran = files_of(decided)
    finally:
        database.close()
    assert "router/steps/deduplicate/decide.py" in ran
    assert ran <= {*FOLLOWED, *BESIDE}

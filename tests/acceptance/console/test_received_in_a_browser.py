"""A recipient reads what it was sent, has it, and answers what is wanted back, in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from ops.access.acting import asker
from ops.demo.running import DemoFolder
from ops.look import received
from ops.run.wiring import Hub
from tests.support.approving import ROBIN, asked, asking_hub, released, wanted_back
from tests.support.browsing import Served, follow, served, tabs_to
from tests.support.desk import LEAD, tells

DESK = "/desk/received"
HELPER, ASSESSOR = "E. Helper", "A. Assessor"


@pytest.fixture(scope="module")
def sent(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("received") / "hub"
    with served(path, browser, making=_sent) as found:
        yield found


def _sent(path: Path) -> tuple[DemoFolder, Hub]:
    """A hub in which early help has something that is wanted back, and is sent something more."""
    folder, hub = asking_hub(path)
    asked(hub)
    released(hub)
    leased = hub.queues.lease("early_help", limit=99, seconds=60)
    hub.queues.acknowledge("early_help", [one.id for one in leased])
    hub.embedded().drain()
    wanted_back(hub)
    other = "Robin ran away from school and was found at the station by a guard."
    asked(hub, reference="R-2", narrative=other, child=ROBIN)
    released(hub)
    _handed_over(hub)
    return folder, hub


def _handed_over(hub: Hub) -> None:
    """The assessment team is handed what the police tell of a child whose worker is theirs."""
    child = {
        "name": [{"given_name": ["Ash"], "family_name": ["Fabled"]}],
        "date_of_birth": {"date": "2012-12-03"},
        "identifier": [{"value": "9990000034", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
    }
    worker = {"name": "W. Allocated", "team": "csc_assessment_team", "case_reference": "ICS-8"}
    case = {"reference": "ICS-8", "child": child, "worker": worker, "since": "2026-01-05"}
    tells(hub, LEAD, "mash.open-case.v1", **case)
    said = {"reference": "R-8", "observed_at": "2026-11-03T19:40:00Z", "subject": child}
    tells(hub, "police", "mash.notification.v1", **said, narrative="Ash slept in the park.")


def test_a_team_takes_what_it_was_handed_without_javascript(sent: Served) -> None:
    page = sent.desk_of(ASSESSOR)
    follow(page.get_by_role("link", name="what your agency was sent"))
    follow(page.get_by_role("link", name="for W. Allocated"))
    assert page.get_by_text("Ash slept in the park.").is_visible()
    page.get_by_label("Yes: I have it").check()
    follow(page.get_by_role("button", name="Send"))
    assert page.get_by_text("Your answer is recorded").is_visible()
    assert page.get_by_text(f"{ASSESSOR} has it").is_visible()
    page.context.close()


def test_it_is_taken_by_keyboard_and_given_back_without_javascript(sent: Served) -> None:
    page = sent.desk_of(HELPER, script=True)
    product = received.waiting(sent.hub, asker(sent.hub, HELPER))[-1].product_id
    page.goto(f"{sent.url}{DESK}/product/{product}")
    assert page.get_by_text("Robin Sample").count() == 1
    tabs_to(page, "status")
    page.keyboard.press("Space")
    tabs_to(page, "Send")
    page.keyboard.press("Enter")
    page.get_by_text("Your answer is recorded").wait_for()
    page.context.close()
    page = sent.desk_of(HELPER)
    page.goto(f"{sent.url}{DESK}/product/{product}")
    page.get_by_label("What did you do with it?").fill("Visited; she takes the help.")
    follow(page.get_by_role("button", name="Tell the hub"))
    page.get_by_text("What was done is recorded").wait_for()
    page.get_by_text("Visited; she takes the help.").wait_for()
    page.goto(f"{sent.url}{DESK}")
    follow(page.get_by_role("link", name="An item of a product"))
    page.get_by_label("It is destroyed, wherever we had it").check()
    follow(page.get_by_role("button", name="Send"))
    page.get_by_text("Your answer is recorded").wait_for()
    page.context.close()

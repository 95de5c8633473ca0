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
from tests.support.browsing import Served, faults, follow, served, tabs_to

DESK = "/desk/received"
HELPER = "E. Helper"


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
    return folder, hub


def test_no_page_has_faults(sent: Served) -> None:
    helper = asker(sent.hub, HELPER)
    product = received.waiting(sent.hub, helper)[-1].product_id
    (recall,) = received.wanted_back(sent.hub, helper)
    page = sent.desk_of(HELPER, script=True)
    page.goto(f"{sent.url}{DESK}")
    for path in ("", f"/product/{product}", f"/recall/{recall.recall_id}"):
        assert faults(page, f"{sent.url}{DESK}{path}") == [], path
        assert "Robin" not in page.title()
    follow(page.get_by_role("button", name="Send"))
    page.get_by_role("heading", name="There is a problem").wait_for()
    assert faults(page) == []
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
    page.goto(f"{sent.url}{DESK}")
    follow(page.get_by_role("link", name="An item of a product"))
    page.get_by_label("It is destroyed, wherever we had it").check()
    follow(page.get_by_role("button", name="Send"))
    page.get_by_text("Your answer is recorded").wait_for()
    page.context.close()

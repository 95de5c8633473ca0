"""A researcher of an agency answers what the hub asks about a child, in a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from ops.demo.running import DemoFolder
from ops.run.wiring import Hub
from schemas.information import InformationAnswered
from stores import linking
from tests.support.approving import asked, asking_hub
from tests.support.browsing import Served, follow, served

DESK = "/desk/requests"
RESEARCHER = "H. Researcher"


@pytest.fixture(scope="module")
def asking(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("requests") / "hub"
    with served(path, browser, making=_asking) as found:
        yield found


def _asking(path: Path) -> tuple[DemoFolder, Hub]:
    """A hub in which agencies are asked about a child."""
    folder, hub = asking_hub(path)
    asked(hub, answered=False)
    return folder, hub


def test_a_disagreement_is_said_and_taken_back_without_javascript(asking: Served) -> None:
    page = asking.desk_of(RESEARCHER)
    page.goto(f"{asking.url}{DESK}")
    link = str(page.get_by_role("link", name=re.compile("^Request ")).get_attribute("href"))
    page.goto(f"{asking.url}{DESK}/disagree?about={link.split('/')[-2]}")
    page.get_by_label("Which child it is held to be about").check()
    page.get_by_label("Your profession").fill("health visitor")
    page.get_by_label("How you see it").fill("It is her brother.")
    page.get_by_label("What you want decided instead").fill("Settle it anew.")
    page.get_by_label("Yes", exact=True).check()
    for name in ("Check before you send", "Send"):
        follow(page.get_by_role("button", name=name))
    follow(page.get_by_role("link", name="see what you disagree with"))
    follow(page.get_by_role("link", name=re.compile("^Take it back")))
    page.get_by_label("Why do you disagree no longer?").fill("It was settled.")
    for name in ("Check before you send", "Send"):
        follow(page.get_by_role("button", name=name))
    page.get_by_text("Whoever was to decide about it has been told").wait_for()
    assert page.get_by_text("Taken back", exact=True).is_visible()
    page.context.close()


def test_two_items_are_told_without_javascript(asking: Served) -> None:
    page = asking.desk_of(RESEARCHER)
    page.goto(f"{asking.url}{DESK}")
    page.set_viewport_size({"width": 320, "height": 800})
    follow(page.get_by_role("link", name=re.compile("^Request ")))
    page.get_by_label("We know something: tell it").check()
    follow(page.get_by_role("button", name="Continue"))
    page.get_by_label("What you know").fill("Two appointments were missed.")
    page.get_by_label("Routine").check()
    page.get_by_label(re.compile("recipients once my agency")).check()
    follow(page.get_by_role("button", name="Add another item"))
    page.get_by_label("What you know").nth(1).fill("A sister rang us.")
    page.get_by_label(re.compile("^Restricted")).nth(1).check()
    page.get_by_label("The hub alone").nth(1).check()
    page.get_by_label(re.compile("If it is kept back: why")).nth(1).fill("She asked us not to")
    follow(page.get_by_role("button", name="Continue"))
    page.get_by_text("Check your answer").wait_for()
    assert page.locator(".console-text").first.inner_text() == "Two appointments were missed."
    follow(page.get_by_role("button", name="Change"))
    assert page.get_by_label("What you know").nth(1).input_value() == "A sister rang us."
    follow(page.get_by_role("button", name="Continue"))
    follow(page.get_by_role("button", name="Send"))
    page.get_by_text("Your answer is recorded").wait_for()
    for _ in range(200):
        with asking.hub.database.reading() as connection:
            if linking.count(connection, InformationAnswered):
                break
        time.sleep(0.05)
    page.goto(f"{asking.url}{DESK}")
    assert page.get_by_text("There is nothing to answer").count() == 1
    page.context.close()

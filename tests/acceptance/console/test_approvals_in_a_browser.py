"""A police sergeant's day: what is asked, what is let leave, and what is not, in a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from ops.demo.running import DemoFolder
from ops.run.serve import listening
from ops.run.wiring import Hub
from schemas.base import Fact
from schemas.product import ItemDecided, ItemWithheld, ProductApproved
from stores import linking
from tests.support.approving import RELEASE, ROBIN, SERGEANT, asked, asking_hub, passkey_hub
from tests.support.authenticator import Authenticator
from tests.support.browsing import Served, faults, focused, follow, served, tabs_to
from tests.support.chromium import authenticated
from tests.support.desk import tells

DESK = "/desk/approvals"


@pytest.fixture(scope="module")
def asking(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("approvals") / "hub"
    with served(path, browser, making=_asking) as found:
        yield found


@pytest.fixture(scope="module")
def signing(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, Authenticator]]:
    """A hub in which the sergeant signs with a passkey, at the address for which it was made."""
    bound = listening("127.0.0.1", 0)
    url = f"http://localhost:{bound.getsockname()[1]}"
    device, path = Authenticator(url, "localhost"), tmp_path_factory.mktemp("signing") / "hub"

    def making(path: Path) -> tuple[DemoFolder, Hub]:
        folder, hub = passkey_hub(path, url, devices={SERGEANT: device})
        asked(hub)
        return folder, hub

    with served(path, browser, making=making, bound=bound) as found:
        yield replace(found, url=url), device


def _asking(path: Path) -> tuple[DemoFolder, Hub]:
    """A hub in which the police are asked about two items."""
    folder, hub = asking_hub(path)
    asked(hub)
    tells(hub, "police", "mash.standing-release.v1", **RELEASE)
    other = "Robin ran away from school and was found at the station by a guard."
    asked(hub, reference="R-2", narrative=other, child=ROBIN)
    return folder, hub


def heard(hub: Hub, type_: type[Fact]) -> int:
    with hub.database.reading() as connection:
        return linking.count(connection, type_)


def until(hub: Hub, type_: type[Fact], *, more_than: int) -> None:
    for _ in range(200):
        if heard(hub, type_) > more_than:
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing of {type_.type} came")


def test_something_is_released_beforehand_without_javascript(asking: Served) -> None:
    page = asking.desk_of(SERGEANT)
    page.goto(f"{asking.url}{DESK}/standing")
    follow(page.get_by_role("button", name="Release something beforehand"))
    page.get_by_label("What your agency calls this release").fill("front-line-2027")
    page.get_by_label("What your agency notifies the hub of").check()
    page.get_by_label("Children's Social Care Duty Team").check()
    page.get_by_label("Section 47 enquiry").check()
    page.get_by_label("From which day").fill("01/12/2026")
    page.get_by_label("Why").fill("A Red cannot wait.")
    follow(page.get_by_role("button", name="Check before you send"))
    assert "1 December 2026" in page.locator("main").inner_text()
    follow(page.get_by_role("button", name="Send: they may leave"))
    page.get_by_text("front-line-2027").first.wait_for()
    page.context.close()


def test_an_item_is_withheld_without_javascript_and_lifted_again(asking: Served) -> None:
    page, before = asking.desk_of(SERGEANT), heard(asking.hub, ItemWithheld)
    follow(page.get_by_role("link", name=re.compile("R-1")))
    page.get_by_label("It is withheld").check()
    follow(page.get_by_role("button", name="Continue"))
    follow(page.get_by_role("button", name="Continue"))
    assert page.get_by_role("link", name=re.compile("Say why sharing it")).count() == 1
    page.get_by_label(re.compile("Why would sharing it")).fill("An informant would be found out")
    page.get_by_label("Nobody", exact=True).check()
    follow(page.get_by_role("button", name="Continue"))
    assert page.get_by_text("Nobody: it leaves no trace").count() == 1
    follow(page.get_by_role("button", name="Change"))
    assert page.get_by_label("Nobody", exact=True).is_checked()
    follow(page.get_by_role("button", name="Continue"))
    follow(page.get_by_role("button", name="Send: it is withheld"))
    page.get_by_text("Your decision is recorded").wait_for()
    until(asking.hub, ItemWithheld, more_than=before)
    follow(page.get_by_role("link", name="Decided"))
    follow(page.get_by_role("link", name=re.compile("^Item ")).first)
    page.get_by_label("Withhold it no longer").check()
    follow(page.get_by_role("button", name="Continue"))
    follow(page.get_by_role("button", name="Continue"))
    follow(page.get_by_role("button", name="Send"))
    page.get_by_text("Your decision is recorded").wait_for()
    page.context.close()


def test_own_words_are_checked_while_they_are_written_and_sent_by_keyboard_alone(
    asking: Served,
) -> None:
    page, before = asking.desk_of(SERGEANT, script=True), heard(asking.hub, ItemDecided)
    page.set_viewport_size({"width": 320, "height": 800})
    tabs_to(page, "R-2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/request/**")
    tabs_to(page, "choice")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    tabs_to(page, "Continue")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reworded")
    tabs_to(page, "text")
    page.keyboard.press("Control+A")
    page.keyboard.type("Robin was found. Ring 01632 960777.")
    page.wait_for_selector("#stays")
    assert focused(page) == "text"
    assert faults(page) == []
    tabs_to(page, "stays")
    page.keyboard.press("Space")
    tabs_to(page, "Continue")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Check your decision")
    tabs_to(page, "Send: it may leave")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=*")
    until(asking.hub, ItemDecided, more_than=before)
    _look_at_what_became_of_it(page)
    page.context.close()


def _look_at_what_became_of_it(page: Page) -> None:
    page.get_by_role("link", name="Decided").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/items")
    assert page.get_by_text(re.compile("May go to")).count() >= 1
    follow(page.get_by_role("link", name=re.compile("^Item ")).last)


def test_what_is_chosen_leaves_under_a_passkeys_signature_by_keyboard_alone(
    signing: tuple[Served, Authenticator],
) -> None:
    asking, device = signing
    page, troubles = asking.desk_of(SERGEANT, script=True), list[str]()
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.set_viewport_size({"width": 320, "height": 800})
    tabs_to(page, "R-1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/request/**")
    page.goto(f"{page.url}/chosen")
    tabs_to(page, "takes_out")
    page.keyboard.press("Space")
    tabs_to(page, "Check these words")
    page.keyboard.press("Enter")
    page.wait_for_selector("#stays")
    tabs_to(page, "stays")
    page.keyboard.press("Space")
    tabs_to(page, "Continue")
    page.keyboard.press("Enter")
    page.wait_for_selector("#sign-button:not([hidden])")
    authenticated(page, device)
    tabs_to(page, "Sign with your passkey")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=*")
    assert troubles == []
    _left_under_a_passkeys_signature(asking.hub)
    page.context.close()


def _left_under_a_passkeys_signature(hub: Hub) -> None:
    until(hub, ProductApproved, more_than=0)
    with hub.database.view() as view:
        (entry,) = linking.every(view.connection, view.vault, type_=ProductApproved)
    assert isinstance(entry.message.data, ProductApproved)
    (given,) = entry.message.data.approvals
    assert given.envelope is not None
    assert given.envelope.signatures[0].authenticatorData is not None

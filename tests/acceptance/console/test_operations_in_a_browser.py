"""Operations' day: without JavaScript, by keyboard, in dark, on a small screen; and a hub that does
not answer any more.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from stores import failures
from tests.support.browsing import Served, follow, tabs_to
from tests.support.desk_days import Days

DESK = "/desk/operations"


@pytest.fixture(scope="module")
def desk(served: Served) -> str:
    """Of a hub to which something came, and in which something fails."""
    Days(served.hub).difference()
    failures.note(served.hub.database, "folder:school", error="FolderUnsafe", again_in=None)
    return f"{served.url}{DESK}"


def test_what_fails_is_mended_by_the_runbook_and_something_is_let_wait_without_javascript(
    served: Served, desk: str
) -> None:
    page = served.desk_of("A. Operator")
    assert page.url == desk
    assert "The part folder:school was given up" in page.locator("#main-content").inner_text()
    follow(page.locator("a[href*='runbook#r-']").first)
    assert "#r-" in page.url
    follow(page.get_by_role("link", name="Let wait"))
    page.get_by_label("What is to wait").select_option("queue gp")
    page.get_by_label("15 minutes").check()
    page.get_by_label("Why", exact=True).fill("Its system is moved")
    follow(page.get_by_role("button", name="Let it wait"))
    assert "It waits" in page.get_by_role("alert").inner_text()
    follow(page.get_by_role("link", name="The hub now"))
    assert page.get_by_text("Its system is moved").first.is_visible()
    follow(page.get_by_role("link", name="Let it go on").first)
    page.get_by_label("Why it goes on").fill("It is there")
    follow(page.get_by_role("button", name="Let it go on"))
    assert "It goes on" in page.get_by_role("alert").inner_text()
    page.context.close()


def test_a_message_is_found_and_followed_without_javascript(served: Served, desk: str) -> None:
    page = served.desk_of("A. Operator")
    page.goto(f"{desk}/newest?topic=notifications.accepted")
    id_ = page.locator("tbody a").first.inner_text()
    follow(page.get_by_role("link", name="Search", exact=True))
    page.get_by_label("Id or reference").fill(id_[:30])
    follow(page.get_by_role("button", name="Search"))
    assert id_[:8] not in page.url
    follow(page.get_by_role("link", name=id_))
    told = page.locator("#main-content").inner_text()
    assert "mash.notification.received.v1" in told
    assert "came in" in told
    page.context.close()


def test_the_form_is_reached_by_keyboard(served: Served, desk: str) -> None:
    page = served.desk_of("A. Operator", script=True)
    page.goto(f"{desk}/pauses")
    tabs_to(page, "Let it wait")
    page.keyboard.press("Enter")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    page.context.close()


def test_a_page_goes_grey_and_says_so_while_the_hub_does_not_answer(
    served: Served, desk: str
) -> None:
    page = served.desk_of("A. Operator", script=True)
    away = page.get_by_text("does not answer since")
    page.route("**/healthz/store", lambda route: route.abort())
    page.goto(desk)
    expect(away).to_be_visible()
    assert "console-away" in str(page.locator("body").get_attribute("class"))
    page.unroute("**/healthz/store")
    expect(away).to_be_hidden(timeout=15_000)
    page.context.close()

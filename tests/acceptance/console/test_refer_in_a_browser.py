"""Everybody can report a concern: without a script, by keyboard, in dark, on a small screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from schemas.notification import NotificationAccepted
from stores import linking
from tests.support.browsing import Served, focused, follow, tabs_to


def begin(page: Page, served: Served) -> Page:
    page.goto(f"{served.url}/refer")
    follow(page.get_by_role("button", name="Start now"))
    return page


def go_on(page: Page) -> None:
    follow(page.get_by_role("button", name="Save and continue"))


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def report(page: Page, served: Served) -> str:
    """A teacher's report of two children, in a browser without a script; its reference."""
    begin(page, served)
    page.get_by_label("No", exact=True).check()
    go_on(page)
    page.get_by_label("I work with children, families or the public").check()
    go_on(page)
    page.get_by_label("Your name", exact=True).fill("T. Teacher")
    page.get_by_label("Telephone").fill("01632 960555")
    go_on(page)
    _child(page, given="Ivy", born="2016")
    page.get_by_label("Yes").check()
    go_on(page)
    assert heading(page) == "Who is the child?"
    _child(page, given="Max", born="")
    assert heading(page) == "2 children so far"
    page.get_by_label("No", exact=True).check()
    go_on(page)
    assert heading(page) == "Are these children brothers and sisters?"
    page.get_by_label("Yes, all of them").check()
    go_on(page)
    page.get_by_label("What has happened").fill("Ivy said that she is hit with a belt.")
    go_on(page)
    go_on(page)
    page.get_by_label("No", exact=True).first.check()
    page.get_by_label("They were not asked").check()
    go_on(page)
    assert heading(page) == "Check what you wrote before you send it"
    assert "Ivy said that she is hit with a belt." in page.content()
    follow(page.get_by_role("button", name="Send"))
    assert "We have your report" in heading(page)
    return page.locator(".govuk-panel strong").inner_text()


def _child(page: Page, *, given: str, born: str) -> None:
    page.get_by_label("First names").fill(given)
    page.get_by_label("Last name").fill("Thornbury")
    go_on(page)
    page.get_by_label("Year").fill(born)
    go_on(page)
    page.get_by_label("Postcode").fill("BD54 5UN (nan's)")
    go_on(page)


def test_a_teacher_reports_two_children_without_a_script(served: Served) -> None:
    page = served.browser.new_context(java_script_enabled=False).new_page()
    reference = report(page, served)
    assert "postcode" in page.content(), "what could not be used is said"
    assert "999" in page.content()
    page.goto(f"{served.url}/refer/follow")
    page.get_by_label("Your reference").fill(reference)
    follow(page.get_by_role("button", name="Look"))
    assert page.content().count("We have it") == 2, "one of each child"
    assert {"Child 1", "Child 2"} <= set(page.get_by_role("heading", level=2).all_inner_texts())
    page.goto(f"{served.url}/refer/sent")
    follow(page.get_by_role("button", name="Delete what I wrote"))
    assert heading(page) == "What you wrote is deleted"
    page.goto(f"{served.url}/refer/sent")
    assert heading(page) == "We cannot find what you wrote"
    page.context.close()
    with served.hub.database.reading() as connection:
        assert linking.count(connection, NotificationAccepted) >= 2


def test_what_is_written_is_kept_before_anybody_goes_on(served: Served) -> None:
    page = begin(served.browser.new_context().new_page(), served)
    complaints: list[str] = []
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    page.get_by_label("No", exact=True).check()
    go_on(page)
    page.goto(f"{served.url}/refer/happened")
    with page.expect_response(lambda one: one.request.method == "POST") as answered:
        page.get_by_label("What has happened").press_sequentially("She was hi")
    assert (answered.value.status, focused(page)) == (204, "happened")
    assert page.get_by_label("What has happened").input_value() == "She was hi"
    page.goto(f"{served.url}/refer/check")
    assert page.get_by_text("She was hi", exact=True).is_visible()
    assert complaints == []
    page.context.close()


def test_whoever_is_watched_leaves_without_a_script(served: Served) -> None:
    page = begin(served.browser.new_context(java_script_enabled=False).new_page(), served)
    with page.expect_request("https://www.bbc.co.uk/weather"):
        page.get_by_role("button", name="Leave this page").click()
    page.context.close()


@pytest.mark.parametrize("path", ["danger", "happened", "follow"])
def test_errors_are_said_on_top_and_beside_their_field(path: str, served: Served) -> None:
    page = begin(served.browser.new_context().new_page(), served)
    page.goto(f"{served.url}/refer/{path}")
    follow(page.locator("main form button"))
    assert page.title().startswith("Error: ")
    assert page.get_by_text("There is a problem").is_visible()
    follow(page.locator(".govuk-error-summary a"))
    assert focused(page)
    page.context.close()


def test_the_keyboard_alone_begins_a_report(served: Served) -> None:
    page = served.browser.new_context().new_page()
    page.goto(f"{served.url}/refer")
    tabs_to(page, "Start now")
    page.keyboard.press("Enter")
    page.wait_for_url("**/refer/danger")
    tabs_to(page, "danger")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/refer/who")
    page.context.close()

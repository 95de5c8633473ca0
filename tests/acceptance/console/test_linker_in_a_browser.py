"""Links are settled in a browser: without JavaScript, by keyboard, on a small screen."""

from __future__ import annotations

import pytest

from tests.support.browsing import Served, follow, tabs_to
from tests.support.desk_days import EVAN, Days


@pytest.fixture(scope="module")
def review(served: Served) -> str:
    """The address of a referral in doubt."""
    days = Days(served.hub)
    referral, _ = days.review()
    days.notified("police", EVAN, "Evan was out late.")
    return f"{served.url}/desk/links/referrals/{referral}"


def test_it_is_settled_and_taken_back_without_javascript(served: Served, review: str) -> None:
    page = served.desk_of("S. Worker")
    follow(page.get_by_role("navigation").get_by_role("link", name="Links"))
    follow(page.locator(f"a[href='{review.removeprefix(served.url)}']"))
    assert page.get_by_text("12 Example Street").is_visible()
    page.get_by_label("The same child as candidate 1: Robin Sampleton").check()
    page.get_by_label("Why?").first.fill("Rang the school: it is Robin")
    follow(page.get_by_role("button", name="Check before you settle it"))
    follow(page.get_by_role("button", name="Send"))
    assert "It is settled" in page.get_by_role("alert").inner_text()
    follow(page.get_by_role("link", name="Take back").first)
    page.get_by_label("Why do you open it?").fill("The school rang")
    follow(page.get_by_role("button", name="Open"))
    assert page.get_by_text("12 Example Street").is_visible()
    follow(page.get_by_role("button", name="Check before you take it back"))
    assert page.get_by_role("heading", name="There is a problem").is_visible()
    page.get_by_label("Why was it wrong?").fill("It was his cousin")
    follow(page.get_by_role("button", name="Check before you take it back"))
    follow(page.get_by_role("button", name="Send"))
    assert "The decision is taken back" in page.get_by_role("alert").inner_text()
    page.context.close()


def test_it_is_settled_by_keyboard(served: Served, review: str) -> None:
    page = served.desk_of("S. Worker", script=True)
    page.goto(review)
    tabs_to(page, "person")
    page.keyboard.press("Space")
    tabs_to(page, "rationale")
    page.keyboard.type("Rang the school")
    tabs_to(page, "Check before you settle it")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Check before you send").wait_for()
    tabs_to(page, "Send")
    page.keyboard.press("Enter")
    page.wait_for_url("**/links?done=linked")
    page.context.close()

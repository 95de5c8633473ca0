"""An audit a year later in a browser: without JavaScript, by keyboard, on a small screen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.browsing import Served, follow, tabs_to
from tests.support.desk_days import KIM, Days
from tests.support.filled import grown


@pytest.fixture(scope="module")
def referral(served: Served) -> str:
    """One that was rated."""
    days = Days(served.hub)
    found = days.notified("school", KIM, "Kim was in the street.")
    days.rated(found, "green")
    grown(served.hub)
    return found


def asks(page: Page, referral: str) -> None:
    page.get_by_label("About what, or by whom").fill(referral)
    page.get_by_label("Why do you ask?").fill("Complaint 2026/17")
    follow(page.get_by_role("button", name="Show"))


def test_a_decision_is_reopened_and_the_case_taken_away_without_javascript(
    served: Served, referral: str
) -> None:
    page = served.desk_of("J. Auditor")
    asks(page, referral)
    follow(page.get_by_role("button", name="Open it as it was").first)
    assert page.get_by_text("As it was seen", exact=True).is_visible()
    assert page.get_by_text("Kim was in the street.").is_visible()
    follow(page.get_by_role("link", name="Export"))
    page.get_by_label("Case, referral or product").fill(referral)
    page.get_by_label("For whom, and by which order or request?").fill("Crown Court T20267")
    grown(served.hub)
    with page.expect_download() as taken:
        page.get_by_role("button", name="Take the file").click()
    bundle = json.loads(Path(taken.value.path()).read_text("utf-8"))
    assert bundle["of"] == referral
    page.context.close()


def test_it_is_asked_by_keyboard(served: Served, referral: str) -> None:
    page = served.desk_of("J. Auditor", script=True)
    tabs_to(page, "wanted")
    page.keyboard.type(referral)
    tabs_to(page, "why")
    page.keyboard.type("Complaint 2026/17")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Open it as it was").first.wait_for()
    page.context.close()

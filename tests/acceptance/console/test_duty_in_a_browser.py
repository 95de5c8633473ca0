"""A duty manager's day: without JavaScript, by keyboard, in dark, on a small screen."""

from __future__ import annotations

import pytest

from tests.support.browsing import Served, follow, tabs_to
from tests.support.desk_days import Days


@pytest.fixture(scope="module")
def day(served: Served) -> dict[str, str]:
    """What lies before the duty manager, by path."""
    days = Days(served.hub)
    days.handover()
    days.difference()
    days.alarm()
    desk = f"{served.url}/desk/duty"
    return {
        "alarms": desk,
        "clocks": f"{desk}/clocks",
        "silence": f"{desk}/silence",
        "handovers": f"{desk}/handovers",
        "differences": f"{desk}/differences",
    }


def test_the_day_is_done_without_javascript(served: Served, day: dict[str, str]) -> None:
    page = served.desk_of("D. Manager")
    page.goto(day["alarms"])
    follow(page.get_by_role("button", name="I take this alarm").first)
    assert "The alarm is yours" in page.get_by_role("alert").inner_text()

    follow(page.get_by_role("link", name="Handovers"))
    follow(page.locator("tbody a").first)
    page.get_by_label("Why you need to see it").fill("Whose is it?")
    follow(page.get_by_role("button", name="Open the referral"))
    assert page.get_by_text("Moved to another team").first.is_visible()
    follow(page.get_by_role("button", name="Take back from the team"))
    page.get_by_label("Why", exact=True).fill("Evan moved to another team")
    follow(page.get_by_role("button", name="Check before you send"))
    follow(page.get_by_role("button", name="Send"))
    assert "The team is told" in page.get_by_role("alert").inner_text()

    page.goto(day["alarms"])
    follow(page.get_by_role("link", name="Differences"))
    follow(page.locator("tbody a").first)
    page.get_by_label("Sample Schools: the rating").check()
    page.get_by_label("It stays as it is").check()
    page.get_by_label("What they are told").fill("It stays green: Kim was fetched at once.")
    page.get_by_label("Why", exact=True).fill("Read with the school")
    follow(page.get_by_role("button", name="Check before you send"))
    follow(page.get_by_role("button", name="Send"))
    assert "Whoever disagreed is told" in page.get_by_role("alert").inner_text()
    page.context.close()


def test_an_alarm_is_taken_by_keyboard(served: Served, day: dict[str, str]) -> None:
    Days(served.hub).alarm("Tilly was beaten by her father.")
    page = served.desk_of("D. Manager", script=True)
    page.goto(day["alarms"])
    tabs_to(page, "I take this alarm")
    page.keyboard.press("Enter")
    page.wait_for_url("**/duty?done=taken")
    page.context.close()

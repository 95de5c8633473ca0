"""Operators in a browser: dead letters mended, sent again and given up by two, and replays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.browsing import Served, follow, tabs_to
from tests.support.dead_letters import bad_type, bury

AT = "/desk/dead-letters"


@pytest.fixture(scope="module")
def letters(served: Served) -> list[str]:
    return [bury(served.hub, bad_type(number)) for number in range(4)]


def why(page: Page) -> None:
    page.get_by_label("Why do you do this?").fill("Asked the school")


def test_a_letter_is_mended_and_taken_without_javascript(
    served: Served, letters: list[str]
) -> None:
    page = served.desk_of("A. Operator")
    follow(page.get_by_role("link", name="Dead letters", exact=True))
    follow(page.get_by_role("link", name=letters[0]))
    why(page)
    follow(page.get_by_role("button", name="Show the field"))
    assert page.get_by_text("gossip about Feb").is_visible()
    page.get_by_label("What the field ought to hold").fill("mash.gossip.v1")
    follow(page.get_by_role("button", name="Mend the field"))
    assert page.get_by_role("heading", name="There is a problem").is_visible()
    page.get_by_label("What the field ought to hold").fill("mash.notification.v1")
    follow(page.get_by_role("button", name="Mend the field"))
    why(page)
    follow(page.get_by_role("button", name="Send again"))
    assert page.get_by_text("Taken: the hub has acted on it.").is_visible()
    page.context.close()


def test_many_are_given_up_by_two_people(served: Served, letters: list[str]) -> None:
    page = served.desk_of("A. Operator", script=True)
    page.goto(f"{served.url}{AT}")
    for number in (1, 2):
        page.get_by_label(f"Letter {number}").check()
    why(page)
    follow(page.get_by_role("button", name="Give up"))
    assert page.get_by_text("2 letters").is_visible()
    follow(page.get_by_role("button", name="Send"))
    other = served.desk_of("P. Operator", script=True)
    other.goto(f"{served.url}{AT}/asked")
    follow(other.get_by_role("link", name="Give up 2 letters"))
    why(other)
    follow(other.get_by_role("button", name="Agree, and do it now"))
    assert other.get_by_text("Given up", exact=True).count() == 2
    page.context.close()
    other.context.close()


def test_a_letter_is_chosen_by_keyboard(served: Served, letters: list[str]) -> None:
    page = served.desk_of("A. Operator", script=True)
    page.goto(f"{served.url}{AT}")
    tabs_to(page, "chosen")
    page.keyboard.press("Space")
    tabs_to(page, "why")
    page.keyboard.type("Asked the school")
    tabs_to(page, "Give up")
    page.keyboard.press("Enter")
    page.get_by_text("You do it at once").wait_for()
    assert letters
    page.context.close()


def test_a_replay_is_planned_started_and_its_report_taken(served: Served) -> None:
    page = served.desk_of("J. Auditor", script=True)
    page.goto(f"{served.url}/desk/replays")
    page.get_by_label("Why?").fill("Inquiry 2026/3")
    page.get_by_label("Case or referral").fill("no-such-case")
    follow(page.get_by_role("button", name="Plan it"))
    assert page.get_by_role("link", name="Nothing is recorded under").is_visible()
    page.get_by_label("Case or referral").fill("")
    follow(page.get_by_role("button", name="Plan it"))
    page.get_by_label("Why?").fill("Inquiry 2026/3")
    follow(page.get_by_role("button", name="Start it"))
    more = page.get_by_role("link", name="See how far it is now")
    while more.count():
        follow(more)
    assert page.get_by_role("heading", name="All is equal").is_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Take the report as a file").click()
    assert json.loads(Path(taken.value.path()).read_text("utf-8"))["report"]["well"]
    page.context.close()


def test_a_child_is_looked_for(served: Served) -> None:
    page = served.desk_of("S. Worker", script=True)
    page.goto(f"{served.url}/desk/find")
    page.get_by_label("Given name").fill("Nobody")
    page.get_by_label("Family name").fill("Notthere-Example")
    page.get_by_label("Why do you look for this child?").fill("rung about")
    follow(page.get_by_role("button", name="Find", exact=True))
    assert page.get_by_text("No children fit").is_visible()
    assert page.url == f"{served.url}/desk/find"
    page.context.close()


def test_who_may_send_again_chooses_for_whom(served: Served) -> None:
    page = served.desk_of("A. Operator", script=True)
    page.goto(f"{served.url}/desk/replays")
    page.get_by_label("To live: who has lost what it had").select_option("gp")
    page.get_by_label("Why?").fill("put back")
    follow(page.get_by_role("button", name="Plan it"))
    assert page.get_by_role("heading", name="There is a problem").is_visible()
    page.context.close()

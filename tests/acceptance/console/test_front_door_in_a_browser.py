"""A social worker's day in a browser: with JavaScript only for who looks into the pages."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from connectors.clients.http_client import HubClient
from tests.support.browsing import NARROW, Served, focused, follow, tabs_to

ROBIN: dict[str, Any] = {
    "name": [{"given_name": ["Robin"], "family_name": ["Sample"]}],
    "date_of_birth": {"date": "2016-05-14"},
    "sex_code": "male",
    "identifier": [{"value": "9990000018", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
    "address": [{"line1": "12 Example Street", "city": "Sampleton", "postcode": "ZZ9 9ZZ"}],
    "related_person": [
        {"name": {"given_name": ["Jo"], "family_name": ["Sample"]}, "relationship": "mother"},
        {"name": {"given_name": ["Ashley"], "family_name": ["Sample"]}, "relationship": "sister"},
    ],
}


def tells(served: Served, agency: str, reference: str, narrative: str) -> str:
    """An agency notifies over the web; the id of the referral, once it is on the list."""
    token = json.loads(served.folder.tokens.read_text("utf-8"))[agency]
    event = {
        "specversion": "1.0",
        "id": reference,
        "source": f"urn:simulated:{agency}",
        "type": "mash.notification.v1",
        "dataschema": "urn:mash-hub:v1",
        "data": {
            "reference": reference,
            "observed_at": "2026-11-03T19:40:00Z",
            "subject": ROBIN,
            "narrative": narrative,
        },
    }
    with HubClient(served.url, token) as client:
        (receipt,) = client.send([event])
    return receipt.id


@pytest.fixture(scope="module")
def referral(served: Served) -> str:
    """Robin's second one."""
    tells(served, "school", "S-1", "Robin came to school without lunch again.")
    return tells(served, "police", "P-1", "Robin was alone in the street at 10pm.")


def opens(page: Page, served: Served, referral: str) -> None:
    """Open a referral from the list, as soon as that has it."""
    link = page.locator(f'a[href$="{referral}"]')
    for _ in range(100):
        page.goto(f"{served.url}/desk/front-door")
        if link.count():
            return follow(link)
        page.wait_for_timeout(50)
    raise AssertionError("it never came")


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def send(page: Page) -> str:
    """Check what was written, send it, and read what the hub says."""
    follow(page.get_by_role("button", name="Check before you send"))
    assert heading(page) == "Check before you send"
    follow(page.get_by_role("button", name="Send"))
    return page.locator(".govuk-notification-banner__content").inner_text()


def test_what_is_wrong_is_on_top_and_leads_to_its_field(served: Served, referral: str) -> None:
    page = served.desk_of("S. Worker")
    page.goto(f"{served.url}/desk/front-door/{referral}/rate")
    follow(page.get_by_role("button", name="Check before you send"))
    assert page.title().startswith("Error: ")
    summary = page.get_by_role("alert")
    assert "Choose a rating" in summary.inner_text()
    follow(summary.get_by_role("link", name="Choose a rating"))
    assert page.url.endswith("#colour")
    page.context.close()


def test_a_whole_day_without_javascript(served: Served, referral: str) -> None:
    page, other = served.desk_of("S. Worker"), served.desk_of("T. Worker")
    opens(page, served, referral)
    assert heading(page) == "Robin Sample"
    words = page.locator("main").inner_text()
    for said in (
        "14 May 2016, 10 years old",
        "NHS number 999 000 0018",
        "12 Example Street, Sampleton",
        "Robin was alone in the street at 10pm.",
        "Robin came to school without lunch again.",
        "Jo Sample",
        "Nobody has rated it.",
    ):
        assert said in words

    opens(other, served, referral)
    follow(other.get_by_role("button", name="Rate"))
    assert "S. Worker opened this" in other.locator("main").inner_text()

    follow(page.get_by_role("button", name="Rate"))
    page.get_by_label("Amber: harm that is not immediate").check()
    page.get_by_label("Why").fill("Twice in a week.")
    page.get_by_label("Basic").check()
    assert "Your rating is recorded" in send(page)
    assert "Sample Schools" in page.locator("main").inner_text()

    other.get_by_label("Green: early help").check()
    other.get_by_label("Why").fill("I see it otherwise.")
    follow(other.get_by_role("button", name="Check before you send"))
    assert "Rated amber by S. Worker" in other.get_by_role("alert").inner_text()
    assert other.get_by_label("Why").input_value() == "I see it otherwise."

    follow(page.get_by_role("button", name="Ask an agency further"))
    page.get_by_label("Whom to ask").select_option("Sample Housing")
    page.get_by_label("What to ask").fill("Who lives there?")
    page.get_by_label("Why", exact=True).fill("To know who looks after him.")
    assert "The agency is asked" in send(page)

    follow(page.get_by_role("button", name="Give to a social worker"))
    page.get_by_label("Who has it from now on").select_option("T. Worker")
    page.get_by_label("Why", exact=True).fill("I am away tomorrow.")
    assert "It is on their list now" in send(page)
    other.goto(f"{served.url}/desk/front-door?show=mine")
    assert "with you" in other.locator("main").inner_text()
    follow(page.get_by_role("button", name="Hand over to a team"))
    page.get_by_label("Children's Social Care Assessment Team").check()
    page.get_by_label("Why", exact=True).fill("The team knows the family.")
    assert "The team is told" in send(page)
    assert "Nobody there has said yet" in page.locator("main").inner_text()

    follow(page.get_by_role("button", name="Close with an outcome"))
    page.get_by_label("Early help", exact=True).check()
    page.get_by_label("Why", exact=True).fill("The family agrees.")
    page.get_by_label("What whoever brought the concern may be told").fill("Help is offered.")
    assert "The referral is closed" in send(page)
    assert "Closed: early help" in page.locator("main").inner_text()

    page.goto(f"{served.url}/desk/front-door")
    assert page.locator(f'a[href$="{referral}"]').count() == 0
    for one in (page, other):
        one.context.close()


def test_the_keyboard_alone_rates_on_a_small_screen(served: Served) -> None:
    referral = tells(served, "nhs_emergency", "E-1", "Robin was brought in with a cut hand.")
    page = served.desk_of("T. Worker", script=True)
    page.set_viewport_size({"width": NARROW, "height": 640})
    opens(page, served, referral)
    tabs_to(page, "Rate")
    page.keyboard.press("Enter")
    page.wait_for_url("**/rate")
    tabs_to(page, "colour")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    tabs_to(page, "rationale")
    page.keyboard.type("Seen by a nurse.")
    tabs_to(page, "Check before you send")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Check before you send").wait_for()
    tabs_to(page, "Send")
    assert focused(page) == "Send"
    page.keyboard.press("Enter")
    page.get_by_text("Your rating is recorded").wait_for()
    page.context.close()


def test_nothing_of_a_page_is_kept_once_somebody_has_signed_out(
    served: Served, referral: str
) -> None:
    page = served.desk_of("T. Worker")
    opened = page.goto(f"{served.url}/desk/front-door/{referral}")
    assert opened is not None
    assert opened.headers["cache-control"] == "no-store"
    follow(page.get_by_role("button", name="Sign out"))
    page.get_by_role("heading", name="You are signed out").wait_for()
    page.goto(f"{served.url}/desk/front-door/{referral}")
    assert page.url == f"{served.url}/desk/sign-in"
    assert "Robin" not in page.content()
    assert httpx.get(f"{served.url}/desk/front-door/{referral}").status_code == 303
    page.context.close()

"""A list renews itself while people are at it, and nobody is signed out without a word."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import event
from ops.run.wiring import Hub
from tests.support.browsing import Served, faults, focused, follow, served
from tests.support.filled import empty_hub, send

IDLE_SECONDS = 60


def _with_short_sessions(path: Path) -> tuple[DemoFolder, Hub]:
    folder, hub = empty_hub(path)
    identity = hub.settings.identity.model_copy(update={"idle_minutes": IDLE_SECONDS // 60})
    return folder, replace(hub, settings=hub.settings.model_copy(update={"identity": identity}))


@pytest.fixture(scope="module")
def short(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("live") / "hub"
    with served(path, browser, making=_with_short_sessions) as found:
        yield found


def tells(hub: Hub, reference: str) -> str:
    """The police tell of a child; the id of the referral."""
    data = {
        "reference": reference,
        "observed_at": "2026-11-03T19:40:00Z",
        "narrative": "Somebody else heard a child cry.",
        "subject": {"name": [{"family_name": [f"Sample{reference}"]}], "sex_code": "unknown"},
    }
    told = event(reference, "mash.notification.v1", agency="police", data=data)
    return send(hub, "police", [told])[0].id


def _watched(page: Page) -> list[str]:
    """What the browser complains of, such as what the policy forbids."""
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: said.append(str(one)))
    return said


def test_a_list_renews_itself_keeps_the_focus_and_can_be_paused(short: Served) -> None:
    tells(short.hub, "A")
    page = short.desk_of("S. Worker", script=True)
    complaints = _watched(page)
    expect(page.locator(".console-row")).to_have_count(1)
    expect(page.get_by_text("This list is kept up to date.")).to_be_visible()
    count = page.locator("#live-list [role=status]")
    expect(count).to_have_text("1 referral")
    page.locator(".console-row__name a").first.focus()
    at = focused(page)

    tells(short.hub, "B")
    expect(count).to_have_text("2 referrals", timeout=10_000)
    assert focused(page) == at

    page.get_by_role("button", name="Pause updates").click()
    tells(short.hub, "C")
    expect(page.get_by_text("Something has changed.")).to_be_visible()
    expect(count).to_have_text("2 referrals")
    page.get_by_role("button", name="Go on with updates").click()
    expect(count).to_have_text("3 referrals")
    assert complaints == []
    assert faults(page) == []
    page.context.close()


def test_a_list_is_kept_up_to_date_however_late_a_script_comes(short: Served) -> None:
    def late(route: Route) -> None:
        time.sleep(0.5)
        route.continue_()

    page = short.desk_of("S. Worker", script=True)
    page.route("**/htmx-sse.js*", late)
    page.reload()
    expect(page.get_by_text("This list is kept up to date.")).to_be_visible(timeout=10_000)
    page.context.close()


def test_who_has_a_referral_open_is_told_that_it_changed(short: Served) -> None:
    referral_id = tells(short.hub, "D")
    first, second = (short.desk_of(who, script=True) for who in ("S. Worker", "T. Worker"))
    address = f"{short.url}/desk/front-door/{referral_id}"
    first.locator(f'a[href$="{referral_id}"]').click()
    changed = first.get_by_text("This has changed since you opened it.")
    tells(short.hub, "E")
    first.wait_for_timeout(1500)
    expect(first.locator("#live")).not_to_have_attribute("hidden", "")
    expect(changed).to_be_hidden()
    rated(second, address)
    expect(changed).to_be_visible()
    for page in (first, second):
        page.context.close()


def rated(page: Page, address: str) -> None:
    """Somebody rates it."""
    page.goto(f"{address}/rate")
    page.get_by_label("Amber", exact=False).check()
    page.get_by_label("Why", exact=True).fill("As told")
    follow(page.get_by_role("button", name="Check before you send"))
    follow(page.get_by_role("button", name="Send"))


def test_people_are_told_before_they_are_signed_out_and_stay_if_they_say_so(
    short: Served,
) -> None:
    page = short.desk_of("S. Worker", script=True)
    complaints = _watched(page)
    page.goto(f"{short.url}/desk/links")
    page.get_by_label("Referral", exact=True).fill("half written")
    warned = page.get_by_role("dialog", name="You will soon be signed out")
    expect(warned).to_be_visible(timeout=1000 * IDLE_SECONDS)
    assert focused(page) == "Stay signed in"
    assert faults(page) == []
    page.keyboard.press("Enter")
    expect(warned).to_be_hidden()

    _signed_out_elsewhere(page, short)
    over = page.get_by_role("dialog", name="You are signed out")
    expect(over).to_be_visible(timeout=1000 * IDLE_SECONDS)
    expect(page.locator("main")).to_be_hidden()
    page.get_by_role("button", name="Show this page again").click()
    expect(page.get_by_text("You are not signed in as S. Worker yet.")).to_be_visible()
    assert complaints == []
    page.context.close()


def _signed_out_elsewhere(page: Page, short: Served) -> None:
    other: Any = page.context.new_page()
    other.goto(f"{short.url}/desk/accessibility")
    other.get_by_role("button", name="Sign out").click()
    other.close()

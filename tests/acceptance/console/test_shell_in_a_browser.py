"""What every desk has is used by everybody: by keyboard, in dark, on a small screen, unseen."""

from __future__ import annotations

from tests.support.browsing import NARROW, Served, focused, follow, tabs_to


def test_a_link_opens_the_desk_in_one_click_and_sign_out_closes_it(served: Served) -> None:
    page = served.desk_of("S. Worker")
    assert page.url == f"{served.url}/desk/front-door"
    assert page.title().startswith("Referrals ")
    follow(page.get_by_role("button", name="Sign out"))
    assert page.get_by_role("heading", level=1).inner_text() == "You are signed out"
    page.goto(f"{served.url}/desk/front-door")
    assert page.url == f"{served.url}/desk/sign-in"
    page.context.close()


def test_the_keyboard_alone_skips_to_what_matters_and_signs_out(served: Served) -> None:
    page = served.desk_of("S. Worker", script=True)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main-content"
    page.goto(page.url.partition("#")[0])
    tabs_to(page, "Sign out")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in?out")
    page.context.close()


def test_what_is_printed_bears_its_marking(served: Served) -> None:
    page = served.desk_of("S. Worker", script=True)
    page.emulate_media(media="print")
    marks = page.get_by_text("OFFICIAL-SENSITIVE", exact=True)
    assert marks.count() == 2
    assert marks.first.is_visible()
    assert not page.get_by_role("button", name="Sign out").is_visible()
    page.context.close()


def test_nothing_is_cut_off_where_letters_are_large(served: Served) -> None:
    page = served.desk_of("D. Manager", script=True)
    page.set_viewport_size({"width": NARROW, "height": 256})  # 1280 by 1024 at 400 percent
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW
    page.context.close()

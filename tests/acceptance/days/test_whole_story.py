"""A child's whole story at the desks, in a browser, of a hub of one process and of many."""

from __future__ import annotations

from playwright.sync_api import Browser

from ops.look.reading import open_reader
from tests.support import whole_story
from tests.support.family_days import Days
from tests.support.whole_story import Story


def test_from_the_schools_form_until_an_audit_a_year_later(days: Days, browser: Browser) -> None:
    whole_story.live(story_at(days, browser))


def test_the_same_without_javascript(days: Days, browser: Browser) -> None:
    whole_story.live(story_at(days, browser, script=False, child="Nora Whitcombe"))


def story_at(
    days: Days, browser: Browser, *, script: bool = True, child: str = "Ivy Thornbury"
) -> Story:
    """At a hub that runs."""
    place = days.borough.place
    hub = open_reader(place.folder.config, place.environment)
    hub.database.close()
    return Story(hub, days.borough, browser, script=script, child=child)

"""A child's story from the school's form until the police's child abuse team has it, a wrong link
that is mended, and an audit a year later: everybody at their own desk in a browser, reading what it
says.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from ops.access.accounts import account
from ops.access.links import links_of
from ops.access.proving import known_as, named
from ops.console.address import link
from ops.look.reading import Guarded
from schemas.access import Proof
from tests.support.browsing import follow
from tests.support.days import Borough

WORKER, MANAGER, SERGEANT = "S. Worker", "L. Manager", "M. Sergeant"
CONSTABLE, OFFICER = "C. Constable", "O. Officer"
LINKER, AUDITOR = "T. Worker", "J. Auditor"
DECIDERS = {"childrens_social_care": (WORKER, MANAGER, LINKER), "police": (SERGEANT,)}
"""Who has to be registered as a decision maker, and of the lead agency as a social worker."""
_OTHERS = (
    (MANAGER, "childrens_social_care", "decision_maker"),
    (CONSTABLE, "police", "researcher"),
    (OFFICER, "police_cait", "researcher"),
)
BRUISES = "She had bruises on both arms. She said that her uncle did it, and cried."
CALLED = "We were called to the home on 2 November: the uncle was drunk and had broken a door."
TEAM = "Police Child Abuse Investigation Team"
INFORMANT = "Somebody who must not be known told us that the uncle keeps a knife."
COUSIN = "Her cousin of the same name was collected late from the clinic."
ANOTHER = "About another child of the family."
WHY = "A complaint about what was decided a year ago"
_TRIES = 100
_PAUSE = 300

_PEOPLE = """
[[people]]
name = "{name}"
agency = "{agency}"
roles = ["{role}"]
account = "{account}"
"""


def with_people(config: Path) -> None:
    """Those of them in a configuration who are not in the sample's."""
    with config.open("a", encoding="utf-8") as opened:
        for name, agency, role in _OTHERS:
            opened.write(_PEOPLE.format(name=name, agency=agency, role=role, account=account()))


@dataclass(frozen=True)
class Story:
    """A hub that runs somewhere, and the browsers of its people."""

    hub: Guarded
    borough: Borough
    browser: Browser
    script: bool = True
    child: str = "Ivy Thornbury"

    @property
    def url(self) -> str:
        """Where the hub is."""
        return self.borough.place.url

    @contextmanager
    def at_the_desk_of(self, who: str) -> Iterator[Page]:
        """Somebody's browser, opened with a link of theirs."""
        person = named(self.hub.settings, who)
        assert person is not None
        key = links_of(self.hub).make(known_as(person, Proof.PASSPHRASE))
        with self.anybody() as page:
            page.goto(link(self.url, key))
            yield page

    @contextmanager
    def anybody(self) -> Iterator[Page]:
        """The browser of somebody who is not known."""
        context = self.browser.new_context(java_script_enabled=self.script)
        try:
            yield context.new_page()
        finally:
            context.close()

    def opens(self, page: Page, desk: str, *, link: str, says: str) -> None:
        """Open what is on a desk's list about the child and says so, as soon as it is there."""
        for _ in range(_TRIES):
            page.goto(f"{self.url}/desk/{desk}")
            links = page.locator(f'main a[href*="{link}"]').all()
            for path in [one.get_attribute("href") for one in links]:
                page.goto(f"{self.url}{path}")
                if self.child in words(page) and says in words(page):
                    return
            page.wait_for_timeout(_PAUSE)
        raise AssertionError(f"nothing came to {desk} that says: {says}")


def words(page: Page) -> str:
    """What the page says."""
    return page.locator("main").inner_text()


def press(page: Page, button: str) -> None:
    """A button by its name, which leads to another page."""
    follow(page.get_by_role("button", name=button, exact=True))


def live(story: Story) -> None:
    """All of it, in its order."""
    reference = the_school_reports(story)
    referral = the_social_worker_rates(story)
    the_police_answer(story)
    the_sergeant_decides(story)
    the_lead_agency_lets_its_own_leave(story)
    the_child_abuse_team_has_it(story)
    the_social_worker_sees_what_came(story)
    the_school_sees_what_became_of_it(story, reference)
    a_wrong_link_is_mended(story)
    it_is_audited_a_year_later(story, referral)


def the_school_reports(story: Story) -> str:
    """A teacher's report at the public form; its reference."""
    with story.anybody() as page:
        page.goto(f"{story.url}/refer")
        press(page, "Start now")
        page.get_by_label("No", exact=True).check()
        press(page, "Save and continue")
        page.get_by_label("I work with children, families or the public").check()
        press(page, "Save and continue")
        page.get_by_label("Your name", exact=True).fill("T. Teacher")
        page.get_by_label("Telephone").fill("01632 960555")
        press(page, "Save and continue")
        _about_the_child(page, story.child)
        page.get_by_label("What has happened").fill(BRUISES)
        press(page, "Save and continue")
        press(page, "Save and continue")
        page.get_by_label("No", exact=True).first.check()
        page.get_by_label("They were not asked").check()
        press(page, "Save and continue")
        assert BRUISES in words(page)
        press(page, "Send")
        assert "We have your report" in words(page)
        assert "ring 999" in words(page)
        return page.locator(".govuk-panel strong").inner_text()


def _about_the_child(page: Page, child: str) -> None:
    first, last = child.split()
    page.get_by_label("First names").fill(first)
    page.get_by_label("Last name").fill(last)
    press(page, "Save and continue")
    for box, number in (("Day", "9"), ("Month", "5"), ("Year", "2017")):
        page.get_by_label(box).fill(number)
    press(page, "Save and continue")
    page.get_by_label("Postcode").fill("BD54 5UN")
    press(page, "Save and continue")
    page.get_by_label("No", exact=True).check()
    press(page, "Save and continue")


def the_social_worker_rates(story: Story) -> str:
    """Red: she sees the child, and chooses whom it is asked of; the referral's id."""
    with story.at_the_desk_of(WORKER) as page:
        story.opens(page, "front-door", link="/front-door/", says=BRUISES)
        referral = page.url.rpartition("/")[2]
        assert "9 May 2017" in words(page), words(page)
        assert "Nobody has rated it." in words(page)
        press(page, "Rate")
        page.get_by_label("Red: immediate or serious harm").check(timeout=8000)
        page.get_by_label("What the concern is").fill("Her stepfather hits her.")
        page.get_by_label("Why", exact=True).fill("He hurt her, and lives there.")
        page.get_by_label("Sample Police", exact=True).check()
        press(page, "Check before you send")
        assert "He hurt her, and lives there." in words(page)
        press(page, "Send")
        assert "Your rating is recorded" in words(page)
        return referral


def the_police_answer(story: Story) -> None:
    """Two items: one that may leave, and one that would find out an informant."""
    with story.at_the_desk_of(CONSTABLE) as page:
        story.opens(page, "requests", link="/request/", says="Children Act 1989, section 47")
        page.get_by_label("We know something: tell it").check()
        press(page, "Continue")
        page.get_by_label("What you know").fill(CALLED)
        page.get_by_label("Routine").check()
        page.get_by_label(re.compile("recipients once my agency")).check()
        press(page, "Add another item")
        page.get_by_label("What you know").nth(1).fill(INFORMANT)
        page.get_by_label("Routine").nth(1).check()
        page.get_by_label(re.compile("recipients once my agency")).nth(1).check()
        press(page, "Continue")
        assert CALLED in words(page)
        press(page, "Send")
        assert "Your answer is recorded" in words(page)


def the_sergeant_decides(story: Story) -> None:
    """What would find out an informant is withheld from everybody; the other item may leave."""
    with story.at_the_desk_of(SERGEANT) as page:
        story.opens(page, "approvals", link="/request/", says=INFORMANT)
        page.get_by_label("It is withheld").check()
        press(page, "Continue")
        page.get_by_label(re.compile("Why would sharing")).fill("An informant would be found out")
        page.get_by_label("Nobody", exact=True).check()
        press(page, "Continue")
        assert "Nobody: it leaves no trace" in words(page)
        press(page, "Send: it is withheld")
        assert "Your decision is recorded" in words(page)
        story.opens(page, "approvals", link="/request/", says=TEAM)
        assert CALLED in words(page)
        _lets_it_leave(page)


def the_lead_agency_lets_its_own_leave(story: Story) -> None:
    """What came by the public form is the lead agency's to decide about."""
    with story.at_the_desk_of(MANAGER) as page:
        story.opens(page, "approvals", link="/request/", says=TEAM)
        assert BRUISES in words(page)
        _lets_it_leave(page)


def _lets_it_leave(page: Page) -> None:
    page.get_by_label("It may go as it was told").check()
    press(page, "Continue")
    press(page, "Send: it may leave")
    assert "Your decision is recorded" in words(page)


def the_child_abuse_team_has_it(story: Story) -> None:
    """The Red at once, and what the police let leave; a person says that they have it."""
    with story.at_the_desk_of(OFFICER) as page:
        story.opens(page, "received", link="/received/product/", says=CALLED)
        for said in ("9 May 2017", "Act on it at once"):
            assert said in words(page), words(page)
        assert INFORMANT not in words(page)
        page.get_by_label("Yes: I have it, and act on it").check()
        press(page, "Send")
        assert "Your answer is recorded" in words(page)


def the_social_worker_sees_what_came(story: Story) -> None:
    """What the police told inside the hub."""
    with story.at_the_desk_of(WORKER) as page:
        story.opens(page, "front-door?show=all", link="/front-door/", says=CALLED)


def the_school_sees_what_became_of_it(story: Story, reference: str) -> None:
    """As far as it may be told, and nothing of what others know."""
    with story.anybody() as page:
        page.goto(f"{story.url}/refer/follow")
        page.get_by_label("Your reference").fill(reference)
        press(page, "Look")
        assert "social worker" in words(page), words(page)
        assert CALLED not in words(page)


def a_wrong_link_is_mended(story: Story) -> None:
    """A concern about a cousin of the same name was taken for hers: a linker makes it a child of
    its own, and what was told of her is in the picture as of another child of the family.
    """
    referral = _tells_of_the_cousin(story)
    with story.at_the_desk_of(LINKER) as page:
        story.opens(page, "front-door", link=referral, says=COUSIN)
        assert BRUISES in words(page), words(page)
        assert ANOTHER not in words(page)
        page.goto(f"{story.url}/desk/links")
        page.get_by_label("Referral", exact=True).fill(referral)
        press(page, "Open it")
        page.get_by_label("Why do you open it?").fill("The clinic rang: she is a cousin")
        press(page, "Open")
        page.get_by_label("Another child, of its own").check()
        page.get_by_label("Why?", exact=True).fill("The clinic compared their dates of birth")
        press(page, "Check before you settle it")
        assert "Another child, of its own" in words(page)
        press(page, "Send")
        story.opens(page, "front-door", link=referral, says=ANOTHER)
        assert COUSIN in words(page)


def _tells_of_the_cousin(story: Story) -> str:
    """The health visitors' own system does; the referral's id."""
    first, last = story.child.split()
    child = {
        "name": [{"given_name": [first], "family_name": [last]}],
        "date_of_birth": {"date": "2017-05-09"},
        "address": [{"postcode": "BD54 5UN"}],
    }
    said = {"reference": f"COUSIN-{last}", "observed_at": dt.datetime.now(dt.UTC).isoformat()}
    told = {"subject": child, "narrative": COUSIN, **said}
    return str(story.borough["health_visiting"].tells("notification", told)["id"])


def it_is_audited_a_year_later(story: Story, referral: str) -> None:
    """Who decided what, the rating on the picture as it was, and the year of the police."""
    with story.at_the_desk_of(AUDITOR) as page:
        page.goto(f"{story.url}/desk/audit")
        page.get_by_label("About what, or by whom").fill(referral)
        page.get_by_label("Why do you ask?").fill(WHY)
        press(page, "Show")
        for who in (WORKER, SERGEANT, MANAGER, OFFICER):
            assert who in words(page), (who, words(page))
        follow(page.get_by_role("button", name=re.compile("Open it as it was.*Rating decided")))
        assert "As it was seen" in words(page), words(page)
        for said in (BRUISES, "He hurt her, and lives there."):
            assert said in words(page), words(page)
        assert CALLED not in words(page), "it was told after the rating"
        _the_year_of_the_police(story, page)


def _the_year_of_the_police(story: Story, page: Page) -> None:
    """What they told and let leave, with its proof, and none of its words."""
    since = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    page.goto(f"{story.url}/desk/audit/owner")
    page.get_by_label("Agency").select_option("police")
    page.get_by_label("From").fill(since.isoformat())
    page.get_by_label("Up to, but not in it").fill((since + dt.timedelta(days=365)).isoformat())
    page.get_by_label("Why do you ask?").fill(WHY)
    press(page, "Show")
    for said in (SERGEANT, "Left for: ", TEAM, "Leaf "):
        assert said in words(page), (said, words(page))
    for secret in (INFORMANT, CALLED):
        assert secret not in words(page)

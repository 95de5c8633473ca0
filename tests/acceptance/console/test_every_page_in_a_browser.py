"""Everybody can use every page of the hub: each is looked at in a browser, as people got it from a
hub with something of everything in it, in light on a wide screen and in dark on a narrow one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from connectors.edge import keys
from connectors.edge.approving import Decision, decide, request_of
from ops.access.acting import asker
from ops.console import sending
from ops.console.approvals import requests as approving
from ops.console.researching import requests as researching
from ops.look import asked as asking
from schemas.decisions import Ruling
from schemas.product import Choice
from tests.support.approving import SERGEANT, asked, passkey_hub, released
from tests.support.authenticator import Authenticator
from tests.support.console import HUB, Person, app_of, hidden
from tests.support.looking import Looking, form_in, looking, pages_there_are
from tests.support.surface import AT, Story, everything, full_hub, places, screens, walked

WHY = {"why": "Asked the school"}
REFERRAL = "/desk/front-door/{referral_id}"
APPROVALS, SECOND = "/desk/approvals", "N. Inspector"
REQUEST = f"{APPROVALS}/request/{{referral_id}}/{{name}}"
RULING = f"{APPROVALS}/item/{{referral_id}}/{{name}}/{{ruling}}"
STANDING = f"{APPROVALS}/standing/{{name}}"
WHO = {
    "/desk/received/handover/{referral_id}": "A. Assessor",
    f"{REFERRAL}/safety": "D. Manager",
}
"""Who is at a screen, where that is not who is at the others of its desk."""
ELSEWHERE = {
    f"{REFERRAL}/safety",
    f"{REFERRAL}/adults",
    f"{REQUEST}/second",
    f"{STANDING}/second",
}
"""What nothing of the story leads to: two forms as the others of their desk, and where two people
sign.
"""
CHOSEN: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (APPROVALS, "request", approving.CHOICES),
    (f"{APPROVALS}/items", "item", tuple(Ruling)),
    ("/desk/requests", "request", researching.CHOICES),
)
"""Lists whose entries have a screen for each choice, and what their addresses begin with."""
BEFOREHAND = {
    "standing_id": "front-line-2027",
    "kinds": "notification",
    "recipients": "csc_duty_team",
    "purposes": "section 47 enquiry",
    "since": "01/11/2026",
    "until": "",
    "reason": "A Red cannot wait",
}
WRITTEN: tuple[tuple[str, Mapping[str, str]], ...] = (
    (f"{REFERRAL}/rate", {"colour": "green", "rationale": "As shown"}),
    ("/desk/find", {"given": "Kim", "family": "Invented", **WHY}),
    ("/desk/links/persons/{person_id}/{other_person_id}", WHY),
    (f"{APPROVALS}/beforehand", BEFOREHAND),
    (STANDING, {"reason": "It is over", "stage": "review"}),
    (RULING, {"reason": "It was wrong", "text": "Kim was well.", "stage": "review"}),
    ("/desk/operations/search", {"text": "notification"}),
    ("/desk/operations/search", {"text": "S-1"}),
    ("/desk/dead-letters", {"all": "all", "do": "discard", **WHY}),
    ("/desk/dead-letters/letters/{dead_letter_id}", {"do": "reveal", **WHY}),
    ("/desk/audit", {"wanted": "S. Worker", **WHY}),
    ("/desk/audit/owner", {"agency": "police", **WHY}),
)
"""What people write, and get a page for at the same address."""


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_PATIENCE", 0.0)


def test_no_page_has_faults(browser: Browser, tmp_path: Path) -> None:
    story = full_hub(tmp_path / "full")
    with looking(browser) as look:
        desks = AtDesks(look, story)
        desks.opened()
        desks.written()
        desks.not_taken()
        shell(look, story)
        referring(look, desks.nobody)
        signing(look, tmp_path / "two")
    story.hub.database.close()
    assert look.amiss == {}
    assert pages_there_are() - look.templates == {"approvals/identity.html"}, (
        "whose one question stands on each page of an owner's own words, too"
    )


class AtDesks:
    """Whoever is at each screen of each desk of a hub."""

    def __init__(self, look: Looking, story: Story) -> None:
        self.look, self.story, self.app = look, story, everything(story.hub)
        self.nobody = Person(self.app)
        self.people = {who: Person(self.app) for who in {*AT.values(), *WHO.values()}}
        for who, person in self.people.items():
            person.enters(story.hub, who)
        pages = [path for desk, who in AT.items() for path in walked(self.people[who], desk)]
        self.at = places(story, pages)

    def person(self, template: str) -> Person:
        return self.people[WHO.get(template) or AT[template.split("/")[2]]]

    def screens(self) -> Iterator[tuple[str, Person, str]]:
        """Each with who is there, and where."""
        for _, _, address in screens():
            yield address.template, self.person(address.template), self.at[address.template]

    def opened(self) -> None:
        """Every screen, once."""
        missing = set()
        for template, person, path in self.screens():
            answer = person.get(path)
            if answer.status_code == 303:
                before = str(answer.headers["location"])
                self.look.at(person.get(before))
                person.sends(before, WHY)
                answer = person.get(path)
            missing |= {template} if answer.status_code != 200 else set()
            self.look.at(answer)
        assert missing == ELSEWHERE
        for listed, kind, choices in CHOSEN:
            for place in self.places(listed, kind):
                for choice in choices:
                    self.look.at(self.person(listed).get(f"{place}/{choice}"), again=False)

    def places(self, listed: str, kind: str) -> list[str]:
        """Those of a list."""
        desk = "/".join(listed.split("/")[:3])
        text = self.person(listed).get(listed).text
        return re.findall(rf'href="({desk}/{kind}/[^/"]+/[^/"]+)"', text)

    def written(self) -> None:
        """Forms sent as they were opened, which is too little; and with what people write."""
        for _, person, path in self.screens():
            if form := form_in(person.get(path).text):
                self.look.at(person.posts(path, form), again=False)
        for template, fields in WRITTEN:
            person, path = self.person(template), self.at[template]
            self.look.at(person.posts(path, {**form_in(person.get(path).text), **fields}))
        self._checks_words()
        self._reopens()

    def _checks_words(self) -> None:
        person, places = self.person(APPROVALS), self.places(APPROVALS, "request")
        for choice in ("chosen", "reworded"):
            opened = (person.get(f"{one}/{choice}") for one in places)
            one = next(one for one in opened if one.status_code == 200)
            self.look.at(person.posts(one.url.path, form_in(one.text) | {"stage": "words"}))

    def _reopens(self) -> None:
        """An auditor does a decision."""
        auditor = self.people[AT["audit"]]
        told = auditor.sends("/desk/audit", {"wanted": self.story.disputed, **WHY}).text
        message = hidden(told, "message_id")
        self.look.at(auditor.sends("/desk/audit/decision", {"message_id": message, **WHY}))

    def not_taken(self) -> None:
        """What came from another session, or too late."""
        person, path = self.person(REQUEST), self.at[f"{REQUEST}/{{choice}}"]
        form = form_in(person.get(path).text)
        theirs = {"sec-fetch-site": "same-origin"}
        self.look.at(person.posts(path, form | {"form_token": "x"}, headers=theirs))
        released(self.story.hub)
        self.look.at(person.posts(path, form))


def shell(look: Looking, story: Story) -> None:
    """What is of no desk."""
    records, nobody = Person(everything(story.hub)), Person(everything(story.hub))
    records.enters(story.hub, "B. Records")
    for path in ("", "front-door"):
        look.at(records.get(f"/desk/{path}"))
    for path in ("sign-in", "accessibility", "nowhere", "enter?key=none"):
        look.at(nobody.get(f"/desk/{path}"))


REPORTED: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("danger", {"danger": "yes"}),
    ("ring", {}),
    ("who", {"who": "professional"}),
    ("you", {"your_name": "T. Teacher"}),
    ("child/1/child", {"given": "Ivy", "family": "Thornbury"}),
    ("child/1/born", {"born_year": "2016"}),
    ("child/1/where", {"postcode": "BD54 5UN (nan's)"}),
    ("children", {"more": "yes"}),
    ("child/2/child", {}),
    ("children", {"more": "no"}),
    ("together", {"together": "yes"}),
    ("happened", {"happened": "Ivy said that she is hit with a belt."}),
    ("when", {}),
    ("family", {"informed": "no", "consent": "not_sought"}),
    ("check", {}),
)
"""A teacher's report, page by page."""


def referring(look: Looking, teacher: Person) -> None:
    """The referrer's form, each page as it is opened and with what cannot be used."""
    for path in ("", "follow", "nowhere"):
        look.at(teacher.get(f"/refer/{path}"))
    teacher.posts("/refer/", {"begin": ""})
    for page, fields in REPORTED:
        path = f"/refer/{page}"
        look.at(opened := teacher.get(path))
        form = form_in(opened.text)
        if page not in ("ring", "check"):
            look.at(teacher.posts(path, form), again=False)
        assert teacher.posts(path, {**form, **fields}).status_code == 303, page
    look.at(sent := teacher.get("/refer/sent"))
    (reference,) = re.findall(r"<strong>([0-9A-Z-]{14})</strong>", sent.text)
    look.at(teacher.posts("/refer/follow", {"reference": reference}))
    look.at(teacher.posts("/refer/follow", {"reference": "none"}))
    look.at(teacher.posts("/refer/delete", {"form_token": hidden(sent.text, "form_token")}))
    look.at(teacher.get("/refer/check"))


def signing(look: Looking, path: Path) -> None:
    """Where two people sign with passkeys; or with a key that the agency has itself."""
    device = Authenticator(HUB, "hub.example")
    other = Authenticator(HUB, "hub.example")
    folder, hub = passkey_hub(
        path / "two", HUB, devices={SERGEANT: device, SECOND: other}, two=True
    )
    asked(hub)
    first, second = Person(app_of(hub)), Person(app_of(hub))
    first.enters(hub, SERGEANT)
    second.enters(hub, SECOND)
    (one,) = asking.open_requests(hub, asker(hub, SERGEANT))[0].shown
    at = f"{APPROVALS}/request/{one.referral_id}/{one.name}"
    brought = decide(
        request_of(first.get(f"{at}/file").content),
        Decision(Choice.RELEASE_SANITISED),
        key=keys.read(folder.keys / "police.key"),
    )
    _brings(look, first, f"{at}/signed", json.dumps(brought).encode())
    _signs(look, first, device, page=first.get(f"{at}/sanitised"))
    look.at(second.get(f"{at}/second"))
    path_ = f"{APPROVALS}/beforehand"
    form = form_in(first.get(path_).text)
    _signs(look, first, device, page=first.posts(path_, form | BEFOREHAND))
    hub.embedded().drain()
    look.at(listed := second.get(f"{APPROVALS}/standing"))
    (there,) = re.findall(rf"{APPROVALS}/standing/[^\"]+/second", listed.text)
    look.at(second.get(there))
    hub.database.close()


def _brings(look: Looking, person: Person, path: str, decision: bytes) -> None:
    """A signed decision, as a file."""
    files = {"decision": ("decision.json", decision, "application/json")}
    fields = {"form_token": person.token(APPROVALS), "stage": "review"}
    look.at(person.asks("POST", path, data=fields, files=files))


def _signs(look: Looking, person: Person, device: Authenticator, *, page: httpx.Response) -> None:
    """What a page shows, with a passkey."""
    look.at(page)
    (challenge,) = re.findall(r'data-challenge="([^"]+)"', page.text)
    said = device.sign(challenge)["response"]
    names = ("authenticatorData", "clientDataJSON", "signature")
    form = form_in(page.text) | {name: said[name] for name in names}
    assert person.posts(page.url.path, form).status_code == 303

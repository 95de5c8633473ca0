"""A decision maker signs at the desk with a passkey, and nobody signs anything else there."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops.access.acting import asker
from ops.console import sending
from ops.demo.running import DemoFolder
from ops.look import asked as look
from ops.look.standing import standing_of
from ops.run.wiring import Hub, open_hub
from schemas.product import ItemDecided, ProductApproved
from stores import linking
from tests.support.approving import RELEASE, ROBIN, SERGEANT, asked, passkey_hub
from tests.support.authenticator import Authenticator
from tests.support.console import HUB, Person, app_of, hidden
from tests.support.desk import tells

DESK, PARTY, INSPECTOR = "/desk/approvals", "hub.example", "N. Inspector"
NAMES = ("authenticatorData", "clientDataJSON", "signature")


@dataclass(frozen=True)
class Place:
    """A hub whose police sign with passkeys; two requests wait."""

    hub: Hub
    sergeant: Person
    device: Authenticator
    referral: str

    def person(self, who: str) -> Person:
        found = Person(self.sergeant.app)
        found.enters(self.hub, who)
        return found

    def at(self, reference: str = "R-1") -> str:
        """Where a request is."""
        found = look.open_requests(self.hub, asker(self.hub, SERGEANT))[0].shown
        (one,) = [one for one in found if one.referral_id == self.of(reference)]
        return f"{DESK}/request/{one.referral_id}/{one.name}"

    def of(self, reference: str) -> str:
        return self.referral if reference == "R-1" else self.other

    @property
    def other(self) -> str:
        found = look.open_requests(self.hub, asker(self.hub, SERGEANT))[0].shown
        return next(one.referral_id for one in found if one.referral_id != self.referral)

    def left(self) -> list[Any]:
        """What was approved."""
        with self.hub.database.reading() as connection:
            vault = self.hub.database.vault
            kinds = [ProductApproved]
            found = linking.about(connection, vault, ids=[self.referral], types=kinds)
        return [one.message.data for one in found]

    def decided(self) -> int:
        self.hub.embedded().drain()
        with self.hub.database.reading() as connection:
            return linking.count(connection, ItemDecided)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Authenticator, str]:
    device = Authenticator(HUB, PARTY)
    folder, hub = passkey_hub(
        tmp_path_factory.mktemp("passkey") / "hub", HUB, devices={SERGEANT: device}
    )
    referral = asked(hub)
    asked(hub, reference="R-2", narrative="Robin was at the station.", child=ROBIN)
    hub.database.close()
    return folder.path, device, referral


@pytest.fixture
def place(
    made: tuple[Path, Authenticator, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    monkeypatch.setattr(sending, "_PATIENCE", 0.0)
    copied = DemoFolder(Path(shutil.copytree(made[0], tmp_path / "hub")))
    hub = open_hub(copied.config, {})
    person = Person(app_of(hub))
    person.enters(hub, SERGEANT)
    yield Place(hub, person, made[1], made[2])
    hub.database.close()


def challenge_in(text: str) -> str:
    found = re.search(r'data-challenge="([^"]+)"', text)
    assert found is not None, text
    return found[1]


def answer(device: Authenticator, text: str, **how: Any) -> dict[str, str]:
    """What the page's script puts into its form."""
    said = device.sign(how.pop("challenge", None) or challenge_in(text), **how)["response"]
    return {name: said[name] for name in NAMES}


def fields(text: str) -> dict[str, str]:
    told = {name: hidden(text, name) for name in ("form_token", "seen", "at", "stays")}
    words = re.search(r'<textarea name="text" hidden>\n(.*?)</textarea>', text, re.S)
    return {**told, "text": unescape(words[1]) if words else "", "stage": "send"}


def signs(place: Place, path: str, text: str, **how: Any) -> httpx.Response:
    said = answer(place.device, text, **how)
    return place.sergeant.posts(path, {**fields(text), **said})


def test_words_leave_under_the_passkeys_signature(place: Place) -> None:
    path = f"{place.at()}/sanitised"
    page = place.sergeant.get(path)
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert re.search(r'<script src="/desk/static/sign.js\?v=\w+" defer></script>', page.text)
    assert signs(place, path, page.text).status_code == 303
    assert place.decided() == 1
    (approved,) = place.left()
    (given,) = approved.approvals
    assert given.agency == "police"
    (signature,) = given.envelope.signatures
    assert signature.authenticatorData is not None
    statement = sha256(given.envelope.unverified()).hexdigest()
    for where in ("ours", "items"):
        shown = place.sergeant.get(f"{DESK}/{where}").text
        for link in re.findall(rf"{DESK}/item/[^\"]+", shown):
            shown += place.sergeant.get(link).text
        for said in (f"{SERGEANT} (key", signature.keyid, statement):
            assert said in shown, where


@pytest.mark.parametrize("choice", ["reworded", "chosen"])
def test_whichever_words_are_chosen_are_signed(place: Place, choice: str) -> None:
    path = f"{place.at()}/{choice}"
    told: dict[str, Any] = {"stage": "review", "text": "Kim was hit.", "takes_out": ["1", "2", "3"]}
    seen = hidden(place.sergeant.get(f"{place.at()}/withhold").text, "seen")
    first = place.sergeant.sends(path, {"seen": seen, **told}, page=DESK)
    if 'id="stays"' in first.text:
        stays = re.search(r'id="stays"[^>]*value="(\w+)"', first.text)
        assert stays is not None
        told["stays"] = stays[1]
        first = place.sergeant.sends(path, {"seen": seen, **told}, page=DESK)
    form = {
        **fields(first.text),
        "takes_out": told["takes_out"],
        **answer(place.device, first.text),
    }
    assert place.sergeant.posts(path, form).status_code == 303, first.text
    assert place.decided() == 1
    (approved,) = place.left()
    text = approved.items[0].text
    if choice == "reworded":
        assert text == "Kim was hit."
    else:
        assert "Jane Sample" in text
        assert "01632 960555" not in text


def test_what_their_passkey_did_not_sign_here_is_not_sent(place: Place) -> None:
    path = f"{place.at()}/sanitised"
    page = place.sergeant.get(path)
    stranger = replace(place, device=Authenticator(HUB, PARTY))
    wrong: list[tuple[Place, dict[str, Any]]] = [
        (place, {"verified": False}),
        (place, {"origin": "https://evil.example"}),
        (place, {"crossOrigin": True}),
        (place, {"type": "webauthn.create"}),
        (place, {"challenge": "A" * 43}),
        (stranger, {}),
    ]
    for whose, how in wrong:
        said = signs(whose, path, page.text, **how)
        assert said.status_code == 422, how
        assert "The passkey did not sign this" in said.text
    assert place.decided() == 0


def test_a_signature_of_one_statement_is_none_of_another(place: Place) -> None:
    """Of other words, of another request, of another moment, sent twice."""
    at, other = place.at(), place.at("R-2")
    pages = {path: place.sergeant.get(path).text for path in (f"{at}/sanitised", f"{at}/original")}
    (first, text), (second, its) = pages.items()
    said = answer(place.device, text)
    crossed = place.sergeant.get(f"{other}/sanitised").text
    later = {**fields(text), "at": fields(its)["at"]}
    for path, form in (
        (second, fields(its)),
        (f"{other}/sanitised", {**fields(crossed), "at": fields(text)["at"]}),
        (first, later),
    ):
        assert place.sergeant.posts(path, {**form, **said}).status_code == 422, path
    assert place.decided() == 0
    assert place.sergeant.posts(first, {**fields(text), **said}).status_code == 303
    assert place.decided() == 1
    again = place.sergeant.posts(first, {**fields(text), **said})
    assert again.status_code == 409
    assert place.decided() == 1


def test_what_was_opened_long_ago_is_read_again(place: Place) -> None:
    path = f"{place.at()}/sanitised"
    text = place.sergeant.get(path).text
    form = {**fields(text), **answer(place.device, text)}
    for at in ("", "yesterday", "2020-01-01T00:00:00+00:00", "2199-01-01T00:00:00+00:00"):
        told = place.sergeant.posts(path, {**form, "at": at})
        assert told.status_code == 422, at
        assert "read it again" in told.text
    assert place.decided() == 0


def test_a_signature_is_nothing_in_anothers_hands(place: Place) -> None:
    """Of another agency, of a colleague, without the form's token, from another site."""
    path = f"{place.at()}/sanitised"
    text = place.sergeant.get(path).text
    form = {**fields(text), **answer(place.device, text)}
    nurse, inspector = place.person("P. Nurse"), place.person(INSPECTOR)
    assert nurse.get(path).status_code == 404
    assert nurse.posts(path, {**form, "form_token": nurse.token(DESK)}).status_code == 404
    mine = {**form, "form_token": inspector.token(DESK)}
    assert inspector.posts(path, mine).status_code == 422
    assert place.sergeant.posts(path, {**form, "form_token": ""}).status_code == 403
    evil = {"origin": "https://evil.example"}
    assert place.sergeant.posts(path, form, headers=evil).status_code == 403
    assert place.decided() == 0


def test_who_has_no_passkey_or_no_javascript_is_told_the_ways_out(place: Place) -> None:
    text = place.person(INSPECTOR).get(f"{place.at()}/sanitised").text
    assert "You have no passkey that signs" in text
    assert "/sign-in/passkeys" in text
    assert "hub approvals sign" in text
    assert "sign.js" not in text
    path = f"{place.at()}/sanitised"
    text = place.sergeant.get(path).text
    assert 'id="sign-button" hidden' in text
    assert "Sign in another way" in text
    unsigned = place.sergeant.posts(path, fields(text))
    assert unsigned.status_code == 200
    assert "It has to be signed" in unsigned.text
    assert place.decided() == 0
    tells(place.hub, "police", "mash.standing-release.v1", **RELEASE)
    beforehand = place.sergeant.get(f"{DESK}/standing").text
    assert beforehand.count("Lets nothing leave: not signed") == 1
    assert beforehand.count("In force") == 1, "what the agreement's signatory signed"


def test_a_key_that_has_ended_signs_no_more(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{place.at()}/sanitised"
    text = place.sergeant.get(path).text
    policy = place.hub.policy.value
    police = policy.partners["police"]
    assert police.agreement is not None
    ended = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    keys = tuple(one.model_copy(update={"until": ended}) for one in police.agreement.keys)
    agreement = police.agreement.model_copy(update={"keys": keys})
    partner = police.model_copy(update={"agreement": agreement})
    changed = policy.model_copy(update={"partners": policy.partners | {"police": partner}})
    monkeypatch.setattr(type(place.hub.policy), "value", property(lambda _: changed))
    assert signs(place, path, text).status_code == 422
    assert "You have no passkey that signs" in place.sergeant.get(path).text


# --- two people


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Place, Authenticator]]:
    """A borough in which two people sign everything."""
    monkeypatch.setattr(sending, "_PATIENCE", 0.0)
    devices = {SERGEANT: Authenticator(HUB, PARTY), INSPECTOR: Authenticator(HUB, PARTY)}
    _, hub = passkey_hub(tmp_path / "hub", HUB, devices=devices, two=True)
    referral, person = asked(hub), Person(app_of(hub))
    person.enters(hub, SERGEANT)
    yield Place(hub, person, devices[SERGEANT], referral), devices[INSPECTOR]
    hub.database.close()


def _begins(place: Place) -> str:
    """The sergeant signs as the first; where that is."""
    at = place.at()
    assert place.sergeant.get(f"{at}/second").status_code == 404, "nobody has signed yet"
    page = place.sergeant.get(f"{at}/sanitised").text
    assert "Two people of your agency" in page
    answered = signs(place, f"{at}/sanitised", page)
    assert answered.headers["location"] == f"{DESK}?done=begun"
    assert place.decided() == 0
    assert "Signed by you: waits for a colleague" in place.sergeant.get(DESK).text
    own = place.sergeant.get(f"{at}/second").text
    assert "You signed it" in own
    assert "data-challenge" not in own
    return at


def test_what_one_has_signed_leaves_once_a_second_has(two: tuple[Place, Authenticator]) -> None:
    place, device = two
    at, inspector = _begins(place), place.person(INSPECTOR)
    assert f"Signed by {SERGEANT}" in inspector.get(DESK).text
    assert "sign too" in inspector.get(at).text
    shown = inspector.get(f"{at}/second").text
    for said in (f"{SERGEANT} has signed", "rang us on [telephone]", "01632 960555"):
        assert said in shown
    _nobody_else_is_the_second(place, device, shown)
    sent = inspector.posts(f"{at}/second", {**fields(shown), **answer(device, shown)})
    assert sent.status_code == 303
    assert place.decided() == 1
    (approved,) = place.left()
    assert len(approved.approvals[0].envelope.signatures) == 2
    ours = place.sergeant.get(f"{DESK}/ours").text
    assert re.search(rf"{SERGEANT} \(key.* and {INSPECTOR} \(key", ours)


def _nobody_else_is_the_second(place: Place, device: Authenticator, shown: str) -> None:
    """Neither the first again, nor who signs something else, nor another agency."""
    at, inspector, nurse = place.at(), place.person(INSPECTOR), place.person("P. Nurse")
    mine = {"form_token": inspector.token(DESK)}
    token = {"form_token": place.sergeant.token(DESK)}
    twice = answer(place.device, shown)
    for person, form in (
        (place.sergeant, {**token, **twice}),
        (inspector, {**mine, **twice}),
        (inspector, {**mine, **answer(device, shown, challenge="A" * 43)}),
    ):
        assert person.posts(f"{at}/second", form).status_code == 422
    its = {"form_token": nurse.token(DESK), **answer(device, shown)}
    assert nurse.get(f"{at}/second").status_code == 404
    assert nurse.posts(f"{at}/second", its).status_code == 404
    assert place.sergeant.posts(f"{at}/second", its).status_code == 403, "another's token"
    assert place.decided() == 0


BEFOREHAND = {
    "standing_id": "front-line-2027",
    "kinds": "notification",
    "recipients": "csc_duty_team",
    "purposes": "section 47 enquiry",
    "since": "01/11/2026",
    "until": "",
    "reason": "A Red cannot wait",
}


def releases(place: Place) -> list[Any]:
    """What is released beforehand by message."""
    place.hub.embedded().drain()
    every = standing_of(place.hub, asker(place.hub, SERGEANT))
    return [one for one in every if one.standing_id]


def test_what_is_released_beforehand_is_signed_as_it_was_shown(place: Place) -> None:
    path = f"{DESK}/beforehand"
    page = place.sergeant.sends(path, BEFOREHAND)
    assert "sign.js" in page.text
    unsigned = place.sergeant.sends(path, {**BEFOREHAND, "step": "send"})
    assert (unsigned.status_code, "It has to be signed" in unsigned.text) == (200, True)
    assert releases(place) == []
    said = answer(place.device, page.text)
    told = {**BEFOREHAND, **said, "step": "send", "at": hidden(page.text, "at")}
    for other in ({"recipients": "police_cait"}, {"reason": "Another"}, {"until": "01/01/2027"}):
        refused = place.sergeant.sends(path, told | other)
        assert (refused.status_code, "did not sign this" in refused.text) == (422, True)
    late = place.sergeant.sends(path, told | {"at": "2020-01-01T00:00:00+00:00"})
    assert "too long ago" in late.text
    assert releases(place) == []
    assert place.sergeant.sends(path, told).status_code == 303
    (one,) = releases(place)
    assert (one.counts, one.in_force) == (True, True)
    assert [each.by for each in one.signed.signatures] == [SERGEANT]


def test_who_has_no_passkey_is_told_what_to_do_and_releases_nothing(place: Place) -> None:
    inspector = place.person(INSPECTOR)
    page = inspector.sends(f"{DESK}/beforehand", BEFOREHAND)
    assert ("You have no passkey" in page.text, "sign-here" in page.text) == (True, False)
    inspector.sends(f"{DESK}/beforehand", {**BEFOREHAND, "step": "send"})
    assert releases(place) == []


def _begins_beforehand(place: Place) -> str:
    """The sergeant signs as the first; where it waits for the second."""
    page = place.sergeant.sends(f"{DESK}/beforehand", BEFOREHAND).text
    assert "You sign first" in page
    told = {**BEFOREHAND, **answer(place.device, page), "step": "send", "at": hidden(page, "at")}
    assert place.sergeant.sends(f"{DESK}/beforehand", told).status_code == 303
    (one,) = releases(place)
    assert (one.counts, one.in_force, one.waits_for_second) == (False, False, True)
    assert "a second person has to sign it too" in place.sergeant.get(f"{DESK}/standing").text
    return f"{DESK}/standing/{one.name}/second"


def test_what_one_released_beforehand_lets_nothing_leave_until_a_second_has_signed(
    two: tuple[Place, Authenticator],
) -> None:
    place, device = two
    at, inspector = _begins_beforehand(place), place.person(INSPECTOR)
    own = place.sergeant.get(at).text
    assert ("You signed it" in own, "data-challenge" in own) == (True, False)
    assert f'href="{at}"' in inspector.get(f"{DESK}/standing").text
    shown = inspector.get(at).text
    assert f"{SERGEANT} has signed" in shown
    assert "section 47 enquiry" in shown
    _nobody_else_lets_it_leave(place, device, at)
    its = {"form_token": hidden(shown, "form_token"), **answer(device, shown)}
    assert inspector.posts(at, its).status_code == 303
    (both,) = releases(place)
    assert (both.counts, both.in_force, both.waits_for_second) == (True, True, False)
    assert {each.by for each in both.signed.signatures} == {SERGEANT, INSPECTOR}
    assert both.release.decided_by == SERGEANT
    assert inspector.posts(at, its).status_code == 404, "it waits no more"


def _nobody_else_lets_it_leave(place: Place, device: Authenticator, at: str) -> None:
    inspector, nurse = place.person(INSPECTOR), place.person("P. Nurse")
    shown = inspector.get(at).text
    mine, token = inspector.token(DESK), place.sergeant.token(DESK)
    for person, form in (
        (place.sergeant, {"form_token": token, **answer(place.device, shown)}),
        (inspector, {"form_token": mine, **answer(place.device, shown)}),
        (inspector, {"form_token": mine, **answer(device, shown, challenge="A" * 43)}),
        (inspector, {"form_token": mine}),
    ):
        assert person.posts(at, form).status_code == 422
    assert nurse.get(at).status_code == 404
    its = {"form_token": nurse.token(DESK), **answer(device, shown)}
    assert nurse.posts(at, its).status_code == 404
    assert [one.counts for one in releases(place)] == [False]


def test_one_person_ends_nothing_that_two_have_released_by_taking_its_name(
    two: tuple[Place, Authenticator],
) -> None:
    place, device = two
    at, inspector = _begins_beforehand(place), place.person(INSPECTOR)
    shown = inspector.get(at).text
    inspector.posts(at, {"form_token": hidden(shown, "form_token"), **answer(device, shown)})
    assert [one.counts for one in releases(place)] == [True]
    again = place.sergeant.sends(f"{DESK}/beforehand", BEFOREHAND)
    assert (again.status_code, "write another name" in again.text) == (422, True)
    assert [one.counts for one in releases(place)] == [True]

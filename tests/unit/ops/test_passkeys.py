"""People of ``[[people]]`` register passkeys and sign in with them, at no server but the hub."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette

from connectors.wrong_tokens import WrongTokens
from ops.access import passkey_pages, passkeys
from ops.access.acting import NotRecent, asker, of_known, recent
from ops.access.challenges import Challenges
from ops.access.loopback import Listening
from ops.access.pages import SESSION, SignIn
from ops.access.passkey_pages import PasskeyPages
from ops.access.proving import NotProven
from ops.access.sessions import now
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.look.monitor import monitor_routes
from ops.look.reading import Reader, open_reader
from ops.look.status import collect
from ops.run.checking import check
from ops.run.wiring import Hub, open_hub
from schemas.access import Act, Proof
from schemas.operations import (
    PasskeyOffered,
    PasskeyRegistered,
    PasskeyRemoved,
    PersonSignedIn,
    SignInRefused,
)
from schemas.settings import PersonSettings
from stores import linking
from tests.support.authenticator import Authenticator
from tests.support.filled import empty_hub

HUB, PARTY = "https://hub.example", "hub.example"
WHO = "A. Operator"
OTHER = "B. Auditor"


@dataclass
class Browser:
    """Keeps cookies, and goes nowhere by itself."""

    app: Starlette
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)

    def post(self, path: str, said: Any) -> httpx.Response:
        return self.ask("POST", path, json=said)

    def ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url=HUB, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **how)
                self.cookies = client.cookies
                return answer

        return asyncio.run(ask())

    def who(self) -> str | None:
        """Who the monitor says has signed in."""
        told: str | None = self.get("/v1/status").json()["person"].get("who")
        return told


@pytest.fixture(autouse=True)
def _own_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SESSIONS", str(tmp_path / "own"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> DemoFolder:
    """A hub with an address and two people who have neither account nor passphrase."""
    folder, made = empty_hub(tmp_path_factory.mktemp("made") / "hub")
    made.database.close()
    text = re.sub(r"(?m)^account = .*\n", "", folder.config.read_text("utf-8"))
    other = f'[[people]]\nname = "{OTHER}"\nagency = "police"\nroles = ["auditor"]\n'
    assert f'name = "{WHO}"' in text
    folder.config.write_text(f'{text}\n{other}\n[identity]\nurl = "{HUB}"\n', "utf-8")
    return folder


@pytest.fixture(scope="module")
def opened(folder: DemoFolder) -> Iterator[Hub]:
    opened = open_hub(folder.config, {})
    yield opened
    opened.database.close()


@pytest.fixture
def made(opened: Hub) -> Hub:
    """Where nobody has a passkey any more."""
    for who in (WHO, OTHER):
        for id_ in passkeys.held_by(opened, who):
            passkeys.remove(opened, who, id_=id_, why="for the next test")
    return opened


@pytest.fixture
def wrong() -> WrongTokens:
    async def sleep(_: float) -> None:
        """Nobody waits."""

    return WrongTokens(sleep=sleep)


@pytest.fixture
def app(made: Hub, wrong: WrongTokens) -> Starlette:
    people = SignIn(made, {}, wrong)
    monitor = monitor_routes(lambda: collect(made), may_show=people.may_show, person=people.person)
    return Starlette(routes=[*monitor, *people.routes(), *PasskeyPages(people).routes()])


@pytest.fixture
def browser(app: Starlette) -> Browser:
    return Browser(app)


@pytest.fixture
def key() -> Authenticator:
    return Authenticator(HUB, PARTY)


def hub(folder: DemoFolder, *arguments: str) -> Result:
    at = 1 if arguments[0].startswith("sign") else 2
    words = [*arguments[:at], "--config", str(folder.config), *arguments[at:]]
    return CliRunner().invoke(main, words)


def facts(made: Hub | Reader, type_: type[Any]) -> list[Any]:
    with made.database.reading() as connection:
        found = linking.every(connection, made.database.vault, type_=type_)
        return [entry.message.data for entry in found]


def code_for(made: Hub, who: str = WHO) -> str:
    return passkeys.offer(made, who, account="mash-hub")[0]


def registers(
    browser: Browser, key: Authenticator, *, code: str | None, verified: bool = True
) -> httpx.Response:
    asked = browser.post("/sign-in/passkeys/asked", {"code": code})
    if asked.status_code != 200:
        return asked
    made = key.make(asked.json(), verified=verified)
    return browser.post("/sign-in/passkeys/new", {"credential": made, "label": "work laptop"})


def signs_in(browser: Browser, key: Authenticator, **how: Any) -> httpx.Response:
    challenge = browser.post("/sign-in/passkey/asked", {}).json()["challenge"]
    return browser.post("/sign-in/passkey", {"credential": key.sign(challenge, **how)})


@pytest.fixture
def registered(browser: Browser, made: Hub, key: Authenticator) -> Authenticator:
    assert registers(browser, key, code=code_for(made)).status_code == 200
    return key


def test_with_a_code_somebody_registers_a_passkey_and_signs_in_with_it(
    browser: Browser, made: Hub, key: Authenticator
) -> None:
    assert registers(browser, key, code=code_for(made)).json() == {"next": "/sign-in/passkey"}
    assert browser.who() is None
    answer = signs_in(browser, key)
    assert (answer.status_code, answer.json()) == (200, {"next": "/"})
    assert browser.who() == WHO
    offered, kept, begun = (
        facts(made, one)[-1] for one in (PasskeyOffered, PasskeyRegistered, PersonSignedIn)
    )
    assert (offered.account, kept.code, kept.label) == ("mash-hub", offered.code, "work laptop")
    assert (begun.who, begun.proven, begun.passkey.passkey_id) == (
        WHO,
        Proof.PASSKEY,
        kept.passkey_id,
    )
    assert browser.ask("POST", "/sign-out").status_code == 303
    assert browser.who() is None


def test_an_authenticator_with_an_edwards_key_does_as_well(browser: Browser, made: Hub) -> None:
    key = Authenticator(HUB, PARTY, Ed25519PrivateKey.generate())
    registers(browser, key, code=code_for(made))
    assert signs_in(browser, key).status_code == 200


def test_a_code_opens_once_and_for_a_day_and_the_last_one_alone(
    browser: Browser, made: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tries(code: str) -> int:
        return registers(browser, Authenticator(HUB, PARTY), code=code).status_code

    first, second = code_for(made), code_for(made)
    assert (tries(first), tries(second), tries(second)) == (403, 200, 403)
    third = code_for(made)
    monkeypatch.setattr(passkeys, "now", lambda: now() + passkeys.CODE_LASTS)
    assert tries(third) == 403
    assert tries("a-code-of-nobody") == 403
    assert facts(made, SignInRefused)[-1].reason == "wrong_code"


def test_a_code_that_was_used_meanwhile_keeps_no_second_passkey(app: Starlette, made: Hub) -> None:
    code, two = code_for(made), [(Browser(app), Authenticator(HUB, PARTY)) for _ in range(2)]
    asked = [one.post("/sign-in/passkeys/asked", {"code": code}).json() for one, _ in two]
    made_of = [key.make(said) for (_, key), said in zip(two, asked, strict=True)]
    answers = [
        browser.post("/sign-in/passkeys/new", {"credential": credential}).status_code
        for (browser, _), credential in zip(two, made_of, strict=True)
    ]
    assert (answers, len(passkeys.held_by(made, WHO))) == ([200, 403], 1)


def test_who_has_signed_in_registers_another_and_removes_one(
    browser: Browser, app: Starlette, made: Hub, registered: Authenticator
) -> None:
    assert registers(browser, Authenticator(HUB, PARTY), code=None).status_code == 403
    signs_in(browser, registered)
    second = Authenticator(HUB, PARTY)
    assert registers(browser, second, code=None).status_code == 200
    assert browser.get("/sign-in/passkeys").text.count("work laptop, since") == 2
    elsewhere = Browser(app)
    signs_in(elsewhere, second)
    (first_id, second_id) = passkeys.held_by(made, WHO)
    for id_ in (second_id, "of-nobody"):
        gone = browser.ask("POST", "/sign-in/passkeys/remove", data={"passkey": id_})
        assert gone.status_code == 303
    assert list(passkeys.held_by(made, WHO)) == [first_id]
    assert elsewhere.who() is None, "a session of a passkey that was removed has ended"
    assert signs_in(elsewhere, second).status_code == 403
    assert browser.who() == WHO
    assert facts(made, PasskeyRemoved)[-1].account is None


def test_somebody_elses_passkey_is_not_removed(
    browser: Browser, app: Starlette, made: Hub, registered: Authenticator
) -> None:
    theirs = Authenticator(HUB, PARTY)
    registers(Browser(app), theirs, code=code_for(made, OTHER))
    signs_in(browser, registered)
    (id_,) = passkeys.held_by(made, OTHER)
    before = len(facts(made, PasskeyRemoved))
    browser.ask("POST", "/sign-in/passkeys/remove", data={"passkey": id_})
    assert list(passkeys.held_by(made, OTHER)) == [id_]
    assert len(facts(made, PasskeyRemoved)) == before


def test_a_challenge_is_answered_once_in_time_and_by_the_browser_that_was_asked(
    browser: Browser, app: Starlette, made: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As synchronised ones, which do not count.
    registered = Authenticator(HUB, PARTY, counts=False)
    registers(browser, registered, code=code_for(made))
    challenge = browser.post("/sign-in/passkey/asked", {}).json()["challenge"]
    said = {"credential": registered.sign(challenge)}
    assert Browser(app).post("/sign-in/passkey", said).status_code == 403
    before = httpx.Cookies(browser.cookies)
    assert browser.post("/sign-in/passkey", said).status_code == 200
    again = Browser(app, before)
    again.post("/sign-in/passkey", said)
    assert again.who() is None
    late = browser.post("/sign-in/passkey/asked", {}).json()["challenge"]
    monkeypatch.setattr(passkey_pages, "now", lambda: now() + dt.timedelta(minutes=5))
    assert (
        browser.post("/sign-in/passkey", {"credential": registered.sign(late)}).status_code == 403
    )


def test_whoever_asks_a_thousand_times_takes_nobodys_challenge(
    browser: Browser, app: Starlette, registered: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkey_pages, "_MOST", 3)
    challenge = browser.post("/sign-in/passkey/asked", {}).json()["challenge"]
    for _ in range(5):
        assert Browser(app).post("/sign-in/passkey/asked", {}).status_code == 200
    said = {"credential": registered.sign(challenge)}
    assert browser.post("/sign-in/passkey", said).status_code == 200
    assert browser.who() == WHO


def test_a_challenge_of_another_make_is_none() -> None:
    own, other, at = Challenges(), Challenges(), now()
    given, kept = own.give(at)
    assert own.given(kept, at) == given
    assert own.given(kept, at + dt.timedelta(minutes=5)) is None
    assert other.given(kept, at) is None
    assert [own.given(one, at) for one in ("", "x", kept[:-8], kept + "AAAA")] == [None] * 4
    assert (own.use(given, at), own.use(given, at), own.given(kept, at)) == (True, False, None)


Attack = Callable[[Browser, Authenticator], httpx.Response]


def _other_origin(browser: Browser, key: Authenticator) -> httpx.Response:
    key.origin = "https://hub.example.evil.example"
    return signs_in(browser, key)


def _other_party(browser: Browser, key: Authenticator) -> httpx.Response:
    key.rp_id = "example"
    return signs_in(browser, key)


def _other_key(browser: Browser, key: Authenticator) -> httpx.Response:
    key.private = Authenticator(HUB, PARTY).private
    return signs_in(browser, key)


def _other_person(browser: Browser, key: Authenticator) -> httpx.Response:
    key.handle = Authenticator(HUB, PARTY).handle
    return signs_in(browser, key)


def _counted_back(browser: Browser, key: Authenticator) -> httpx.Response:
    key.count = 40
    assert signs_in(browser, key).status_code == 200
    browser.ask("POST", "/sign-out")
    key.count = 30
    return signs_in(browser, key)


ATTACKS: dict[str, Attack] = {
    "nobody was verified": lambda browser, key: signs_in(browser, key, verified=False),
    "another site asked": _other_origin,
    "it is another site's": _other_party,
    "another key signed": _other_key,
    "it says to be somebody else's": _other_person,
    "it was copied, and counts back": _counted_back,
    "a frame of another site asked": lambda browser, key: signs_in(
        browser, key, crossOrigin=True, topOrigin="https://evil.example"
    ),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_what_is_no_passkey_of_theirs_does_not_sign_in_and_is_recorded(
    browser: Browser, made: Hub, registered: Authenticator, wrong: WrongTokens, attack: Attack
) -> None:
    answer = attack(browser, registered)
    assert (answer.status_code, browser.who(), wrong.total) == (403, None, 1)
    refused = facts(made, SignInRefused)[-1]
    assert (refused.proof, refused.reason) == (Proof.PASSKEY, "wrong_passkey")


def test_a_passkey_is_not_made_without_knowing_who_makes_it(
    browser: Browser, made: Hub, key: Authenticator
) -> None:
    assert registers(browser, key, code=code_for(made), verified=False).status_code == 403
    assert not passkeys.held_by(made, WHO)


def test_whoever_left_does_not_sign_in(
    browser: Browser, registered: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PersonSettings, "is_there", lambda *_: False)
    assert signs_in(browser, registered).status_code == 403


def test_what_is_no_answer_is_refused_in_words(browser: Browser, registered: Authenticator) -> None:
    browser.post("/sign-in/passkey/asked", {})
    none: list[Any] = [{}, [], {"credential": {}}, {"credential": {"response": {}}}]
    for said in none:
        answer = browser.post("/sign-in/passkey", said)
        assert (answer.status_code, bool(answer.json()["trouble"])) == (403, True)
        browser.post("/sign-in/passkey/asked", {})
    plain = browser.ask("POST", "/sign-in/passkey", content=b"{}")
    assert plain.status_code == 403


def test_pages_have_no_script_of_their_own(browser: Browser) -> None:
    for path in ("/sign-in", "/sign-in/passkey?port=4000&state=x", "/sign-in/passkeys"):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert re.findall(r"<script[^>]*>", answer.text) == ['<script src="/sign-in/passkey.js">']
    assert browser.get("/sign-in/passkey.js").headers["content-type"].startswith("text/javascript")


# By command


@pytest.mark.parametrize("bound", [None, "", "x" * 64])
def test_a_browser_takes_no_session_to_an_address_that_no_command_gave(
    browser: Browser, registered: Authenticator, bound: str | None
) -> None:
    challenge = browser.post("/sign-in/passkey/asked", {}).json()["challenge"]
    said = {"port": "4000", "state": "x", "bound": bound, "credential": registered.sign(challenge)}
    assert browser.post("/sign-in/passkey", said).status_code == 403


def test_a_command_signs_in_with_a_passkey_by_a_browser_of_this_machine(
    folder: DemoFolder,
    made: Hub,
    browser: Browser,
    registered: Authenticator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(NotProven):
        asker(made, WHO)
    addresses, echo = list[str](), click.echo

    def echoes(text: str, **how: Any) -> None:
        addresses.extend(re.findall(r"https://\S+", text))
        echo(text, **how)

    monkeypatch.setattr("ops.commands.sign_in.click.echo", echoes)

    def wait(listening: Listening, state: str, *, seconds: float) -> dict[str, str]:
        challenge = browser.post("/sign-in/passkey/asked", {}).json()["challenge"]
        told = httpx.URL(addresses[-1]).params
        said = {name: told[name] for name in ("port", "state", "bound")}
        answer = browser.post(
            "/sign-in/passkey", said | {"credential": registered.sign(challenge)}
        ).json()
        assert SESSION not in browser.cookies
        code = httpx.URL(answer["next"]).params["code"]
        thief = Browser(browser.app, httpx.Cookies({SESSION: code}))
        assert thief.who() is None, "whoever else the browser was sent to has nothing"
        found = httpx.URL(answer["next"])
        assert (found.host, found.port) == ("127.0.0.1", listening.port)
        return dict(found.params)

    monkeypatch.setattr(Listening, "wait", wait)
    answer = hub(folder, "sign-in", "--passkey")
    assert answer.exit_code == 0, answer.output
    found = asker(made, WHO)
    assert (found.proven, found.recent) == (Proof.PASSKEY, True)
    recent(found, Act.MEND)
    (id_,) = passkeys.held_by(made, WHO)
    listed = hub(folder, "config", "passkey", "--who", WHO, "--list")
    assert id_ in listed.output
    assert hub(folder, "config", "passkey", "--who", WHO, "--remove", id_).exit_code == 0
    with pytest.raises(NotProven):
        asker(made, WHO)


def test_deciding_wants_a_fresh_passkey(
    browser: Browser, made: Hub, registered: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    signs_in(browser, registered)
    later = dt.timedelta(minutes=made.settings.identity.deciding_minutes, seconds=1)
    monkeypatch.setattr("ops.access.acting.now", lambda: now() + later)
    people = SignIn(made, {}, WrongTokens())
    session = people.sessions.find(browser.cookies[SESSION])
    assert session is not None
    with pytest.raises(NotRecent):
        recent(of_known(made, session), Act.ERASE)
    assert registers(browser, Authenticator(HUB, PARTY), code=None).status_code == 403


def test_a_code_is_given_by_command_to_somebody_of_the_hub_alone(folder: DemoFolder) -> None:
    answer = hub(folder, "config", "passkey", "--who", WHO)
    assert (answer.exit_code, f"{HUB}/sign-in/passkeys" in answer.output) == (0, True)
    assert hub(folder, "config", "passkey", "--who", "N. Obody").exit_code == 1
    made = open_reader(folder.config, {})
    code = answer.output.split()[-1]
    assert passkeys.offered(made, code) == WHO
    made.database.close()


def test_people_with_passkeys_alone_are_no_warning(folder: DemoFolder) -> None:
    found = check(folder.config, {}, today=dt.date(2026, 11, 27))
    assert not [one for one in found.warnings if "cannot show who they are" in one.what]

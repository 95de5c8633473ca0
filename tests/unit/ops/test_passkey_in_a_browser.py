"""The hub's own pages and script, in a browser with a virtual authenticator."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page, expect
from starlette.applications import Starlette

from connectors.port import routes
from connectors.wrong_tokens import WrongTokens
from ops.access import ceremonies, passkeys
from ops.access.pages import SignIn
from ops.access.passkey_pages import PasskeyPages
from ops.console.shell import Shell
from ops.look.monitor import monitor_routes
from ops.look.status import collect
from ops.run.wiring import Hub, open_hub
from router.steps.passkeys import asserted as verify
from schemas.envelope import Passkey, asserted, challenge_of
from schemas.policy import ApprovalKey
from tests.support.chromium import CHROMIUM, opened
from tests.support.filled import empty_hub

WHO = "A. Operator"

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Hub, str]]:
    """A hub's pages at an address of this machine."""
    bound = socket.create_server(("127.0.0.1", 0))
    url = f"http://localhost:{bound.getsockname()[1]}"
    folder, made = empty_hub(tmp_path / "hub")
    made.database.close()
    text = folder.config.read_text("utf-8")
    folder.config.write_text(f'{text}\n[identity]\nurl = "{url}"\n', "utf-8")
    hub = open_hub(folder.config, {})
    people = SignIn(hub, {}, WrongTokens())
    monitor = monitor_routes(lambda: collect(hub), may_show=people.may_show, person=people.person)
    desks = Shell(hub, routes(hub.settings, {}), WrongTokens()).mounted()
    app = Starlette(routes=[*monitor, *people.routes(), *PasskeyPages(people).routes(), desks])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[bound])))
    thread.start()
    yield hub, url
    server.should_exit = True
    thread.join()
    hub.database.close()


@pytest.fixture
def page() -> Iterator[Page]:
    with opened() as page:
        yield page


ASKS = """async (challenge) => {
  const bytes = Uint8Array.from(atob(challenge), (one) => one.charCodeAt(0));
  const asked = { challenge: bytes, userVerification: "required" };
  const one = await navigator.credentials.get({ publicKey: asked });
  return one.toJSON().response;
}"""


def _signs_a_statement(hub: Hub, page: Page, url: str) -> None:
    """What a browser says of an approval opens with the key that the hub shows of the passkey."""
    (one,) = passkeys.held_by(hub, WHO).values()
    public, payload = ceremonies.public_of(one), b'{"words":"as they leave"}'
    asked = base64.b64encode(challenge_of(payload)).decode()
    envelope = asserted(payload, public, said=page.evaluate(ASKS, asked))
    site = Passkey(rp_id="localhost", origins=(url,))
    assert envelope.opened_by(public, passkey=site) == payload
    since = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    verify(envelope, ApprovalKey(decided_by=WHO, public=public, since=since, passkey=site))


def test_somebody_registers_a_passkey_and_signs_in_and_out(
    served: tuple[Hub, str], page: Page
) -> None:
    hub, url = served
    code, _ = passkeys.offer(hub, WHO, account="mash-hub")
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.goto(f"{url}/sign-in/passkeys")
    page.get_by_label(re.compile("The code")).fill(code)
    page.get_by_label(re.compile("What to call it")).fill("work laptop")
    page.get_by_role("button", name="Register a passkey").click()
    page.wait_for_url(f"{url}/sign-in/passkey")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{url}/desk/operations")
    expect(page.locator("header")).to_contain_text(WHO)
    _signs_a_statement(hub, page, url)
    page.goto(f"{url}/sign-in/passkeys")
    expect(page.get_by_role("listitem").filter(has_text="work laptop, since")).to_be_visible()
    page.get_by_role("button", name="Remove work laptop").click()
    expect(page.locator("main")).to_contain_text("The code that you were given")
    assert not passkeys.held_by(hub, WHO)
    page.goto(f"{url}/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("no passkey that signs in here")
    assert [one for one in troubles if "Content Security" in one] == []

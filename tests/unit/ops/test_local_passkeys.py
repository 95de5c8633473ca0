"""A decision maker signs with a passkey on a page of their own machine, without any hub."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from playwright.sync_api import Page

from connectors.edge import keys as edge_keys
from connectors.edge import local_page, passkeys
from connectors.edge.keys import NoKey
from connectors.edge.local_page import LocalPage
from connectors.edge.passkeys import PasskeySigner
from connectors.edge.store import ASKED, Store
from ops.cli import main
from ops.run.serve import listening
from router.steps.approve.decide import STEP as APPROVE
from router.steps.passkeys import asserted
from schemas.decisions import ReleaseDecision
from schemas.envelope import Envelope, NotSigned
from schemas.keys import KeyDecision
from schemas.notices import ApprovalRequest
from schemas.policy import ApprovalKey
from schemas.statement import ReleaseStatement
from tests.support import given, products
from tests.support.authenticator import Authenticator
from tests.support.chromium import CHROMIUM, opened
from tests.support.given import NOON, Given, of
from tests.support.signing import LONG_AGO, Signer

WHO = "Decision maker of school"


@pytest.fixture
def port() -> int:
    bound = listening("127.0.0.1", 0)
    found: int = bound.getsockname()[1]
    bound.close()
    return found


Visit = Callable[[str], None]
WAIT = LocalPage.wait


def running(visit: Visit, *command: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A command, while somebody opens the address that it waits at."""
    visitors = list[threading.Thread]()

    def waits(shown: LocalPage, *, seconds: float) -> Any:
        visitors.append(threading.Thread(target=visit, args=(shown.url,)))
        visitors[0].start()
        return WAIT(shown, seconds=seconds)

    monkeypatch.setattr(LocalPage, "wait", waits)
    answer = CliRunner().invoke(main, command)
    for one in visitors:
        one.join()
    return answer


def data(url: str) -> dict[str, str]:
    """What the page gives its script."""
    return dict(re.findall(r'data-(\w+)="([^"]*)"', httpx.get(url).text))


def posts(url: str, said: object, *, origin: str | None = None) -> int:
    told = {"Origin": origin or url.rpartition("/")[0]}
    return httpx.post(url, json=said, headers=told).status_code


def makes(device: Authenticator) -> Visit:
    def visit(url: str) -> None:
        assert data(url)["who"] == WHO
        public = base64.urlsafe_b64encode(device.spki).rstrip(b"=").decode()
        assert posts(url, {"credential": "q83v", "public": public}) == 200

    return visit


def signs(device: Authenticator, **how: Any) -> Visit:
    def visit(url: str) -> None:
        said = device.sign(data(url)["challenge"], **how)["response"]
        assert posts(url, said) == 200

    return visit


@pytest.fixture
def device(port: int) -> Authenticator:
    return Authenticator(f"http://localhost:{port}", "localhost")


@pytest.fixture
def file(tmp_path: Path, port: int, device: Authenticator, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = ("approvals", "passkey", f"{tmp_path}/own", "--agency", "school", "--who", WHO)
    answer = running(makes(device), *made, "--port", str(port), monkeypatch=monkeypatch)
    assert answer.exit_code == 0, answer.output
    assert "--rp-id localhost" in answer.stdout
    return tmp_path / "own"


def request_for(key: ApprovalKey, folder: Path) -> Path:
    """An approval request of a hub that has this key registered."""
    partner = Signer("school").partner(key)
    policy = given.policy(partner).model_copy(update={"signed": True})
    outcome = Given(APPROVE, policy).when(products.drafted(products.draft_item("school")))
    (asked,) = of(ApprovalRequest, [letter.notice for letter in outcome.letters])
    event = {"type": asked.type, "time": NOON.isoformat(), "data": asked.model_dump(mode="json")}
    (folder / "request.json").write_text(json.dumps(event), "utf-8")
    return folder / "request.json"


def registered(file: Path) -> ApprovalKey:
    key = passkeys.read(file)
    assert isinstance(key, PasskeySigner)
    told = {"decided_by": WHO, "public": key.spki, "since": LONG_AGO, "passkey": key.site}
    return ApprovalKey.model_validate(told)


def sign(file: Path, request: Path) -> tuple[str, ...]:
    return ("approvals", "sign", str(request), "--key", str(file), "--choice", "sanitised")


def test_what_is_made_and_signed_there_is_what_the_hub_takes(
    file: Path, device: Authenticator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = registered(file)
    request, seen = request_for(key, tmp_path), list[str]()

    def visit(url: str) -> None:
        seen.append(html.unescape(httpx.get(url).text))
        signs(device)(url)

    answer = running(visit, *sign(file, request), monkeypatch=monkeypatch)
    assert answer.exit_code == 0, answer.output
    decision = ReleaseDecision.model_validate_json(answer.stdout)
    assert decision.envelope is not None
    assert ReleaseStatement.parse(key.opens(decision.envelope)).decided_by == WHO
    asserted(decision.envelope, key)
    assert "May this leave?" in seen[0]
    item = json.loads(request.read_text("utf-8"))["data"]["item"]
    assert item["sanitised"] in seen[0], "the words stand where it is signed"


def test_what_was_not_verified_is_not_passed_on(
    file: Path, device: Authenticator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_for(registered(file), tmp_path)
    answer = running(signs(device, verified=False), *sign(file, request), monkeypatch=monkeypatch)
    assert (answer.exit_code, answer.stdout) == (1, "")


def both(envelope: Envelope | None, *keys: ApprovalKey) -> set[str]:
    """Who signed, as far as these keys tell."""
    assert envelope is not None
    assert len(envelope.signatures) == len(keys)
    (told,) = {key.opens(envelope) for key in keys}
    assert ReleaseStatement.parse(told)
    return {key.decided_by for key in keys}


def test_the_second_of_two_people_signs_with_a_passkey_too(
    file: Path, device: Authenticator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, seen = request_for(registered(file), tmp_path), list[str]()
    first = edge_keys.make(tmp_path / "first", agency="school", decided_by="The first")
    decision = tmp_path / "decision.json"
    decision.write_text(CliRunner().invoke(main, sign(tmp_path / "first", request)).stdout)

    def visit(url: str) -> None:
        seen.append(html.unescape(httpx.get(url).text))
        signs(device)(url)

    command = ("approvals", "countersign", str(decision), "--request", str(request))
    answer = running(visit, *command, "--key", str(file), monkeypatch=monkeypatch)
    assert answer.exit_code == 0, answer.output
    envelope = ReleaseDecision.model_validate_json(answer.stdout).envelope
    key = ApprovalKey(decided_by="The first", public=first.public, since=LONG_AGO)
    assert both(envelope, key, registered(file)) == {"The first", WHO}
    assert "May this leave?" in seen[0]


@pytest.mark.parametrize("passkey_first", [True, False])
def test_people_sign_with_passkeys_at_their_edge(
    file: Path,
    device: Authenticator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    passkey_first: bool,
) -> None:
    made = ("edge", "init", f"{tmp_path}/edge", "--agency", "school", "--hub", "https://hub.test")
    assert CliRunner().invoke(main, made).exit_code == 0
    told = json.loads(request_for(registered(file), tmp_path).read_text("utf-8"))
    for one in told["data"]["statements"]:
        one["people"] = 2
    store, seen = Store(tmp_path / "edge"), list[str]()
    store.take("r1", told["type"], body=json.dumps(told).encode(), step=ASKED)
    other = edge_keys.make(tmp_path / "other", agency="school", decided_by="Another")

    def visit(url: str) -> None:
        seen.append(html.unescape(httpx.get(url).text))
        signs(device)(url)

    command = ["edge", "sign", "r1", "--folder", f"{tmp_path}/edge", "--choice", "reworded"]
    (tmp_path / "words").write_text("Somebody told the school.", "utf-8")
    command += ["--text", f"{tmp_path}/words", "--key"]
    used = [file, tmp_path / "other"]
    for one in used if passkey_first else reversed(used):
        if one == file:
            answer = running(visit, *command, str(one), monkeypatch=monkeypatch)
        else:
            answer = CliRunner().invoke(main, [*command, str(one)])
        assert answer.exit_code == 0, answer.output
    (sent,) = store.to_send(1e18)
    envelope = ReleaseDecision.model_validate(json.loads(sent.body)["data"]).envelope
    key = ApprovalKey(decided_by="Another", public=other.public, since=LONG_AGO)
    assert both(envelope, key, registered(file)) == {"Another", WHO}
    assert "Somebody told the school." in seen[0], "its own words stand where it is signed"


def test_only_its_own_page_answers(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = LocalPage(port)
    shown.asks("A <title>", button="Go", words=("<words>",), challenge='"x')
    tried = list[int]()

    def visit() -> None:
        elsewhere = f"{shown.origin}/elsewhere"
        tried.extend(
            [
                httpx.get(elsewhere).status_code,
                posts(elsewhere, {}),
                posts(shown.url, {}, origin="http://localhost:1"),
                posts(shown.url, []),
                posts(shown.url, {"x": "x" * local_page._LARGEST}),
            ]
        )
        told = httpx.get(shown.url)
        assert "&lt;words&gt;" in told.text
        assert "script-src 'self'" in told.headers["content-security-policy"]
        posts(shown.url, {"said": 1})

    thread = threading.Thread(target=visit)
    thread.start()
    assert shown.wait(seconds=30) == {"said": 1}
    thread.join()
    shown.close()
    assert tried == [404, 403, 403, 403, 403]


def test_nothing_is_kept_where_nobody_answers(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkeys, "_PATIENCE", 0.0)
    with pytest.raises(NoKey):
        passkeys.make(tmp_path / "own", agency="school", decided_by=WHO, port=port)
    assert not (tmp_path / "own").exists()


@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")
def test_in_a_browser_it_is_made_registered_and_signs(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened() as page:
        _made_and_signed(page, tmp_path, port=port, monkeypatch=monkeypatch)


def _made_and_signed(
    page: Page, tmp_path: Path, *, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalPage, "wait", _visited(page))
    made = ("approvals", "passkey", f"{tmp_path}/own", "--agency", "school", "--who", WHO)
    answer = CliRunner().invoke(main, [*made, "--port", str(port)])
    assert answer.exit_code == 0, answer.output
    head = tmp_path / "head"
    edge_keys.make(head, agency="school", decided_by="Head teacher")
    words = shlex.split(answer.stdout.replace("ADMINISTRATORS_KEY", str(head)))[1:]
    told = KeyDecision.model_validate_json(CliRunner().invoke(main, words).stdout)
    key = ApprovalKey(decided_by=WHO, public=told.public, passkey=told.passkey, since=LONG_AGO)
    signed = CliRunner().invoke(main, sign(tmp_path / "own", request_for(key, tmp_path)))
    assert signed.exit_code == 0, signed.output
    envelope = ReleaseDecision.model_validate_json(signed.stdout).envelope
    assert envelope is not None
    assert ReleaseStatement.parse(key.opens(envelope)).decided_by == WHO
    asserted(envelope, key)
    with pytest.raises(NotSigned):
        key.model_copy(update={"passkey": None}).opens(envelope)


def _visited(page: Page) -> Callable[..., Any]:
    """Playwright wants one thread: the page is served by another."""

    def wait(shown: LocalPage, *, seconds: float) -> Any:
        def serve() -> None:
            while shown.answer is None:
                shown._server.handle_request()

        thread = threading.Thread(target=serve)
        thread.start()
        page.goto(shown.url)
        page.get_by_role("button").click()
        page.get_by_text("Done").wait_for()
        thread.join()
        return shown.answer

    return wait

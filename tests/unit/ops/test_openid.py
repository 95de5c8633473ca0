"""People sign in at a provider, and are what its signed word says and the configuration knows."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from joserfc import jwt
from joserfc.jwk import RSAKey

from ops.access.acting import asker
from ops.access.openid import Provider, provider_of
from ops.access.proving import CannotSignIn, NotProven
from ops.access.sessions import Known
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.look.reading import Reader, open_reader
from ops.run.configuration import read_settings
from ops.run.people import wrongly_identified
from schemas.access import Proof, Role
from schemas.operations import PersonSignedIn, SignInRefused
from tests.support.provider import ANNA, CONFIG, SECRET, facts, goes, knows, with_a_provider

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""Of the provider, which runs in this process."""

BACK = "http://127.0.0.1:1/sign-in/return"


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory, issuer: str) -> DemoFolder:
    """Copy it."""
    path = tmp_path_factory.mktemp("made") / "hub"
    return with_a_provider(path, CONFIG.format(issuer=issuer))


@pytest.fixture
def folder(made_once: DemoFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DemoFolder:
    monkeypatch.setenv("HUB_SESSIONS", str(tmp_path / "own"))
    monkeypatch.setenv(*next(iter(SECRET.items())))
    shutil.copytree(made_once.path, tmp_path / "hub")
    return DemoFolder(tmp_path / "hub")


@pytest.fixture
def made(folder: DemoFolder) -> Iterator[Reader]:
    opened = open_reader(folder.config, {}, reads_only=False)
    yield opened
    opened.database.close()


@pytest.fixture
def asking(made: Reader) -> Provider:
    return provider_of(made.settings, SECRET)


def answered(asking: Provider, sub: str = "anna", **how: bool) -> Known:
    asked = asking.ask(BACK, **how)
    return asking.answered(asked, goes(asked.url, sub))


def test_somebody_is_what_the_provider_says_as_far_as_the_configuration_knows(
    asking: Provider, issuer: str
) -> None:
    knows(issuer, "anna", **ANNA)
    known = answered(asking)
    assert (known.who, known.agency) == ("Anna Auditor", "childrens_social_care")
    assert (known.roles, known.proven) == ((Role.AUDITOR,), Proof.OPENID)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"roles": ["canteen"]}, "no_role"),
        ({"roles": {"auditor": True}}, "no_role"),
        ({"roles": ["mash-system"]}, "no_role"),
        ({"agency": "Elsewhere"}, "no_agency"),
        ({"agency": ["Sample Borough"]}, "no_agency"),
        ({"name_here": " "}, "no_name"),
        ({"name_here": 7}, "no_name"),
    ],
)
def test_whom_the_configuration_does_not_know_does_not_get_in(
    asking: Provider, issuer: str, changes: dict[str, Any], reason: str
) -> None:
    knows(issuer, "anna", **ANNA | changes)
    with pytest.raises(CannotSignIn) as refused:
        answered(asking)
    assert refused.value.reason == reason


def test_an_answer_counts_once_and_for_whom_was_asked(asking: Provider, issuer: str) -> None:
    knows(issuer, "anna", **ANNA)
    asked, other = asking.ask(BACK), asking.ask(BACK)
    said = goes(asked.url, "anna")
    for changed, reason in (
        ({**said, "state": other.state}, "wrong_state"),
        ({"code": said["code"]}, "wrong_state"),
        ({**said, "iss": "http://localhost:1"}, "wrong_issuer"),
        ({"state": asked.state, "error": "access_denied"}, "no_code"),
        ({**said, "code": "another"}, "no_token"),
    ):
        with pytest.raises(CannotSignIn) as refused:
            asking.answered(asked, changed)
        assert refused.value.reason == reason
    asking.answered(asked, said)
    with pytest.raises(CannotSignIn):
        asking.answered(asked, said)


def _tampered(asking: Provider, issuer: str, claims: dict[str, Any], **how: Any) -> Provider:
    """The provider, whose token endpoint answers with this in place of its own ID token."""
    key, alg = how.get("key") or RSAKey.generate_key(2048), how.get("alg", "RS256")
    published = RSAKey.generate_key(2048) if how.get("other") else key

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/jwks":
            return httpx.Response(200, json={"keys": [published.as_dict(private=False)]})
        made = jwt.encode({"alg": alg}, claims, key, algorithms=[alg])
        return httpx.Response(
            200, json={"id_token": made, "access_token": "a", "token_type": "Bearer"}
        )

    return Provider(
        asking.settings, None, asking.metadata, httpx.Client(transport=httpx.MockTransport(answer))
    )


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"iss": "http://localhost:1"}, False),
        ({"aud": "somebody-else"}, False),
        ({"aud": "somebody-else", "azp": "mash-hub"}, False),
        ({"aud": ["mash-hub", "somebody-else"]}, False),
        ({"nonce": "another"}, False),
        ({"nonce": None}, False),
        ({"exp": 1}, False),
        ({"exp": None}, False),
    ],
    ids=str,
)
def test_a_token_holds_only_for_this_hub_from_this_provider_for_what_was_asked(
    asking: Provider, issuer: str, change: dict[str, Any], good: bool
) -> None:
    asked = asking.ask(BACK)
    claims = _claims(issuer, asked.nonce) | change
    signed = {name: value for name, value in claims.items() if value is not None}
    tampered = _tampered(asking, issuer, signed)
    if good:
        assert tampered.answered(asked, {"state": asked.state, "code": "c"}).who == "Anna Auditor"
    else:
        with pytest.raises(CannotSignIn, match="does not hold"):
            tampered.answered(asked, {"state": asked.state, "code": "c"})


def test_a_token_that_another_key_signed_is_none(asking: Provider, issuer: str) -> None:
    asked = asking.ask(BACK)
    forged = _tampered(asking, issuer, _claims(issuer, asked.nonce), other=True)
    with pytest.raises(CannotSignIn, match="does not hold"):
        forged.answered(asked, {"state": asked.state, "code": "c"})


def _claims(issuer: str, nonce: str) -> dict[str, Any]:
    at = int(time.time())
    return {
        "iss": issuer,
        "sub": "anna",
        "aud": "mash-hub",
        "nonce": nonce,
        "iat": at,
        "exp": at + 60,
        **ANNA,
    }


# To decide


@pytest.mark.parametrize(
    ("ago", "acr", "reason"),
    [
        (5, "phr", None),
        (3600, "phr", "too_long_ago"),
        (5, "pwd", "other_acr"),
        (5, None, "other_acr"),
    ],
)
def test_to_decide_somebody_has_to_show_anew_who_they_are(
    asking: Provider, issuer: str, ago: int, acr: str | None, reason: str | None
) -> None:
    said = {"auth_time": int(time.time()) - ago} | ({"acr": acr} if acr else {})
    knows(issuer, "anna", **ANNA, **said)
    asked = asking.ask(BACK, to_decide=True)
    assert "max_age=900" in asked.url
    assert "acr_values=phr" in asked.url
    if reason is None:
        assert answered(asking, to_decide=True).acr == "phr"
        return
    with pytest.raises(CannotSignIn) as refused:
        answered(asking, to_decide=True)
    assert refused.value.reason == reason


# By command


def hub(folder: DemoFolder, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--config", str(folder.config)])


def _browsing(monkeypatch: pytest.MonkeyPatch, sub: str) -> list[str]:
    """Somebody opens what the command prints, signs in, and comes back with what they are given."""
    opened: list[str] = []

    def browse(said: str, **_: Any) -> None:
        url = said.splitlines()[-1]
        if not url.startswith("http"):
            return
        opened.append(url)

        def come_back() -> None:
            back = dict(httpx.QueryParams(httpx.URL(url).query))["redirect_uri"]
            for stray in ({"state": "stray", "code": "x"}, dict(goes(url, sub))):
                assert httpx.get(back, params=stray).status_code == 200

        threading.Thread(target=come_back, daemon=True).start()

    monkeypatch.setattr("click.echo", browse)
    return opened


def _signs_in(
    folder: DemoFolder, monkeypatch: pytest.MonkeyPatch, *how: str, sub: str = "anna"
) -> Result:
    with monkeypatch.context() as while_browsing:
        _browsing(while_browsing, sub)
        return hub(folder, "sign-in", "--json", *how)


def test_by_command_somebody_signs_in_and_acts_as_that(
    folder: DemoFolder, made: Reader, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows(issuer, "anna", **ANNA)
    with pytest.raises(NotProven, match="hub sign-in"):
        asker(made, "Anna Auditor")
    assert _signs_in(folder, monkeypatch).exit_code == 0
    found = asker(made, "Anna Auditor", why="A complaint")
    assert (found.agency, set(found.roles)) == ("childrens_social_care", {Role.AUDITOR})
    assert (found.proven, found.recent) == (Proof.OPENID, False)
    (begun,) = facts(made.database, PersonSignedIn)
    assert (begun.who, begun.proven) == ("Anna Auditor", Proof.OPENID)
    assert hub(folder, "sign-out").exit_code == 0
    with pytest.raises(NotProven):
        asker(made, "Anna Auditor")


def test_who_signed_in_to_decide_may_decide(
    folder: DemoFolder, made: Reader, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows(issuer, "anna", **ANNA, auth_time=int(time.time()), acr="phr")
    assert _signs_in(folder, monkeypatch, "--to-decide").exit_code == 0
    assert asker(made, "Anna Auditor").recent


def test_who_is_nobody_here_is_told_so_and_it_is_recorded(
    folder: DemoFolder, made: Reader, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows(issuer, "anna", **ANNA | {"roles": []})
    answer = _signs_in(folder, monkeypatch)
    assert (answer.exit_code, "claim roles" in answer.output) == (1, True)
    assert [one.reason for one in facts(made.database, SignInRefused)] == ["no_role"]


def test_where_no_provider_answers_the_command_says_so(folder: DemoFolder, issuer: str) -> None:
    text = folder.config.read_text("utf-8")
    folder.config.write_text(text.replace(issuer, "http://127.0.0.1:1"), "utf-8")
    answer = hub(folder, "sign-in")
    assert (answer.exit_code, "[identity] issuer" in answer.output) == (1, True)


# What the check says


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ('client_id = "mash-hub"\n', "", "identity.client_id"),
        ('issuer = "', 'issuer = "http://elsewhere.example/', "identity.issuer"),
        ('"childrens_social_care"\n\n[identity.roles]', '"nobody"\n\n[identity.roles]',
         "identity.agencies.Sample Borough"),
        ("mash-system = []", 'mash-system = ["system"]', "identity.roles.mash-system"),
        ('client_secret_variable = "HUB_SECRET"', 'client_secret_variable = "HUB_OTHER"',
         "identity.client_secret_variable"),
        ('name_claim = "name_here"', 'scopes = ["profile"]', "identity.scopes"),
        ('name_claim = "name_here"', 'url = "http://hub.example"', "identity.url"),
        ("issuer", "# issuer", "identity.issuer"),
    ],
)  # fmt: skip
def test_the_check_says_what_is_missing(
    folder: DemoFolder, before: str, after: str, where: str
) -> None:
    def faults() -> set[str]:
        return {one.where for one in wrongly_identified(read_settings(folder.config, {}), SECRET)}

    assert faults() == set()
    head, _, identity = folder.config.read_text("utf-8").partition("[identity]")
    assert before in identity
    folder.config.write_text(f"{head}[identity]{identity.replace(before, after, 1)}", "utf-8")
    assert where in faults()

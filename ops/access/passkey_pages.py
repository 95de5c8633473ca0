"""Pages on which people register passkeys, and sign in with them."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from ops.access import attempts, passkeys
from ops.access.acting import of_known
from ops.access.ceremonies import Ceremonies, challenge
from ops.access.challenges import PATIENCE, Challenges
from ops.access.loopback import PATH
from ops.access.pages import COOKIE, SESSION, SignIn
from ops.access.proving import CannotSignIn
from ops.access.sessions import DIGEST, Known, now
from schemas.access import Proof

ASKED: Final = "__Host-mash-passkey"
_TERMINAL: Final = dt.timedelta(minutes=1)
"""Until a command has to have taken what a browser brings it."""
_MOST: Final = 1000
_LARGEST: Final = 64_000
"""Bytes of an answer."""
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_SIGN_IN: Final = "Sign in with a passkey"
_HONEST: Final = ("not_signed", "too_long_ago")
"""Why somebody is refused who guesses at nothing."""
_NOT_ASKED: Final = "you were not asked, or too long ago: try again"
_RECENT: Final = "you signed in too long ago for this: sign in again, then the same"
_PAGE: Final = Environment(autoescape=True, trim_blocks=True).from_string(
    (files("ops.access") / "passkey.html").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True, repr=False)
class _Asked:
    """What one browser was asked to make a passkey of, to be answered once."""

    challenge: bytes
    at: dt.datetime
    who: str
    code: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class PasskeyPages:
    """The addresses of passkeys, beside those of who signs in at a provider."""

    sign_in: SignIn
    asked: OrderedDict[str, _Asked] = field(default_factory=OrderedDict)
    """Passkeys to be made, for whoever has signed in or has a code."""
    challenges: Challenges = field(default_factory=Challenges)
    """To sign in with."""
    one: threading.Lock = field(default_factory=threading.Lock)
    """Counts of a passkey are compared and recorded by one request at a time."""

    def routes(self) -> Sequence[BaseRoute]:
        """None where there are no passkeys."""
        if not self.sign_in.has_passkeys:
            return ()
        told: list[tuple[str, str, Callable[..., Any]]] = [
            ("GET", "/sign-in/passkey", self.page),
            ("GET", "/sign-in/passkey.js", script),
            ("POST", "/sign-in/passkey/asked", self.ask),
            ("POST", "/sign-in/passkey", self.begin),
            ("GET", "/sign-in/passkeys", self.own),
            ("POST", "/sign-in/passkeys/asked", self.ask_new),
            ("POST", "/sign-in/passkeys/new", self.new),
            ("POST", "/sign-in/passkeys/remove", self.remove),
        ]
        if not self.sign_in.has_provider:
            told += [("GET", "/sign-in", self.page), ("POST", "/sign-out", self.sign_in.end)]
        return [Route(path, do, methods=[how], include_in_schema=False) for how, path, do in told]

    def page(self, request: Request) -> Response:
        """Where somebody signs in."""
        told = {name: request.query_params.get(name, "") for name in ("port", "state", "bound")}
        return self._shown(
            title="Sign in",
            does="sign-in",
            button=_SIGN_IN,
            port=told["port"] if _is_port(told["port"]) else "",
            state=told["state"][:100],
            bound=told["bound"][:100],
        )

    def own(self, request: Request) -> Response:
        """Somebody's passkeys; or where they register the first, with a code."""
        known = self._person(request)
        keys = passkeys.held_by(self.sign_in.hub, known.who).values() if known else ()
        return self._shown(
            title="Passkeys",
            does="register",
            button="Register a passkey",
            who=known.who if known else None,
            keys=keys,
        )

    async def ask(self, _: Request) -> Response:
        """What a browser is to sign, to sign in: anybody may ask, so nothing is kept of it here."""
        given, token = self.challenges.give(now())
        return _asking(token, self._ceremonies.ask_to_sign_in(given))

    async def ask_new(self, request: Request) -> Response:
        """What a browser is to make a passkey of: for whoever has signed in, or has a code."""
        return await self._answered(request, self._ask_new)

    async def begin(self, request: Request) -> Response:
        """Sign in."""
        return await self._answered(request, self._begin)

    async def new(self, request: Request) -> Response:
        """Keep a passkey."""
        return await self._answered(request, self._new)

    async def remove(self, request: Request) -> Response:
        """Remove one of somebody's own; it needs no script."""
        try:
            form = parse_qs((await _body(request)).decode("utf-8", "replace"))
            return await run_in_threadpool(self._remove, request, form.get("passkey", [""])[0])
        except CannotSignIn as error:
            return self._shown(title=str(error), does="sign-in", button=_SIGN_IN)

    def _ask_new(self, request: Request, said: Mapping[str, Any]) -> Response:
        code = said.get("code") or None
        if code is not None:
            who = passkeys.offered(self.sign_in.hub, str(code))
            if who is None:
                raise CannotSignIn("this is no code, or is none any more", "wrong_code")
        else:
            who = self._recently(request).who
        asked = _Asked(challenge(), now(), who, str(code) if code else None)
        return self._asking(asked, self._ceremonies.ask_to_register(who, asked.challenge))

    def _new(self, request: Request, said: Mapping[str, Any]) -> Response:
        asked = self._taken(request)
        if asked.code is None and self._recently(request).who != asked.who:
            raise CannotSignIn("you were not asked for a passkey", "not_asked")
        label = str(said.get("label") or "passkey").strip()[:100] or "passkey"
        fact = self._ceremonies.registered(
            _credential(said), challenge=asked.challenge, who=asked.who, label=label
        )
        if not passkeys.keep(self.sign_in.hub, fact, code=asked.code):
            raise CannotSignIn("this passkey is known already, or the code was used", "twice")
        return _told(next="/sign-in/passkey" if asked.code else "/sign-in/passkeys")

    def _begin(self, request: Request, said: Mapping[str, Any]) -> Response:
        hub, given = self.sign_in.hub, self._given(request)
        port, sessions = str(said.get("port") or ""), self.sign_in.sessions
        bound = str(said.get("bound") or "") if _is_port(port) else None
        if bound is not None and not DIGEST.fullmatch(bound):
            raise CannotSignIn("the address is not of a command: start it anew", "no_answer")
        with self.one:
            known, used = self._ceremonies.signed_in(_credential(said), challenge=given)
            if not self.challenges.use(given, now()):
                raise CannotSignIn(_NOT_ASKED, "not_asked")
            lasts = _TERMINAL if _is_port(port) else None
            token, session = sessions.begin(known, lasts=lasts, bound=bound)
            attempts.signed_in(hub, token, session=session, passkey=used)
        if _is_port(port):
            back = urlencode({"state": str(said.get("state") or ""), "code": token})
            return _told(next=f"http://127.0.0.1:{port}{PATH}?{back}")
        self.sign_in.ended(request)
        answer = _told(next="/")
        answer.set_cookie(SESSION, token, **COOKIE)
        return answer

    def _remove(self, request: Request, id_: str) -> Response:
        who = self._recently(request).who
        passkeys.remove(self.sign_in.hub, who, id_=id_, why="its owner removed it")
        return RedirectResponse("/sign-in/passkeys", 303, headers=_HEADERS)

    def _person(self, request: Request) -> Known | None:
        """Who has signed in, if not at the provider, which answers for its own people; it may know
        somebody by the name of somebody else of ``[[people]]``.
        """
        known = self.sign_in.known(request)
        return known if known and known.proven is not Proof.OPENID else None

    def _recently(self, request: Request) -> Known:
        known = self._person(request)
        if known is None:
            raise CannotSignIn("sign in first, or give the code that you were given", "not_signed")
        if not of_known(self.sign_in.hub, known).recent:
            raise CannotSignIn(_RECENT, "too_long_ago")
        return known

    def _asking(self, asked: _Asked, options: Mapping[str, Any]) -> Response:
        token = secrets.token_urlsafe(32)
        self.asked[token] = asked
        while len(self.asked) > _MOST:
            self.asked.popitem(last=False)
        return _asking(token, options)

    def _taken(self, request: Request) -> _Asked:
        """What this browser was asked to make, once and in time."""
        asked = self.asked.pop(request.cookies.get(ASKED, ""), None)
        if asked is None or now() - asked.at >= PATIENCE:
            raise CannotSignIn(_NOT_ASKED, "not_asked")
        return asked

    def _given(self, request: Request) -> bytes:
        """What this browser was asked to sign in with, in time."""
        given = self.challenges.given(request.cookies.get(ASKED, ""), now())
        if given is None:
            raise CannotSignIn(_NOT_ASKED, "not_asked")
        return given

    async def _answered(
        self, request: Request, do: Callable[[Request, Mapping[str, Any]], Response]
    ) -> Response:
        try:
            return await run_in_threadpool(do, request, await _said(request))
        except CannotSignIn as error:
            if error.reason in _HONEST:
                return _told(403, trouble=str(error))
            # First slowed, then recorded: what comes in masses would fill the record.
            host = request.client.host if request.client else ""
            if not await self.sign_in.wrong.slow(host):
                return _told(429, trouble="too many answers that are none come just now")
            if error.reason != "not_asked":
                await run_in_threadpool(self._refused, error.reason)
            return _told(403, trouble=str(error))

    def _refused(self, reason: str) -> None:
        attempts.refused(self.sign_in.hub, None, proof=Proof.PASSKEY, reason=reason, here=False)

    def _shown(self, **told: Any) -> Response:
        page = _PAGE.render(provider=self.sign_in.has_provider, **told)
        return HTMLResponse(page, headers=_HEADERS)

    @property
    def _ceremonies(self) -> Ceremonies:
        party = passkeys.party_of(self.sign_in.hub.settings)
        assert party is not None
        return Ceremonies(self.sign_in.hub, party)


def _asking(token: str, options: Mapping[str, Any]) -> Response:
    answer = JSONResponse(dict(options), headers=_HEADERS)
    answer.set_cookie(ASKED, token, max_age=int(PATIENCE.total_seconds()), **COOKIE)
    return answer


def script(_: Request) -> Response:
    """What asks the browser for a passkey: no page has a script of its own."""
    text = (files("ops.access") / "passkey.js").read_text(encoding="utf-8")
    return Response(text, media_type="text/javascript", headers=_HEADERS)


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            raise CannotSignIn("this is too large for an answer", "too_large")
    return body


async def _said(request: Request) -> Mapping[str, Any]:
    """An answer of a script of the hub's own: no other site may send JSON here."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    try:
        said = json.loads(await _body(request)) if kind == "application/json" else None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise CannotSignIn("this is no answer of the hub's page", "no_answer")
    return said


def _credential(said: Mapping[str, Any]) -> Mapping[str, Any]:
    found = said.get("credential")
    if not isinstance(found, dict):
        raise CannotSignIn("this is no answer of a passkey", "no_answer")
    return found


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1024 <= int(text) <= 65535


def _told(status: int = 200, **said: str) -> JSONResponse:
    return JSONResponse(said, status, headers=_HEADERS)

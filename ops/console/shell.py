"""The shell around every desk: who is there, whether they may be, and what every answer has."""

from __future__ import annotations

import asyncio
import datetime as dt
import hmac
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import structlog
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from connectors.port import Routes
from connectors.wrong_tokens import WrongTokens
from ops.access import attempts
from ops.access.acting import Asker, Denied, NotRecent, may, of_known
from ops.access.items import OF_THE_HUB, Kept
from ops.access.links import links_of
from ops.access.noting import OPERATIONS, UNKNOWN
from ops.access.pages import SESSION
from ops.access.proving import as_of_now
from ops.access.recording import denied
from ops.access.sessions import Sessions, now, sessions_of
from ops.console.desks import DESKS
from ops.console.errors import NOT_THERE, Elsewhere, Stale, Told, told
from ops.console.filters import clock_time
from ops.console.forms import TOKEN, form_in, read_body
from ops.console.live import ANYTHING, Live, about, of, position
from ops.console.rendering import AT, render, statics
from ops.console.screen import Desk, File, Form, Go, Hears, NotThere, Page, Screen, Visit
from ops.console.sending import ONCE
from ops.look.health import Health
from ops.look.needs import paused_in_words
from ops.look.status import Row, paused
from ops.run.wiring import Hub
from schemas.access import Answer, Role, Verdict
from stores import cursors

_HANDS: Final = 16
"""Screens that are made at a time, of the 40 threads in which notifications are taken too."""
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not none at all: browsers then send forms as if they came from nowhere.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
WITH_SCRIPTS: Final = {
    **HEADERS,
    "Content-Security-Policy": f"{_POLICY}; script-src 'self'; connect-src 'self'",
}
"""Of pages to which scripts of the hub's own add something."""
BY_ITSELF: Final = "hx-request"
"""The header of what a page asks by itself, which keeps nobody signed in."""
_OF_ONE_TIME: Final = frozenset({TOKEN, ONCE, "stage", "step"})
"""Fields of a form that another has anew."""
_TOO_MANY: Final = Told(429, "Try again in a minute", ("Too many links that are none come now.",))
_ENDED: Final = Told(401, "You are signed out", ("Sign in again, then open this page again.",))
_FULL: Final = Told(503, "Too many pages are open", ("Open this one again to see what is new.",))
_KEPT: Final = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, repr=False)
class _Signed:
    """Who has signed in in a browser, and what their session is known by."""

    token: str
    asker: Asker
    until: dt.datetime
    """When the session ends if they do nothing more,"""
    ends_at: dt.datetime
    """and in any case."""

    @property
    def left(self) -> int:
        """Seconds until then."""
        return max(0, int((self.until - now()).total_seconds()))

    @property
    def form_token(self) -> str:
        """What a form of this session brings, and nobody else knows."""
        return hmac.new(self.token.encode(), b"forms", sha256).hexdigest()


@dataclass(frozen=True, slots=True, repr=False)
class Shell:
    """The console of one hub."""

    hub: Hub
    routes: Routes
    wrong: WrongTokens
    """Links that open nothing are as slow as wrong tokens."""
    provider: bool = False
    """Whether people sign in at a provider."""
    desks: Sequence[Desk] = DESKS
    hands: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_HANDS))
    live: Live = field(default_factory=Live)
    health: Health | None = None
    """What looks at the hub now and then; None: it is looked at when somebody asks."""

    def mounted(self) -> Mount:
        """All of it, for the hub's web server."""
        lost = {HTTPException: self._lost}
        return Mount(AT, app=Starlette(routes=list(self._addresses()), exception_handlers=lost))

    def _addresses(self) -> Iterator[BaseRoute]:
        yield Route("/", self._start)
        yield Route("/sign-in", self._sign_in)
        yield Route("/enter", self._enter)
        yield Route("/sign-out", self._sign_out, methods=["POST"])
        yield Route("/session", self._session, methods=["GET", "POST"])
        yield Route("/accessibility", self._accessibility)
        yield Route("/static/{name}", _static)
        for desk in self.desks:
            for screen in desk.screens:
                methods = ["GET", "POST"] if screen.takes else ["GET"]
                path = f"/{desk.code}/{screen.path}".rstrip("/")
                yield Route(path, self._served(desk, screen), methods=methods)
                if screen.hears is not None:
                    yield Route(f"/live{path}", self._streamed(desk, screen))

    # --- pages of the shell itself

    async def _start(self, request: Request) -> Response:
        """The first of their desks, from which the navigation leads to the others."""
        return await run_in_threadpool(self._started, request)

    def _started(self, request: Request) -> Response:
        signed = self._signed(request)
        if signed is None:
            return _see(f"{AT}/sign-in")
        mine = next(iter(self._desks_of(signed.asker)), None)
        if mine is not None:
            return _see(mine["at"])
        return self._shown(Page("start.html"), signed)

    async def _sign_in(self, request: Request) -> Response:
        """How people sign in here."""
        signed = await run_in_threadpool(self._signed, request)
        said = {"provider": self.provider, "out": "out" in request.query_params}
        return self._shown(Page("sign_in.html", said), signed)

    async def _enter(self, request: Request) -> Response:
        """Open a one-time link; who was signed in in this browser is so no more."""
        key = request.query_params.get("key", "")
        if key and request.method == "GET":
            answer = await run_in_threadpool(self._entered, request, key)
            if answer is not None:
                return answer
            if not await self.wrong.slow(_host(request)):
                return self._error(_TOO_MANY, None)
        return self._shown(Page("used_up.html", status=403), None)

    def _entered(self, request: Request, key: str) -> Response | None:
        known = links_of(self.hub).take(key)
        if known is None:
            return None
        self._end(request)
        token, session = self._sessions.begin(known)
        attempts.signed_in(self.hub, token, session=session)
        answer = _see(f"{AT}/")
        answer.set_cookie(SESSION, token, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    async def _sign_out(self, request: Request) -> Response:
        """End the session."""
        try:
            body = await read_body(request)
            await run_in_threadpool(self._signed_out, request, body)
        except Exception as error:  # noqa: BLE001 - whatever it is, people are told in words
            return await run_in_threadpool(self._failed, error, None)
        answer = _see(f"{AT}/sign-in?out")
        answer.delete_cookie(SESSION, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    def _signed_out(self, request: Request, body: bytes) -> None:
        signed = self._signed(request)
        if signed is not None:
            _check(request, form_in(request, body), signed)
            self._end(request)

    async def _session(self, request: Request) -> Response:
        """How long somebody is still signed in; a form of theirs makes it longer."""
        try:
            body = await read_body(request) if request.method == "POST" else None
            told = await run_in_threadpool(self._lasting, request, body)
        except Exception as error:  # noqa: BLE001 - whatever it is, people are told in words
            return await run_in_threadpool(self._failed, error, None)
        return JSONResponse(told, headers=HEADERS)

    def _lasting(self, request: Request, body: bytes | None) -> dict[str, object]:
        signed = self._signed(request, used=False)
        if signed is None:
            return {"left": 0}
        if body is not None:
            _check(request, form_in(request, body), signed)
            signed = self._signed(request) or signed
        return {
            "left": signed.left,
            "until": clock_time(signed.until),
            "longer": signed.until < signed.ends_at,
            "who": signed.asker.who,
        }

    async def _accessibility(self, request: Request) -> Response:
        """How far everybody can use the console."""
        signed = await run_in_threadpool(self._signed, request)
        return self._shown(Page("accessibility.html"), signed)

    # --- desks

    def _served(self, desk: Desk, screen: Screen) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if request.method == "HEAD":  # which programs send by themselves; to open is a deed
                raise HTTPException(405)
            try:
                body = await self._brought(request, screen) if request.method == "POST" else None
            except Exception as error:  # noqa: BLE001 - whatever it is, people are told
                return await run_in_threadpool(self._failed, error, None)
            async with self.hands:
                return await run_in_threadpool(self._at, request, desk, screen, body)

        return endpoint

    def _streamed(self, desk: Desk, screen: Screen) -> Callable[[Request], Awaitable[Response]]:
        """What tells an open screen that something changed, and says not what."""

        async def endpoint(request: Request) -> Response:
            if request.method == "HEAD":
                raise HTTPException(405)
            try:
                concern = await run_in_threadpool(self._concern, request, desk, screen)
            except Exception as error:  # noqa: BLE001 - whatever it is, people are told
                return await run_in_threadpool(self._failed, error, None, desk)
            if concern is None:
                return self._error(_ENDED, None)
            if self.live.is_full(_host(request), self.hub.settings.http):
                return self._error(_FULL, None)
            kind = "text/event-stream"
            return StreamingResponse(self._events(request, concern), 200, HEADERS, kind)

        return endpoint

    def _concern(self, request: Request, desk: Desk, screen: Screen) -> str | None:
        """What is told to somebody who may open the screen; None: they have not signed in."""
        signed = self._signed(request, used=False)
        if signed is None:
            return None
        self._let_in(desk, screen, signed.asker)
        if screen.hears in (Hears.REFERRAL, Hears.WRITING):
            return about(request.path_params["referral_id"])
        return of(signed.asker.agency or "") if screen.hears is Hears.OWN else ANYTHING

    async def _events(self, request: Request, concern: str) -> AsyncIterator[str]:
        async def still() -> bool:
            return await run_in_threadpool(self._signed, request, used=False) is not None

        last = request.headers.get("last-event-id") or request.query_params.get("after", "")
        after = int(last) if last.isascii() and last.isdecimal() and len(last) < 19 else 0
        with self.live.counted(_host(request)):
            events = self.live.events(self.hub.database, concern, after=after, still=still)
            async for event in events:
                yield event

    async def _brought(self, request: Request, screen: Screen) -> bytes:
        """What somebody sends who is known here. However slowly it comes, others are served."""
        if await run_in_threadpool(self._signed, request) is None:
            raise Stale
        return await read_body(request, files=screen.uploads)

    def _at(self, request: Request, desk: Desk, screen: Screen, body: bytes | None) -> Response:
        """What a screen answers, in words that people understand whatever happens."""
        signed, form = None, None
        try:
            form = None if body is None else form_in(request, body)
            signed = self._signed(request)
            if signed is None and form is None:
                itself = BY_ITSELF in request.headers
                return self._error(_ENDED, None) if itself else _see(f"{AT}/sign-in")
            if signed is None:
                raise Stale
            self._let_in(desk, screen, signed.asker)
            visit = self._visit(request, desk, signed, form or Form())
            if form is None:
                return self._told(_opened(screen, visit, request), signed, visit)
            _check(request, form, signed)
            assert screen.takes is not None
            return self._told(screen.takes(visit), signed, visit)
        except Exception as error:  # noqa: BLE001 - whatever it is, people are told in words
            if form is not None and signed and isinstance(error, NotThere) and error.happened:
                return self._overtaken(error.happened, signed, form)
            if form is not None and self._may_keep(error, request):
                return self._again(error, signed, form)
            return self._failed(error, signed, desk)

    def _visit(self, request: Request, desk: Desk, signed: _Signed, form: Form) -> Visit:
        place, query = request.path_params, request.query_params
        return Visit(
            self.hub,
            self.routes,
            signed.asker,
            desk,
            place=place,
            query=query,
            form=form,
            health=self.health or Health(self.hub),
        )

    @staticmethod
    def _may_keep(error: Exception, request: Request) -> bool:
        """Whether a form is shown again that was not taken. Of an older session only one of the
        hub's own pages is, as it then gets the token of whoever is there now.
        """
        if isinstance(error, NotRecent):
            return True
        ours = request.headers.get("origin", "").endswith(f"//{request.headers.get('host')}")
        shows = ours or request.headers.get("sec-fetch-site") == "same-origin"
        return isinstance(error, Stale) and not isinstance(error, Elsewhere) and shows

    def _again(self, error: Exception, signed: _Signed | None, form: Form) -> Response:
        """Why nothing was sent, with all that was written, until they have signed in again."""
        said = told(error)
        kept = {name: all_ for name, all_ in form.fields.items() if name not in _OF_ONE_TIME}
        return self._shown(Page("again.html", {"told": said, "kept": kept}, said.status), signed)

    def _overtaken(self, happened: str, signed: _Signed, form: Form) -> Response:
        """Who was first, with the words of whoever was second: they are in no other place."""
        names = (one for one in form.fields if one not in _OF_ONE_TIME | {"seen", "saw", "count"})
        kept = {name: text for name in names if (text := ", ".join(form.all(name)))}
        return self._shown(
            Page("overtaken.html", {"happened": happened, "kept": kept}, 409), signed
        )

    def _let_in(self, desk: Desk, screen: Screen, asker: Asker) -> None:
        """Raise :class:`Denied`, which is recorded, unless roles, their agency and the rules let
        somebody in.
        """
        answer = Answer(Verdict.DENY, None)
        if desk.lets(asker, screen, lead=self.hub.settings.lead_agency):
            item = Kept(asker.agency) if desk.own else OF_THE_HUB
            answer = may(self.hub, asker, act=desk.act, resource=desk.resource, item=item)
        if answer.verdict is Verdict.ALLOW:
            return
        with self.hub.database.transaction() as transaction:
            denied(
                self.hub,
                transaction,
                cursor=cursors.lock(transaction, OPERATIONS),
                asker=asker,
                act=desk.act,
                resource=desk.resource,
                wanted=UNKNOWN,
                by=answer,
            )
        raise Denied(asker, answer)

    def _told(self, answer: Page | Go | File, signed: _Signed, visit: Visit) -> Response:
        if isinstance(answer, File):
            name = {"Content-Disposition": f'attachment; filename="{answer.name}"'}
            return Response(answer.body, headers={**HEADERS, **name}, media_type=answer.kind)
        if isinstance(answer, Go):
            done = f"?{urlencode({'done': answer.done})}" if answer.done else ""
            return _see(f"{AT}/{answer.to}{done}")
        said = visit.desk.done.get(visit.query.get("done", ""))
        return self._shown(answer, signed, desk=visit.desk, done=said)

    def _failed(
        self, error: Exception, signed: _Signed | None, desk: Desk | None = None
    ) -> Response:
        said = told(error)
        if said.status >= 500:
            # Its words, and the lines that raised it, may hold what stands in a case.
            log.error("console.failed", error=type(error).__name__, part=desk and desk.code)
        return self._error(said, signed)

    async def _lost(self, request: Request, error: Exception) -> Response:
        """An address that there is not."""
        signed = await run_in_threadpool(self._signed, request)
        assert isinstance(error, HTTPException)
        said = NOT_THERE if error.status_code == 404 else told(error)
        return self._error(Told(error.status_code, said.heading, said.says), signed)

    def _error(self, said: Told, signed: _Signed | None) -> Response:
        return self._shown(Page("error.html", {"told": said}, said.status), signed)

    def drawn(self, desk: Desk, screen: Screen) -> None:
        """A list as nobody sees it: what it takes is there for the first who opens it."""
        nobody = Asker(who="", agency=self.hub.settings.lead_agency, roles=frozenset(Role))
        visit = Visit(self.hub, self.routes, nobody, desk, health=self.health or Health(self.hub))
        page = screen.shows(visit)
        if isinstance(page, Page):
            self._shown(page, None, desk=desk)

    # --- what every answer has

    def _shown(
        self,
        page: Page,
        signed: _Signed | None,
        *,
        desk: Desk | None = None,
        done: str | None = None,
    ) -> Response:
        asker = signed.asker if signed else None
        values: dict[str, Any] = {
            "desk": desk,
            "done": done,
            "asker": asker,
            "lead": self.hub.settings.agencies[self.hub.settings.lead_agency],
            "agency": asker and self.hub.settings.agencies.get(asker.agency or ""),
            "desks": self._desks_of(asker) if asker else (),
            "form_token": lambda: _hidden(signed),
            "lasts": signed,
            "script": page.script,
            "let_wait": self._let_wait() if desk and desk.says_what_waits else (),
        }
        body = render(page.template, {**values, **page.values})
        headers = WITH_SCRIPTS if signed else HEADERS
        return Response(body, page.status, headers, media_type="text/html")

    def _let_wait(self) -> Sequence[Row]:
        """What somebody lets wait now, in words."""
        return [{**one, "says": paused_in_words(one)} for one in paused(self.hub)]

    def _desks_of(self, asker: Asker) -> Sequence[dict[str, str]]:
        lead = self.hub.settings.lead_agency
        each = ((desk, desk.opens_at(asker, lead=lead)) for desk in self.desks)
        return [
            {"code": desk.code, "name": desk.name, "at": f"{AT}/{desk.code}/{path}".rstrip("/")}
            for desk, path in each
            if path is not None
        ]

    def _signed(self, request: Request, *, used: bool = True) -> _Signed | None:
        """Who has signed in; ``used``: whether they did something, unless their page did."""
        token = request.cookies.get(SESSION)
        used = used and BY_ITSELF not in request.headers
        session = self._sessions.find(token, used=used) if token else None
        known = session and as_of_now(self.hub, session)
        until = self._sessions.until(token) if token else None
        if not token or session is None or known is None or until is None:
            return None
        asker = of_known(self.hub, known)
        return _Signed(token, asker, until, session.ends_at) if asker.agency else None

    def _end(self, request: Request) -> None:
        token = request.cookies.get(SESSION)
        if token and (session := self._sessions.find(token)):
            self._sessions.end(token)
            attempts.signed_out(self.hub, token, session=session)

    @property
    def _sessions(self) -> Sessions:
        return sessions_of(self.hub.settings, self.hub.folder)


def _hidden(signed: _Signed | None) -> Markup:
    """What every form brings: whose it is, and by what it is known when it is sent twice."""
    field = Markup('<input type="hidden" name="{}" value="{}">')
    token = signed.form_token if signed else ""
    return field.format(TOKEN, token) + field.format(ONCE, secrets.token_hex(16))


def _check(request: Request, form: Form, signed: _Signed) -> None:
    """Raise :class:`Stale` unless a page of this session sent the form."""
    origin = request.headers.get("origin")
    here = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    same = request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    if not (here and same):
        raise Elsewhere
    if not hmac.compare_digest(form.one(TOKEN).encode(), signed.form_token.encode()):
        raise Stale


def _opened(screen: Screen, visit: Visit, request: Request) -> Page | Go | File:
    """What a screen shows; with where it is told of what is new, if it is told."""
    if screen.hears is None:
        return screen.shows(visit)
    after = position(visit.hub.database)
    page = screen.shows(visit)
    if not isinstance(page, Page):
        return page
    query = urlencode([one for one in request.query_params.multi_items() if one[0] != "done"])
    live = {
        "stream": f"{AT}/live{request.url.path.removeprefix(AT)}?after={after}",
        "here": f"{request.url.path}?{query}".rstrip("?"),
        "renews": screen.hears not in (Hears.REFERRAL, Hears.WRITING),
        "writing": screen.hears is Hears.WRITING,
    }
    return replace(page, values={**page.values, "live": live})


def _host(request: Request) -> str:
    return request.client.host if request.client else ""


def _see(address: str) -> Response:
    return RedirectResponse(address, 303, HEADERS)


async def _static(request: Request) -> Response:
    """A file that is the same for everybody."""
    found = statics().get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return Response(found.body, headers=_KEPT, media_type=found.kind)

"""Signing in to the desks with a browser, at the provider of ``[identity]``."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.wrong_tokens import WrongTokens
from ops.access import attempts
from ops.access.acting import Asker, of_known
from ops.access.doors import NOBODY, Doors
from ops.access.loopback import PATH
from ops.access.openid import Asked, provider_of
from ops.access.passkeys import party_of
from ops.access.proving import CannotSignIn, as_of_now
from ops.access.sessions import Known, Sessions, now, sessions_of
from ops.run.wiring import Hub
from schemas.access import Proof

SESSION: Final = "__Host-mash-session"
ASKED: Final = "__Host-mash-sign-in"
_MOST: Final = 1000
"""People who are at the provider's pages at a time."""
_HANDS: Final = 4
"""People with whom the provider is waited for at a time: a silent one must not stop the intake."""
_BUSY: Final = "Many are signing in just now: try again in a minute."
_PATIENCE: Final = dt.timedelta(minutes=10)
COOKIE: Final[Mapping[str, Any]] = {
    "path": "/",
    "secure": True,
    "httponly": True,
    "samesite": "lax",
}


@dataclass(frozen=True, slots=True, repr=False)
class SignIn:
    """Who has signed in to a hub's desks, and the addresses at which they do."""

    hub: Hub
    environment: Mapping[str, str]
    wrong: WrongTokens
    """Answers that are none are as slow as wrong tokens."""
    asked: OrderedDict[str, Asked] = field(default_factory=OrderedDict)
    hands: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_HANDS))
    """Of the threads in which notifications are taken too."""

    @property
    def offered(self) -> bool:
        """Whether anybody can."""
        return self.has_provider or self.has_passkeys

    @property
    def has_provider(self) -> bool:
        """Whether people sign in at one."""
        terms = self.hub.settings.identity
        return terms.issuer is not None and terms.url is not None

    @property
    def has_passkeys(self) -> bool:
        """Whether people of ``[[people]]`` sign in with passkeys."""
        return party_of(self.hub.settings) is not None

    def routes(self) -> Sequence[BaseRoute]:
        """Those of a provider; none where there is none."""
        if not self.has_provider:
            return ()
        return [
            Route("/sign-in", self.begin, methods=["GET"], include_in_schema=False),
            Route(PATH, self.back, methods=["GET"], include_in_schema=False),
            Route("/sign-out", self.end, methods=["POST"], include_in_schema=False),
        ]

    def may_show(self, request: Request) -> bool:
        """Whether the access rules let whoever asks see how the hub is."""
        return Doors(self.hub).shows_health(self.asker(request))

    def asker(self, request: Request) -> Asker:
        """Who asks: nobody, where they have not signed in."""
        known = self.known(request)
        return NOBODY if known is None else of_known(self.hub, known)

    def person(self, request: Request) -> dict[str, object]:
        """Who has signed in, for the page."""
        asker = self.asker(request)
        told: dict[str, object] = {"offered": self.offered, "passkeys": self.has_passkeys}
        if asker.who is not None:
            told |= {"who": asker.who, "agency": asker.agency, "roles": sorted(asker.roles)}
        return told

    async def begin(self, request: Request) -> Response:
        """Send a browser to the provider."""
        to_decide = request.query_params.get("to_decide") == "1"
        if self.hands.locked():
            return PlainTextResponse(_BUSY, 503)
        try:
            async with self.hands:
                provider = await run_in_threadpool(provider_of, self.hub.settings, self.environment)
        except CannotSignIn as error:
            return PlainTextResponse(str(error), 503)
        asked = provider.ask(f"{self._url}{PATH}", to_decide=to_decide)
        self.asked[asked.state] = asked
        while len(self.asked) > _MOST:
            self.asked.popitem(last=False)
        answer = RedirectResponse(asked.url, 303)
        answer.set_cookie(ASKED, asked.state, max_age=int(_PATIENCE.total_seconds()), **COOKIE)
        return answer

    async def back(self, request: Request) -> Response:
        """Take a browser back with what the provider answered, if it is the one that was sent."""
        if self.hands.locked():
            return PlainTextResponse(_BUSY, 503)
        asked = self._asked(request)
        try:
            if asked is None:
                raise CannotSignIn("you were not asked to sign in, or too long ago", "not_asked")
            async with self.hands:
                return await run_in_threadpool(self._taken, request, asked)
        except CannotSignIn as error:
            # First slowed, then recorded: what comes in masses would fill the record.
            if not await self.wrong.slow(request.client.host if request.client else ""):
                return PlainTextResponse("Too many answers that are none come just now.", 429)
            if asked is not None:
                await run_in_threadpool(self._refused, error.reason)
            return PlainTextResponse(str(error), 403)

    def end(self, request: Request) -> Response:
        """End the session."""
        self.ended(request)
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(SESSION, **COOKIE)
        return answer

    def _taken(self, request: Request, asked: Asked) -> Response:
        provider = provider_of(self.hub.settings, self.environment)
        known = provider.answered(asked, dict(request.query_params))
        self.ended(request)
        token, session = self.sessions.begin(known)
        attempts.signed_in(self.hub, token, session=session)
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(ASKED, **COOKIE)
        answer.set_cookie(SESSION, token, **COOKIE)
        return answer

    def _refused(self, reason: str) -> None:
        attempts.refused(self.hub, None, proof=Proof.OPENID, reason=reason, here=False)

    def _asked(self, request: Request) -> Asked | None:
        """What this browser was sent with, once and in time."""
        state = request.query_params.get("state", "")
        if not state or request.cookies.get(ASKED) != state:
            return None
        asked = self.asked.pop(state, None)
        return asked if asked is not None and now() - asked.at < _PATIENCE else None

    def known(self, request: Request) -> Known | None:
        """Who has signed in, as they are now."""
        token = request.cookies.get(SESSION)
        # The page asks again and again by itself: to open it is to use the session.
        used = request.url.path != "/v1/status"
        session = self.sessions.find(token, used=used) if token else None
        return session and as_of_now(self.hub, session)

    def ended(self, request: Request) -> None:
        """End the session that a browser has, if it has one."""
        token = request.cookies.get(SESSION)
        if token and (session := self.sessions.find(token)):
            self.sessions.end(token)
            attempts.signed_out(self.hub, token, session=session)

    @property
    def sessions(self) -> Sessions:
        """All sessions of this hub."""
        return sessions_of(self.hub.settings, self.hub.folder)

    @property
    def _url(self) -> str:
        return str(self.hub.settings.identity.url).rstrip("/")

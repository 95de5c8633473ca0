"""The HTTP connector: agencies post their events, and fetch what the hub has for them.

Nothing is answered with 2xx before the intake has recorded it. Errors are RFC 9457 problems and
repeat no content.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import structlog
from pydantic import Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.events.attributes import Attributes, of_http
from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.formats.media import BATCH, media_type
from connectors.http_connections import PEER
from connectors.port import Access, AgencyRoute, Routes
from connectors.problems import HANDLERS, RETRY_AFTER_SECONDS, problem
from connectors.sealing import for_http, key_of
from connectors.wrong_tokens import WrongTokens
from schemas.base import Identity, Shape
from schemas.notification import Receipt, ReceiptStatus
from schemas.sealed import NoKeyNow
from stores.ports import EdgeQueues, Intake, Leased

LONGEST_WAIT = 20.0
"""Seconds that a fetch may wait for something to come."""
LEASE_SECONDS = 60.0
"""How long fetched letters are held for their agency; after that they can be fetched again."""
MOST_LETTERS = 100
MOST_HANDS = 4
"""Bodies of one agency that are read at a time, of the 40 that the web server has threads for."""
MANY = 10_000
"""Bytes of a body from which it holds more than one message, and can wait for a moment."""
HEARD_OUT = 10
"""Bodies up to so many times too large are read to their end, and dropped.

A sender that is cut off sees a broken connection, and never the answer that says why.
"""

log = structlog.get_logger()


class Acknowledgement(Shape):
    """What an agency posts once it has the letters safe."""

    ids: Annotated[tuple[Identity, ...], Field(max_length=1000)]


def create_app(
    routes: Routes,
    *,
    intake: Intake,
    queues: EdgeQueues,
    access: Access,
    largest_body: int = 2_000_000,
    status: Callable[[], Mapping[str, object]] = lambda: {"status": "ok"},
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    extra_routes: Sequence[BaseRoute] = (),
    wrong_tokens: WrongTokens | None = None,
    lets_pass: Callable[[], None] = lambda: None,
) -> Starlette:
    """The application.

    ``status`` is what ``/healthz`` answers to anybody; ``extra_routes`` are the monitor's;
    ``lets_pass`` waits for what is more urgent than a body of many messages.
    """
    slowed = wrong_tokens or WrongTokens()
    own = _Endpoints(routes, intake, queues, access, largest_body, status, clock, slowed, lets_pass)
    return Starlette(
        routes=[
            Route("/v1/events", own.events, methods=["POST"]),
            Route("/v1/inbox", own.inbox, methods=["GET"]),
            Route("/v1/inbox/acknowledge", own.acknowledge, methods=["POST"]),
            Route("/healthz", own.health, methods=["GET"]),
            *extra_routes,
        ],
        middleware=[Middleware(_Guarded)],
        exception_handlers=HANDLERS,
    )


@dataclass(frozen=True, slots=True)
class _Endpoints:
    routes: Routes
    intake: Intake
    queues: EdgeQueues
    access: Access
    largest_body: int
    status: Callable[[], Mapping[str, object]]
    clock: Callable[[], dt.datetime]
    wrong_tokens: WrongTokens
    lets_pass: Callable[[], None]
    hands: Mapping[str, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(MOST_HANDS))
    )
    """By agency: whoever sends all that it has at once leaves room for everybody else's Red."""

    async def events(self, request: Request) -> Response:
        """Take a structured event, a batch or a binary event; answer a receipt for each message."""
        route = await self._agency(request)
        body = await self._body(request)
        content_type = request.headers.get("content-type", "")
        async with self.hands[route.code]:
            receipts = await run_in_threadpool(
                self._take,
                Door(route, "http", self.clock()),
                body,
                content_type=content_type,
                attributes=of_http(request.headers.items()),
                traceparent=request.headers.get("traceparent"),
            )
        told = [receipt.model_dump(mode="json", exclude_none=True) for receipt in receipts]
        single = len(told) == 1 and media_type(content_type).name != BATCH
        return JSONResponse(told[0] if single else told, _status(receipts))

    async def inbox(self, request: Request) -> Response:
        """Lease the agency's oldest letters, as a batch; it waits up to ``wait`` s for one. Where
        the agency registered a key they are sealed to it.
        """
        route, at = await self._fetching(request), self.clock()
        _require_key(route, at)
        limit = int(_number(request, "limit", default=20, most=MOST_LETTERS))
        wait = _number(request, "wait", default=0, most=LONGEST_WAIT)
        letters = await self._lease(route.code, limit=max(1, limit), wait=wait)
        sealed = await run_in_threadpool(_sealed, route, letters, at=at)
        return Response(b"[" + b",".join(sealed) + b"]", media_type=BATCH)

    async def acknowledge(self, request: Request) -> Response:
        """Delete letters of the agency's own that it has safe."""
        route = await self._fetching(request)
        try:
            asked = Acknowledgement.model_validate_json(await self._body(request))
        except ValidationError:
            raise problem(
                400, 'Send {"ids": [...]} with the ids of letters that arrived.'
            ) from None
        count = await run_in_threadpool(self.queues.acknowledge, route.code, asked.ids)
        return JSONResponse({"acknowledged": count})

    async def health(self, _: Request) -> Response:
        """Whether the hub is up."""
        return JSONResponse(dict(await run_in_threadpool(self.status)))

    async def _agency(self, request: Request) -> AgencyRoute:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        is_token = scheme.lower() == "bearer"
        shown = request.scope.get("state", {}).get(PEER)
        route = self.routes.with_token(token.strip(), self.clock()) if is_token else None
        if not token and shown is not None:
            route = self.routes.with_certificate(shown, self.clock())
        if route is None:
            if token and not await self.wrong_tokens.slow(_host(request)):
                wait = {"Retry-After": str(RETRY_AFTER_SECONDS)}
                raise problem(429, "Too many wrong tokens come just now.", headers=wait)
            raise problem(401)
        return route

    async def _fetching(self, request: Request) -> AgencyRoute:
        """An agency that may have its letters."""
        route = await self._agency(request)
        if not self.access.may_fetch(route.code):
            await run_in_threadpool(self.access.refused, route.code)
            raise problem(403)
        return route

    async def _body(self, request: Request) -> bytes:
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            detail = "Send the body as it is, without a Content-Encoding."
            raise problem(415, detail, headers={"Accept-Encoding": "identity"})
        body, size = bytearray(), 0
        async for chunk in request.stream():
            size += len(chunk)
            if size <= self.largest_body:
                body += chunk
            elif size > HEARD_OUT * self.largest_body:
                break
        if size > self.largest_body:
            detail = f"The hub takes at most {self.largest_body} bytes at a time."
            raise problem(413, detail, headers={"Connection": "close"})
        return bytes(body)

    def _take(
        self,
        door: Door,
        body: bytes,
        *,
        content_type: str,
        attributes: Attributes,
        traceparent: str | None,
    ) -> list[Receipt]:
        if len(body) > MANY:
            self.lets_pass()
        arrivals = parse(door, body, content_type=content_type, attributes=attributes)
        if traceparent:
            arrivals = [replace(one, traceparent=traceparent) for one in arrivals]
        receipts = self.intake.take(arrivals)
        log.info("received", agency=door.route.code, connector="http", count=len(arrivals))
        return receipts

    async def _lease(self, agency: str, *, limit: int, wait: float) -> list[Leased]:
        """Look again and again, ever less often, until something is there or the time is up."""
        until, pause = time.monotonic() + wait, 0.05
        while True:
            letters = await run_in_threadpool(
                self.queues.lease, agency, limit=limit, seconds=LEASE_SECONDS
            )
            left = until - time.monotonic()
            if letters or left <= 0:
                return letters
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, 0.5)


def _require_key(route: AgencyRoute, at: dt.datetime) -> None:
    """Before anything is leased: a letter that is to go sealed waits until there is a key."""
    try:
        key_of(route.settings, at)
    except NoKeyNow:
        raise problem(503, "None of your encryption keys is in force: register the next.") from None


def _sealed(route: AgencyRoute, letters: Sequence[Leased], *, at: dt.datetime) -> list[bytes]:
    return [for_http(route.settings, one.body, letter_id=one.id, at=at) for one in letters]


def _host(request: Request) -> str:
    return request.client.host if request.client else ""


def _status(receipts: Sequence[Receipt]) -> int:
    """202 if anything is new, 422 if all that came was rejected, else 200: it came before."""
    statuses = {receipt.status for receipt in receipts}
    if ReceiptStatus.ACCEPTED in statuses:
        return 202
    return 422 if statuses == {ReceiptStatus.REJECTED} else 200


def _number(request: Request, name: str, *, default: float, most: float) -> float:
    try:
        value = float(request.query_params.get(name, default))
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise problem(400, f"{name} is a number from 0 to {most:g}.")
    return value


_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
"""What keeps answers out of caches and frames, where a route has not set its own."""


class _Guarded:
    """Adds the ``_HEADERS`` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)

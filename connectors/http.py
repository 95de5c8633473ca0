"""The HTTP connector: agencies post their events and fetch what the hub has for them, each with a
token of its own.

Nothing is answered with 2xx before the intake has recorded it. Errors are RFC 9457 problems and
repeat no content.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote

import structlog
from pydantic import Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.events.envelope import parse
from connectors.formats.media import BATCH, media_type
from connectors.port import AgencyRoute, Routes
from schemas.base import Identity, Shape
from schemas.notification import Receipt, ReceiptStatus
from stores.database import Unstorable
from stores.ports import EdgeQueues, Intake, Leased, Unavailable

LONGEST_WAIT = 20.0
"""Seconds that a fetch may wait for something to come."""
LEASE_SECONDS = 60.0
"""How long fetched letters are held for their agency; not acknowledged by then, they can be fetched
again.
"""
MOST_LETTERS = 100
HEARD_OUT = 10
"""Bodies up to so many times too large are read to their end, and dropped: a sender cut off in the
middle of its sending sees a broken connection, and never the answer that says why.
"""
RETRY_AFTER_SECONDS = 5

log = structlog.get_logger()


class Acknowledgement(Shape):
    """What an agency posts once it has the letters safe."""

    ids: Annotated[tuple[Identity, ...], Field(max_length=1000)]


class _Problem(Exception):
    """The request is answered with this status, and no more is done."""

    def __init__(self, status: int, title: str, **headers: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def create_app(
    routes: Routes,
    intake: Intake,
    queues: EdgeQueues,
    *,
    largest_body: int = 2_000_000,
    status: Callable[[], Mapping[str, object]] = lambda: {"status": "ok"},
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    extra_routes: Sequence[BaseRoute] = (),
) -> Starlette:
    """The application. ``status`` is what ``/healthz`` answers to anybody; ``extra_routes`` are the
    monitor's.
    """
    desk = _Endpoints(routes, intake, queues, largest_body, status, clock)
    own = [
        Route("/v1/events", desk.events, methods=["POST"]),
        Route("/v1/inbox", desk.inbox, methods=["GET"]),
        Route("/v1/inbox/acknowledge", desk.acknowledge, methods=["POST"]),
        Route("/healthz", desk.health, methods=["GET"]),
    ]
    return Starlette(
        routes=[*own, *extra_routes],
        middleware=[Middleware(_Guarded)],
        exception_handlers={
            _Problem: _answer_problem,
            Unavailable: _unavailable,
            Unstorable: _unstorable,
            ClientDisconnect: _gone,
        },
    )


@dataclass(frozen=True, slots=True)
class _Endpoints:
    routes: Routes
    intake: Intake
    queues: EdgeQueues
    largest_body: int
    status: Callable[[], Mapping[str, object]]
    clock: Callable[[], dt.datetime]

    async def events(self, request: Request) -> Response:
        """Take a structured event, a batch or a binary event; answer a receipt for each message in
        it.
        """
        route = self._agency(request)
        body = await self._body(request)
        content_type = request.headers.get("content-type", "")
        headers = {name: unquote(value) for name, value in request.headers.items()}
        receipts = await run_in_threadpool(self._take, route, content_type, headers, body)
        single = len(receipts) == 1 and media_type(content_type).name != BATCH
        return JSONResponse(
            receipts[0] if single else receipts,
            status_code=_status([str(receipt["status"]) for receipt in receipts]),
        )

    async def inbox(self, request: Request) -> Response:
        """Lease the agency's oldest letters: a CloudEvents batch, empty if none came within
        ``wait`` seconds.
        """
        route = self._agency(request)
        limit = int(_number(request, "limit", default=20, most=MOST_LETTERS))
        wait = _number(request, "wait", default=0, most=LONGEST_WAIT)
        letters = await self._lease(route, max(1, limit), wait)
        return Response(
            b"[" + b",".join(letter.body for letter in letters) + b"]", media_type=BATCH
        )

    async def acknowledge(self, request: Request) -> Response:
        """Delete letters of the agency's own that it has safe."""
        route = self._agency(request)
        try:
            asked = Acknowledgement.model_validate_json(await self._body(request))
        except ValidationError:
            raise _Problem(
                400, 'Send {"ids": [...]} with the ids of letters that arrived.'
            ) from None
        count = await run_in_threadpool(self.queues.acknowledge, route.code, asked.ids)
        return JSONResponse({"acknowledged": count})

    async def health(self, _: Request) -> Response:
        """Whether the hub is up."""
        return JSONResponse(dict(await run_in_threadpool(self.status)))

    def _agency(self, request: Request) -> AgencyRoute:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        route = self.routes.with_token(token.strip()) if scheme.lower() == "bearer" else None
        if route is None:
            raise _Problem(
                401, "Send the agency's token as a bearer token.", WWW_Authenticate="Bearer"
            )
        return route

    async def _body(self, request: Request) -> bytes:
        body, size = bytearray(), 0
        async for chunk in request.stream():
            size += len(chunk)
            if size <= self.largest_body:
                body += chunk
            elif size > HEARD_OUT * self.largest_body:
                break
        if size > self.largest_body:
            raise _Problem(
                413,
                f"The hub takes at most {self.largest_body} bytes at a time.",
                Connection="close",
            )
        return bytes(body)

    def _take(
        self, route: AgencyRoute, content_type: str, headers: Mapping[str, str], body: bytes
    ) -> list[dict[str, object]]:
        arrivals = parse(route, content_type, headers, body, connector="http", now=self.clock())
        receipts = self.intake.take(arrivals)
        log.info("received", agency=route.code, connector="http", count=len(arrivals))
        return [_plain(receipt) for receipt in receipts]

    async def _lease(self, route: AgencyRoute, limit: int, wait: float) -> list[Leased]:
        """Look again and again, ever less often, until something is there or the time is up."""
        until, pause = time.monotonic() + wait, 0.05
        while True:
            letters = await run_in_threadpool(self._lease_now, route.code, limit)
            left = until - time.monotonic()
            if letters or left <= 0:
                return letters
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, 0.5)

    def _lease_now(self, agency: str, limit: int) -> list[Leased]:
        return self.queues.lease(agency, limit=limit, seconds=LEASE_SECONDS)


def _plain(receipt: Receipt) -> dict[str, object]:
    return receipt.model_dump(mode="json", exclude_none=True)


def _status(statuses: Sequence[str]) -> int:
    """202 if anything is new, 200 if all of the rest came before, 422 if all were rejected."""
    if ReceiptStatus.ACCEPTED in statuses:
        return 202
    return 200 if ReceiptStatus.DUPLICATE in statuses else 422


def _number(request: Request, name: str, *, default: float, most: float) -> float:
    try:
        value = float(request.query_params.get(name, default))
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise _Problem(400, f"{name} is a number from 0 to {most:g}.")
    return value


def _problem(status: int, title: str, headers: Mapping[str, str]) -> Response:
    body = json.dumps({"type": "about:blank", "status": status, "title": title})
    return Response(
        body, status_code=status, headers=dict(headers), media_type="application/problem+json"
    )


async def _answer_problem(_: Request, problem: Exception) -> Response:
    if not isinstance(problem, _Problem):
        raise problem
    return _problem(problem.status, problem.title, problem.headers)


async def _unavailable(_: Request, __: Exception) -> Response:
    log.warning("store.unavailable", connector="http")
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return _problem(
        503, "The hub cannot record anything just now; send the same again later.", headers
    )


async def _unstorable(_: Request, __: Exception) -> Response:
    return _problem(400, "The request holds characters that nothing can be called by.", {})


async def _gone(_: Request, __: Exception) -> Response:
    return _problem(400, "The request ended early.", {})


class _Guarded:
    """Adds the headers that keep answers out of caches and frames, where a route has not set its
    own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return self._app(scope, receive, _guarding(send) if scope["type"] == "http" else send)


_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


def _guarding(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return guarded

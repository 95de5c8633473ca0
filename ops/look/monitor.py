"""The monitor: a page that shows how the hub is, and its JSON, both without personal data."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ops.look.status import Row, Status, as_json
from stores.ports import Unavailable

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def monitor_routes(
    collect: Callable[[], Status],
    *,
    may_show: Callable[[Request], bool],
    person: Callable[[Request], Row] = lambda _: {},
    connections: Callable[[], Row] = dict,
) -> list[BaseRoute]:
    """``GET /`` and ``/monitor``: the page. ``GET /v1/status``: JSON, 503 without the store.

    ``connections``: what the web server itself counts. ``may_show``: whether the access rules let
    whoever asks see how the hub is; 403 where they do not. ``person``: who has signed in, and
    whether anybody can.
    """
    page = (files("ops.look") / "monitor.html").read_text(encoding="utf-8")

    def show(request: Request) -> Response:
        person(request)  # whoever opens the page is there still
        return HTMLResponse(page, headers=_HEADERS)

    async def status(request: Request) -> Response:
        signed = {"person": dict(await run_in_threadpool(person, request))}
        if not await run_in_threadpool(may_show, request):
            denied = {"trouble": ["the access rules do not let you see this"]}
            return JSONResponse(denied | signed, status_code=403, headers=_HEADERS)
        try:
            looked = await run_in_threadpool(collect)
        except Unavailable:
            return JSONResponse(
                {"trouble": ["the store cannot be reached"]}, status_code=503, headers=_HEADERS
            )
        told = as_json(looked) | {"connections": dict(connections())} | signed
        return JSONResponse(told, headers=_HEADERS)

    pages = {"/": show, "/monitor": show, "/v1/status": status}
    return [Route(path, page, include_in_schema=False) for path, page in pages.items()]

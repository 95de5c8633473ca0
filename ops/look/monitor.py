"""How the hub is, as JSON without personal data; and where people find the desks."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from ops.look.needs import as_json
from ops.look.status import Row, Status
from stores.ports import Unavailable

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
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
    """``GET /`` leads to the desks, ``/monitor`` to that of operations. ``GET /v1/status``: JSON,
    503 without the store.

    ``connections``: what the web server itself counts. ``may_show``: whether the access rules let
    whoever asks see how the hub is; 403 where they do not. ``person``: who has signed in, and
    whether anybody can.
    """

    def to_desks(request: Request) -> Response:
        person(request)  # whoever opens it is there still
        desk = "operations" if request.url.path == "/monitor" else ""
        return RedirectResponse(f"/desk/{desk}", 303, _HEADERS)

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

    pages = {"/": to_desks, "/monitor": to_desks, "/v1/status": status}
    return [Route(path, page, include_in_schema=False) for path, page in pages.items()]

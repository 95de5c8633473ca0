"""Where both descriptions and their page are served, to anybody: they tell nothing of anyone."""

from __future__ import annotations

import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ops.look.api import asyncapi, openapi
from ops.look.api.page import page

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)


def description_routes(*, largest_body: int) -> list[BaseRoute]:
    """``GET /openapi.json``, ``/asyncapi.json`` and ``/docs``; made when first asked for."""

    def described(request: Request) -> dict[str, object]:
        return openapi.describe(request.app.routes, largest_body=largest_body)

    def show_openapi(request: Request) -> Response:
        """Describe the web addresses: OpenAPI 3.1."""
        return _json(described(request))

    def show_asyncapi(_: Request) -> Response:
        """Describe the queues: AsyncAPI 3."""
        return _json(asyncapi.describe())

    def show_page(request: Request) -> Response:
        """Tell people of both: a page."""
        body = page(described(request), asyncapi.describe())
        headers = {"Content-Security-Policy": _POLICY}
        return Response(body, headers=headers, media_type="text/html")

    return [
        _route("/openapi.json", show_openapi),
        _route("/asyncapi.json", show_asyncapi),
        _route("/docs", show_page),
    ]


def _route(path: str, show: Callable[[Request], Response]) -> Route:
    return Route(path, show, methods=["GET"])


def _json(told: object) -> Response:
    return Response(json.dumps(told, ensure_ascii=False), media_type="application/json")

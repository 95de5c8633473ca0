"""Where machines watch the hub: its metrics, and whether it is ready; no personal data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.queues import BrokerQueue
from ops.look.reading import Guarded
from ops.watch.metrics import Metrics
from ops.watch.readiness import dependencies, ready

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def watch_routes(
    hub: Guarded, queues: Sequence[BrokerQueue], *, may_show: Callable[[Request], bool]
) -> list[BaseRoute]:
    """``GET /metrics``: Prometheus' text. ``GET /readyz``: each thing that the hub stands on, 503
    while no message could be taken. ``GET /healthz/store``: whether the store can be read, and no
    more; 503 where not. ``may_show``: whether the access rules let whoever asks see how the hub is;
    403 from ``/metrics`` where they do not.
    """
    metrics = Metrics(hub, queues)

    async def show_metrics(request: Request) -> Response:
        if not await run_in_threadpool(may_show, request):
            return PlainTextResponse("the access rules do not let you see this", 403, _HEADERS)
        told = await run_in_threadpool(metrics.exposition)
        return Response(told, headers=_HEADERS | {"Content-Type": CONTENT_TYPE_LATEST})

    def show_store(_: Request) -> Response:
        (store,) = dependencies(hub, only=["store"])
        told = {"status": "ok" if store.ok else "away"}
        return JSONResponse(told, 200 if store.ok else 503, _HEADERS)

    def show_readiness(_: Request) -> Response:
        found = dependencies(hub, queues)
        all_well, taking = all(one.ok for one in found), ready(found)
        told = {
            "status": "ready" if all_well else "degraded" if taking else "not ready",
            "dependencies": [asdict(one) for one in found],
        }
        return JSONResponse(told, 200 if taking else 503, _HEADERS)

    return [
        Route("/metrics", show_metrics, include_in_schema=False),
        Route("/readyz", show_readiness, include_in_schema=False),
        Route("/healthz/store", show_store, include_in_schema=False),
    ]

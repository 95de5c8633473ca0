"""What goes wrong with a request, told as a problem (RFC 9457) that repeats nothing of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from stores.database import Unstorable
from stores.ports import Paused, Unavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
_LONGEST_WAIT = 300
"""Seconds: what goes on before its time is to be sent soon."""
_PAUSED = (
    "The hub lets what you send wait; nothing of it was taken but what may be urgent. Send again."
)

log = structlog.get_logger()


class Problem(HTTPException):
    """The request is answered with this status and what is amiss, and no more is done."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a status means to whoever sent the request."""

    detail: str
    headers: Mapping[str, str] | None = None
    """Sent with it, beside those of the problem itself."""


TOLD: Mapping[int, Told] = {
    400: Told("The request cannot be understood as it stands."),
    401: Told("Send the agency's token as a bearer token.", {"WWW-Authenticate": "Bearer"}),
    403: Told("The hub's access rules do not let this be given; ring the hub."),
    404: Told("There is nothing at this address; /docs lists what there is."),
    405: Told("This address takes other methods; the header Allow names them."),
    413: Told("The body is larger than the hub takes at a time; split it."),
    415: Told("The body is in a form that this address does not take."),
    429: Told("Too many requests; wait as long as the header Retry-After says."),
    500: Told("The hub has a fault; send the same again later."),
    503: Told(
        "The hub cannot record anything just now; send the same again later.",
        {"Retry-After": str(RETRY_AFTER_SECONDS)},
    ),
}
"""Every status that a problem has."""


def problem(
    status: int, detail: str | None = None, *, headers: Mapping[str, str] | None = None
) -> Problem:
    """A problem to raise: with words of its own, or those of ``TOLD``."""
    told = TOLD[status]
    return Problem(status, detail or told.detail, {**(told.headers or {}), **(headers or {})})


def body_of(status: int, detail: str) -> dict[str, object]:
    """The members of a problem; its type is its status and no more (RFC 9457, section 4.2.1)."""
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": detail}


def raw(status: int, detail: str) -> bytes:
    """A whole answer that ends its connection, for where no application stands."""
    body = json.dumps(body_of(status, detail)).encode()
    headers = {
        **(TOLD[status].headers or {}),
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def answer(_: Request, error: Exception) -> Response:
    """The answer to an error, wherever it was raised."""
    if isinstance(error, Unavailable) and not isinstance(error, Paused):
        log.warning("store.unavailable", connector="http")
    found = _problem_of(error)
    body = json.dumps(body_of(found.status_code, found.detail))
    return Response(body, found.status_code, found.headers, media_type=MEDIA_TYPE)


def _problem_of(error: Exception) -> HTTPException:
    match error:
        case Problem():
            return error
        case HTTPException(status_code=status):  # of the routes: 404, and 405 with its Allow
            return problem(status if status in TOLD else 400, headers=error.headers)
        case ClientDisconnect():
            return problem(400, "The request ended early.")
        case Unstorable():
            return problem(400, "The request holds characters that nothing can be called by.")
        case Paused(seconds=seconds):
            again = {"Retry-After": str(min(max(1, ceil(seconds)), _LONGEST_WAIT))}
            return problem(503, _PAUSED, headers=again)
        case Unavailable():
            return problem(503)
        case _:
            return problem(500)


HANDLERS = dict.fromkeys(
    [HTTPException, ClientDisconnect, Unstorable, Unavailable, Exception], answer
)
"""For Starlette: what answers which error; one that nobody foresaw goes on to the server's log."""

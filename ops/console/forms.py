"""How forms are read: small ones alone, and as text."""

from __future__ import annotations

from collections import defaultdict
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from ops.console.errors import Unsaid
from ops.console.screen import Form

TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
_MOST_BYTES: Final = 400_000
_MOST_FIELDS: Final = 1000
_KIND: Final = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> Form:
    """What a form brought. Raises :class:`Unsaid`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise Unsaid
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise Unsaid
    return form_of(bytes(body))


def form_of(body: bytes) -> Form:
    """The fields of a form as a browser sends it; lines end as elsewhere in the hub."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise Unsaid from None
    fields: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        fields[name].append(value.replace("\r\n", "\n"))
    return Form(fields)

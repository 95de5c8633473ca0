"""How forms are read: small ones alone, and as text."""

from __future__ import annotations

import re
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
_WITH_FILES: Final = "multipart/form-data"
_MOST_PARTS: Final = 20
_MOST_HEAD: Final = 1000
_BOUNDARY: Final = re.compile(r'boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?(?:;|$)', re.ASCII)
_NAME: Final = re.compile(rb'[; ]name="([^"\r\n]{1,100})"')


async def read_form(request: Request) -> Form:
    """What a form without files brought. Raises :class:`Unsaid`."""
    return form_of(await read_body(request))


async def read_body(request: Request, *, files: bool = False) -> bytes:
    """The bytes of a form, unread; ``files``: it may be one with files. Raises :class:`Unsaid`."""
    if _kind(request) not in ((_KIND, _WITH_FILES) if files else (_KIND,)):
        raise Unsaid
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise Unsaid
    return bytes(body)


def form_in(request: Request, body: bytes) -> Form:
    """What was brought, of either kind; it takes as long as it is, and belongs in a thread."""
    if _kind(request) == _KIND:
        return form_of(body)
    return _with_files(body, request.headers.get("content-type", ""))


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


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


def _with_files(body: bytes, sent_as: str) -> Form:
    """The fields of a form with files, which are text like all else; their names are not kept. What
    is nested in a part is its text.
    """
    told = _BOUNDARY.search(sent_as)
    if told is None:
        raise Unsaid
    mark = b"\r\n--" + told[1].encode()
    before, *parts = (b"\r\n" + body).split(mark, _MOST_PARTS + 2)
    if before or not 1 < len(parts) < _MOST_PARTS + 2 or not parts.pop().startswith(b"--"):
        raise Unsaid
    fields: defaultdict[str, list[str]] = defaultdict(list)
    for part in parts:
        head, apart, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head) if len(head) <= _MOST_HEAD else None
        if not apart or name is None:
            raise Unsaid
        try:
            fields[name[1].decode("ascii")].append(content.decode("utf-8").replace("\r\n", "\n"))
        except UnicodeDecodeError:
            raise Unsaid from None
    return Form(fields)

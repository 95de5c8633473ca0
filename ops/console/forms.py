"""How forms are read: small ones alone, and as text."""

from __future__ import annotations

from collections import defaultdict
from email.parser import BytesParser
from email.policy import HTTP
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


async def read_form(request: Request) -> Form:
    """What a form brought. Raises :class:`Unsaid`."""
    sent_as = request.headers.get("content-type", "")
    kind = sent_as.partition(";")[0].strip().lower()
    if kind not in (_KIND, _WITH_FILES):
        raise Unsaid
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise Unsaid
    return form_of(bytes(body)) if kind == _KIND else _with_files(bytes(body), sent_as)


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
    """The fields of a form with files, which are text like all else; their names are not kept."""
    if not sent_as.isascii():
        raise Unsaid
    read = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + sent_as.encode("ascii") + b"\r\n\r\n" + body
    )
    fields: defaultdict[str, list[str]] = defaultdict(list)
    for part in read.iter_parts() if read.is_multipart() else ():
        content = part.get_payload(decode=True)
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise Unsaid
        try:
            fields[name].append(content.decode("utf-8").replace("\r\n", "\n"))
        except UnicodeDecodeError:
            raise Unsaid from None
    if not fields or sum(map(len, fields.values())) > _MOST_FIELDS:
        raise Unsaid
    return Form(fields)

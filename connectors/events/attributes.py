"""CloudEvents attributes of binary mode, out of the headers of HTTP and AMQP.

What cannot be decoded stays bytes: where the hub needs that attribute, the event is refused, and
elsewhere it does no harm.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_to_bytes

Attributes = Mapping[str, str | bytes]
"""By name, in lower case."""

_HTTP_PREFIX = "ce-"
_AMQP_PREFIXES = ("cloudevents:", "cloudevents_", "ce-", "ce_")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NO_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def of_http(headers: Iterable[tuple[str, str]]) -> Attributes:
    """From ``ce-…`` headers (HTTP binding 1.0.2, section 3.1.3); names in lower case.

    One that came twice with two values is none.
    """
    found: dict[str, str | bytes] = {}
    for header, value in headers:
        if header.startswith(_HTTP_PREFIX):
            name, told = header.removeprefix(_HTTP_PREFIX), _decoded(value)
            found[name] = told if found.get(name, told) == told else value.encode()
    return found


def _decoded(value: str) -> str | bytes:
    """Unquoted, then percent-decoded once; as bytes if either does not come out even."""
    plain = _QUOTED.sub(lambda quoted: re.sub(r"\\(.)", r"\1", quoted[1]), value)
    raw = plain.encode("latin-1", "replace")
    if _QUOTED.sub("", value).count('"') or _NO_ESCAPE.search(raw):
        return raw
    return _text(unquote_to_bytes(raw))


def of_amqp(headers: Mapping[str, object]) -> Attributes:
    """From ``cloudEvents:…`` (AMQP binding 1.0.2, section 3.1.3) or ``cloudEvents_…`` headers."""
    given = {_amqp_name(header): _canonical(value) for header, value in headers.items()}
    return {name: value for name, value in given.items() if name is not None}


def _amqp_name(header: str) -> str | None:
    lower = header.lower()
    prefix = next((prefix for prefix in _AMQP_PREFIXES if lower.startswith(prefix)), None)
    return None if prefix is None else lower.removeprefix(prefix)


def _canonical(value: object) -> str | bytes:
    """The canonical string of CloudEvents' type system for a value of AMQP's."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case dt.datetime():  # AMQP's timestamps have no zone and mean UTC
            return value.replace(tzinfo=value.tzinfo or dt.UTC).isoformat()
        case bytes() | bytearray():
            return _text(bytes(value))
        case int() | float():
            return str(value)
        case _:  # a table, a list, nothing
            return b"?"


def _text(raw: bytes) -> str | bytes:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw

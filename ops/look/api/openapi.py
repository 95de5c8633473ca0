"""OpenAPI 3.1 of the hub's web server, out of its own routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute, Route

from connectors.events.envelope import MOST_AT_ONCE
from connectors.formats.media import BATCH, NAMES, STRUCTURED
from connectors.http import LONGEST_WAIT, MOST_LETTERS
from connectors.problems import MEDIA_TYPE, TOLD
from ops.look.api.shapes import SENT, Json, about, components, event_example, ref, words
from schemas.sealed import SEALED_TYPE

_TOKEN = "agencyToken"  # noqa: S105 - the name of a scheme


def describe(routes: Sequence[BaseRoute], *, largest_body: int) -> Json:
    """The description of every route that is for agencies."""
    shown = [route for route in routes if isinstance(route, Route) and route.include_in_schema]
    scheme = {"type": "http", "scheme": "bearer", "description": "The agency's own token."}
    return {
        "openapi": "3.1.0",
        "info": about(),
        "security": [{_TOKEN: []}],
        "paths": {route.path: _path(route, largest_body) for route in shown},
        "components": {"schemas": components(), "securitySchemes": {_TOKEN: scheme}},
    }


def _path(route: Route, largest_body: int) -> Json:
    methods = sorted((route.methods or set()) - {"HEAD"})
    return {method.lower(): _operation(route, largest_body) for method in methods}


def _operation(route: Route, largest_body: int) -> Json:
    says = words(route.endpoint.__doc__)
    told = {"operationId": route.name, "summary": says.split(";")[0].rstrip(".")}
    return {**told, "description": says, **_MORE[route.path](largest_body)}


# --- what each operation takes and answers


def _events(largest_body: int) -> Json:
    content: Json = {
        STRUCTURED: {"schema": ref("SentEvent"), "example": event_example(SENT[0])},
        BATCH: {"schema": {"type": "array", "items": ref("SentEvent"), "maxItems": MOST_AT_ONCE}},
        NAMES["json"]: {"schema": {"oneOf": [ref(one.shape.__name__) for one in SENT]}},
    }
    own = {"type": "string", "description": "In the agency's own form, as was agreed."}
    content |= {name: {"schema": own} for kind, name in NAMES.items() if kind != "json"}
    receipt = ref("Receipt")
    receipts = {"oneOf": [receipt, {"type": "array", "items": receipt}]}
    said = "A receipt, or for a batch and for several records a list of them in their order."
    return {
        "parameters": [*_attributes()],
        "requestBody": {
            "required": True,
            "description": f"Up to {largest_body} bytes. An event, a batch, or with the "
            "attributes in headers (binary mode) the data alone.",
            "content": content,
        },
        "responses": {
            "200": _answer(f"All of it came before. {said}", receipts),
            "202": _answer(f"Taken, or some of it. {said}", receipts),
            "422": _answer(f"All of it was refused. {said}", receipts),
            **_problems(400, 401, 413, 415, 429, 500, 503),
        },
    }


def _attributes() -> Iterator[Json]:
    """The headers of binary mode (CloudEvents' HTTP binding, section 3.1.3)."""
    for name in ("specversion", "id", "source", "type", "time", "dataschema"):
        schema: Json = {"type": "string"}
        if name == "type":
            schema |= {"enum": [one.name for one in SENT]}
        yield {
            "name": f"ce-{name}",
            "in": "header",
            "required": False,
            "description": "In binary mode; percent-encoded UTF-8.",
            "schema": schema,
        }


_LETTERS = (
    "The oldest letters, held for the agency. Where it registered a key each is sealed to that: an "
    f"event {SEALED_TYPE} with the letter's id, whose data is the letter as a JWE in compact form."
)


def _inbox(_: int) -> Json:
    letters = {"type": "array", "items": ref("LetterEvent"), "maxItems": MOST_LETTERS}
    return {
        "parameters": [
            _query("limit", "How many letters at most.", most=MOST_LETTERS, default=20),
            _query("wait", "How many seconds to wait for one.", most=LONGEST_WAIT, default=0),
        ],
        "responses": {
            "200": _answer(_LETTERS, letters, media=BATCH),
            **_problems(400, 401, 403, 429, 500, 503),
        },
    }


def _query(name: str, description: str, *, most: float, default: float) -> Json:
    schema = {"type": "number", "minimum": 0, "maximum": most, "default": default}
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _acknowledge(_: int) -> Json:
    count = {"type": "object", "properties": {"acknowledged": {"type": "integer"}}}
    taken = {NAMES["json"]: {"schema": ref("Acknowledgement")}}
    return {
        "requestBody": {"required": True, "content": taken},
        "responses": {
            "200": _answer("How many letters were deleted.", count),
            **_problems(400, 401, 403, 413, 415, 429, 500, 503),
        },
    }


def _open(description: str) -> Json:
    answer = _answer(description, {"type": "object"})
    return {"security": [], "responses": {"200": answer, **_problems(500, 503)}}


def _page(_: int) -> Json:
    html = {"description": "The page.", "content": {"text/html": {"schema": {"type": "string"}}}}
    return {"security": [], "responses": {"200": html, **_problems(500)}}


def _answer(description: str, schema: Json, *, media: str = NAMES["json"]) -> Json:
    return {"description": description, "content": {media: {"schema": schema}}}


def _problems(*statuses: int) -> Json:
    content = {MEDIA_TYPE: {"schema": ref("Problem")}}
    return {
        str(status): {"description": TOLD[status].detail, "content": content} for status in statuses
    }


_MORE: Mapping[str, Any] = {
    "/v1/events": _events,
    "/v1/inbox": _inbox,
    "/v1/inbox/acknowledge": _acknowledge,
    "/healthz": lambda _: _open("The hub is up."),
    "/openapi.json": lambda _: _open("This description."),
    "/asyncapi.json": lambda _: _open("The description of the queues (AsyncAPI 3)."),
    "/docs": _page,
}
"""By path: what its operation takes and answers."""

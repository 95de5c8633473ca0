"""A page that reads both descriptions to people: plain HTML, without scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from ops.look.api.shapes import Json, what_it_holds
from schemas.refusals import REASONS


def page(openapi: Json, asyncapi: Json) -> str:
    """The whole page."""
    form = Template((files("ops.look.api") / "page.html").read_text("utf-8"))
    return form.substitute(
        version=escape(openapi["info"]["version"]),
        about=escape(openapi["info"]["description"]),
        operations="".join(_operations(openapi)),
        channels="".join(_channels(asyncapi)),
        messages="".join(_messages(asyncapi)),
        shapes="".join(_shapes(openapi["components"]["schemas"])),
        reasons=_table(
            ("reason", "what is wrong", "what to do"),
            [(why.code, why.cause, why.cure) for why in REASONS.values()],
        ),
    )


def _operations(openapi: Json) -> Iterator[str]:
    for path, methods in openapi["paths"].items():
        for method, told in methods.items():
            yield f"<h3><code>{method.upper()} {escape(path)}</code></h3>"
            yield f"<p>{escape(told['description'])}</p>"
            yield _table(
                ("parameter", "in", "what it is"),
                [
                    (one["name"], one["in"], f"{one['description']} {_limits(one['schema'])}")
                    for one in told.get("parameters", ())
                ],
            )
            yield _table(
                ("answer", "as", "what it means"),
                [
                    (status, ", ".join(one["content"]), one["description"])
                    for status, one in told["responses"].items()
                ],
            )


def _limits(schema: Mapping[str, Any]) -> str:
    named = {"minimum": "from", "maximum": "to", "default": "otherwise"}
    return ", ".join(f"{word} {schema[key]:g}" for key, word in named.items() if key in schema)


def _channels(asyncapi: Json) -> Iterator[str]:
    yield _table(
        ("queue", "what it carries", "messages"),
        [
            (one["address"], one["description"], ", ".join(one["messages"]))
            for one in asyncapi["channels"].values()
        ],
    )


def _messages(asyncapi: Json) -> Iterator[str]:
    schemas = asyncapi["components"]["schemas"]
    for name, told in asyncapi["components"]["messages"].items():
        yield f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3>'
        yield f"<p>{escape(told['summary'])} As <code>{escape(told['contentType'])}</code>.</p>"
        event = schemas.get(_last(told["payload"]), {})
        if data := event.get("properties", {}).get("data"):
            yield f"<p>Its <code>data</code> is a {_kind(data)}.</p>"
        for example in told.get("examples", ()):
            shown = escape(json.dumps(example["payload"], indent=2, ensure_ascii=False))
            yield f"<details><summary>An example</summary><pre>{shown}</pre></details>"


def _shapes(schemas: Mapping[str, Json]) -> Iterator[str]:
    for name, schema in schemas.items():
        if "." in name or "oneOf" in schema:
            continue  # an event, told above
        yield f'<h3 id="shape-{escape(name)}"><code>{escape(name)}</code></h3>'
        yield f"<p>{escape(' '.join(schema.get('description', '').split()))}</p>"
        if codes := schema.get("enum"):
            yield f"<p>One of: {', '.join(f'<code>{escape(str(one))}</code>' for one in codes)}</p>"
        needed = schema.get("required", ())
        rows = [
            f"<tr><td><code>{escape(field)}</code></td><td>{_kind(one)}</td>"
            f"<td>{'yes' if field in needed else ''}</td></tr>"
            for field, one in schema.get("properties", {}).items()
        ]
        yield _rows(("field", "what it holds", "needed"), rows)


def _last(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _kind(schema: Mapping[str, Any]) -> str:
    return what_it_holds(
        schema,
        named=lambda name: f'<a href="#shape-{escape(name)}">{escape(name)}</a>',
        coded=lambda code: f"<code>{escape(code)}</code>",
    )


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    made = [
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    ]
    return _rows(heads, made)


def _rows(heads: Iterable[str], rows: list[str]) -> str:
    if not rows:
        return ""
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(rows)
    return f'<div class="scroll" tabindex="0"><table><tr>{top}</tr>{body}</table></div>'

"""The shapes that both descriptions share, out of the models and constants that the hub uses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from pydantic.json_schema import models_json_schema

from connectors.events.envelope import HUB_SCHEMA, LONGEST_ATTRIBUTE
from connectors.events.facts import MESSAGE_TYPES
from connectors.http import Acknowledgement
from connectors.problems import TOLD, body_of
from ops.look.export import NOTICES, Published
from schemas.base import Shape
from schemas.notification import Receipt

Json = dict[str, Any]

_MARKED = re.compile(r"(?::\w+:)?`+([^`]+)`+")
_REFERENCE = "#/components/schemas/"
_ATTRIBUTE: Json = {"type": "string", "minLength": 1, "maxLength": LONGEST_ATTRIBUTE}

SENT = [Published("commands", name, sent.shape) for name, sent in MESSAGE_TYPES.items()]
"""What agencies send."""
GOT = [Published("notices", notice.type, notice) for notice in NOTICES]
"""What the hub sends them."""


def about() -> Json:
    """``info`` of either description."""
    return {
        "title": "mash-hub",
        "version": version("mash-hub"),
        "description": "A hub for Multi-Agency Safeguarding Hubs: agencies send concerns about "
        "children and decisions, and get receipts, requests and products. Every message is a "
        "CloudEvent 1.0.",
    }


def ref(name: str) -> Json:
    """A reference to one of :func:`components`."""
    return {"$ref": _REFERENCE + name}


def event_name(one: Published) -> str:
    """What the event of a type is called among the components."""
    return f"event.{one.name}"


@cache
def components() -> Json:
    """Every schema by its name."""
    shapes: list[type[Shape]] = [Receipt, Acknowledgement, *(one.shape for one in (*SENT, *GOT))]
    _, defined = models_json_schema(
        [(shape, "validation") for shape in dict.fromkeys(shapes)],
        ref_template=_REFERENCE + "{model}",
    )
    events = {event_name(one): _event(one) for one in (*SENT, *GOT)}
    choices = {"SentEvent": _one_of(SENT), "LetterEvent": _one_of(GOT)}
    found = {**_in_words(defined["$defs"]), **events, **choices, "Problem": _problem()}
    return dict(sorted(found.items()))


def words(docstring: str | None) -> str:
    """A docstring as people read it: without its marks for code."""
    return _MARKED.sub(r"\1", " ".join((docstring or "").split()))


def what_it_holds(
    schema: Mapping[str, Any], *, named: Callable[[str], str], coded: Callable[[str], str]
) -> str:
    """What a field holds, in words: shapes as ``named`` says them, and codes as ``coded``."""
    if reference := schema.get("$ref"):
        return named(str(reference).rpartition("/")[2])
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(what_it_holds(one, named=named, coded=coded) for one in choices)
    if schema.get("type") == "array":
        return f"list of {what_it_holds(schema.get('items', {}), named=named, coded=coded)}"
    if "const" in schema or "enum" in schema:
        codes = schema.get("enum") or [schema.get("const")]
        return " or ".join(coded(str(one)) for one in codes)
    limit = f", at most {schema['maxLength']} characters" if "maxLength" in schema else ""
    return str(schema.get("format") or schema.get("type") or "anything") + limit


def _in_words(schemas: Json) -> Json:
    return {
        name: schema | {"description": words(schema.get("description"))}
        for name, schema in schemas.items()
    }


def _event(one: Published) -> Json:
    """A structured CloudEvent of one type (CloudEvents' JSON format 1.0.2)."""
    return {
        "type": "object",
        "title": one.name,
        "description": words(one.shape.__doc__),
        "required": ["specversion", "id", "source", "type"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": _ATTRIBUTE | {"description": "Names the event within its source."},
            "source": _ATTRIBUTE,
            "type": {"const": one.name},
            "time": {"type": ["string", "null"], "format": "date-time"},
            "datacontenttype": {"type": ["string", "null"], "default": "application/json"},
            "dataschema": {
                "type": ["string", "null"],
                "description": f"Begins with {HUB_SCHEMA} where an agency that has a JSON form of "
                "its own sends the hub's.",
            },
            "data": ref(one.shape.__name__),
        },
        "examples": [event_example(one)],
    }


def event_example(one: Published) -> Json:
    """An event with the example of its shape, about invented people."""
    path = files("schemas").joinpath("examples", *one.path.parts)
    return {
        "specversion": "1.0",
        "id": "2026-000123",
        "source": "https://cases.agency.example",
        "type": one.name,
        "data": json.loads(path.read_text("utf-8")),
    }


def _one_of(kinds: Sequence[Published]) -> Json:
    by_type: Mapping[str, str] = {one.name: _REFERENCE + event_name(one) for one in kinds}
    return {
        "oneOf": [ref(event_name(one)) for one in kinds],
        "discriminator": {"propertyName": "type", "mapping": by_type},
    }


def _problem() -> Json:
    statuses = [body_of(status, told.detail) for status, told in TOLD.items()]
    return {
        "type": "object",
        "description": "What is wrong with a request (RFC 9457).",
        "required": sorted(statuses[0]),
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer", "enum": list(TOLD)},
            "detail": {"type": "string", "description": "What to do about it."},
        },
        "examples": statuses,
    }

"""Every message that the hub takes, sends and records, as a page of Markdown that is made from the
shapes themselves: what it means, its fields, and an example of each.
"""

from __future__ import annotations

import ast
import inspect
import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import ModuleType
from typing import Any

from pydantic.json_schema import models_json_schema

from ops.look.api.shapes import Json, what_it_holds, words
from ops.look.export import Published, published
from schemas.base import Shape

_REFERENCE = "#/"
_GROUPS = {
    "commands": ("What agencies and people send", "Each is answered by a receipt at once."),
    "notices": ("What the hub sends to agencies", "Each waits until it was fetched and had."),
}
_FACTS = (
    "What the hub records and publishes",
    "Facts, by topic. They stay inside: agencies are sent the letters above, and nothing else.",
)


def markdown() -> str:
    """The whole catalogue."""
    every = list(published())
    parts = [_HEAD]
    for group, (title, says) in _GROUPS.items():
        parts += [f"## {title}", says]
        parts += [_message(one) for one in every if one.group == group]
    title, says = _FACTS
    parts += [f"## {title}", says]
    for topic in dict.fromkeys(one.group for one in every if one.group not in _GROUPS):
        parts.append(f"### Topic `{topic}`")
        parts += [_message(one) for one in every if one.group == topic]
    parts += ["## What they are made of", "Shapes that several messages share, by name."]
    parts += _shared(every)
    return "\n\n".join(parts) + "\n"


_HEAD = """# Every message

Made from the shapes by `hub schemas --catalogue`; a test holds it against them. JSON Schemas are
in `schemas/published`, an example of each message in `schemas/examples`. How they travel, and what
each is answered with: `connectors/README.md`."""


def _message(one: Published) -> str:
    schema = one.shape.model_json_schema(ref_template=_REFERENCE + "{model}")
    table = _fields(one.shape, schema)
    said = words(one.shape.__doc__)
    return "\n\n".join(filter(None, (f"#### `{one.name}`", said, table, _example(one))))


def _example(one: Published) -> str:
    """Of what travels between the hub and agencies; a fact's is a file away."""
    if one.group not in _GROUPS:
        return f"An example: `schemas/examples/{one.path.as_posix()}`."
    path = files("schemas").joinpath("examples", *one.path.parts)
    example = json.dumps(json.loads(path.read_text("utf-8")), indent=2, ensure_ascii=False)
    return f"<details><summary>An example</summary>\n\n```json\n{example}\n```\n\n</details>"


def _shared(every: list[Published]) -> Iterator[str]:
    """Each shape that stands within messages, once."""
    shapes = dict.fromkeys(one.shape for one in every)
    _, defined = models_json_schema(
        [(shape, "validation") for shape in shapes], ref_template=_REFERENCE + "{model}"
    )
    whole, kinds = {shape.__name__ for shape in shapes}, _by_name()
    for name, schema in sorted(defined["$defs"].items()):
        if name in whole:
            continue
        shape = kinds.get(name)
        said = words(schema.get("description"))
        codes = ", ".join(f"`{code}`" for code in schema.get("enum", ()))
        table = _fields(shape, schema) if shape else ""
        yield "\n\n".join(filter(None, (f"#### `{name}`", said, codes, table)))


def _by_name() -> dict[str, type[Shape]]:
    found: dict[str, type[Shape]] = {}
    waiting = list(Shape.__subclasses__())
    while waiting:
        shape = waiting.pop()
        found[shape.__name__] = shape
        waiting += shape.__subclasses__()
    return found


def _fields(shape: type[Shape], schema: Json) -> str:
    needed, said = schema.get("required", ()), _anywhere() | _said(shape)
    rows = [
        f"| `{field}` | {_kind(one)} | {'yes' if field in needed else ''} | {said.get(field, '')} |"
        for field, one in schema.get("properties", {}).items()
    ]
    heads = ["| field | what it holds | needed | what it means |", "|---|---|---|---|"]
    return "\n".join([*heads, *rows]) if rows else ""


def _kind(schema: Mapping[str, Any]) -> str:
    return what_it_holds(
        schema, named=lambda name: f"[{name}](#{name.lower()})", coded=lambda code: f"`{code}`"
    )


@cache
def _anywhere() -> dict[str, str]:
    """What a field means where its shape says no more of it."""
    text = (files("ops.look") / "meanings.toml").read_text("utf-8")
    return tomllib.loads(text)


def _said(shape: type[Shape]) -> dict[str, str]:
    """What stands under the fields of a shape in the code, also those that it inherits."""
    found: dict[str, str] = {}
    for kind in reversed(shape.__mro__):
        if issubclass(kind, Shape):
            module = inspect.getmodule(kind)
            assert module is not None
            found |= _of_module(module).get(kind.__qualname__, {})
    return found


@cache
def _of_module(module: ModuleType) -> dict[str, dict[str, str]]:
    """For each class the text under each of its fields."""
    nodes = ast.walk(ast.parse(inspect.getsource(module)))
    return {one.name: dict(_below(one)) for one in nodes if isinstance(one, ast.ClassDef)}


def _below(kind: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, text in zip(kind.body, kind.body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            yield field.target.id, words(str(text.value.value)).replace("|", "\\|")

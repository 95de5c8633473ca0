"""Whatever a sender may write: values of JSON and texts in all of Unicode, for property tests."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel

ODD = (
    "\u00b2\u2077\u2460",
    "\uff11\uff12/\uff10\uff13/\uff12\uff10\uff12\uff10",
    "999 175 437\u2077",
    "\u0b69" * 10 + "x",
    "\U0001d7d7" * 10,
    "BD54 5UN (nan's)",
    "unknown",
    "N/A",
    "0000000000",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2026-02-30",
    "24:00",
    "1e400",
    "a" * 501,
    "word " * 5000,
    "\u202etxt.exe",
    "a\u00a0b\u2028c",
    "\0",
    " ",
    "",
    "|",
    "+44\u00b2\u00b3 1632 960\uff11\uff19\uff15",
    "\u0130\u0131\ufb03",
    "Zoe\u0308 O\u2019Brien-\u0141uk",
)
"""Texts that other systems have stumbled over."""

TEXT = st.one_of(st.sampled_from(ODD), st.text(st.characters(exclude_categories=()), max_size=30))
"""Any text that JSON can carry, halves of surrogate pairs too."""
WHOLE_TEXT = st.one_of(st.sampled_from(ODD), st.text(max_size=30))
"""Any text that UTF-8 can carry."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(TEXT, inside, max_size=4),
    max_leaves=6,
)


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every part, and in every object of one key that it does not have."""
    inside: Any = ()
    if isinstance(value, dict):
        inside = [*value.items(), ("no_such_name", None)]
    elif isinstance(value, list):
        inside = enumerate(value)
    for name, part in inside:
        yield (*path, name)
        yield from places(part, (*path, name))


def changed(value: Any, path: tuple[Any, ...], *, new: object) -> Any:
    """A copy with something else at ``path``."""
    made = copy.deepcopy(value)
    inside = made
    for part in path[:-1]:
        inside = inside[part]
    inside[path[-1]] = new
    return made


def of_shape(shape: type[BaseModel], *, texts: st.SearchStrategy[str] = WHOLE_TEXT) -> Any:
    """Any value of a shape, its free texts being such texts."""
    schema = shape.model_json_schema()
    made = _Schema(schema.get("$defs", {}), texts).value(schema)
    return made.map(lambda value: shape.model_validate_json(json.dumps(value)))


class _Schema:
    """Strategies for what a JSON schema of pydantic's describes."""

    def __init__(self, definitions: Any, texts: st.SearchStrategy[str]) -> None:
        self._definitions, self._texts = definitions, texts

    def value(self, schema: Any) -> Any:
        if "$ref" in schema:
            return self.value(self._definitions[schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            return st.one_of(*map(self.value, schema["anyOf"]))
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        return getattr(self, f"_{schema['type']}")(schema)

    def _object(self, schema: Any) -> Any:
        fields = {name: self.value(part) for name, part in schema["properties"].items()}
        required = {name: fields.pop(name) for name in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional=fields)

    def _array(self, schema: Any) -> Any:
        return st.lists(self.value(schema["items"]), max_size=3)

    def _string(self, schema: Any) -> Any:
        if schema.get("format") == "date":
            return st.dates().map(dt.date.isoformat)
        if schema.get("format") == "date-time":
            return st.datetimes(timezones=_ZONES).map(dt.datetime.isoformat)
        if pattern := schema.get("pattern"):
            matching = st.from_regex(pattern.replace("$", r"\Z"))
            return matching.filter(lambda text: len(text) <= schema.get("maxLength", 64))
        most = schema.get("maxLength", 1000)
        return self._texts.map(lambda text: (text or "x")[:most])

    def _boolean(self, _: Any) -> Any:
        return st.booleans()

    def _null(self, _: Any) -> Any:
        return st.none()


_ZONES = st.sampled_from([dt.timezone(dt.timedelta(hours=hours)) for hours in (-14, -5, 0, 1, 14)])

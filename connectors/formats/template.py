"""The inside of a mapping: the hub's shape with a rule in each field's place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from xml.etree.ElementTree import Element

from connectors.formats.convert import Convert, Options
from connectors.formats.readers import Kind
from connectors.not_taken import NotTaken

Get = Callable[[object], object | None]
"""What stands at one place of a record; None for nothing."""


class Node(Protocol):
    """A part of the template."""

    def read(self, record: object, *, names: bool = False) -> object | None:
        """The hub's value for this part; None for nothing. Raises ``NotTaken`` with the field.

        With ``names`` the same shape, with the sender's names instead of values.
        """
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the mapping itself gives; ``unless`` the record has something there."""

    value: object
    unless: Get | None = None

    def read(self, record: object, *, names: bool = False) -> object | None:
        if self.unless is not None and self.unless(record) is not None:
            return None
        return "mapping" if names else self.value


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the sender's, converted."""

    get: Get
    convert: Convert
    options: Options
    name: str
    required: bool
    default: object | None

    def read(self, record: object, *, names: bool = False) -> object | None:
        raw = self.get(record)
        try:
            value = None if raw is None else self.convert(raw, self.options)
        except NotTaken as refused:
            raise NotTaken(refused.refusal.reason, self.name) from None
        if value is None and self.required:
            raise NotTaken("missing.field", self.name)
        value = self.default if value is None else value
        return self.name if names and value is not None else value


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that stand together; nothing when ``needs`` is, or when only constants are left."""

    fixed: Mapping[str, Node]
    parts: Mapping[str, Node]
    needs: str | None = None
    unless: Get | None = None

    def read(self, record: object, *, names: bool = False) -> dict[str, object] | None:
        if self.unless is not None and self.unless(record) is not None:
            return None
        made: dict[str, object] = {}
        for name, part in self.parts.items():
            if (value := part.read(record, names=names)) is not None:
                made[name] = value
        if not made or (self.needs and self.needs not in made):
            return None
        for name, part in self.fixed.items():
            if (value := part.read(record, names=names)) is not None:
                made[name] = value
        return made


@dataclass(frozen=True, slots=True)
class First:
    """The first of several groups that is something."""

    choices: tuple[Node, ...]

    def read(self, record: object, *, names: bool = False) -> object | None:
        values = (choice.read(record, names=names) for choice in self.choices)
        return next((value for value in values if value is not None), None)


@dataclass(frozen=True, slots=True)
class Each:
    """The same group for each of a repeated part of the record."""

    parts: Callable[[object], Sequence[object]]
    node: Node
    name: str
    first: int
    """What the sender's format calls the first of several: 0 in JSON, 1 in XML."""
    joint: str

    def read_all(self, record: object, *, names: bool) -> list[object]:
        made = []
        for number, part in enumerate(self.parts(record), start=self.first):
            prefix = f"{self.name}[{number}]{self.joint}"
            try:
                value = self.node.read(part, names=names)
            except NotTaken as refused:
                raise refused.within(prefix) from None
            if value is not None:
                made.append(_within(prefix, value) if names else value)
        return made


@dataclass(frozen=True, slots=True)
class Many:
    """A list of groups; those that are nothing are left out."""

    items: tuple[Node | Each, ...]

    def read(self, record: object, *, names: bool = False) -> list[object] | None:
        made: list[object] = []
        for item in self.items:
            if isinstance(item, Each):
                made += item.read_all(record, names=names)
            elif (value := item.read(record, names=names)) is not None:
                made.append(value)
        return made or None


def _within(prefix: str, names: object) -> object:
    if isinstance(names, dict):
        return {field: _within(prefix, part) for field, part in names.items()}
    if isinstance(names, list):
        return [_within(prefix, part) for part in names]
    return f"{prefix}{names}".rstrip("./")


# --- where things stand in each format


def getter(kind: Kind, path: str) -> Get:
    """How to find what ``path`` names in a record; ``.`` is the record, an empty text nothing."""
    if kind == "xml":
        return _xml_getter(path)
    if kind == "csv":
        return _member_getter(path)
    if path == ".":
        return lambda record: record
    return _path_getter(path) if "/" in path else _member_getter(path)


def several(gets: Sequence[Get]) -> Get:
    """What stands at several places, as one list of what is there."""

    def get(record: object) -> object | None:
        found: list[object] = []
        for one in gets:
            value = one(record)
            if value is not None:
                found += value if isinstance(value, list) else [value]
        return found or None

    return get


def parts_getter(kind: Kind, path: str) -> Callable[[object], Sequence[object]]:
    """How to find each of a repeated part; ``NotTaken`` when something else stands there."""
    if kind == "xml":
        return lambda record: record.findall(path) if isinstance(record, Element) else ()
    get = getter(kind, path)

    def parts(record: object) -> Sequence[object]:
        value = get(record)
        if value is not None and not isinstance(value, list):
            raise NotTaken("invalid.value", path)
        return value or ()

    return parts


def _member_getter(key: str) -> Get:
    def get(record: object) -> object | None:
        if not isinstance(record, dict):
            raise NotTaken("invalid.value")
        value: object | None = record.get(key)
        return None if value == "" or value == [] else value

    return get


def _path_getter(path: str) -> Get:
    keys = path.split("/")

    def get(record: object) -> object | None:
        value: object | None = record
        for key in keys:
            if value is None:
                return None
            if not isinstance(value, dict):
                raise NotTaken("invalid.value", path.replace("/", "."))
            value = value.get(key)
        return None if value == "" else value

    return get


def _xml_getter(path: str) -> Get:
    path, _, attribute = path.partition("@")
    path = path.rstrip("/") or "."

    def get(record: object) -> object | None:
        element = record.find(path) if isinstance(record, Element) else None
        if element is None:
            return None
        value = element.get(attribute) if attribute else "".join(element.itertext())
        return (value or "").strip() or None

    return get

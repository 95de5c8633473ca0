"""The inside of a mapping: the hub's shape with a rule in each field's place, made once and read
per record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from xml.etree.ElementTree import Element

from connectors.formats.convert import Convert
from connectors.formats.readers import Kind
from connectors.not_taken import Labels, NotTaken

Get = Callable[[object], object | None]
"""What stands at one place of a record; None for nothing."""


class Node(Protocol):
    """A part of the template."""

    def read(self, record: object) -> object | None:
        """The hub's value for this part; None for nothing. Raises ``NotTaken`` with the field."""
        ...

    def labels(self, record: object) -> Labels:
        """The same shape as ``read`` gives, with the sender's names instead of values."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the mapping itself gives; ``unless`` the record has something there."""

    value: object
    unless: Get | None = None

    def read(self, record: object) -> object | None:
        return None if self.unless and self.unless(record) is not None else self.value

    def labels(self, record: object) -> Labels:
        return None if self.read(record) is None else "mapping"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the sender's, converted."""

    get: Get
    convert: Convert
    name: str
    required: bool = False
    default: object | None = None

    def read(self, record: object) -> object | None:
        raw = self.get(record)
        try:
            value = None if raw is None else self.convert(raw)
        except NotTaken as refused:
            raise NotTaken(refused.refusal.reason, self.name) from None
        if value is not None:
            return value
        if self.required:
            raise NotTaken("missing.field", self.name)
        return self.default

    def labels(self, record: object) -> Labels:
        return None if self.read(record) is None else self.name


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that stand together. It is nothing when ``needs`` is, or when it has constants
    only.
    """

    fixed: tuple[tuple[str, Node], ...]
    parts: tuple[tuple[str, Node], ...]
    needs: str | None = None
    unless: Get | None = None

    def read(self, record: object) -> dict[str, object] | None:
        if self.unless is not None and self.unless(record) is not None:
            return None
        made = {
            name: value for name, part in self.parts if (value := part.read(record)) is not None
        }
        if (self.needs not in made) if self.needs else not made:
            return None
        for name, part in self.fixed:
            value = part.read(record)
            if value is not None:
                made[name] = value
        return made

    def labels(self, record: object) -> Labels:
        if self.read(record) is None:
            return None
        every = [(name, part.labels(record)) for name, part in (*self.parts, *self.fixed)]
        return {name: label for name, label in every if label is not None}


@dataclass(frozen=True, slots=True)
class First:
    """The first of several groups that is something."""

    choices: tuple[Node, ...]

    def read(self, record: object) -> object | None:
        for choice in self.choices:
            value = choice.read(record)
            if value is not None:
                return value
        return None

    def labels(self, record: object) -> Labels:
        return next(
            (label for choice in self.choices if (label := choice.labels(record)) is not None), None
        )


@dataclass(frozen=True, slots=True)
class Each:
    """The same group for each of a repeated part of the record."""

    parts: Callable[[object], Sequence[object]]
    node: Node
    name: str
    first: int
    """What the sender's format calls the first of several: 0 in JSON, 1 in XML."""
    joint: str

    def read_all(self, record: object) -> list[object]:
        made = []
        for index, part in enumerate(self.parts(record)):
            try:
                value = self.node.read(part)
            except NotTaken as refused:
                raise refused.within(self._prefix(index)) from None
            if value is not None:
                made.append(value)
        return made

    def labels_all(self, record: object) -> list[Labels]:
        every = [(index, self.node.labels(part)) for index, part in enumerate(self.parts(record))]
        return [
            _prefixed(label, self._prefix(index)) for index, label in every if label is not None
        ]

    def _prefix(self, index: int) -> str:
        return f"{self.name}[{index + self.first}]{self.joint}"


@dataclass(frozen=True, slots=True)
class Many:
    """A list of groups; those that are nothing are left out."""

    items: tuple[Node | Each, ...]

    def read(self, record: object) -> list[object] | None:
        made: list[object] = []
        for item in self.items:
            if isinstance(item, Each):
                made.extend(item.read_all(record))
            elif (value := item.read(record)) is not None:
                made.append(value)
        return made or None

    def labels(self, record: object) -> Labels:
        made: list[Labels] = []
        for item in self.items:
            if isinstance(item, Each):
                made.extend(item.labels_all(record))
            elif (label := item.labels(record)) is not None:
                made.append(label)
        return made or None


def _prefixed(label: Labels, prefix: str) -> Labels:
    if isinstance(label, str):
        return (prefix + label).rstrip("./")
    if isinstance(label, dict):
        return {name: _prefixed(part, prefix) for name, part in label.items()}
    return [_prefixed(part, prefix) for part in label] if isinstance(label, list) else None


# --- where things stand in each format


def getter(kind: Kind, path: str) -> Get:
    """How to find what ``path`` names in a record; ``.`` is the record itself, an empty text is
    nothing.
    """
    if kind == "xml":
        return _xml_getter(path)
    return _key_getter(path) if kind == "csv" else _json_getter(path)


def several(gets: Sequence[Get]) -> Get:
    """What stands at several places, as one list of what is there."""

    def get(record: object) -> object | None:
        found: list[object] = []
        for one in gets:
            value = one(record)
            if isinstance(value, list):
                found.extend(value)
            elif value is not None:
                found.append(value)
        return found or None

    return get


def parts_getter(kind: Kind, path: str) -> Callable[[object], Sequence[object]]:
    """How to find each of a repeated part; ``NotTaken`` when something else stands there."""
    if kind == "xml":
        return lambda record: record.findall(path) if isinstance(record, Element) else ()
    get = getter(kind, path)

    def parts(record: object) -> Sequence[object]:
        value = get(record)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise NotTaken("invalid.value", path)
        return value

    return parts


def _key_getter(key: str) -> Get:
    def get(record: object) -> object | None:
        value = record.get(key) if isinstance(record, dict) else None
        return None if value == "" else value

    return get


def _json_getter(path: str) -> Get:
    if path == ".":
        return lambda record: record
    keys = path.split("/")
    if len(keys) == 1:
        return _member_getter(path)

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


def _member_getter(key: str) -> Get:
    def get(record: object) -> object | None:
        if not isinstance(record, dict):
            raise NotTaken("invalid.value")
        value: object | None = record.get(key)
        return None if value == "" or value == [] else value

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

"""The inside of a mapping: the hub's shape with a rule in each field's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol
from xml.etree.ElementTree import Element

import hl7  # type: ignore[import-untyped]

from connectors.formats import hl7_paths, json_paths
from connectors.formats.convert import Convert, Options
from connectors.formats.records import Kind
from connectors.formats.strict_json import as_sent
from connectors.not_taken import NotTaken

Get = Callable[[object], object | None]
"""What stands at one place of a record; None for nothing."""

Tell = Literal["values", "names", "written"]
"""What to read: the hub's values, or in the same shape the sender's names, or what stood there."""


@dataclass(frozen=True, slots=True, repr=False)
class Bad:
    """Stands for a value that cannot be read: no shape of the hub's takes it, so it is found."""

    reason: str
    expected: str | None = None


class Node(Protocol):
    """A part of the template."""

    def read(self, record: object, *, tell: Tell = "values") -> object | None:
        """The value of this part; None for nothing, ``Bad`` for what cannot be read."""
        ...

    def agreed(self, path: Sequence[str | int], /) -> str | None:
        """The sender's name of what is read there, whether the record has it or not."""
        ...


MAPPING = "mapping"
"""The name of what the mapping itself says."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the mapping itself gives; ``unless`` the record has something there."""

    value: object
    unless: Get | None = None

    def read(self, record: object, *, tell: Tell = "values") -> object | None:
        if self.unless is not None and self.unless(record) is not None:
            return None
        return MAPPING if tell == "names" else self.value

    def agreed(self, _: Sequence[str | int], /) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the sender's, converted."""

    get: Get
    convert: Convert
    options: Options
    name: str
    required: bool
    default: object | None
    takes_several: bool
    """Whether the converter reads a list as well as one."""
    first: bool = False
    """Whether of several that can be read the first is taken, or none where they differ."""

    def read(self, record: object, *, tell: Tell = "values") -> object | None:
        raw: object | None = None
        try:
            raw = self.get(record)
            value = None if raw is None else self._converted(raw)
        except NotTaken as refused:
            value = Bad(refused.refusal.reason, self.options.expected)
        if value is None and self.required:
            value = Bad("missing.field")
        value = self.default if value is None else value
        if value is None or tell == "values":
            return value
        if tell == "names":
            return self.name
        if isinstance(raw, list) and isinstance(value, list) and len(raw) != len(value):
            return as_sent(raw)  # whole: its parts stand elsewhere than those that it came to
        return "" if raw is None else raw  # what stands beside it keeps its place

    def agreed(self, _: Sequence[str | int], /) -> str | None:
        return self.name or None

    def _converted(self, raw: object) -> object | None:
        """The value; of several that stand there the one that can be read, if there is one."""
        if not isinstance(raw, list) or self.takes_several:
            try:
                return self.convert(raw, self.options)
            except NotTaken:
                return self._each_converted(raw)
        found: list[object] = []
        bad: NotTaken | None = None
        for one in raw:
            try:
                value = self.convert(one, self.options)
            except NotTaken as refused:
                bad = refused
            else:
                found += [value] if value is not None and value not in found else []
        if len(found) > 1 and not self.first:
            raise NotTaken("invalid.several")
        if not found and bad is not None:
            raise bad
        return found[0] if found else None

    def _each_converted(self, raw: object) -> object:
        """A list in which ``Bad`` stands for what cannot be read beside what can."""
        made: list[object] = []
        for one in raw if isinstance(raw, list) else ():
            try:
                value = self.convert([one], self.options)
            except NotTaken as refused:
                value = [Bad(refused.refusal.reason, self.options.expected)]
            made += value if isinstance(value, list) else []
        if all(isinstance(one, Bad) for one in made):
            return self.convert(raw, self.options)
        return made


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that stand together; nothing when ``needs`` is, or when only constants are left."""

    fixed: Mapping[str, Node]
    parts: Mapping[str, Node]
    needs: str | None = None
    unless: Get | None = None

    def read(self, record: object, *, tell: Tell = "values") -> dict[str, object] | None:
        if self.unless is not None and self.unless(record) is not None:
            return None
        made: dict[str, object] = {}
        for name, part in self.parts.items():
            if (value := part.read(record, tell=tell)) is not None:
                made[name] = value
        if not made or (self.needs and self.needs not in made):
            return None
        for name, part in self.fixed.items():
            if (value := part.read(record, tell=tell)) is not None:
                made[name] = value
        return made

    def agreed(self, path: Sequence[str | int], /) -> str | None:
        if path:
            return part.agreed(path[1:]) if (part := self.parts.get(str(path[0]))) else None
        return _first(part.agreed(path) for part in self.parts.values())


@dataclass(frozen=True, slots=True)
class First:
    """The first of several groups that is something; one with a bad value only if all have."""

    choices: tuple[Node, ...]

    def read(self, record: object, *, tell: Tell = "values") -> object | None:
        taken, value = self._found(record)
        return taken.read(record, tell=tell) if taken and tell != "values" else value

    def taken(self, record: object) -> Node | None:
        """Which of them."""
        return self._found(record)[0]

    def _found(self, record: object) -> tuple[Node | None, object | None]:
        bad: tuple[Node | None, object | None] = (None, None)
        for choice in self.choices:
            value = choice.read(record)
            if value is not None and not _has_bad(value):
                return choice, value
            bad = (choice, value) if bad[0] is None and value is not None else bad
        return bad

    def agreed(self, path: Sequence[str | int], /) -> str | None:
        return _first(choice.agreed(path) for choice in self.choices)


def _has_bad(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_bad, value.values()))
    return isinstance(value, Bad)


FIELDED = (dict, Element, hl7.Container)
"""What has fields, of the parts of a record."""


@dataclass(frozen=True, slots=True)
class Each:
    """The same group for each of a repeated part of the record."""

    parts: Callable[[object], Sequence[object]]
    node: Node
    name: str
    first: int
    """What the sender's format calls the first of several: 0 in JSON, else 1."""
    joint: str
    texts: bool
    """Whether a part may be a text, or has to have fields."""

    def read_all(self, record: object, *, tell: Tell) -> list[object]:
        made = []
        for prefix, part in self.named(record):
            value = self._one(part, tell=tell)
            if value is not None:
                made.append(_within(prefix, value) if tell == "names" else value)
        return made

    def named(self, record: object) -> Iterator[tuple[str, object]]:
        """Each part, with what stands before the names in it; one that is in no list has no
        number.
        """
        parts = self.parts(record)
        if isinstance(parts, tuple):
            yield from ((f"{self.name}{self.joint}", part) for part in parts)
        else:
            for number, part in enumerate(parts, start=self.first):
                yield f"{self.name}[{number}]{self.joint}", part

    def _one(self, part: object, *, tell: Tell) -> object | None:
        if self.texts or isinstance(part, FIELDED):
            return self.node.read(part, tell=tell)
        return {"values": Bad("invalid.value"), "names": "", "written": part}[tell]

    def agreed(self, path: Sequence[str | int], /) -> str | None:
        inside = self.node.agreed(path)
        return f"{self.name}[]{self.joint}{inside}" if inside else self.name


@dataclass(frozen=True, slots=True)
class Apart:
    """A group that is read once for each time that its fields stand in a record.

    Columns of one name in a CSV, and in JSON lists of lines within a list, are several homes.
    """

    node: Group
    paths: frozenset[str]
    """What it reads, in the child or in the whole record."""
    shared: frozenset[str]
    """What holds for all of them though it stands once: what protects a home protects each."""
    kind: Kind

    def read_all(self, record: object, *, tell: Tell) -> list[object]:
        made = []
        for behind, one in self.named(record):
            value = self.node.read(one, tell=tell)
            if value is not None:
                made.append(_behind(value, behind) if tell == "names" and behind else value)
        return made

    def named(self, record: object) -> Iterator[tuple[str, object]]:
        """The record with each of its values alone, and what stands behind names in it."""
        found = self._found(record)
        if not any(map(self._is_several, found)):
            yield "", record
            return
        first, told = 1 if self.kind == "csv" else 0, []
        for number in range(max(len(value) for value in found if isinstance(value, list))):
            one = self._nth(record, number)
            values = self._found(one)
            if values not in told and (number == 0 or any(self._found(one, own=True))):
                told.append(values)
                yield f"[{number + first}]", one

    def agreed(self, path: Sequence[str | int], /) -> str | None:
        return self.node.agreed(path)

    def _found(self, record: object, *, own: bool = False) -> list[object]:
        """What it reads; ``own``: without what is shared."""
        held = record if isinstance(record, Part) else (record,)
        names = self.paths - self.shared if own else self.paths
        return [one[name] for one in held if isinstance(one, dict) for name in names if name in one]

    def _is_several(self, value: object) -> bool:
        if not isinstance(value, list):
            return False
        return self.kind == "csv" or any(isinstance(one, list) for one in value)

    def _nth(self, record: object, number: int) -> object:
        if isinstance(record, Part):
            return Part(self._nth(record.whole, number), self._nth(record.part, number))
        if not isinstance(record, dict):
            return record
        own = {name: value for name, value in record.items() if name in self.paths}
        return record | {name: self._of(name, value, number) for name, value in own.items()}

    def _of(self, name: str, value: object, number: int) -> object:
        """The value of one of them; one that stands alone is that of the first."""
        if isinstance(value, list):
            return value[number] if number < len(value) else ""
        return value if number == 0 or name in self.shared else ""


@dataclass(frozen=True, slots=True)
class Many:
    """A list of groups; those that are nothing are left out."""

    items: tuple[Node | Each | Apart, ...]

    def read(self, record: object, *, tell: Tell = "values") -> list[object] | None:
        made: list[object] = []
        for item in self.items:
            if isinstance(item, Each | Apart):
                made += item.read_all(record, tell=tell)
            elif (value := item.read(record, tell=tell)) is not None:
                made.append(value)
        return made or None

    def agreed(self, path: Sequence[str | int], /) -> str | None:
        return _first(item.agreed(path[1:]) for item in self.items)


def _first(names: Iterator[str | None]) -> str | None:
    return next((name for name in names if name), None)


def _within(prefix: str, names: object) -> object:
    if isinstance(names, dict):
        return {field: _within(prefix, part) for field, part in names.items()}
    if isinstance(names, list):
        return [_within(prefix, part) for part in names]
    return names if names == MAPPING else f"{prefix}{names}".rstrip("./-")


def _behind(names: object, number: str) -> object:
    if isinstance(names, dict):
        return {field: _behind(part, number) for field, part in names.items()}
    if isinstance(names, list):
        return [_behind(part, number) for part in names]
    return names if names == MAPPING else f"{names}{number}"


# --- where things stand in each format


def getter(kind: Kind, path: str) -> Get:
    """How to find what ``path`` names in a record; ``.`` is the record, an empty text nothing."""
    if kind == "xml":
        return _xml_getter(path)
    if kind == "csv":
        return _member_getter(path)
    if kind == "hl7":
        return hl7_paths.getter(path)
    if path == ".":
        return lambda record: record
    return json_paths.getter(path) if "/" in path or "[" in path else _member_getter(path)


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
    """How to find each of a repeated part; one that is not in a list is a list of one."""
    if kind == "xml":
        return lambda record: record.findall(path) if isinstance(record, Element) else ()
    if kind == "hl7":
        return hl7_paths.parts_getter(path)
    get = getter(kind, path)

    def parts(record: object) -> Sequence[object]:
        value = get(record)
        return value if isinstance(value, list) else () if value is None else (value,)

    return parts


def _member_getter(key: str) -> Get:
    def get(record: object) -> object | None:
        if record is None:
            return None
        if not isinstance(record, dict):
            raise NotTaken("invalid.value")
        value: object | None = record.get(key)
        return None if value == "" or value == [] else value

    return get


def _xml_getter(path: str) -> Get:
    path, _, attribute = path.partition("@")
    path = path.rstrip("/") or "."

    def get(record: object) -> object | None:
        found = record.iterfind(path) if isinstance(record, Element) else ()
        values = (one.get(attribute) if attribute else "".join(one.itertext()) for one in found)
        texts = [text for value in values if (text := (value or "").strip())]
        return texts if len(texts) > 1 else texts[0] if texts else None

    return get


# --- one notification for each of a repeated part


class Part(NamedTuple):
    """One of a repeated part of a record, with the whole."""

    whole: object
    part: object | None
    """None where there is none of it."""


EACH = "each/"
"""How a path begins that leads into the part."""


def into(get: Callable[[object], Any], *, part: bool) -> Callable[[object], Any]:
    """To find something in the part, or in the whole."""

    def find(record: object) -> Any:
        if not isinstance(record, Part):
            return get(record)
        return get(record.part if part else record.whole)

    return find

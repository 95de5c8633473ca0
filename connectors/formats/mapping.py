"""An agency's format as data: a TOML file says where each field of the hub's shape stands in the
agency's own record.

``connectors/agencies`` has those that ship; ``connectors/agencies/README.md`` says how to write
one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import BinaryIO, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError

from connectors.formats import template
from connectors.formats.convert import CONVERTERS, Options
from connectors.formats.readers import Kind, Reading, Record, records
from connectors.formats.template import Constant, Each, Node
from connectors.not_taken import NotTaken, label, of_validation
from schemas.base import Code, Line, Shape
from schemas.case import OpenCase
from schemas.notification import Notification
from schemas.refusals import Refusal

AGENCIES = Path(__file__).parents[1] / "agencies"
_SHAPES: Mapping[str, type[Notification] | type[OpenCase]] = {
    "notification": Notification,
    "open-case": OpenCase,
}
_EMPTY: Mapping[str, Mapping[str, object]] = {
    "notification": {"subject": {}},
    "open-case": {"child": {}, "worker": None},
}
"""What stands for parts of which a record says nothing (R3)."""
_RULE_KEYS = frozenset(
    {"from", "as", "format", "join", "codes", "otherwise", "default", "required"}
)


class MappingFault(ValueError):
    """The mapping file is wrong; the message says where and what to write instead."""


class _Reader(Shape):
    path: Line = "."
    delimiter: str = Field(default=",", min_length=1, max_length=1)


class _MappingFile(Shape):
    """A mapping file; its last table is the template, named for the shape that it makes."""

    name: Code
    about: Line
    files: tuple[Line, ...] = ()
    """Names of dropped files that this mapping is for, such as ``open-cases*.csv``; none: by their
    suffix.
    """
    zone: Line = "Europe/London"
    reader: dict[Kind, _Reader] = Field(min_length=1)
    makes: Literal["notification", "open-case"]
    template: dict[str, object]


@dataclass(frozen=True, slots=True)
class _Compiled:
    reading: Reading
    node: template.Group


@dataclass(frozen=True, slots=True)
class AgencyMapping:
    """A compiled mapping: reads records of its formats and makes the hub's shapes of them."""

    name: str
    makes: Literal["notification", "open-case"]
    files: tuple[str, ...]
    formats: Mapping[Kind, _Compiled]

    @property
    def names(self) -> frozenset[str]:
        """Every name of the sender's that the mapping uses, and so may be told in errors."""
        return frozenset(
            name for compiled in self.formats.values() for name in compiled.reading.known
        )

    def reads(self, kind: Kind) -> bool:
        """Whether this mapping takes such a format."""
        return kind in self.formats

    def for_file(self, filename: str) -> bool:
        """Whether the file's name is one that this mapping is named for."""
        return any(fnmatch(filename, pattern) for pattern in self.files)

    def records(self, kind: Kind, stream: BinaryIO, largest: int) -> Iterator[Record]:
        """The records of a text of one of its formats, in order; none larger than ``largest`` bytes
        is read.
        """
        return records(kind, stream, replace(self.formats[kind].reading, largest=largest))

    def make(self, kind: Kind, record: Record) -> Notification | OpenCase:
        """The hub's shape of one record; ``NotTaken`` names the field in the sender's own terms."""
        if isinstance(record.content, Refusal):
            raise NotTaken(record.content.reason, record.content.field).within(record.where)
        node = self.formats[kind].node
        try:
            made = {**_EMPTY[self.makes], **(node.read(record.content) or {})}
        except NotTaken as refused:
            raise refused.within(record.where) from None
        try:
            return _SHAPES[self.makes].model_validate(made)
        except ValidationError as error:
            raise of_validation(error, node.labels(record.content) or {}, record.where) from None

    def name_of(self, kind: Kind, record: Record, path: Sequence[str | int]) -> str:
        """What the sender calls the field at ``path`` of the hub's shape, in this record."""
        return record.where + label(self.formats[kind].node.labels(record.content), path)


def load(name: str) -> AgencyMapping:
    """The mapping of this name, or in the file of this path. Raises ``MappingFault``."""
    path = Path(name) if name.endswith(".toml") else AGENCIES / f"{name}.toml"
    try:
        return compiled(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        shipped = ", ".join(sorted(file.stem for file in AGENCIES.glob("*.toml")))
        raise MappingFault(
            f"there is no mapping {name}: write one of {shipped}, or a path ending in .toml"
        ) from None
    except (tomllib.TOMLDecodeError, MappingFault) as error:
        raise MappingFault(f"{path.name}: {error}") from None


def compiled(table: Mapping[str, object]) -> AgencyMapping:
    """A mapping from the parsed content of its file. Raises ``MappingFault``."""
    try:
        file = _MappingFile.model_validate(table)
        zone = ZoneInfo(file.zone)
    except ValidationError as error:
        first = error.errors()[0]
        raise MappingFault(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (ZoneInfoNotFoundError, ValueError):
        raise MappingFault("zone: write an IANA time zone such as Europe/London") from None
    formats = {
        kind: _Compiler(file, kind, zone).compile(reader) for kind, reader in file.reader.items()
    }
    return AgencyMapping(name=file.name, makes=file.makes, files=file.files, formats=formats)


class _Compiler:
    """Makes the template for one format, gathering the sender's names as it meets them."""

    def __init__(self, file: _MappingFile, kind: Kind, zone: ZoneInfo) -> None:
        self._file = file
        self._kind = kind
        self._zone = zone
        self._names: list[str] = []

    def compile(self, reader: _Reader) -> _Compiled:
        schema = _schema(self._file.makes)
        node = self._group(self._file.template, _Place(schema, schema, "template"))
        columns = tuple(dict.fromkeys(self._names)) if self._kind == "csv" else ()
        known = frozenset(part for name in self._names for part in name.replace("@", "").split("/"))
        return _Compiled(Reading(reader.path, reader.delimiter, columns, known), node)

    def _node(self, value: object, place: _Place) -> Node:
        if isinstance(value, list):
            items = [self._item(item, place.item(index)) for index, item in enumerate(value)]
            return template.Many(tuple(items))
        if not isinstance(value, dict):
            return Constant(value)
        if "from" in value:
            return self._field(value, place)
        if "text" in value:
            return Constant(value["text"], self._unless(value, place))
        if "first" in value:
            return template.First(
                tuple(self._group(choice, place) for choice in _tables(value["first"], place))
            )
        return self._group(value, place)

    def _item(self, value: object, place: _Place) -> Node | Each:
        if not isinstance(value, dict) or "each" not in value:
            return self._node(value, place)
        path = _string(value["each"], place)
        self._names.append(path)
        rest = {name: part for name, part in value.items() if name != "each"}
        outer, self._names = self._names, []
        node = self._group(rest, place)
        if self._kind == "csv":
            raise place.fault("a row of CSV has no repeated parts; leave out `each`")
        self._names = outer + self._names
        xml = self._kind == "xml"
        parts = template.parts_getter(self._kind, path)
        return Each(parts, node, path, 1 if xml else 0, "/" if xml else ".")

    def _group(self, table: Mapping[str, object], place: _Place) -> template.Group:
        needs = table.get("needs")
        unless = self._unless(table, place)
        fixed: list[tuple[str, Node]] = []
        parts: list[tuple[str, Node]] = []
        for name, value in table.items():
            if name not in ("needs", "unless"):
                node = self._node(value, place.field(name))
                (fixed if isinstance(node, Constant) else parts).append((name, node))
        if needs is not None and needs not in table:
            raise place.fault(f"`needs` names {needs}, which is not in the group")
        return template.Group(tuple(fixed), tuple(parts), cast("str | None", needs), unless)

    def _unless(self, table: Mapping[str, object], place: _Place) -> template.Get | None:
        return self._get([_string(table["unless"], place)]) if "unless" in table else None

    def _get(self, paths: Sequence[str]) -> template.Get:
        self._names.extend(path for path in paths if path != ".")
        gets = [template.getter(self._kind, path) for path in paths]
        return gets[0] if len(gets) == 1 else template.several(gets)

    def _field(self, rule: Mapping[str, object], place: _Place) -> Node:
        if strange := rule.keys() - _RULE_KEYS:
            raise place.fault(
                f"a rule has no {min(strange)}; it may have {', '.join(sorted(_RULE_KEYS))}"
            )
        source = rule["from"]
        paths = [
            _string(path, place) for path in (source if isinstance(source, list) else [source])
        ]
        name = rule.get("as", "coded" if "codes" in rule else "text")
        if not isinstance(name, str) or name not in CONVERTERS:
            raise place.fault(
                f"there is no way to read called {name}; write one of {', '.join(CONVERTERS)}"
            )
        return template.Field(
            get=self._get(paths),
            convert=CONVERTERS[name](self._options(rule)),
            name="" if paths == ["."] else ", ".join(paths) if self._kind == "csv" else paths[0],
            required=rule.get("required") is True,
            default=rule.get("default"),
        )

    def _options(self, rule: Mapping[str, object]) -> Options:
        return Options(
            format=cast("str | None", rule.get("format")),
            zone=self._zone,
            join=cast("str", rule.get("join", " ")),
            codes=cast("Mapping[str, str | bool] | None", rule.get("codes")),
            otherwise=cast("str | bool | None", rule.get("otherwise")),
        )


@cache
def _schema(makes: str) -> Mapping[str, object]:
    return _SHAPES[makes].model_json_schema()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the hub's shape a rule stands: refuses fields that the shape does not have, before
    any record comes.
    """

    whole: Mapping[str, object]
    here: Mapping[str, object]
    path: str

    def field(self, name: str) -> _Place:
        properties = cast("Mapping[str, Mapping[str, object]]", self.here.get("properties", {}))
        if name not in properties:
            raise self.fault(
                f"the hub's shape has no {name} here; write one of {', '.join(properties)}"
            )
        return _Place(self.whole, self._resolved(properties[name]), f"{self.path}.{name}")

    def item(self, index: int) -> _Place:
        items = cast("Mapping[str, object] | None", self.here.get("items"))
        if items is None:
            raise self.fault("the hub's shape has no list here")
        return _Place(self.whole, self._resolved(items), f"{self.path}[{index}]")

    def fault(self, says: str) -> MappingFault:
        return MappingFault(f"{self.path}: {says}")

    def _resolved(self, schema: Mapping[str, object]) -> Mapping[str, object]:
        for option in cast("Sequence[Mapping[str, object]]", schema.get("anyOf", ())):
            if option.get("type") != "null":
                schema = option
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        definitions = cast("Mapping[str, Mapping[str, object]]", self.whole["$defs"])
        return definitions[reference.rpartition("/")[2]]


def _string(value: object, place: _Place) -> str:
    if not isinstance(value, str) or not value:
        raise place.fault("write the path of a field of the record, in quotes")
    return value


def _tables(value: object, place: _Place) -> list[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise place.fault("`first` is a list of groups: write [[…first]]")
    return value

"""An agency's format as data: a TOML file says where each field of the hub's shape stands.

``connectors/agencies`` has those that ship, and says in its README how to write one.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError

from connectors.asides import AsSent, aside, overwritten
from connectors.degradable import Degradable
from connectors.formats import hl7_paths, template
from connectors.formats.convert import CONVERTERS, SEVERAL, Options
from connectors.formats.family import Children, siblings
from connectors.formats.left import Part, leaving, left
from connectors.formats.media import NAMES
from connectors.formats.readers import records
from connectors.formats.records import NUMBER, Encoding, Kind, Reading, Record, Tally
from connectors.formats.targets import DAY, Anything, MappingFault, Target, check_format
from connectors.formats.template import EACH, Apart, Constant, Each, Node
from connectors.formats.unread import Known, known, unread
from connectors.not_taken import NotTaken
from connectors.set_aside import usable
from schemas.base import Code, Line, Shape
from schemas.case import OpenCase
from schemas.checks import CheckReply
from schemas.enquiries import Enquiry
from schemas.notification import Instead, Notification, SetAside
from schemas.person import Address, Identifier, Protectable, RelatedPerson
from schemas.refusals import Refusal
from schemas.registers import RegisterEntry

Makes = Literal["notification", "open-case", "register-entry", "check-reply", "enquiry"]
"""The shape of the hub's that a mapping makes."""

AGENCIES = Path(__file__).parents[1] / "agencies"
_SHAPES: Mapping[str, type[Degradable]] = {
    "notification": Notification,
    "open-case": OpenCase,
    "register-entry": RegisterEntry,
    "check-reply": CheckReply,
    "enquiry": Enquiry,
}
_EMPTY: Mapping[str, Mapping[str, object]] = {
    "notification": {"subject": {}},
    "open-case": {"child": {}, "worker": None},
    "register-entry": {"child": {}},
    "check-reply": {},
    "enquiry": {"query": {}},
}
"""What stands for parts of which a record says nothing (R3)."""
_IN_WORDS: Mapping[str, str] = {"delimiter": "write one character, such as ;"}
_WORDS = re.compile(r"[^/\[\]=@.]+")
_RULE_KEYS = frozenset(
    {"from", "as", "format", "join", "codes", "otherwise", "default", "required", "without"}
    | {"several"}
)


class _Reader(Shape):
    path: Line = "."
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: Encoding = "utf-8"
    lone_resources: bool = False


class Zoned(Shape):
    """A file whose times are of a zone."""

    zone: Line = "Europe/London"


InZone = TypeVar("InZone", bound=Zoned)


class _MappingFile(Zoned):
    """A mapping file; its last table is the template, named for the shape that it makes."""

    name: Code
    about: Line
    files: tuple[Line, ...] = ()
    """Names of dropped files that it is for, such as ``open-cases*.csv``; none: by suffix."""
    reader: dict[Kind, _Reader] = Field(min_length=1)
    each: dict[Kind, Line | tuple[Line, ...]] = Field(default_factory=dict)
    """Where several children of one record stand."""
    ignore: tuple[Line, ...] = ()
    """Names that the agency sends and the hub has no use for."""
    makes: Makes
    template: dict[str, object]


@dataclass(frozen=True, slots=True)
class Format:
    """One format of a mapping, compiled: reads its records and makes the hub's shape of each."""

    kind: Kind
    makes: Makes
    kept_as: str
    """The content type of a record that is kept."""
    reading: Reading
    template: template.Group
    known: Known
    leaving: Part | None = None
    """Of the template what may leave something that it reads."""
    children: Children | None = None
    """Where a record may have several."""

    def records(
        self, stream: BinaryIO, *, largest: int, tally: Tally | None = None
    ) -> Iterator[Record]:
        """The records of a text, in order; of each no more than ``largest`` bytes are read."""
        reading = replace(self.reading, largest=largest, tally=tally or Tally())
        return records(self.kind, stream, reading=reading)

    def make(
        self, record: Record, *, now: dt.datetime, tally: Tally | None = None
    ) -> Sequence[Degradable]:
        """The hub's shape of one record, of each child that it is about; never empty.

        What cannot be used is set aside. Raises ``NotTaken`` where nothing is left to act on.
        """
        content = record.content
        if isinstance(content, Refusal):
            refused = NotTaken(content.reason, content.field, expected=content.expected)
            raise refused.within(record.where)
        parts = self.children.of(content) if self.children else [(content, "")]
        beside = (*record.set_aside, *self._unread(record, tally or Tally()))
        if self.children:
            blank = self.children.blank(content)
            beside += tuple(aside(record.where + name, "missing.child") for name in blank)
        if record.odd:
            beside += overwritten(content, record.where)
        made = [
            self._one(part, record, before=before, beside=beside, now=now) for part, before in parts
        ]
        return siblings(made) if isinstance(made[0], Notification) else made

    def _one(
        self,
        content: object,
        record: Record,
        *,
        before: str,
        beside: Sequence[SetAside],
        now: dt.datetime,
    ) -> Any:
        sent = AsSent(
            values={**_EMPTY[self.makes], **(self.template.read(content) or {})},
            text=record.original,
            written=lambda: self.template.read(content, tell="written"),
            names=lambda: _within_part(self.template.read(content, tell="names"), before),
            agreed=lambda path: _within_part(self.template.agreed(path), before),
            where=record.where,
            odd=record.odd,
            beside=(*beside, *self._left(content, record.where, before=before)),
        )
        shape: type[Any] = _SHAPES[self.makes]
        return usable(shape, sent, validate=shape.model_validate, now=now)

    def _left(self, content: object, where: str, *, before: str) -> Iterator[SetAside]:
        """What other values stand in the place of, or says nothing by itself."""
        if self.leaving is None:
            return
        for one in left(self.leaving, content):
            name = where + one.name.replace(EACH, before)
            if one.codes is not None:
                instead = Instead.OTHERWISE
                yield aside(
                    name, "invalid.code", value=one.value, expected=one.codes, instead=instead
                )
            elif one.needs is None:
                yield aside(name, "invalid.several", value=one.value, instead=Instead.ALONG)
            else:
                needs = f"with {one.needs.replace(EACH, before)}"
                yield aside(name, "invalid.incomplete", value=one.value, expected=needs)

    def _unread(self, record: Record, tally: Tally) -> Iterator[SetAside]:
        """What stands under names that the mapping does not know: perhaps it meant others."""
        if self.kind == "csv":
            return
        for name, value in unread(record.content, self.known):
            tally.unread.add(re.sub(r"\[\d+\]", "", name))
            yield aside(record.where + name, "invalid.unknown-field", value=value)


def _within_part(names: object, before: str) -> Any:
    """Names with what the sender calls the child that they are of."""
    if isinstance(names, dict):
        return {name: _within_part(part, before) for name, part in names.items()}
    if isinstance(names, list):
        return [_within_part(part, before) for part in names]
    return names.replace(EACH, before) if isinstance(names, str) else names


@dataclass(frozen=True, slots=True)
class AgencyMapping:
    """A compiled mapping, with each of its formats."""

    name: str
    makes: Makes
    files: tuple[str, ...]
    formats: Mapping[Kind, Format]
    names: frozenset[str]
    """Every name of the sender's that the mapping uses, and so may be told in errors."""

    def format(self, kind: Kind | None) -> Format | None:
        """The one that reads this kind of text."""
        return self.formats.get(kind) if kind else None

    def for_file(self, filename: str) -> bool:
        """Whether the file's name is one that this mapping is named for."""
        return any(fnmatch(filename, pattern) for pattern in self.files)


def load(name: str) -> AgencyMapping:
    """The mapping of this name, or in the file of this path. Raises ``MappingFault``."""
    path = Path(name) if name.endswith(".toml") else AGENCIES / f"{name}.toml"
    try:
        return compiled(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        if name.endswith(".toml"):
            raise MappingFault(f"there is no file {path.absolute()}") from None
        shipped = ", ".join(sorted(file.stem for file in AGENCIES.glob("*.toml")))
        raise MappingFault(
            f"there is no mapping {name}: write one of {shipped}, or a path ending in .toml"
        ) from None
    except (tomllib.TOMLDecodeError, MappingFault) as error:
        raise MappingFault(f"{path.name}: {error}") from None


def compiled(table: Mapping[str, object]) -> AgencyMapping:
    """A mapping from the parsed content of its file. Raises ``MappingFault``."""
    file, zone = checked(_MappingFile, table)
    compilers = [_Compiler(file, kind, zone) for kind in file.reader]
    formats = {compiler.kind: compiler.compile() for compiler in compilers}
    names = frozenset().union(*(one.reading.known for one in formats.values()))
    return AgencyMapping(file.name, file.makes, file.files, formats, names)


def free_template(table: Mapping[str, object], zone: ZoneInfo, *, within: str) -> template.Group:
    """The rules of a mapping for a JSON that is read into no shape of the hub's.

    Raises ``MappingFault``.
    """
    file = _MappingFile(
        name="form", about="a form", reader={"json": _Reader()}, makes="enquiry", template={}
    )
    return _Compiler(file, "json", zone).group(table, Anything(None, within))


def checked(shape: type[InZone], table: Mapping[str, object]) -> tuple[InZone, ZoneInfo]:
    """The parsed content of a file, and its time zone. Raises ``MappingFault``."""
    try:
        file = shape.model_validate(table)
        return file, ZoneInfo(file.zone)
    except ValidationError as error:
        first = error.errors()[0]
        says = _IN_WORDS.get(str(first["loc"][-1]), first["msg"])
        raise MappingFault(f"{'.'.join(map(str, first['loc']))}: {says}") from None
    except (ZoneInfoNotFoundError, ValueError):
        raise MappingFault("zone: write an IANA time zone such as Europe/London") from None


@dataclass(slots=True)
class _Compiler:
    """Makes the template for one format, gathering the sender's names as it meets them."""

    file: _MappingFile
    kind: Kind
    zone: ZoneInfo
    names: list[str] = field(default_factory=list)
    """The paths of what is read, within repeated parts too."""
    repeated: list[str] = field(default_factory=list)
    depth: int = 0
    """Of repeated parts within which the rules stand that are being compiled."""

    def compile(self) -> Format:
        self._check_hl7()
        shape = _SHAPES[self.file.makes]
        group = self.group(self.file.template, Target(shape, "template"))
        reader = self.file.reader[self.kind]
        columns = tuple(dict.fromkeys(self._columns())) if self.kind == "csv" else ()
        reading = Reading(
            path=reader.path,
            delimiter=reader.delimiter,
            encoding=reader.encoding,
            lone_resources=reader.lone_resources,
            columns=columns,
            needed=tuple(dict.fromkeys(self._columns(children=1))) if columns else (),
            known=frozenset(self._known()),
            ignored=frozenset(self.file.ignore),
        )
        kept_as = f"{NAMES[self.kind]}; mapping={self.file.name}"
        return Format(
            self.kind,
            self.file.makes,
            kept_as,
            reading,
            group,
            known=self._places(),
            leaving=leaving(group),
            children=self._children(),
        )

    def _check_hl7(self) -> None:
        if self.kind != "hl7":
            return
        if self.file.reader["hl7"].encoding != "utf-8":
            raise MappingFault("reader.hl7: leave out encoding; a message says its own in MSH-18")
        for path in self._each_paths():
            if not re.fullmatch("[A-Z][A-Z0-9]{2}", path):
                raise MappingFault("each.hl7: write the segment with which each child's begin: PID")

    def _children(self) -> Children | None:
        paths = self.file.each.get(self.kind)
        if paths is None:
            return None
        return Children(self.kind, (paths,) if isinstance(paths, str) else paths)

    def _columns(self, *, children: int | None = None) -> Iterator[str]:
        """The columns that are read, those of so many children by their whole names."""
        several = self._children()
        for name in self.names:
            inside = name.removeprefix(EACH)
            if inside == name or several is None:
                yield name
            else:
                for start in several.paths[:children]:
                    yield (start.replace(NUMBER, "1") if children else start) + inside

    def _known(self) -> Iterator[str]:
        """Every word of the sender's that the mapping reads or leaves alone."""
        yield from self._columns()
        for name in (*self.names, *self.file.ignore, *self._each_paths()):
            yield name
            yield from _WORDS.findall(re.sub(r"'[^']*'", "", name.removeprefix(EACH)))

    def _places(self) -> Known:
        """Where the mapping reads something, and what it leaves alone."""
        read = [self._in_record(name) for name in self.names]
        repeated = [self._in_record(name) for name in self.repeated]
        return known(self.kind, read=read, repeated=repeated, ignored=self.file.ignore)

    def _in_record(self, path: str) -> str:
        """The whole path of what stands in the child, as of what stands in the record."""
        inside = path.removeprefix(EACH)
        before = self._each_paths() if path != inside and self.kind != "hl7" else ()
        return "/".join((*before, inside))

    def _each_paths(self) -> Sequence[str]:
        children = self._children()
        return children.paths if children and self.kind != "csv" else ()

    def _node(self, value: object, part: Target) -> Node:
        if isinstance(value, list):
            items = (self._item(item, part.item(index)) for index, item in enumerate(value))
            return template.Many(tuple(items))
        if not isinstance(value, dict):
            part.take(value)
            return Constant(value)
        if "from" in value:
            return self._field(value, part)
        if "text" in value:
            part.take(value["text"])
            return Constant(value["text"], self._unless(value, part))
        if "first" in value:
            choices = _tables(value["first"], part)
            return template.First(tuple(self.group(choice, part) for choice in choices))
        return self.group(value, part)

    def _item(self, value: object, part: Target) -> Node | Each | Apart:
        if not isinstance(value, dict) or "each" not in value:
            outside = len(self.names)
            node = self._node(value, part)
            return self._apart(node, value, part=part, read=self.names[outside:])
        if self.kind == "csv":
            raise part.fault("a row of CSV has no repeated parts; leave out `each`")
        path = _string(value["each"], part)
        inside = path.removeprefix(EACH)
        parts = self._found(template.parts_getter(self.kind, inside), path)
        self.depth += 1
        outside, outer = len(self.names), len(self.repeated)
        node = self.group({name: rule for name, rule in value.items() if name != "each"}, part)
        self.depth -= 1
        joint = "/" if self.kind != "hl7" else "." if "-" in inside else "-"
        for found, start in ((self.names, outside), (self.repeated, outer)):
            found[start:] = [f"{path}{joint}{name}" for name in found[start:]]
        self.repeated.append(path)
        texts = _reads_texts(value)
        self.names += [path] if texts else []
        of_json = self.kind in ("json", "json-lines")
        first, told = (0, ".") if of_json else (1, joint)
        return Each(parts, node, path, first=first, joint=told, texts=texts)

    def _apart(
        self, node: Node, value: object, *, part: Target, read: Sequence[str]
    ) -> Node | Apart:
        """Homes, numbers and persons are several where their fields stand several times."""
        if not isinstance(node, template.Group) or not isinstance(value, dict):
            return node
        if self.kind in ("xml", "hl7") or not part.is_one_of(Address, Identifier, RelatedPerson):
            return node
        rules = (value.get(name) for name in Protectable.model_fields)
        shared = {rule["from"] for rule in rules if isinstance(rule, dict) and "from" in rule}
        inside = (path.removeprefix(EACH) for path in read)
        return Apart(
            node,
            frozenset(inside),
            frozenset(path.removeprefix(EACH) for path in shared if isinstance(path, str)),
            self.kind,
        )

    def group(self, table: Mapping[str, object], part: Target) -> template.Group:
        """The rules of a table."""
        unless, needs = self._unless(table, part), table.get("needs")
        nodes = {
            name: self._node(rule, part.field(name))
            for name, rule in table.items()
            if name not in ("needs", "unless")
        }
        if needs is not None and needs not in table:
            raise part.fault(f"`needs` names {needs}, which is not in the group")
        fixed = {name: node for name, node in nodes.items() if isinstance(node, Constant)}
        parts = {name: node for name, node in nodes.items() if name not in fixed}
        return template.Group(fixed, parts, cast("str | None", needs), unless)

    def _unless(self, table: Mapping[str, object], part: Target) -> template.Get | None:
        return self._get([_string(table["unless"], part)]) if "unless" in table else None

    def _get(self, paths: Sequence[str]) -> template.Get:
        self.names.extend(path for path in paths if path != ".")
        gets = [
            self._found(template.getter(self.kind, path.removeprefix(EACH)), path) for path in paths
        ]
        return gets[0] if len(gets) == 1 else template.several(gets)

    def _found(self, get: Callable[[object], Any], path: str) -> Callable[[object], Any]:
        """In the child or in the whole record, where the mapping tells these apart."""
        inside = path.removeprefix(EACH)
        if self.kind == "hl7" and inside != "." and hl7_paths.path_of(inside) is None:
            raise MappingFault(f"{path}: write PID-5.1, PID-3[5='NH'].1 or OBX[3.1='SG']-5")
        if path.startswith(EACH) and self.kind not in self.file.each:
            raise MappingFault(f"{path}: `each` of [each] does not say where {self.kind} has it")
        if self.depth or self.kind not in self.file.each:
            return get
        return template.into(get, part=path.startswith(EACH))

    def _field(self, rule: Mapping[str, object], part: Target) -> Node:
        if strange := rule.keys() - _RULE_KEYS:
            may = ", ".join(sorted(_RULE_KEYS))
            raise part.fault(f"a rule has no {min(strange)}; it may have {may}")
        source = rule["from"]
        paths = [_string(path, part) for path in (source if isinstance(source, list) else [source])]
        name = rule.get("as", "coded" if "codes" in rule else "text")
        if not isinstance(name, str) or name not in CONVERTERS:
            ways = ", ".join(CONVERTERS)
            raise part.fault(f"there is no way to read called {name}; write one of {ways}")
        _check_values(rule, name, part=part)
        first = rule.get("several") == "first"
        if "several" in rule and not first:
            raise part.fault('write several = "first", or leave it out')
        return template.Field(
            get=self._get(paths),
            convert=CONVERTERS[name],
            options=self._options(rule),
            name="" if paths == ["."] else ", ".join(paths) if self.kind == "csv" else paths[0],
            required=rule.get("required") is True,
            default=rule.get("default"),
            takes_several=name in SEVERAL and not first,
            first=first,
        )

    def _options(self, rule: Mapping[str, object]) -> Options:
        codes = cast("Mapping[str, str | bool]", rule.get("codes", {}))
        return Options(
            formats=_formats(rule),
            without=frozenset(str(word).casefold() for word in _listed(rule.get("without"))),
            zone=self.zone,
            join=cast("str", rule.get("join", " ")),
            codes={written.casefold(): mine for written, mine in codes.items()},
            otherwise=cast("str | bool | None", rule.get("otherwise")),
            expected=_expected(rule),
        )


def _check_values(rule: Mapping[str, object], way: str, *, part: Target) -> None:
    """Raises ``MappingFault`` where the hub's shape would take nothing that the rule comes to."""
    part.take_read(way)
    forms = _formats(rule)
    if forms and way not in ("date", "partial-date", "moment"):
        raise part.fault('format is for dates: write as = "date", "partial-date" or "moment"')
    for form in forms:
        check_format(form, part)
    for written, mine in cast("Mapping[str, object]", rule.get("codes", {})).items():
        part.take(mine, at=f"codes, {written}")
    for name in ("otherwise", "default"):
        if name in rule:
            part.take(rule[name], at=name)


def _expected(rule: Mapping[str, object]) -> str | None:
    """What a value of the rule looks like, in words for its sender."""
    if codes := cast("Mapping[str, object]", rule.get("codes", {})):
        return f"one of {', '.join(codes)}"[:500]
    if rule.get("as") in ("date", "moment"):
        form = "%Y-%m-%d" if rule["as"] == "date" else "%Y-%m-%dT%H:%M:%S+00:00"
        return " or ".join(map(DAY.strftime, _formats(rule) or (form,)))
    if rule.get("as") == "partial-date":
        return " or ".join(map(DAY.strftime, _formats(rule) or ("%Y-%m-%d", "%Y-%m", "%Y")))
    return None


def _formats(rule: Mapping[str, object]) -> tuple[str, ...]:
    form = rule.get("format")
    return (form,) if isinstance(form, str) else tuple(map(str, _listed(form)))


def _reads_texts(rule: object) -> bool:
    """Whether something in it reads the record itself, which then is a text."""
    if isinstance(rule, list):
        return any(map(_reads_texts, rule))
    return isinstance(rule, dict) and (
        "." in (rule.get("from"), *_listed(rule.get("from")))
        or any(map(_reads_texts, rule.values()))
    )


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _string(value: object, part: Target) -> str:
    if not isinstance(value, str) or not value:
        raise part.fault("write the path of a field of the record, in quotes")
    return value


def _tables(value: object, part: Target) -> list[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise part.fault("`first` is a list of groups: write [[…first]]")
    return value

"""How letters are written for a system that reads files, as data: the authority's case system has
its own names for things (R43, R56).

A form is a TOML file that says, of each type of letter, where what stands in it goes: rules as in a
mapping, turned round. ``connectors/agencies/forms`` has those that ship.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_core import from_json

from connectors.formats.mapping import AGENCIES, Zoned, checked, free_template
from connectors.formats.targets import MappingFault
from connectors.formats.template import Bad, Group
from schemas.base import Code, Line

FORMS = AGENCIES / "forms"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


class _FormFile(Zoned):
    name: Code
    about: Line
    writes: Literal["json", "xml", "csv"]
    root: str = Field(default="Record", pattern=f"^{_NAME.pattern}$")
    """The name of the XML's outermost element."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    date: Line = "%Y-%m-%d"
    moment: Line = "%Y-%m-%dT%H:%M:%S%z"
    """How dates and moments are written (``strftime``)."""
    letters: dict[Line, dict[str, object]] = Field(min_length=1)

    def write(self, said: Mapping[str, Any]) -> bytes:
        """What is said of a letter, as a file."""
        match self.writes:
            case "json":
                return _json(said)
            case "xml":
                return _xml(said, root=self.root)
            case "csv":
                return _csv(said, delimiter=self.delimiter)


@dataclass(frozen=True, slots=True)
class Form:
    """A compiled form."""

    name: str
    writes: Literal["json", "xml", "csv"]
    letters: Mapping[str, Group]
    file: _FormFile
    zone: ZoneInfo

    def written(self, type_: str, body: bytes) -> bytes | None:
        """A letter's event in this form; None for a type that the form does not know."""
        group = self.letters.get(type_)
        if group is None:
            return None
        made = group.read(from_json(body)) or {}
        return self.file.write({name: self._said(part) for name, part in made.items()})

    def _said(self, value: object) -> Any:
        match value:
            case dict():
                return {name: self._said(part) for name, part in value.items()}
            case list():
                return [self._said(part) for part in value]
            case dt.datetime():
                return value.astimezone(self.zone).strftime(self.file.moment)
            case dt.date():
                return value.strftime(self.file.date)
            case Bad():  # what cannot be read is not there: the hub's own letter has it whole
                return None
        return value


def load_form(name: str) -> Form:
    """The form of this name, or in the file of this path. Raises ``MappingFault``."""
    path = Path(name) if name.endswith(".toml") else FORMS / f"{name}.toml"
    try:
        return _compiled(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        shipped = ", ".join(sorted(file.stem for file in FORMS.glob("*.toml")))
        raise MappingFault(
            f"there is no form {name}: write one of {shipped}, or a path ending in .toml"
        ) from None
    except (tomllib.TOMLDecodeError, MappingFault) as error:
        raise MappingFault(f"{path.name}: {error}") from None


def _compiled(table: Mapping[str, object]) -> Form:
    file, zone = checked(_FormFile, table)
    for type_, template in file.letters.items():
        _check(template, file, within=f"letters.{type_}")
    letters = {
        type_: free_template(template, zone, within=f"letters.{type_}")
        for type_, template in file.letters.items()
    }
    return Form(file.name, file.writes, letters, file, zone)


def _check(template: Mapping[str, object], file: _FormFile, *, within: str) -> None:
    """Raises ``MappingFault`` for names that the form cannot write."""
    for name, rule in template.items():
        if file.writes == "xml" and not _NAME.fullmatch(name):
            raise MappingFault(f"{within}.{name}: is no name of an XML element")
        inner = isinstance(rule, dict) and not {"from", "text"} & rule.keys()
        if file.writes == "csv" and (inner or isinstance(rule, list)):
            raise MappingFault(f"{within}.{name}: a row of CSV has no parts; write a rule")
        if inner:
            assert isinstance(rule, dict)
            _check(rule, file, within=f"{within}.{name}")


def _json(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, indent=2).encode() + b"\n"


def _csv(said: Mapping[str, Any], *, delimiter: str) -> bytes:
    """A row under its names. Cells that a spreadsheet would reckon are texts (CWE-1236), and all
    are in quotes, as one that splits at other signs would find such cells within.
    """
    out = io.StringIO(newline="")
    rows = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    rows.writerow(said)
    rows.writerow([_cell(value) for value in said.values()])
    return out.getvalue().encode("utf-8-sig")


_RECKONED: Final = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20'")
"""With what a cell begins that a spreadsheet would reckon (OWASP: CSV injection), and what stands
before it then: so one apostrophe at the beginning is always the guard, and a system takes it off.
"""


def _cell(value: object) -> str:
    text = "; ".join(map(_plain, value)) if isinstance(value, list) else _plain(value)
    return f"'{text}" if text[:1] in _RECKONED else text


def _plain(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _xml(said: Mapping[str, Any], *, root: str) -> bytes:
    outermost = Element(root)
    _fill(outermost, said)
    indent(outermost)
    written: bytes = tostring(outermost, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


def _fill(element: Element, said: object) -> None:
    if isinstance(said, Mapping):
        for name, part in said.items():
            for one in part if isinstance(part, list) else [part]:
                _fill(SubElement(element, name), one)
    elif said is not None:
        element.text = _NO_XML.sub("\ufffd", _plain(said))

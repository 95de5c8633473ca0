"""Where in the hub's shape a rule of a mapping stands, and what may stand there.

A wrong mapping is its author's fault: it is said where the mapping is loaded, never to senders.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from connectors.faults import fault_of

DAY: Final = dt.datetime(2026, 3, 31, 9, 30, tzinfo=dt.UTC)
"""For examples of dates: its day cannot be taken for its month."""
_TEXTS: Final = ("text", "1", "2026-03-31", "2026-03-31T09:30:00Z")
_PARTIAL: Final = {"date": DAY.date(), "accuracy_indicator": "AAA"}
_COMES_TO: Final[Mapping[str, Sequence[object]]] = {
    "text": _TEXTS,
    "list": [[text] for text in _TEXTS],
    "words": (["text"],),
    "given-names": (["text"],),
    "family-name": (["text"],),
    "before-comma": (["text"],),
    "after-comma": (["text"],),
    "digits": ("9" * 20,),
    "postcode": ("BD54 5UN",),
    "code": ("text",),
    "date": (DAY.date(),),
    "partial-date": (_PARTIAL,),
    "moment": (DAY,),
    "address-line1": ("text",),
    "address-line2": ("text",),
    "address-city": ("text",),
}
"""The types that each way of reading a value may give."""
_OF_THE_VALUE: Final = frozenset(
    {"enum", "literal_error", "string_pattern_mismatch", "string_too_long", "string_too_short"}
)
"""Errors that another value of the same kind would not have."""


class MappingFault(ValueError):
    """The mapping file is wrong; the message says where and what to write instead."""


@dataclass(frozen=True, slots=True)
class Target:
    """A part of the hub's shape that a rule is for; refuses what the shape does not have."""

    annotation: Any
    """What may stand there, as pydantic reads it."""
    path: str

    def field(self, name: str) -> Target:
        """A field of it. Raises ``MappingFault``."""
        bare = _bare(self.annotation)
        if get_origin(bare) is tuple:
            raise self.fault("the hub's shape has a list here: write [[…]] or [{ … }]")
        if not (isinstance(bare, type) and issubclass(bare, BaseModel)):
            raise self.fault(f"the hub's shape has one value here, and no {name} in it")
        if name not in bare.model_fields:
            may = ", ".join(bare.model_fields)
            raise self.fault(f"the hub's shape has no {name} here; write one of {may}")
        return Target(_annotated(bare.model_fields[name]), f"{self.path}.{name}")

    def item(self, index: int) -> Target:
        """One of a list. Raises ``MappingFault``."""
        bare = _bare(self.annotation)
        if get_origin(bare) is not tuple:
            raise self.fault("the hub's shape has no list here")
        return Target(get_args(bare)[0], f"{self.path}[{index}]")

    def is_one_of(self, *shapes: type[BaseModel]) -> bool:
        """Whether one of these stands there."""
        return _bare(self.annotation) in shapes

    def fault(self, says: str) -> MappingFault:
        """The fault of a mapping at this place."""
        return MappingFault(f"{self.path}: {says}")

    def take(self, value: object, *, at: str = "") -> None:
        """Raises ``MappingFault`` for what the shape refuses here, with what is allowed."""
        errors = self._errors(value)
        if not errors:
            return
        written = f'"{value}"' if isinstance(value, str) else str(value).lower()
        kind, expected = errors[0]["type"], fault_of(errors[0]).expected
        may = expected or _IN_WORDS.get(kind.partition("_")[0]) or errors[0]["msg"]
        within = f"{at}: " if at else ""
        raise self.fault(f"{within}the hub's shape does not take {written} here; write {may}")

    def take_read(self, way: str) -> None:
        """Raises ``MappingFault`` where nothing that is read that way is taken here."""
        if way in _COMES_TO and not self._fits(way):
            fitting = ", ".join(other for other in _COMES_TO if self._fits(other))
            instead = f"write one of {fitting}" if fitting else "write a table of rules"
            raise self.fault(f'the hub\'s shape does not take as = "{way}" here; {instead}')

    def _fits(self, way: str) -> bool:
        tried = (self._errors(value) for value in _COMES_TO[way])
        return any(all(one["type"] in _OF_THE_VALUE for one in errors) for errors in tried)

    def _errors(self, value: object) -> list[Any]:
        try:
            TypeAdapter(self.annotation).validate_python(value)
        except ValidationError as error:
            return list(error.errors(include_url=False, include_input=False))
        return []


class Anything(Target):
    """What a form is written to: nothing of the hub's says what may stand there."""

    def field(self, name: str) -> Target:
        return Anything(None, f"{self.path}.{name}")

    def item(self, index: int) -> Target:
        return Anything(None, f"{self.path}[{index}]")

    def take(self, value: object, *, at: str = "") -> None:
        pass

    def take_read(self, way: str) -> None:
        pass


_IN_WORDS: Final = {
    "date": "a date such as 2026-03-31",
    "datetime": "a moment such as 2026-03-31T09:30:00Z",
    "timezone": "a moment such as 2026-03-31T09:30:00Z",
}


def _annotated(field: FieldInfo) -> Any:
    annotation: Any = field.annotation
    for mark in field.metadata:
        annotation = Annotated[annotation, mark]
    return annotation


def _bare(annotation: Any) -> Any:
    """Without constraints, and without None."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return _bare(next(one for one in get_args(annotation) if one is not NoneType))
    return annotation


# --- formats of dates


def check_format(form: str, target: Target) -> None:
    """Raises ``MappingFault`` for what says no date as ``strptime`` has it."""
    if "%" not in form:
        raise target.fault(f"format: {form} says no part of a date; write {_as_percent(form)}")
    try:
        dt.datetime.strptime(DAY.strftime(form), form)
    except ValueError:
        raise target.fault(f"format: {form} cannot be read; write such as %d/%m/%Y") from None


_LETTERS: Final = re.compile("yyyy|yy|mmmm|mmm|mm?|dddd|ddd|dd?|hh?|ss?", re.IGNORECASE)
_PERCENT: Final = {"yyyy": "%Y", "yy": "%y", "d": "%d", "dd": "%d", "ddd": "%a", "dddd": "%A"} | {
    "mmm": "%b",
    "mmmm": "%B",
    "h": "%H",
    "hh": "%H",
    "s": "%S",
    "ss": "%S",
}


def _as_percent(form: str) -> str:
    """``dd/mm/yy hh:mm`` as ``%d/%m/%y %H:%M``."""
    return "".join(_percents(form)) if _LETTERS.search(form) else "%d/%m/%Y"


def _percents(form: str) -> Iterator[str]:
    hours, done = False, 0
    for found in _LETTERS.finditer(form):
        letters = found[0].lower()
        yield form[done : found.start()]
        yield _PERCENT.get(letters, "%M" if hours else "%m")
        hours, done = hours or letters.startswith("h"), found.end()
    yield form[done:]

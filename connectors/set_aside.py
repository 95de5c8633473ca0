"""A concern is taken whatever is wrong with its parts: they are set aside, and the sender told.

Refused is only what leaves nothing to act on. What people decide is never mended like this.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from connectors.asides import aside
from connectors.faults import Fault, fault_of
from connectors.formats.strict_json import NotANumber, as_sent, cleaned, repeated
from connectors.formats.template import MAPPING
from connectors.implausible import implausible
from connectors.not_taken import NotTaken, dotted, name_in
from connectors.parts import Path, at, before_compact, compact, every, leaves, put
from schemas.case import OpenCase
from schemas.notification import NO_ACCOUNT, Instead, Notification, SetAside

Concern = TypeVar("Concern", Notification, OpenCase)

_ROUNDS = 20
"""Cutting one part shows what it leaves incomplete: no shape of the hub's is deeper than this."""
_MOST = 100
"""Parts told one by one; where more is at fault, whole fields are cut, or all is kept as one."""
_ROOM = 100_000
"""Characters in all that are kept value by value, or twice as many as came."""
_SHORTEST_PROSE = 200
"""Characters: what may be so long says something by its beginning; a number or code does not."""
_QUALIFIERS = frozenset({"system", "use", "accuracy_indicator", "relationship"})
"""They say how to take another part, and nothing by themselves."""
_NOT_WHO = frozenset({"address", "sex_code", "identifier_absent_reason"})
"""Of a child: what does not say which one it is."""


@dataclass(slots=True, repr=False)
class AsSent:
    """What a sender wrote, in the shape of the hub's that is to be made of it."""

    values: dict[str, Any]
    """Changed as parts are set aside."""
    text: bytes
    """The record or message as it came."""
    written: Callable[[], object]
    """The values again, each as it came."""
    names: Callable[[], object] = lambda: None
    """The same with the sender's name of each; None where the names are the hub's own."""
    agreed: Callable[[Path], str | None] = lambda _: None
    """The sender's name of what does not stand there."""
    where: str = ""
    """What stands before each name, such as ``row 3, ``."""
    odd: bool = False
    """Whether a text may hold what no text may, or NaN stand somewhere."""
    beside: Sequence[SetAside] = ()
    """What was set aside already when it was read."""


def usable(
    shape: type[Concern], sent: AsSent, *, validate: Callable[[object], Concern], now: dt.datetime
) -> Concern:
    """The shape of what can be used; ``NotTaken`` where that leaves nothing to act on."""
    return _Making(shape, sent, validate, now).made()


@dataclass(repr=False)
class _Making(Generic[Concern]):
    shape: type[Concern]
    sent: AsSent
    validate: Callable[[object], Concern]
    now: dt.datetime
    found: dict[tuple[str, str, str], SetAside] = field(default_factory=dict)
    whole: bool = True
    """Nothing was cut yet: what is well costs nothing more than being validated."""

    @cached_property
    def came(self) -> object:
        return self.sent.written()

    @cached_property
    def names(self) -> object:
        return self.sent.names()

    def made(self) -> Concern:
        if self.sent.odd:
            self._clean()
        if self.sent.values.get("set_aside"):  # the hub's own to say
            self._cut(Fault(("set_aside",), "invalid.unknown-field"))
        for _ in range(_ROUNDS):
            made = self._tried()
            if not isinstance(made, list):
                return self._told(made)
            for fault in made if len(made) <= _MOST else _coarse(made):
                self._handle(fault)
        raise NotTaken("invalid.value", self.sent.where.rstrip("., /") or None)

    def _tried(self) -> Concern | list[Fault]:
        """The shape, if nothing is wrong any more."""
        shown = self.sent.values if self.whole else compact(self.sent.values)
        try:
            made = self.validate(shown)
            faults = list(implausible(made, self.now))
        except ValidationError as error:
            faults = [fault_of(one) for one in error.errors(include_url=False, include_input=False)]
        if not faults:
            return made
        if self.whole:
            return faults
        return [one.moved(before_compact(self.sent.values, one.path)) for one in faults]

    def _told(self, made: Concern) -> Concern:
        if isinstance(made, Notification):
            self._tell_who_is_missing(made)
        found: list[SetAside] = [*self.sent.beside, *self.found.values()]
        if len(found) > _MOST or sum(len(one.value) for one in found) > self._room():
            found = [*self._without_values(found), self._all_that_came()]
        return made.model_copy(update={"set_aside": tuple(found)}) if found else made

    def _room(self) -> int:
        return max(_ROOM, 2 * len(self.sent.text))

    def _without_values(self, found: Sequence[SetAside]) -> list[SetAside]:
        """The first of them, where all that came is kept once in place of each value."""
        return [one.model_copy(update={"value": ""}) for one in found[: _MOST - 1]]

    def _all_that_came(self) -> SetAside:
        text = self.sent.text.decode("utf-8", "replace")
        return aside(self.sent.where, "invalid.many", value=text)

    def _tell_who_is_missing(self, made: Notification) -> None:
        child = made.subject
        born = child.date_of_birth
        given = any(name.given_name or name.preferred_name for name in child.name)
        family = any(name.family_name for name in child.name)
        if not (given or family or born or child.identifier or child.related_person):
            name = self.sent.agreed(("subject", "name"))
            self._note(Fault(("subject",), "missing.child"), Instead.WITHOUT, name=name)
        elif not (born and born.expected):  # who is not born yet may have no name (R3)
            for part, told in (("given_name", given), ("family_name", family)):
                if not told:
                    self._tell_name_is_missing(part)

    def _tell_name_is_missing(self, part: str) -> None:
        path = ("subject", "name", 0, part)
        if not any(one.place.startswith(dotted(path)) for one in self.found.values()):
            self._note(Fault(path, "missing.name"), Instead.WITHOUT)

    # --- faults

    def _handle(self, fault: Fault) -> None:
        value = at(self.sent.values, fault.path)
        if not isinstance(at(self.sent.values, fault.path[:-1]), dict | list):
            return  # it was left out with what it stood in
        self._may_degrade(fault)
        if fault.absent and value is None:
            self._do_without(fault.path)
        elif value is None or value in ("", [], {}):
            self._put(fault.path, None)
        elif isinstance(value, str) and (fault.longest or 0) >= _SHORTEST_PROSE:
            self._note(fault, Instead.SHORTENED)
            self._put(fault.path, _shortened(value, fault))
        else:
            self._cut(fault.because_of(value))

    def _cut(self, fault: Fault) -> None:
        self._note(fault, Instead.LEFT_OUT)
        self._put(fault.path, None)

    def _may_degrade(self, fault: Fault) -> None:
        """Of an open case only what is said of the child: to lose its worker would close it."""
        if self.shape is OpenCase and fault.path[:1] != ("child",):
            raise NotTaken(fault.reason, self._name(fault.public_path) or None)

    def _do_without(self, path: Path) -> None:
        """Something is missing without which the whole, or a part of it, says nothing."""
        match path:
            case ("reference",):
                self._instead(path, self._given_reference(), Instead.GIVEN)
            case ("observed_at",):
                self._instead(path, self.now.isoformat(), Instead.ARRIVAL)
            case ("narrative",):
                self._instead(path, NO_ACCOUNT, Instead.WITHOUT)
            case ("subject",) | ("child",):
                self._put(path, {})
            case (*_, "relationship"):
                self._instead(path, "other", Instead.WITHOUT)
            case _:
                self._leave_out(path[:-1], without=path)

    def _leave_out(self, parent: Path, *, without: Path) -> None:
        """A part, for want of something in it; what else it held is kept."""
        told = any(one.place.startswith(dotted(parent)) for one in self.found.values())
        expected = f"with {self._name(without)}"
        for path, _ in leaves(at(self.sent.values, parent), parent):
            if self._written(path) not in (None, "") and self._name(path) != MAPPING:
                along = told and path[-1] in _QUALIFIERS
                instead = Instead.ALONG if along else Instead.LEFT_OUT
                self._note(Fault(path, "invalid.incomplete", expected), instead)
        self._put(parent, None)

    def _given_reference(self) -> str:
        """The same for the same message; ``NotTaken`` where that says nothing to act on."""
        if not self._says_something():
            raise NotTaken("missing.field", self._name(("reference",)))
        return "no-reference-" + sha256(as_sent(self.came).encode("utf-8")).hexdigest()[:16]

    def _says_something(self) -> bool:
        """Whether there are words, or it is said who the child is."""
        came = {name: at(self.came, (name,)) for name in ("narrative", "subject")}
        return any(
            not _NOT_WHO.intersection(path[1:2])
            and path[-1] not in _QUALIFIERS
            and str(value).strip()
            and self._name(path) != MAPPING
            for path, value in leaves(came)
        )

    def _instead(self, path: Path, value: object, instead: Instead) -> None:
        self._put(path, value)
        for key, one in self.found.items():
            if one.place == dotted(path):
                self.found[key] = one.model_copy(update={"instead": instead})
                return
        self._note(Fault(path, "missing.field"), instead)

    def _put(self, path: Path, new: object) -> None:
        self.whole = False
        put(self.sent.values, path, new=new)

    def _clean(self) -> None:
        """Take out of texts what no text may hold, and what is no number."""
        for path, value in list(every(self.sent.values)):
            if isinstance(value, NotANumber):
                self._cut(Fault(path, "unreadable.number"))
            elif any(isinstance(name, str) and cleaned(name) != name for name in path[-1:]):
                self._cut(Fault(path, "invalid.unknown-field"))
            elif isinstance(value, str) and (clean := cleaned(value)) != value:
                self._note(Fault(path, "invalid.characters"), Instead.CLEANED)
                self._put(path, clean)

    # --- what is kept

    def _note(self, fault: Fault, instead: Instead, *, name: str | None = None) -> None:
        made = self._note_of(fault, instead, name=name)
        self.found.setdefault((made.field, made.reason, made.value), made)

    def _note_of(self, fault: Fault, instead: Instead, *, name: str | None = None) -> SetAside:
        return aside(
            self.sent.where + (name or self._name(fault.path)),
            fault.reason,
            value=self._written(fault.path),
            place=dotted(fault.path),
            expected=fault.expected,
            instead=instead,
        )

    def _name(self, path: Path) -> str:
        return name_in(self.names, path) or self.sent.agreed(path) or dotted(path)

    def _written(self, path: Path) -> object:
        """What came there, or in a larger part that was not read any further."""
        came = self.came
        for part in path:
            if not isinstance(came, dict | list):
                break
            came = at(came, (part,))
        return came


def overwritten(value: object, where: str) -> tuple[SetAside, ...]:
    """What an object of a JSON text gave under a key before it gave another under the same."""
    return tuple(
        aside(where + dotted(path), "unreadable.repeated-key", value=before)
        for path, before in repeated(value)
    )


def _coarse(faults: Sequence[Fault]) -> list[Fault]:
    """Whole fields of the concern and of its child in place of many parts of them."""
    return list({one.path[:2]: one.moved(one.path[:2]) for one in faults}.values())


def _shortened(value: str, fault: Fault) -> str:
    """Its beginning; a reference stays distinct from others that begin alike."""
    longest = fault.longest or 0
    if fault.path != ("reference",):
        return value[:longest]
    return value[: longest - 17] + "~" + sha256(value.encode()).hexdigest()[:16]

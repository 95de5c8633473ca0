"""A concern is taken whatever is wrong with its parts: they are set aside, and the sender told.

Refused is only what leaves nothing to act on. What people decide is never mended like this.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

from pydantic import ValidationError

from connectors.formats.strict_json import Repeated, cleaned, written
from connectors.formats.template import MAPPING, Bad
from connectors.implausible import implausible
from connectors.not_taken import NotTaken, dotted, name_in, reason_of
from schemas.case import OpenCase
from schemas.notification import NO_ACCOUNT, Instead, Notification, SetAside

Concern = TypeVar("Concern", Notification, OpenCase)
Path = tuple[str | int, ...]

_ROUNDS = 20
"""Cutting one part shows what it leaves incomplete: no shape of the hub's is deeper than this."""


_SHORTEST_PROSE = 200
"""Characters: what may be so long says something by its beginning; a number or code does not."""

_QUALIFIERS = frozenset({"system", "use", "accuracy_indicator"})
"""They say how to take another part, and nothing by themselves."""


@dataclass(slots=True, repr=False)
class AsSent:
    """What a sender wrote, in the shape of the hub's that is to be made of it."""

    values: dict[str, Any]
    """Changed as parts are set aside."""
    written: Callable[[], object]
    """The same with each value as it came."""
    names: Callable[[], object] = lambda: None
    """The same with the sender's name of each; None where the names are the hub's own."""
    where: str = ""
    """What stands before each name, such as ``row 3, ``."""
    odd: bool = False
    """Whether a text may hold what no text may, or an object a key twice."""
    beside: Sequence[SetAside] = ()
    """What was set aside already when it was read."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A part that cannot be used: where, why, and what a right one looks like."""

    path: Path
    reason: str
    expected: str | None = None
    longest: int | None = None
    """Characters, of a text that is too long."""


def usable(
    shape: type[Concern], sent: AsSent, *, validate: Callable[[object], Concern], now: dt.datetime
) -> Concern:
    """The shape of what can be used; ``NotTaken`` where that leaves nothing to act on."""
    return _Making(shape, sent, now).made(validate)


@dataclass(slots=True, repr=False)
class _Making:
    shape: type[Notification | OpenCase]
    sent: AsSent
    now: dt.datetime
    found: list[SetAside] = field(default_factory=list)
    _shown: object = None
    """What was last tried: at first all that was sent, so that what is well costs nothing more."""

    def made(self, validate: Callable[[object], Concern]) -> Concern:
        if self.sent.odd:
            self._clean()
        for number in range(_ROUNDS):
            faults: list[Fault] = []
            self._shown = _compact(self.sent.values) if number else self.sent.values
            try:
                made = validate(self._shown)
            except ValidationError as error:
                faults = [self._fault(one) for one in error.errors(include_url=False)]
            else:
                found = implausible(made, self.now)
                faults = [Fault(self._original(path), why, right) for path, why, right in found]
                if not faults:
                    return self._told(made)
            for fault in faults:
                self._handle(fault)
        raise NotTaken("invalid.value", self.sent.where.rstrip("., /") or None)

    def _told(self, made: Concern) -> Concern:
        if isinstance(made, Notification) and not _names_anybody(made):
            name = name_in(self.sent.names(), ("subject",))
            self._note(("subject",), "missing.child", name=name, value="")
        found = (*self.sent.beside, *self.found)
        return made.model_copy(update={"set_aside": found}) if found else made

    # --- faults

    def _fault(self, error: Any) -> Fault:
        path, context = self._original(error["loc"]), error.get("ctx", {})
        if isinstance(bad := _at(self.sent.values, path), Bad):
            return Fault(path, bad.reason, bad.expected)
        longest = context.get("max_length") if error["type"] == "string_too_long" else None
        expected = f"at most {longest:,} characters" if longest else context.get("expected")
        return Fault(path, reason_of(error["type"]), expected, longest)

    def _original(self, path: Sequence[str | int]) -> Path:
        """Where that stands in what was sent, from which nothing was taken out."""
        if self._shown is self.sent.values:
            return tuple(path)
        value: object = self.sent.values
        found: list[str | int] = []
        for part in path:
            if isinstance(value, list) and isinstance(part, int):
                part = [n for n, one in enumerate(value) if one is not None][part]
            found.append(part)
            value = _at(value, (part,))
        return tuple(found)

    def _handle(self, fault: Fault) -> None:
        value = _at(self.sent.values, fault.path)
        self._may_degrade(fault)
        if value is None or value in ("", [], {}):
            self._set(fault.path, None)
            self._missing(fault.path)
        elif isinstance(value, str) and (fault.longest or 0) >= _SHORTEST_PROSE:
            self._note(fault.path, fault.reason, expected=fault.expected, instead=Instead.SHORTENED)
            self._set(fault.path, _shortened(value, fault))
        else:
            self._note(fault.path, fault.reason, expected=fault.expected)
            self._set(fault.path, None)

    def _may_degrade(self, fault: Fault) -> None:
        """Of an open case only what is said of the child: to lose its worker would close it."""
        if self.shape is OpenCase and fault.path[:1] not in (("child",), ("set_aside",)):
            raise NotTaken(fault.reason, self._name(fault.path) or None)

    def _missing(self, path: Path) -> None:
        """Something without which the whole, or a part of it, says nothing."""
        if path[-1] == "relationship":
            self._instead(path, "other", Instead.LEFT_OUT)
        elif len(path) > 1:
            self._leave_out(path[:-1], without=path)
        elif path == ("reference",):
            self._give_reference()
        elif path == ("observed_at",):
            self._instead(path, self.now.isoformat(), Instead.ARRIVAL)
        elif path == ("narrative",):
            self._instead(path, NO_ACCOUNT, Instead.LEFT_OUT)
        elif path in (("subject",), ("child",)):
            self.sent.values[str(path[0])] = {}

    def _leave_out(self, parent: Path, *, without: Path) -> None:
        """A part, for want of something in it; what else it held is kept."""
        for path in _leaves(_at(self.sent.values, parent), parent):
            if path[-1] not in _QUALIFIERS and self._name(path) != MAPPING:
                wanted = f"with {self._name(without)}"
                self._note(path, "invalid.incomplete", expected=wanted, place=dotted(parent))
        self._set(parent, None)

    def _give_reference(self) -> None:
        rest = {name: part for name, part in self.sent.values.items() if name != "observed_at"}
        if not (self.sent.values.get("narrative") or any(_leaves(rest.get("subject"), ()))):
            raise NotTaken("missing.field", self._name(("reference",)))
        given = "no-reference-" + sha256(written(_compact(rest))).hexdigest()[:16]
        self._instead(("reference",), given, Instead.GIVEN)

    def _instead(self, path: Path, value: object, instead: Instead) -> None:
        place = dotted(path)
        self._set(path, value)
        for number, one in enumerate(self.found):
            if one.place == place:
                self.found[number] = one.model_copy(update={"instead": instead})
                return
        self._note(path, "missing.field", instead=instead, value="")

    # --- what is kept

    def _note(
        self,
        path: Path,
        reason: str,
        *,
        expected: str | None = None,
        instead: Instead = Instead.LEFT_OUT,
        name: str | None = None,
        place: str | None = None,
        value: str | None = None,
    ) -> None:
        told = SetAside(
            field=(self.sent.where + (name or self._name(path)))[:500].rstrip("., /") or ".",
            place=place or dotted(path)[:500] or ".",
            reason=reason,
            expected=expected[:500] if expected else None,
            instead=instead,
            value=self._written(path) if value is None else value,
        )
        if told not in self.found:
            self.found.append(told)

    def _name(self, path: Path) -> str:
        return name_in(self.sent.names(), path)

    def _written(self, path: Path) -> str:
        came: object = self.sent.written()
        for part in path:
            inside = _at(came, (part,))
            if inside is None:
                break
            came = inside
        if isinstance(came, str) and not cleaned(came)[1]:
            return came
        return written(came).decode()

    def _set(self, path: Path, value: object) -> None:
        parent: Any = _at(self.sent.values, path[:-1])
        if isinstance(parent, dict | list):
            parent[path[-1]] = value  # type: ignore[index]

    def _clean(self) -> None:
        """Take out of texts what no text may hold; of a key given twice the last counts."""
        for path, value in list(_every(self.sent.values, ())):
            if isinstance(value, Repeated):
                self._note(
                    path, "unreadable.repeated-key", name=dotted(path), value=value.as_written()
                )
            elif isinstance(value, str):
                clean, was_odd = cleaned(value)
                if was_odd:
                    self._note(path, "invalid.characters", instead=Instead.CLEANED)
                    self._set(path, clean)


def _names_anybody(made: Notification) -> bool:
    child = made.subject
    return bool(child.name or child.identifier or child.date_of_birth or child.related_person)


def _shortened(value: str, fault: Fault) -> str:
    """Its beginning; a reference stays distinct from others that begin alike."""
    longest = fault.longest or 0
    if fault.path != ("reference",):
        return value[:longest]
    return value[: longest - 17] + "~" + sha256(value.encode()).hexdigest()[:16]


def _at(value: object, path: Sequence[str | int]) -> Any:
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _compact(value: object) -> Any:
    """Without what was set aside."""
    if isinstance(value, dict):
        return {name: _compact(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_compact(part) for part in value if part is not None]
    return value


def _every(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    yield path, value
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _every(part, (*path, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _every(part, (*path, number))


def _leaves(value: object, path: Path) -> Iterator[Path]:
    for at, one in _every(value, path):
        if one is not None and not isinstance(one, dict | list):
            yield at

"""What stands in a record at places that its mapping does not read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree.ElementTree import Element, tostring

import hl7  # type: ignore[import-untyped]

from connectors.formats import hl7_paths, json_paths
from connectors.formats.hl7_messages import Segments
from connectors.formats.records import Kind

Unread = Iterator[tuple[str, object]]
"""Path and value of each part that nothing reads; empty parts are none."""

Picks = Callable[[object, object], bool]
"""Whether a path means this part of that whole, of several that stand under one name."""


class Step(NamedTuple):
    """One name, or number, of a path; of several parts there perhaps those of a test."""

    name: str | int
    test: str = ""
    picks: Picks | None = None
    looks_at: Sequence[str | int] = ()
    """What the test reads within the part."""


class _Way(NamedTuple):
    test: str
    picks: Picks | None
    to: Place


@dataclass(slots=True)
class Place:
    """A place of records, as their mapping sees it."""

    whole: bool = False
    """Whether all that stands there is read, or left alone as agreed."""
    repeated: bool = False
    """Whether it is read part by part, so that one without fields is told there."""
    below: dict[str | int, list[_Way]] = field(default_factory=dict)
    leaves: set[str | int] = field(default_factory=set)
    """The names below of which everything is read: mostly nothing more has to be looked at."""

    def read(self, steps: Sequence[Step]) -> None:
        """All that these lead to is read."""
        *before, last = steps
        parent = self.at(before)
        parent.at([last]).whole = True
        if not last.test:
            parent.leaves.add(last.name)

    def at(self, steps: Sequence[Step]) -> Place:
        """The place to which these lead from here."""
        place = self
        for step in steps:
            place = place._next(step)
        return place

    def _next(self, step: Step) -> Place:
        ways = self.below.setdefault(step.name, [])
        for way in ways:
            if way.test == step.test:
                return way.to
        made = Place()
        ways.append(_Way(step.test, step.picks, made))
        if step.looks_at:
            made.read([Step(name) for name in step.looks_at])
        return made


Places = Sequence[Place]
"""One place, as several paths of a mapping see it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a mapping reads and where, and the names that it leaves alone wherever they stand."""

    top: Place
    anywhere: frozenset[str] = frozenset()


def known(
    kind: Kind, *, read: Sequence[str], repeated: Sequence[str], ignored: Sequence[str]
) -> Known:
    """From the paths of a mapping; what is ignored is a path, or a name at any place."""
    top = Place()
    named = {one for one in ignored if kind != "hl7" and not re.search(r"[/\[@]", one)}
    named.update(name for path in read if _is_loose(kind, path) for name in _NAMES.findall(path))
    for path in (*read, *(one for one in ignored if one not in named)):
        if not _is_loose(kind, path):
            top.read(_steps(kind, path))
    for path in repeated:
        if not _is_loose(kind, path):
            top.at(_steps(kind, path)).repeated = True
    return Known(top, frozenset(named))


_NAMES = re.compile(r"[\w:.-]*\w")


def _is_loose(kind: Kind, path: str) -> bool:
    """Whether an XPath leads to places that it does not say one by one."""
    return kind == "xml" and ("//" in path or ".." in path)


def _steps(kind: Kind, path: str) -> list[Step]:
    if kind == "xml":
        return list(_xml_steps(path))
    if kind == "hl7":
        return list(_hl7_steps(path))
    return [_json_step(one) for one in json_paths.steps_of(path.removeprefix("./"))]


def _inside(places: Places, name: str | int) -> list[_Way]:
    return [way for place in places for way in place.below.get(name, ())]


def _picked(ways: Sequence[_Way], part: object, *, of: object) -> Places:
    return [way.to for way in ways if way.picks is None or way.picks(of, part)]


def _leaves(places: Places) -> Collection[str | int]:
    if len(places) == 1:
        return places[0].leaves
    return set().union(*(place.leaves for place in places))


def _is_whole(places: Places) -> bool:
    return any(place.whole for place in places)


def unread(record: object, known: Known) -> Unread:
    """Everything in the record that nothing reads."""
    if isinstance(record, Element):
        return _of_element(record, (known.top,), known=known)
    if isinstance(record, Segments):
        return _of_segments(record, known.top)
    return _of_object(record, (known.top,), known=known) if isinstance(record, dict) else iter(())


# --- JSON


def _json_step(step: json_paths.Step) -> Step:
    if step.test is None:
        return Step(step.name)
    return Step(step.name, f"{step.test}={step.wanted}", lambda _, one: step.takes(one), step.test)


def _of_object(value: dict[str, object], places: Places, *, known: Known, path: str = "") -> Unread:
    leaves = _leaves(places)
    for name, part in value.items():
        if name in leaves or name in known.anywhere:
            continue
        here = f"{path}.{name}" if path else name
        ways = _inside(places, name)
        if ways and isinstance(part, list):
            for number, one in enumerate(part):
                inside = _picked(ways, one, of=value)
                yield from _of_part(one, inside, known=known, path=f"{here}[{number}]")
        else:
            yield from _of_part(part, _picked(ways, part, of=value), known=known, path=here)


def _of_part(part: object, places: Places, *, known: Known, path: str) -> Unread:
    if part in (None, "", [], {}) or _is_whole(places):
        return
    if places and isinstance(part, dict):
        yield from _of_object(part, places, known=known, path=path)
    elif not any(place.repeated for place in places):
        yield path, part


# --- XML


_XML_STEP = re.compile(r"([^/\[\]]+)((?:\[[^\]]*\])*)(?:/|$)")
"""A name, and in brackets which of several."""


def _xml_steps(path: str) -> Iterator[Step]:
    for found in _XML_STEP.finditer(path):
        name, test = found.groups()
        if name == ".":
            continue
        if not test:
            yield Step(name)
        else:
            looks_at = re.findall(r"@?[\w:.-]*\w(?=\s*[=\]])", test)[:1]
            yield Step(name, test, _by_xpath(name + test), looks_at)


def _by_xpath(step: str) -> Picks:
    def picks(whole: object, part: object) -> bool:
        return isinstance(whole, Element) and any(one is part for one in whole.iterfind(step))

    return picks


def _of_element(element: Element, places: Places, *, known: Known, path: str = "") -> Unread:
    if element.attrib:
        yield from _attributes(element, places, known=known, path=path)
    own, leaves = _bare(element.text), _leaves(places)
    for part in element:
        name = part.tag
        if part.tail and (text := part.tail.strip()):
            own = f"{own} {text}".lstrip()
        if name in known.anywhere or (name in leaves and not part.attrib and not len(part)):
            continue
        inside = _picked([*_inside(places, name), *_inside(places, "*")], part, of=element)
        if _is_whole(inside):
            yield from _attributes_within(part, inside, known=known, path=f"{path}{name}/")
        elif inside:
            several = element.findall(name)
            number = f"[{several.index(part) + 1}]" if len(several) > 1 else ""
            yield from _of_element(part, inside, known=known, path=f"{path}{name}{number}/")
        elif "".join(part.itertext()).strip() or part.attrib:
            yield f"{path}{name}", _as_xml(part)
    if own:
        yield path.rstrip("/") or element.tag, own


def _attributes_within(part: Element, places: Places, *, known: Known, path: str) -> Unread:
    """Of a part of which all texts are read."""
    yield from _attributes(part, places, known=known, path=path)
    for one in part:
        if one.tag not in known.anywhere:
            inside = _picked(_inside(places, one.tag), one, of=part)
            yield from _attributes_within(one, inside, known=known, path=f"{path}{one.tag}/")


def _attributes(element: Element, places: Places, *, known: Known, path: str) -> Unread:
    for name, value in element.attrib.items():
        if value.strip() and name not in known.anywhere and not _inside(places, f"@{name}"):
            yield f"{path}@{name}", value


def _bare(text: str | None) -> str:
    return text.strip() if text else ""


def _as_xml(part: Element) -> str:
    """Its text where it is nothing more."""
    if not len(part) and not part.attrib:
        return _bare(part.text)
    return tostring(part, encoding="unicode").strip()


# --- HL7


def _hl7_steps(written: str) -> Iterator[Step]:
    path = hl7_paths.path_of(written)
    if path is None or path.segment is None:
        return
    yield _hl7_step(path.segment, path.of_segment)
    for first in path.steps[:1]:
        yield _hl7_step(first, path.of_repetition)
    for number in path.steps[1:]:
        yield Step(number)


def _hl7_step(name: str | int, test: hl7_paths.Test | None) -> Step:
    if test is None:
        return Step(name)
    return Step(name, f"{test.steps}={test.wanted}", lambda _, one: test.holds(one), test.steps)


def _of_segments(record: Segments, top: Place) -> Unread:
    for name, several in record.by_name.items():
        if name in top.leaves:
            continue
        ways = _inside((top,), name)
        for number, segment in enumerate(several, start=1):
            places = _picked(ways, segment, of=record)
            if not _is_whole(places):
                place = f"{name}[{number}]" if len(several) > 1 else name
                yield from _of_segment(segment, places, path=f"{place}-")


def _of_segment(segment: hl7.Segment, places: Places, *, path: str) -> Unread:
    leaves = _leaves(places)
    for at, repeated in enumerate(segment[1:], start=1):
        if at in leaves or (len(repeated) == 1 and repeated[0] == ""):
            continue
        ways, here = _inside(places, at), f"{path}{at}"
        if not ways:
            yield from _said(repeated, path=here)
            continue
        for number, one in enumerate(repeated, start=1):
            inside = _picked(ways, one, of=segment)
            place = f"{here}[{number}]" if len(repeated) > 1 else here
            yield from _of_division(one, inside, path=place)


def _of_division(part: object, places: Places, *, path: str) -> Unread:
    """A repetition, component or subcomponent; undivided it is its own first part."""
    if _is_whole(places):
        return
    if not places:
        yield from _said(part, path=path)
    elif isinstance(part, hl7.Container):
        for number, one in enumerate(part, start=1):
            inside = _picked(_inside(places, number), one, of=part)
            yield from _of_division(one, inside, path=f"{path}.{number}")
    else:
        first = _picked(_inside(places, 1), part, of=part)
        yield from _of_division(part, first, path=path)


def _said(part: object, *, path: str) -> Unread:
    if (text := hl7_paths.text_of(part)) not in ("", hl7_paths.NULL):
        yield path, text

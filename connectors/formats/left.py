"""What stands in a record under names that a mapping reads, and is yet no part of what it makes.

Consent without whether anybody was informed; the day a child was due beside the day it was born.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.formats.template import FIELDED, Apart, Bad, Each, Field, First, Group, Many, Node
from connectors.not_taken import NotTaken

Part = Node | Each | Apart


@dataclass(frozen=True, slots=True, repr=False)
class Left:
    """A value that was left, by its sender's name."""

    name: str
    value: object
    needs: str | None
    """The name of what it says nothing without; None where another value stands in its place."""
    codes: str | None = None
    """The codes that were agreed, where it is none of them and the mapping says what to take."""


def leaving(node: Part) -> Any:
    """Of a template what may leave something; None where nothing may."""
    if isinstance(node, Many):
        items = tuple(found for item in node.items if (found := leaving(item)))
        return Many(items) if items else None
    if isinstance(node, Each):
        inside = leaving(node.node)
        return replace(node, node=inside) if inside else None
    if isinstance(node, Apart):
        return node if leaving(node.node) else None
    if isinstance(node, Group) and not node.needs and node.unless is None:
        parts = {name: found for name, part in node.parts.items() if (found := leaving(part))}
        return replace(node, parts=parts) if parts else None
    if isinstance(node, Field):
        return None if node.takes_several else node
    return node if isinstance(node, Group | First) else None


def left(node: Part, record: object) -> list[Left]:
    """Each value that is not read because of others, or for want of what is missing beside it."""
    found: list[Left] = []
    _look(node, record, found=found)
    return found


def _look(node: Part, record: object, *, found: list[Left]) -> None:
    # Every record goes through here, and mostly nothing is left: no generators.
    look = _LOOK.get(type(node))
    if look is not None:
        look(node, record, found=found)


def _at_group(group: Group, record: object, *, found: list[Left]) -> None:
    if group.unless is not None and group.unless(record) is not None:
        _say(group, record, found=found, needs=None)
    elif group.needs and not _stands(needed := group.parts[group.needs], record):
        _say(group, record, found=found, needs=needed.agreed(()))
    else:
        for part in group.parts.values():
            _look(part, record, found=found)


def _at_first(first: First, record: object, *, found: list[Left]) -> None:
    standing = [choice for choice in first.choices if _stands(choice, record)]
    taken = first.taken(record) if len(standing) > 1 else None
    for choice in standing:
        if taken is None or choice is taken:
            _look(choice, record, found=found)
        else:
            _say(choice, record, found=found, needs=None)


def _at_many(many: Many, record: object, *, found: list[Left]) -> None:
    for item in many.items:
        _look(item, record, found=found)


def _at_each(each: Each, record: object, *, found: list[Left]) -> None:
    for prefix, part in each.named(record):
        if each.texts or isinstance(part, FIELDED):
            found += [replace(one, name=prefix + one.name) for one in left(each.node, part)]


def _at_apart(apart: Apart, record: object, *, found: list[Left]) -> None:
    for behind, one in apart.named(record):
        found += [replace(told, name=told.name + behind) for told in left(apart.node, one)]


def _at_field(field: Field, record: object, *, found: list[Left]) -> None:
    """Of several values those that are not the one that is taken; other codes."""
    raw = _raw(field, record)
    if field.options.otherwise is not None:
        found += _other_codes(field, raw)
    if not isinstance(raw, list) or field.takes_several:
        return
    if not isinstance(taken := _read(field, raw), Bad):
        beside = (one for one in raw if _read(field, [one]) not in (None, taken))
        found += [Left(field.name, one, None) for one in beside]


def _other_codes(field: Field, raw: object) -> Iterator[Left]:
    for one in raw if isinstance(raw, list) else [raw]:
        written = str(one).strip() if isinstance(one, str | bool) else ""
        if written and written.casefold() not in field.options.codes:
            yield Left(field.name, one, None, codes=field.options.expected or "one that was agreed")


_LOOK: Mapping[type, Callable[..., None]] = {
    Group: _at_group,
    First: _at_first,
    Many: _at_many,
    Each: _at_each,
    Apart: _at_apart,
    Field: _at_field,
}


def _read(field: Field, values: list[object]) -> object | None:
    return replace(field, get=lambda _: values, required=False).read(None)


def _stands(node: Part, record: object) -> bool:
    """Whether there is anything, right or wrong, for it to read."""
    if not isinstance(node, Field):
        return any(_stands(part, record) for part in _inside(node))
    raw = _raw(node, record)
    return bool(raw.strip()) if isinstance(raw, str) else raw is not None


def _raw(field: Field, record: object) -> object | None:
    try:
        return field.get(record)
    except NotTaken:
        return Bad("invalid.value")


def _say(node: Part, record: object, *, found: list[Left], needs: str | None) -> None:
    """Every value in it that says more than its default."""
    if isinstance(node, Field) and node.read(record) not in (None, node.default):
        found.append(Left(node.name, node.read(record, tell="written"), needs))
    for part in _inside(node):
        _say(part, record, found=found, needs=needs)


def _inside(node: Part) -> Sequence[Part]:
    """Of what it reads once; of a repeated part each is looked at by itself."""
    if isinstance(node, Group):
        return tuple(node.parts.values())
    if isinstance(node, First):
        return node.choices
    if isinstance(node, Apart):
        return (node.node,)
    return node.items if isinstance(node, Many) else ()

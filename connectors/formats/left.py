"""What stands in a record under names that a mapping reads, and is yet no part of what it makes.

Consent without whether anybody was informed; the day a child was due beside the day it was born.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.formats.template import FIELDED, Each, Field, First, Group, Many, Node
from connectors.not_taken import NotTaken

Part = Node | Each


@dataclass(frozen=True, slots=True, repr=False)
class Left:
    """A value that was left, by its sender's name."""

    name: str
    value: object
    needs: str | None
    """The name of what it says nothing without; None where another value stands in its place."""


def leaving(node: Part) -> Any:
    """Of a template what may leave something; None where nothing may."""
    if isinstance(node, Many):
        items = tuple(found for item in node.items if (found := leaving(item)))
        return Many(items) if items else None
    if isinstance(node, Each):
        inside = leaving(node.node)
        return replace(node, node=inside) if inside else None
    if isinstance(node, Group) and not node.needs and node.unless is None:
        parts = {name: found for name, part in node.parts.items() if (found := leaving(part))}
        return replace(node, parts=parts) if parts else None
    return node if isinstance(node, Group | First) else None


def left(node: Part, record: object) -> Iterator[Left]:
    """Each value that is not read because of others, or for want of what is missing beside it."""
    if isinstance(node, Group):
        yield from _of_group(node, record)
    elif isinstance(node, First):
        yield from _of_first(node, record)
    elif isinstance(node, Many):
        for item in node.items:
            yield from left(item, record)
    elif isinstance(node, Each):
        yield from _of_each(node, record)


def _of_group(group: Group, record: object) -> Iterator[Left]:
    if group.unless is not None and group.unless(record) is not None:
        yield from _said(group, record, None)
    elif group.needs and not _stands(needed := group.parts[group.needs], record):
        yield from _said(group, record, needed.agreed(()))
    else:
        for part in group.parts.values():
            yield from left(part, record)


def _of_first(first: First, record: object) -> Iterator[Left]:
    standing = [choice for choice in first.choices if _stands(choice, record)]
    taken = first.taken(record) if len(standing) > 1 else None
    for choice in standing:
        if taken is None or choice is taken:
            yield from left(choice, record)
        else:
            yield from _said(choice, record, None)


def _of_each(each: Each, record: object) -> Iterator[Left]:
    for number, part in enumerate(each.parts(record), start=each.first):
        if each.texts or isinstance(part, FIELDED):
            prefix = f"{each.name}[{number}]{each.joint}"
            for one in left(each.node, part):
                yield replace(one, name=prefix + one.name)


def _stands(node: Part, record: object) -> bool:
    """Whether there is anything, right or wrong, for it to read."""
    if not isinstance(node, Field):
        return any(_stands(part, record) for part in _inside(node))
    try:
        raw = node.get(record)
    except NotTaken:
        return True
    return bool(raw.strip()) if isinstance(raw, str) else raw is not None


def _said(node: Part, record: object, needs: str | None) -> Iterator[Left]:
    """Every value in it that says more than its default."""
    if isinstance(node, Field):
        if node.read(record) not in (None, node.default):
            yield Left(node.name, node.read(record, tell="written"), needs)
        return
    for part in _inside(node):
        yield from _said(part, record, needs)


def _inside(node: Part) -> Sequence[Part]:
    """Of what it reads once; of a repeated part each is looked at by itself."""
    if isinstance(node, Group):
        return tuple(node.parts.values())
    if isinstance(node, First):
        return node.choices
    return node.items if isinstance(node, Many) else ()

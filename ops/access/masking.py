"""A picture without the words that somebody may not read: that they are there stays to be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ops.access.items import Items, Kept
from schemas.base import Shape

S = TypeVar("S", bound=Shape)
MASKED = "(Not shown to you, by the word of its owner: ring them.)"
_WORDS = {"text": MASKED, "narrative": None, "concern": (), "set_aside": ()}
"""What stands in place of words; what has no words of its own keeps all that it says."""


def masked(shape: S, items: Items, *, is_open: Callable[[Kept], bool]) -> S:
    """The same without the words of items that are not open to whoever looks."""
    changes = {
        name: after
        for name, value in shape.__dict__.items()
        if (after := _value(value, items, is_open=is_open)) is not value
    }
    if not all(map(is_open, items.of(shape))):
        changes |= {name: said for name, said in _WORDS.items() if name in shape.__dict__}
    return shape.model_copy(update=changes) if changes else shape


def _value(value: Any, items: Items, *, is_open: Callable[[Kept], bool]) -> Any:
    if isinstance(value, Shape):
        return masked(value, items, is_open=is_open)
    if isinstance(value, tuple):
        parts = tuple(_value(part, items, is_open=is_open) for part in value)
        same = all(one is other for one, other in zip(parts, value, strict=True))
        return value if same else parts
    return value

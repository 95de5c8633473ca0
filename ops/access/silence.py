"""What somebody sees who may not know of an item: all as if it had never been told (R28, R30)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ops.access.items import Items, Kept
from schemas.base import Fact, Shape
from schemas.information import InformationOffered, InformationVolunteered, VolunteeredInformation
from schemas.notification import Notification
from schemas.sharing import Sharing
from stores.trail import Entry

_OF_ITEMS_ALONE: Final = (InformationOffered, InformationVolunteered, VolunteeredInformation)
"""Nobody sends these without an item."""
_NOTHING: Final = object()
"""Stands in for a fact that tells of nothing but an item which nobody may know of."""


def unsaid(entry: Entry, items: Items, *, knows_of: Callable[[Kept], bool]) -> Fact | None:
    """The fact of an entry without items that somebody may not know of; None where it is about
    nothing else.

    What an agency that knows nothing of an item says of its id, others may see.
    """
    fact = entry.message.data
    after = _Telling(fact, items, knows_of).of(fact)
    return after if isinstance(after, Fact) else None


@dataclass(frozen=True, slots=True)
class _Telling:
    """A fact that is told to somebody."""

    fact: Fact
    items: Items
    knows_of: Callable[[Kept], bool]

    def of(self, value: Any) -> Any:
        """The value; the very same where nothing of it is kept from them."""
        if isinstance(value, Shape):
            return self._shape(value)
        if isinstance(value, tuple):
            return self._all(value, value)
        if isinstance(value, Mapping):
            kept = {name: self.of(part) for name, part in value.items() if self._may_be(name)}
            same = kept.keys() == value.keys() and all(kept[one] is value[one] for one in kept)
            return value if same else {k: one for k, one in kept.items() if one is not _NOTHING}
        return value

    def _all(self, value: tuple[Any, ...], parts: Iterable[Any]) -> tuple[Any, ...]:
        told = (self.of(part) for part in parts if not isinstance(part, str) or self._may_be(part))
        left = tuple(one for one in told if one is not _NOTHING)
        same = len(left) == len(value) and all(map(_is, left, value))
        return value if same else left

    def _shape(self, shape: Shape) -> Any:
        if self._is_hidden(shape):
            return _NOTHING
        parts = {name: self.of(part) for name, part in shape.__dict__.items()}
        changes = {name: part for name, part in parts.items() if part is not shape.__dict__[name]}
        if _NOTHING in changes.values():
            return _NOTHING
        if "items" in changes and not changes["items"]:
            if isinstance(shape, _OF_ITEMS_ALONE):
                return _NOTHING
            # An answer of which nothing is told looks like one that holds nothing.
            changes |= {"known": False} if "known" in shape.__dict__ else {}
        notification = changes.get("notification")
        if isinstance(notification, Notification) and "content_digest" in shape.__dict__:
            changes["content_digest"] = notification.content_digest()
        return shape.model_copy(update=changes) if changes else shape

    def _is_hidden(self, shape: Shape) -> bool:
        """Whether a shape is about an item that is not to be known of; that a concern was notified
        is known, also where its words are not.
        """
        if isinstance(shape, Notification | Sharing) and not hasattr(shape, "text"):
            return False
        if not all(map(self.knows_of, self.items.said(shape, self.fact))):
            return True
        ids = (one for one in shape.__dict__.values() if isinstance(one, str))
        return not all(map(self._may_be, ids))

    def _may_be(self, id_: object) -> bool:
        """Whether an id may be told of; every other text may."""
        return all(map(self.knows_of, self.items.named(str(id_), self.fact)))


def _is(one: object, other: object) -> bool:
    return one is other

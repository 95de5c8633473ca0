"""Lists that are shown page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One page of a list, counted from 1."""

    shown: Sequence[T]
    page: int
    pages: int
    found: int = 0
    """How many there are on all pages."""


def page_of(rows: Sequence[T], *, page: int, most: int) -> Part[T]:
    """A page of so many rows at most; the last where there are not so many pages."""
    pages = max(1, -(-len(rows) // most))
    page = min(max(page, 1), pages)
    return Part(rows[(page - 1) * most : page * most], page, pages, len(rows))

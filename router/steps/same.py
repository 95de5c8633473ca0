"""A value as a key by identity, so that what was worked out of it is found again."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Same(Generic[T]):
    """A key that only this very object has, and that no other gets while the key holds it.

    Profiles and facts have dicts and so no hash; hashing one by content for each notification would
    cost more than what is kept under it.
    """

    def __init__(self, value: T) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value

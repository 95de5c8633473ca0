"""Levels of agreement: what they have in common."""

from __future__ import annotations

from enum import IntEnum


class Scale(IntEnum):
    """How far two values agree, in levels that mean something of their own."""

    # That of an enum is written in Python; levels are looked up for every pair that is compared.
    __hash__ = int.__hash__

"""Small drawings of numbers, as parts of an SVG: the words and the table stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 120
HEIGHT: Final = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, in the units of its drawing."""

    x: float
    y: float
    width: float
    height: float


def bars(numbers: Sequence[int]) -> list[Bar]:
    """One for each number, the largest as high as the drawing; what is more than none is seen."""
    most, each = max(numbers, default=0), WIDTH / max(1, len(numbers))
    drawn = []
    for place, number in enumerate(numbers):
        height = max(2.0, HEIGHT * number / most) if number else 0.0
        bar = Bar(place * each, HEIGHT - height, each - 1, height)
        drawn.append(Bar(*(round(part, 1) for part in (bar.x, bar.y, bar.width, bar.height))))
    return drawn


def line(numbers: Sequence[int]) -> str:
    """The points of a line through the numbers, from left to right."""
    most, steps = max(1, *numbers), max(1, len(numbers) - 1)
    points = (
        (WIDTH * place / steps, HEIGHT - 1 - (HEIGHT - 2) * number / most)
        for place, number in enumerate(numbers)
    )
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)

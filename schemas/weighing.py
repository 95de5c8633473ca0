"""What words weigh, learned from examples: data of the profile, which replay reads again (R21)."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from schemas.base import Code, Line, Shape


class SignWeights(Shape):
    """What the profile's own indicators of a Red add, whatever the words around them weigh."""

    plain: float
    """At least one is found that is not vague, and nothing denies it."""
    vague: float
    denied: float
    riddle: float
    """The profile knows nothing of what is said."""


class Weighing(Shape):
    """A linear model over words, pairs of words and what they have in common.

    An account that weighs 0 or more may be a Red. The weight is ``begins_at``, what the signs add,
    and the mean of the features' weights, times the square root of how many features there are.
    """

    version: Line
    made: dt.date
    begins_at: float
    signs: SignWeights
    kinds: dict[Line, Code] = Field(default={})
    """Words by the list of the language that they stood on when this was made."""
    senses: dict[Line, tuple[Code, ...]] = Field(default={})
    """Words by what they have in common with others."""
    weights: dict[Line, float]
    """By feature: ``word``, ``two words``, ``@sense``, ``@sense word``, ``sense&sense`` of one
    sentence.
    """

"""The model by which adults are known again: bits of evidence per field and level, as data, apart
from the children's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from router.linkage.dates import Agreement
from router.linkage.names import Likeness, Rarity, family_rarity, given_rarity
from router.linkage.scale import Scale

Bits = tuple[float, float]
"""Bits for the same adult against anybody else; and how far the rarity of the name adds."""


class Number(Scale):
    """Identifiers of one system: the same, another, or none to compare."""

    SAME = 0
    OTHER = 1
    NONE = 2


class Shared(Scale):
    """A telephone or home: told as the adult's own on both sides, or as the child's household's."""

    OWN = 0
    HOUSEHOLD = 1
    NONE = 2
    OTHER = 3


class Beside(Scale):
    """Whether both are told of beside one child, or beside children of one family."""

    CHILD = 0
    FAMILY = 1
    OTHER = 2


class Role(Scale):
    """How they stand to the child: alike, otherwise beside one child, or as a man and a woman."""

    ALIKE = 0
    OTHER = 1
    SEX = 2


SCALES: Final[Mapping[str, tuple[str, ...]]] = {
    "given": Likeness.names(),
    "family": Likeness.names(),
    "birth": Agreement.names(),
    "number": Number.names(),
    "telephone": Shared.names(),
    "address": Shared.names(),
    "beside": Beside.names(),
    "role": Role.names(),
}
"""What the levels of each field are called, by number."""
FIELDS: Final = tuple(SCALES)


@dataclass(frozen=True, slots=True)
class AdultModel:
    """Weights and thresholds, in bits: logarithms to base 2 of likelihood ratios and odds."""

    version: str
    tables: tuple[tuple[Bits, ...], ...]
    """By field, in the order of ``FIELDS``, and by level."""
    given_bits: Rarity
    family_bits: Rarity
    prior: float
    link_at: float
    may_be_at: float


@cache
def load_adult_model(name: str = "default") -> AdultModel:
    """The model shipped under this name (``adults-<name>.json``)."""
    path = files("router.linkage").joinpath(f"adults-{name}.json")
    return read_adult_model(json.loads(path.read_text(encoding="utf-8")))


def read_adult_model(data: Mapping[str, Any]) -> AdultModel:
    """The model that this content of a model file means; a level that it leaves out is no
    evidence.
    """
    common = data.get("names", {})
    return AdultModel(
        version=data["version"],
        tables=tuple(_table(data["bits"][field], SCALES[field]) for field in FIELDS),
        given_bits=given_rarity(common.get("given_per_mille")),
        family_bits=family_rarity(common.get("family_per_mille")),
        prior=data["prior"],
        link_at=data["link_at"],
        may_be_at=data["may_be_at"],
    )


def _table(levels: Mapping[str, list[float]], names: tuple[str, ...]) -> tuple[Bits, ...]:
    if unknown := levels.keys() - set(names):
        raise ValueError(f"no level of this field: {', '.join(sorted(unknown))}")
    return tuple((levels[name][0], levels[name][1]) if name in levels else (0, 0) for name in names)

"""The linkage model as data: bits of evidence per field and level, priors and thresholds, from a
versioned file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from router.linkage.adults import Adults
from router.linkage.compare import FIELDS, HOUSEHOLD, SELF, Kin, Levels, Match, Twin
from router.linkage.dates import Agreement
from router.linkage.names import Likeness, Rarity, family_rarity, given_rarity
from router.linkage.places import Nearness

Bits = tuple[float, float, float, float]
"""Bits for: the same child, another child of the family, a namesake; and how far the rarity of the
name adds.
"""
Table = tuple[Bits, ...]
"""The bits of a field, by level."""
Sums = tuple[float, float, float]
"""Bits for the same child, another child of the family, a namesake, each against anybody else."""

SCALES: Final[Mapping[str, tuple[str, ...]]] = {
    "given": Likeness.names(),
    "family": Likeness.names(),
    "middle": Match.names(),
    "birth": Agreement.names(),
    "sex": Match.names(),
    "address": Nearness.names(),
    "phone": Match.names(),
    "adults": Adults.names(),
    "kin": Kin.names(),
    "nhs": Match.names(),
    "upn": Match.names(),
    "incident": Match.names(),
    "twin": Twin.names(),
}
"""What the levels of each field are called, by number."""
_NOTHING: Final[Bits] = (0.0, 0.0, 0.0, 0.0)
_NUMBERS: Final = (
    "link_at",
    "undated",
    "margin",
    "same_at",
    "review_at",
    "review_kin_at",
    "candidate_at",
    "family_at",
)


@dataclass(frozen=True, slots=True)
class Model:
    """Weights and thresholds. All are bits: logarithms to base 2 of likelihood ratios and odds."""

    version: str
    own: tuple[Table, ...]
    """The tables of the fields of ``SELF``."""
    household: tuple[Table, ...]
    """The tables of the fields of ``HOUSEHOLD``."""
    most: float
    """How far the household can at most speak for the same child rather than another of the family,
    and ...
    """
    most_middle: float
    """... how far the middle names can, where both have some."""
    given_bits: Rarity
    family_bits: Rarity
    prior_same: float
    prior_family: float
    prior_namesake: float
    link_at: float
    undated: float
    """How much more a link takes where no date of birth can be compared."""
    margin: float
    same_at: float
    review_at: float
    review_kin_at: float
    """The same where the doubt is whether it is a brother or sister: had there been one, it would
    mostly be known.
    """
    candidate_at: float
    family_at: float
    tables: tuple[Table, ...] = field(init=False, repr=False, compare=False)
    """All of them, in the order of ``FIELDS``."""
    own_sums: Callable[[Levels], tuple[float, float, float, float, float]] = field(
        init=False, repr=False, compare=False
    )
    """How much the levels of ``SELF`` weigh; and how far the rarity of the given name and of the
    family name adds to all three.
    """
    reach: Callable[[int, Levels], float] = field(init=False, repr=False, compare=False)
    """How far all of ``SELF`` can at most speak for the same child rather than another of the
    family, where given names agree so, whatever family names do, and the rest in these levels.
    """

    def __post_init__(self) -> None:
        """Pairs agree in the same few ways again and again: their sums are kept."""
        keep = lru_cache(maxsize=16_384)
        object.__setattr__(self, "tables", self.own + self.household)
        object.__setattr__(self, "own_sums", keep(self._own_sums))
        object.__setattr__(self, "reach", keep(self._reach))

    def _own_sums(self, levels: Levels) -> tuple[float, float, float, float, float]:
        priors = (self.prior_same, self.prior_family, self.prior_namesake)
        rarity = (self.own[0][levels[0]][3], self.own[1][levels[1]][3])
        return added(priors, self.own, levels=levels) + rarity

    def _reach(self, given: int, facts: Levels) -> float:
        own = [[same - family for same, family, _, _ in table] for table in self.own]
        # Names that differ may yet turn out to be swapped, or a middle name to be in use.
        others = (Likeness.OTHER, Likeness.MIDDLE, Likeness.TYPO)
        names = [own[0][level] for level in (others if given == Likeness.OTHER else (given,))]
        rest = [gain[level] for gain, level in zip(own[2:], facts, strict=True)]
        return self.prior_same - self.prior_family + max(names) + max(own[1]) + sum(rest)


def added(sums: Sums, tables: tuple[Table, ...], *, levels: Levels) -> Sums:
    """The sums with the bits of these levels."""
    same, family, namesake = sums
    for table, level in zip(tables, levels, strict=True):
        s, f, n, _ = table[level]
        same += s
        family += f
        namesake += n
    return same, family, namesake


def load_model(name_or_path: str = "default") -> Model:
    """The model shipped under this name (``model-<name>.json``), or read from the file at this
    path.
    """
    return read_model(read_content(name_or_path))


def read_content(name_or_path: str) -> dict[str, Any]:
    """The content of the file of such a model."""
    path = Path(name_or_path)
    shipped = files("router.linkage").joinpath(f"model-{name_or_path}.json")
    text = (
        path.read_text(encoding="utf-8")
        if path.suffix == ".json"
        else shipped.read_text(encoding="utf-8")
    )
    content: dict[str, Any] = json.loads(text)
    return content


def read_model(data: Mapping[str, Any]) -> Model:
    """The model that this content of a model file means."""
    tables = {field: _table(data["bits"][field], SCALES[field]) for field in FIELDS}
    prior, common = data["prior"], data.get("names", {})
    return Model(
        version=data["version"],
        own=tuple(tables[field] for field in SELF),
        household=tuple(tables[field] for field in HOUSEHOLD),
        most=sum(_most(tables[field]) for field in HOUSEHOLD if field != "middle"),
        most_middle=_most(tables["middle"]),
        given_bits=given_rarity(common.get("given_per_mille")),
        family_bits=family_rarity(common.get("family_per_mille")),
        prior_same=prior["same"],
        prior_family=prior["family"],
        prior_namesake=prior["namesake"],
        **{name: data[name] for name in _NUMBERS},
    )


def _most(table: Table) -> float:
    return max(same - family for same, family, _, _ in table)


def _table(levels: Mapping[str, list[float]], names: tuple[str, ...]) -> Table:
    return tuple(_bits(levels.get(name)) for name in names)


def _bits(values: list[float] | None) -> Bits:
    return _NOTHING if values is None else (values[0], values[1], values[2], values[3])

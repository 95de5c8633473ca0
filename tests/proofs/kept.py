"""What was measured last, as data of the checkout: one line for each proof and each control."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.proofs.catalogue import Figure
from tests.proofs.saying import measured_at

PLACE = Path(__file__).with_name("measured.jsonl")
Measured = dict[str, Any]
"""What a proof printed, with ``proof``, the command it came of, and ``aims``, what was aimed at."""


class NoFigures(Exception):
    """The file's last line is not what a proof prints."""


def read(place: Path = PLACE) -> tuple[Measured, ...]:
    """What is kept, in its order."""
    return tuple(json.loads(line) for line in place.read_text("utf-8").splitlines())


def keep(output: str, *, figures: Iterable[Figure], proof: str, place: Path = PLACE) -> Measured:
    """Put the last line of what a proof printed in the place of the one before; beside one that
    was of more.
    """
    printed = last_line(output)
    told = str(printed.get("id", "")).lower()
    known = tuple(figures)
    name = proof or next(
        (f.measured_by for f in known if told in (f.id.lower(), f.measured_by)), told
    )
    aims = {figure.id: figure.aim for figure in known if figure.measured_by == name}
    if not aims:
        raise NoFigures(f"nothing in the catalogue is measured by {name!r}")
    measured = {"proof": name, "aims": aims} | measured_at() | printed
    sized = next(figure for figure in known if figure.measured_by == name)
    others = [
        one
        for one in read(place)
        if _key(one) != _key(measured) or _size(one, sized) > _size(measured, sized)
    ]
    lines = sorted(json.dumps(one, ensure_ascii=False) for one in [*others, measured])
    place.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return measured


def last_line(output: str) -> Measured:
    """What a proof printed. Raises :class:`NoFigures`."""
    try:
        printed = json.loads(output.splitlines()[-1])
    except (IndexError, ValueError):
        raise NoFigures("the last line is no JSON") from None
    if not isinstance(printed, dict):
        raise NoFigures("the last line is no JSON object")
    return printed


def _size(measured: Measured, figure: Figure) -> int:
    """Of how many it is; 0 where it does not say, and of a control, which has only to fail."""
    n = None if measured.get("without") else measured.get(figure.n)
    return n if isinstance(n, int) else 0


def _key(measured: Measured) -> str:
    """Which run takes the place of which: of the same proof, place of running and control."""
    names = ("proof", "runtime", "workers", "without")
    return json.dumps([measured.get(name) or None for name in names])

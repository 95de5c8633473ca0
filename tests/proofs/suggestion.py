"""How well the shipped profile tells a possible Red, on narratives labelled apart from it.

It says nothing of what stands in them, so that those kept aside stay unread by whoever changes the
profile.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.linkage.intervals import wilson
from ops.run.configuration import read_profile
from router.steps import thresholds
from schemas.notification import Notification
from schemas.person import Person
from schemas.policy import BoroughProfile
from schemas.rating import Colour

DEVELOPED = (
    *("ratings-develop", "ratings-held-out", "ratings-further"),
    *("ratings-develop-2", "ratings-develop-3", "ratings-plain"),
)
"""What the profile was made with and its weights were learned from, by four hands: what is reached
on these says nothing of others.
"""
KEPT_ASIDE = ("ratings-kept-aside-2", "ratings-kept-aside-3")
"""What nobody who changes the profile or its weights has read. Where weights begin was chosen by
totals of the second; the third was looked at once, afterwards.
"""
RECALL, PRECISION = 0.98, 0.80
"""What is aimed at: a Red that is missed is worse than a reading in vain."""
_WRITTEN = dt.datetime(2026, 6, 10, 12, tzinfo=dt.UTC)
_FIXTURES = Path(__file__).parents[1] / "fixtures"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A narrative, and whether whoever wrote it means it as a possible Red."""

    text: str
    red: bool
    kind: str


def without_context(profile: BoroughProfile) -> BoroughProfile:
    """Nothing is denied, and no idiom is one; by the indicators alone."""
    return profile.model_copy(update={"context": (), "weighing": None})


def without_unknown(profile: BoroughProfile) -> BoroughProfile:
    """What the profile knows nothing of is not put before a person; by the indicators alone."""
    return profile.model_copy(update={"unknown": None, "weighing": None})


def without_weighing(profile: BoroughProfile) -> BoroughProfile:
    """Its indicators alone, and what they know nothing of is put before a person."""
    return profile.model_copy(update={"weighing": None})


def without_vague(profile: BoroughProfile) -> BoroughProfile:
    """No vague signs; by the indicators alone."""
    plain = tuple(one for one in profile.indicators if not one.vague)
    return profile.model_copy(update={"indicators": plain, "weighing": None})


CONTROLS: Mapping[str, Callable[[BoroughProfile], BoroughProfile]] = {
    "context": without_context,
    "unknown": without_unknown,
    "vague": without_vague,
    "weighing": without_weighing,
}


def labelled(name: str) -> list[Labelled]:
    """A set that is committed, by its name, or one at a path."""
    path = _place(name)
    lines = (path if path.is_file() else Path(name)).read_text("utf-8").splitlines()
    told = (json.loads(line) for line in lines if line)
    return [Labelled(one["text"], one["red"], one["kind"]) for one in told]


def there() -> tuple[str, ...]:
    """The sets to prove by: what was developed with, and what was kept aside."""
    return DEVELOPED + tuple(name for name in KEPT_ASIDE if _place(name).is_file())


def _place(name: str) -> Path:
    return _FIXTURES / f"{name}.jsonl"


def prove(sets: Sequence[str] = (), *, without: str = "") -> dict[str, Any]:
    """The figures of every set; ``reached`` where each that was kept aside has what is aimed at, or
    each where none was.
    """
    profile = read_profile("sample-borough")
    if without:
        profile = CONTROLS[without](profile)
    figures = {name: score(labelled(name), profile) for name in sets or there()}
    aside = {name: one for name, one in figures.items() if name not in DEVELOPED}
    return {
        "id": "suggestion",
        "profile": profile.title,
        "without": without or None,
        "aim": {"recall": RECALL, "precision": PRECISION},
        "reached": all(one["reached"] for one in (aside or figures).values()),
        "sets": figures,
    }


def score(narratives: Iterable[Labelled], profile: BoroughProfile) -> dict[str, Any]:
    """How many of the Reds were found, and how many of what was called Red is one."""
    told = [(one, _red(one.text, profile)) for one in narratives]
    found = sum(one.red and red for one, red in told)
    reds, called = sum(one.red for one, _ in told), sum(red for _, red in told)
    recall, precision = found / max(reds, 1), found / max(called, 1)
    low, high = wilson(found, reds)
    kinds: dict[str, list[int]] = {}
    for one, red in told:
        kind = kinds.setdefault(f"{one.kind} ({'red' if one.red else 'other'})", [0, 0])
        kind[0] += 1
        kind[1] += red == one.red
    return {
        "narratives": len(told),
        "reds": reds,
        "found": found,
        "false": called - found,
        "recall": round(recall, 4),
        "recall_from_to": [round(low, 4), round(high, 4)],
        "precision": round(precision, 4),
        "reached": recall >= RECALL and precision >= PRECISION,
        "kinds": {name: {"n": n, "right": right} for name, (n, right) in sorted(kinds.items())},
    }


def _red(text: str, profile: BoroughProfile) -> bool:
    notification = Notification(
        reference="R-1", observed_at=_WRITTEN, subject=Person(), narrative=text
    )
    suggestion = thresholds.suggest(notification, profile=profile)
    return suggestion.colour is Colour.RED

"""What every decision about a referral has: what its form asks, and the message that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ops.console.questions import Ask
from ops.console.screen import Visit
from ops.look.pictures import Opened

Answers: TypeAlias = Mapping[str, Any]
"""By name of what was asked; what was left out is empty."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One kind of decision."""

    code: str
    """In its address."""
    name: str
    """On its button, and over its form."""
    type: str
    """Of the message."""
    done: str
    """What people are told once it is sent."""
    fits: Callable[[Visit, Opened], bool]
    """Whether it can be decided just now."""
    asks: Callable[[Visit, Opened], tuple[Ask, ...]]
    data: Callable[[Visit, Opened, Answers], dict[str, Any]]
    faults: Callable[[Answers], Mapping[str, str]] = lambda _: {}
    """What is amiss with answers that each by itself are well."""


def made(visit: Visit, found: Opened) -> dict[str, Any]:
    """What every decision says: about what, by whom, and what they had before them."""
    return about(visit, found) | {"saw": [found.saw.model_dump()]}


def about(visit: Visit, found: Opened) -> dict[str, Any]:
    """The same of one whose message names no picture."""
    return {
        "referral_id": found.picture.referral_id,
        "case_id": found.picture.case_id,
        "decided_by": visit.who,
    }


def given(answers: Answers, *names: str) -> dict[str, Any]:
    """What was answered; what was left out is not said."""
    return {name: answers[name] for name in names if answers[name]}


RATIONALE: Final = Ask(
    "rationale",
    "Why",
    hint="Your reasons, for the record. Whoever reopens this years from now reads them.",
    required="Say why",
)

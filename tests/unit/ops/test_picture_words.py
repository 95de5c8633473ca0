"""What systems said of a child, as somebody reads it at a desk."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from ops.look.picture_words import in_words
from schemas.checks import NotChecked
from schemas.picture import CheckedSystem, Picture, PictureShown

NOON = dt.datetime(2026, 6, 10, 12, 0, tzinfo=dt.UTC)
EXAMPLE = Path("schemas/examples/pictures.shown/v1/mash.picture.shown.v1.json")
ICS: dict[str, Any] = {"system": "ics", "agency": "csc", "kind": "ics", "asked_at": NOON}


def words(*checked: CheckedSystem, left: tuple[NotChecked, ...] = ()) -> list[str]:
    shown = PictureShown.model_validate(json.loads(EXAMPLE.read_text("utf-8")))
    content = shown.picture.content
    assert isinstance(content, Picture)
    picture = content.model_copy(update={"checked": checked, "not_checked": left})
    said = in_words(picture, {"csc": "Social Care"})
    return [line for line in said if line.startswith("The system")]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            {"state": "answered", "known": True, "involvement": "plan", "worker": "W. Orker"},
            "knows the child: plan, W. Orker",
        ),
        (
            {"state": "answered", "known": True, "since": "2025-09-01", "until": "2026-01-31"},
            "knows the child: no more is said, since 01 Sep 2025, until 31 Jan 2026",
        ),
        ({"state": "answered", "known": False}, "does not know the child"),
        (
            {"state": "answered", "known": False, "late": True},
            "does not know the child (it answered late)",
        ),
        (
            {"state": "answered", "possible": True, "involvement": "plan", "reference": "E-1"},
            "may know the child, which a human has to say: plan, E-1",
        ),
        ({"state": "answered", "denied": True}, "does not say whether it knows the child"),
        ({"state": "awaited", "due_at": NOON}, "is asked, due 10 Jun 2026 12:00"),
        (
            {"state": "late", "late": True, "due_at": NOON},
            "has not answered, and is not waited for; it was due 10 Jun 2026 12:00",
        ),
    ],
)
def test_each_answer_is_read_as_what_it_is(answer: dict[str, Any], says: str) -> None:
    checked = CheckedSystem.model_validate(ICS | answer)
    assert words(checked) == [f"The system ics of Social Care {says}"]


def test_a_system_that_is_not_asked_says_why() -> None:
    left = NotChecked(system="ics", agency="csc", kind="ics", reason="It is an adult matter.")
    assert words(left=(left,)) == [
        "The system ics of Social Care is not asked: It is an adult matter."
    ]

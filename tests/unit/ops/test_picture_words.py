"""What systems said of a child, as somebody reads it at a desk."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from ops.look.picture_words import in_words
from schemas.checks import NotChecked
from schemas.picture import (
    CheckedSystem,
    FamilyEvent,
    OwedDecision,
    Picture,
    PicturedAdult,
    PicturedOutcome,
    PictureShown,
)

NOON = dt.datetime(2026, 6, 10, 12, 0, tzinfo=dt.UTC)
EXAMPLE = Path("schemas/examples/pictures.shown/v1/mash.picture.shown.v1.json")
ICS: dict[str, Any] = {"system": "ics", "agency": "csc", "kind": "ics", "asked_at": NOON}


def picture() -> Picture:
    shown = PictureShown.model_validate(json.loads(EXAMPLE.read_text("utf-8")))
    assert isinstance(shown.picture.content, Picture)
    return shown.picture.content


def words(*checked: CheckedSystem, left: tuple[NotChecked, ...] = ()) -> list[str]:
    shown = picture().model_copy(update={"checked": checked, "not_checked": left})
    said = in_words(shown, {"csc": "Social Care"})
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


def test_an_adult_is_read_with_where_else_they_are_named_and_where_perhaps() -> None:
    elsewhere = {
        "person_id": "p-9",
        "family_id": "f-9",
        "case_id": "c-9",
        "name": {"given_name": ["Kim"], "family_name": ["Example"]},
        "relationship": "father",
        "risk": "alleged_perpetrator",
        "told_by": "gp",
        "on": "2026-05-01",
        "referral_ids": ["r-9"],
        "score": 15.5,
        "reasons": ["same date of birth (very strong)"],
        "model": "adults-1.0",
    }
    adult = PicturedAdult.model_validate(
        {
            "name": {"given_name": ["Corin"], "family_name": ["Blackwood"]},
            "relationship": "partner_of_parent",
            "told_by": "police",
            "also_in": [elsewhere],
            "may_be_in": [elsewhere | {"name": None, "risk": None}],
        }
    )
    said = list(in_words(picture().model_copy(update={"adults": (adult,)}), {"gp": "The GP"}))
    place = said.index("  Corin Blackwood, partner of parent")
    assert said[place + 1 : place + 3] == [
        "    also in: Kim Example, father there, said to be a risk: alleged perpetrator, "
        "1 concern (The GP, 01 May 2026); same date of birth (very strong)",
        "    may be the same as in: a child, father there, "
        "1 concern (The GP, 01 May 2026); same date of birth (very strong)",
    ]


def test_an_event_with_several_children_is_said_once_with_how_many() -> None:
    event = FamilyEvent(event_id="e-1", referral_ids=("r-1", "r-2", "r-3"))
    concern = picture().concern.model_copy(update={"event": event})
    said = in_words(picture().model_copy(update={"concern": concern}), {})
    assert [line for line in said if "event" in line] == ["  One event with 3 children"]


CLOSED: dict[str, Any] = {
    "outcome": "early_help",
    "decided_by": "S. Worker",
    "rationale": "Agreed with the mother.",
    "at": NOON,
    "told": "police",
    "may_be_told": "The family is offered help.",
}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {},
            [
                "Closed: early help, by S. Worker, 10 Jun 2026 12:00: Agreed with the mother.",
                "  Sample Police was told: The family is offered help.",
            ],
        ),
        (
            {"to": "early_help", "told": None, "without_product": "They went by themselves."},
            [
                "Closed: early help, to Early Help, by S. Worker, 10 Jun 2026 12:00: "
                "Agreed with the mother.",
                "  Without a product: They went by themselves.",
                "  Whoever brought it may be told: The family is offered help.",
            ],
        ),
    ],
)
def test_what_it_was_closed_with_is_read_with_who_why_and_what_was_told(
    changes: dict[str, Any], says: list[str]
) -> None:
    closed = PicturedOutcome.model_validate(CLOSED | changes)
    names = {"police": "Sample Police", "early_help": "Early Help"}
    said = list(in_words(picture().model_copy(update={"closed": closed}), names))
    assert said[-len(says) :] == says
    assert not any(line.startswith("Closed") for line in in_words(picture(), names))


def test_who_owes_a_decision_is_named_with_what_for_and_by_when() -> None:
    owed = (
        OwedDecision(agency="gp", recipient="csc", items=2, due_at=NOON, late=True),
        OwedDecision(agency="school", recipient="csc", items=1, late=True),
        OwedDecision(agency="police", recipient="csc", items=1, due_at=NOON),
    )
    names = {"csc": "Social Care", "gp": "The surgery", "school": "Elm School", "police": "Police"}
    said = list(in_words(picture().model_copy(update={"owed": owed}), names))
    at = "10 Jun 2026"
    gp, school, police = (line for line in said if "of its own" in line)
    assert gp.startswith("The surgery has not decided in time whether 2 items of its own may go to")
    assert at in gp
    assert school == (
        "Elm School has not decided in time whether an item of its own may go to Social Care, "
        "and everybody was told"
    )
    assert police.startswith("Police is asked whether an item of its own may go to Social Care")

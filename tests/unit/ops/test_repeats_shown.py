"""Whoever decides is told of repeats, and sees what their count rests on (R12)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.look.picture_words import in_words
from ops.look.replay import Wanted, replay
from ops.run.wiring import Hub
from schemas.picture import Picture
from tests.support.filled import empty_hub
from tests.unit.ops.test_pictures import LEAD, ROBIN, facts, letters, rate, sibling, told


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    _, opened = empty_hub(tmp_path / "hub")
    yield opened
    opened.database.close()


CHILDREN = (ROBIN, sibling("Ashley", "2012-01-30"), sibling("Morgan", "2010-08-02"))
LOW = "Missing episode number {number}, returned after some hours, says {agency}."


def low(hub: Hub, number: int, agency: str, **changes: Any) -> dict[str, Any]:
    """A low concern about one child of three, each on a day of its own; its rating request."""
    told(
        hub,
        agency,
        f"{agency}-{number}",
        subject=CHILDREN[number % 3],
        narrative=LOW.format(number=number + 3, agency=agency),
        observed_at=f"2026-{5 + number:02}-12T10:00:00Z",
        **changes,
    )
    *_, letter = letters(hub, LEAD, "mash.rating-request.v1")
    return letter


def test_six_low_concerns_over_three_siblings_raise_the_suggestion_and_say_so(hub: Hub) -> None:
    agencies = ("school", "gp", "housing", "school", "police", "gp")
    found = [low(hub, number, agency) for number, agency in enumerate(agencies)]
    colours = [one["suggested"] for one in found]
    assert colours == [*(["green"] * 5), "amber"]
    said = "6 concerns about the family in 12 months, with this one."
    assert [said in one["reasons"] for one in found] == [*([False] * 5), True]
    picture = found[-1]["picture"]["content"]
    assert picture["repeats"] == {"of_child": 2, "of_family": 6}
    assert said in picture["suggestion"]["reasons"]
    assert [one["agency"] for one in picture["counted"]] == list(agencies[::-1])
    lines = list(in_words(Picture.model_validate(picture), {}))
    assert (
        "In 12 months, up to this one: 2 concerns about the child, 6 concerns about the family"
        in lines
    )
    assert "  Counted: gp, 12 Oct 2026, this one" in lines
    assert sum(line.startswith("  Counted: ") for line in lines) == 6
    for processes in (1, 2):
        report = replay(hub, Wanted(), processes=processes)
        assert report.well
        assert report.facts == len(facts(hub))


def test_agencies_that_are_asked_are_not_told_how_many_concerns_others_had(hub: Hub) -> None:
    for number in range(6):
        last = low(hub, number, ("gp", "housing")[number % 2])
    assert any("12 months" in reason for reason in last["reasons"])
    rate(hub, last, "amber")
    (request,) = letters(hub, "school", "mash.information-request.v1")
    assert request["referral_id"] == last["referral_id"]
    assert "12 months" not in json.dumps(request)


def test_resends_and_copies_raise_nothing_and_are_listed_with_why(hub: Hub) -> None:
    words = "Robin was seen at the canal at two in the morning without a coat, alone. " * 5
    told(hub, "police", "P-0", narrative=words)
    for number in range(1, 6):
        told(hub, "police", f"P-{number}", narrative=words)
    told(hub, "gp", "G-1", narrative=words)
    every = letters(hub, LEAD, "mash.rating-request.v1")
    assert len({one["suggested"] for one in every}) == 1
    picture = every[-1]["picture"]["content"]
    assert picture["repeats"] == {"of_child": 1, "of_family": 1}
    assert "counted" not in picture
    assert sorted(one["why"] for one in picture["not_counted"]) == ["copy", *(["resend"] * 5)]
    lines = list(in_words(Picture.model_validate(picture), {}))
    assert sum("sent again, after" in line for line in lines) == 5
    assert sum("another agency's copy of" in line for line in lines) == 1

"""Two adults of different families who may be one (R13)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.console.filters import plain
from ops.console.front_door.making import RATIONALE, Answers, Decision, given, made
from ops.console.questions import Ask, Option
from ops.console.screen import Visit
from ops.look.picture_words import name_of
from ops.look.pictures import Opened
from schemas.picture import AlsoIn, Picture, PicturedAdult


def _asks(_: Visit, found: Opened) -> tuple[Ask, ...]:
    pairs = (
        Option(f"{adult.named_id} {place.named_id}", _pair(adult, place), " ".join(place.reasons))
        for adult, place in _pairs(found.picture)
    )
    same = (
        Option("yes", "Yes: one adult"),
        Option("no", "No: two adults", "They are not taken for one again unless a human says so."),
    )
    return (
        Ask("pair", "Which two", "one", options=tuple(pairs), required="Choose which two"),
        Ask("same", "Are they one?", "one", options=same, required="Say whether they are one"),
        RATIONALE,
    )


def _pairs(picture: Picture) -> Iterator[tuple[PicturedAdult, AlsoIn]]:
    for adult in picture.adults:
        for place in (*adult.may_be_in, *adult.also_in):
            if adult.named_id and place.named_id:
                yield adult, place


def _pair(adult: PicturedAdult, place: AlsoIn) -> str:
    child = name_of(place.name) if place.name else "another child"
    here = f"{name_of(adult.name)}, {plain(adult.relationship)} here"
    return f"{here}; and who is named as {plain(place.relationship)} of {child}"


def _data(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    adult, other = answers["pair"].split(" ")
    said = made(visit, found) | given(answers, "rationale")
    del said["case_id"]
    return said | {"adult_id": adult, "other_adult_id": other, "same": answers["same"] == "yes"}


SAME_ADULT = Decision(
    code="adults",
    name="Settle who an adult is",
    type="mash.adults-decision.v1",
    done="Whether the two are one is recorded, and the picture follows it.",
    fits=lambda _, found: any(_pairs(found.picture)),
    asks=_asks,
    data=_data,
)

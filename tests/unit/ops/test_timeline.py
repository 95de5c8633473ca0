"""What happened is one list in the order of time, and nothing of it is left out or told twice."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ops.look.timeline import Kind, timeline
from schemas.picture import (
    Earlier,
    Picture,
    PicturedAct,
    PicturedConsent,
    PicturedHandover,
    PicturedHolder,
    PicturedOutcome,
    PicturedRating,
    PicturedView,
    PictureShown,
)

NOON = dt.datetime(2026, 6, 10, 12, 0, tzinfo=dt.UTC)
EXAMPLE = Path("schemas/examples/pictures.shown/v1/mash.picture.shown.v1.json")
MINUTES = st.integers(-10_000_000, 10_000_000)


def later(minutes: int) -> dt.datetime:
    return NOON + dt.timedelta(minutes=minutes)


def picture(**changes: Any) -> Picture:
    shown = PictureShown.model_validate(json.loads(EXAMPLE.read_text("utf-8"))).picture.content
    assert isinstance(shown, Picture)
    concern = shown.concern.model_copy(
        update={"observed_at": NOON, "consents": changes.pop("consents", ())}
    )
    nothing: dict[str, Any] = dict.fromkeys(("history", "ratings", "acted", "views"), ())
    nothing |= dict.fromkeys(("closed", "holder", "handed_over"))
    return shown.model_copy(update={**nothing, "concern": concern, **changes})


def earlier(minutes: int) -> Earlier:
    return Earlier(
        referral_id=f"r{minutes}", person_id="p-1", on=later(minutes).date(), agency="gp"
    )


def rating(minutes: int) -> PicturedRating:
    said: dict[str, Any] = {"colour": "amber", "rationale": "Twice"}
    return PicturedRating(decided_by="S. Worker", at=later(minutes), **said)


def view(minutes: int) -> PicturedView:
    said = dict.fromkeys(("profession", "view", "asks_for"), "As told")
    return PicturedView(
        disagreement_id=f"d{minutes}",
        disputes="rating",
        agency="school",
        raised_by="L. Lead",
        at=later(minutes),
        owed_by="gp",
        **said,
    )


def act(minutes: int) -> PicturedAct:
    return PicturedAct(
        product_id="p",
        owner="police_cait",
        text="Seen",
        sensitivity="routine",
        told_by="O. Officer",
        at=later(minutes),
    )


def consent(minutes: int) -> PicturedConsent:
    said: dict[str, Any] = {"answer": "given"}
    return PicturedConsent(agency="school", told_by="L. Lead", at=later(minutes), **said)


def outcome(minutes: int) -> PicturedOutcome:
    said: dict[str, Any] = {"outcome": "early_help", "rationale": "As agreed", "may_be_told": "It."}
    return PicturedOutcome(decided_by="D. Manager", at=later(minutes), **said)


def holder(minutes: int) -> PicturedHolder:
    return PicturedHolder(
        person="T. Worker", decided_by="D. Manager", rationale="Hers", at=later(minutes)
    )


def handed(minutes: int) -> PicturedHandover:
    return PicturedHandover(
        worker={"name": "Wren", "team": "north", "case_reference": "I-1"},
        agency="csc",
        since=later(minutes),
        state="awaited",
    )


def test_each_says_when_of_what_kind_and_who() -> None:
    made = picture(
        history=(earlier(-5_000), earlier(-9_000)),
        consents=(consent(10),),
        ratings=(rating(20), rating(60)),
        holder=holder(5),
        handed_over=handed(70),
        acted=(act(80),),
        views=(view(30),),
        closed=outcome(90),
    )
    told = [(one.kind, one.agency, one.who) for one in timeline(made)]
    expected: list[tuple[Kind, str | None, str | None]] = [
        ("earlier", "gp", None),
        ("earlier", "gp", None),
        ("concern", made.concern.agency, None),
        ("given", None, "D. Manager"),
        ("consent", "school", "L. Lead"),
        ("rated", None, "S. Worker"),
        ("disagrees", "school", "L. Lead"),
        ("rated", None, "S. Worker"),
        ("handed over", None, None),
        ("done", "police_cait", "O. Officer"),
        ("closed", None, "D. Manager"),
    ]
    assert told == expected
    days = [one.what for one in timeline(made) if not one.has_hour]
    assert days == [earlier(-9_000), earlier(-5_000)]


def test_what_is_known_by_its_day_alone_comes_before_what_has_an_hour() -> None:
    made = picture(history=(earlier(0),), ratings=(rating(-60),))
    assert [one.kind for one in timeline(made)] == ["earlier", "rated", "concern"]


@settings(max_examples=100, deadline=None)
@given(
    moments=st.lists(MINUTES, max_size=8),
    before=st.lists(MINUTES, max_size=8),
    views=st.lists(MINUTES, max_size=4),
    closed=st.none() | MINUTES,
)
def test_all_of_a_picture_is_in_it_once_and_in_order(
    moments: list[int], before: list[int], views: list[int], closed: int | None
) -> None:
    made = picture(
        history=tuple(map(earlier, before)),
        ratings=tuple(map(rating, moments)),
        acted=tuple(map(act, moments)),
        consents=tuple(map(consent, moments)),
        views=tuple(map(view, views)),
        closed=None if closed is None else outcome(closed),
    )
    told = timeline(made)
    whole = [*made.history, made.concern, *made.concern.consents, *made.ratings, *made.acted]
    whole += [*made.views, *([made.closed] if made.closed else [])]
    assert sorted(id(one.what) for one in told) == sorted(map(id, whole))
    minutes = [f"{one.at:%Y%m%d%H%M}" for one in told]
    assert minutes == sorted(minutes)

"""Weights from pairs, and the index that finds them."""

from __future__ import annotations

import datetime as dt
import json
from importlib.resources import files
from itertools import islice

import pytest

from router.linkage import Subject, describe, load_model
from router.linkage.index import Index
from router.linkage.learning.learn import learn, lessons
from router.linkage.learning.train import compare, count, estimate, expect, observe
from router.linkage.model import read_model
from schemas.person import Address, Name, PartialDate, Person

NAMES = ("Ada", "Bruno", "Clemency", "Dougal", "Effie", "Fabian", "Greta", "Hector")
BASE = json.loads(
    files("router.linkage").joinpath("model-default.json").read_text(encoding="utf-8")
)


def told(child: int, seen: int) -> tuple[Subject, str, str]:
    family = child // 2
    person = Person(
        name=(Name(given_name=(NAMES[child],), family_name=(f"Fenwright{'abcd'[family] * 3}",)),),
        date_of_birth=PartialDate(date=dt.date(2010 + child, 3, 1 + child)),
        address=(Address(line1=f"{family + 3} Quarry Lane", postcode=f"QX{family + 1} 8YZ"),),
    )
    at = dt.datetime(2025, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=seen)
    return describe(person, observed_at=at), f"child-{child}", f"family-{family}"


STREAM = [told(child, seen) for seen in range(5) for child in range(8)]


def test_each_known_child_is_found_and_paired_with_itself_and_its_family() -> None:
    pairs = list(observe(STREAM))
    assert sum(stories.get("same", 0) for _, stories in pairs) == 32
    assert any("family" in stories for _, stories in pairs)
    assert any("other" in stories for _, stories in pairs)


def test_what_always_agrees_in_the_stream_gains_weight_and_what_never_differs_speaks_against() -> (
    None
):
    data = estimate(count(observe(STREAM * 20)), BASE, version="linkage-test")
    assert data["bits"]["birth"]["exact"][0] > 2
    assert data["bits"]["birth"]["other"][0] < -3
    assert read_model(data).version == "linkage-test"


def test_the_expected_story_of_an_equal_pair_is_the_same_child() -> None:
    index = Index()
    pairs = [levels for levels, stories in observe(STREAM, index=index) if "same" in stories]
    shares = expect(STREAM[8][0], pairs[0], model=load_model())
    assert max(shares, key=lambda story: shares[story]) == "same"
    assert sum(shares.values()) == pytest.approx(1)


def test_an_oversized_key_is_passed_over_and_reported() -> None:
    index = Index(oversized=1)
    for _ in observe(STREAM[:8], index=index):
        pass
    subject = STREAM[0][0]
    assert index.crowds(subject)
    assert [p.person_id for p in index.find(subject)] == ["child-0"]


def test_levels_do_not_depend_on_the_order_of_evidence() -> None:
    index = Index()
    list(observe(STREAM[:9], index=index))
    profile = index.get("child-0")
    assert profile is not None
    assert compare(STREAM[0][0], profile) == compare(STREAM[8][0], profile)


def test_a_model_is_learned_from_a_stream_of_which_nothing_is_known() -> None:
    moving = [
        subject._replace(addresses=(f"{n}|q{n}|",)) for n, (subject, _, _) in enumerate(STREAM * 5)
    ]
    data = learn(moving, BASE, version="linkage-test", rounds=2)
    assert BASE["bits"]["address"]["other"][0] < -2
    assert data["bits"]["address"]["other"][0] > -1
    assert data["prior"]["same"] > BASE["prior"]["same"]


def test_a_learned_model_knows_how_common_names_are_there() -> None:
    stream = [subject for subject, _, _ in STREAM * 5]
    model = read_model(learn(stream, BASE, version="linkage-test", rounds=1))
    assert model.given_bits("ada") == pytest.approx(3.0)
    assert model.given_bits("william") == load_model().given_bits("unheard of")


def test_a_model_moves_less_from_round_to_round() -> None:
    stream = [subject for subject, _, _ in STREAM * 2]
    moved = [lesson.moved for lesson in islice(lessons(stream, BASE, version="linkage-test"), 6)]
    assert moved[-1] < moved[0] / 4


def test_what_is_told_counts_beside_what_is_believed() -> None:
    told, unknown = STREAM[:24], [subject for subject, _, _ in STREAM[24:]]
    (lesson,) = islice(lessons(unknown, BASE, version="linkage-test", told=told), 1)
    assert sum(lesson.counts["family"][0].values()) > 0
    assert sum(lesson.counts["same"][0].values()) > 16

"""Streams about invented children are like the sample, and the same for the same seed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

import pytest

from ops.demo.simulation.children import TRUTH, Told, generate
from ops.demo.simulation.stream import sample_lines
from router.linkage import identifiers
from tests.support.sample import sample_truth

RARE = 0.004


def stream(errors: float = 1.0, *, seed: int = 5, notifications: int = 4000) -> list[Told]:
    return generate(children=1700, notifications=notifications, seed=seed, errors=errors)


def rows(told: Iterable[Told]) -> list[dict[str, str]]:
    return [dict(zip(TRUTH, one.truth(), strict=True)) for one in told]


def shares(truth: list[dict[str, str]]) -> dict[str, float]:
    counted = Counter(tag for row in truth for tag in row["truth_tags"].split())
    return {tag: count / len(truth) for tag, count in counted.items()}


def test_the_same_seed_makes_the_same_stream_and_another_seed_another() -> None:
    one, again, other = (stream(seed=seed, notifications=200) for seed in (1, 1, 2))
    assert [told.record for told in one] == [told.record for told in again]
    assert [told.truth() for told in one] == [told.truth() for told in again]
    assert [told.record for told in one] != [told.record for told in other]


def test_a_notification_has_the_samples_form() -> None:
    sample = json.loads(sample_lines()[0])
    for told in stream(notifications=300):
        assert list(told.record) == list(sample)
    assert list(rows(stream(notifications=1))[0]) == list(sample_truth()[0])


def test_every_kind_of_difficulty_is_about_as_frequent_as_in_the_sample() -> None:
    ours, samples = shares(rows(stream(notifications=12_000))), shares(sample_truth())
    frequent = [tag for tag, share in samples.items() if share > RARE]
    off = {tag: (ours.get(tag, 0.0), samples[tag]) for tag in frequent}
    strange = {tag: both for tag, both in off.items() if not 0.4 <= both[0] / both[1] <= 2.2}
    assert strange == {}


def test_more_errors_are_made_where_more_are_asked_for() -> None:
    usual, many = shares(rows(stream())), shares(rows(stream(1.6)))
    for tag in ("nickname", "typo_family", "dob_estimated", "phone_of_professional"):
        assert many[tag] / usual[tag] == pytest.approx(1.6, rel=0.3)


def told_of_kinds() -> list[Told]:
    return generate(children=1700, notifications=4000, seed=5, kinds=1.0)


def test_a_stream_has_other_kinds_only_where_they_are_asked_for() -> None:
    usual, kinds = shares(rows(stream())), shares(rows(told_of_kinds()))
    only = {"same_words", "anew_exact", "anew_amended", "anew_forwarded", "shared_reference"}
    only |= {"placeholder_carer", "placeholder_name", "round_date", "observed_wrong"}
    assert only | {"person:near_twin"} <= kinds.keys()
    assert only.isdisjoint(usual)


def test_what_comes_under_a_new_reference_or_in_the_same_words_comes_later() -> None:
    told = told_of_kinds()
    assert [one.sent for one in told] == sorted(one.sent for one in told)
    place = {one.record["notification_id"]: number for number, one in enumerate(told)}
    anew = [one for one in told if any(tag.startswith("anew") for tag in one.tags)]
    assert len(anew) == pytest.approx(240, abs=5)
    for one in anew:
        assert one.again is not None
        assert place[one.record["notification_id"]] > place[one.again["notification_id"]]
        assert one.record["source_reference"] != one.again["source_reference"]


def test_a_resend_names_an_earlier_notification_about_the_same_child() -> None:
    truth = {row["notification_id"]: row for row in rows(stream())}
    resent = [row for row in truth.values() if row["is_duplicate_of"]]
    assert len(resent) == 228
    for row in resent:
        assert row["is_duplicate_of"] < row["notification_id"]
        assert truth[row["is_duplicate_of"]]["truth_person_id"] == row["truth_person_id"]


def test_numbers_are_well_formed_but_where_that_is_the_difficulty() -> None:
    for told in stream(notifications=600):
        if not told.tags & {"nhs_error", "nhs_placeholder"} and told.record["nhs_number"]:
            assert identifiers.nhs_number(told.record["nhs_number"])
        if "upn_error" not in told.tags and told.record["upn"]:
            assert identifiers.upn(told.record["upn"])


def test_no_birthday_is_later_than_the_day_on_which_it_is_told() -> None:
    for told in stream(2.0):
        born = told.record["date_of_birth"]
        assert born is None or born <= told.record["observed_at"][:10]

"""Names near each other that are two children's."""

from __future__ import annotations

import pytest

from router.linkage.near import are_near, near


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hassan", "hussain"),
        ("ava", "eva"),
        ("jayden", "kayden"),
        ("alexander", "alexandra"),
        ("daniel", "danielle"),
        ("andrei", "andreea"),
        ("mohammed hassan", "mohammed hussain"),
        ("mary kate", "mary jane"),
        ("oliver", "olive"),
        ("george", "georgia"),
        ("leo", "leona"),
        ("zain", "zainab"),
        ("kai", "kaia"),
        ("jack", "jackson"),
        ("ella", "bella"),
        ("lia", "mia"),
        ("noah", "noa"),
        ("joseph", "josephine"),
        ("max", "maxine"),
    ],
)
def test_two_names_near_each_other_are_two(one: str, other: str) -> None:
    assert near(one, other)
    assert near(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hassan", "hasan"),
        ("jayden", "jaydne"),
        ("isaac", "isacc"),
        ("yusuf", "yousef"),
        ("lily grace", "lily"),
        ("katie", "kate"),
        ("sam", "samuel"),
        ("sam", "samantha"),
        ("alex", "alexandra"),
        ("charlie", "charlotte"),
        ("will", "william"),
        ("mohammed hassan", "hassan"),
    ],
)
def test_slips_spellings_and_short_forms_are_one_name(one: str, other: str) -> None:
    assert not near(one, other)
    assert not near(other, one)


def test_a_child_known_by_both_names_is_no_twin() -> None:
    assert are_near(("jayden",), ("kayden",))
    assert not are_near(("jayden", "kayden"), ("kayden",))
    assert not are_near((), ("kayden",))

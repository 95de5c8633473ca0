"""Which of the persons found under a child's keys are compared."""

from __future__ import annotations

from router.linkage import Profile, Subject, found, keys, link, load_model
from router.linkage.keys import crowd_keys
from router.linkage.ranking import CANDIDATES, OVERSIZED, passed_over, ranked
from schemas.case import LinkOutcome
from schemas.person import Person
from tests.unit.linkage.test_linkage_decides import child, subject

NAMESAKES = range(100, 100 + OVERSIZED)
MODEL = load_model()


def test_one_rare_key_counts_more_than_two_that_many_share() -> None:
    best, passed = ranked([1, 2, 3], {1: NAMESAKES, 2: NAMESAKES, 3: {7}})
    assert best[0] == 7
    assert len(best) == CANDIDATES
    assert passed == frozenset()


def test_of_persons_with_as_many_points_those_with_the_lowest_numbers_are_compared() -> None:
    backwards = tuple(reversed(NAMESAKES))
    assert ranked([1], {1: backwards})[0] == list(NAMESAKES[:CANDIDATES])


def test_a_key_with_too_many_persons_is_passed_over_and_told_of_whether_they_were_read_or_not() -> (
    None
):
    crowd = range(100, 101 + OVERSIZED)
    assert ranked([1, 2], {1: crowd, 2: {7}}) == ([7], frozenset({1}))
    assert ranked([1, 2], {1: None, 2: {7}}) == ([7], frozenset({1}))
    assert ranked([5], {}) == ([], frozenset())


def test_a_decision_says_how_many_keys_were_passed_over_if_any_were() -> None:
    assert passed_over(()) == ()
    (said,) = passed_over({4, 5})
    assert said.startswith(
        f"2 of the ways to look this child up fit more than {OVERSIZED} children"
    )


def test_a_child_who_can_be_looked_for_in_crowds_only_is_for_a_human_to_find() -> None:
    told = subject(Person(name=child().name, date_of_birth=child().date_of_birth))
    everywhere = frozenset(keys(told))
    assert link(told, [], model=MODEL).outcome is LinkOutcome.NEW
    assert link(told, [], model=MODEL, oversized=everywhere).outcome is LinkOutcome.REVIEW
    assert (
        link(told, [], model=MODEL, oversized=everywhere - {min(everywhere)}).outcome
        is LinkOutcome.NEW
    )


def test_a_home_is_a_crowds_only_if_it_is_by_its_postcode_too() -> None:
    told = subject(child())
    home = crowd_keys(told.addresses[0])
    known = [found(told, person_id="p1", family_id="f1", case_id="c1")]
    assert len(home) == 2
    assert all(
        _home_counts(told, known, frozenset(keys_)) for keys_ in ((), *((key,) for key in home))
    )
    assert not _home_counts(told, known, home)


def _home_counts(told: Subject, known: list[Profile], oversized: frozenset[int]) -> bool:
    return any(
        "address" in reason
        for reason in link(told, known, model=MODEL, oversized=oversized).reasons
    )

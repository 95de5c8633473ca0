"""How decisions about a stream of known children are scored."""

from __future__ import annotations

import pytest

from ops.linkage.intervals import wilson
from tests.proofs.score import Tally, score

TRUTH = """\
N1 P1 -
N2 P2 - person:twin
N3 P1 - nickname
N4 P1 N3 nickname resend_exact
N5 P2 - person:twin typo_given
N6 P3 -
N7 P3 - unborn
N8 P3 N7 unborn resend_amended
N9 P2 - person:twin
N10 P3 -
N11 P1 -
N12 P1 N4 resend_amended
"""
DECISIONS = """\
N1 new H1 -
N2 review H2 - H1
N3 linked H1 -
N4 duplicate H1 N3
N5 linked H1 -
N6 new H3 -
N7 review H4 - H1 H3
N8 linked H4 -
N9 review H5 - H1 H3
N10 duplicate H3 N6
N11 new H6 -
N12 amended H1 N3
"""


def truth() -> list[dict[str, str]]:
    rows = (line.split(maxsplit=3) for line in TRUTH.splitlines())
    return [
        {
            "notification_id": i,
            "truth_person_id": p,
            "is_duplicate_of": d.strip("-"),
            "truth_tags": " ".join(tags),
        }
        for i, p, d, *tags in rows
    ]


def decisions() -> list[dict[str, str]]:
    rows = (line.split(maxsplit=4) for line in DECISIONS.splitlines())
    return [
        {
            "notification_id": i,
            "decision": k,
            "person_id": p,
            "duplicate_of": d.strip("-"),
            "candidates": " ".join(c),
        }
        for i, k, p, d, *c in rows
    ]


def test_each_notification_counts_as_what_it_is_and_what_it_was_taken_for() -> None:
    scored = score(decisions(), truth())
    assert scored.whole == Tally(
        decided=9, repeats=6, links_right=2, false_links=1, missed=2, review=3, review_right=1
    )
    assert (scored.notifications, scored.resends, scored.resends_recognised) == (12, 3, 2)
    assert scored.false_duplicates == 1
    assert scored.false_links == ["N5"]


def test_every_kind_of_difficulty_is_counted_by_itself() -> None:
    groups = score(decisions(), truth()).groups
    assert groups["person:twin"] == Tally(decided=3, repeats=2, false_links=1, missed=1, review=2)
    assert groups["nickname"] == Tally(decided=1, repeats=1, links_right=1)


def test_scores_of_several_streams_add_up() -> None:
    twice = score(decisions(), truth())
    twice += score(decisions(), truth())
    assert twice.whole.missed == 4
    assert twice.groups["person:twin"].decided == 6
    assert twice.whole.missed_share == pytest.approx(2 / 6)


def test_an_interval_holds_its_share_and_narrows_with_numbers() -> None:
    low, high = wilson(2, 10)
    assert low == pytest.approx(0.0567, abs=1e-4)
    assert high == pytest.approx(0.5098, abs=1e-4)
    assert wilson(200, 1000)[1] - wilson(200, 1000)[0] < high - low
    assert wilson(0, 0) == (0.0, 1.0)

"""The checker of the peers finds what was lost and what was done twice."""

from __future__ import annotations

from itertools import islice

from tests.bench.peers.checker import Verdict, judge, references
from tests.bench.peers.running import PEERS, installed
from tests.bench.peers.work import DEDUPLICATE, LINK, RATE, REQUEST
from tests.bench.stream import records

OF = {"a": ("police", "1"), "a again": ("police", "1"), "b": ("gp", "1")}


def test_one_effect_of_each_kind_for_each_reference_is_right() -> None:
    assert judge(OF, ratings=["a", "b"], requests=["b", "a"]) == Verdict(lost=0, doubled=0)


def test_of_what_is_sent_again_it_does_not_matter_which_is_handled() -> None:
    assert judge(OF, ratings=["a again", "b"], requests=["a again", "b"]) == Verdict(0, 0)


def test_what_is_not_rated_or_not_requested_is_lost() -> None:
    assert judge(OF, ratings=["a"], requests=["a", "b"]) == Verdict(lost=1, doubled=0)
    assert judge(OF, ratings=["a"], requests=["b"]) == Verdict(lost=2, doubled=0)


def test_an_effect_of_a_resend_or_again_of_the_same_is_doubled() -> None:
    assert judge(OF, ratings=["a", "b", "b"], requests=["a", "b"]) == Verdict(lost=0, doubled=1)
    ratings = ["a", "a again", "b"]
    assert judge(OF, ratings=ratings, requests=ratings) == Verdict(lost=0, doubled=2)


def test_a_peer_that_is_not_installed_is_told_from_one_that_is() -> None:
    assert installed(PEERS["faust"])
    assert not installed("no-such-distribution")


def test_the_sample_sends_some_references_again() -> None:
    sent = references(islice(records(), 500))
    assert len(sent) == 500
    assert 450 < len(set(sent.values())) < 500


def test_every_step_can_take_every_record_of_the_sample() -> None:
    for record in islice(records(), 500):
        for step in (DEDUPLICATE, LINK, RATE, REQUEST):
            values = step.values(record)
            assert all(values.values())
            assert all(f"%({name})s" in step.statement for name in values)

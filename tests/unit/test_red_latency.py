"""F17c ends: a flood that the hub cannot hear in time is said, and not waited for; and no letter is
missed because it left at once.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from connectors.clients.broker import connected, ensure_queue, publish
from tests.proofs import red_latency
from tests.proofs.red_latency import Burst, Measured

PLACE: Any = None
BURST = Burst(rounds=3, seconds=0.1, patience=60.0)


def rounds(monkeypatch: pytest.MonkeyPatch, *, left: int, burst: Burst = BURST) -> Measured:
    """What is measured where no letter is ever seen, and a flood leaves so much."""

    def flood(*_: object) -> Any:
        return nullcontext(SimpleNamespace(value=0))

    monkeypatch.setattr(red_latency, "_flood", flood)
    monkeypatch.setattr(red_latency, "_left", lambda *_: left)
    watching: Any = SimpleNamespace(seen_at=lambda *_: None)
    return red_latency._rounds(PLACE, burst, send=red_latency._Sent, watching=watching)


def test_where_a_flood_is_not_heard_in_time_no_further_round_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured = rounds(monkeypatch, left=4_711)
    assert (len(measured.quiet), len(measured.flood), measured.left) == (1, 1, 4_711)


def test_every_round_is_measured_where_it_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(rounds(monkeypatch, left=0).flood) == 3


def test_no_round_begins_that_would_not_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Burst(rounds=3, seconds=0.1, patience=60.0, limit=0.0)
    assert len(rounds(monkeypatch, left=0, burst=late).flood) == 1


def test_a_red_that_is_not_seen_counts_with_all_the_time_it_was_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured = rounds(monkeypatch, left=1)
    assert measured.unseen == 2, "one in quiet, one in the flood"
    assert min(measured.quiet[0] + measured.flood[0]) > BURST.patience - 1


def test_letters_that_go_to_a_broker_are_taken_there() -> None:
    """The hub keeps none that has left: whoever looked into its store for them would miss some."""
    url, queue = f"memory://{uuid4()}", f"proof.deliveries.{red_latency.LEAD}"
    place: Any = SimpleNamespace(queued=(red_latency.LEAD,), broker=url, prefix="proof.")
    with connected(url) as connection, red_latency.new_letters(place) as new:
        ensure_queue(connection, queue)
        for number in range(7):
            body = json.dumps({"id": f"l{number}", "data": {"referral_id": f"ref-{number}"}})
            publish(
                connection.default_channel,
                body.encode(),
                queue=queue,
                content_type="application/json",
                message_id=f"l{number}",
            )
        found = [*new(), *new()]
        assert found == [f"ref-{number}" for number in range(7)]
        assert list(new()) == []

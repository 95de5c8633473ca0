"""Pairs of notifications, each told to a hub that knows nothing else: one child or two, one concern
or two.

They were written from what agencies send, by somebody who had not seen how it is decided. A line of
``pairs.jsonl`` says what comes and what is right; ``hours_later`` is when, after the first.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ops.look.replay_memory import KeptDocuments
from router.steps.deduplicate.decide import STEP as DEDUPLICATE
from schemas.base import Fact
from schemas.case import ChildLinked, LinkOutcome
from schemas.message import Message
from schemas.notification import Notification, NotificationReceived
from tests.support.linking import AREA, Linking, in_replay, of, rules

_STARTS = dt.datetime(2026, 11, 26, 9, 0, tzinfo=dt.UTC)
_LINES = (Path(__file__).parent / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
PAIRS: list[dict[str, Any]] = [json.loads(line) for line in _LINES]


class _Hops:
    """Deduplication and linking, with nothing known."""

    def __init__(self) -> None:
        self._references = KeptDocuments(DEDUPLICATE)
        self._linking: Linking = in_replay()

    def tell(self, id_: str, told: Mapping[str, Any]) -> ChildLinked:
        said = Notification.model_validate(told["notification"])
        received = NotificationReceived(
            agency=told["agency"],
            area=AREA,
            content_digest=said.content_digest(),
            notification=said,
        )
        time = _STARTS + dt.timedelta(hours=told["hours_later"])
        message = _message(id_, received, time)
        outcome = DEDUPLICATE.decide(self._references.recall(message), message, rules())
        if outcome.state is not None:
            self._references.remember(message, outcome.state)
        (accepted,) = outcome.facts
        return of(ChildLinked, self._linking.hear(accepted, f"{id_}-accepted").facts)[0]


def _message(id_: str, fact: Fact, time: dt.datetime) -> Message:
    return Message(
        id=id_,
        source="test",
        time=time,
        key=AREA,
        correlation_id=id_,
        causation_id=None,
        data=fact,
    )


def _told(pair: Mapping[str, Any]) -> tuple[ChildLinked, ChildLinked]:
    hops = _Hops()
    before = sorted(pair.get("before", ()), key=lambda one: float(one["hours_later"]))
    for number, one in enumerate(before):
        hops.tell(f"before-{number}", one)
    return hops.tell("first", pair["first"]), hops.tell("second", pair["second"])


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair['id']} {pair['kind']}")
def test_a_pair_is_held_to_be_what_it_is(pair: Mapping[str, Any]) -> None:
    first, second = _told(pair)
    linked = second.outcome is LinkOutcome.LINKED and second.person_id == first.person_id
    right = {
        "same child": linked,
        "other child or review": not linked and second.version == 1,
        "review": second.outcome is LinkOutcome.REVIEW,
        "same concern": linked
        and second.same_concern_as == first.referral_id
        and second.earlier_referrals == 0,
        "new concern": linked
        and second.same_concern_as is None
        and second.version == 1
        and second.earlier_referrals == 1,
    }
    assert right[pair["expect"]], (second.outcome, second.score, second.reasons)

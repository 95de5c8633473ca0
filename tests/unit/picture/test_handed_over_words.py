"""The picture says with which worker's team a referral is, and whether a person there has it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ops.look.picture_words import _handed_over
from router.picture.gathered import handed_over
from router.steps.hand_over import decide as hand_over
from tests.support.given import Given
from tests.unit.steps.test_handed_over import with_worker
from tests.unit.steps.test_handover_receipts import decided, receipt

NAMES = {"csc_assessment_team": "Assessment Team"}
TO = "Handed over to W. Allocated, Assessment Team, 10 Jun 2026 12:00"


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ((), f"{TO}: nobody there has said yet that they have it"),
        ((receipt(),), f"{TO}: T. Manager has it"),
        ((receipt("refused"),), f"{TO}: they say that it is not theirs: Not ours"),
        ((receipt("refused"), receipt()), f"{TO}: T. Manager has it"),
    ],
)
def test_the_picture_says_who_has_it(came: tuple[Any, ...], said: str) -> None:
    step = Given(hand_over.STEP).given(with_worker(), *came)
    told = handed_over(step.state)
    assert told is not None
    assert told.since == dt.datetime(2026, 6, 10, 12, 0, tzinfo=dt.UTC)
    assert _handed_over(told, NAMES) == said


def test_what_was_taken_back_is_with_nobody() -> None:
    assert handed_over(Given(hand_over.STEP).given(with_worker(), decided()).state) is None
    assert handed_over(None) is None

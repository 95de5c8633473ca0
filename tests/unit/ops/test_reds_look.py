"""A possible Red that nobody has opened, and of which the front line was told as unconfirmed."""

from __future__ import annotations

import datetime as dt

import pytest

from ops.look import reds
from ops.look.reds import Sent
from router.steps.rate import decide as rate
from tests.support import given
from tests.support.given import HIT, NOON, Given

LATER = NOON + dt.timedelta(hours=1)
HAD = Sent("product-1", "csc_duty_team", "a person has it", has_it=True)
QUEUED = Sent("product-2", "police_cait", "on its queue, nobody has said that they have it")


@pytest.mark.parametrize(
    ("sent", "nobody"), [((), True), ((QUEUED,), True), ((QUEUED, HAD), False)]
)
def test_somebody_has_it_once_a_person_of_the_front_line_says_so(
    sent: tuple[Sent, ...], nobody: bool
) -> None:
    known = reds._Known(
        referral_id="ref-1",
        since=NOON,
        rating=Given(rate.STEP).given(given.linked(HIT)).state,
        sent=sent,
        alarms=None,
        handed_to=None,
        rated_red=False,
    )
    found = known.red(LATER)
    assert (found.what, found.nobody_has_it) == ("possible red", nobody)
    assert found.where.startswith("waits for a person to open it")
    assert ("csc_duty_team: a person has it" in found.where) is (HAD in sent)

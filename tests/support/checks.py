"""Checks of systems as a borough agreed them, and what is heard of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from router.step import Outcome
from router.steps.check import decide as check
from schemas.base import Fact
from schemas.calendar import Elapsed
from schemas.checks import (
    CheckReply,
    CheckReplyReceived,
    ChecksFact,
)
from schemas.policy import Agreement, Partner, Policy, SystemCheck
from tests.support import given
from tests.support.given import Given

HOUR = dt.timedelta(hours=1)
BASIS = "Children Act 2004, section 11"
ICS = SystemCheck(
    system="ics",
    agency="childrens_social_care",
    kind="ics",
    time_allowed=Elapsed(hours=1),
)
ECAF = SystemCheck(system="ecaf", agency="early_help", kind="ecaf", answered_by="register")


def agreed(agency: str, *, tells: tuple[str, ...] = ()) -> Partner:
    """A partner whose agreement names a basis for checks."""
    terms = {"basis": BASIS, "since": dt.date(2026, 1, 1), "tells": tells}
    told = {"reference": f"ISA/{agency}", "signatory": "A. Director", "since": dt.date(2020, 1, 1)}
    agreement = Agreement.model_validate(told | {"checks": terms})
    return given.partner(agency, agreement=agreement)


def checked(*checks: SystemCheck, partners: tuple[Partner, ...] = ()) -> Policy:
    """The sample's policy with these checks, agreed with everybody or as ``partners`` have it."""
    every = {one.agency: agreed(one.agency) for one in checks} | {p.code: p for p in partners}
    return given.policy(*every.values()).model_copy(update={"checks": checks})


def checking(*checks: SystemCheck, partners: tuple[Partner, ...] = ()) -> Given:
    return Given(check.STEP, checked(*checks, partners=partners))


def reply(system: str = "ics", *, by: str = "childrens_social_care", **said: Any) -> Fact:
    told = {"check_id": f"ref-1/{system}", "known": False} | said
    return CheckReplyReceived(agency=by, referral_id="ref-1", reply=CheckReply.model_validate(told))


def asked(outcome: Outcome[Any]) -> ChecksFact:
    (fact,) = given.of(ChecksFact, outcome.facts)
    return fact

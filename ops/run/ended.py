"""What has ended by its date, and somebody has to renew: said until they have."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from typing import Literal, NamedTuple

import structlog

from schemas.access import AccessRules
from schemas.sealed import NoKeyNow, key_at
from schemas.settings import HubSettings

_LOOKS = 600.0
"""Seconds between two looks at the date."""

log = structlog.get_logger()


class Ended(NamedTuple):
    """What has ended, whose it is where it is one agency's, and what that means, in a sentence."""

    what: Literal["access-rules", "encryption-key"]
    agency: str | None
    says: str


def ended(settings: HubSettings, access: AccessRules, *, at: dt.datetime) -> Iterator[Ended]:
    """All of it, the lead agency's first: its alarms are among what waits."""
    if access.over(at.date()):
        says = (
            f"the access rules {access.version} ended on {access.until}: people are shown nothing, "
            "and agencies go on by them; have them renewed"
        )
        yield Ended("access-rules", None, says)
    lead = settings.lead_agency
    for code in sorted(settings.agencies, key=lambda one: (one != lead, one)):
        try:
            key_at(settings.agencies[code].encryption, at)
        except NoKeyNow:
            alarms = ", alarms too" if code == lead else ""
            says = f"the last encryption key of {code} has ended: its letters wait{alarms}"
            yield Ended("encryption-key", code, says)


def say_daily(settings: HubSettings, access: AccessRules, stop: threading.Event) -> None:
    """Log it once a day, until told to stop."""
    said: dt.date | None = None
    while not stop.is_set():
        at = dt.datetime.now(dt.UTC)
        if at.date() != said:
            said = at.date()
            for one in ended(settings, access, at=at):
                log.error("configuration.ended", reason=one.what, agency=one.agency)
        stop.wait(_LOOKS)

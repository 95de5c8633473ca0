"""What has ended by its date, and somebody has to renew: said until they have."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator

import structlog

from schemas.access import AccessRules
from schemas.sealed import NoKeyNow, key_at
from schemas.settings import HubSettings

_LOOKS = 600.0
"""Seconds between two looks at the date."""

log = structlog.get_logger()


def ended(settings: HubSettings, access: AccessRules, *, at: dt.datetime) -> Iterator[str]:
    """Each in a sentence, the lead agency's first: its alarms are among what waits."""
    if access.over(at.date()):
        yield (
            f"the access rules {access.version} ended on {access.until}: people are shown nothing, "
            "and agencies go on by them; have them renewed"
        )
    lead = settings.lead_agency
    for code in sorted(settings.agencies, key=lambda one: (one != lead, one)):
        try:
            key_at(settings.agencies[code].encryption, at)
        except NoKeyNow:
            alarms = ", alarms too" if code == lead else ""
            yield f"the last encryption key of {code} has ended: its letters wait{alarms}"


def say_daily(settings: HubSettings, access: AccessRules, stop: threading.Event) -> None:
    """Log it once a day, until told to stop."""
    said: dt.date | None = None
    while not stop.is_set():
        at = dt.datetime.now(dt.UTC)
        if at.date() != said:
            said = at.date()
            for what in ended(settings, access, at=at):
                log.error("configuration.ended", what=what)
        stop.wait(_LOOKS)

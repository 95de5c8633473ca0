"""What has ended by its date, and somebody has to renew: said until they have, and an alarm; and
what agencies sent on a day and never came.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from typing import Literal, NamedTuple

import structlog

from ops.look.manifests import How, days
from router.ways_in import never_came, record_once
from schemas.access import AccessRules
from schemas.message import derived_id
from schemas.operations import NotRenewed
from schemas.sealed import NoKeyNow, key_at
from schemas.settings import HubSettings
from stores.database import Database

_LOOKS = 300.0
"""Seconds between two looks."""

log = structlog.get_logger()


class Ended(NamedTuple):
    """What has ended, whose it is where it is one agency's, and what that means, in a sentence."""

    what: Literal["access-rules", "encryption-key"]
    agency: str | None
    says: str
    since: dt.datetime
    """When it ended."""


def ended(settings: HubSettings, access: AccessRules, *, at: dt.datetime) -> Iterator[Ended]:
    """All of it, the lead agency's first: its alarms are among what waits."""
    if access.over(at.date()):
        says = (
            f"the access rules {access.version} ended on {access.until}: people are shown nothing, "
            "and agencies go on by them; have them renewed"
        )
        until = access.until or at.date()
        yield Ended("access-rules", None, says, _at_the_end_of(until))
    lead = settings.lead_agency
    for code in sorted(settings.agencies, key=lambda one: (one != lead, one)):
        try:
            key_at(settings.agencies[code].encryption, at)
        except NoKeyNow:
            alarms = ", alarms too" if code == lead else ""
            says = f"the last encryption key of {code} has ended: its letters wait{alarms}"
            keys = settings.agencies[code].encryption
            since = max((one.until for one in keys if one.until), default=at)
            yield Ended("encryption-key", code, says, since)


def _at_the_end_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)


def say_daily(
    database: Database, settings: HubSettings, access: AccessRules, stop: threading.Event
) -> None:
    """Alarm people about each once, and log it once a day; alarm them about what agencies sent and
    never came; until told to stop. Raises ``Unavailable``.
    """
    said: dt.date | None = None
    while not stop.is_set():
        at = dt.datetime.now(dt.UTC)
        if at.date() != said:
            said = at.date()
            for one in ended(settings, access, at=at):
                log.error("configuration.ended", reason=one.what, agency=one.agency)
                _alarm(database, one)
        _alarm_of_missing(database, settings, at=at)
        stop.wait(_LOOKS)


def _alarm_of_missing(database: Database, settings: HubSettings, *, at: dt.datetime) -> None:
    """Alarm people, once for each agency and day, where less came than was sent."""
    with database.view() as view:
        missing = [one for one in days(view, settings, at=at) if one.how is How.MISSING]
    for one in missing:
        never_came(database, agency=one.agency, connector=one.connector or "http", day=one.day)


def _alarm(database: Database, one: Ended) -> None:
    id_ = derived_id("ended", one.what, one.agency or "", one.since.isoformat())
    fact = NotRenewed(incident_id=id_, agency=one.agency, what=one.what, since=one.since)
    with database.transaction() as transaction:
        record_once(transaction, fact, by=f"dates/{one.what}/{one.agency or ''}", of="dates")

"""What a file would become, without sending it: for ``hub connectors try AGENCY FILE`` while a
mapping is written.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from io import BytesIO

from connectors.events.facts import Desk
from connectors.folder import read_file
from connectors.port import AgencyRoute
from schemas.case import OpenCase, OpenCaseReceived
from schemas.notification import Notification, NotificationReceived
from schemas.refusals import REASONS, Reason, Refusal


@dataclass(frozen=True, slots=True, repr=False)
class Preview:
    """One record: what it would become, or the reason and place why it would be refused. Holds
    personal data.
    """

    made: Notification | OpenCase | None
    reason: Reason | None = None
    field: str | None = None


def preview(
    route: AgencyRoute, filename: str, data: bytes, *, now: dt.datetime | None = None
) -> list[Preview]:
    """Each record of the file as the folder connector would read it, by the file's name; nothing is
    recorded.
    """
    desk = Desk(route, "folder", now or dt.datetime.now(dt.UTC))
    return [_preview(arrival.body) for arrival in read_file(desk, filename, BytesIO(data))]


def _preview(body: object) -> Preview:
    if isinstance(body, NotificationReceived):
        return Preview(body.notification)
    if isinstance(body, OpenCaseReceived):
        return Preview(body.open_case)
    if isinstance(body, Refusal):
        return Preview(None, REASONS[body.reason], body.field)
    raise TypeError(type(body).__name__)  # files hold notifications or open cases

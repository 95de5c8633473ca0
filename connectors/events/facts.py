"""From what an agency sent to the fact that the hub records: shapes checked, admission decided,
times compared.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from connectors.formats.mapping import AgencyMapping
from connectors.formats.readers import Kind, Record
from connectors.not_taken import NotTaken, dotted, of_validation
from connectors.port import AgencyRoute
from schemas.base import Fact, Shape
from schemas.case import OpenCase, OpenCaseReceived
from schemas.decisions import (
    DeliveryReceipt,
    DeliveryReceived,
    LinkDecided,
    LinkDecision,
    PersonsDecided,
    PersonsDecision,
    RatingDecided,
    RatingDecision,
    ReleaseDecided,
    ReleaseDecision,
    Settled,
    SplitDecided,
    SplitDecision,
    UndoDecided,
    UndoDecision,
)
from schemas.information import InformationReceived, InformationResponse
from schemas.notification import Notification, NotificationReceived
from schemas.refusals import Refusal
from stores.ports import Arrival

BRITAIN = ZoneInfo("Europe/London")
CLOCK_SKEW = dt.timedelta(minutes=5)
"""How far a sender's clock may run ahead."""

NOTIFICATION = "mash.notification.v1"
OPEN_CASE = "mash.open-case.v1"
_LEAD_ONLY = frozenset(
    {
        "mash.link-decision.v1",
        "mash.persons-decision.v1",
        "mash.rating-decision.v1",
        "mash.split-decision.v1",
        "mash.undo-decision.v1",
    }
)

SHAPES: Mapping[str, type[Shape]] = {
    NOTIFICATION: Notification,
    OPEN_CASE: OpenCase,
    "mash.link-decision.v1": LinkDecision,
    "mash.persons-decision.v1": PersonsDecision,
    "mash.split-decision.v1": SplitDecision,
    "mash.undo-decision.v1": UndoDecision,
    "mash.rating-decision.v1": RatingDecision,
    "mash.information-response.v1": InformationResponse,
    "mash.release-decision.v1": ReleaseDecision,
    "mash.delivery-receipt.v1": DeliveryReceipt,
}
"""Every type that agencies may send, with the shape of its data."""


@dataclass(frozen=True, slots=True, repr=False)
class Desk:
    """Where messages of one agency come in: by which connector (``http``, ``queue``, ``folder``),
    and when (aware).
    """

    route: AgencyRoute
    connector: str
    now: dt.datetime

    def record(self, mapping: AgencyMapping, kind: Kind, record: Record) -> Fact:
        """The fact of a record in the agency's own format; raises ``NotTaken`` in its terms."""
        self.admit(NOTIFICATION if mapping.makes == "notification" else OPEN_CASE)
        made = mapping.make(kind, record)
        if ahead := _ahead(made, self.now):
            raise NotTaken("invalid.future", mapping.name_of(kind, record, ahead))
        return _fact(self.route, made)

    def shape(self, event_type: str, data: bytes, prefix: str = "") -> Fact:
        """The fact of data in the hub's own shape; raises ``NotTaken`` with the path in that."""
        self.admit(event_type)
        try:
            made = SHAPES[event_type].model_validate_json(data, strict=True)
        except ValidationError as error:
            raise of_validation(error, prefix=prefix) from None
        if ahead := _ahead(made, self.now):
            raise NotTaken("invalid.future", prefix + dotted(ahead))
        return _fact(self.route, made)

    def admit(self, event_type: str) -> None:
        """Refuse an agency without an agreement in force (R50), or one that may not send such
        messages.
        """
        if event_type not in SHAPES:
            raise NotTaken("unknown.type", "type")
        agreement = self.route.settings.agreement
        if agreement is None or not agreement.in_force(self.now.astimezone(BRITAIN).date()):
            raise NotTaken("refused.agreement")
        if event_type in _LEAD_ONLY and not self.route.leads:
            raise NotTaken("refused.role")
        if event_type == OPEN_CASE and not self.route.may_send_open_cases:
            raise NotTaken("refused.role")

    def arrival(
        self, body: Fact | Refusal, original: bytes, content_type: str, event_id: str | None = None
    ) -> Arrival:
        """What the intake records."""
        return Arrival(
            agency=self.route.code,
            connector=self.connector,
            event_id=event_id,
            original=original,
            content_type=content_type,
            body=_shortened(body) if isinstance(body, Refusal) else body,
            reference=body.notification.reference
            if isinstance(body, NotificationReceived)
            else None,
        )


def _shortened(refusal: Refusal) -> Refusal:
    """As much of the field's name as a receipt holds: a sender's path may be of any length."""
    return replace(refusal, field=refusal.field[:500] if refusal.field else None)


def _ahead(made: Shape, now: dt.datetime) -> tuple[str, ...] | None:
    """The field that says a moment still to come, if one does. An unborn child's expected date
    may.
    """
    if not isinstance(made, Notification):
        return None
    if made.observed_at > now + CLOCK_SKEW:
        return ("observed_at",)
    born = made.subject.date_of_birth
    if born and not born.expected and born.date > (now + dt.timedelta(days=1)).date():
        return ("subject", "date_of_birth", "date")
    return None


def _fact(route: AgencyRoute, made: Shape) -> Fact:
    """The fact of a shape. Whose it is comes from the credential, never from the message."""
    agency = route.code
    match made:
        case Notification():
            return NotificationReceived(
                agency=agency,
                area=route.area,
                content_digest=made.content_digest(),
                notification=made,
            )
        case OpenCase():
            return OpenCaseReceived(agency=agency, area=route.area, open_case=made)
        case LinkDecision() | PersonsDecision() | SplitDecision() | UndoDecision():
            return _settled(made, agency, route.area)
        case RatingDecision():
            return RatingDecided(agency=agency, decision=made)
        case ReleaseDecision():
            return ReleaseDecided(agency=agency, decision=made)
        case InformationResponse():
            return InformationReceived(agency=agency, response=made)
        case DeliveryReceipt():
            return DeliveryReceived(agency=agency, receipt=made)
        case _:
            raise TypeError(type(made).__name__)


def _settled(
    made: LinkDecision | PersonsDecision | SplitDecision | UndoDecision, agency: str, area: str
) -> Settled:
    match made:
        case LinkDecision():
            return LinkDecided(agency=agency, area=area, decision=made)
        case PersonsDecision():
            return PersonsDecided(agency=agency, area=area, decision=made)
        case SplitDecision():
            return SplitDecided(agency=agency, area=area, decision=made)
        case UndoDecision():
            return UndoDecided(agency=agency, area=area, decision=made)


@lru_cache(maxsize=1)
def known_names() -> frozenset[str]:
    """Every field name of the hub's shapes that agencies send: the only keys that errors may
    repeat.
    """
    schemas = [shape.model_json_schema() for shape in SHAPES.values()]
    parts = [part for schema in schemas for part in (schema, *schema.get("$defs", {}).values())]
    return frozenset(
        {"data", "id", "source", "type"}
        | {name for part in parts for name in part.get("properties", {})}
    )

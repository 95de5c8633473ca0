"""From what an agency sent to the fact that the hub records: admitted, checked, times compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from connectors import decided
from connectors.asides import AsSent, overwritten
from connectors.degradable import DEGRADABLE, Degradable
from connectors.formats.mapping import Format
from connectors.formats.records import Record, Tally
from connectors.formats.strict_json import Json, parse, written
from connectors.not_taken import NotTaken, of_validation
from connectors.port import AgencyRoute
from connectors.set_aside import usable
from schemas import decisions, disagreements
from schemas.alarms import AlarmReceipt, AlarmReceived
from schemas.base import Fact, Shape
from schemas.case import OpenCase, OpenCaseReceived
from schemas.changes import ChangeReceipt, ChangeReceived
from schemas.checks import CheckReply, CheckReplyReceived
from schemas.consent import Consent, ConsentReceived
from schemas.enquiries import Enquiry, EnquiryDecided, EnquiryDecision, EnquiryReceived
from schemas.handoff import CaseReceipt, CaseReceiptReceived
from schemas.handover import (
    HandoverDecided,
    HandoverDecision,
    HandoverReceipt,
    HandoverReceived,
)
from schemas.information import (
    InformationOffered,
    InformationReceived,
    InformationResponse,
    VolunteeredInformation,
)
from schemas.keys import KeyDecided, KeyDecision
from schemas.manifests import Manifest, ManifestReceived
from schemas.message import derived_id
from schemas.notification import Notification, NotificationReceived, SetAside
from schemas.refusals import Refusal
from schemas.registers import RegisterEntry, RegisterEntryReceived
from schemas.safety import SafetyDecided, SafetyDecision
from schemas.school import SchoolDecided, SchoolDecision
from stores.ports import Arrival

BRITAIN = ZoneInfo("Europe/London")

NOTIFICATION = "mash.notification.v1"
OPEN_CASE = "mash.open-case.v1"
REGISTER_ENTRY = "mash.register-entry.v1"

Sent = TypeVar("Sent", bound=Shape)


_PERSONS = frozenset({"decided_by", "received_by", "taken_by", "raised_by", "withdrawn_by"})


@dataclass(frozen=True, slots=True)
class MessageType(Generic[Sent]):
    """A type of message that agencies may send: the shape of its data, and the fact of it."""

    shape: type[Sent]
    fact: Callable[[AgencyRoute, Sent], Fact]
    """Whose it is comes from the credential, never from the message."""
    lead_only: bool = False
    always: bool = False
    """Whether it is taken from an agency whose agreement has ended, as long as it is known."""

    @property
    def degrades(self) -> bool:
        """Whether it is taken without what cannot be used of it."""
        return issubclass(self.shape, DEGRADABLE)

    @property
    def decides(self) -> bool:
        """Whether a named person decides or answers for something by it."""
        return not _PERSONS.isdisjoint(self.shape.model_fields)


def _entered(by: AgencyRoute, sent: RegisterEntry) -> Fact:
    if sent.system not in by.registers:
        raise NotTaken("refused.role", "system")
    entry_id = sent.entry_id(by.code)
    return RegisterEntryReceived(agency=by.code, area=by.area, entry_id=entry_id, entry=sent)


MESSAGE_TYPES: Mapping[str, MessageType[Any]] = {
    NOTIFICATION: MessageType(
        Notification,
        lambda by, sent: NotificationReceived(
            agency=by.code,
            area=by.area,
            content_digest=sent.content_digest(),
            notification=sent,
        ),
    ),
    OPEN_CASE: MessageType(
        OpenCase,
        lambda by, sent: OpenCaseReceived(agency=by.code, area=by.area, open_case=sent),
    ),
    "mash.link-decision.v1": MessageType(
        decisions.LinkDecision,
        lambda by, sent: decisions.LinkDecided(agency=by.code, area=by.area, decision=sent),
        lead_only=True,
    ),
    "mash.persons-decision.v1": MessageType(
        decisions.PersonsDecision,
        lambda by, sent: decisions.PersonsDecided(agency=by.code, area=by.area, decision=sent),
        lead_only=True,
    ),
    "mash.split-decision.v1": MessageType(
        decisions.SplitDecision,
        lambda by, sent: decisions.SplitDecided(agency=by.code, area=by.area, decision=sent),
        lead_only=True,
    ),
    "mash.undo-decision.v1": MessageType(
        decisions.UndoDecision,
        lambda by, sent: decisions.UndoDecided(agency=by.code, area=by.area, decision=sent),
        lead_only=True,
    ),
    "mash.adults-decision.v1": MessageType(
        decisions.AdultsDecision,
        lambda by, sent: decisions.AdultsDecided(agency=by.code, area=by.area, decision=sent),
        lead_only=True,
    ),
    "mash.rating-decision.v1": MessageType(
        decisions.RatingDecision,
        lambda by, sent: decisions.RatingDecided(agency=by.code, decision=sent),
        lead_only=True,
    ),
    "mash.information-response.v1": MessageType(
        InformationResponse,
        lambda by, sent: InformationReceived(agency=by.code, response=sent),
    ),
    "mash.check-reply.v1": MessageType(
        CheckReply,
        lambda by, sent: CheckReplyReceived(
            agency=by.code, referral_id=sent.referral_id, reply=sent
        ),
    ),
    REGISTER_ENTRY: MessageType(RegisterEntry, _entered),
    "mash.enquiry.v1": MessageType(
        Enquiry,
        lambda by, sent: EnquiryReceived(agency=by.code, area=by.area, enquiry=sent),
    ),
    "mash.enquiry-decision.v1": MessageType(
        EnquiryDecision,
        lambda by, sent: EnquiryDecided(agency=by.code, area=by.area, decision=sent),
        lead_only=True,
    ),
    "mash.outcome-decision.v1": MessageType(
        decisions.OutcomeDecision,
        lambda by, sent: decisions.OutcomeDecided(agency=by.code, decision=sent),
        lead_only=True,
    ),
    "mash.request-decision.v1": MessageType(
        decisions.RequestDecision,
        lambda by, sent: decisions.RequestDecided(agency=by.code, decision=sent),
        lead_only=True,
    ),
    "mash.information-volunteered.v1": MessageType(
        VolunteeredInformation,
        lambda by, sent: InformationOffered(
            agency=by.code, referral_id=sent.referral_id, offered=sent
        ),
    ),
    "mash.release-decision.v1": MessageType(
        decisions.ReleaseDecision,
        lambda by, sent: decisions.ReleaseDecided(agency=by.code, decision=sent),
    ),
    "mash.item-decision.v1": MessageType(
        decisions.ItemDecision,
        lambda by, sent: decisions.ItemRuled(agency=by.code, decision=sent),
        always=True,
    ),
    "mash.standing-release.v1": MessageType(
        decisions.StandingDecision,
        lambda by, sent: decisions.StandingReleased(agency=by.code, decision=sent),
    ),
    "mash.standing-withdrawal.v1": MessageType(
        decisions.StandingWithdrawal,
        lambda by, sent: decisions.StandingWithdrawn(agency=by.code, decision=sent),
        always=True,
    ),
    "mash.key-decision.v1": MessageType(
        KeyDecision,
        lambda by, sent: KeyDecided(agency=by.code, decision=sent),
        always=True,
    ),
    "mash.manifest.v1": MessageType(
        Manifest,
        lambda by, sent: ManifestReceived(agency=by.code, manifest=sent),
    ),
    "mash.delivery-receipt.v1": MessageType(
        decisions.DeliveryReceipt,
        lambda by, sent: decisions.DeliveryReceived(agency=by.code, receipt=sent),
    ),
    "mash.handover-receipt.v1": MessageType(
        HandoverReceipt,
        lambda by, sent: HandoverReceived(agency=by.code, receipt=sent),
        always=True,
    ),
    "mash.handover-decision.v1": MessageType(
        HandoverDecision,
        lambda by, sent: HandoverDecided(agency=by.code, decision=sent),
        lead_only=True,
    ),
    "mash.disagreement.v1": MessageType(
        disagreements.Disagreement,
        lambda by, sent: disagreements.DisagreementReceived(
            agency=by.code, referral_id=sent.referral_id, disagreement=sent
        ),
    ),
    "mash.disagreement-withdrawal.v1": MessageType(
        disagreements.DisagreementWithdrawal,
        lambda by, sent: disagreements.DisagreementTakenBack(
            agency=by.code, referral_id=sent.referral_id, withdrawal=sent
        ),
        always=True,
    ),
    "mash.disagreement-decision.v1": MessageType(
        disagreements.DisagreementDecision,
        lambda by, sent: disagreements.DisagreementDecided(agency=by.code, decision=sent),
    ),
    "mash.alarm-receipt.v1": MessageType(
        AlarmReceipt,
        lambda by, sent: AlarmReceived(agency=by.code, receipt=sent),
        always=True,
    ),
    "mash.case-receipt.v1": MessageType(
        CaseReceipt,
        lambda by, sent: CaseReceiptReceived(agency=by.code, receipt=sent),
    ),
    "mash.safety-decision.v1": MessageType(
        SafetyDecision,
        lambda by, sent: SafetyDecided(agency=by.code, decision=sent),
        lead_only=True,
    ),
    "mash.consent.v1": MessageType(
        Consent,
        lambda by, sent: ConsentReceived(agency=by.code, consent=sent),
    ),
    "mash.school-decision.v1": MessageType(
        SchoolDecision,
        lambda by, sent: SchoolDecided(agency=by.code, decision=sent),
        lead_only=True,
    ),
    "mash.recall-receipt.v1": MessageType(
        decisions.RecallReceipt,
        lambda by, sent: decisions.RecallReceived(agency=by.code, receipt=sent),
        always=True,
    ),
    "mash.change-receipt.v1": MessageType(
        ChangeReceipt,
        lambda by, sent: ChangeReceived(agency=by.code, receipt=sent),
        always=True,
    ),
}
"""Every type that agencies may send."""


@dataclass(frozen=True, slots=True, repr=False)
class Said:
    """How a sender names what it sent, as far as it does."""

    id: str | None = None
    source: str | None = None
    """Within which the id is unique (CloudEvents 1.0)."""
    source_key: str | None = None
    """What stands for the source where that itself is not kept: :func:`source_key`."""
    place: str | None = None
    """Which record it is of several in one text, such as ``row 3``."""


_NAMELESS = Said()


@lru_cache(maxsize=256)
def source_key(source: str) -> str:
    """A source as it is kept in clear: it may hold any word of its sender's."""
    return derived_id("source", source)


@dataclass(frozen=True, slots=True, repr=False)
class Door:
    """Where an agency's messages come in: whose, by which connector, and when."""

    route: AgencyRoute
    connector: str
    """``http``, ``queue``, ``folder``, or another word for the record."""
    now: dt.datetime
    """Aware: for agreements in force and times in the future."""
    amiss: tuple[SetAside, ...] = ()
    """What could not be used of the envelope that the messages came in."""

    def record(self, record: Record, form: Format, *, tally: Tally | None = None) -> list[Fact]:
        """The facts of a record in the agency's own format, one for each child; never empty.

        Raises ``NotTaken`` in the sender's terms.
        """
        message_type = self._admitted(f"mash.{form.makes}.v1")
        made = form.make(record, now=self.now, tally=tally)
        return [message_type.fact(self.route, self._with_amiss(one)) for one in made]

    def shape(self, data: Json, event_type: str, *, prefix: str = "") -> Fact:
        """The fact of data in the hub's own shape; raises ``NotTaken`` with the path in that."""
        message_type = self._admitted(event_type)
        shape = message_type.shape
        if issubclass(shape, DEGRADABLE):
            made = self._degraded(shape, data, prefix=prefix)
            return message_type.fact(self.route, self._with_amiss(made))
        data.check(known_names())
        try:
            made = shape.model_validate_json(data.text, strict=True)
        except ValidationError as error:
            raise of_validation(error, prefix=prefix) from None
        if message_type.decides:
            self._check_decided(made, data, prefix=prefix)
        return message_type.fact(self.route, made)

    def _check_decided(self, made: Shape, data: Json, *, prefix: str) -> None:
        try:
            decided.check(made, data.value, now=self.now)
        except NotTaken as error:
            raise error.within(prefix) from None

    def _with_amiss(self, made: Any) -> Any:
        if not self.amiss:
            return made
        return made.model_copy(update={"set_aside": (*self.amiss, *made.set_aside)})

    def _degraded(self, shape: type[Degradable], data: Json, *, prefix: str) -> Degradable:
        """A message in the hub's own shape, with what cannot be used set aside."""
        data.check_depth()
        if not isinstance(data.value, dict):
            raise NotTaken("invalid.value", prefix.rstrip(".") or None)
        form: type[Any] = shape

        def validate(value: object) -> Any:
            text = data.text if value is data.value and not data.odd else written(value)
            return form.model_validate_json(text, strict=True)

        sent = AsSent(
            values=data.value,
            text=data.text,
            written=lambda: parse(data.text).value,
            where=prefix,
            odd=data.odd,
            beside=overwritten(data.value, prefix) if data.odd else (),
        )
        made: Degradable = usable(form, sent, validate=validate, now=self.now)
        return made

    def arrival(
        self,
        body: Fact | Refusal,
        original: bytes,
        *,
        content_type: str,
        said: Said = _NAMELESS,
    ) -> Arrival:
        """What the intake records."""
        if isinstance(body, Refusal):  # a sender's path may be longer than a receipt holds
            body = replace(body, field=(body.field or "")[:500] or None)
        return Arrival(
            agency=self.route.code,
            connector=self.connector,
            event_id=said.id,
            source=said.source,
            source_key=said.source_key,
            place=said.place,
            original=original,
            content_type=content_type,
            body=body,
            reference=_reference(body),
        )

    def _admitted(self, event_type: str) -> MessageType[Any]:
        """Refuse without an agreement in force (R50), and what this agency may not send.

        What an agency takes back, or gives back, is taken from it at any time (R27).
        """
        if event_type not in MESSAGE_TYPES:
            raise NotTaken("unknown.type", "type")
        route, message_type = self.route, MESSAGE_TYPES[event_type]
        agreement = route.settings.agreement
        today = self.now.astimezone(BRITAIN).date()
        if not message_type.always and not (agreement and agreement.in_force(today)):
            raise NotTaken("refused.agreement")
        not_its_own = (event_type == OPEN_CASE and not route.may_send_open_cases) or (
            event_type == REGISTER_ENTRY and not route.registers
        )
        if not_its_own or (message_type.lead_only and not route.leads):
            raise NotTaken("refused.role")
        return message_type


def _reference(body: Fact | Refusal) -> str | None:
    """The sender's own reference of what it told of."""
    match body:
        case NotificationReceived(notification=told) | RegisterEntryReceived(entry=told):
            return told.reference
    return None


@lru_cache(maxsize=1)
def known_names() -> frozenset[str]:
    """Every field name of the hub's shapes: the only keys of JSON that errors may repeat."""
    schemas = [known.shape.model_json_schema() for known in MESSAGE_TYPES.values()]
    parts = [part for schema in schemas for part in (schema, *schema.get("$defs", {}).values())]
    return frozenset(
        {"data", "id", "source", "type"}
        | {name for part in parts for name in part.get("properties", {})}
    )

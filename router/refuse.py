"""What answers a message: the receipt, and for one that is refused the dead letter and the fact."""

from __future__ import annotations

from typing import Any

from router.linkage.readings import placeholders
from router.receiving import Receiving
from schemas.base import Fact
from schemas.case import OpenCase, OpenCaseReceived
from schemas.checks import CheckReply, CheckReplyReceived
from schemas.enquiries import Enquiry, EnquiryReceived
from schemas.information import InformationReceived
from schemas.message import Message, derived_id
from schemas.notification import (
    Instead,
    MessageRefused,
    Notification,
    NotificationReceived,
    Receipt,
    ReceiptStatus,
    SetAside,
    Warned,
)
from schemas.person import Person
from schemas.refusals import INSTEAD, REASONS, Refusal
from schemas.registers import RegisterEntry, RegisterEntryReceived
from stores import codec
from stores.dead_letters import DeadLetter
from stores.ports import Arrival


def taken(
    arrival: Arrival,
    id_: str,
    *,
    duplicate_of: str | None = None,
    receiving: Receiving | None = None,
) -> Receipt:
    """The receipt for what is recorded under ``id_``: accepted, or a duplicate of another.

    ``receiving``: None where no policy says what its sender is told in words.
    """
    warnings, before = tuple(map(warned, parts_to_tell(arrival.body))), duplicate_of is not None
    said = receiving.words(arrival.body, aside=len(warnings), before=before) if receiving else {}
    return Receipt(
        status=ReceiptStatus.DUPLICATE if before else ReceiptStatus.ACCEPTED,
        id=id_,
        duplicate_of=duplicate_of,
        **_named(arrival),
        **said,
        warnings=warnings,
    )


_Told = Notification | OpenCase | RegisterEntry | CheckReply | Enquiry


def parts_to_tell(body: Fact | Refusal) -> list[SetAside]:
    """What of a message that is taken could not be used, as far as its sender is told."""
    match body:
        case NotificationReceived(notification=concern):
            return [*_aside(concern), *_nobodys(concern.subject), *_without_reason(concern)]
        case (
            OpenCaseReceived(open_case=told)
            | RegisterEntryReceived(entry=told)
            | CheckReplyReceived(reply=told)
            | EnquiryReceived(enquiry=told)
        ):
            return _aside(told)
        case InformationReceived(response=response):
            items = enumerate(response.items)
            return [_unsaid(f"items[{n}].reason") for n, one in items if one.lacks_reason]
    return []


def _aside(told: _Told) -> list[SetAside]:
    return [one for one in told.set_aside if one.instead is not Instead.ALONG]


def _nobodys(child: Person) -> list[SetAside]:
    """Names by which linking finds nobody; who is not born yet may have none (R3)."""
    if child.date_of_birth and child.date_of_birth.expected:
        return []
    names = enumerate(child.name)
    parts = [(f"subject.name[{n}]", part) for n, one in names for part in placeholders(one)]
    places = [f"{name}.{part}" if part else name for name, part in parts]
    return [SetAside(field=place, place=place, reason="placeholder.name") for place in places]


def _without_reason(concern: Notification) -> list[SetAside]:
    """What is kept back without a word why (L1): it is kept back all the same."""
    told = {"sharing": concern.kept} | {f"parts[{n}]": p for n, p in enumerate(concern.parts)}
    return [_unsaid(f"{place}.reason") for place, one in told.items() if one.lacks_reason]


def _unsaid(place: str) -> SetAside:
    return SetAside(
        field=place, place=place, reason="missing.detriment", instead=Instead.KEPT_CLOSE
    )


def warned(part: SetAside) -> Warned:
    """The words for its sender: why, what was done, and how to send it right."""
    reason = REASONS[part.reason]
    return Warned(
        field=part.field,
        reason=part.reason,
        explanation=reason.cause,
        done=INSTEAD[part.instead],
        cure=reason.cure_for(part.expected),
    )


def rejected(dead: DeadLetter, arrival: Arrival) -> Receipt:
    """The receipt for an arrival that is refused: why, where, and what to do about it."""
    body = arrival.body
    expected = body.expected if isinstance(body, Refusal) and body.reason == dead.reason else None
    return Receipt(**_why(dead, expected), **_named(arrival))


def rejected_later(dead: DeadLetter, message: Message) -> Receipt:
    """The receipt for a message that was taken, and that a step refused.

    Its sender knows the message by the id of the first receipt.
    """
    first = message.id if message.causation_id is None else message.correlation_id
    return Receipt(**_why(dead), follows=first)


def _why(dead: DeadLetter, expected: str | None = None) -> dict[str, Any]:
    reason = REASONS[dead.reason]
    return {
        "status": ReceiptStatus.REJECTED,
        "id": dead.id,
        "reason": dead.reason,
        "field": dead.field,
        "explanation": reason.cause,
        "cure": reason.cure_for(expected),
    }


def _named(arrival: Arrival) -> dict[str, Any]:
    """By what its sender knows it."""
    return {
        "message_id": arrival.event_id,
        "source": arrival.source,
        "place": arrival.place,
        "reference": arrival.reference,
    }


def refused(dead: DeadLetter, *, may_be_red: bool, message_id: str | None = None) -> MessageRefused:
    """The fact that a message was refused; ``message_id``: by a step."""
    return MessageRefused(
        dead_letter_id=dead.id,
        message_id=message_id,
        agency=dead.agency,
        reason=dead.reason,
        field=dead.field,
        step=dead.step,
        may_be_red=may_be_red,
    )


def dead_arrival(arrival: Arrival, refusal: Refusal, *, step: str, dead_id: str) -> DeadLetter:
    """The dead letter of what a connector took in, with the bytes that came."""
    return DeadLetter(
        id=dead_id,
        agency=arrival.agency,
        connector=arrival.connector,
        step=step,
        message_id=arrival.event_id,
        reason=refusal.reason,
        field=refusal.field,
        content_type=arrival.content_type,
        original=arrival.original,
        key_id=dead_id,
    )


def buried_as(message_id: str, *, step: str) -> str:
    """Under which a message that a step refused is kept."""
    return derived_id(message_id, step, "dead")


def dead_message(
    message: Message, refusal: Refusal, *, step: str, original: bytes | None = None
) -> DeadLetter:
    """The dead letter of a message that a step refused; ``original`` where it cannot be read."""
    id_ = buried_as(message.id, step=step)
    read = original is None
    return DeadLetter(
        id=id_,
        agency=message.data.of_agency or "mash-hub",
        connector=message.source,
        step=step,
        message_id=message.id,
        reason=refusal.reason,
        field=refusal.field,
        content_type=f"application/vnd.mash.fact+json;type={message.type}"
        if read
        else "application/cloudevents+json",
        original=codec.encode(message.data) if original is None else original,
        # What cannot be read may be so because its key was destroyed: it gets one of its own.
        key_id=codec.key_id_of(message) if read else id_,
    )

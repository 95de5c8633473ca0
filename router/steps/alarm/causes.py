"""What raises an alarm, and what settles the thing that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from router.steps.alarm.state import Alarm, Alarms, Sent
from schemas.alarms import AlarmHead, AlarmReceived, Cause, Ending
from schemas.base import Fact
from schemas.message import Message, derived_id
from schemas.outcome import ReferralClosed
from schemas.product import (
    ProductDelivered,
    ProductNotTaken,
    ProductRefused,
    ProductReleased,
    ProductVoided,
)
from schemas.rating import DueTimeBreached, RatingAssigned, TimerElapsed

HEARD: Final[tuple[type[Fact], ...]] = (
    DueTimeBreached,
    RatingAssigned,
    ReferralClosed,
    ProductReleased,
    ProductNotTaken,
    ProductDelivered,
    ProductRefused,
    ProductVoided,
)


def subject_of(message: Message) -> str:
    """Under what its alarms are kept: the referral, dead letter or way in that it is about."""
    match message.data:
        case AlarmReceived(receipt=receipt):
            return receipt.subject_id
        case TimerElapsed(key=key):
            return key
        case data:
            return data.of_referral or message.correlation_id


@dataclass(frozen=True, slots=True)
class Heard:
    """What follows from a fact: what is known now, what to raise, and what ends, and why."""

    state: Alarms
    raises: AlarmHead | None = None
    ends: tuple[Alarm, ...] = ()
    because: Ending | None = None


def heard(state: Alarms, message: Message) -> Heard:
    """What a fact of another step comes to; the very same state where it says nothing new."""
    match message.data:
        case DueTimeBreached(clock="possible_red") if not state.rated:
            return Heard(state, _head(message, "possible_red"))
        case RatingAssigned():
            return _ended(state.model_copy(update={"rated": True}), {"possible_red"}, "rated")
        case ReferralClosed():
            return _ended(state, {"possible_red"}, "closed")
        case _:
            return _of_product(state, message)


def _of_product(state: Alarms, message: Message) -> Heard:
    match message.data:
        case ProductReleased(urgent=True, product_id=id_) as sent:
            stands_for = tuple(filter(None, (sent.instead_of, sent.supersedes)))
            known = state.with_sent(Sent(product_id=id_, stands_for=stands_for))
            return _ended(known, {"kept_back"}, "released", product_id=id_)
        case ProductNotTaken(product_id=id_, recipient=recipient, why=why) if not state.has(id_):
            return Heard(state, _head(message, "not_taken", why=why, agency=recipient))
        case ProductDelivered(product_id=id_):
            known = state.with_sent(Sent(product_id=id_, reached=True))
            ends = tuple(
                one for one in known.running if one.product_id and known.has(one.product_id)
            )
            return Heard(known, None, ends, "delivered")
        case ProductRefused(urgent=True, voided=False, recipient=recipient):
            return Heard(state, _head(message, "kept_back", agency=recipient))
        case ProductVoided(product_id=id_):
            return _ended(state, {"not_taken", "kept_back"}, "voided", product_id=id_)
    return Heard(state)


def _ended(
    state: Alarms, causes: set[Cause], because: Ending, *, product_id: str | None = None
) -> Heard:
    ends = tuple(
        one for one in state.running if one.cause in causes and product_id in (None, one.product_id)
    )
    return Heard(state, None, ends, because)


def _head(
    message: Message, cause: Cause, *, why: str | None = None, agency: str | None = None
) -> AlarmHead:
    data, subject = message.data, subject_of(message)
    return AlarmHead(
        alarm_id=derived_id(subject, "alarm", cause, data.of_product or ""),
        subject_id=subject,
        case_id=data.of_case,
        cause=cause,
        why=why,
        referral_id=data.of_referral,
        product_id=data.of_product,
        agency=agency,
        since=message.time,
    )

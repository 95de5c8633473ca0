"""What raises an alarm, and what settles the thing that it is about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from router.steps.alarm.state import Alarm, Alarms, AtTheDoor, Sent
from router.steps.asking import reads_as_red
from router.steps.now import Now
from schemas.alarms import AlarmHead, AlarmReceived, Cause, Ending
from schemas.base import Fact
from schemas.case import ChildLinked, LinkCorrected
from schemas.handover import HandoverConfirmed, HandoverRefused, HandoverTakenBack
from schemas.message import Message, derived_id
from schemas.notices import Handover
from schemas.notification import DeadLetterId, MessageRefused
from schemas.operations import DeadLetterDiscarded, DeadLetterRedriven, NotRenewed, WayInBroken
from schemas.outcome import ReferralClosed
from schemas.owed import ClockChased, ClockEscalated
from schemas.product import (
    OwnerSilent,
    ProductDelivered,
    ProductEnded,
    ProductNotTaken,
    ProductRefused,
    ProductReleased,
    ProductVoided,
)
from schemas.rating import Colour, DueTimeBreached, RatingAssigned, TimerElapsed
from schemas.safety import LetterHeld, ProductHeld, SafetyChoice, SafetySettled

HEARD: Final[tuple[type[Fact], ...]] = (
    ChildLinked,
    LinkCorrected,
    ClockChased,
    ClockEscalated,
    DueTimeBreached,
    RatingAssigned,
    ReferralClosed,
    ProductReleased,
    ProductNotTaken,
    ProductDelivered,
    ProductRefused,
    ProductVoided,
    ProductEnded,
    ProductHeld,
    LetterHeld,
    SafetySettled,
    OwnerSilent,
    HandoverRefused,
    HandoverConfirmed,
    HandoverTakenBack,
    MessageRefused,
    DeadLetterRedriven,
    DeadLetterDiscarded,
    WayInBroken,
    NotRenewed,
)


_OF_A_PRODUCT: Final[frozenset[Cause]] = frozenset({"not_taken", "kept_back", "silent_owner"})


def subject_of(message: Message) -> str:
    """Under what its alarms are kept: the referral, message, dead letter, way in or end by a
    date that it is about; what several steps cannot act on is one message.
    """
    match message.data:
        case AlarmReceived(receipt=receipt):
            return receipt.subject_id
        case TimerElapsed(key=key):
            return key
        case DeadLetterId(dead_letter_id=id_, message_id=message_id):
            return message_id or id_
        case WayInBroken(incident_id=id_) | NotRenewed(incident_id=id_):
            return id_
        case data:
            return data.of_referral or message.correlation_id


@dataclass(frozen=True, slots=True)
class Heard:
    """What follows from a fact: what is known now, what to raise, and what ends, and why."""

    state: Alarms
    raises: AlarmHead | None = None
    ends: tuple[Alarm, ...] = ()
    because: Ending | None = None


def heard(state: Alarms, message: Message, *, now: Now) -> Heard:
    """The state after a fact of another step; the very same one where it says nothing new."""
    match message.data:
        case DueTimeBreached(clock="possible_red") if not state.rated:
            return Heard(state, _head(message, "possible_red"))
        case RatingAssigned():
            rated = state.model_copy(update={"rated": True})
            return _ended(rated, {"possible_red", "handover"}, because="rated")
        case ReferralClosed():
            return _ended(state, {"possible_red", "handover"}, because="closed")
        case MessageRefused(may_be_red=True) as refused:
            return _refused(state, refused, message=message)
        case DeadLetterRedriven(refused=0, dead_letter_id=id_):
            return _dealt_with(state, id_, because="sent_again")
        case DeadLetterDiscarded(dead_letter_id=id_):
            return _dealt_with(state, id_, because="discarded")
        case WayInBroken() | NotRenewed() as hub:
            cause: Cause = "way_in" if isinstance(hub, WayInBroken) else "not_renewed"
            why = hub.what if isinstance(hub, NotRenewed) else hub.why
            return Heard(state, _head(message, cause, why=why, agency=hub.agency))
        case ChildLinked() | LinkCorrected() as link:
            return _of_link(state, link, now=now)
        case ClockChased() | ClockEscalated() | HandoverRefused():
            return _of_handover(state, message)
        case _:
            return _of_product(state, message)


def _refused(state: Alarms, refused: MessageRefused, *, message: Message) -> Heard:
    """One alarm for one message, however many steps cannot act on it; another one for what is
    refused once the rest was dealt with.
    """
    told = {"why": refused.reason, "agency": refused.agency}
    if refused.message_id is None:
        return Heard(state, _head(message, "refused_message", **told))
    dead = tuple(dict.fromkeys((*state.dead, refused.dead_letter_id)))
    head = _head(message, "refused_message", dead=dead[0], **told)
    return Heard(state.model_copy(update={"dead": dead}), head)


def _dealt_with(state: Alarms, dead_letter_id: str, *, because: Ending) -> Heard:
    """Somebody has, once none of its dead letters is left."""
    left = tuple(one for one in state.dead if one != dead_letter_id)
    after = state.model_copy(update={"dead": left})
    return Heard(after) if left else _ended(after, {"refused_message"}, because=because)


def _of_link(state: Alarms, link: ChildLinked | LinkCorrected, *, now: Now) -> Heard:
    """Whether what may be a Red went to a team, with its link or by a correction of that, in
    whatever order they are heard.
    """
    to_team = link.allocated_to is not None
    if isinstance(link, LinkCorrected):
        known: dict[str, bool] = {"moved_to_team": state.moved_to_team or to_team}
    else:
        red = reads_as_red(link, now=now) is not False
        known = {"may_be_red": state.may_be_red or red}
    after = state.model_copy(update=known)
    if after.may_be_red and (to_team or after.moved_to_team):
        after = after.model_copy(update={"handed_red": True})
    return _handed(after)


def _of_handover(state: Alarms, message: Message) -> Heard:
    match message.data:
        case (ClockChased() | ClockEscalated()) as owed if owed.clock == "receipt":
            kept = state.kept_handover(owed.agency)
            why = kept.why if kept else None
            late = _head(message, "handover", why=why, agency=owed.agency, of=owed.subject_id)
            return _handed(state.model_copy(update={"late": late}))
        case HandoverRefused(letter_id=letter) as refused:
            told: dict[str, str] = {"why": "not_theirs", "agency": refused.agency}
            late = _head(message, "handover", of=letter, **told)
            if late.alarm_id in state.over:  # they had it, or a person saw to that
                late = _head(message, "handover", of=f"{letter}/refused", **told)
            known = state.model_copy(update={"late": late})
            if silent := known.alarm(late.alarm_id):
                known = known.with_(silent.model_copy(update={"why": late.why}))
            return _handed(known)
    return Heard(state)


def _handed(state: Alarms) -> Heard:
    """What may be a Red went to the team of the child's worker, and nobody there has said in time
    that they have it, or it is not theirs; once the hub has rated it, the receipts that are owed
    are of its products.
    """
    if not state.handed_red or state.late is None or state.rated:
        return Heard(state)
    return Heard(state, state.late)


def _of_product(state: Alarms, message: Message) -> Heard:
    match message.data:
        case ProductNotTaken() as nobody:
            return _not_taken(state, message, nobody=nobody)
        case ProductRefused(urgent=True, voided=False, follows=None, recipient=recipient):
            return Heard(state, _head(message, "kept_back", agency=recipient))
        case ProductHeld(urgent=True, rest_goes=False, recipient=recipient):
            return Heard(state, _head(message, "kept_back", why="unsafe", agency=recipient))
        case LetterHeld() | SafetySettled():
            return _at_the_door(state, message)
        case OwnerSilent(owner=owner, follows=None) as silent:
            head = _head(message, "silent_owner", agency=owner, of=owner)
            quiet = silent.school_notice or silent.colour is not Colour.RED
            return Heard(state, head.model_copy(update={"quiet": quiet}))
        case ProductDelivered(product_id=id_):
            known = state.with_sent(Sent(product_id=id_, reached=True))
            had = (one for one in known.running if one.product_id and known.has(one.product_id))
            return Heard(known, None, tuple(had), "delivered")
    return _settling(state, message)


def _not_taken(state: Alarms, message: Message, *, nobody: ProductNotTaken) -> Heard:
    """An alarm, unless a person has what stands in its place; of what a person had and gave back
    one of its own.
    """
    id_, why = nobody.product_id, nobody.why
    back = why == "refused" and state.reached(id_)
    known = state.given_back(id_) if back else state
    if known.has(id_):
        return Heard(known)
    kept, of = known.kept(id_), "given_back" if back else None
    closer = kept.why if kept else why
    return Heard(known, _head(message, "not_taken", why=closer, agency=nobody.recipient, of=of))


def _at_the_door(state: Alarms, message: Message) -> Heard:
    """A letter waits for a human to say whether it is safe: nobody is to ring whom it is for. A Red
    that waits is an alarm at once.
    """
    match message.data:
        case LetterHeld(rest_goes=False) as held if held.product_id or held.letter == Handover.type:
            told = held.shared(AtTheDoor) | {"agency": held.recipient}
            one = AtTheDoor(**told)
            known = state.keeping(one).saying(one.why, of=one)
            of = held.hold_id  # it may be held again once a human has settled this
            head = _head(message, "kept_back", why=one.why, agency=held.recipient, of=of)
            same = (other for other in known.running if other.product_id == one.product_id)
            there_is_one = any(other.why == one.why for other in same)
            return Heard(known, head if held.urgent and not there_is_one else None)
        case SafetySettled(rest_goes=False) as settled:
            return _looked_at(state, settled)
    return Heard(state)


def _looked_at(state: Alarms, settled: SafetySettled) -> Heard:
    """A human has decided about it; what may be handed out is then like any other letter."""
    told = settled.shared(AtTheDoor) | {"agency": settled.recipient}
    one = AtTheDoor(**told, stopped=settled.choice is SafetyChoice.DO_NOT_SEND)
    waited = any(other.hold_id == one.hold_id for other in state.at_the_door)
    if one.stopped:
        known = state.keeping(one) if waited else state
        return Heard(known.saying(one.why, of=one) if one.product_id or waited else known)
    if not waited:
        return Heard(state)
    known = state.handing_out(one.hold_id)
    if known.kept(one.product_id) if one.product_id else known.kept_handover(one.agency):
        return Heard(known)  # it waits still, for another reason
    if one.product_id is None:
        return Heard(known.saying(None, of=one))
    known = known.saying("unfetched", of=one)
    return _ended(known, {"kept_back"}, because="decided", product_id=one.product_id)


def _settling(state: Alarms, message: Message) -> Heard:
    """What became of a product or a handover, so that nobody need see to it any more."""
    match message.data:
        case HandoverConfirmed():
            return _ended(
                state.model_copy(update={"late": None}), {"handover"}, because="confirmed"
            )
        case HandoverTakenBack():
            return _ended(
                state.model_copy(update={"late": None}), {"handover"}, because="taken_back"
            )
        case ProductReleased(urgent=True, product_id=id_) as sent:
            stands_for = tuple(filter(None, (sent.instead_of, sent.supersedes)))
            known = state.with_sent(Sent(product_id=id_, stands_for=stands_for))
            return _ended(known, {"kept_back", "silent_owner"}, because="released", product_id=id_)
        case ProductReleased(product_id=id_):
            return _ended(state, {"silent_owner"}, because="released", product_id=id_)
        case ProductRefused(product_id=id_):
            return _ended(state, {"silent_owner"}, because="decided", product_id=id_)
        case ProductVoided(product_id=id_):
            return _ended(state, _OF_A_PRODUCT, because="voided", product_id=id_)
        case ProductEnded(product_id=id_):
            return _ended(state, _OF_A_PRODUCT, because="ended", product_id=id_)
    return Heard(state)


def _ended(
    state: Alarms, causes: Collection[Cause], *, because: Ending, product_id: str | None = None
) -> Heard:
    ends = tuple(
        one for one in state.running if one.cause in causes and product_id in (None, one.product_id)
    )
    return Heard(state, None, ends, because)


def _head(
    message: Message,
    cause: Cause,
    *,
    why: str | None = None,
    agency: str | None = None,
    of: str | None = None,
    dead: str | None = None,
) -> AlarmHead:
    """``of``: which of several there may be of one cause, an owner or the letter of a handover;
    ``dead``: the first dead letter of a message.
    """
    data, subject = message.data, subject_of(message)
    own = tuple(filter(None, (of, dead)))
    return AlarmHead(
        alarm_id=derived_id(subject, "alarm", cause, data.of_product or "", *own),
        subject_id=subject,
        case_id=data.of_case,
        cause=cause,
        why=why,
        referral_id=data.of_referral,
        product_id=data.of_product,
        agency=agency,
        kept_as=dead,
        since=message.time,
    )

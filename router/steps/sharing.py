"""What may be told of a concern, to whom, by its notifier's word (R28, R29, R35)."""

from __future__ import annotations

from schemas.information import InformationItem
from schemas.notification import Notification, SetAside
from schemas.rating import Colour
from schemas.sharing import Part, Sensitivity, Sharing

NOT_TOLD = "(The agency that told this does not reveal its words here: ring it.)"
"""Stands for words that are not for the reader."""
TO_DO = (
    "Say by a handover receipt that a person of the team has this; or that it is not the team's, "
    "and why."
)
"""What is asked of a team that is handed a referral."""


def may_be_told(notification: Notification, *, by: str, to: str) -> bool:
    """Whether an agency that is asked for information may be told what the concern is about.

    Its own notifier knows it already; to others nothing goes that is restricted, not revealed or
    not to leave.
    """
    return by == to or open_to_others(notification.kept)


def open_to_others(kept: Sharing | InformationItem) -> bool:
    """Whether something may be told to others than who told it, as far as its flags say."""
    free = kept.may_be_revealed and kept.may_leave
    return free and kept.sensitivity is not Sensitivity.RESTRICTED


def revealed(notification: Notification) -> Notification:
    """The notification as it may be shown inside the hub: without words that are not revealed."""
    if not notification.kept.may_be_revealed:
        changes = {"narrative": NOT_TOLD, "parts": _shown(notification), "set_aside": ()}
        return notification.model_copy(update=changes)
    aside = tuple(one for one in notification.set_aside if not _of_parts(one, notification))
    parts = _shown(notification)
    if (parts, aside) == (notification.parts, notification.set_aside):
        return notification
    return notification.model_copy(update={"parts": parts, "set_aside": aside})


def shown_reasons(
    notification: Notification, reasons: tuple[str, ...], *, colour: Colour
) -> tuple[str, ...]:
    """Why a colour is suggested, as it may be shown inside the hub: reasons tell what words say."""
    if notification.kept.may_be_revealed:
        return reasons
    return (f"It may be {colour}; its agency does not reveal why: ring it.",)


def _shown(notification: Notification) -> tuple[Part, ...]:
    return tuple(part for part in notification.parts if part.may_be_revealed)


def _of_parts(aside: SetAside, notification: Notification) -> bool:
    """Whether it may hold words of a part, of whose flags nobody can be sure."""
    whole = aside.place == "." and bool(notification.parts)
    return aside.place.startswith("parts") or whole

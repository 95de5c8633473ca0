"""What is decided at a desk is sent as the message that the agency's own system would send."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

from connectors.events.envelope import HUB_SCHEMA, parse
from connectors.events.facts import Door
from connectors.formats.media import STRUCTURED
from ops.access.acting import NotRecent
from ops.console.screen import Visit
from schemas.message import derived_id
from schemas.notification import MessageRefused, Receipt, ReceiptStatus
from schemas.refusals import REASONS
from stores import codec, linking, trail

CONNECTOR: Final = "desk"
"""By which way in the record says that it came."""
ONCE: Final = "once"
"""A hidden field by which a form that is sent twice is known again."""
_PATIENCE: Final = 5.0
"""Seconds that somebody waits to see what the hub did with what they sent."""
_PAUSE: Final = 0.03


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message."""

    id: str
    refused: str | None = None
    """Why the hub does not act on it, and what can be done, in words."""
    field: str | None = None
    """What of it is at fault."""
    settled: bool = False
    """Whether the hub has acted on it; otherwise it will."""


def send(
    visit: Visit,
    type_: str,
    data: Mapping[str, Any],
    *,
    about: str | None = None,
    decides: bool = True,
    done: Callable[[], bool] | None = None,
) -> Sent:
    """Send a message of the agency's own, and wait a moment for what the hub does with it.

    ``about``: the referral that what comes of it is about; None: it is about none. ``decides``:
    whether who sends it has to have signed in a short while ago; else ``NotRecent`` is raised.
    ``done``: where no fact comes of what is followed, whether it was.
    """
    if decides and not visit.asker.recent:
        raise NotRecent
    receipt = _taken(visit, type_, data)
    if receipt.status is ReceiptStatus.REJECTED:
        return Sent(receipt.id, refused=_why(str(receipt.reason)), field=receipt.field)
    id_ = receipt.duplicate_of or receipt.id
    return _settled(visit, id_, about={id_, about or id_}, done=done)


def _taken(visit: Visit, type_: str, data: Mapping[str, Any]) -> Receipt:
    """By the parser and the intake by which it would come over the web."""
    event = {
        "specversion": "1.0",
        "id": _id_of(visit, type_, data),
        "source": f"urn:mash-hub:{CONNECTOR}:{visit.agency}",
        "type": type_,
        "dataschema": f"{HUB_SCHEMA}v1",
        "data": data,
    }
    at = codec.from_micros(visit.hub.database.clock())
    door = Door(visit.routes.by_code[visit.agency], CONNECTOR, at)
    arrivals = parse(door, json.dumps(event).encode(), content_type=STRUCTURED)
    (receipt,) = visit.hub.intake.take(arrivals)
    return receipt


def _id_of(visit: Visit, type_: str, data: Mapping[str, Any]) -> str:
    """The same for a form that is sent twice, as by a double click; another once it is changed."""
    once = visit.form.one(ONCE) or uuid4().hex
    said = json.dumps(data, sort_keys=True)
    return derived_id(CONNECTOR, visit.who, once, type_, sha256(said.encode()).hexdigest())


def _settled(
    visit: Visit, id_: str, *, about: Collection[str], done: Callable[[], bool] | None
) -> Sent:
    until = time.monotonic() + _PATIENCE
    while True:
        with visit.hub.database.view() as view:
            caused = trail.caused(view.connection, about=about, by=id_)
            if MessageRefused.type in caused:
                facts = linking.about(
                    view.connection, view.vault, ids=about, types=[MessageRefused]
                )
                mine = (one.message for one in facts if one.message.causation_id == id_)
                for message in mine:
                    assert isinstance(message.data, MessageRefused)
                    return Sent(id_, _why(message.data.reason), message.data.field, settled=True)
        if caused or (done is not None and done()):
            return Sent(id_, settled=True)
        if time.monotonic() >= until:
            return Sent(id_)
        time.sleep(_PAUSE)


def _why(code: str) -> str:
    reason = REASONS[code]
    cause, cure = reason.cause, reason.cure_for(None)
    return f"{cause[:1].upper()}{cause[1:].rstrip('.')}. {cure[:1].upper()}{cure[1:].rstrip('.')}."

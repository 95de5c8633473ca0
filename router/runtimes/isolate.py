"""A message that cannot be read, or is a step's undoing, is set apart, so that those behind it
pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from router.handle import Delivery, Gap
from router.step import Refusal
from schemas.message import Message, derived_id
from stores.database import Unstorable
from stores.ports import Unavailable

_log = structlog.get_logger()

Attempt = Callable[[Sequence[Delivery]], object]
"""Handles deliveries in a transaction of its own, all or none."""


def isolating(step: str, deliveries: Sequence[Delivery], attempt: Attempt) -> None:
    """Handle them; where one message makes that impossible, it alone becomes a dead letter.

    Raises ``Gap``, and ``Unavailable`` when nothing can be handled just now.
    """
    try:
        attempt(deliveries)
    except Unstorable as error:
        _isolate(step, deliveries, attempt, error)
    except (Gap, Unavailable):
        raise
    except Exception as error:  # noqa: BLE001 - whatever one message does, the ones behind it must pass
        _isolate(step, deliveries, attempt, error)


def _isolate(step: str, deliveries: Sequence[Delivery], attempt: Attempt, error: Exception) -> None:
    if len(deliveries) > 1:
        for delivery in deliveries:
            isolating(step, [delivery], attempt)
        return
    (delivery,) = deliveries
    _log.error(
        "message.undecidable", step=step, message_id=delivery.message.id, error=type(error).__name__
    )
    attempt([replace(delivery, refusal=delivery.refusal or Refusal("undecidable"))])


def unsealable(offset: int, message: Message, original: bytes | None = None) -> Delivery:
    """The delivery of a message that cannot be unsealed.

    Under a correlation of its own: that of the message may be the very key that was destroyed.
    """
    apart = replace(message, correlation_id=derived_id(message.id, "unreadable"))
    return Delivery(offset, apart, Refusal("unreadable.sealed"), original)

"""A message that cannot be read, or on which a pass fails, is set apart; those behind it pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog

from router.handle import Gap
from router.one_pass import Attempt, Delivery, Given, PutOff
from router.step import Step
from router.unit import Unit
from schemas.message import Message, derived_id
from schemas.refusals import Refusal
from schemas.topics import FACTS
from stores.codec import Unopened
from stores.ports import Unavailable

_log = structlog.get_logger()

Handling = Callable[[Sequence[Delivery], Attempt], object]
"""Puts deliveries through steps in a transaction of its own, all or none."""


def isolating(deliveries: Sequence[Delivery], handling: Handling) -> None:
    """Handle them; where one message makes that impossible, it alone becomes a dead letter.

    Raises ``Gap``, ``PutOff``, and ``Unavailable`` when nothing can be handled just now.
    """
    attempt = Attempt()
    error = _failed(handling, deliveries, attempt=attempt)
    if error is None:
        return
    if len(deliveries) > 1:
        for delivery in deliveries:
            isolating([delivery], handling)
        return
    _apart(deliveries[0], handling, failed=attempt, error=error)


def _apart(delivery: Delivery, handling: Handling, *, failed: Attempt, error: Exception) -> None:
    """Keep from its step each message, of all that this one caused, on which the pass fails.

    Where none of them alone is at fault, the steps that hear this one are kept from it.
    """
    while suspects := failed.suspects():
        for suspect in suspects:
            again = Attempt(refused=(*failed.refused, suspect))
            after = _failed(handling, [delivery], attempt=again)
            if after is None or again.step != failed.step or failed.hearing:
                break
        else:
            break
        _say(suspect, error, of=delivery.message)
        if after is None:
            return
        failed, error = again, after
    first = next(iter(failed.heard), ("", delivery.message.id))
    _say(first, error, of=delivery.message)
    refusal = delivery.refusal or Refusal("undecidable")
    handling([replace(delivery, refusal=refusal)], Attempt())


def _say(given: Given, error: Exception, *, of: Message) -> None:
    """Say what was kept from its step, in the trace ``of`` the message that caused it."""
    step, id_ = given
    kind = type(error).__name__
    _log.error("message.undecidable", step=step, message_id=id_, message=of, error=kind)


def _failed(
    handling: Handling, deliveries: Sequence[Delivery], *, attempt: Attempt
) -> Exception | None:
    """What the messages did to the pass, if anything; trouble that passes by itself is raised."""
    try:
        handling(deliveries, attempt)
    except (Gap, PutOff, Unavailable):
        raise
    except Exception as error:  # noqa: BLE001 - whatever one does, the ones behind it must pass
        return error
    return None


def unsealable(
    offset: int, message: Message, *, hearers: tuple[Step[Any], ...], original: bytes | None = None
) -> Delivery:
    """The delivery of a message that cannot be unsealed.

    Under a correlation of its own: that of the message may be the very key that was destroyed.
    """
    apart = replace(message, correlation_id=derived_id(message.id, "unreadable"))
    return Delivery(offset, apart, Refusal("unreadable.sealed"), original, hearers)


def delivery_of(position: int, message: Message, *, unit: Unit) -> Delivery:
    """The delivery of a message of the journal, whether it could be unsealed or not."""
    if isinstance(message.data, Unopened):
        hearers = unit.hearing(FACTS.get(message.data.was or "", Unopened))
        return unsealable(position, message, hearers=hearers)
    return Delivery(position, message)

"""Answers to checks that stand in the response to the request: taken in like any other message."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from connectors.events.envelope import from_body, why
from connectors.events.facts import Door, Said
from connectors.formats import strict_json
from connectors.formats.mapping import Format, load
from connectors.formats.media import NAMES
from connectors.mais import REQUEST_IDENTIFIER
from connectors.not_taken import NotTaken
from connectors.port import AgencyRoute
from schemas.checks import CheckRequest
from schemas.message import derived_id
from stores.ports import Arrival, Intake, Leased

MAPPING = "mais-reply-json"
"""What reads an answer, unless the agency's configuration names another mapping."""


@dataclass(frozen=True, slots=True)
class AnswersAtOnce:
    """The answers of one agency's systems."""

    route: AgencyRoute
    intake: Intake
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    def take(self, letter: Leased, answer: bytes) -> None:
        """Record what a system answered to a check; an empty response is none, and another comes
        later by another way.

        Raises ``Unavailable``; the check is then put to the system again.
        """
        if letter.type == CheckRequest.type and answer.strip():
            self.intake.take(self._arrivals(letter, answer))

    def _arrivals(self, letter: Leased, answer: bytes) -> list[Arrival]:
        door = Door(self.route, "push", self.clock())
        id_ = derived_id("answer-at-once", letter.id, sha256(answer).hexdigest())
        try:
            body = _about(answer, letter)
            return from_body(door, body, form=self._format(), said=Said(id_))
        except Exception as error:  # noqa: BLE001 - see why
            told, kind = why(error, door), NAMES["json"]
            return [door.arrival(told, answer, content_type=kind, said=Said(id_))]

    def _format(self) -> Format:
        own = (one.format("json") for one in self.route.mappings if one.makes == "check-reply")
        form = next(own, None) or load(MAPPING).format("json")
        assert form is not None
        return form


_LONGEST = 200_000
"""Bytes."""


def _about(answer: bytes, letter: Leased) -> bytes:
    """The answer, which says which request it is about; where it leaves that out, it is this."""
    if len(answer) > _LONGEST:
        raise NotTaken("unreadable.too-large")
    said = strict_json.parse(answer).value
    if not isinstance(said, dict) or REQUEST_IDENTIFIER in said:
        return answer
    asked = json.loads(letter.body)["data"]["check_id"]
    return strict_json.written({**said, REQUEST_IDENTIFIER: asked})

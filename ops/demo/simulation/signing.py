"""A simulated owner signs what it lets leave, as an owner's own machine does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from connectors.edge.approving import Decision, decide, request_of
from connectors.edge.keys import SigningKey, read
from ops.demo.simulation.answers import Event
from schemas.product import Choice

_DECIDES = "mash.release-decision.v1"


def keys_in(folder: Path | None) -> Mapping[str, SigningKey]:
    """Each agency's key; none without a folder."""
    found = map(read, sorted(folder.glob("*.key"))) if folder else ()
    return {key.agency: key for key in found}


def signed(letter: Event, made: Event, *, key: SigningKey | None) -> Event:
    """The answer to a letter, signed where it lets something leave that has to be signed."""
    if key is None or made["type"] != _DECIDES or not letter["data"].get("statements"):
        return made
    told = made["data"]
    choice = Choice(told["choice"])
    if choice is Choice.WITHHOLD:
        return made
    request = request_of(json.dumps(letter).encode())
    own = decide(request, Decision(choice, told["reason"]), key=key)
    return {**made, "data": {**told, "envelope": own["envelope"]}}

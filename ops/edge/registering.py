"""An agency's administrator signs who decides for it, on a machine of its own."""

from __future__ import annotations

from typing import Any

from ops.edge.keys import SigningKey
from schemas.keys import KeyChange, KeyDecision
from schemas.statement import KeyStatement


def decision(change: KeyChange, *, key: SigningKey) -> dict[str, Any]:
    """The data of a ``mash.key-decision.v1``, signed by the administrator whose key this is."""
    own = change.model_copy(update={"decided_by": key.decided_by})
    envelope = key.sign(KeyStatement(agency=key.agency, change=own).payload())
    told = KeyDecision(**own.shared(KeyChange), envelope=envelope)
    made: dict[str, Any] = told.model_dump(mode="json")
    return made

"""An agency's administrator signs who decides for it, on a machine of its own."""

from __future__ import annotations

from typing import Any

from connectors.edge.keys import NoKey, SigningKey
from schemas.envelope import NotSigned
from schemas.keys import KeyChange, KeyChoice, KeyDecision
from schemas.policy import plain_name
from schemas.statement import KeyStatement


def decision(change: KeyChange, *, key: SigningKey) -> dict[str, Any]:
    """The data of a ``mash.key-decision.v1``, signed by the administrator whose key this is."""
    own = change.model_copy(update={"decided_by": key.decided_by})
    envelope = key.sign(KeyStatement(agency=key.agency, change=own).payload())
    told = KeyDecision(**own.shared(KeyChange), envelope=envelope)
    made: dict[str, Any] = told.model_dump(mode="json")
    return made


def proven(told: KeyDecision, *, key: SigningKey) -> dict[str, Any]:
    """The data of a registration with the signature of the very key that it registers. Raises
    :class:`NoKey` where it registers another one, or says something else than was signed.
    """
    try:
        statement = KeyStatement.parse(told.envelope.unverified())
    except NotSigned:
        raise NoKey("no administrator has signed it") from None
    if statement.change != KeyChange(**told.shared(KeyChange)):
        raise NoKey("it says something else than was signed: ask for a new one")
    change = statement.change
    theirs = statement.agency, change.public, plain_name(change.decision_maker)
    if change.choice is not KeyChoice.REGISTER or theirs != (
        key.agency,
        key.public,
        plain_name(key.decided_by),
    ):
        raise NoKey("it does not register this key as yours")
    words = f"{change.decided_by} registers this key as that of {change.decision_maker}."
    more = key.showing([words]).sign(told.envelope.unverified())
    both = told.model_copy(update={"envelope": told.envelope.also_signed(more)})
    made: dict[str, Any] = both.model_dump(mode="json")
    return made

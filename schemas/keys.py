"""Who decides for an agency, and with which keys: what its own administrator says of it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from operator import not_
from typing import Self

from pydantic import Field, model_validator

from schemas.base import AgencyFact, Instant, Line, Shape
from schemas.envelope import Envelope, Passkey, PasskeyPublic, PublicKey, of_its_kind

_no: Callable[[object], bool] = not_


class KeyChoice(StrEnum):
    """What an administrator says of a key."""

    REGISTER = "register"
    """It is this decision maker's, and signs from then on."""
    END = "end"
    """It signs no more from then on; what it signed before goes on to count."""
    REVOKE = "revoke"
    """From then on nothing counts that it ever signed, and what has not left yet is stopped."""


class KeyChange(Shape):
    """One thing that an agency's administrator says of one decision maker's key.

    To rotate a key is to register another of the same person, and to end the old one later.
    """

    choice: KeyChoice
    decision_maker: Line
    """Whose key it is."""
    public: PublicKey | PasskeyPublic
    at: Instant
    """From when; what is registered signs no earlier than when the hub took this."""
    decided_by: Line
    """The administrator."""
    reason: Line | None = Field(default=None, exclude_if=_no)
    """Required when revoked."""
    passkey: Passkey | None = Field(default=None, exclude_if=_no)
    """Of a person's passkey: for which site it was made."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        of_its_kind(self.public, self.passkey)
        return self


class KeyDecision(KeyChange):
    """An agency's administrator registers, ends or revokes a decision maker's key, and signs that
    with a key that the agreement names (:class:`schemas.statement.KeyStatement`).
    """

    envelope: Envelope

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.choice is KeyChoice.REVOKE and self.reason is None:
            raise ValueError("reason: say why it is revoked")
        return self


class KeyDecided(AgencyFact, type="mash.key.decided.v1", topic="keys.decided", subject="agency"):
    """What an agency's administrator says of a key came in by a connector.

    ``agency`` is who the credential says, not what the message says.
    """

    decision: KeyDecision

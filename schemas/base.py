"""What every shape of the hub has in common."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_.:-]*$")]
"""A short name from a fixed list, such as an agency: lower-case letters, digits and ``_ . : -``."""

Identity = Annotated[str, Field(min_length=1, max_length=200)]
"""An identifier that the hub or an agency gave."""

Line = Annotated[str, Field(min_length=1, max_length=500)]
Prose = Annotated[str, Field(min_length=1, max_length=20_000)]

Instant = AwareDatetime
"""A moment with its offset from UTC (RFC 3339)."""


class Shape(BaseModel):
    """A frozen value. Unknown fields are refused; no error or repr shows what a field held (design,
    section 7).
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, ser_json_bytes="base64"
    )

    def __repr__(self) -> str:
        """Name the type only: a repr ends up in logs and tracebacks."""
        return f"<{type(self).__name__}>"

    __str__ = __repr__


class Fact(Shape):
    """Something that happened, or that somebody asked for: the ``data`` of a message, in the past
    tense.

    ``type`` is the CloudEvents type, with the version of the shape as its last part; ``topic`` is
    where it is kept.
    """

    type: ClassVar[str]
    topic: ClassVar[str]

    @property
    def subject(self) -> str:
        """The id of what this is about (CloudEvents ``subject``); the case wherever one is
        known.
        """
        raise TypeError(f"{self.type} does not say what it is about")

    # Read from the instance itself: asking pydantic for a field that a shape lacks costs more than
    # all the rest.

    @property
    def of_case(self) -> str | None:
        """The case, for facts that name one."""
        return self.__dict__.get("case_id")

    @property
    def of_referral(self) -> str | None:
        """The referral, for facts that name one, themselves or in the decision or answer that they
        carry.
        """
        carried = self.__dict__.get("decision") or self.__dict__.get("response") or self
        return carried.__dict__.get("referral_id")

    @property
    def of_agency(self) -> str | None:
        """The agency that it is about or came from, for facts that name one."""
        return self.__dict__.get("agency")

    @property
    def of_area(self) -> str | None:
        """The area within which order matters, for facts that name one."""
        return self.__dict__.get("area")


class Notice(Shape):
    """Something that the hub puts on an agency's queue; ``type`` is its CloudEvents type with the
    shape's version.
    """

    type: ClassVar[str]

"""What every shape of the hub has in common."""

from __future__ import annotations

from operator import attrgetter
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
    where it is kept. Each fact says in its class line by which of its fields it is routed:
    ``class Rated(Fact, case="case_id", referral="decision.referral_id")``.
    """

    type: ClassVar[str]
    topic: ClassVar[str]
    of_case: ClassVar[str | None] = None
    """The case, for facts that name one."""
    of_referral: ClassVar[str | None] = None
    """The referral, for facts that name one, or whose decision or answer does."""
    of_agency: ClassVar[str | None] = None
    """The agency that it is about or came from, for facts that name one."""
    of_area: ClassVar[str | None] = None
    """The area within which order matters, for facts that name one."""

    def __init_subclass__(
        cls,
        *,
        subject: str | None = None,
        case: str | None = None,
        referral: str | None = None,
        agency: str | None = None,
        area: str | None = None,
    ) -> None:
        """Resolve the paths once for the class: every message reads them many times."""
        super().__init_subclass__()
        paths = {"of_case": case, "of_referral": referral, "of_agency": agency, "of_area": area}
        for name, path in {"subject": subject or case, **paths}.items():
            if path is not None:
                setattr(cls, name, property(attrgetter(path)))

    @property
    def subject(self) -> str:
        """The id of what this is about (CloudEvents ``subject``): the case, unless the class says
        another, by a path or a property of its own.
        """
        raise TypeError(f"{self.type} does not say what it is about")


class Notice(Shape):
    """Something that the hub puts on an agency's queue; ``type`` is its CloudEvents type with the
    shape's version.
    """

    type: ClassVar[str]

"""What every shape of the hub has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_.:-]*$")]
"""A short name from a fixed list, such as an agency: lower-case letters, digits and ``_ . : -``."""

Identity = Annotated[str, Field(min_length=1, max_length=200)]
"""An identifier that the hub or an agency gave."""

LONGEST_LINE = 500
"""Characters."""

Line = Annotated[str, Field(min_length=1, max_length=LONGEST_LINE)]
Prose = Annotated[str, Field(min_length=1, max_length=20_000)]

Instant = AwareDatetime
"""A moment with its offset from UTC (RFC 3339)."""


_set = object.__setattr__
"""Shapes are frozen: only who makes one may set what it holds."""


class Shape(BaseModel):
    """A frozen value that refuses unknown fields and never shows what its fields hold.

    Where a shape has several bases, the fields of the last one named come first.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, ser_json_bytes="base64"
    )

    def __repr__(self) -> str:
        """Name the type only: a repr ends up in logs and tracebacks."""
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, which takes three times as long to ask for what no shape has."""
        if deep:
            return super().model_copy(update=update, deep=deep)
        changes = update or {}
        copied = self.__class__.__new__(self.__class__)
        _set(copied, "__dict__", {**self.__dict__, **changes})
        _set(copied, "__pydantic_fields_set__", self.__pydantic_fields_set__ | changes.keys())
        _set(copied, "__pydantic_extra__", None)
        _set(copied, "__pydantic_private__", None)
        return copied

    def shared(self, shape: type[Shape]) -> dict[str, Any]:
        """The fields that this has in common with ``shape``, to make another shape of them."""
        held = self.__dict__
        return {name: held[name] for name in _shared(type(self), shape)}


@cache
def _shared(one: type[Shape], other: type[Shape]) -> tuple[str, ...]:
    return tuple(name for name in one.model_fields if name in other.model_fields)


def _reader(path: str) -> Callable[[Any], Any]:
    read = attrgetter(*path.split("/"))
    return (lambda fact: "/".join(read(fact))) if "/" in path else read


class Fact(Shape):
    """Something that happened, in the past tense: the ``data`` of a message.

    A fact says in its class line what it is called (``type``, the CloudEvents type, which ends
    with the version of the shape), where it is kept (``topic``), and by which of its fields it is
    routed: ``class Rated(Fact, case="case_id", referral="decision.referral_id", …)``.
    """

    type: ClassVar[str]
    topic: ClassVar[str]
    of_case: ClassVar[str | None] = None
    """The case, for facts that name one."""
    of_referral: ClassVar[str | None] = None
    """The referral, for facts that name one, or whose decision or answer does."""
    of_product: ClassVar[str | None] = None
    """The product, for facts that name one, or whose decision or receipt does."""
    of_agency: ClassVar[str | None] = None
    """The agency that it is about or came from, for facts that name one."""
    of_area: ClassVar[str | None] = None
    """The area within which order matters, for facts that name one."""

    def __init_subclass__(
        cls,
        *,
        type: str | None = None,  # noqa: A002 - as CloudEvents calls it
        topic: str | None = None,
        subject: str | None = None,
        **routes: str,
    ) -> None:
        """Resolve the paths once for the class: every message reads them many times.

        ``routes``: ``case``, ``referral``, ``product``, ``agency``, ``area``. A path such as
        ``agency/notification.reference`` joins what it finds.
        """
        super().__init_subclass__()
        for name, value in (("type", type), ("topic", topic)):
            if value is not None:
                setattr(cls, name, value)
        if subject := subject or routes.get("case"):
            cls.subject = property(_reader(subject))  # type: ignore[assignment]
        for name, path in routes.items():
            setattr(cls, f"of_{name}", property(_reader(path)))

    @property
    def subject(self) -> str:
        """The id of what this is about (CloudEvents ``subject``): the case, or what the class says.

        Raises ``TypeError`` for a class that says nothing.
        """
        raise TypeError(f"{self.type} does not say what it is about")


class Notice(Shape):
    """Something that the hub puts on an agency's queue; ``type`` is its CloudEvents type."""

    type: ClassVar[str]

    def __init_subclass__(cls, *, type: str) -> None:  # noqa: A002 - as CloudEvents calls it
        super().__init_subclass__()
        cls.type = type


class ReferralId(Shape):
    """Which referral."""

    referral_id: Identity


class ReferralHead(ReferralId):
    """Which referral, and the case that it belongs to."""

    case_id: Identity


class ReferralFact(ReferralHead, Fact, case="case_id", referral="referral_id"):
    """What happened to a referral."""


class AgencyFact(Fact, agency="agency"):
    """What an agency told, or what happened to it."""

    agency: Code


class AreaFact(AgencyFact, area="area"):
    """What an agency told, in its turn among all that came for the area."""

    area: Code

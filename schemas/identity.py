"""Whom a message is about, in so far as those who told it let it be told (R27, R30, L7)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from enum import StrEnum
from hashlib import sha256
from operator import not_
from typing import Any

from pydantic import Field

from schemas.base import Code, Identity, Line, Shape
from schemas.person import Address, Identifier, Name, PartialDate, RelatedPerson, School, Sex

_no: Callable[[object], bool] = not_


class IdentityField(StrEnum):
    """A part of who a child is; each is a field of :class:`IdentityBlock`."""

    NAMES = "names"
    BORN = "born"
    SEX = "sex"
    IDENTIFIERS = "identifiers"
    FAMILY = "family"
    """To who is asked for information; else of a child who cannot be found otherwise: unborn, or
    without a name (R3).
    """
    ADDRESS = "address"
    TELEPHONE = "telephone"
    SCHOOL = "school"
    RISKS = "risks"
    """Who is recorded as a risk to the child, in a Red: to whom the family may be told; else where
    its owner lets words of its own leave with it.
    """


WHO = (
    IdentityField.NAMES,
    IdentityField.BORN,
    IdentityField.SEX,
    IdentityField.IDENTIFIERS,
    IdentityField.FAMILY,
)
WHERE = (IdentityField.ADDRESS, IdentityField.TELEPHONE, IdentityField.SCHOOL)


class IdentityAgreed(Shape):
    """What an owner lets be told of a child to some recipients, as its agreement says."""

    to: tuple[Code, ...] = ()
    """Agencies, or kinds of them; empty: everybody."""
    tells: tuple[IdentityField, ...]
    asks: tuple[IdentityField, ...] = ()
    """Told where the owner says so for the one product; in a letter that no owner approves, never.
    """

    def lets(self, field: IdentityField) -> bool:
        """Whether a part is told without asking; who is a risk is of the family."""
        return (IdentityField.FAMILY if field is IdentityField.RISKS else field) in self.tells


AGREED = IdentityAgreed(tells=WHO, asks=WHERE)
"""Where neither agreement nor profile speaks of it: who the child is, not where."""


class LeftOut(Shape):
    """A part that is known and not told: why, and never what it is."""

    field: IdentityField
    reason: Line


class IdentityBlock(Shape):
    """Whom a message is about, for one recipient."""

    names: tuple[Name, ...] = Field(default=(), exclude_if=_no)
    born: PartialDate | None = Field(default=None, exclude_if=_no)
    """The date of birth, or when an unborn child is expected, with its accuracy."""
    sex: Sex = Field(default=Sex.UNKNOWN, exclude_if=lambda sex: sex is Sex.UNKNOWN)
    identifiers: tuple[Identifier, ...] = Field(default=(), exclude_if=_no)
    family: tuple[RelatedPerson, ...] = Field(default=(), exclude_if=_no)
    address: tuple[Address, ...] = Field(default=(), exclude_if=_no)
    telephone: tuple[Line, ...] = Field(default=(), exclude_if=_no)
    school: School | None = Field(default=None, exclude_if=_no)
    risks: tuple[RelatedPerson, ...] = Field(default=(), exclude_if=_no)
    """Who is a risk to the child, each marked as what, as who told of the child has recorded it."""
    your_reference: Identity | None = Field(default=None, exclude_if=_no)
    """Under which the recipient itself knows the child, where the hub has that."""
    left_out: tuple[LeftOut, ...] = Field(default=(), exclude_if=_no)
    ring: Line | None = Field(default=None, exclude_if=_no)
    """Whom to ring, where too little may be told to know who it is, or something is protected."""

    @property
    def tells_apart(self) -> bool:
        """Whether the recipient can know who it is: by a number, or a name with something else."""
        more = self.born or self.address or self.family or self.school
        return bool(self.identifiers or self.your_reference or (self.names and more)) or bool(
            self.family and self.born
        )

    def told(self, field: IdentityField) -> bool:
        """Whether something stands in the field."""
        value = getattr(self, field)
        return value is not Sex.UNKNOWN and bool(value)

    def without(self, fields: Iterable[IdentityField], *, reason: str) -> IdentityBlock:
        """The block with less in it, and why."""
        gone = [field for field in fields if self.told(field)]
        if not gone:
            return self
        empty = {field.value: IdentityBlock.model_fields[field].default for field in gone}
        said = (*self.left_out, *(LeftOut(field=field, reason=reason) for field in gone))
        return self.model_copy(update={**empty, "left_out": said})

    def leaving_out(self, untold: Iterable[LeftOut]) -> IdentityBlock:
        """The block with less in it, by these reasons."""
        block = self
        for one in untold:
            block = block.without((one.field,), reason=one.reason)
        return block

    def as_told(self) -> bytes:
        """Its canonical bytes: what an owner approves, and what a digest covers.

        JSON in UTF-8 with its keys in order, no spaces, and without what is null, empty or false:
        fields that are added later change no digest as long as they say nothing.
        """
        said = _said(self.model_dump(mode="json"))
        return json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

    def digest(self) -> str:
        """SHA-256 of these bytes in hex."""
        return sha256(self.as_told()).hexdigest()


class About(Shape):
    """Whom something is about, in so far as that is told; what was sent before says nothing."""

    about: IdentityBlock | None = Field(default=None, exclude_if=_no)


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        parts = {name: _said(part) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part not in (None, False, [], {})}
    return [_said(part) for part in value] if isinstance(value, list) else value


class ChildAbout(Shape):
    """One child of several that a letter names by ids: as a referral told, or a person by now."""

    referral_id: Identity | None = Field(default=None, exclude_if=_no)
    person_id: Identity | None = Field(default=None, exclude_if=_no)
    about: IdentityBlock


class AboutSeveral(Shape):
    """Whom something with ids of several children is about; added as a letter is handed out."""

    children: tuple[ChildAbout, ...] = Field(default=(), exclude_if=_no)


class OwnedIdentity(Shape):
    """Whom a draft is about: the agency that told it decides how much of it is told (R30)."""

    owner: Code
    block: IdentityBlock
    """What may be told, and what its owner is asked about."""
    asks: tuple[IdentityField, ...] = Field(default=(), exclude_if=_no)
    """Those fields of the block that go only where the owner says so for this product."""

    def asking(self, field: IdentityField) -> OwnedIdentity:
        """With a part, where the block has it, that goes only where its owner says so."""
        if field in self.asks or not self.block.told(field):
            return self
        return self.model_copy(update={"asks": (*self.asks, field)})

"""What telling a school remembers of a concern."""

from __future__ import annotations

from operator import not_
from typing import Final

from pydantic import Field

from router.steps.cases import Cases
from router.steps.clocks.ticking import Ticking
from schemas.base import Code, Identity, Shape
from schemas.notification import Notification
from schemas.rating import Colour

STEP_NAME: Final = "school"
"""Under which its documents are kept, and its letters named."""


class Telling(Shape):
    """A concern of which the child's school is told, under the referral that told of it first."""

    cases: Cases
    agency: Code | None = Field(default=None, exclude_if=not_)
    """Who told of the incident; None until that is heard."""
    notification: Notification | None = Field(default=None, exclude_if=not_)
    colour: Colour | None = Field(default=None, exclude_if=not_)
    """As the profile suggested."""
    to: Code | None = Field(default=None, exclude_if=not_)
    product_id: Identity | None = Field(default=None, exclude_if=not_)
    """The notice on its way to ``to``."""
    drafts: int = Field(default=0, exclude_if=not_)
    """How many notices were drafted: each is a product of its own."""
    clock: Ticking | None = Field(default=None, exclude_if=not_)
    ended: bool = Field(default=False, exclude_if=not_)
    """The school was told, or is not to be."""

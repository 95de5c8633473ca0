"""What requesting information remembers of a referral."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router.steps.cases import Cases, HandedOver
from router.steps.request_information.requests import Concern
from schemas.base import Code, Identity, Instant, Shape
from schemas.information import InformationRequest, Level, RequestId
from schemas.notification import Digest
from schemas.rating import Colour


class Raise(Shape):
    """A social worker's rating that was heard before the link; it may be about another case."""

    case_id: Identity
    colour: Colour


class Early(Shape):
    """News of a referral whose link is still to be heard."""

    kind: Literal["early"] = "early"
    cases: Cases | None = None
    raises: tuple[Raise, ...] = ()


class Asked(RequestId):
    """A request: ``missing`` once its due time passed, answered once ``answer`` has a digest."""

    agency: Code
    due_at: Instant
    missing: bool = False
    answer: Digest | None = None

    @property
    def open(self) -> bool:
        """Whether the answer is still awaited in time."""
        return not self.missing and self.answer is None


class Asking(Shape):
    """What was asked so far. ``concern`` is kept only while a deeper level could be asked for."""

    kind: Literal["asking"] = "asking"
    cases: Cases
    level: Level
    asked: tuple[Asked, ...]
    concern: Concern | None

    @property
    def next_at(self) -> dt.datetime | None:
        """When the first open answer is due."""
        return min((asked.due_at for asked in self.asked if asked.open), default=None)

    def with_more(self, requests: Iterable[InformationRequest], *, level: Level) -> Asking:
        """With these requests put to their agencies at this level."""
        asked = (
            Asked(request_id=one.identifier, agency=one.agency, due_at=one.due_at)
            for one in requests
        )
        concern = None if level is Level.FULL else self.concern
        changes = {"level": level, "asked": (*self.asked, *asked), "concern": concern}
        return self.model_copy(update=changes)

    def with_changed(self, *changed: Asked) -> Asking:
        """With these requests as they are now."""
        by_id = {asked.request_id: asked for asked in changed}
        asked = tuple(by_id.get(asked.request_id, asked) for asked in self.asked)
        return self.model_copy(update={"asked": asked})


State: TypeAlias = Annotated[Early | HandedOver | Asking, Field(discriminator="kind")]

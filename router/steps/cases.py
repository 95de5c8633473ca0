"""Which case a referral belongs to while humans may correct its link, in whatever order we hear."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from schemas.base import Identity, Instant, Shape
from schemas.case import LinkCorrected


class Cases(Shape):
    """The case of a referral, and those that it was taken for.

    ``since`` is when it was last corrected, if ever. ``revision`` counts the corrections: two of
    them may be of one moment, and heard in either order.
    """

    now: Identity
    former: tuple[Identity, ...] = ()
    since: Instant | None = None
    revision: int = 0

    def known(self, case_id: str) -> bool:
        """Whether it is or was in this case: people may answer under either."""
        return case_id == self.now or case_id in self.former

    @classmethod
    def linked(cls, before: Cases | None, case_id: str) -> Cases:
        """The referral was linked to this case; a correction that was heard earlier came later."""
        return cls(now=case_id) if before is None else before._with_former(case_id)

    @classmethod
    def corrected(
        cls, before: Cases | None, correction: LinkCorrected, *, at: dt.datetime
    ) -> Cases:
        """A human moved the referral: the latest correction counts, whenever it was heard."""
        moved = cls(now=correction.case_id, since=at, revision=correction.revision)
        moved = moved._with_former(correction.from_case_id)
        if before is None:
            return moved
        earlier, latest = sorted((moved, before), key=cls._order)
        return latest._with_former(earlier.now, *earlier.former)

    def _order(self) -> tuple[bool, int, float, str]:
        since = self.since
        return since is not None, self.revision, since.timestamp() if since else 0.0, self.now

    def _with_former(self, *case_ids: str) -> Cases:
        former = tuple(sorted({*self.former, *case_ids} - {self.now}))
        return self if former == self.former else self.model_copy(update={"former": former})


class HandedOver(Shape):
    """The child's own social worker has it (R9): not the hub's, unless the link proves wrong."""

    kind: Literal["handed_over"] = "handed_over"
    cases: Cases

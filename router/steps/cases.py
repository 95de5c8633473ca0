"""Which case a referral belongs to while humans may still correct its link, in whatever order the
news comes.
"""

from __future__ import annotations

from schemas.base import Identity, Instant, Shape
from schemas.case import LinkCorrected
from schemas.message import Message


class Cases(Shape):
    """The case of a referral, and those that it was taken for. ``since``: when it was last
    corrected, if ever.

    ``revision`` counts the corrections: two of them may be of one moment, and heard in either
    order.
    """

    now: Identity
    former: tuple[Identity, ...] = ()
    since: Instant | None = None
    revision: int = 0

    def known(self, case_id: str) -> bool:
        """Whether the referral is or was in this case: people may answer under the id that they
        were given.
        """
        return case_id == self.now or case_id in self.former


def linked(cases: Cases | None, case_id: str) -> Cases:
    """The referral was linked to this case, unless a correction is known already: it came later, if
    heard earlier.
    """
    return Cases(now=case_id) if cases is None else _with_former(cases, case_id)


def corrected(cases: Cases | None, message: Message, correction: LinkCorrected) -> Cases:
    """A human moved the referral. The latest correction counts, not the one that was heard last."""
    moved = Cases(now=correction.case_id, since=message.time, revision=correction.revision)
    moved = _with_former(moved, correction.from_case_id)
    if cases is None:
        return moved
    latest, earlier = (cases, moved) if _order(cases) >= _order(moved) else (moved, cases)
    return _with_former(latest, earlier.now, *earlier.former)


def _order(cases: Cases) -> tuple[bool, int, float, str]:
    since = cases.since
    return since is not None, cases.revision, since.timestamp() if since else 0.0, cases.now


def _with_former(cases: Cases, *case_ids: str) -> Cases:
    former = tuple(sorted({*cases.former, *case_ids} - {cases.now}))
    return cases if former == cases.former else cases.model_copy(update={"former": former})

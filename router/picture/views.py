"""Who disagrees with what about a referral, each view as its profession told it (R51, R54)."""

from __future__ import annotations

from collections.abc import Iterator

from router.steps.disagreement.state import Dispute, Disputes
from schemas.picture import PicturedView


def views(state: Disputes | None) -> Iterator[PicturedView]:
    """Those that are revealed inside the hub; of the others there is no trace."""
    for one in state.disputes if state else ():
        if one.may_be_revealed:
            yield _view(one)


def _view(one: Dispute) -> PicturedView:
    how = one.ended
    told = one.shared(PicturedView)
    if how is None:
        return PicturedView(**told)
    decided_by = how.by if how.ended == "settled" else None
    ended = {"state": how.ended, "verdict": how.verdict, "decided_by": decided_by, "said": how.said}
    return PicturedView(**told | {"due_at": None} | ended)

"""How many concerns there were of late, and what the counts rest on (R12), as pictures list it."""

from __future__ import annotations

from collections.abc import Iterator

from router.picture.reading import Found
from router.steps.cases import HandedOver
from router.steps.link.counting import Count
from router.steps.link.register import Evidence
from schemas.picture import CountedConcern, LeftOut, NotCounted


def counted(count: Count, found: Found) -> Iterator[CountedConcern]:
    """Each concern by what told of it first, newest first; nothing where it is this one alone."""
    every = count.concerns if len(count.concerns) > 1 else {}
    for id_, piece in reversed(every.items()):
        first = found.evidence.get(id_, piece)
        yield CountedConcern(
            id=id_,
            person_id=piece.person_id,
            on=count.window.day(first),
            agency=first.agency,
            below_threshold=piece.entry is not None,
            handed_over=isinstance(found.rated.get(id_), HandedOver),
            event_id=count.events.id_of(id_),
        )


def not_counted(count: Count, found: Found) -> Iterator[NotCounted]:
    """What only tells of a concern again, and what does not say of when it is; newest first."""
    for id_, day in reversed(count.days.items()):
        piece = found.evidence[id_]
        of = count.repeats(piece)
        if not count.is_concern(piece):
            continue
        if (of is None and not count.is_undated(piece)) or count.concerns.get(of or "") == piece:
            continue
        yield NotCounted(
            id=piece.id,
            person_id=piece.person_id,
            on=day,
            agency=piece.agency,
            why=_why(piece, found.evidence.get(of or "")),
            of=of,
        )


def _why(piece: Evidence, first: Evidence | None) -> LeftOut:
    if piece.entry is not None:
        return LeftOut.SAME_ENTRY if first else LeftOut.UNDATED
    if first is not None and first.agency != piece.agency:
        return LeftOut.COPY
    same = first is not None and first.reference == piece.reference
    return LeftOut.AMENDMENT if same else LeftOut.RESEND

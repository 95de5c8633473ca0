"""The adults of a family in its picture, and where else each of them is named (R13)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from router.picture.adults import Elsewhere, Mention, RelatedAdult, called, mentions_of
from router.picture.reading import Found
from router.steps.link.register import Evidence
from schemas.person import Name
from schemas.picture import AlsoIn, PicturedAdult

_BY_A_HUMAN: Final = ("a human found that they are one adult",)
_HUMAN: Final = "human"
"""Stands for the model where a human decided."""
_MOST: Final = 10
"""Children elsewhere who are shown for an adult, the likeliest first."""


def pictured_adults(
    told: Sequence[Evidence], adults: Sequence[RelatedAdult], *, found: Found
) -> Iterator[PicturedAdult]:
    """Parents, carers and other adults, each once, whoever was told of last first.

    Who has no name to be known by, or may be told of nowhere else, is shown by the name as it is.
    """
    known = {_place(m): one for one in adults for m in one.adult.mentions}
    names = {called(m.one.name) for one in adults for m in one.adult.mentions} | {()}
    shown: set[str] = set()
    for mention in _latest_first(told):
        one, name = known.get(_place(mention)), called(mention.one.name)
        if one is not None and one.id not in shown:
            shown.add(one.id)
            yield _adult(one, mention, found=found)
        elif one is None and name not in names:
            names.add(name)
            yield _named(mention)


def _latest_first(told: Sequence[Evidence]) -> Iterator[Mention]:
    for piece in reversed(told):
        yield from mentions_of([piece])


def _place(mention: Mention) -> tuple[str, int]:
    return mention.piece.id, mention.number


def _named(mention: Mention) -> PicturedAdult:
    return PicturedAdult(
        name=mention.one.name,
        relationship=mention.one.relationship,
        date_of_birth=mention.one.date_of_birth,
        told_by=mention.piece.agency,
    )


def _adult(one: RelatedAdult, latest: Mention, *, found: Found) -> PicturedAdult:
    told = [mention.one for mention in reversed(one.adult.mentions)]
    births = (person.date_of_birth for person in told if person.date_of_birth)
    risks = (person.risk for person in told if person.risk)
    return _named(latest).model_copy(
        update={
            "adult_id": one.id,
            "date_of_birth": next(births, None),
            "risk": next(risks, None),
            "also_in": tuple(_also_in(one, one.same, found=found)),
            "may_be_in": tuple(_also_in(one, one.may_be, found=found)),
            "named_id": one.adult.mentions[0].id if one.same or one.may_be else None,
        }
    )


def _also_in(
    one: RelatedAdult, elsewhere: Sequence[Elsewhere], *, found: Found
) -> Sequence[AlsoIn]:
    shown = [entry for other in elsewhere for entry in _children(one, other, found=found)]
    return sorted(shown, key=lambda entry: (-entry.score, entry.person_id))[:_MOST]


def _children(one: RelatedAdult, other: Elsewhere, *, found: Found) -> Iterator[AlsoIn]:
    """The children beside whom an adult of other families is named."""
    beside: defaultdict[str, list[Mention]] = defaultdict(list)
    for mention in reversed(other.adult.mentions):
        beside[mention.piece.person_id].append(mention)
    for person_id, mentions in beside.items():
        latest, risks = mentions[0], [m.one.risk for m in mentions if m.one.risk]
        yield AlsoIn(
            person_id=person_id,
            family_id=latest.piece.family_id,
            case_id=latest.piece.case_id,
            name=_child(person_id, latest.piece, found=found),
            relationship=latest.one.relationship,
            risk=risks[0] if risks else None,
            told_by=latest.piece.agency,
            on=latest.piece.observed_at.date(),
            referral_ids=tuple(m.piece.id for m in mentions if m.piece.is_referral),
            worker=found.people[person_id].worker,
            score=other.weighed.score,
            reasons=_BY_A_HUMAN if other.settled else other.weighed.reasons,
            model=_HUMAN if other.settled else one.model,
            named_id=other.adult.mentions[0].id,
        )


def _child(person_id: str, piece: Evidence, *, found: Found) -> Name | None:
    """The child's name, as whoever names the adult has told it; of a protected child none."""
    told = found.told([found.people[person_id]])
    protected = any(one.child.protected for one in told)
    return piece.child.name[0] if piece.child.name and not protected else None

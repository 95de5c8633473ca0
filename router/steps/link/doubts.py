"""Second thoughts when evidence is added to a person: is it another known one too, or is it two?
Then a human looks.

Compared are only the person that changed and the candidates at hand for what came. Nothing is asked
twice, unless what speaks for it has become much stronger since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from router.linkage import Model
from router.linkage.dates import Agreement, compare
from router.linkage.profile import as_subject
from router.linkage.rules import NEWEST
from router.linkage.weigh import explain, query, reaches, weigh
from router.steps.link.register import PersonRecord, Said
from schemas.case import MergeSuggested, SplitSuggested
from schemas.letter import Letter
from schemas.notices import MergeReview, SplitReview
from schemas.policy import Policy

Doubt: TypeAlias = MergeSuggested | SplitSuggested

_STRONGER: Final = 10.0
"""Bits by which the likeness of two must have grown for a human to be asked again."""
_NEVER: Final = -1000.0
_ROUNDING: Final = 0.01
"""Scores are rounded to hundredths of a bit."""
_BORN: Final = "another date of birth"
_NHS: Final = "another NHS number"
_SEX: Final = "another sex"
_FIELDS: Final = (_BORN, _SEX, _NHS, "another pupil number", "the other twin")
_SOLID: Final = 2
"""Pieces of evidence for each of two NHS numbers: one alone is often a parent's, another child's or
mistyped.
"""


def maybe_one(
    record: PersonRecord, others: Sequence[PersonRecord], *, model: Model, rules: int = NEWEST
) -> Iterator[MergeSuggested]:
    """Of these others, whoever may be the same child; half as sure as linking must be to take two
    for one.
    """
    told_apart = {record.person_id, *record.profile.not_same}
    others = [one for one in others if one.evidence and one.person_id not in told_apart]
    asked_of = query(as_subject(record.profile, rules), model)
    for other in others:
        needed = max(model.same_at / 2, _asked(record, other) + _STRONGER)
        if not reaches(asked_of, other.profile, least=needed - _ROUNDING):
            continue
        weighed = weigh(asked_of, other.profile)
        if weighed.score >= needed:
            yield MergeSuggested(
                person_id=record.person_id,
                case_id=record.profile.case_id,
                other_person_id=other.person_id,
                other_case_id=other.profile.case_id,
                score=weighed.score,
                reasons=explain(asked_of, weighed),
                model=model.version,
            )


def maybe_two(record: PersonRecord, model: Model) -> Iterator[SplitSuggested]:
    """Whether the last piece of evidence speaks against others in what one child has only one of,
    sex not alone.
    """
    known = {what for what, _ in record.raised}
    clashes = {said: agree for said, agree in _clashes(record.said) if said not in known}
    if set(clashes) - {_SEX}:
        agree = set.intersection(*clashes.values())
        yield SplitSuggested(
            person_id=record.person_id,
            case_id=record.profile.case_id,
            referral_ids=tuple(record.evidence[number] for number in sorted(agree)),
            reasons=tuple(clashes),
            model=model.version,
        )


def asked(record: PersonRecord, doubts: Sequence[Doubt]) -> PersonRecord:
    """The record that remembers what humans are asked about it."""
    known = dict(record.raised)
    for doubt in doubts:
        match doubt:
            case MergeSuggested():
                known[doubt.other_person_id] = doubt.score
            case SplitSuggested():
                known |= dict.fromkeys(doubt.reasons, 0.0)
    return replace(record, raised=tuple(known.items())) if doubts else record


def reviews(doubts: Sequence[Doubt], policy: Policy) -> Iterable[Letter]:
    """The questions to the lead agency; about one pair of persons only one."""
    letters = (_review(doubt, policy) for doubt in doubts)
    return {letter.key: letter for letter in letters}.values()


def _review(doubt: Doubt, policy: Policy) -> Letter:
    said = doubt.model_dump(exclude={"model"})
    if isinstance(doubt, MergeSuggested):
        key = f"merge-review/{doubt.other_person_id}"
        return Letter(key, agency=policy.lead_agency, notice=MergeReview.model_validate(said))
    notice = SplitReview.model_validate(said)
    return Letter("split-review", agency=policy.lead_agency, notice=notice)


def _asked(record: PersonRecord, other: PersonRecord) -> float:
    """How strong it was when a human was asked about these two; far below anything when never."""
    if not record.raised and not other.raised:
        return _NEVER
    mine = (score for id_, score in record.raised if id_ == other.person_id)
    theirs = (score for id_, score in other.raised if id_ == record.person_id)
    return max((*mine, *theirs), default=_NEVER)


def _clashes(said: Sequence[Said]) -> Iterator[tuple[str, set[int]]]:
    """Where the last piece of evidence and others say what cannot be of one child; which pieces
    agree with the last.
    """
    for field, values in zip(_FIELDS, zip(*said, strict=True), strict=True):
        last = values[-1]
        against = [value for value in values if value and value != last] if last else []
        if against:
            agree = {number for number, value in enumerate(values) if value == last}
            if _differ(field, last, against=against, times=len(agree)):
                yield field, agree


def _differ(field: str, last: Any, *, against: Sequence[Any], times: int) -> bool:
    if field == _BORN:
        return all(compare(last, False, day, False) >= Agreement.OTHER for day in against)
    if field == _NHS:
        return min(times, len(against)) >= _SOLID
    return True

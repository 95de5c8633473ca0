"""What humans decide about adults: one adult or two (R13). Pictures show adults by it; nothing that
is linked changes.
"""

from __future__ import annotations

from collections.abc import Mapping

from router.step import Outcome
from router.steps.link.register import AdultMark, AdultMarks, AdultsRuled, Register, Ruling
from schemas.case import AdultsSettled, DecisionUndone
from schemas.decisions import AdultsDecided, UndoDecision
from schemas.refusals import Refusal

Marks = Mapping[str, AdultMarks]


def settle_adults(known: Register, decided: AdultsDecided, *, id_: str) -> Outcome[Register]:
    """Remember it of both. Refused unless the picture that it names showed the two together."""
    decision = decided.decision
    referral = known.evidence.get(decision.referral_id)
    if referral is None:
        return Outcome(refusal=Refusal("refused.unknown-subject", "referral_id"))
    if decided.picture_of(decision.referral_id) is None:
        return Outcome(refusal=Refusal("refused.not-shown", "saw"))
    if not decided.pictured:
        return Outcome(refusal=Refusal("refused.not-shown", "other_adult_id"))
    pair = decision.adult_id, decision.other_adult_id
    was = _between(known, pair)
    if was is not None and was.same is decision.same:
        return Outcome()
    mark = AdultMark(other_adult_id=pair[1], same=decision.same, decision_id=id_)
    ruled = AdultsRuled(adult_id=pair[0], mark=mark, was=was, case_id=referral.case_id)
    ruling = Ruling(id=id_, moves=(), before={}, made=(), lifted=(), adults=ruled)
    fact = AdultsSettled(
        **decision.shared(AdultsSettled), case_id=referral.case_id, decision_id=id_
    )
    state = Register(adults=_marked(known, pair, mark=mark), rulings={id_: ruling})
    return Outcome(state=state, facts=(fact,))


def take_back_adults(
    known: Register, ruling: Ruling, *, ruled: AdultsRuled, undo: UndoDecision, id_: str
) -> Outcome[Register]:
    """What was before it holds again; not where a later decision about the two stands upon it."""
    pair = ruled.adult_id, ruled.mark.other_adult_id
    if _between(known, pair) != ruled.mark:
        return Outcome(refusal=Refusal("refused.overtaken", "decision_id"))
    fact = DecisionUndone(
        decision_id=id_,
        undone_decision_id=ruling.id,
        case_id=ruled.case_id,
        referral_ids=(),
        decided_by=undo.decided_by,
        rationale=undo.rationale,
    )
    undone = ruling.model_copy(update={"undone": True})
    state = Register(adults=_marked(known, pair, mark=ruled.was), rulings={ruling.id: undone})
    return Outcome(state=state, facts=(fact,))


def _between(known: Register, pair: tuple[str, str]) -> AdultMark | None:
    """What humans have said of the two last."""
    marks = known.adults.get(pair[0], AdultMarks()).marks
    return next((one for one in marks if one.other_adult_id == pair[1]), None)


def _marked(known: Register, pair: tuple[str, str], *, mark: AdultMark | None) -> Marks:
    """Both with this mark of the other, or with none."""
    found = {}
    for one, other in (pair, pair[::-1]):
        before = known.adults.get(one, AdultMarks()).marks
        marks = [said for said in before if said.other_adult_id != other]
        if mark is not None:
            marks.append(mark.model_copy(update={"other_adult_id": other}))
        found[one] = AdultMarks(marks=tuple(marks))
    return found

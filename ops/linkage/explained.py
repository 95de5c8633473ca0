"""How a notification was linked, and what humans decided since, without personal data (R46).

Told is what was recorded when it was decided. Nothing is compared again: a newer model may see it
otherwise, and has no say in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.look.reading import Readable
from router.linkage.reasons import STRENGTHS
from router.steps.link.settling import HUMAN
from schemas.base import Fact
from schemas.case import (
    Candidate,
    ChildLinked,
    DecisionUndone,
    LinkCorrected,
    MergeSuggested,
    PersonsKeptApart,
    PersonsMerged,
    PersonSplit,
    SplitSuggested,
)
from stores import codec, linking
from stores.trail import Entry

_AGAINST = "against: "


Row = dict[str, Any]
"""What is told of one thing, under the names that the JSON has."""


def explain(hub: Readable, wanted: str) -> list[Row]:
    """Every linking decision that an id leads to, in order. Raises ``Unavailable``."""
    with hub.database.reading() as connection:
        vault = hub.database.vault
        referrals = linking.referrals_of(connection, wanted)
        linked = linking.about(connection, vault, ids=referrals, types=[ChildLinked, LinkCorrected])
        cases = {id_ for entry in linked for id_ in _cases(entry.message.data)}
        later = linking.about(connection, vault, ids={*referrals, *cases}, types=list(_SAID))
    return [
        _explained(entry.message.data, entry, later=later)
        for entry in linked
        if isinstance(entry.message.data, ChildLinked)
        and entry.message.data.referral_id in referrals
    ]


def _cases(fact: Fact) -> Iterator[str]:
    match fact:
        case ChildLinked(case_id=case_id):
            yield case_id
        case LinkCorrected(case_id=case_id, from_case_id=from_case_id):
            yield from (case_id, from_case_id)


def _explained(linked: ChildLinked, entry: Entry, *, later: Sequence[Entry]) -> Row:
    """One decision: what, by which model, why, how clear; and where the referral is now.

    ``decided_by``: the model's version, or ``human``. ``odds``: None where nothing was compared,
    as of an amendment or a child whom nobody resembles. ``ahead_of_the_next``: bits between the
    best candidate and the second.
    """
    mine = [e for e in later if e.position > entry.position and _concerns(e.message.data, linked)]
    moves = [e.message.data for e in mine if isinstance(e.message.data, LinkCorrected)]
    now = moves[-1] if moves else linked
    return {
        "referral_id": linked.referral_id,
        "agency": linked.agency,
        "version": linked.version,
        "decided_at": _moment(entry.recorded_at),
        "decided_by": linked.model,
        "outcome": linked.outcome.value,
        "person_id": linked.person_id,
        "family_id": linked.family_id,
        "case_id": linked.case_id,
        "score": linked.score,
        "odds": odds(linked.score) if linked.score else None,
        "ahead_of_the_next": linked.margin,
        "reasons": list(map(reason, linked.reasons)),
        "candidates": list(map(_considered, linked.candidates)),
        "since": list(map(_later, mine)),
        "now_person_id": now.person_id,
        "now_case_id": now.case_id,
        "same_concern_as": linked.same_concern_as,
    }


def _considered(one: Candidate) -> Row:
    """A child that it may have been about. ``odds``: how many to one that it is, in words."""
    return {
        "person_id": one.person_id,
        "score": one.score,
        "odds": odds(one.score),
        "reasons": list(map(reason, one.reasons)),
    }


def _concerns(fact: Fact, linked: ChildLinked) -> bool:
    """Its own corrections, and what was asked or decided about its person, not its others."""
    return not isinstance(fact, LinkCorrected) or fact.referral_id == linked.referral_id


def reason(text: str) -> Row:
    """What was found in one field, whether for the child, and how strongly if that was recorded."""
    says, bracket, strength = text.removesuffix(")").rpartition(" (")
    known = bool(bracket) and strength in STRENGTHS
    told = says if known else text
    return {
        "speaks_for": not told.startswith(_AGAINST),
        "says": told.removeprefix(_AGAINST),
        "strength": strength if known else None,
    }


def odds(bits: float) -> str:
    """Bits of evidence as people say odds: ``about 1,000 to 1``."""
    times = 2.0 ** min(abs(bits), 40.0)
    if times < 1.5:
        return "even"
    rounded = f"{float(f'{times:.2g}'):,.0f}" if times >= 10 else f"{times:.1f}"
    return f"about {rounded} to 1" + (" against" if bits < 0 else "")


def _moment(micros: int) -> str:
    return codec.from_micros(micros).isoformat()


_SAID: Mapping[type[Fact], str] = {
    LinkCorrected: "a human's decision moved it to person {0.person_id}, case {0.case_id}",
    MergeSuggested: "a human was asked whether {0.person_id} and {0.other_person_id} are one child",
    SplitSuggested: "a human was asked whether person {0.person_id} is two children ({reasons})",
    PersonsMerged: "a human merged {0.absorbed_person_id} into {0.person_id}",
    PersonsKeptApart: "a human verified that {0.person_id} is not {0.other_person_id}",
    PersonSplit: "a human split {0.from_person_id}: {count} to person {0.person_id}",
    DecisionUndone: "a human undid the decision {0.undone_decision_id}",
}


def _later(entry: Entry) -> Row:
    """What happened to the link, the person or the case since; ``id``: the decision's, if any."""
    fact = entry.message.data
    said = _SAID[type(fact)]
    if isinstance(fact, LinkCorrected) and fact.from_person_id == fact.person_id:
        said = "a human confirmed person {0.person_id}"
    reasons = ", ".join(getattr(fact, "reasons", ()))
    count = len(getattr(fact, "referral_ids", ()))
    what = said.format(fact, reasons=reasons, count=count)
    id_ = getattr(fact, "decision_id", None)
    return {"at": _moment(entry.recorded_at), "what": what, "id": id_}


def in_words(one: Row) -> Iterator[str]:
    """The explanation as lines for people."""
    yield "{referral_id}  from {agency}, version {version}".format_map(one)
    outcome = f"{_OUTCOMES[one['outcome']]}  person {one['person_id']}, case {one['case_id']}"
    yield f"  {one['decided_at'][:19]}Z  {outcome}"
    by = one["decided_by"]
    yield f"    decided by {'a human' if by == HUMAN else f'model {by}'}"
    if one["odds"] is not None:
        ahead = "" if one["ahead_of_the_next"] is None else _AHEAD
        yield f"    score {{score}} bits: {{odds}}{ahead}".format_map(one)
    yield from _lines(one["reasons"], "    ")
    if one["same_concern_as"]:
        yield "    tells again of the concern of {same_concern_as}: no repeat".format_map(one)
    for number, candidate in enumerate(one["candidates"], start=1):
        score = "person {person_id}, {score} bits: {odds}".format_map(candidate)
        yield f"    candidate {number}: {score}"
        yield from _lines(candidate["reasons"], "      ")
    for later in one["since"]:
        decision = f"  (decision {later['id']})" if later["id"] else ""
        yield f"  {later['at'][:19]}Z  {later['what']}{decision}"
    if one["outcome"] == "review" and not one["since"]:
        yield "  nobody has decided about it yet"
    yield "  now: person {now_person_id}, case {now_case_id}".format_map(one)


_AHEAD = "; {ahead_of_the_next} bits before the next candidate"
_OUTCOMES = {
    "linked": "linked to",
    "review": "put to a human; meanwhile a provisional",
    "new": "taken for a new",
}


def _lines(reasons: Sequence[Row], indent: str) -> Iterator[str]:
    for reason in reasons:
        strength = f"  ({reason['strength']})" if reason["strength"] else ""
        side = "for" if reason["speaks_for"] else "against"
        yield f"{indent}{side:<8} {reason['says']}{strength}"

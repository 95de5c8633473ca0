"""What is due to be erased, by the profile's classes of record (L8)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from router.steps.link.register import STEP_NAME as LINKING
from router.steps.link.register import Evidence
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.policy import Retention
from stores import codec, erasing, linking, states
from stores.database import View

Classes = Mapping[str, Retention]


@dataclass(frozen=True, slots=True)
class Due:
    """A case whose time is over: of which class, and until when it was to be kept."""

    case_id: str
    record: str
    until: dt.date
    held_by: tuple[str, ...] = ()


def due(view: View, classes: Classes, *, at: dt.date, held: Mapping[str, list[str]]) -> list[Due]:
    """Every case whose time is over at ``at``, the longest over first; ``held``: holds by case.

    The longest of the classes of its referrals counts. What is open is never due.
    """
    if not classes:
        return []
    shortest = min(one.years for one in classes.values())
    cases: defaultdict[str, dict[str, dt.date]] = defaultdict(dict)
    for referral, case, last in erasing.links(view.connection):
        cases[case][referral] = codec.from_micros(last).date()
    # What counts from birth may be over sooner after the last entry than any number of years.
    born = any(one.counted_from == "birth" for one in classes.values())
    old = (
        (case, told)
        for case, told in cases.items()
        if born or later(max(told.values()), shortest) <= at
    )
    found = [_due(view, case, told=told, classes=classes) for case, told in old]
    over = [one for one in found if one is not None and one.until <= at]
    over.sort(key=lambda one: (one.until, one.case_id))
    return [
        Due(one.case_id, one.record, one.until, tuple(held.get(one.case_id, ()))) for one in over
    ]


def later(day: dt.date, years: int) -> dt.date:
    """The same day so many years later; of the 29th of February the 1st of March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return dt.date(day.year + years, 3, 1)


def _due(view: View, case_id: str, *, told: Mapping[str, dt.date], classes: Classes) -> Due | None:
    entries = linking.about(
        view.connection, view.vault, ids=told, types=[ReferralClosed, ReferralReopened]
    )
    last = {one.message.correlation_id: one.message.data for one in entries}
    bodies = states.load(view, LINKING, keys=told)
    evidence = [Evidence.model_validate_json(body) for _, body in bodies.values()]
    outcomes = {id_: f.outcome for id_, f in last.items() if isinstance(f, ReferralClosed)}
    referrals = {piece.id for piece in evidence if piece.is_referral}
    if not referrals or referrals - outcomes.keys():
        return None
    ends = [
        (_until(classes[name], evidence, last=max(told.values())), name)
        for name in {class_of(outcome, classes) for outcome in outcomes.values()}
        if name is not None
    ]
    if len(ends) < len({class_of(outcome, classes) for outcome in outcomes.values()}):
        return None
    until, name = max(ends)
    return Due(case_id, name, until)


def class_of(outcome: str, classes: Classes) -> str | None:
    """The class of a record; None where the profile has none for it, and it is kept."""
    named = next((name for name, one in classes.items() if outcome in one.outcomes), None)
    return named or next((name for name, one in classes.items() if not one.outcomes), None)


def _until(rule: Retention, evidence: Iterable[Evidence], *, last: dt.date) -> dt.date:
    born = [piece.child.date_of_birth.date for piece in evidence if piece.child.date_of_birth]
    since = max(born) if rule.counted_from == "birth" and born else last
    return later(since, rule.years)

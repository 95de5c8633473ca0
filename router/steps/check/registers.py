"""What the registers that the hub keeps answer: at once, and nothing leaves the hub (R7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from router.steps.check import outcomes
from router.steps.check.asking import terms_with
from router.steps.check.state import Checking
from router.steps.now import Now
from schemas.base import Shape
from schemas.case import Worker
from schemas.checks import CheckResult, NotChecked, System, check_id
from schemas.policy import SystemCheck
from schemas.registers import Involvement, KnownTo

OPEN_CASE = "open case with an allocated social worker"
_MOST = 20
"""Entries of one register that are told of a child, the newest first."""


def look_up(
    state: Checking, checks: Iterable[SystemCheck], *, referral_id: str, now: Now
) -> Iterator[CheckResult | NotChecked]:
    """For each of these systems what its register says of the child, or why it is not used."""
    for check in checks:
        terms = terms_with(check, now)
        if isinstance(terms, NotChecked):
            yield terms
            continue
        found = list(_entries(state, check, now=now))
        told = {"check_id": check_id(referral_id, check.system), **check.shared(System)}
        answered = told | {"asked_at": now.at, "answered_at": now.at}
        for one in found[:_MOST]:
            possible = _is_possible(one)
            known = {"known": None if possible else True, "possible": possible}
            yield CheckResult(**answered, **known, **_said(one))
        if not found:
            yield CheckResult(**answered, known=False)


def _entries(state: Checking, check: SystemCheck, *, now: Now) -> Iterator[Involvement]:
    registered = state.registered
    if check.kind == "ics" and registered.allocated_to is not None:
        yield _open_case(registered.allocated_to, now)
    found: list[Involvement] = [one for one in registered.known_to if one.system == check.system]
    if check.kind == "ecaf":
        found += outcomes.entries(state.concluded, now.policy)
    # Sorted twice, as sorting keeps the order of equals: what lasts first, the newest of it first.
    found.sort(key=lambda one: one.since.toordinal() if one.since else 0, reverse=True)
    found.sort(key=lambda one: (_is_possible(one), one.until is not None))
    yield from found


def _is_possible(one: Involvement) -> bool:
    return isinstance(one, KnownTo) and one.possible


def _open_case(worker: Worker, now: Now) -> Involvement:
    team = now.policy.partners.get(worker.team)
    return Involvement(
        involvement=OPEN_CASE,
        worker=worker.name,
        contact=team.signpost_contact if team else worker.team,
        reference=worker.case_reference,
    )


def _said(one: Shape) -> dict[str, object]:
    return one.shared(Involvement)

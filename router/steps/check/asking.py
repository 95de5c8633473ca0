"""Whom a check may be put to, on which basis, and what it tells of the child (R7, R8, R50, L6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from router.steps.ages import age_of
from router.steps.asking import WHY, is_identified, whom
from router.steps.check.state import Asking
from router.steps.clocks.own_time import allowed_time
from router.steps.identity import as_person
from router.steps.now import Now
from router.steps.sharing import may_be_told
from schemas.checks import CheckRequest, CheckResult, NotChecked, System, check_id
from schemas.gathering import RuledOut
from schemas.notification import Notification
from schemas.person import Person
from schemas.policy import Agreement, CheckTerms, SystemCheck

NO_BASIS = "Its agreement names no basis for checks on this day."


KEPT_CLOSE = "Who told of the concern lets nothing of it leave; it is for a human to ask."


def asking_of(notification: Notification, *, by: str, now: Now) -> Asking:
    """Who is asked about, as the agency ``by`` told it."""
    told = may_be_told(notification, by=by, to="")
    return Asking(
        child=notification.subject,
        told_by=by,
        observed_on=now.day_of(notification.observed_at),
        only=None if told else by,
    )


def ask(
    asking: Asking, checks: Iterable[SystemCheck], *, referral_id: str, now: Now
) -> Iterator[CheckRequest | NotChecked]:
    """For each of these systems the request that goes to its agency, or why none does."""
    for check in checks:
        terms, why = terms_with(check, now), _ruled_out(check, asking, now=now)
        if isinstance(terms, NotChecked):
            yield terms
        elif asking.only not in (None, check.agency):
            yield not_checked(check, KEPT_CLOSE)
        elif why is not None:
            yield not_checked(check, WHY[why])
        else:
            child = _told(asking, check.agency, terms=terms[1], now=now)
            untold = not_checked(check, WHY[RuledOut.NOT_TOLD])
            id_ = check_id(referral_id, check.system)
            yield _request(check, child, id_=id_, terms=terms, now=now) if child else untold


def _ruled_out(check: SystemCheck, asking: Asking, *, now: Now) -> RuledOut | None:
    """Why nobody is asked about this child, or this agency is not: as with any request."""
    age = age_of(asking.child, on=asking.observed_on)
    if age is not None and age.grown:
        return RuledOut.ADULT
    if not is_identified(asking.child):
        return RuledOut.NOT_IDENTIFIED
    band = now.holds(check.agency)
    return None if band is None or age is None or age.within(band) else RuledOut.HOLDS_NOTHING


def terms_with(check: SystemCheck, now: Now) -> tuple[Agreement, CheckTerms] | NotChecked:
    """What a check of this system stands on, or why it stands on nothing."""
    if check.agency not in now.policy.partners:
        return not_checked(check, WHY[RuledOut.NOT_A_PARTNER])
    agreement = now.agreement_with(check.agency)
    if agreement is None:
        return not_checked(check, WHY[RuledOut.NO_AGREEMENT])
    if agreement.checks is None or now.today < agreement.checks.since:
        return not_checked(check, NO_BASIS)
    return agreement, agreement.checks


def not_checked(check: SystemCheck, reason: str) -> NotChecked:
    """That the system is not asked."""
    return NotChecked(**check.shared(System), reason=reason)


def awaited(request: CheckRequest, now: Now) -> CheckResult:
    """The check of a request that is put to its agency now."""
    told = request.shared(System) | {"check_id": request.check_id, "due_at": request.due_at}
    return CheckResult(**told, asked_at=now.at)


def _request(
    check: SystemCheck,
    child: Person,
    *,
    id_: str,
    terms: tuple[Agreement, CheckTerms],
    now: Now,
) -> CheckRequest:
    agreement, said = terms
    return CheckRequest(
        **check.shared(System),
        check_id=id_,
        purpose=now.profile.request_purpose,
        legal_basis=said.basis,
        sharing_policy=agreement.reference,
        due_at=_due(check, now),
        child=child,
    )


def _due(check: SystemCheck, now: Now) -> dt.datetime:
    calendar = now.policy.calendar_of(check.agency)
    return allowed_time(check.time_allowed, now.at, calendar=calendar).due


def _told(asking: Asking, agency: str, *, terms: CheckTerms, now: Now) -> Person | None:
    """Who is asked about, in so far as who told it lets the agency know, and nothing protected
    (L7); None where that is too little to know who it is.

    No address, nor family, unless the terms of the check name them too; but the family of who
    cannot be found otherwise: unborn, or without a name (R3).
    """
    told = whom(
        asking.child,
        owner=asking.told_by,
        to=agency,
        family="family" in terms.tells,
        now=now,
    )
    address = told.address if "address" in terms.tells else ()
    block = told.model_copy(update={"address": address, "school": None})
    return as_person(block).model_copy(update={"address": address}) if block.tells_apart else None

"""Whom a check may be put to, on which basis, and what it tells of the child (R7, R8, R50, L6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from router.steps import deadlines
from router.steps.check.state import Asking
from router.steps.identifying import can_be_found
from router.steps.now import Now
from schemas.checks import CheckRequest, CheckResult, NotChecked, System, check_id
from schemas.notification import Notification
from schemas.person import PartialDate, Person
from schemas.policy import Agreement, CheckTerms, SystemCheck

ADULT = "The person was 18 or older when it was observed."
IN_DOUBT = "Whose child it is is in doubt; it is asked as soon as a human has said."
TOO_LITTLE = "Too little is told of the child to look for it."
_OF_AGE = 18


def asking_of(notification: Notification) -> Asking:
    """Who is asked about."""
    child = notification.subject
    born = child.date_of_birth
    return Asking(child=child, adult=_is_adult(born, on=notification.observed_at.date()))


def ask(
    asking: Asking, checks: Iterable[SystemCheck], *, referral_id: str, now: Now
) -> Iterator[CheckRequest | NotChecked]:
    """For each of these systems the request that goes to its agency, or why none does."""
    for check in checks:
        terms = terms_with(check, now)
        if isinstance(terms, NotChecked):
            yield terms
        elif asking.adult:
            yield not_checked(check, ADULT)
        elif not can_be_found(asking.child):
            yield not_checked(check, TOO_LITTLE)
        else:
            yield _request(check, asking, referral_id=referral_id, terms=terms, now=now)


def terms_with(check: SystemCheck, now: Now) -> tuple[Agreement, CheckTerms] | NotChecked:
    """What a check of this system stands on, or why it stands on nothing."""
    if check.agency not in now.policy.partners:
        return not_checked(check, "It is not a partner of this hub.")
    agreement = now.agreement_with(check.agency)
    if agreement is None:
        return not_checked(check, "It has no information-sharing agreement in force.")
    if agreement.checks is None or now.today < agreement.checks.since:
        return not_checked(check, "Its agreement names no basis for checks on this day.")
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
    asking: Asking,
    *,
    referral_id: str,
    terms: tuple[Agreement, CheckTerms],
    now: Now,
) -> CheckRequest:
    agreement, said = terms
    return CheckRequest(
        **check.shared(System),
        check_id=check_id(referral_id, check.system),
        purpose=now.profile.request_purpose,
        legal_basis=said.basis,
        sharing_policy=agreement.reference,
        due_at=deadlines.due(check.time_allowed, now.at, calendar=now.profile.calendar),
        child=_told(asking.child, said),
    )


def _told(child: Person, terms: CheckTerms) -> Person:
    """Who is asked about, and no more.

    No address, which may be a safe one (L7), nor family, unless the agreement names them; but the
    family of who cannot be found otherwise: unborn, or without a name (R3).
    """
    born = child.date_of_birth is not None and not child.date_of_birth.expected
    family = "family" in terms.tells or not (born and child.name)
    return Person(
        identifier=child.identifier,
        name=child.name,
        date_of_birth=child.date_of_birth,
        sex_code=child.sex_code,
        address=child.address if "address" in terms.tells else (),
        related_person=child.related_person if family else (),
    )


def _is_adult(born: PartialDate | None, *, on: dt.date) -> bool:
    """Whether the year is known and the person was 18 on that day at the latest."""
    if born is None or born.expected or born.accuracy_indicator[2] != "A":
        return False
    day, month = born.date.day, born.date.month
    if born.accuracy_indicator[:2] != "AA":
        day, month = 31, 12
    return (on.year - born.date.year) - ((on.month, on.day) < (month, day)) >= _OF_AGE

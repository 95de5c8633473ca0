"""Who decides whether its words leave knows that parents refused, and what was given instead
(L5).
"""

from __future__ import annotations

from typing import Any

import pytest

from router.steps.approve import decide as approve
from router.steps.compose import decide as compose
from schemas.case import NotificationAmended
from schemas.consent import ConsentRecorded
from schemas.gathering import Overrule, RuledOut
from schemas.notices import ApprovalRequest
from schemas.notification import Notification, ParentsInformed
from schemas.product import ProductDrafted
from schemas.rating import Colour
from tests.support import given
from tests.support.composing import requested
from tests.support.flow import Flow

SECTION_17 = "Children Act 1989, section 17; Children Act 2004, section 11"
INSTEAD = "Children Act 1989 s17 and s10, for the child's welfare"
WHY = "Waiting would put the child at more risk"


def concern(consent: str = "refused", narrative: str = given.DOMESTIC_ABUSE) -> Notification:
    informed = ParentsInformed.model_validate({"informed": True, "consent": consent})
    return given.notification(narrative, parents_informed=informed)


def flow() -> Flow:
    return Flow(compose.STEP, approve.STEP)


def asked(consent: str = "refused", colour: Colour = Colour.AMBER, **chosen: Any) -> Flow:
    """Its product waits for its owner."""
    linked = given.linked(notification=concern(consent))
    return flow().send(linked, given.assigned(colour, **chosen), requested())


def overrule(agency: str | None = None, basis: str = INSTEAD) -> Overrule:
    return Overrule(
        reason=RuledOut.CONSENT_REFUSED, agency=agency, rationale=WHY, legal_basis=basis
    )


def word(answer: str, **changes: Any) -> ConsentRecorded:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "agency": "childrens_social_care",
        "answer": answer,
        "told_by": "S. Worker",
    }
    return ConsentRecorded.model_validate(told | changes)


OVERRIDDEN = word("overridden", reason=WHY, legal_basis=INSTEAD)


def known(hub: Flow) -> tuple[str | None, str | None, str | None]:
    """What the owner was told last of consent, on what it stands, and why."""
    last = hub.told(ApprovalRequest, to="police")[-1]
    return last.consent, last.legal_basis, last.basis_reason


@pytest.mark.parametrize("consent", ["given", "not_sought"])
def test_where_nobody_refused_the_owner_is_told_as_before(consent: str) -> None:
    hub = asked(consent)
    assert known(hub) == (None, SECTION_17, None)
    assert {one.without_consent for one in hub.of(ProductDrafted)} == {None}


def test_an_owner_reads_that_consent_was_refused_and_that_nobody_gave_another_basis() -> None:
    said = "Consent was refused, and nobody has given another legal basis."
    assert known(asked()) == ("refused", SECTION_17, said)


def test_it_reads_the_basis_that_who_rated_gave_instead_and_why() -> None:
    assert known(asked(overrules=(overrule(),))) == ("refused", INSTEAD, WHY)


def test_it_reads_what_was_given_for_itself_and_not_what_was_given_for_another() -> None:
    _, basis, _ = known(asked(overrules=(overrule("gp", "Another"),)))
    assert basis == SECTION_17
    _, basis, _ = known(asked(overrules=(overrule("gp", "Another"), overrule("police"))))
    assert basis == INSTEAD


def test_of_a_rating_that_stands_without_consent_it_reads_so() -> None:
    hub = flow().send(given.linked(given.HIT, notification=concern(narrative=given.HIT)))
    hub.send(given.assigned(Colour.RED))
    assert known(hub) == (
        "refused",
        "Children Act 1989, section 47",
        "A rating of this colour stands on its own legal basis though consent was refused.",
    )


@pytest.mark.parametrize("before", [False, True])
def test_what_is_said_of_consent_before_or_while_it_decides_is_told_to_it(*, before: bool) -> None:
    hub = flow().send(given.linked(notification=concern("given")))
    rated = (given.assigned(Colour.AMBER), requested())
    hub.send(*((word("refused"), *rated) if before else (*rated, word("refused"))))
    assert known(hub)[0] == "refused"
    hub.send(OVERRIDDEN)
    assert known(hub) == ("refused", INSTEAD, WHY)
    hub.send(word("given"))
    assert known(hub) == (None, SECTION_17, None)
    letters = len(hub.letters)
    assert len(hub.send(word("given")).letters) == letters, "nothing new is told"


def test_the_last_word_is_that_of_who_was_asked_last_whenever_told() -> None:
    hub = flow().send(given.linked(notification=concern("given")))
    later = word("given", asked_at="2026-06-10T11:00:00Z")
    hub.send(later, word("refused", asked_at="2026-06-10T10:00:00Z"))
    hub.send(given.assigned(Colour.AMBER), requested())
    assert known(hub)[0] is None


def test_an_amended_notification_says_anew_whether_parents_refused() -> None:
    hub = asked("given")
    request = hub.told(ApprovalRequest, to="police")[-1]
    said = NotificationAmended(
        referral_id="ref-1",
        case_id="case-1",
        amended_by="ref-2",
        version=2,
        notification=concern("refused", "Domestic abuse incident, with a neighbour as a witness."),
    )
    hub.send(said)
    again = hub.told(ApprovalRequest, to="police")[-1]
    assert again.item.original != request.item.original
    assert again.consent == "refused"

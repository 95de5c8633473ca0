"""An approval request says in words what is asked of whom, by when, and what silence leads to."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import pytest

from router.steps.approve.decide import STEP as APPROVE
from router.steps.compose import decide as compose
from router.steps.request_information.answers import _of_the_hub
from schemas.decisions import ReleaseDecided
from schemas.information import InformationItem
from schemas.notices import ApprovalRequest
from schemas.policy import Policy, SilentOwner
from schemas.product import Choice, DraftItem
from schemas.rating import Colour
from schemas.sharing import Sensitivity
from tests.support import given, products
from tests.support.flow import Flow
from tests.support.given import Given, of
from tests.support.signing import Signer

SIGNED_OF_OLD = "b6d890e7908be77524838c83d6a3766c3b1c6778dbb593855639105c4623e871"
"""Of the statement for the school, before requests said anything in words."""


def asked(item: DraftItem, policy: Policy | None = None) -> dict[str, ApprovalRequest]:
    """What each agency is asked of a product with this item."""
    outcome = Given(APPROVE, policy).when(products.drafted(item, colour=Colour.AMBER))
    return {
        letter.agency: letter.notice
        for letter in outcome.letters
        if isinstance(letter.notice, ApprovalRequest)
    }


def becoming(then: Literal["without", "signpost", "wait"]) -> Policy:
    profile = given.owing_no_receipts()
    rule = {"silent_owner": SilentOwner(after="due", then=then)}
    colours = {
        colour: one.model_copy(update={"silent_owner": None})
        for colour, one in profile.colours.items()
    }
    return given.policy(profile_=profile.model_copy(update={"colours": colours} | rule))


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ("without", "where nothing else is left to send it waits"),
        ("signpost", "where nothing is left to send it waits, and a person is called"),
        ("wait", "the product waits all the same"),
    ],
)
def test_it_says_who_is_asked_for_whom_by_when_and_what_silence_leads_to(
    then: Literal["without", "signpost", "wait"], words: str
) -> None:
    policy = becoming(then)
    request = asked(products.draft_item("school"), policy)["school"]
    school, team = policy.name_of("school"), policy.name_of(products.RECIPIENT)
    assert request.due_at is not None
    assert request.says is not None
    assert request.says.startswith(f"{school}, may this item of {school} go to {team}?")
    for told in (products.PURPOSE, f"{request.due_at:%-d %B %Y}", words):
        assert told in request.says
    assert request.to_do is not None
    assert f"by {request.due_at:%A %-d %B %Y}" in request.to_do
    assert "mash.release-decision.v1" in request.to_do
    lead = policy.partners[policy.lead_agency]
    assert (request.contact, request.recipient_name) == (lead.signpost_contact, team)


def test_who_is_on_no_clock_reads_that_nothing_leaves_until_it_decides() -> None:
    untimed = given.policy(profile_=given.owing_no_receipts().model_copy(update={"allowed": {}}))
    request = asked(products.draft_item("school"), untimed)["school"]
    assert (request.due_at, request.says and "Until you decide" in request.says) == (None, True)


def test_who_told_an_item_reads_its_own_reference_and_another_does_not() -> None:
    item = products.draft_item("school", held_by="police", reference="CAD-7")
    step = Given(APPROVE)
    outcome = step.when(products.drafted(item))
    sergeant = {"agency": "police", "decided_by": "Decision maker of police"}
    after = step.when(products.decision(item, Choice.RELEASE_ORIGINAL, **sergeant))
    letters = (*outcome.letters, *after.letters)
    (own,) = of(ApprovalRequest, [one.notice for one in letters if one.agency == "police"])
    (other,) = of(ApprovalRequest, [one.notice for one in letters if one.agency == "school"])
    assert (own.your_reference, other.your_reference) == ("CAD-7", None)
    assert "CAD-7" not in other.model_dump_json()


def test_its_owner_reads_that_names_leave_in_the_words_that_who_told_it_chose() -> None:
    item, step = products.draft_item("school", held_by="police"), Given(APPROVE)
    outcome = step.when(products.drafted(item))
    sergeant = {"agency": "police", "decided_by": "Decision maker of police"}
    after = step.when(products.decision(item, Choice.RELEASE_ORIGINAL, **sergeant))
    (first, then) = of(ApprovalRequest, [one.notice for one in (*outcome.letters, *after.letters)])
    police = given.policy().name_of("police")
    said = f"{police} told it and lets these very words leave: names that stand in them leave too."
    assert (said in (first.says or ""), said in (then.says or "")) == (False, True)
    assert then.item.sanitised == item.original


def test_the_id_by_which_an_agency_told_an_item_is_its_reference_of_it() -> None:
    told = InformationItem(
        item_id="ICS-31",
        owner="school",
        text="Attends rarely.",
        sensitivity=Sensitivity.ROUTINE,
        may_be_revealed=True,
        may_leave=True,
    )
    (item,) = _of_the_hub([told], "ref-1", agency="school")
    assert (item.reference, item.item_id != "ICS-31") == ("ICS-31", True)


def test_an_item_of_its_notification_is_known_to_its_agency_by_that_reference() -> None:
    hub = Flow(compose.STEP, APPROVE)
    hub.send(given.linked(), given.assigned(Colour.RED))
    (request, *_) = hub.told(ApprovalRequest, to="police")
    assert request.your_reference == given.linked().notification.reference


def test_what_is_signed_stays_as_it_was_to_the_byte() -> None:
    policy = given.policy(Signer("school").partner()).model_copy(update={"signed": True})
    for item in (products.draft_item("school"), products.draft_item("school", reference="S-1")):
        statement = asked(item, policy)["school"].statements[0]
        assert sha256(statement.payload()).hexdigest() == SIGNED_OF_OLD


def test_a_decision_on_it_is_taken_as_before() -> None:
    item = products.draft_item("school", reference="S-1")
    step = Given(APPROVE)
    step.when(products.drafted(item))
    decided: ReleaseDecided = products.decision(item, Choice.RELEASE_SANITISED)
    assert step.when(decided).refusal is None

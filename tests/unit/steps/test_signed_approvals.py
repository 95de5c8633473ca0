"""Approvals are signed over exact bytes, and nothing leaves without its owner's signature."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps.approve.decide import STEP as APPROVE
from router.steps.release.decide import STEP as RELEASE
from schemas.decisions import ReleaseDecided
from schemas.envelope import signed
from schemas.notices import ApprovalRequest
from schemas.policy import Partner, Policy
from schemas.product import (
    ApprovedItem,
    Choice,
    OwnerApproval,
    Product,
    ProductApproved,
    ProductReleased,
    ProductWithout,
    release_digest,
)
from schemas.statement import ReleaseStatement, text_digest
from tests.support import given, products
from tests.support.given import NOON, Given, of
from tests.support.signing import Signer

DAY = dt.timedelta(days=1)


@pytest.fixture
def school() -> Signer:
    return Signer("school")


def signing(*partners: Partner) -> Policy:
    """The policy in which owners sign, and those without a key may not let anything leave."""
    return given.policy(*partners).model_copy(update={"signed": True})


def asked(outcome: Outcome[Any]) -> list[ApprovalRequest]:
    return of(ApprovalRequest, [letter.notice for letter in outcome.letters])


def approved_by(school: Signer) -> ProductApproved:
    """The product as the approve step approves it, with the school's signature."""
    approve = Given(APPROVE, signing(school.partner()))
    (request,) = asked(approve.when(products.drafted(products.draft_item("school"))))
    approve.when(school.approves(request))
    (approved,) = of(ProductApproved, approve.facts)
    return approved


def refusal(outcome: Outcome[Any]) -> str | None:
    return outcome.refusal.reason if outcome.refusal else None


def test_an_owner_with_a_key_is_shown_what_to_sign(school: Signer) -> None:
    item = products.draft_item("school")
    (request,) = asked(Given(APPROVE, signing(school.partner())).when(products.drafted(item)))

    sanitised, original = request.statements
    assert (sanitised.digest, original.digest) == (item.sanitised_digest, item.original_digest)
    assert sanitised.text_sha256 == text_digest(item.sanitised)
    assert [(one.item_id, one.owner) for one in sanitised.sources] == [("item-school", "school")]
    assert (sanitised.recipient, sanitised.purpose) == (products.RECIPIENT, products.PURPOSE)
    assert ReleaseStatement.parse(sanitised.payload()) == sanitised


def test_what_its_owner_signed_leaves_and_takes_the_signature_along(school: Signer) -> None:
    outcome = Given(RELEASE, signing(school.partner())).when(approved_by(school))

    (letter,) = outcome.letters
    assert isinstance(letter.notice, Product)
    (one,) = letter.notice.approvals
    assert one.envelope is not None
    told = ReleaseStatement.parse(one.envelope.opened_by(school.key().public))
    assert told.text_sha256 == text_digest(letter.notice.items[0].text)
    assert told.decided_by == school.name


def test_an_owner_with_a_key_has_to_sign(school: Signer) -> None:
    approve = Given(APPROVE, signing(school.partner()))
    (request,) = asked(approve.when(products.drafted(products.draft_item("school"))))

    assert refusal(approve.when(school.approves(request, envelope=None))) == "refused.unsigned"
    assert not of(ProductApproved, approve.facts)


@pytest.mark.parametrize("until", [None, NOON.date() - DAY])
def test_an_owner_without_a_key_approves_nothing_unless_its_agreement_says_so(
    until: dt.date | None,
) -> None:
    partner = given.partner("school")
    assert partner.agreement is not None
    agreed = partner.agreement.model_copy(update={"unsigned_until": until})
    approve = Given(APPROVE, signing(partner.model_copy(update={"agreement": agreed})))
    item = products.draft_item("school")
    approve.when(products.drafted(item))

    outcome = approve.when(products.decision(item, Choice.RELEASE_SANITISED))
    assert refusal(outcome) == "refused.unsigned"


def test_an_owner_without_a_key_approves_unsigned_until_its_day() -> None:
    partner = given.partner("school")
    assert partner.agreement is not None
    agreed = partner.agreement.model_copy(update={"unsigned_until": NOON.date()})
    policy = signing(partner.model_copy(update={"agreement": agreed}))
    approve, item = Given(APPROVE, policy), products.draft_item("school")
    approve.given(products.drafted(item), products.decision(item, Choice.RELEASE_SANITISED))

    (approved,) = of(ProductApproved, approve.facts)
    assert [one.envelope for one in approved.approvals] == [None]
    released = Given(RELEASE, policy)
    assert of(ProductReleased, released.when(approved).facts)
    assert refusal(Given(RELEASE, policy).when(approved, at=NOON + DAY)) == "refused.unsigned"


@pytest.mark.parametrize(
    "changes",
    [
        {"text_sha256": "0" * 64},
        {"digest": "0" * 64},
        {"recipient": "housing"},
        {"purpose": "something else"},
        {"product_id": "product-2"},
        {"case_id": "case-2"},
        {"item_id": "item-2"},
        {"legal_gateway": "none"},
        {"redactions_sha256": "0" * 64},
        {"sources": ()},
        {"about": "0" * 64},
        {"handling": "as you like"},
        {"agency": "gp"},
        {"rationale": "Another reason"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_was_signed_about_anything_else_is_refused(
    school: Signer, changes: dict[str, Any]
) -> None:
    approve = Given(APPROVE, signing(school.partner()))
    (request,) = asked(approve.when(products.drafted(products.draft_item("school"))))

    envelope = school.signs(request.statements[0], **changes)
    outcome = approve.when(school.approves(request, envelope=envelope))
    assert refusal(outcome) == "refused.statement"


def test_nobody_else_signs_for_an_owner(school: Signer) -> None:
    approve = Given(APPROVE, signing(school.partner(), Signer("gp").partner()))
    (request,) = asked(approve.when(products.drafted(products.draft_item("school"))))

    forged = Signer("school").signs(request.statements[0])
    assert refusal(approve.when(school.approves(request, envelope=forged))) == "refused.signature"
    named = school.signs(request.statements[0], decided_by="Somebody else")
    assert refusal(approve.when(school.approves(request, envelope=named))) == "refused.signature"


@pytest.mark.parametrize(
    "key",
    [
        {"since": NOON + DAY},
        {"until": NOON},
        {"revoked_at": NOON},
    ],
    ids=["not yet", "no longer", "revoked"],
)
def test_a_key_counts_in_its_time(school: Signer, key: dict[str, Any]) -> None:
    other = Signer("school").key()
    approve = Given(APPROVE, signing(school.partner(other, school.key(**key))))
    (request,) = asked(approve.when(products.drafted(products.draft_item("school"))))

    assert refusal(approve.when(school.approves(request))) == "refused.signature"


def test_an_approval_runs_out(school: Signer) -> None:
    policy = signing(school.partner())
    approve = Given(APPROVE, policy)
    (request,) = asked(approve.when(products.drafted(products.draft_item("school"))))

    late = NOON + policy.profile.approvals_last * DAY
    assert refusal(approve.when(school.approves(request), at=late)) == "refused.run-out"
    longer = request.statements[0].model_copy(update={"expires": late + 400 * DAY})
    told = school.approves(request, envelope=school.signs(longer))
    assert refusal(approve.when(told, at=late)) == "refused.run-out"


def test_an_approval_that_ran_out_while_another_owner_thought_lets_nothing_leave(
    school: Signer,
) -> None:
    gp = Signer("gp")
    policy = signing(school.partner(), gp.partner())
    approve = Given(APPROVE, policy)
    drafted = products.drafted(products.draft_item("school"), products.draft_item("gp"))
    requests = asked(approve.when(drafted))
    by_owner = {request.item.owner: request for request in requests}
    approve.when(school.approves(by_owner["school"]))
    late = NOON + policy.profile.approvals_last * DAY
    fresh = (
        by_owner["gp"].statements[0].model_copy(update={"not_before": late, "expires": late + DAY})
    )
    approve.when(gp.approves(by_owner["gp"], envelope=gp.signs(fresh)), at=late)

    (approved,) = of(ProductApproved, approve.facts)
    assert [item.owner for item in approved.items] == ["gp"]


def _forged(text: str, **changes: Any) -> ProductApproved:
    """What whoever has the hub's key can write of a product: right by its digests."""
    item = ApprovedItem(
        item_id="item-school",
        owner="school",
        text=text,
        digest=products.digest("item-school", text),
        decided_by="Decision maker of school",
    )
    return products.approved(items=(item,), **changes)


def test_the_gate_believes_no_forged_approval(school: Signer) -> None:
    genuine = approved_by(school)
    (signed_one,) = genuine.approvals
    assert signed_one.envelope is not None
    own = Signer("school").signs(ReleaseStatement.parse(signed_one.envelope.unverified()))
    made_up = signed_one.model_copy(update={"envelope": own})
    old = OwnerApproval(
        item_id="item-school", agency="school", decided_at=dt.datetime(2019, 1, 1, tzinfo=dt.UTC)
    )
    policy = signing(school.partner())
    for forged in (
        _forged("Anything."),
        _forged("Anything.", approvals=(signed_one,)),
        _forged(genuine.items[0].text, approvals=(made_up,)),
        _forged(genuine.items[0].text, approvals=(old,)),
    ):
        outcome = Given(RELEASE, policy).when(forged)
        assert refusal(outcome) in {"refused.unsigned", "refused.digest"}


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient": "housing"},
        {"purpose": "something else"},
        {"product_id": "product-2"},
        {"case_id": "case-2"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_signature_is_for_this_recipient_product_and_purpose(
    school: Signer, changes: dict[str, Any]
) -> None:
    other = approved_by(school).model_copy(update=changes)
    items = tuple(
        item.model_copy(
            update={
                "digest": release_digest(
                    item_id=item.item_id,
                    recipient=other.recipient,
                    purpose=other.purpose,
                    text=item.text,
                )
            }
        )
        for item in other.items
    )
    outcome = Given(RELEASE, signing(school.partner())).when(
        other.model_copy(update={"items": items})
    )
    assert refusal(outcome) == "refused.digest"


def test_every_owner_that_the_signed_statement_names_has_to_sign(school: Signer) -> None:
    police = Signer("police")
    policy = signing(school.partner(), police.partner())
    approve = Given(APPROVE, policy)
    item = products.draft_item("school", held_by="police")
    (first,) = asked(approve.when(products.drafted(item)))
    (second,) = asked(approve.when(police.approves(first)))
    approve.when(school.approves(second))
    (approved,) = of(ProductApproved, approve.facts)
    assert {one.agency for one in approved.approvals} == {"school", "police"}
    assert of(ProductReleased, Given(RELEASE, policy).when(approved).facts)

    for left_out in ("school", "police"):
        less = tuple(one for one in approved.approvals if one.agency != left_out)
        outcome = Given(RELEASE, policy).when(approved.model_copy(update={"approvals": less}))
        assert refusal(outcome) == "refused.unsigned"


def test_a_revoked_key_lets_nothing_leave_that_it_signed_before(school: Signer) -> None:
    approved = approved_by(school)
    revoked = signing(school.partner(school.key(revoked_at=NOON)))
    ended = signing(school.partner(school.key(until=NOON + DAY)))

    assert refusal(Given(RELEASE, revoked).when(approved)) == "refused.unsigned"
    assert of(ProductReleased, Given(RELEASE, ended).when(approved, at=NOON + 2 * DAY).facts)


def test_a_standing_release_of_an_owner_with_a_key_counts_signed_alone(school: Signer) -> None:
    plain = given.standing(products.RECIPIENT)
    for release, leaves in ((plain, False), (school.releases(plain), True)):
        partner = school.partner(
            agreement=given.releasing("school", release).agreement,
        )
        policy = signing(partner)
        approve = Given(APPROVE, policy)
        item = products.draft_item("school", notification=True)
        outcome = approve.when(products.drafted(item, urgent=True))
        assert bool(of(ProductWithout, outcome.facts)) is not leaves
        found = of(ProductApproved, outcome.facts)
        assert [bool(one.items) for one in found] == [leaves]
        if leaves:
            assert of(ProductReleased, Given(RELEASE, policy).when(found[0]).facts)


def test_a_standing_release_lets_nothing_leave_for_anybody_else(school: Signer) -> None:
    release = school.releases(given.standing(products.RECIPIENT))
    forged = release.model_copy(update={"recipients": (products.RECIPIENT, "housing")})
    partner = school.partner(agreement=given.releasing("school", forged).agreement)
    approve = Given(APPROVE, signing(partner))
    item = products.draft_item("school", notification=True)

    (approved,) = of(ProductApproved, approve.when(products.drafted(item, urgent=True)).facts)
    assert not approved.items


def test_what_is_signed_has_one_encoding(school: Signer) -> None:
    approve = Given(APPROVE, signing(school.partner()))
    (request,) = asked(approve.when(products.drafted(products.draft_item("school"))))
    own = {"decided_by": school.name}
    payload = request.statements[0].model_copy(update=own).payload()

    spaced = signed(payload.replace(b":", b": ", 1), school.seed)
    decided: ReleaseDecided = school.approves(request, envelope=spaced)
    assert refusal(approve.when(decided)) == "refused.signature"


def test_two_people_sign_where_the_items_class_asks_for_it(school: Signer) -> None:
    colleague = Signer("school")
    other = colleague.key(decided_by="Deputy of school")
    partner = school.partner(school.key(), other, decision_makers=(school.name, "Deputy of school"))
    two = given.profile().model_copy(update={"two_people_for": "restricted"})
    policy = signing(partner).model_copy(update={"profile": two})
    approve = Given(APPROVE, policy)
    item = products.draft_item("school", restricted=True)
    (request,) = asked(approve.when(products.drafted(item)))
    assert request.statements[0].people == 2

    one = school.signs(request.statements[0])
    again = one.also_signed(school.seed)
    for envelope in (one, again):
        told = school.approves(request, envelope=envelope)
        assert refusal(approve.when(told)) == "refused.signature"
    alone = school.signs(request.statements[0], people=1)
    assert refusal(approve.when(school.approves(request, envelope=alone))) == "refused.statement"

    both = one.also_signed(colleague.seed)
    outcome = approve.when(school.approves(request, envelope=both))
    (approved,) = of(ProductApproved, outcome.facts)
    assert of(ProductReleased, Given(RELEASE, policy).when(approved).facts)
    (given_by,) = approved.approvals
    less = approved.model_copy(
        update={"approvals": (given_by.model_copy(update={"envelope": one}),)}
    )
    assert refusal(Given(RELEASE, policy).when(less)) == "refused.unsigned"


def test_who_wrote_the_words_does_not_approve_them(school: Signer) -> None:
    colleague = Signer("school")
    other = colleague.key(decided_by="Deputy of school")
    names = (school.name, "Deputy of school")
    policy = signing(school.partner(school.key(), other, decision_makers=names))
    approve = Given(APPROVE, policy)
    item = products.draft_item("school", decided_by=school.name)
    (request,) = asked(approve.when(products.drafted(item)))

    assert refusal(approve.when(school.approves(request))) == "refused.author"
    own = request.statements[0].model_copy(update={"decided_by": "Deputy of school"})
    told = school.approves(
        request,
        decided_by="Deputy of school",
        envelope=signed(own.payload(), colleague.seed),
    )
    assert approve.when(told).refusal is None

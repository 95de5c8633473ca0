"""Approvals are signed over exact bytes, and nothing leaves without its owner's signature."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from connectors.edge.releases import verify
from router.step import Outcome
from router.steps.approve.decide import STEP as APPROVE
from router.steps.release.decide import STEP as RELEASE
from schemas.decisions import ReleaseDecided
from schemas.envelope import signed
from schemas.notices import ApprovalRequest
from schemas.policy import ApprovalKey, Partner, Policy
from schemas.product import (
    ApprovalsEnded,
    ApprovedItem,
    Choice,
    OwnerApproval,
    Product,
    ProductApproved,
    ProductHeldBack,
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


@pytest.mark.parametrize("beforehand", [False, True], ids=["asked", "released beforehand"])
def test_a_key_that_is_revoked_while_another_owner_thinks_takes_its_item_alone(
    school: Signer, beforehand: bool
) -> None:
    """The other's item leaves, and who signed with the key is named in its item's place."""
    gp, release = Signer("gp"), school.releases(given.standing(products.RECIPIENT))
    agreement = given.releasing("school", *([release] if beforehand else [])).agreement
    approve = Given(APPROVE, signing(school.partner(agreement=agreement), gp.partner()))
    items = [products.draft_item(one, notification=True) for one in ("school", "gp")]
    drafted = products.drafted(*items, school_notice=beforehand)
    by_owner = {one.item.owner: one for one in asked(approve.when(drafted))}
    assert ("school" in by_owner) is not beforehand
    if not beforehand:
        approve.when(school.approves(by_owner["school"]))

    revoked = school.partner(school.key(revoked_at=NOON), agreement=agreement)
    after = signing(revoked, gp.partner())
    approve._policy = after
    approve.when(gp.approves(by_owner["gp"]), at=NOON + DAY)
    (approved,) = of(ProductApproved, approve.facts)
    assert [item.owner for item in approved.items] == ["gp"]
    assert [one.owner for one in approved.signposts] == ["school"]
    released = Given(RELEASE, after).when(approved, at=NOON + DAY)
    assert of(ProductReleased, released.facts)


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

    outcome = Given(RELEASE, revoked).when(approved)
    assert [letter.agency for letter in outcome.letters] == [revoked.lead_agency]
    assert [type(fact) for fact in outcome.facts] == [ApprovalsEnded, ProductHeldBack]
    assert of(ProductReleased, Given(RELEASE, ended).when(approved, at=NOON + 2 * DAY).facts)


def _of_two(school: Signer, gp: Signer) -> tuple[ProductApproved, Policy]:
    """A product that both signed, and the policy in which the school's key is revoked since."""
    approve = Given(APPROVE, signing(school.partner(), gp.partner()))
    items = [products.draft_item(one) for one in ("school", "gp")]
    requests = asked(approve.when(products.drafted(*items)))
    for signer, request in zip((school, gp), requests, strict=True):
        approve.when(signer.approves(request))
    (approved,) = of(ProductApproved, approve.facts)
    return approved, signing(school.partner(school.key(revoked_at=NOON)), gp.partner())


def test_what_others_signed_leaves_without_what_a_revoked_key_did(school: Signer) -> None:
    approved, revoked = _of_two(school, Signer("gp"))
    outcome = Given(RELEASE, revoked).when(approved)

    (ended,) = of(ApprovalsEnded, outcome.facts)
    assert [(one.item_id, one.owner) for one in ended.items] == [("item-school", "school")]
    (letter,) = outcome.letters
    assert isinstance(letter.notice, Product)
    assert [item.owner for item in letter.notice.items] == ["gp"]
    assert [one.agency for one in letter.notice.approvals] == ["gp"]
    (released,) = of(ProductReleased, outcome.facts)
    assert released.item_digests == (letter.notice.items[0].digest,)


def test_but_beside_what_was_never_signed_nothing_does(school: Signer) -> None:
    approved, revoked = _of_two(school, Signer("gp"))
    others = tuple(one for one in approved.approvals if one.agency == "school")
    forged = approved.model_copy(update={"approvals": others})
    assert refusal(Given(RELEASE, revoked).when(forged)) == "refused.unsigned"


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


def test_the_gate_looks_at_what_its_owner_has_not_seen(school: Signer) -> None:
    release = school.releases(given.standing(products.RECIPIENT))
    policy = signing(school.partner(agreement=given.releasing("school", release).agreement))
    item = products.draft_item("school", notification=True)
    outcome = Given(APPROVE, policy).when(products.drafted(item, urgent=True))
    (approved,) = of(ProductApproved, outcome.facts)

    text = "The man known as Smudger told the school."
    other = approved.items[0].model_copy(
        update={"text": text, "digest": products.digest(item.item_id, text)}
    )
    forged = approved.model_copy(update={"items": (other,)})
    assert refusal(Given(RELEASE, policy).when(forged)) == "refused.unsigned"


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
    again = school.also_signs(one)
    for envelope in (one, again):
        told = school.approves(request, envelope=envelope)
        assert refusal(approve.when(told)) == "refused.signature"
    alone = school.signs(request.statements[0], people=1)
    assert refusal(approve.when(school.approves(request, envelope=alone))) == "refused.statement"

    both = colleague.also_signs(one)
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


def _deputising(school: Signer, *keys: ApprovalKey, two_people_for: str) -> Policy:
    """The school has a head and a deputy, with these keys."""
    makers = tuple(dict.fromkeys(key.decided_by for key in keys))
    two = given.profile().model_copy(update={"two_people_for": two_people_for})
    partner = school.partner(*keys, decision_makers=makers)
    return signing(partner).model_copy(update={"profile": two})


def test_a_key_that_is_said_to_be_of_two_people_is_nobodys(school: Signer) -> None:
    shared = school.key(decided_by="Deputy of school")
    policy = _deputising(school, school.key(), shared, two_people_for="restricted")
    for restricted in (True, False):
        approve = Given(APPROVE, policy)
        item = products.draft_item("school", restricted=restricted)
        (request,) = asked(approve.when(products.drafted(item)))
        assert refusal(approve.when(school.approves(request))) == "refused.signature"


def test_nor_does_one_count_that_is_of_another_agency_too(school: Signer) -> None:
    police = Signer("police", seed=school.seed)
    approve = Given(APPROVE, signing(school.partner(), police.partner()))
    (request,) = asked(approve.when(products.drafted(products.draft_item("school"))))
    assert refusal(approve.when(school.approves(request))) == "refused.signature"


@pytest.mark.parametrize(
    "name",
    [
        "DECISION  maker of School",
        "\uff24ecision maker of school",
        "Decision\u200b maker\u00a0of school",
    ],
    ids=["case and spaces", "wide letters", "signs that nobody sees"],
)
def test_a_second_key_of_one_person_makes_no_second_person(school: Signer, name: str) -> None:
    second = Signer("school")
    keys = school.key(), second.key(decided_by=name)
    approve = Given(APPROVE, _deputising(school, *keys, two_people_for="restricted"))
    item = products.draft_item("school", restricted=True)
    (request,) = asked(approve.when(products.drafted(item)))
    both = second.also_signs(school.signs(request.statements[0]))
    told = school.approves(request, envelope=both)
    assert refusal(approve.when(told)) == "refused.signature"


def test_where_everything_wants_two_people_what_one_approved_before_does_not_leave(
    school: Signer,
) -> None:
    approved = approved_by(school)
    two = _deputising(school, school.key(), two_people_for="everything")
    assert refusal(Given(RELEASE, two).when(approved)) == "refused.unsigned"


def test_nor_what_one_released_beforehand(school: Signer) -> None:
    release = school.releases(given.standing(products.RECIPIENT))
    colleague = Signer("school")
    assert release.envelope is not None
    both = release.model_copy(update={"envelope": colleague.also_signs(release.envelope)})
    keys = school.key(), colleague.key(decided_by="Deputy of school")
    item = products.draft_item("school", notification=True)
    for one, leaves in ((release, False), (both, True)):
        policy = _deputising(school, *keys, two_people_for="everything")
        agreement = given.releasing("school", one, keys=keys).agreement
        partner = policy.partners["school"].model_copy(update={"agreement": agreement})
        policy = policy.model_copy(update={"partners": {**policy.partners, "school": partner}})
        outcome = Given(APPROVE, policy).when(products.drafted(item, urgent=True))
        (approved,) = of(ProductApproved, outcome.facts)
        assert bool(approved.items) is leaves


def test_an_approval_that_the_hub_dates_back_does_not_revive_a_key(school: Signer) -> None:
    approved = approved_by(school)
    (one,) = approved.approvals
    back = one.model_copy(update={"decided_at": NOON - 2 * DAY})
    ended = signing(school.partner(school.key(until=NOON - DAY)))
    forged = approved.model_copy(update={"approvals": (back,)})
    assert refusal(Given(RELEASE, ended).when(forged)) == "refused.unsigned"


def test_a_recipient_believes_no_key_that_is_said_to_be_of_two_people(school: Signer) -> None:
    (letter,) = Given(RELEASE, signing(school.partner())).when(approved_by(school)).letters
    event = {"time": NOON.isoformat(), "data": letter.notice.model_dump(mode="json")}
    key, other = school.key(), school.key(decided_by="Deputy of school")
    assert verify(json.dumps(event).encode(), {"school": (key,)}).well
    assert not verify(json.dumps(event).encode(), {"school": (key, other)}).well

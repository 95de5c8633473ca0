"""Whom a product is about is approved with its items; what would put somebody at risk waits for a
human, before owners are asked and again before it is approved (L7).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps.approve import decide as approve
from router.steps.approve.guarding import NOT_AT_ONCE, OWNER_LEFT_OUT
from router.steps.identity import NOT_DECIDED
from router.steps.safety import CHILD, NOT_SAFE
from schemas.identity import IdentityBlock, IdentityField, LeftOut, OwnedIdentity
from schemas.notices import ApprovalRequest
from schemas.person import Address, Name, PartialDate, Person, RelatedPerson, Risk
from schemas.policy import Partner
from schemas.product import (
    Choice,
    DraftItem,
    ItemDecided,
    ProductApproved,
    ProductDrafted,
    ProductRefused,
    release_digest,
)
from schemas.refusals import Refusal
from schemas.safety import Around, Danger, ProductHeld, SafetyChoice, SafetySettled
from tests.support import given
from tests.support import products as product
from tests.support.given import Given

BLOCK = IdentityBlock(
    names=given.child().name,
    born=given.child().date_of_birth,
    address=given.child().address,
)
IDENTITY = OwnedIdentity(owner="police", block=BLOCK, asks=(IdentityField.ADDRESS,))
REFUGE = Address(line1="7 Bramble Close", postcode="ZZ99 7BC", protected=True)
FLED = Around(
    who=CHILD,
    person=Person(
        address=(REFUGE,),
        related_person=(
            RelatedPerson(
                name=Name(given_name=("Marek",), family_name=("Oldroyd",)),
                relationship="father",
                risk=Risk.FLED_FROM,
                address=(Address(line1="40 Quarry Lane", postcode="ZZ99 4QL"),),
            ),
        ),
    ),
)


def item(owner: str, text: str = "He was hit.", **changes: Any) -> DraftItem:
    """An item whose digests cover whom it is about."""
    original = changes.get("original", text)
    shown = {
        f"{name}_digest": release_digest(
            item_id=f"item-{owner}",
            recipient=product.RECIPIENT,
            purpose=product.PURPOSE,
            text=words,
            about=BLOCK.digest(),
        )
        for name, words in (("original", original), ("sanitised", text))
    }
    return product.draft_item(owner, **{"original": text, "sanitised": text} | shown | changes)


def drafted(*items: DraftItem, **changes: Any) -> ProductDrafted:
    return product.drafted(*items, **{"identity": IDENTITY} | changes)


def approving(*partners: Partner) -> Given:
    return Given(approve.STEP, given.policy(*partners))


def settled(held: ProductHeld, choice: SafetyChoice, *leaves_out: IdentityField) -> SafetySettled:
    return SafetySettled(
        leaves_out=leaves_out,
        choice=choice,
        decided_by="D. Manager",
        rationale="Rung the refuge.",
        **held.shared(SafetySettled),
    )


POLICE, SCHOOL = item("police"), item("school")
RELEASE, WITHHOLD = Choice.RELEASE_SANITISED, Choice.WITHHOLD
REWORDED = Choice.RELEASE_REWORDED


def approved(outcome: Outcome[Any]) -> ProductApproved:
    (fact,) = given.of(ProductApproved, outcome.facts)
    return fact


def requests(outcome: Outcome[Any]) -> dict[str, ApprovalRequest]:
    notices = {letter.agency: letter.notice for letter in outcome.letters}
    return {owner: n for owner, n in notices.items() if isinstance(n, ApprovalRequest)}


def test_owners_see_whom_it_is_about_and_where_only_who_told_it() -> None:
    shown = requests(approving().when(drafted(POLICE, SCHOOL)))
    assert shown["police"].about == BLOCK
    assert shown["police"].asks == (IdentityField.ADDRESS,)
    other = shown["school"].about
    assert other is not None
    assert other.names == BLOCK.names
    assert other.address == ()
    assert shown["school"].asks == ()


def test_what_was_asked_of_its_owner_goes_once_it_releases_its_item() -> None:
    step = approving().given(drafted(POLICE))
    assert approved(step.when(product.decision(POLICE, RELEASE))).untold == ()


def test_what_was_asked_does_not_go_where_its_owner_withholds_its_item() -> None:
    step = approving().given(drafted(POLICE, SCHOOL), product.decision(POLICE, WITHHOLD))
    fact = approved(step.when(product.decision(SCHOOL, RELEASE)))
    assert fact.untold == (LeftOut(field=IdentityField.ADDRESS, reason=NOT_DECIDED),)


def test_its_owner_leaves_out_of_one_product_what_it_lets_be_told_in_general() -> None:
    step = approving().given(drafted(POLICE))
    outcome = step.when(product.decision(POLICE, RELEASE, leaves_out=(IdentityField.BORN,)))
    (said,) = given.of(ItemDecided, outcome.facts)
    assert said.leaves_out == (IdentityField.BORN,)
    assert approved(outcome).untold == (LeftOut(field=IdentityField.BORN, reason=OWNER_LEFT_OUT),)


def test_another_owner_decides_nothing_about_whom_it_is_about() -> None:
    step = approving().given(drafted(POLICE, SCHOOL))
    told = product.decision(SCHOOL, RELEASE, leaves_out=(IdentityField.BORN,))
    assert step.when(told).refusal == Refusal("refused.not-yours", "leaves_out")


def test_an_approval_of_the_text_about_another_child_is_none() -> None:
    other = BLOCK.model_copy(update={"names": (Name(given_name=("Edmund",)),)})
    shown = release_digest(
        item_id="item-police",
        recipient=product.RECIPIENT,
        purpose=product.PURPOSE,
        text=POLICE.sanitised,
        about=other.digest(),
    )
    step = approving().given(drafted(POLICE))
    assert step.when(product.decision(POLICE, RELEASE, digest=shown)).refusal == Refusal(
        "refused.digest", "digest"
    )


def test_a_standing_release_tells_where_the_child_is_only_by_the_agreement() -> None:
    partner = given.releasing("police", given.standing(product.RECIPIENT))
    told = item("police", notification=True)
    fact = approved(approving(partner).when(drafted(told, urgent=True)))
    assert fact.untold == (LeftOut(field=IdentityField.ADDRESS, reason=NOT_DECIDED),)


# --- before owners are asked


TELLS = item("police", "Mum is at 7 Bramble Cl now.")
LIVES_THERE = given.partner(
    product.RECIPIENT, address=(Address(line1="40 Quarry Lane", postcode="ZZ99 4QL"),)
)


def held(outcome: Outcome[Any]) -> ProductHeld:
    (fact,) = given.of(ProductHeld, outcome.facts)
    return fact


@pytest.mark.parametrize(
    ("partners", "text", "where"),
    [((LIVES_THERE,), POLICE, "recipient"), ((), TELLS, "items.item-police")],
)
def test_owners_are_not_asked_about_what_would_put_somebody_at_risk_and_a_human_is(
    partners: tuple[Partner, ...], text: DraftItem, where: str
) -> None:
    outcome = approving(*partners).when(drafted(text, around=(FLED,)))
    assert outcome.letters == ()
    assert {hit.where for hit in held(outcome).hits} == {where}
    assert not held(outcome).rest_goes


def test_once_a_human_sends_it_all_the_same_owners_are_asked_and_it_goes() -> None:
    step = approving()
    waiting = held(step.when(drafted(TELLS, around=(FLED,))))
    outcome = step.when(settled(waiting, SafetyChoice.SEND))
    assert set(requests(outcome)) == {"police"}
    assert approved(step.when(product.decision(TELLS, RELEASE))).items[0].text == TELLS.sanitised


def test_once_a_human_stops_it_nothing_leaves() -> None:
    step = approving()
    waiting = held(step.when(drafted(TELLS, around=(FLED,))))
    outcome = step.when(settled(waiting, SafetyChoice.DO_NOT_SEND))
    assert [type(fact) for fact in outcome.facts] == [ProductRefused]
    assert step.when(settled(waiting, SafetyChoice.SEND)) == Outcome()


def test_a_field_that_a_human_leaves_out_is_in_no_later_letter_of_the_product() -> None:
    told = IDENTITY.model_copy(update={"block": BLOCK.model_copy(update={"address": (REFUGE,)})})
    about = told.block.digest()
    one = item("police")
    shown = release_digest(
        item_id=one.item_id,
        recipient=product.RECIPIENT,
        purpose=product.PURPOSE,
        text=one.sanitised,
        about=about,
    )
    one = one.model_copy(update={"sanitised_digest": shown})
    step = approving()
    waiting = held(step.when(drafted(one, identity=told, around=(FLED,))))
    assert {hit.where for hit in waiting.hits} == {"identity.address"}
    outcome = step.when(settled(waiting, SafetyChoice.LEAVE_OUT, IdentityField.ADDRESS))
    seen = requests(outcome)["police"].about
    assert seen is not None
    assert seen.address == ()
    fact = approved(step.when(product.decision(one, RELEASE)))
    assert LeftOut(field=IdentityField.ADDRESS, reason=NOT_SAFE) in fact.untold


# --- before it is approved


def test_an_original_that_tells_a_refuge_waits_though_its_owner_released_it() -> None:
    tells = item("police", "[address]", original="Mum is at 7 Bramble Close.")
    step = approving().given(drafted(tells, around=(FLED,)))
    outcome = step.when(product.decision(tells, Choice.RELEASE_ORIGINAL))
    assert given.of(ProductApproved, outcome.facts) == []
    waiting = held(outcome)
    assert {hit.danger for hit in waiting.hits} == {Danger.PROTECTED_ADDRESS}
    gone = step.when(settled(waiting, SafetyChoice.SEND))
    assert approved(gone).items[0].text == "Mum is at 7 Bramble Close."


def test_what_its_owner_then_withholds_does_not_hold_up_the_rest() -> None:
    tells = item("police", "[address]", original="Mum is at 7 Bramble Close.")
    step = approving().given(
        drafted(tells, SCHOOL, around=(FLED,)), product.decision(SCHOOL, RELEASE)
    )
    held(step.when(product.decision(tells, Choice.RELEASE_ORIGINAL)))
    outcome = step.when(product.decision(tells, WITHHOLD))
    assert [one.owner for one in approved(outcome).items] == ["school"]


# --- a Red for the front line


STANDING = given.releasing("police", given.standing(product.RECIPIENT))


def test_a_red_goes_at_once_without_what_would_put_somebody_at_risk() -> None:
    told = item("police", "Mum is at 7 Bramble Close.", notification=True)
    outcome = approving(STANDING).when(drafted(told, urgent=True, around=(FLED,)))
    assert held(outcome).rest_goes
    fact = approved(outcome)
    assert fact.items == ()
    assert [one.owner for one in fact.signposts] == ["police"]


def test_a_red_goes_at_once_without_a_field_that_would_put_somebody_at_risk() -> None:
    told = IDENTITY.model_copy(
        update={"block": BLOCK.model_copy(update={"address": (REFUGE,)}), "asks": ()}
    )
    one = item("police", notification=True)
    outcome = approving(STANDING).when(drafted(one, urgent=True, identity=told, around=(FLED,)))
    assert approved(outcome).untold == (LeftOut(field=IdentityField.ADDRESS, reason=NOT_AT_ONCE),)
    assert len(approved(outcome).items) == 1


def test_a_red_waits_where_the_recipient_itself_is_the_danger() -> None:
    step = approving(STANDING, LIVES_THERE)
    told = item("police", notification=True)
    outcome = step.when(drafted(told, urgent=True, around=(FLED,)))
    assert given.of(ProductApproved, outcome.facts) == []
    waiting = held(outcome)
    assert waiting.urgent
    assert not waiting.rest_goes
    assert approved(step.when(settled(waiting, SafetyChoice.SEND))).items


def test_a_product_of_old_without_identity_is_approved_as_it_was() -> None:
    old = product.draft_item("school")
    step = approving().given(product.drafted(old))
    fact = approved(step.when(product.decision(old, RELEASE)))
    assert fact.identity is None
    assert "identity" not in fact.model_dump_json()


def test_an_owners_own_words_are_bound_to_whom_they_are_about() -> None:
    words = "He told his teacher."
    whom = {"recipient": product.RECIPIENT, "purpose": product.PURPOSE}
    step = approving()
    shown = requests(step.when(drafted(SCHOOL)))["school"].about_digest
    assert shown == BLOCK.digest()
    bare = release_digest(item_id=SCHOOL.item_id, text=words, **whom)
    told = {"text": words, "instead_of": SCHOOL.original_digest}
    refused = step.when(product.decision(SCHOOL, REWORDED, **told, digest=bare)).refusal
    assert refused == Refusal("refused.digest", "digest")
    bound = release_digest(item_id=SCHOOL.item_id, text=words, **whom, about=shown)
    assert (
        approved(step.when(product.decision(SCHOOL, REWORDED, **told, digest=bound))).items[0].text
        == words
    )


def test_where_the_child_is_told_of_otherwise_all_is_asked_about_anew() -> None:
    step = approving().given(drafted(POLICE, SCHOOL), product.decision(SCHOOL, RELEASE))
    born = PartialDate(date=dt.date(2017, 2, 3))
    block = BLOCK.model_copy(update={"born": born})
    identity = IDENTITY.model_copy(update={"block": block})
    amended = drafted(
        item("police", "He was hit twice."),
        identity=identity,
        product_id="product-2",
        supersedes="product-1",
    )
    asked = requests(step.when(amended))
    assert set(asked) == {"police", "school"}
    assert asked["school"].about_digest == block.digest()
    shown = asked["school"].item.sanitised_digest
    assert shown != SCHOOL.sanitised_digest
    old = product.decision(SCHOOL, RELEASE)
    assert step.when(old).refusal == Refusal("refused.digest", "digest")
    step.given(product.decision(asked["school"].item, RELEASE))
    fact = approved(step.when(product.decision(asked["police"].item, RELEASE)))
    assert fact.about is not None
    assert fact.about.born == born
    assert {one.owner for one in fact.items} == {"police", "school"}

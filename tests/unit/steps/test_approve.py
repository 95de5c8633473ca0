"""Hop 6: owners alone decide, about exact bytes for one recipient and purpose; a Red waits for
nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from router.step import Outcome
from router.steps.approve import decide as approve
from router.steps.approve.wording import wording
from schemas.base import Fact
from schemas.decisions import ReleaseDecided
from schemas.notices import ApprovalCancellation, ApprovalRequest
from schemas.policy import Agreement, Policy
from schemas.product import (
    ApprovalWithdrawn,
    Choice,
    DraftItem,
    ItemDecided,
    ItemWithheld,
    ProductApproved,
    ProductRefused,
    ProductWithout,
)
from schemas.refusals import Refusal
from schemas.safety import Danger, ProductHeld
from tests.support import given
from tests.support import products as product
from tests.support.given import Given

SCHOOL, GP, POLICE = (
    product.draft_item("school"),
    product.draft_item("gp"),
    product.draft_item("police"),
)
NOTIFICATION = product.draft_item("police", notification=True)
ORIGINAL, SANITISED, WITHHOLD = Choice.RELEASE_ORIGINAL, Choice.RELEASE_SANITISED, Choice.WITHHOLD


def approving(policy: Policy | None = None) -> Given:
    return Given(approve.STEP, policy)


def approved(facts: Iterable[Fact]) -> ProductApproved:
    (fact,) = given.of(ProductApproved, facts)
    return fact


def refused(facts: Iterable[Fact]) -> ProductRefused:
    (fact,) = given.of(ProductRefused, facts)
    return fact


def test_each_item_is_put_before_its_owner_and_nobody_else() -> None:
    outcome = approving().when(product.drafted(SCHOOL, GP))
    assert [letter.agency for letter in outcome.letters] == ["school", "gp"]
    notices = [letter.notice for letter in outcome.letters]
    assert [notice.item for notice in given.of(ApprovalRequest, notices)] == [SCHOOL, GP]
    assert outcome.facts == ()


def test_its_owner_reads_on_which_basis_it_would_leave() -> None:
    (letter,) = approving().when(product.drafted(SCHOOL)).letters
    assert isinstance(letter.notice, ApprovalRequest)
    assert letter.notice.legal_basis == "Children Act 1989, section 47"


def test_nothing_is_approved_before_every_owner_has_decided() -> None:
    step = approving().given(product.drafted(SCHOOL, GP))
    outcome = step.when(product.decision(SCHOOL, SANITISED))
    assert [type(fact) for fact in outcome.facts] == [ItemDecided]
    outcome = step.when(product.decision(GP, ORIGINAL))
    assert [(item.owner, item.text) for item in approved(outcome.facts).items] == [
        ("school", SCHOOL.sanitised),
        ("gp", GP.original),
    ]


def test_a_decision_is_recorded_with_who_decided_and_what_it_is_bound_to() -> None:
    (fact,) = (
        approving()
        .given(product.drafted(SCHOOL, GP))
        .when(product.decision(SCHOOL, SANITISED))
        .facts
    )
    assert isinstance(fact, ItemDecided)
    assert (fact.decided_by, fact.digest) == ("Decision maker of school", SCHOOL.sanitised_digest)
    assert (fact.recipient, fact.purpose) == (product.RECIPIENT, product.PURPOSE)


def test_a_withheld_item_becomes_a_signpost_and_its_reason_is_kept() -> None:
    step = approving().given(product.drafted(SCHOOL, GP), product.decision(SCHOOL, ORIGINAL))
    outcome = step.when(product.decision(GP, WITHHOLD))
    (decided,) = given.of(ItemDecided, outcome.facts)
    assert (decided.digest, decided.reason) == (None, "It would put the child at more risk.")
    assert [(post.owner, post.contact) for post in approved(outcome.facts).signposts] == [
        ("gp", "gp duty desk")
    ]


@pytest.mark.parametrize(
    ("item", "changes"),
    [(GP, {"signpost": False}), (product.draft_item("gp", signpost=False), {})],
)
def test_an_owner_may_hide_that_it_holds_anything(item: DraftItem, changes: dict[str, Any]) -> None:
    step = approving().given(product.drafted(SCHOOL, item), product.decision(SCHOOL, ORIGINAL))
    outcome = step.when(product.decision(item, WITHHOLD, **changes))
    assert approved(outcome.facts).signposts == ()
    assert "gp" not in approved(outcome.facts).model_dump_json()


def test_an_owner_is_signposted_once() -> None:
    second = product.draft_item("gp", "item-2", original="He was seen on 2 October.")
    draft = product.drafted(
        GP, second, left_out=(product.left_out("gp"), product.left_out("school", signpost=False))
    )
    step = approving().given(draft, product.decision(GP, WITHHOLD))
    outcome = step.when(product.decision(second, WITHHOLD))
    assert [post.owner for post in approved(outcome.facts).signposts] == ["gp"]


def test_when_nothing_may_leave_the_product_is_refused() -> None:
    step = approving().given(product.drafted(SCHOOL))
    outcome = step.when(product.decision(SCHOOL, WITHHOLD, signpost=False))
    assert refused(outcome.facts).reason == "No owner lets anything leave."


def test_a_product_of_nothing_is_refused_at_once() -> None:
    assert (
        refused(approving().when(product.drafted()).facts).reason
        == "Nothing is proportionate to the rating."
    )


def test_a_product_of_signposts_alone_needs_no_decision() -> None:
    outcome = approving().when(product.drafted(left_out=(product.left_out("gp"),)))
    assert [post.owner for post in approved(outcome.facts).signposts] == ["gp"]


OTHER = product.draft_item("school", "item-other")


@pytest.mark.parametrize(
    ("decision", "refusal"),
    [
        (
            product.decision(SCHOOL, ORIGINAL, agency="police"),
            Refusal("refused.unknown-subject", "product_id"),
        ),
        (
            product.decision(SCHOOL, ORIGINAL, agency="childrens_social_care"),
            Refusal("refused.unknown-subject", "product_id"),
        ),
        (product.decision(OTHER, ORIGINAL), Refusal("refused.unknown-subject", "item_id")),
        (
            product.decision(SCHOOL, ORIGINAL, case_id="case-9"),
            Refusal("refused.unknown-subject", "case_id"),
        ),
        (
            product.decision(SCHOOL, ORIGINAL, recipient="early_help"),
            Refusal("refused.recipient", "recipient"),
        ),
        (
            product.decision(SCHOOL, ORIGINAL, purpose="another"),
            Refusal("refused.purpose", "purpose"),
        ),
        (
            product.decision(SCHOOL, ORIGINAL, digest=SCHOOL.sanitised_digest),
            Refusal("refused.digest", "digest"),
        ),
        (
            product.decision(SCHOOL, SANITISED, digest=SCHOOL.original_digest),
            Refusal("refused.digest", "digest"),
        ),
        (product.decision(SCHOOL, SANITISED, digest=None), Refusal("refused.digest", "digest")),
        (
            product.decision(SCHOOL, WITHHOLD, reason=None),
            Refusal("refused.reason-missing", "reason"),
        ),
        (
            product.decision(SCHOOL, WITHHOLD, reason="  "),
            Refusal("refused.reason-missing", "reason"),
        ),
    ],
)
def test_what_is_not_the_owners_to_decide_so_is_refused(
    decision: ReleaseDecided, refusal: Refusal
) -> None:
    step = approving().given(product.drafted(SCHOOL, GP))
    assert step.when(decision).refusal == refusal
    step.when(product.decision(SCHOOL, SANITISED))
    assert approved(step.when(product.decision(GP, SANITISED)).facts)


def test_a_product_that_nobody_drafted_cannot_be_decided_about() -> None:
    outcome = approving().when(product.decision(SCHOOL, ORIGINAL))
    assert outcome.refusal == Refusal("refused.unknown-subject", "product_id")


@pytest.mark.parametrize(
    "agreement", [None, {"until": dt.date(2026, 6, 9)}, {"since": dt.date(2026, 6, 11)}]
)
def test_an_owner_whose_agreement_is_not_in_force_cannot_decide_and_is_not_waited_for(
    agreement: dict[str, dt.date] | None,
) -> None:
    told = {"reference": "ISA", "signatory": "A. Head", "since": dt.date(2020, 1, 1)}
    signed = Agreement.model_validate(told | agreement) if agreement else None
    step = approving(given.policy(given.partner("school", agreement=signed)))
    outcome = step.when(product.drafted(SCHOOL, GP))
    assert [letter.agency for letter in outcome.letters] == ["gp"]
    assert step.when(product.decision(SCHOOL, SANITISED)).refusal == Refusal("refused.agreement")
    product_ = approved(step.when(product.decision(GP, SANITISED)).facts)
    assert [item.owner for item in product_.items] == ["gp"]
    assert [post.owner for post in product_.signposts] == ["school"]


def test_a_product_of_owners_none_of_whom_may_decide_goes_out_as_signposts() -> None:
    step = approving(given.policy(given.partner("school", agreement=None)))
    outcome = step.when(product.drafted(SCHOOL))
    assert [post.owner for post in approved(outcome.facts).signposts] == ["school"]
    assert outcome.letters == ()


def test_what_an_owner_let_leave_does_not_leave_once_its_agreement_has_ended() -> None:
    ending = Agreement(
        reference="ISA", signatory="A. Head", since=dt.date(2020, 1, 1), until=given.NOON.date()
    )
    step = approving(given.policy(given.partner("school", agreement=ending)))
    step.given(product.drafted(SCHOOL, GP), product.decision(SCHOOL, ORIGINAL))
    outcome = step.when(product.decision(GP, SANITISED), at=given.NOON + dt.timedelta(days=1))
    assert [item.owner for item in approved(outcome.facts).items] == ["gp"]
    assert [post.owner for post in approved(outcome.facts).signposts] == ["school"]


def test_an_owner_takes_back_what_it_allowed_while_nothing_has_left() -> None:
    step = approving().given(product.drafted(SCHOOL, GP), product.decision(SCHOOL, ORIGINAL))
    outcome = step.when(product.decision(SCHOOL, WITHHOLD))
    assert [type(fact) for fact in outcome.facts] == [ItemWithheld, ItemDecided]
    assert step.when(product.decision(SCHOOL, ORIGINAL)).refusal == Refusal(
        "refused.withheld", "item_id"
    )
    outcome = step.when(product.decision(GP, SANITISED))
    assert [item.owner for item in approved(outcome.facts).items] == ["gp"]


def test_what_was_approved_is_withdrawn_when_its_owner_withholds_it_after_all() -> None:
    step = approving().given(product.drafted(SCHOOL), product.decision(SCHOOL, ORIGINAL))
    outcome = step.when(product.decision(SCHOOL, WITHHOLD))
    assert [type(fact) for fact in outcome.facts] == [ItemWithheld, ApprovalWithdrawn]
    (withdrawn,) = given.of(ApprovalWithdrawn, outcome.facts)
    assert (withdrawn.item_id, withdrawn.recipient) == (SCHOOL.item_id, product.RECIPIENT)
    assert withdrawn.signpost is not None
    assert not withdrawn.recall
    assert step.when(product.decision(SCHOOL, WITHHOLD)) == Outcome()


HELD = product.draft_item("school", held_by="police")
"""The police told it, and say that it is the school's."""


SERGEANT = "Decision maker of police"


def by_police(choice: Choice, **changes: Any) -> ReleaseDecided:
    """What the police, who told it, decide about the item that they say is the school's."""
    return product.decision(HELD, choice, agency="police", decided_by=SERGEANT, **changes)


def test_an_item_that_is_said_to_be_anothers_needs_who_told_it_and_its_owner() -> None:
    step = approving()
    outcome = step.when(product.drafted(HELD))
    assert [letter.agency for letter in outcome.letters] == ["police"]
    outcome = step.when(by_police(SANITISED))
    assert [type(fact) for fact in outcome.facts] == [ItemDecided]
    assert [letter.agency for letter in outcome.letters] == ["school"]
    outcome = step.when(product.decision(HELD, SANITISED))
    assert [item.owner for item in approved(outcome.facts).items] == ["school"]


def test_its_owner_is_shown_it_once_who_told_it_lets_it_leave_and_in_no_other_words() -> None:
    step = approving().given(product.drafted(HELD))
    (letter,) = step.when(by_police(SANITISED)).letters
    assert isinstance(letter.notice, ApprovalRequest)
    assert HELD.original not in letter.notice.model_dump_json()
    assert letter.notice.item.original == HELD.sanitised
    other = approving().given(product.drafted(HELD, GP))
    assert other.when(by_police(WITHHOLD)).letters == ()
    outcome = other.when(product.decision(GP, SANITISED))
    assert [item.owner for item in approved(outcome.facts).items] == ["gp"]


def test_its_owner_keeps_it_in_by_itself() -> None:
    step = approving().given(product.drafted(HELD, GP), product.decision(GP, SANITISED))
    step.given(by_police(SANITISED), product.decision(HELD, WITHHOLD))
    assert [item.owner for item in approved(step.facts).items] == ["gp"]


def test_the_two_approve_the_same_words_or_none() -> None:
    step = approving().given(product.drafted(HELD), by_police(ORIGINAL))
    assert step.when(product.decision(HELD, SANITISED)).refusal == Refusal(
        "refused.digest", "digest"
    )
    own = {
        "text": OWN_WORDS,
        "digest": product.digest(HELD.item_id, OWN_WORDS),
        "instead_of": HELD.original_digest,
    }
    reworded = product.decision(HELD, Choice.RELEASE_REWORDED, **own)
    assert step.when(reworded).refusal == Refusal("refused.other-words", "digest")
    outcome = step.when(product.decision(HELD, ORIGINAL))
    assert [item.text for item in approved(outcome.facts).items] == [HELD.original]


def test_words_of_its_own_of_who_told_it_are_what_its_owner_is_asked_about() -> None:
    step = approving().given(product.drafted(HELD))
    digest = product.digest(HELD.item_id, OWN_WORDS)
    told = {"text": OWN_WORDS, "digest": digest, "instead_of": HELD.original_digest}
    (letter,) = step.when(by_police(Choice.RELEASE_REWORDED, **told)).letters
    assert isinstance(letter.notice, ApprovalRequest)
    assert letter.notice.item.sanitised == OWN_WORDS
    outcome = step.when(product.decision(HELD, SANITISED, digest=digest))
    assert [item.text for item in approved(outcome.facts).items] == [OWN_WORDS]


def test_an_agency_is_not_named_on_anothers_word() -> None:
    step = approving().given(product.drafted(HELD, GP), product.decision(GP, SANITISED))
    step.given(by_police(SANITISED), product.decision(HELD, WITHHOLD, signpost=False))
    assert [post.owner for post in approved(step.facts).signposts] == ["police"]


def test_nor_is_it_while_it_has_said_nothing() -> None:
    outcome = approving().when(product.drafted(HELD, urgent=True))
    assert [post.owner for post in approved(outcome.facts).signposts] == ["police"]


OWN_WORDS = "An adult of the home told the school."


def reworded(said: str = OWN_WORDS, **changes: Any) -> ReleaseDecided:
    """The school's own words in place of those proposed."""
    told = {
        "text": said,
        "digest": product.digest(SCHOOL.item_id, said),
        "instead_of": SCHOOL.original_digest,
    }
    return product.decision(SCHOOL, Choice.RELEASE_REWORDED, **told | changes)


COVERT = "He is under covert watch. The depot knows nothing of it."


@pytest.mark.parametrize(
    "said",
    [
        "Seen on 2 October. he is under  covert watch",
        f"Seen on 2 October. {COVERT} Seen again since.",
    ],
)
def test_words_of_an_owners_own_do_not_say_what_another_agency_withholds(said: str) -> None:
    kept = product.draft_item("police", original=COVERT)
    step = approving().given(product.drafted(SCHOOL, kept), product.decision(kept, WITHHOLD))
    outcome = step.when(reworded(said))
    assert approved(outcome.facts).items == ()
    (told,) = given.of(ProductHeld, outcome.facts)
    assert (told.rest_goes, told.written_by) == (True, "school")
    assert [(hit.danger, hit.where) for hit in told.hits] == [
        (Danger.WITHHELD_WORDS, f"items.{SCHOOL.item_id}")
    ]
    assert "covert" not in told.model_dump_json()
    assert step.when(reworded(said)) == Outcome(), "as with any words of its own"


def test_what_an_owner_hears_is_the_same_whether_it_guessed_right_or_not() -> None:
    kept = product.draft_item("police", original=COVERT)
    told = []
    for said in (COVERT, "He is under watch."):
        step = approving().given(
            product.drafted(SCHOOL, kept, GP), product.decision(kept, WITHHOLD)
        )
        outcome = step.when(reworded(said))
        (decided,) = given.of(ItemDecided, outcome.facts)
        later = [step.when(reworded(said)), step.when(product.decision(SCHOOL, ORIGINAL))]
        told.append((outcome.refusal, outcome.letters, decided.choice, later))
    assert told[0] == told[1]


def test_nor_is_another_that_decides_about_the_item_shown_such_words() -> None:
    watched = product.draft_item("gp", original=COVERT)
    step = approving().given(product.drafted(HELD, watched), product.decision(watched, WITHHOLD))
    said = {
        "text": COVERT,
        "digest": product.digest(HELD.item_id, COVERT),
        "instead_of": HELD.original_digest,
        "decided_by": SERGEANT,
    }
    outcome = step.when(product.decision(HELD, Choice.RELEASE_REWORDED, "police", **said))
    assert (outcome.refusal, outcome.letters) == (None, ())
    assert approved(outcome.facts).items == ()


def test_what_another_agency_withholds_later_does_not_leave_in_words_that_still_wait() -> None:
    kept = product.draft_item("police", original=COVERT)
    step = approving().given(product.drafted(SCHOOL, kept), reworded(f"Seen. {COVERT}"))
    assert approved(step.when(product.decision(kept, WITHHOLD)).facts).items == ()


def test_what_an_owner_said_itself_it_may_say_whoever_withholds_the_same() -> None:
    kept = product.draft_item("police", original=SCHOOL.original)
    step = approving().given(product.drafted(SCHOOL, kept), product.decision(kept, WITHHOLD))
    assert step.when(reworded(f"{SCHOOL.original} In short.")).refusal is None


def test_an_owner_sends_words_of_its_own_and_these_leave_beside_what_they_differ_in() -> None:
    step = approving().given(product.drafted(SCHOOL))
    outcome = step.when(reworded())
    (item,) = approved(outcome.facts).items
    assert item.text == OWN_WORDS
    assert item.digest == product.digest(SCHOOL.item_id, OWN_WORDS)
    (decided,) = given.of(ItemDecided, outcome.facts)
    assert decided.wording is not None
    assert decided.wording.text == OWN_WORDS
    (difference,) = decided.wording.differences
    assert SCHOOL.original[difference.start : difference.end] == "Mariam"
    assert difference.instead == "An adult of the home"
    assert step.when(reworded()) == Outcome()
    other = reworded("Somebody told the school.")
    assert step.when(other).refusal == Refusal("refused.closed", "item_id")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"text": None}, Refusal("missing.field", "text")),
        ({"text": "Other words."}, Refusal("refused.digest", "digest")),
        ({"digest": SCHOOL.sanitised_digest}, Refusal("refused.digest", "digest")),
        ({"instead_of": SCHOOL.sanitised_digest}, Refusal("refused.digest", "instead_of")),
        ({"instead_of": None}, Refusal("refused.digest", "instead_of")),
    ],
)
def test_words_of_an_owners_own_are_bound_to_their_digest_too(
    changes: dict[str, Any], refusal: Refusal
) -> None:
    step = approving().given(product.drafted(SCHOOL))
    assert step.when(reworded(**changes)).refusal == refusal


words = st.text("ab \n", min_size=1, max_size=30)


@for_all(words, words)
def test_the_differences_make_the_owners_words_of_the_original(original: str, text: str) -> None:
    made, behind = "", 0
    for one in wording(original, text).differences:
        made += original[behind : one.start] + one.instead
        behind = one.end
    assert made + original[behind:] == text


@pytest.mark.parametrize("items", [(SCHOOL,), (SCHOOL, GP)])
def test_the_same_decision_twice_is_one_and_another_is_refused(
    items: tuple[DraftItem, ...],
) -> None:
    step = approving().given(product.drafted(*items), product.decision(SCHOOL, SANITISED))
    assert step.when(product.decision(SCHOOL, SANITISED)) == Outcome()
    assert step.when(product.decision(SCHOOL, ORIGINAL)).refusal == Refusal(
        "refused.closed", "item_id"
    )
    nothing = "item_id" if GP in items else "product_id"  # to who decides about nothing of it
    assert step.when(product.decision(SCHOOL, SANITISED, agency="gp")).refusal == Refusal(
        "refused.unknown-subject", nothing
    )


def test_the_same_draft_told_twice_asks_once() -> None:
    assert approving().given(product.drafted(SCHOOL)).when(product.drafted(SCHOOL)) == Outcome()


def test_what_is_approved_does_not_depend_on_who_decides_first() -> None:
    decisions = [
        product.decision(SCHOOL, SANITISED),
        product.decision(GP, WITHHOLD),
        product.decision(POLICE, ORIGINAL),
    ]
    results = [
        approved(approving().given(product.drafted(SCHOOL, GP, POLICE), *order).facts)
        for order in permutations(decisions)
    ]
    assert all(result == results[0] for result in results)


def red(*items: DraftItem, standing: bool) -> tuple[Given, Outcome[Any]]:
    releases = (given.standing(product.RECIPIENT),) if standing else ()
    step = approving(given.policy(given.releasing("police", *releases)))
    return step, step.when(product.drafted(*items, urgent=True))


def test_an_urgent_product_leaves_at_once_with_what_its_owner_approved_beforehand() -> None:
    _, outcome = red(NOTIFICATION, SCHOOL, standing=True)
    product_ = approved(outcome.facts)
    assert [(item.text, item.decided_by) for item in product_.items] == [
        (NOTIFICATION.sanitised, "Sergeant in the agreement")
    ]
    assert [post.owner for post in product_.signposts] == ["school"]
    assert product_.urgent
    assert outcome.letters == ()
    assert [fact.owner for fact in given.of(ItemDecided, outcome.facts)] == ["police"]


def test_an_urgent_product_without_a_standing_release_is_a_signpost_and_waits_for_nobody() -> None:
    step, outcome = red(NOTIFICATION, SCHOOL, standing=False)
    assert approved(outcome.facts).items == ()
    assert [post.owner for post in approved(outcome.facts).signposts] == ["police", "school"]
    (without,) = given.of(ProductWithout, outcome.facts)
    assert [(one.item_id, one.owner) for one in without.items] == [
        ("item-police", "police"),
        ("item-school", "school"),
    ]
    assert without.because == "urgent"
    assert step.when(product.decision(SCHOOL, ORIGINAL)).facts == ()


def test_a_standing_release_covers_the_notification_only() -> None:
    _, outcome = red(NOTIFICATION, product.draft_item("police", "informant"), standing=True)
    assert [item.item_id for item in approved(outcome.facts).items] == ["item-police"]


@pytest.mark.parametrize("voided_first", [True, False])
def test_a_voided_draft_is_refused_in_either_order_and_takes_no_decision(
    voided_first: bool,
) -> None:
    facts = [product.drafted(SCHOOL), product.voided()]
    step = approving().given(*(reversed(facts) if voided_first else facts))
    assert refused(step.facts).voided
    outcome = step.when(product.decision(SCHOOL, ORIGINAL))
    assert outcome.facts == ()
    never_asked = Refusal("refused.closed", "item_id")
    assert outcome.refusal == (never_asked if voided_first else None)


def test_owners_who_were_asked_about_the_wrong_child_are_told_that_it_is_settled() -> None:
    step = approving().given(product.drafted(SCHOOL))
    (letter,) = step.when(product.voided()).letters
    assert letter.agency == "school"
    assert isinstance(letter.notice, ApprovalCancellation)


def test_an_approved_product_is_not_refused_when_it_is_voided() -> None:
    step = approving().given(product.drafted(SCHOOL), product.decision(SCHOOL, ORIGINAL))
    assert step.when(product.voided()) == Outcome()


OWNERS = ("school", "gp", "police")
choices = st.fixed_dictionaries(
    {owner: st.sampled_from((ORIGINAL, SANITISED, WITHHOLD)) for owner in OWNERS}
)


@for_all(choices, st.permutations(OWNERS), st.lists(st.sampled_from(OWNERS)))
def test_only_what_its_owner_released_is_approved_whatever_others_try(
    wanted: dict[str, Choice], order: list[str], meddlers: list[str]
) -> None:
    items = {owner: product.draft_item(owner) for owner in OWNERS}
    step = approving().given(product.drafted(*items.values()))
    for owner in order:
        for meddler in meddlers:
            if meddler != owner:
                assert (
                    step.when(product.decision(items[owner], ORIGINAL, agency=meddler)).refusal
                    is not None
                )
        step.when(product.decision(items[owner], wanted[owner]))
    released = {item.owner: item.text for item in approved(step.facts).items}
    assert released == {
        owner: items[owner].original if choice is ORIGINAL else items[owner].sanitised
        for owner, choice in wanted.items()
        if choice is not WITHHOLD
    }

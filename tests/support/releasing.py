"""A product that is let go, and what is asked back of it."""

from __future__ import annotations

from typing import Any

from router.step import Outcome
from router.steps.release import decide as release
from schemas.base import Fact
from schemas.identity import IdentityBlock, LeftOut, OwnedIdentity
from schemas.letter import letter_id
from schemas.owed import OwedFact
from schemas.policy import Policy
from schemas.product import (
    ProductApproved,
    release_digest,
)
from tests.support import given
from tests.support import products as product
from tests.support.given import Given


def releasing() -> Given:
    return Given(release.STEP)


def told_of_products(outcome: Outcome[Any]) -> list[type[Fact]]:
    """What became of products; the clocks of receipts have tests of their own."""
    return [type(fact) for fact in outcome.facts if not isinstance(fact, OwedFact)]


def left(*, policy: Policy | None = None) -> tuple[Given, str]:
    """A product on its recipient's queue, and the id of its letter."""
    step, told = Given(release.STEP, policy), given.message(product.approved())
    (letter,) = step.when(told).letters
    return step, letter_id(told.id, "release", key=letter.key)


BLOCK = IdentityBlock(
    names=given.child().name, born=given.child().date_of_birth, address=given.child().address
)


def about(block: IdentityBlock, *untold: LeftOut) -> ProductApproved:
    """Approved as about a child, with less of it told by its owner's word."""
    item = product.approved().items[0]
    digest = release_digest(
        item_id=item.item_id,
        recipient=product.RECIPIENT,
        purpose=product.PURPOSE,
        text=item.text,
        about=BLOCK.digest(),
    )
    return product.approved(
        items=(item.model_copy(update={"digest": digest}),),
        identity=OwnedIdentity(owner="police", block=BLOCK),
        untold=untold,
        about=block,
    )

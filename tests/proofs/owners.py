"""Products that their owners signed, for proofs that then alter them: every approval is given by
the approve step, and whether one leaves is asked of the release step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from router.step import Outcome
from router.steps.approve.decide import STEP as APPROVE
from router.steps.release.decide import STEP as RELEASE
from router.steps.release.state import State
from schemas.identity import IdentityBlock, OwnedIdentity
from schemas.notices import ApprovalRequest
from schemas.person import Name
from schemas.policy import Partner, Policy
from schemas.product import DraftItem, Product, ProductApproved, ProductReleased, release_digest
from tests.support import given, products
from tests.support.given import Given, of
from tests.support.signing import Signer

OWNERS: Final = ("school", "gp", "health_visiting", "housing", "helpline", "midwifery")
ABOUT: Final = OwnedIdentity(
    owner="school",
    block=IdentityBlock(names=(Name(given_name=("Tilly",), family_name=("Thornbury",)),)),
)
"""Whom the products are about, invented."""
Signers = Mapping[str, Signer]


def signers(*agencies: str) -> dict[str, Signer]:
    """A decision maker of each of these."""
    return {agency: Signer(agency) for agency in agencies}


def policy_of(*partners: Partner, two_people_for: str = "nothing") -> Policy:
    """The policy in which these sign, and nobody else lets anything leave."""
    profile = given.profile().model_copy(update={"two_people_for": two_people_for})
    return given.policy(*partners, profile_=profile).model_copy(update={"signed": True})


def item_of(owner: str, item_id: str | None = None, **changes: object) -> DraftItem:
    """An item of a product about :data:`ABOUT`."""
    item = products.draft_item(owner, item_id, **changes)
    shown = {"original_digest": item.original, "sanitised_digest": item.sanitised}
    told = {name: _digest(item.item_id, text) for name, text in shown.items()}
    return item.model_copy(update=told)


def _digest(item_id: str, text: str) -> str:
    return release_digest(
        item_id=item_id,
        recipient=products.RECIPIENT,
        purpose=products.PURPOSE,
        text=text,
        about=ABOUT.block.digest(),
    )


@dataclass(slots=True)
class Asked:
    """The approve step, which has put a product before its owners."""

    approve: Given
    waiting: list[tuple[str, ApprovalRequest]]
    """Whom it has asked, and what."""

    def hear(self, outcome: Outcome[object]) -> None:
        """Note whom it asks."""
        self.waiting += [
            (letter.agency, letter.notice)
            for letter in outcome.letters
            if isinstance(letter.notice, ApprovalRequest)
        ]

    @property
    def approved(self) -> ProductApproved | None:
        """What may leave, once all have decided."""
        return next(iter(of(ProductApproved, self.approve.facts)), None)


def asked(policy: Policy, items: Sequence[DraftItem]) -> Asked:
    """A product of these items, put before their owners."""
    one = Asked(Given(APPROVE, policy), [])
    one.hear(one.approve.when(products.drafted(*items, identity=ABOUT)))
    return one


def approved(policy: Policy, items: Sequence[DraftItem], by: Signers) -> ProductApproved:
    """The product, signed by every owner of everything in it."""
    one = asked(policy, items)
    while one.waiting:
        agency, request = one.waiting.pop(0)
        one.hear(one.approve.when(by[agency].approves(request)))
    if one.approved is None:
        raise AssertionError("it was not approved")
    return one.approved


def leaving(approved: ProductApproved, policy: Policy) -> frozenset[str]:
    """Which of its items the release step lets leave."""
    outcome: Outcome[State] = RELEASE.decide(None, given.message(approved), policy)
    sent = (one.notice for one in outcome.letters if one.agency == approved.recipient)
    return frozenset(item.item_id for one in of(Product, sent) for item in one.items)


def leaves(approved: ProductApproved, policy: Policy) -> bool:
    """Whether the release step lets it leave."""
    outcome: Outcome[State] = RELEASE.decide(None, given.message(approved), policy)
    sent = any(isinstance(fact, ProductReleased) for fact in outcome.facts)
    return sent or any(letter.agency == approved.recipient for letter in outcome.letters)

"""What owners approved and does not count any more before its recipient has it: a key was revoked,
or it ran out. The rest goes, and they are asked again.
"""

from __future__ import annotations

import datetime as dt

import pytest

from router.steps import gate
from schemas.decisions import ProductStopped, Ruling
from schemas.notices import HeldBackNotice
from schemas.policy import Policy
from schemas.product import (
    ApprovalsEnded,
    ApprovalWithdrawn,
    Product,
    ProductHeldBack,
)
from tests.support import products
from tests.support.flow import Flow
from tests.support.given import NOON
from tests.support.signing import Signer
from tests.unit.steps.test_silent_owners import amber, asked, owners, ruling

DAY = dt.timedelta(days=1)
OWNERS = ("police", "school", "gp")


class Town:
    """A product of three agencies' items that all of them signed, on its recipient's queue."""

    def __init__(self) -> None:
        self.signers = {agency: Signer(agency) for agency in OWNERS}
        self.hub = amber(self.policy())
        for agency in OWNERS:
            self.signs(agency)
        (self.product,) = self.hub.told(Product)

    def policy(self, *revoked: str) -> Policy:
        """With the keys of these revoked as of the moment at which they signed."""
        gone = {agency: {"revoked_at": NOON} for agency in revoked}
        signing = {
            agency: one.partner(one.key(**gone.get(agency, {})))
            for agency, one in self.signers.items()
        }
        policy = ruling("wait")
        return policy.model_copy(
            update={"signed": True, "partners": dict(policy.partners) | signing}
        )

    def signs(self, agency: str) -> None:
        self.hub.send(self.signers[agency].approves(asked(self.hub, agency)))

    def adopt(self, policy: Policy) -> None:
        self.hub._policy = policy
        for one in self.hub._given.values():
            one._policy = policy

    def stopped(self, *revoked: str, at: dt.datetime = NOON + DAY) -> Flow:
        """Looked at once more as it was to be handed over, and not let out."""
        self.adopt(self.policy(*revoked))
        self.hub.at = at
        state = self.hub._given["release", self.product.product_id].state
        told = self.product.shared(ProductStopped) | {"letter_id": state.letter}
        return self.hub.send(ProductStopped(reason="It holds no more.", **told))


@pytest.fixture
def town() -> Town:
    return Town()


def test_the_rest_goes_and_whose_key_was_revoked_is_asked_again(town: Town) -> None:
    hub = town.stopped("school")
    assert hub.told(HeldBackNotice) == []
    assert owners(hub.told(Product)[-1]) == ["police", "gp"]
    again = asked(hub, "school")
    assert again.follows == town.product.product_id

    town.signers["school"] = Signer("school")
    town.adopt(town.policy())
    town.signs("school")
    more = hub.told(Product)[-1]
    assert (owners(more), more.follows) == (["school"], town.product.product_id)
    assert hub.refused == []


def test_where_nothing_is_left_the_lead_is_told_and_all_are_asked_again(town: Town) -> None:
    hub = town.stopped(*OWNERS)
    assert len(hub.told(Product)) == 1
    assert len(hub.of(ProductHeldBack)) == len(hub.told(HeldBackNotice)) == 1
    assert {asked(hub, agency).follows for agency in OWNERS} == {town.product.product_id}


def test_what_ran_out_is_asked_about_again(town: Town) -> None:
    hub = town.stopped(at=NOON + (town.policy().profile.approvals_last + 1) * DAY)
    (ended,) = hub.of(ApprovalsEnded)
    assert {one.owner for one in ended.items} == {*OWNERS}
    assert ended.reason == gate.OVER


def test_what_does_not_leave_with_it_is_not_asked_back_when_its_owner_withholds_it(
    town: Town,
) -> None:
    """Its recipient never had it, and is not to learn that it is withheld."""
    hub = town.stopped("school")
    item = next(one for one in town.product.items if one.owner == "school")
    hub.send(products.ruled(products.draft_item("school", item.item_id), Ruling.RECALL))
    assert hub.of(ApprovalWithdrawn) == []
    assert hub.refused == []

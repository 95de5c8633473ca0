"""What is told to whoever holds something of a referral that has changed since (R20, R38)."""

from __future__ import annotations

from collections.abc import Callable
from operator import not_

from pydantic import Field

from schemas.base import (
    AgencyFact,
    Code,
    Identity,
    Instant,
    Line,
    Notice,
    ReferralFact,
    ReferralHead,
)
from schemas.identity import About
from schemas.product import Disposal
from schemas.rating import Colour

_no: Callable[[object], bool] = not_


class Change(ReferralHead):
    """To one agency that holds products of a referral: what stands now."""

    change_id: Identity
    """By which it is acknowledged."""
    agency: Code
    product_ids: tuple[Identity, ...]
    """What it holds."""
    was: Colour
    """The rating that it knew."""
    colour: Colour
    """The rating that stands."""
    confirmed: bool = Field(default=False, exclude_if=_no)
    """What it knew was the profile's suggestion, and a social worker has confirmed it since."""
    outcome: Disposal | None = Field(default=None, exclude_if=_no)
    """With which the referral is closed; None: it is open."""


class ChangeFact(ReferralFact, topic="changes.told", agency="agency"):
    """What became of a change: told, and acknowledged."""


class ChangeTold(Change, ChangeFact, type="mash.change.told.v1"):
    """Whoever holds products was told what changed, and owes a receipt."""


class ChangeAcknowledged(ChangeFact, type="mash.change.acknowledged.v1"):
    """A person of who was told of a change says that they know of it."""

    change_id: Identity
    agency: Code
    received_by: Line


class ChangeFetched(
    ReferralFact, type="mash.change.fetched.v1", topic="deliveries.received", agency="agency"
):
    """A change was handed to who holds products: what it is handed from now on, it reads later."""

    change_id: Identity
    agency: Code
    letter_id: Identity


class ProductChange(About, Change, Notice, type="mash.product-changed.v1"):
    """To who holds products: what changed, and what to do now; answered by a change receipt."""

    changed: Line
    to_do: Line
    receipt_by: Instant | None = Field(default=None, exclude_if=_no)
    """By when a person says that they know of it; None: no clock runs."""
    contact: Line
    """Whom to ring about it."""


class ChangeReceipt(ReferralHead):
    """Who was told of a change says that a person knows of it."""

    change_id: Identity
    received_by: Line


class ChangeReceived(
    AgencyFact,
    type="mash.change.received.v1",
    topic="deliveries.received",
    subject="receipt.case_id",
    referral="receipt.referral_id",
):
    """A change receipt came in by a connector."""

    receipt: ChangeReceipt

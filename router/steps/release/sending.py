"""A product as its recipient gets it."""

from __future__ import annotations

from hashlib import sha256

from schemas.letter import Letter, letter_id
from schemas.product import Product, ProductApproved, ProductReleased

STEP_NAME = "release"


def letter(approved: ProductApproved) -> Letter:
    """The letter that holds what was approved and nothing else."""
    return Letter("product", agency=approved.recipient, notice=_product(approved))


def letter_named(cause: str) -> str:
    """The id of the letter that goes out on a message."""
    return letter_id(cause, STEP_NAME, key="product")


def released(approved: ProductApproved) -> ProductReleased:
    """The fact that it is on its recipient's queue."""
    return ProductReleased(
        digest=sha256(_product(approved).model_dump_json().encode()).hexdigest(),
        item_digests=tuple(item.digest for item in approved.items),
        **approved.shared(ProductReleased) | {"signposts": len(approved.signposts)},
    )


def _product(approved: ProductApproved) -> Product:
    return Product(**approved.shared(Product))

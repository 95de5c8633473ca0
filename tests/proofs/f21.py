"""F21: what an owner approved is altered afterwards, by whoever has the hub's key and its store: in
the words, in what the product says of itself, in what was signed, and in single bits; whatever the
hub itself works out is worked out anew. None of it may leave, and no recipient may take it for
approved.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from random import Random
from string import ascii_lowercase
from typing import Any, Final
from unittest import mock

from connectors.edge.releases import NoRelease, verify
from router.steps import gate
from router.steps.release import decide as release
from router.steps.release import sending
from schemas.envelope import Envelope, signed
from schemas.person import Name
from schemas.policy import ApprovalKey, Policy
from schemas.product import (
    ApprovedItem,
    Item,
    OwnerApproval,
    Product,
    ProductApproved,
    ToAct,
    release_digest,
)
from schemas.statement import ReleaseStatement, text_digest
from tests.proofs.owners import approved, item_of, leaves, policy_of, signers
from tests.support.given import NOON
from tests.support.signing import Signer

DAY: Final = dt.timedelta(days=1)
OWNER, COLLEAGUE = "school", "gp"
OF_PRODUCT: Final = (
    "text",
    "item_id",
    "owner",
    "recipient",
    "purpose",
    "case_id",
    "product_id",
    "about",
)
"""What a product says that its owners approved."""
_HEAD: Final = ("recipient", "purpose", "case_id", "product_id")
_SAME: Final = {"agency": "owner", "text_sha256": "text", "digest": "text"}
"""Where the statement says of a product by another name what the product says."""


@dataclass(frozen=True)
class Plan:
    """How many alterations; ``without``: what of the gate is dropped."""

    alterations: int
    seed: int
    without: str = ""


def _unsigned(envelope: Envelope, _public: str, **_: Any) -> bytes:
    return envelope.unverified()


CONTROLS: Final[Mapping[str, Callable[[], AbstractContextManager[Any]]]] = {
    "signature": lambda: mock.patch.object(Envelope, "opened_by", _unsigned),
    "bytes": lambda: mock.patch.object(gate, "_is_of", return_value=True),
    "about": lambda: mock.patch.object(release, "_is_part", return_value=True),
}
"""What may be dropped: the proof has to fail then."""


def prove(plan: Plan, *, progress: Callable[[int], None]) -> dict[str, Any]:
    """Alter, ask whether it leaves, and count; what nobody altered has to leave."""
    town, tried, left = Town(Random(plan.seed)), Counter[str](), list[str]()  # noqa: S311
    with CONTROLS[plan.without]() if plan.without else nullcontext():
        whole = leaves(town.approved, town.policy) and town.is_believed(town.letter)
        for _ in range(plan.alterations):
            what, came_through = town.altered()
            tried[what] += 1
            if came_through:
                left.append(what)
            progress(1)
    return {
        "alterations": plan.alterations,
        "seed": plan.seed,
        "without": plan.without,
        "whole_product_left": whole,
        "by_kind": dict(sorted(tried.items())),
        "left": len(left),
        "examples": sorted(set(left))[:10],
    }


class Town:
    """A product that its two owners signed, and whoever alters it."""

    def __init__(self, chance: Random) -> None:
        self.chance, self.signers = chance, signers(OWNER, COLLEAGUE)
        self.policy: Policy = policy_of(*(one.partner() for one in self.signers.values()))
        items = [item_of(OWNER), item_of(COLLEAGUE)]
        self.approved: ProductApproved = approved(self.policy, items, self.signers)
        self.item = next(one for one in self.approved.items if one.owner == OWNER)
        self.approval = next(one for one in self.approved.approvals if one.agency == OWNER)
        assert self.approval.envelope is not None
        self.envelope = self.approval.envelope
        self.statement = ReleaseStatement.parse(self.envelope.unverified())
        self.letter = self._letter(self.approved)
        self.keys: dict[str, tuple[ApprovalKey, ...]] = {
            code: (one.key(),) for code, one in self.signers.items()
        }

    def altered(self) -> tuple[str, bool]:
        """What was altered, and whether it came through."""
        kind = self.chance.choice(("product", "statement", "statement", "bits", "approval", "sent"))
        if kind == "product":
            which = self.chance.choice(OF_PRODUCT)
            anew = self.chance.random() < 0.8
            told = self._with(which, self._other(which), anew=anew)
            return f"product.{which}", leaves(told, self.policy)
        if kind == "statement":
            return self._another_statement()
        if kind == "bits":
            what, envelope = self._flipped()
            told = self._given(self.approval.model_copy(update={"envelope": envelope}))
            return f"bits.{what}", leaves(told, self.policy)
        if kind == "approval":
            return self._another_approval()
        return "sent.one byte", self._sent()

    # --- what the product says

    def _with(self, which: str, value: Any, *, anew: bool = True) -> ProductApproved:
        """The product with something else in it, which the hub has noted so of the approval too;
        ``anew``: with the digests that it has then. What was altered of it comes first.
        """
        item, told = self.item, self.approved
        if which in ("text", "item_id", "owner"):
            item = item.model_copy(update={which: value})
        else:
            told = told.model_copy(update={which: value})
        others = [one for one in told.items if one is not self.item]
        items = [self._anew(one, told) if anew else one for one in (item, *others)]
        given = self.approval.model_copy(update={"item_id": item.item_id, "agency": item.owner})
        left = [one for one in told.approvals if one is not self.approval]
        return told.model_copy(update={"items": tuple(items), "approvals": (given, *left)})

    def _anew(self, item: ApprovedItem, told: ProductApproved) -> ApprovedItem:
        digest = release_digest(
            item_id=item.item_id,
            recipient=told.recipient,
            purpose=told.purpose,
            text=item.text,
            about=told.identity_digest,
        )
        return item.model_copy(update={"digest": digest})

    def _other(self, which: str) -> Any:
        if which == "text":
            return self._one_byte(self.item.text)
        if which == "about":
            assert self.approved.about is not None
            other = Name(given_name=("Mila",), family_name=("Thornbury",))
            return self.approved.about.model_copy(update={"names": (other,)})
        if which in ("owner", "recipient"):
            return self.chance.choice(("housing", "police", COLLEAGUE, "early_help"))
        held = self.item if which == "item_id" else self.approved
        return self._one_byte(getattr(held, which))

    def _one_byte(self, text: str) -> str:
        at = self.chance.randrange(len(text))
        others = [one for one in f"{ascii_lowercase}  .-" if one != text[at]]
        how = self.chance.randrange(3)
        new = "" if how == 0 and len(text) > 1 else self.chance.choice(others)
        return text[:at] + new + text[at + (how != 2) :]

    # --- what was signed

    def _another_statement(self) -> tuple[str, bool]:
        """Something else in the statement, and in the product where that says it as well, which
        has nothing beside; the envelope is of whoever would sign it, or as if its owner had.
        """
        which = self.chance.choice([*ReleaseStatement.model_fields])
        same = _SAME.get(which, which)
        if same in OF_PRODUCT and same != "about":
            told = self._with(same, self._other(same))
            statement = self._statement_of(told)
        else:
            told = self._with("text", self.item.text)
            statement = self.statement.model_copy(update={which: self._said_otherwise(which)})
        given = told.approvals[0]
        forged = given.model_copy(update={"envelope": self._by_somebody(statement)})
        alone = told.model_copy(update={"items": told.items[:1], "approvals": (forged,)})
        return f"statement.{which}", leaves(alone, self.policy)

    def _statement_of(self, told: ProductApproved) -> ReleaseStatement:
        """What its owner would have signed of a product's first item."""
        item = told.items[0]
        says: dict[str, Any] = {name: getattr(told, name) for name in _HEAD}
        says |= {"agency": item.owner, "item_id": item.item_id, "digest": item.digest}
        says |= {"text_sha256": text_digest(item.text)}
        says |= {"sources": (Item(item_id=item.item_id, owner=item.owner),)}
        return self.statement.model_copy(update=says)

    def _said_otherwise(self, which: str) -> Any:
        value = getattr(self.statement, which)
        if isinstance(value, dt.datetime):
            return value + self.chance.choice((-1, 1)) * self.chance.randint(1, 10**6) * DAY / 10**6
        if isinstance(value, int):
            return 3 - value
        if isinstance(value, tuple):
            return self.chance.choice(((), (*value, Item(item_id="item-9", owner="police"))))
        if which in ("text_sha256", "digest", "about", "redactions_sha256"):
            at, digit = self.chance.randrange(64), self.chance.choice("0123456789abcdef")
            return value[:at] + ("f" if digit == value[at] == "0" else digit) + value[at + 1 :]
        if which == "agency":
            return self.chance.choice(("housing", "police", COLLEAGUE))
        return self._one_byte(value) if value else "Because."

    def _by_somebody(self, statement: ReleaseStatement) -> Envelope:
        """The statement with a signature that is not its owner's under it."""
        how = self.chance.choice(("as it was", "in the owner's name", "stranger", "colleague"))
        by = self.signers[COLLEAGUE] if how == "colleague" else Signer(OWNER)
        new = signed(statement.payload(), by.seed)
        if how in ("stranger", "colleague"):
            return new
        (old,) = self.envelope.signatures
        sig = old.sig if how == "as it was" else new.signatures[0].sig
        return new.model_copy(update={"signatures": (old.model_copy(update={"sig": sig}),)})

    def _flipped(self) -> tuple[str, Envelope]:
        which = self.chance.choice(("payload", "sig", "keyid", "payloadType"))
        if which == "payload":
            raw = self._bit(base64.b64decode(self.envelope.payload))
            told = {"payload": base64.b64encode(raw).decode()}
            return which, self.envelope.model_copy(update=told)
        if which == "payloadType":
            told = {which: self._one_byte(self.envelope.payloadType)}
            return which, self.envelope.model_copy(update=told)
        (one,) = self.envelope.signatures
        if which == "sig":
            raw = self._bit(base64.b64decode(one.sig))
            changed = one.model_copy(update={"sig": base64.b64encode(raw).decode()})
        else:
            changed = one.model_copy(update={"keyid": self._one_byte(one.keyid)})
        return which, self.envelope.model_copy(update={"signatures": (changed,)})

    def _bit(self, raw: bytes) -> bytes:
        at = self.chance.randrange(len(raw) * 8)
        changed = bytearray(raw)
        changed[at // 8] ^= 1 << at % 8
        return bytes(changed)

    # --- what the hub noted of the approval

    def _another_approval(self) -> tuple[str, bool]:
        other = next(one for one in self.approved.approvals if one.agency == COLLEAGUE)
        long_ago = NOON - self.chance.randint(1, 4000) * DAY
        which, told = self.chance.choice(
            (
                ("item_id", {"item_id": other.item_id}),
                ("agency", {"agency": COLLEAGUE}),
                ("envelope", {"envelope": other.envelope}),
                ("no envelope", {"envelope": None}),
                ("decided_at", {"decided_at": long_ago}),
                ("decided_at", {"decided_at": NOON + 31 * DAY}),
                ("standing", {"standing": "information"}),
            )
        )
        given = self._given(self.approval.model_copy(update=told))
        return f"approval.{which}", leaves(given, self.policy)

    def _given(self, one: OwnerApproval) -> ProductApproved:
        others = [each for each in self.approved.approvals if each is not self.approval]
        return self.approved.model_copy(update={"approvals": (one, *others)})

    # --- on its way

    def _letter(self, told: ProductApproved) -> bytes:
        product = sending.product(told, ToAct())
        event = {"time": NOON.isoformat(), "data": product.model_dump(mode="json")}
        return json.dumps(event, sort_keys=True).encode()

    def is_believed(self, letter: bytes) -> bool:
        """Whether its recipient finds that every owner signed it."""
        try:
            return verify(letter, self.keys, recipient=self.approved.recipient).well
        except NoRelease:
            return False

    def _sent(self) -> bool:
        """A byte of the letter is another: whether its recipient takes it for approved, though it
        says something else now than owners approved.
        """
        changed = bytearray(self.letter)
        changed[self.chance.randrange(len(changed))] = self.chance.randrange(32, 127)
        letter = bytes(changed)
        return self.is_believed(letter) and _approved_of(letter) != _approved_of(self.letter)


def _approved_of(letter: bytes) -> object:
    """What a letter says that its owners approved."""
    told = Product.model_validate_json(json.dumps(json.loads(letter)["data"]))
    items = [(one.item_id, one.owner, one.text) for one in told.items]
    return items, told.recipient, told.purpose, told.case_id, told.product_id

"""What drafting has at hand: the referral as it stands, and each of its items sanitised once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from router.steps.cases import Cases
from router.steps.compose.gathering import Gathering, HeldItem, Notified
from router.steps.identity import identity_of
from router.steps.now import Now
from router.steps.safety import CHILD, cautioned, guarded
from router.steps.sanitising import Known, Sanitised, known_of, sanitise
from router.steps.sharing import open_to_others
from schemas.identity import IdentityField, OwnedIdentity
from schemas.information import Sensitivity
from schemas.message import derived_id
from schemas.person import Person
from schemas.rating import Colour
from schemas.safety import Around


@dataclass
class Drafting:
    """What drafting needs at hand; each item is sanitised once, for however many recipients."""

    state: Gathering
    cases: Cases
    notified: Notified
    referral_id: str
    now: Now
    instead: dict[str, str] = field(default_factory=dict)
    """By agency that gave its Red back, who has it instead."""
    _sanitised: dict[str, Sanitised] = field(default_factory=dict)

    @cached_property
    def known(self) -> Known:
        """Everyone of whom no text may tell; made for a draft alone, as most messages have none."""
        said = self.notified
        return said.known or known_of(said.child or Person(), *said.family)

    @cached_property
    def around(self) -> tuple[Around, ...]:
        """What must be looked for in whatever is sent about the child, as notified (L7)."""
        child = self.notified.child or Person()
        found = cautioned(Around(who=CHILD, person=child))
        return (found,) if found else ()

    def identity(self, recipient: str, *, risks: bool) -> OwnedIdentity:
        """Whom it is about, in so far as the notifying agency lets that be told; ``risks``: and who
        is a risk to the child.
        """
        owner = self.notified.item.owner
        identity = identity_of(
            self.notified.child or Person(),
            owner=owner,
            recipient=recipient,
            now=self.now,
            protected=guarded(self.around).homes_alone,
            risks=risks,
            your_reference=self.notified.reference if recipient == owner else None,
        )
        # What they did is in words that do not leave as they are: nor does who they are.
        kept = not open_to_others(self.notified.item) and recipient != owner
        return identity.asking(IdentityField.RISKS) if kept else identity

    def items(self) -> list[HeldItem]:
        """The notification and then all answers, in the same order whenever they came."""
        answered = [item for answer in self.state.answers for item in answer.items]
        ordered = sorted(answered, key=lambda item: (item.owner, item.item_id))
        return self.named([*self.notified.items, *ordered])

    def items_at_once(self) -> list[HeldItem]:
        """The same for whoever is told at once, after what who rated wrote for them."""
        said = self.own_words
        return self.items() if said is None else [said, *self.items()]

    @property
    def own_words(self) -> HeldItem | None:
        """What who rated wrote for whoever is told at once: the lead agency's own."""
        own = self.state.for_front_line
        if own is None:
            return None
        return HeldItem(
            item_id=derived_id("for-front-line", self.referral_id, own.text),
            owner=self.now.policy.lead_agency,
            text=own.text,
            sensitivity=Sensitivity.ROUTINE,
            may_be_revealed=True,
            may_leave=True,
            signpost=False,
            decided_by=own.decided_by,
        )

    def named(self, items: Sequence[HeldItem]) -> list[HeldItem]:
        """The items, each with whether whoever told it agreed to be named for it (R34)."""
        return [
            item.model_copy(
                update={"signpost": bool(item.signpost_to) or self._agrees(item.told_by)}
            )
            if item.signpost is None
            else item
            for item in items
        ]

    def _agrees(self, agency: str) -> bool:
        partner = self.now.policy.partners.get(agency)
        return bool(partner and partner.agreement and partner.agreement.signposts)

    def sanitised(self, item: HeldItem) -> Sanitised:
        """The item's sanitised text with its redactions."""
        if item.item_id not in self._sanitised:
            self._sanitised[item.item_id] = sanitise(item.text, known=self.known)
        return self._sanitised[item.item_id]


@dataclass(frozen=True, slots=True)
class Part:
    """What is drafted at one time for a rating; ``name`` tells it from its other products."""

    name: str
    colour: Colour
    items: Sequence[HeldItem]
    urgent: bool = False
    instead_of: str | None = None
    follows: str | None = None
    stands_in_for: tuple[str, ...] = ()

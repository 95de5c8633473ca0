"""One product for one recipient: its items, weighed and sanitised, and what is said around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from router.steps.areas import at_once_to, hub_of, recipients_of
from router.steps.asking import UNTOLD, as_it_stands, told_of_concern
from router.steps.compose.consent import without_consent
from router.steps.compose.drafting import Drafting, Part
from router.steps.compose.gathering import HeldItem
from router.steps.compose.weighing import weigh
from schemas.information import Sensitivity
from schemas.message import derived_id
from schemas.policy import Recipient
from schemas.product import DraftItem, ProductDrafted, release_digest
from schemas.rating import Colour
from schemas.sharing import names_to


def products(drafting: Drafting, part: Part) -> list[ProductDrafted]:
    """For each recipient that the profile names, or who has the Red in its place."""
    if part.urgent:
        return [product(drafting, part, recipient=one) for one in recipients(drafting, part)]
    return [
        product(drafting, replace(part, stands_in_for=for_), recipient=one)
        for one, for_ in _in_place_of(drafting, part)
    ]


def _in_place_of(drafting: Drafting, part: Part) -> Iterator[tuple[Recipient, tuple[str, ...]]]:
    """Who gets the products of a rating: of those that gave its Red back, who has it instead; each
    with whom it stands in for.
    """
    found: dict[str, tuple[Recipient, tuple[str, ...]]] = {}
    for one in recipients(drafting, part):
        other = drafting.instead.get(one.agency)
        to, before = found.get(other or one.agency, (one, ()))
        if other is not None:
            to, before = to.model_copy(update={"agency": other}), (*before, one.agency)
        found[to.agency] = (to, before)
    yield from found.values()


def recipients(drafting: Drafting, part: Part) -> Iterator[Recipient]:
    """Those of the profile; what its front line is told at once goes to the team of the child's
    worker too, for the same purpose.
    """
    rule, worker = drafting.now.rule(part.colour), drafting.state.allocated.works_with
    hub = hub_of(drafting.notified.child, drafting.now)
    own = (at_once_to if part.urgent else recipients_of)(rule, hub, now=drafting.now)
    yield from own
    team = drafting.now.policy.desk_of(worker.team) if worker else None
    if team and rule.at_once and team not in {one.agency for one in own}:
        yield Recipient(agency=team, purpose=rule.at_once[0].purpose)


def product(drafting: Drafting, part: Part, *, recipient: Recipient) -> ProductDrafted:
    """What is drafted of a part for one recipient: each item weighed, those included sanitised."""
    rule, red = drafting.now.rule(part.colour), part.colour is Colour.RED
    identity = drafting.identity(recipient.agency, risks=red)
    about, at_once = identity.block.digest(), part.urgent and part.follows is None
    weighing = [
        weigh(item, recipient, colour=part.colour, up_to=rule.include_up_to) for item in part.items
    ]
    included = (item for item, how in zip(part.items, weighing, strict=True) if how.included)
    return ProductDrafted(
        product_id=_product_id(drafting, part, recipient=recipient),
        referral_id=drafting.referral_id,
        concern_id=drafting.state.concern_id,
        said_before=drafting.state.said_before,
        case_id=drafting.cases.now,
        recipient=recipient.agency,
        purpose=recipient.purpose,
        colour=part.colour,
        disposal=rule.disposal,
        urgent=part.urgent,
        instead_of=part.instead_of,
        stands_in_for=part.stands_in_for,
        identity=identity,
        around=drafting.around,
        items=tuple(_item(drafting, item, recipient=recipient, about=about) for item in included),
        weighing=tuple(weighing),
        follows=part.follows,
        without_consent=without_consent(drafting.state),
        alleged=_alleged(drafting) if at_once else None,
        unconfirmed=at_once and drafting.state.assigned is None,
    )


def _alleged(drafting: Drafting) -> str:
    """What the concern is about: in the words of whoever rated it, else as its signs have it."""
    state, notified = drafting.state, drafting.notified
    colour = state.stands or drafting.now.profile.default
    words = state.concern or notified.signs.at(colour)
    said = told_of_concern(notified.alleged or UNTOLD, words)
    return as_it_stands(said, unconfirmed=state.assigned is None)


def _product_id(drafting: Drafting, part: Part, *, recipient: Recipient) -> str:
    moved = drafting.cases.since.isoformat() if drafting.cases.since else ""
    about = ("product", drafting.referral_id, drafting.cases.now, moved)
    id_ = derived_id(*about, part.colour, part.name, recipient.agency, recipient.purpose)
    rated = drafting.state.assigned_at.isoformat() if drafting.state.assigned_at else ""
    while id_ in drafting.state.products:
        # Drafted so before, and rated otherwise or taken back in between: this is another product.
        id_ = derived_id(id_, rated)
    return id_


def _item(drafting: Drafting, item: HeldItem, *, recipient: Recipient, about: str) -> DraftItem:
    sanitised = drafting.sanitised(item)

    def digest(text: str) -> str:
        return release_digest(
            item_id=item.item_id,
            recipient=recipient.agency,
            purpose=recipient.purpose,
            text=text,
            about=about,
        )

    notified = item.item_id in {one.item_id for one in drafting.notified.items}
    return DraftItem(
        original=item.text,
        sanitised=sanitised.text,
        redactions=sanitised.redactions,
        original_digest=digest(item.text),
        sanitised_digest=digest(sanitised.text),
        notification=notified,
        restricted=item.sensitivity is Sensitivity.RESTRICTED,
        **item.shared(DraftItem)
        | {
            "signpost": names_to(item, recipient.agency),
            "reference": drafting.notified.reference if notified else item.reference,
        },
    )

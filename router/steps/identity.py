"""Whom a letter is about, in so far as those who told it let it be told (R3, R27, R30, L7)."""

from __future__ import annotations

from collections.abc import Iterator

from router.steps.now import Now
from router.steps.safety import NOBODY, Guarded, is_risk
from schemas.identity import (
    WHERE,
    WHO,
    IdentityAgreed,
    IdentityBlock,
    IdentityField,
    LeftOut,
    OwnedIdentity,
)
from schemas.person import GPS, Address, Person, RelatedPerson, Risk
from schemas.policy import Policy

PROTECTED = "It is protected."
NOT_AGREED = "Its owner does not let it be told to this recipient."
NO_AGREEMENT = "Its owner has no information-sharing agreement in force."
NOT_DECIDED = "Its owner has not said that it may be told here."
NOT_YOURS = "It is shown to who told it."
_EVERYTHING = IdentityAgreed(tells=(*WHO, *WHERE))
_NOTHING = IdentityAgreed(tells=())
_RISKS = IdentityField.RISKS
_LIVED_IN = ("home", "temporary")


def identity_of(
    child: Person,
    *,
    owner: str,
    recipient: str,
    now: Now,
    protected: Guarded = NOBODY,
    family: bool = False,
    risks: bool = False,
    your_reference: str | None = None,
) -> OwnedIdentity:
    """What ``owner``, who told of the child, lets be told of it to the recipient.

    ``protected``: what nobody may tell of anybody around the child. ``family``: of a child who can
    be found without, too. ``risks``: and who is recorded as a risk to it. Where too little is left
    to know who it is, or what was left out is protected, the block says to ring the lead agency:
    who told of the child may be what is not to be told.
    """
    known = _block(child, family=family, risks=risks)
    free = _block(unprotected(child, protected), family=family, risks=risks)
    hidden = (one for one in IdentityField if getattr(known, one) != getattr(free, one))
    said = tuple(LeftOut(field=one, reason=PROTECTED) for one in hidden)
    free = free.model_copy(update={"left_out": said, "your_reference": your_reference})
    agreed, why = _agreed(owner, recipient=recipient, now=now)
    asked = () if why == NO_AGREEMENT else tuple(dict.fromkeys((*agreed.asks, _RISKS)))
    untold = (f for f in IdentityField if not agreed.lets(f) and f not in asked)
    block = rung(free.without(untold, reason=why), now.policy)
    asks = tuple(f for f in asked if not agreed.lets(f) and block.told(f))
    return OwnedIdentity(owner=owner, block=block, asks=asks)


def told_of(identity: OwnedIdentity, policy: Policy) -> IdentityBlock:
    """What is told in a letter about which the owner is not asked."""
    return rung(identity.block.without(identity.asks, reason=NOT_DECIDED), policy)


def told_to_owners(block: IdentityBlock, policy: Policy) -> IdentityBlock:
    """What owners of other items see of whom it is about: where the child is, and who is a risk to
    it, is not theirs.
    """
    return rung(block.without((*WHERE, _RISKS), reason=NOT_YOURS), policy)


def as_person(block: IdentityBlock) -> Person:
    """Whom a block is about, by name, birth, sex, numbers and family."""
    return Person(
        identifier=block.identifiers,
        name=block.names,
        date_of_birth=block.born,
        sex_code=block.sex,
        related_person=block.family,
    )


def as_block(child: Person) -> IdentityBlock:
    """A person that is told whole, as a block."""
    return _block(child, family=True)


def rung(block: IdentityBlock, policy: Policy) -> IdentityBlock:
    """The block; where it tells too little, or something of it is protected, with whom to ring."""
    protected = any(one.reason == PROTECTED for one in block.left_out)
    if block.tells_apart and not protected:
        return block
    lead = policy.partners[policy.lead_agency]
    return block.model_copy(update={"ring": lead.signpost_contact})


def tells_who(owner: str, *, recipient: str, now: Now) -> bool:
    """Whether the owner lets be told to a recipient who a child is, all of it."""
    return set(_agreed(owner, recipient=recipient, now=now)[0].tells).issuperset(WHO)


def _agreed(owner: str, *, recipient: str, now: Now) -> tuple[IdentityAgreed, str]:
    """What is agreed, and why the rest is not told.

    Who told it and the lead agency, which rates it, know it already.
    """
    if recipient in (owner, now.policy.lead_agency):
        return _EVERYTHING, NOT_AGREED
    agreement = now.agreement_with(owner)
    if agreement is None:
        return _NOTHING, NO_AGREEMENT
    told = now.profile.identity if agreement.identity is None else agreement.identity
    partner = now.policy.partners.get(recipient)
    called = {recipient, partner.kind if partner else None}
    fits = (one for one in told if not one.to or not called.isdisjoint(one.to))
    return next(fits, _NOTHING), NOT_AGREED


def _block(child: Person, *, family: bool, risks: bool = False) -> IdentityBlock:
    found = bool(child.name) and child.date_of_birth and not child.date_of_birth.expected
    return IdentityBlock(
        names=child.name,
        born=child.date_of_birth,
        sex=child.sex_code,
        identifiers=child.identifier,
        family=tuple(_relatives(child)) if family or not found else (),
        address=tuple(home for home in child.address if home.use in _LIVED_IN),
        telephone=tuple(number for one in child.contact for number in one.telephone),
        school=child.school,
        risks=tuple(_dangerous(child)) if risks else (),
    )


def _dangerous(child: Person) -> Iterator[RelatedPerson]:
    """Whom a recipient must know as a risk: marked as what, and by name as they were recorded."""
    for one in filter(is_risk, child.related_person):
        said = {risk.value: risk for risk in Risk}.get(one.relationship.replace("-", "_"))
        yield _named(one).model_copy(update={"risk": one.risk or said or Risk.OTHER})


def _relatives(child: Person) -> Iterator[RelatedPerson]:
    return (_named(one) for one in child.related_person if one.relationship not in GPS)


def _named(person: RelatedPerson) -> RelatedPerson:
    """By name, relation, birthday and numbers alone: not where they are, nor how to reach them."""
    told = ("name", "relationship", "date_of_birth", "identifier")
    return RelatedPerson(**{field: getattr(person, field) for field in told})


def unprotected(child: Person, protected: Guarded = NOBODY) -> Person:
    """The child without what is protected; ``protected``: what others must not tell either."""
    if child.protected:
        return Person()

    def hidden(place: Address | None) -> bool:
        return place is not None and (place.protected or protected.hides_home(place))

    school, contacts, related = child.school, child.contact, child.related_person
    kept = school is not None and not school.protected and not hidden(school.address)
    kept = kept and school is not None and not protected.hides_school(school)
    return child.model_copy(
        update={
            "address": tuple(home for home in child.address if not hidden(home)),
            "contact": tuple(
                one for one in contacts if not one.protected and not protected.hides_contact(one)
            ),
            "related_person": tuple(
                one for one in related if not one.protected and not protected.hides_person(one)
            ),
            "school": school if kept else None,
        }
    )

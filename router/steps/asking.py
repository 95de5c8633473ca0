"""Who may be asked about a child, and what they would be told: settled before anybody is asked
(R23, R24, L5, L6).

Rating shows it to whoever decides; requesting information has it leave once they have.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import not_
from typing import Literal

from pydantic import Field

from router.linkage.readings import reading
from router.linkage.rules import NEWEST
from router.steps import thresholds
from router.steps.ages import age_of
from router.steps.identity import identity_of, tells_who, told_of
from router.steps.now import Now
from router.steps.safety import CHILD, cautioned, guarded
from router.steps.same import Same
from router.steps.sharing import may_be_told
from router.steps.thresholds import Suggestion
from schemas.base import Code, Identity, Line, Prose, ReferralId, Shape
from schemas.case import ChildLinked, Found, LinkOutcome, NotificationAmended, Stated
from schemas.gathering import Level, NotAsked, Overrule, RuledOut, ToGather
from schemas.identity import IdentityBlock
from schemas.information import Checked, Consent, RequestPlan
from schemas.notification import Notification
from schemas.person import Identifier, Person
from schemas.policy import ColourRule, Policy
from schemas.rating import Colour
from schemas.safety import Around

WHY = {
    RuledOut.ADULT: "The person was 18 or older when it was observed: an adult matter.",
    RuledOut.LINK_IN_REVIEW: "Whose child it is has to be settled first.",
    RuledOut.NOT_IDENTIFIED: "Too little is known to tell the child from another.",
    RuledOut.NOTIFIED_ITSELF: "It notified the hub of this concern itself.",
    RuledOut.NOT_A_PARTNER: "It is not a partner of this hub.",
    RuledOut.NO_AGREEMENT: "It has no information-sharing agreement in force.",
    RuledOut.HOLDS_NOTHING: "It can hold nothing about a child of this age.",
    RuledOut.NOT_TOLD: "Whom it is about may not be told to it.",
    RuledOut.CONSENT_REFUSED: "Consent was refused, and this rating has no other legal basis.",
    RuledOut.ASKED_BEFORE: "It was asked about this concern under another version of it.",
}
"""Each reason in words."""
_MAY_OVERRULE = (RuledOut.HOLDS_NOTHING, RuledOut.CONSENT_REFUSED)
PROFILES = ToGather()
"""As the profile says, nobody having chosen otherwise."""
_COMPARED: dict[Stated, str] = {
    "name": "names that are known of the child",
    "date_of_birth": "dates of birth that are known of the child",
    "relation": "adults who are known of the family",
}
_SHARING = "what its agency lets be told of the concern"
UNTOLD = "There is a concern for the child. The agency that notified it lets no more be told."
WORDLESS = (
    "There is a concern for the child, and nobody has said yet in words what it is: ring the hub."
)
_UNCONFIRMED = "No social worker has confirmed this yet."


class Hint(Shape):
    """What an indicator of the profile found in a text, and the colour that it points to."""

    colour: Colour
    says: Line


class Signs(Shape):
    """What is known of a concern where nobody has said in words what it is."""

    urgent: bool = Field(default=False, exclude_if=not_)
    """As its sender says."""
    coded: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """By its sender."""
    hints: tuple[Hint, ...] = Field(default=(), exclude_if=not_)

    def at(self, colour: Colour) -> str:
        """What is told of it at a rating: no hint of worse than whoever rated it found."""
        said = ["The sender says that it is urgent."] if self.urgent else []
        if self.coded:
            coded = ", ".join(self.coded).replace("-", " ").replace("_", " ")
            said.append(f"Its sender codes it as: {coded}.")
        hints = [one.says for one in self.hints if one.colour.severity <= colour.severity]
        if hints:
            said.append(f"A hint by words of the text, and no more: {' '.join(hints)}")
        return " ".join(said if self.coded or hints else [WORDLESS, *said])


class Concern(ReferralId):
    """What a request says of the concern; the narrative stays with its owner."""

    notifier: Code
    summary: Prose
    """Of what the concern is about before anybody has rated it, where its notifier lets that be
    told (R28).
    """
    signs: Signs = Field(default=Signs(), exclude_if=lambda signs: signs == Signs())
    """Documents of old lack them."""
    consent: Consent
    child: Person
    """As its notifier told of it; each agency is told what of that its notifier lets be told."""
    reference: Identity | None = Field(default=None, exclude_if=not_)
    """What the notifier calls it."""
    observed_on: dt.date | None = Field(default=None, exclude_if=not_)
    in_review: bool = Field(default=False, exclude_if=not_)
    """Linking left it to a human to say whose child it is."""
    settled: bool = Field(default=False, exclude_if=not_)
    """A human said so."""
    checked: dict[Stated, Found] = Field(default={}, exclude_if=not_)
    asked_before: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """Agencies that were asked under another version of the notification."""
    instead: Overrule | None = Field(default=None, exclude_if=not_)
    """On what it stands though consent was refused, or nobody asked for it (L5)."""

    @property
    def in_doubt(self) -> bool:
        """Whether it has to be settled first whose child it is."""
        return self.in_review and not self.settled

    @property
    def is_adult(self) -> bool:
        """Whether it was observed of somebody who was surely 18 or older."""
        age = age_of(self.child, on=self.observed_on) if self.observed_on else None
        return age is not None and age.grown

    def told_at(self, colour: Colour, words: str | None) -> str:
        """What is told of it at a rating, in the words of whoever gave that where they said any."""
        return told_of_concern(self.summary, words or self.signs.at(colour))


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """What the profile suggests for a referral, and who would be asked about what by that."""

    suggestion: Suggestion
    concern: Concern
    plan: RequestPlan
    may_be_red: bool
    """Its sender says that it is urgent, or Red is suggested."""


def prepared(linked: ChildLinked, *, now: Now) -> Prepared:
    """By what was linked, before anybody has rated or chosen otherwise."""
    return _prepared(Same(linked), Same(now.policy), now.at)


def reads_as_red(told: ChildLinked | NotificationAmended, *, now: Now) -> bool | None:
    """Whether it may be a Red, for steps that only note that; None: nobody can read it, and it may.

    Rating refuses what it cannot read, and people are told; nobody else is to stop for it.
    """
    try:
        if isinstance(told, ChildLinked):
            return prepared(told, now=now).may_be_red
        return thresholds.may_be_red(told.notification, profile=now.profile)
    except Exception:  # noqa: BLE001 - what no step can read holds up no other
        return None


@lru_cache(maxsize=16)
def _prepared(linked: Same[ChildLinked], policy: Same[Policy], at: dt.datetime) -> Prepared:
    """Kept, as two steps ask about the same link one after the other."""
    link, now = linked.value, Now(at, policy.value)
    suggestion = thresholds.suggest(link.notification, counted=link.repeats, profile=now.profile)
    concern = concern_of(link, suggestion, now=now)
    plan = plan_of(concern, suggestion.colour, now=now)
    may_be_red = suggestion.colour is Colour.RED or link.notification.urgent
    return Prepared(suggestion, concern, plan, may_be_red)


def concern_of(linked: ChildLinked, suggestion: Suggestion, *, now: Now) -> Concern:
    """The concern of a referral, of which this is suggested."""
    said, signs = linked.notification, signs_of(linked.notification, suggestion)
    return Concern(
        referral_id=linked.referral_id,
        notifier=linked.agency,
        summary=alleged(said, suggestion, by=linked.agency),
        signs=signs,
        consent=said.parents_informed.consent if said.parents_informed else "not_sought",
        child=said.subject,
        reference=said.reference,
        observed_on=now.day_of(said.observed_at),
        in_review=linked.outcome is LinkOutcome.REVIEW,
        checked=linked.checked,
    )


def signs_of(said: Notification, suggestion: Suggestion) -> Signs:
    """What its sender and its text say of a concern; what the model makes of it is no sign."""
    hints = tuple(Hint(colour=one.colour, says=one.says) for one in suggestion.signs)
    return Signs(urgent=said.urgent, coded=said.concern, hints=hints)


def alleged(said: Notification, suggestion: Suggestion, *, by: str) -> str:
    """What the concern is about before anybody has rated it, as ``by`` lets be told whoever is
    asked or has to act (R28).
    """
    told = may_be_told(said, by=by, to="")
    return signs_of(said, suggestion).at(suggestion.colour) if told else UNTOLD


def told_of_concern(before: str, words: str) -> str:
    """These words of a concern, where its notifier lets it be told; ``before``: what was told."""
    return UNTOLD if before == UNTOLD else words


def as_it_stands(said: str, *, unconfirmed: bool) -> str:
    """What is alleged, with that nobody has confirmed it where that is so."""
    return f"{_UNCONFIRMED} {said}" if unconfirmed else said


def told_to(agency: str, concern: Concern, *, family: bool = True, now: Now) -> IdentityBlock:
    """Whom an agency is asked about, and of whose family: enough to search its own system."""
    own = concern.reference if agency == concern.notifier else None
    return whom(
        concern.child,
        owner=concern.notifier,
        to=agency,
        family=family,
        reference=own,
        now=now,
    )


def whom(
    child: Person,
    *,
    owner: str,
    to: str,
    family: bool = False,
    reference: str | None = None,
    now: Now,
) -> IdentityBlock:
    """What ``owner``, who told of the child, lets an agency know that is asked about it.

    ``family``: of a child who can be found without, too. ``reference``: the agency's own.
    """
    found = cautioned(Around(who=CHILD, person=child))
    identity = identity_of(
        child,
        owner=owner,
        recipient=to,
        now=now,
        protected=guarded((found,) if found else ()).homes_alone,
        family=family,
        your_reference=reference,
    )
    return told_of(identity, now.policy)


def checks_of(concern: Concern) -> tuple[Checked, ...]:
    """What was compared of the facts that a request states, and what was found (L6)."""
    known = (
        _checked(fact, against=against, found=concern.checked.get(fact, "not_known"))
        for fact, against in _COMPARED.items()
    )
    lets: Found = "differs" if concern.summary == UNTOLD else "agrees"
    return (*known, _checked("sharing", against=_SHARING, found=lets))


@cache
def _checked(fact: Stated | Literal["sharing"], *, against: str, found: Found) -> Checked:
    return Checked(fact=fact, against=against, found=found)


def plan_of(
    concern: Concern, colour: Colour, *, chosen: ToGather = PROFILES, now: Now
) -> RequestPlan:
    """Who is asked what at this rating, and who is not, and why."""
    allowed, ruled = parted(concern, colour, chosen=chosen, now=now)
    return RequestPlan(
        colour=colour,
        level=level_of(colour, chosen, now=now),
        legal_basis=now.rule(colour).legal_basis,
        agencies=allowed,
        not_asked=ruled,
        checks=checks_of(concern),
        **concern.shared(RequestPlan) | {"summary": concern.told_at(colour, chosen.concern)},
    )


def level_of(colour: Colour, chosen: ToGather, *, now: Now) -> Level:
    """How much is gathered: as was chosen, else as the rating does."""
    return chosen.level or now.rule(colour).level


def parted(
    concern: Concern, colour: Colour, *, chosen: ToGather, now: Now
) -> tuple[tuple[Code, ...], tuple[NotAsked, ...]]:
    """The agencies that may be asked, and those that may not, with the reason."""
    agencies = chosen.agencies
    if agencies is None:
        agencies = now.profile.levels.get(level_of(colour, chosen, now=now), ())
    everybody = _about(concern)
    found = {
        agency: everybody or _ruled_out(agency, concern, colour=colour, chosen=chosen, now=now)
        for agency in dict.fromkeys(agencies)
    }
    allowed = tuple(agency for agency, why in found.items() if why is None)
    return allowed, tuple(not_asked(agency, why) for agency, why in found.items() if why)


@lru_cache(maxsize=256)
def not_asked(agency: str, why: RuledOut) -> NotAsked:
    """The agency with the reason in words."""
    return NotAsked(agency=agency, reason=WHY[why], code=why, may_overrule=why in _MAY_OVERRULE)


def ruled_out(
    agency: str, concern: Concern, *, colour: Colour, chosen: ToGather, now: Now
) -> RuledOut | None:
    """Why an agency may not be asked about this child at this rating; None where it may."""
    return _about(concern) or _ruled_out(agency, concern, colour=colour, chosen=chosen, now=now)


def _ruled_out(
    agency: str, concern: Concern, *, colour: Colour, chosen: ToGather, now: Now
) -> RuledOut | None:
    return _of_agency(agency, concern, chosen=chosen, now=now) or _consent(
        agency, concern, chosen=chosen, rule=now.rule(colour)
    )


def _about(concern: Concern) -> RuledOut | None:
    """What rules out everybody."""
    if concern.is_adult:
        return RuledOut.ADULT
    if concern.in_doubt:
        return RuledOut.LINK_IN_REVIEW
    return None if is_identified(concern.child) else RuledOut.NOT_IDENTIFIED


def is_identified(child: Person) -> bool:
    """Whether a researcher can find the child: by a number, or by two of a whole name, a date of
    birth or an expected one, and a named adult of the family. Placeholders are none of these.
    """
    read = reading(NEWEST)
    if any(_is_number(one) for one in child.identifier):
        return True
    day, _, expected = read.birthday(child.date_of_birth, 0, 0)
    relatives = any(read.adult(one) for one in child.related_person)
    return _is_named(child) + bool(day or expected) + relatives > 1


def _is_named(child: Person) -> bool:
    """Whether the child has a given and a family name that are somebody's."""
    read = reading(NEWEST)
    return any(
        read.given(" ".join(name.given_name)) and read.family(" ".join(name.family_name))
        for name in read.names(child.name)
    )


def _is_number(identifier: Identifier) -> bool:
    return bool(reading(NEWEST).number(identifier.value, identifier.system))


def _of_agency(agency: str, concern: Concern, *, chosen: ToGather, now: Now) -> RuledOut | None:
    """What rules out this agency; the notifier, and who was asked before, only where nobody chose
    it by name.
    """
    by_name = agency in (chosen.agencies or ())
    if agency == concern.notifier and not by_name:
        return RuledOut.NOTIFIED_ITSELF
    if agency in concern.asked_before and not by_name:
        return RuledOut.ASKED_BEFORE
    if agency not in now.policy.partners:
        return RuledOut.NOT_A_PARTNER
    if now.agreement_with(agency) is None:
        return RuledOut.NO_AGREEMENT
    if not _is_told(agency, concern, now=now):
        return RuledOut.NOT_TOLD
    band = now.holds(agency)
    age = age_of(concern.child, on=concern.observed_on) if band and concern.observed_on else None
    if band is None or age is None or age.within(band):
        return None
    overruled = overrule(agency, RuledOut.HOLDS_NOTHING, chosen=chosen)
    return None if overruled else RuledOut.HOLDS_NOTHING


def _is_told(agency: str, concern: Concern, *, now: Now) -> bool:
    """Whether it is told enough to know who it is."""
    if not concern.child.protected and tells_who(concern.notifier, recipient=agency, now=now):
        return True
    return told_to(agency, concern, now=now).tells_apart


def _consent(
    agency: str, concern: Concern, *, chosen: ToGather, rule: ColourRule
) -> RuledOut | None:
    if concern.consent != "refused" or rule.without_consent:
        return None
    overruled = overrule(agency, RuledOut.CONSENT_REFUSED, chosen=chosen) or concern.instead
    return None if overruled and overruled.legal_basis else RuledOut.CONSENT_REFUSED


def overrule(agency: str, why: RuledOut, *, chosen: ToGather) -> Overrule | None:
    """By what who decides has this agency asked against this reason."""
    every = (one for one in chosen.overrules if one.reason is why)
    return next((one for one in every if one.agency in (None, agency)), None)

"""A picture of a referral, drawn from what the store has (``daily-work.md``, 'The picture')."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from router.picture import child, gathered
from router.picture.family import pictured_adults
from router.picture.reading import Found, versions_of
from router.picture.repeats import counted, not_counted
from router.picture.views import views
from router.steps.compose.gathering import Gathering
from router.steps.hand_over.state import Handings
from router.steps.link.counting import Count
from router.steps.link.events import FamilyEvents, family_events
from router.steps.link.register import Evidence, PersonRecord
from router.steps.rate.state import Assigned, HandedOver, Kept, Standing, State
from router.steps.rate.state import Suggested as SuggestedState
from router.steps.request_information.state import Asking
from router.steps.sharing import revealed, shown_reasons
from schemas.base import ReferralHead
from schemas.case import ChildLinked
from schemas.picture import (
    AskedAgency,
    Earlier,
    Picture,
    PicturedAct,
    PicturedAdult,
    PicturedChild,
    PicturedClock,
    PicturedConcern,
    PicturedConsent,
    PicturedHolder,
    PicturedOutcome,
    PicturedRating,
    PicturedRelative,
    PicturePart,
    ShownItem,
    Suggested,
)
from schemas.policy import Policy
from schemas.product import items_of_notification

_MOST_SHOWN: Final = 50


def draw(referral_id: str, found: Found, *, policy: Policy) -> Picture | None:
    """The picture for the lead agency; None for a referral that is not linked."""
    evidence, message = found.evidence.get(referral_id), found.linked.get(referral_id)
    if evidence is None or message is None or not isinstance(message.data, ChildLinked):
        return None
    return _Drawing(evidence, message.data, message.time, found, policy).picture()


def part_of(picture: Picture, agency: str) -> PicturePart:
    """What another agency than the lead may see of it when it is asked for information."""
    return PicturePart(
        **picture.shared(ReferralHead),
        revision=picture.revision,
        own=tuple(one for one in picture.history if one.agency == agency),
        asked=tuple(one for one in picture.asked if one.agency == agency),
    )


def _concern_of(gathering: Gathering | None, referral_id: str) -> str:
    """Under which what owners say is remembered."""
    return (gathering and gathering.concern_id) or referral_id


def _is_revealed(linked: ChildLinked | None) -> bool:
    return linked is None or linked.notification.kept.may_be_revealed


@dataclass(frozen=True, repr=False)
class _Drawing:
    """One referral with all that its picture is drawn from."""

    evidence: Evidence
    linked: ChildLinked
    received_at: dt.datetime
    found: Found
    policy: Policy

    @cached_property
    def person(self) -> PersonRecord:
        """Whom it is about, as far as is known now."""
        return self.found.person(self.evidence)

    @cached_property
    def told(self) -> list[Evidence]:
        """What was told of the child, oldest first."""
        return self.found.told([self.person])

    @cached_property
    def told_of_family(self) -> list[Evidence]:
        """What was told of every child of the family, oldest first."""
        return self.found.told(self.found.family(self.person))

    @cached_property
    def events(self) -> FamilyEvents:
        """What of it tells of one event with several children."""
        told = (self.found.linked.get(piece.id) for piece in self.told_of_family)
        linked = (message.data for message in told if message is not None)
        untimed = {
            one.referral_id
            for one in linked
            if isinstance(one, ChildLinked) and one.notification.observed_on_arrival
        }
        return family_events(self.told_of_family, untimed=untimed)

    @cached_property
    def count(self) -> Count:
        """How many concerns there were up to this one."""
        family = self.found.family(self.person)
        ids = {id_ for person in family for id_ in person.evidence}
        return Count(self.evidence, self.told_of_family, ids, self.policy)

    def picture(self) -> Picture:
        """Everything together."""
        id_, rated = self.evidence.id, self.found.rated.get(self.evidence.id)
        asking, gathering = self.found.asked.get(id_), self.found.gathered.get(id_)
        return Picture(
            referral_id=id_,
            case_id=self.evidence.case_id,
            revision=getattr(rated, "revision", 0),
            child=self._child(),
            concern=self._concern(asking),
            candidates=tuple(self._candidates()),
            children=tuple(self._children()),
            adults=tuple(self._adults()),
            history=tuple(self._history()),
            repeats=self.count.counted,
            counted=tuple(counted(self.count, self.found)),
            not_counted=tuple(not_counted(self.count, self.found)),
            asked=tuple(self._asked()),
            not_asked=gathered.not_asked(asking),
            owed=gathered.owed(self.found.approvals.get(_concern_of(gathering, id_)), id_),
            volunteered=gathered.volunteered(asking, gathering),
            acted=tuple(_acted(rated)),
            **gathered.checked(self.found.checking.get(id_)),
            suggestion=self._suggestion(rated),
            ratings=tuple(_ratings(rated)),
            closed=_closed(rated),
            views=tuple(views(self.found.disputes.get(id_))),
            clocks=tuple(_clocks(rated, self.found.handed.get(id_))),
            handed_over=gathered.handed_over(self.found.handed.get(id_)),
            holder=_holder(rated),
        )

    def _child(self) -> PicturedChild:
        why = self._why()
        return child.pictured(self.person, self.told, outcome=self.linked.outcome, reasons=why)

    def _why(self) -> tuple[str, ...]:
        settled = self.evidence.settled_by is not None
        return ("A human settled the link.",) if settled else self.linked.reasons

    def _concern(self, asking: object) -> PicturedConcern:
        said = revealed(self.linked.notification)
        partner = self.policy.partners.get(self.linked.agency)
        return PicturedConcern(
            agency=self.linked.agency,
            call=partner.signpost_contact if partner else self.linked.agency,
            reference=said.reference,
            observed_at=said.observed_at,
            received_at=self.received_at,
            narrative=said.narrative if said.kept.may_be_revealed else None,
            concern=said.concern if said.kept.may_be_revealed else (),
            parents_informed=said.parents_informed,
            consents=tuple(_consents(asking)),
            made_by=said.referrer,
            set_aside=said.set_aside,
            parts=tuple(self._parts()),
            same_concern_as=self.linked.same_concern_as,
            event=self.events.of(self.evidence.id),
        )

    def _parts(self) -> Iterator[ShownItem]:
        """Parts of the notification that its agency reveals inside the hub, under their ids."""
        parts, agency = self.linked.notification.parts, self.linked.agency
        concern_id = self.linked.first_told or self.evidence.id
        _, *ids = items_of_notification(concern_id, len(parts))
        for id_, part in zip(ids, parts, strict=True):
            if part.may_be_revealed:
                yield ShownItem(
                    item_id=id_, owner=agency, text=part.text, sensitivity=part.sensitivity
                )

    def _asked(self) -> Iterator[AskedAgency]:
        """What was asked under any version of the notification: nobody is asked twice."""
        for version in versions_of(self.evidence, self.told_of_family):
            of = version.id
            yield from gathered.asked(self.found.asked.get(of), self.found.gathered.get(of))

    def _suggestion(self, rated: object) -> Suggested | None:
        known = rated.kept if isinstance(rated, HandedOver) else rated
        if not isinstance(known, SuggestedState | Kept):
            return None
        said, colour = self.linked.notification, known.colour
        reasons = shown_reasons(said, known.reasons, colour=colour)
        return Suggested(colour=colour, reasons=reasons, profile=self.policy.profile.title)

    def _candidates(self) -> Iterator[PicturedChild]:
        """Whom it may be about besides, while no human has settled it."""
        if self.evidence.settled_by is not None:
            return
        for candidate in self.linked.candidates:
            person = self.found.people.get(candidate.person_id)
            if person is not None and person.person_id != self.person.person_id:
                told = self.found.told([person])
                yield child.pictured(
                    person, told, outcome=self.linked.outcome, reasons=candidate.reasons
                )

    def _adults(self) -> Iterator[PicturedAdult]:
        """Parents, carers and other adults, by who is told of as whom among the family."""
        among = self.found.adults.get(self.person.profile.family_id, ())
        return pictured_adults(self.told_of_family, among, found=self.found)

    def _children(self) -> Iterator[PicturedRelative]:
        """The other children of the family, and those whom notifications name."""
        known: set[str] = set()
        for person in self.found.family(self.person):
            if person.person_id != self.person.person_id:
                told = self.found.told([person])
                relative = child.relative(person, told)
                known |= child.given_names(relative.name)
                yield relative
        yield from child.named_children(self.told_of_family, besides=known)

    def _history(self) -> Iterator[Earlier]:
        earlier = [
            one
            for one in reversed(self.told_of_family)
            if one.is_referral and one.id != self.evidence.id
        ]
        for piece in earlier[:_MOST_SHOWN]:
            yield self._earlier(piece)

    def _earlier(self, piece: Evidence) -> Earlier:
        message, rated = self.found.linked.get(piece.id), self.found.rated.get(piece.id)
        linked = message.data if message and isinstance(message.data, ChildLinked) else None
        return Earlier(
            referral_id=piece.id,
            person_id=piece.person_id,
            on=piece.observed_at.date(),
            agency=piece.agency,
            narrative=piece.narrative or None if _is_revealed(linked) else None,
            concern=linked.notification.concern if linked and _is_revealed(linked) else (),
            colour=rated.colour if isinstance(rated, Assigned) else None,
            suggested=rated.colour if isinstance(rated, SuggestedState) else None,
            handed_over=_is_handed_over(rated),
            outcome=rated.closed.outcome if isinstance(rated, Assigned) and rated.closed else None,
            same_concern_as=piece.again,
            event_id=self.events.id_of(piece.id),
        )


def _consents(asking: object) -> Iterable[PicturedConsent]:
    for one in asking.consents if isinstance(asking, Asking) else ():
        yield PicturedConsent(**one.shared(PicturedConsent))


def _holder(rated: State | None) -> PicturedHolder | None:
    holder = rated.holder if rated else None
    return PicturedHolder(**holder.shared(PicturedHolder)) if holder else None


def _acted(rated: State | None) -> Iterable[PicturedAct]:
    for one in rated.acted if rated else ():
        yield PicturedAct(owner=one.agency, **one.shared(PicturedAct))


def _is_handed_over(rated: State | None) -> bool:
    return isinstance(rated, HandedOver) or bool(rated and rated.allocated.has_it)


def _ratings(rated: object) -> Iterable[PicturedRating]:
    for one in rated.history if isinstance(rated, Assigned) else ():
        yield PicturedRating(**one.shared(PicturedRating))


def _closed(rated: object) -> PicturedOutcome | None:
    if not isinstance(rated, Assigned) or rated.closed is None:
        return None
    told = rated.referrer.agency if rated.referrer else None
    return PicturedOutcome(**rated.closed.shared(PicturedOutcome), told=told)


def _clocks(rated: object, handed: Handings | None) -> Iterable[PicturedClock]:
    for clock, ticking in rated.clocks.items() if isinstance(rated, Standing) else ():
        yield PicturedClock(clock=clock, due_at=ticking.due_at)
    for one in handed.each if handed else ():
        if one.clock is not None:
            yield PicturedClock(clock="receipt", due_at=one.clock.due_at)
    if isinstance(rated, SuggestedState) and rated.telling:
        yield PicturedClock(clock="referrer", due_at=rated.telling.due_at)

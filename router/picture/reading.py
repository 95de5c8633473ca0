"""What the store has that a picture shows: register, step documents, and the journal's index."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from router.memory.documents import read
from router.memory.families import members_of
from router.memory.register import persons_of
from router.picture.adults import RelatedAdult
from router.steps.approve import decide as approve
from router.steps.approve import state as approving
from router.steps.check import state as checking
from router.steps.compose import gathering
from router.steps.disagreement import state as disagreeing
from router.steps.hand_over import state as handing
from router.steps.link import register
from router.steps.link.register import Evidence, PersonRecord
from router.steps.rate import state as rating
from router.steps.request_information import state as requesting
from schemas.case import ChildLinked
from schemas.message import Message
from stores import linked, people
from stores.database import View

_MOST: Final = 60
"""Of all that was told of a child, so many of the latest are shown, whatever they are."""


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """What the store has of some referrals, of their persons and of these persons' families."""

    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    people: Mapping[str, PersonRecord] = field(default_factory=dict)
    """By their ids; those that were merged into others too."""
    families: Mapping[str, tuple[PersonRecord, ...]] = field(default_factory=dict)
    linked: Mapping[str, Message] = field(default_factory=dict)
    rated: Mapping[str, rating.State] = field(default_factory=dict)
    asked: Mapping[str, requesting.State] = field(default_factory=dict)
    gathered: Mapping[str, gathering.Gathering] = field(default_factory=dict)
    checking: Mapping[str, checking.Checking] = field(default_factory=dict)
    handed: Mapping[str, handing.Handings] = field(default_factory=dict)
    disputes: Mapping[str, disagreeing.Disputes] = field(default_factory=dict)
    approvals: Mapping[str, approving.State] = field(default_factory=dict)
    """By the concern of which they are."""
    adults: Mapping[str, tuple[RelatedAdult, ...]] = field(default_factory=dict)
    """By family, as :func:`router.picture.elsewhere.with_adults` finds them."""

    def person(self, evidence: Evidence) -> PersonRecord:
        """The person that a piece of evidence belongs to."""
        return self.people[evidence.person_id]

    def family(self, person: PersonRecord) -> list[PersonRecord]:
        """Everybody of the person's family of whom there is evidence, the person too."""
        return list(self.families.get(person.profile.family_id, (person,)))

    def told(self, persons: Iterable[PersonRecord]) -> list[Evidence]:
        """What was told of these persons, oldest first."""
        ids = {id_ for person in persons for id_ in person.evidence}
        pieces = (self.evidence[id_] for id_ in ids if id_ in self.evidence)
        return sorted(pieces, key=lambda piece: (piece.observed_at, piece.id))


def find(view: View, referral_ids: Collection[str]) -> Found:
    """All that pictures of these referrals need, in a fixed number of queries.

    Referrals that are not linked yet are left out.
    """
    wanted = evidence_of(view, referral_ids)
    persons = _people(view, {id_ for one in wanted.values() for id_ in _persons_of(one)})
    known = (persons[one.person_id] for one in wanted.values() if one.person_id in persons)
    families = members_of(view, {one.profile.family_id for one in known})
    persons |= {one.person_id: one for family in families.values() for one in family}
    told = {id_ for person in persons.values() for id_ in _shown(person)}
    evidence = wanted | evidence_of(view, told - set(wanted))
    referrals = [one.id for one in evidence.values() if one.is_referral]
    asked = {one.id for wish in wanted.values() for one in versions_of(wish, evidence.values())}
    gathered = _documents(view, gathering.STEP_NAME, keys=asked, state=gathering.Gathering)
    concerns = {one.concern_id or id_ for id_, one in gathered.items() if one.products}
    return Found(
        evidence=evidence,
        people=persons,
        families=families,
        linked=linked.load(view, referrals),
        rated=_documents(view, rating.STEP_NAME, keys=referrals, state=rating.State),
        asked=_documents(view, requesting.STEP_NAME, keys=asked, state=requesting.State),
        gathered=gathered,
        approvals=_documents(view, approve.STEP.name, keys=concerns, state=approving.State),
        checking=_documents(view, checking.STEP_NAME, keys=wanted, state=checking.Checking),
        handed=_documents(view, handing.STEP_NAME, keys=wanted, state=handing.Handings),
        disputes=_documents(view, disagreeing.STEP_NAME, keys=wanted, state=disagreeing.Disputes),
    )


def _shown(person: PersonRecord) -> set[str]:
    """Of what was told of a person the latest, and all that may count."""
    return {*person.evidence[-_MOST:], *person.may_be_concerns()}


def versions_of(wanted: Evidence, told: Iterable[Evidence]) -> list[Evidence]:
    """The versions of a notification by its agency, itself too, as the hub heard of them."""
    first = wanted.again or wanted.id
    own = (one for one in told if one.agency == wanted.agency and first in (one.id, one.again))
    return sorted(own, key=lambda one: (one.received_at or one.observed_at, one.id))


def _persons_of(evidence: Evidence) -> tuple[str, ...]:
    return evidence.person_id, *evidence.doubts


def hidden_among(told: Iterable[Evidence], by: Mapping[str, Message]) -> frozenset[str]:
    """The evidence that its agency does not reveal, ``by`` the messages that linked it."""
    return frozenset(one.id for one in told if one.kept_close and not _is_revealed(by.get(one.id)))


def _is_revealed(message: Message | None) -> bool:
    linked = message.data if message else None
    return isinstance(linked, ChildLinked) and linked.notification.kept.may_be_revealed


def evidence_of(view: View, ids: Collection[str]) -> dict[str, Evidence]:
    """What was told under these ids."""
    return _documents(view, register.STEP_NAME, keys=ids, state=Evidence)


def _people(view: View, person_ids: Collection[str]) -> dict[str, PersonRecord]:
    numbers = {people.number_of(id_) for id_ in person_ids}
    loaded = persons_of(view, numbers)
    # In one order on every database: a picture with the same content has the same digest.
    return {one.person_id: one for _, (_, one) in sorted(loaded.items())}


def _documents(view: View, step: str, *, keys: Collection[str], state: Any) -> dict[str, Any]:
    found = read(view, step, keys=keys, state=state)
    return {key: document for key, (_, document) in found.items()}

"""Whether it is safe to send: against recorded risks, and what anybody around is protected by (L7).

Pure. A hit blocks, and a human is asked; it says what and whose, never the address or name itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from router.linkage.places import telephone
from router.steps.whereabouts import (
    Exactness,
    is_at,
    is_school,
    name_in,
    school_in,
    telephones_in,
    told_in,
    words_of,
)
from schemas.identity import IdentityBlock
from schemas.person import Address, Contact, Name, Person, RelatedPerson, Risk, School
from schemas.policy import Partner, Reader
from schemas.safety import Around, Danger, Hit

CHILD, SIBLING = "the child", "a brother or sister"
RECIPIENT = "recipient"
NOT_SAFE = "A human of the hub found that it is not safe to tell."
_RISKY = frozenset(
    {"alleged_perpetrator", "perpetrator", "suspect", "offender", "abuser", "person_of_concern"}
)
_TOLD = {
    Exactness.STREET: "The street of a protected address is told.",
    Exactness.POSTCODE: "The postcode of a protected address is told.",
    Exactness.HOME: "A protected address is told.",
}


@dataclass(frozen=True, slots=True, repr=False)
class Leaving:
    """What would leave: identity and texts, by what they are; ``by_name``: to whom in person."""

    identity: IdentityBlock | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    by_name: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Guarded:
    """Who is a risk, and what is protected, among all in the picture; each with whose it is."""

    risks: tuple[tuple[str, RelatedPerson], ...] = ()
    others: tuple[RelatedPerson, ...] = ()
    homes: tuple[tuple[str, Address], ...] = ()
    contacts: tuple[tuple[str, Contact], ...] = ()
    schools: tuple[tuple[str, School], ...] = ()
    people: tuple[tuple[str, Name], ...] = ()

    @property
    def homes_alone(self) -> Guarded:
        """Only the protected addresses: all that drafts and requests leave out, so that a replay
        decides the same. The rest is found before they leave, and a human is asked.
        """
        return Guarded(homes=self.homes)

    def hides_home(self, place: Address) -> bool:
        """Whether it is a protected address."""
        return is_at(place, [home for _, home in self.homes])

    def hides_contact(self, told: Contact) -> bool:
        """Whether a protected number or e-mail address is in it."""
        said = (*told.telephone, *told.email)
        return bool(self.contacts) and any(
            _telephones(self, "identity.telephone", text=" ; ".join(said))
        )

    def hides_school(self, school: School) -> bool:
        """Whether it is a protected school."""
        told = f"{school.name} school {school.urn or ''}"
        return any(_schools(self, "identity.school", text=told))

    def hides_person(self, person: RelatedPerson) -> bool:
        """Whether it is somebody protected, by name."""
        words = words_of(_called(person.name)) if self.people else []
        return any(_people(self, "identity.family", words=words))


NOBODY = Guarded()


def guarded(around: Sequence[Around]) -> Guarded:
    """What must be looked for in whatever is sent about these people."""
    if not around:
        return NOBODY
    related = [
        (f"{one.who}'s {person.relationship.replace('_', ' ')}", person)
        for one in around
        for person in one.person.related_person
    ]
    everyone: list[tuple[str, Person | RelatedPerson]] = [
        *((one.who, one.person) for one in around),
        *related,
    ]
    schools = [(one.who, one.person.school) for one in around if one.person.school]
    homes = [
        *((whose, home, one.protected) for whose, one in everyone for home in one.address),
        *((whose, one.address, one.protected) for whose, one in schools if one.address),
    ]
    contacts = [(whose, told, one.protected) for whose, one in everyone for told in one.contact]
    return Guarded(
        risks=tuple((whose, person) for whose, person in related if is_risk(person)),
        others=tuple(person for _, person in related if not is_risk(person)),
        homes=tuple((whose, home) for whose, home, all_ in homes if all_ or home.protected),
        contacts=tuple((whose, told) for whose, told, all_ in contacts if all_ or told.protected),
        schools=tuple((whose, school) for whose, school in schools if school.protected),
        people=tuple((whose, person.name) for whose, person in related if person.protected),
    )


def cautioned(one: Around) -> Around | None:
    """Only what must be looked for when something is sent; None where there is nothing."""
    person, related = one.person, one.person.related_person
    dangerous = any(is_risk(other) for other in related)
    school = person.school
    kept = Person(
        protected=person.protected,
        address=tuple(home for home in person.address if person.protected or home.protected),
        contact=tuple(told for told in person.contact if person.protected or told.protected),
        school=school if school and (school.protected or _hides(school.address)) else None,
        related_person=tuple(r for r in related if dangerous or _is_guarded(r)),
    )
    return None if kept == Person() else Around(who=one.who, person=kept)


def _is_guarded(person: RelatedPerson) -> bool:
    hidden = (*person.address, *person.contact)
    return person.protected or any(one.protected for one in hidden)


def _hides(address: Address | None) -> bool:
    return address is not None and address.protected


def is_risk(person: RelatedPerson) -> bool:
    """Whether somebody is recorded as a risk to the child."""
    return person.risk is not None or person.relationship.replace("-", "_") in _RISKY


def unsafe(recipient: Partner, *, known: Guarded, leaving: Leaving) -> tuple[Hit, ...]:
    """What speaks against sending this to the recipient; nothing where it is safe.

    A protected home or school is not hidden from itself.
    """
    if known == NOBODY:
        return ()
    untold = replace(
        known,
        homes=tuple(one for one in known.homes if not is_at(one[1], recipient.address)),
        schools=tuple(one for one in known.schools if not is_school(recipient.name, one[1].name)),
    )
    found = [
        *_recipient(recipient, known, leaving=leaving),
        *_identity(untold, leaving.identity),
        *(hit for where, text in leaving.texts.items() for hit in _text(untold, where, text=text)),
    ]
    return tuple(dict.fromkeys(found))


# --- the recipient


def _recipient(recipient: Partner, known: Guarded, *, leaving: Leaving) -> Iterator[Hit]:
    reached: list[Partner | Reader] = [recipient, *recipient.readers]
    homes = [home for one in reached for home in one.address]
    numbers = [number for one in reached for number in one.telephone]
    for whose, risk in known.risks:
        lives = [home for home in risk.address if home.use not in ("work", "former")]
        if any(is_at(home, lives) for home in homes):
            yield _hit(
                Danger.LIVES_WITH_RISK, whose, says="The recipient is where a risk person lives."
            )
        if _works(risk, recipient):
            yield _hit(Danger.WORKS_WITH_RISK, whose, says="A risk person works for the recipient.")
        if _reads(risk, recipient, by_name=leaving.by_name):
            yield _hit(
                Danger.READ_BY_RISK, whose, says="Whom it goes to is named as a risk person."
            )
        if not _numbers(numbers).isdisjoint(_numbers_of(risk.contact)):
            yield _hit(
                Danger.RINGS_AT_RISK, whose, says="The recipient has a risk person's telephone."
            )
        if any(_works(one, recipient) and _shares(one, lives) for one in known.others):
            what = "Somebody of a risk person's household works for the recipient."
            yield _hit(Danger.HOUSEHOLD_OF_RISK, whose, says=what)


def _hit(danger: Danger, whose: str, *, says: str) -> Hit:
    return Hit(danger=danger, whose=whose, where=RECIPIENT, says=says)


def _works(person: RelatedPerson, recipient: Partner) -> bool:
    called = (recipient.name, recipient.code.replace("_", " "))
    named = any(
        employer == recipient.code or any(is_school(employer, name) for name in called)
        for employer in person.works_for
    )
    work = [place for place in person.address if place.use == "work"]
    return named or any(is_at(place, recipient.address) for place in work)


def _reads(risk: RelatedPerson, recipient: Partner, *, by_name: str | None) -> bool:
    if by_name is not None and name_in(words_of(by_name), risk.name):
        return True
    return any(
        name_in(words_of(_called(one.name)), risk.name) and not _born_apart(one, risk)
        for one in recipient.readers
    )


def _called(name: Name) -> str:
    return " ".join((*name.given_name, *name.family_name))


def _born_apart(reader: Reader, risk: RelatedPerson) -> bool:
    one, other = reader.date_of_birth, risk.date_of_birth
    return one is not None and other is not None and one.date != other.date


def _shares(person: RelatedPerson, homes: Sequence[Address]) -> bool:
    return any(is_at(home, homes) for home in person.address)


def _numbers(told: Sequence[str]) -> frozenset[str]:
    return frozenset(filter(None, map(telephone, told)))


def _numbers_of(contacts: Sequence[Contact]) -> frozenset[str]:
    return _numbers([number for one in contacts for number in one.telephone])


# --- whom it says that it is about


def _identity(known: Guarded, block: IdentityBlock | None) -> Iterator[Hit]:
    if block is None:
        return
    for home in block.address:
        yield from _address(known, "identity.address", text=_one_line(home))
        for whose, risk in known.risks:
            if risk.risk is Risk.FLED_FROM and is_at(home, risk.address):
                says = "The address told is where somebody lives from whom they fled."
                yield Hit(
                    danger=Danger.HOME_OF_RISK, whose=whose, where="identity.address", says=says
                )
    yield from _telephones(known, "identity.telephone", text=" ; ".join(block.telephone))
    told = _numbers(block.telephone)
    for whose, risk in known.risks:
        if not told.isdisjoint(_numbers_of(risk.contact)):
            says = "The telephone told is a risk person's."
            yield Hit(
                danger=Danger.RINGS_AT_RISK, whose=whose, where="identity.telephone", says=says
            )
    if block.school is not None:
        yield from _schools(known, "identity.school", text=f"{block.school.name} school")
        if block.school.address is not None:
            yield from _address(known, "identity.school", text=_one_line(block.school.address))
    named = [("identity.family", one) for one in block.family]
    named += [("identity.risks", one) for one in block.risks]
    for where, person in named:
        yield from _people(known, where, words=words_of(_called(person.name)))


def _one_line(place: Address) -> str:
    lines = (place.line1, place.line2, place.city, place.postcode, place.uprn)
    return ", ".join(line for line in lines if line)


# --- what it says


def _text(known: Guarded, where: str, *, text: str) -> Iterator[Hit]:
    yield from _address(known, where, text=text)
    yield from _telephones(known, where, text=text)
    yield from _schools(known, where, text=text)
    yield from _people(known, where, words=words_of(text))


def _address(known: Guarded, where: str, *, text: str) -> Iterator[Hit]:
    words = words_of(text) if known.homes else []
    for whose, home in known.homes:
        told = told_in(words, home)
        if told:
            says = _TOLD[told]
            yield Hit(danger=Danger.PROTECTED_ADDRESS, whose=whose, where=where, says=says)


def _telephones(known: Guarded, where: str, *, text: str) -> Iterator[Hit]:
    numbers, lower = telephones_in(text), text.casefold()
    for whose, contact in known.contacts:
        mails = any(mail.casefold() in lower for mail in contact.email)
        if mails or not numbers.isdisjoint(_numbers(contact.telephone)):
            says = "A protected telephone number or e-mail address is told."
            yield Hit(danger=Danger.PROTECTED_CONTACT, whose=whose, where=where, says=says)


def _schools(known: Guarded, where: str, *, text: str) -> Iterator[Hit]:
    words = words_of(text) if known.schools else []
    for whose, school in known.schools:
        if school_in(words, school):
            says = "A protected school is told."
            yield Hit(danger=Danger.PROTECTED_SCHOOL, whose=whose, where=where, says=says)


def _people(known: Guarded, where: str, *, words: Sequence[str]) -> Iterator[Hit]:
    for whose, name in known.people:
        if name_in(words, name):
            says = "The name of somebody protected is told."
            yield Hit(danger=Danger.PROTECTED_PERSON, whose=whose, where=where, says=says)

"""A child's cases, found by name, birth date or number, by whom the access rules let find them.

What is looked up are the keys under which linking files every known child: an index, which also
finds other spellings and short forms. A child fits by what some piece of evidence says that whoever
asks may know of: what its owner keeps silent finds nothing. Ids, and what fitted, are told; names
are not. That somebody asked is recorded, and of each case that it was found; what they asked by is
there as a keyed digest alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import ValidationError

from ops.access.acting import Asker, Denied, may
from ops.access.recording import accessed
from ops.look.revealing import knows_of
from ops.look.searching import CannotSearch
from ops.run.wiring import Hub
from router.linkage import Subject, describe, keys
from router.linkage.identifiers import nhs_number, upn
from router.linkage.names import given_codes, sounds
from router.linkage.ranking import OVERSIZED, ranked
from router.memory.documents import read
from router.memory.register import persons_of
from router.steps.link.register import STEP_NAME, Evidence, PersonRecord
from schemas.access import Act, Resource, Verdict
from schemas.person import NHS_NUMBER, UPN, Identifier, Name, PartialDate, Person
from stores import codec, journal, people
from stores.database import Transaction, View
from stores.trail import Entry
from stores.vault import HUB_KEY, Unreadable

MOST: Final = 20
"""Children that are told of."""
_COMPARED: Final = 60
_PIECES: Final = 50
"""Of each child's evidence, the latest so many are compared."""
_DIGESTED: Final = "search/"

_Codes: TypeAlias = Callable[[str], tuple[str, ...]]
Fit: TypeAlias = Literal["number", "birth date", "family name", "given name"]


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """Whom somebody looks for: what they know of the child."""

    given: str = ""
    family: str = ""
    born: dt.date | None = None
    number: str = ""
    """An NHS number or unique pupil number, however it is written."""


@dataclass(frozen=True, slots=True)
class Found:
    """A known child that fits."""

    person_id: str
    case_id: str
    fits: tuple[Fit, ...]
    referrals: tuple[str, ...]
    """Those that said so, the latest first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """All that were found, those first of whom the most fits."""

    found: tuple[Found, ...] = ()
    crowded: bool = False
    """Whether something that was asked by fits so many children that it was not used."""


def find(hub: Hub, wanted: Wanted, *, asker: Asker) -> Answer:
    """The children that fit, at most :data:`MOST`. That somebody asked is recorded first, or that
    they were denied it. Raises ``Denied`` or ``CannotSearch``.
    """
    looked_for = _subject(wanted)
    answer = Answer()
    if _may(hub, asker):
        with hub.database.view() as view:
            answer = _answer(hub, view, looked_for, asker=asker)
    with hub.database.transaction() as transaction:
        no = _recorded(hub, transaction, looked_for, answer=answer, asker=asker)
    if no is not None:
        raise no
    return answer


def _may(hub: Hub, asker: Asker) -> bool:
    return may(hub, asker, act=Act.SEARCH, resource=Resource.CASE).verdict is Verdict.ALLOW


def _recorded(
    hub: Hub, transaction: Transaction, looked_for: Subject, *, answer: Answer, asker: Asker
) -> Denied | None:
    cases = dict.fromkeys(one.case_id for one in answer.found)
    for wanted in (_digest(transaction, looked_for), *cases):
        no = accessed(
            hub,
            transaction,
            asker=asker,
            act=Act.SEARCH,
            resource=Resource.CASE,
            wanted=wanted,
            about=wanted,
        )
        if no is not None:
            return no
    return None


def _digest(transaction: Transaction, of: Subject) -> str:
    """What the record calls that which was asked by: ids lie in the clear, names do not."""
    said = "\x1f".join((*of.givens, "", *of.families, str(of.day), of.nhs, of.mothers, of.upn))
    key = transaction.vault.keys(transaction.connection, [HUB_KEY], create=True)[HUB_KEY]
    return _DIGESTED + key.digest(said.encode()).hex()


# What is looked for


def _subject(wanted: Wanted) -> Subject:
    """The child as linking describes one. Raises ``CannotSearch``."""
    number = _identifier(wanted.number)
    try:
        name = Name(
            given_name=(wanted.given,) if wanted.given else (),
            family_name=(wanted.family,) if wanted.family else (),
        )
        born = PartialDate(date=wanted.born) if wanted.born else None
        child = Person(name=(name,), identifier=number, date_of_birth=born)
    except ValidationError:
        raise CannotSearch("a name has no more than 500 characters") from None
    described = describe(child, observed_at=dt.datetime.now(dt.UTC))
    if not keys(described):
        raise CannotSearch(
            "say a family name, a given name with a birth date, or an NHS number or UPN"
        )
    return described


def _identifier(text: str) -> tuple[Identifier, ...]:
    if not text.strip():
        return ()
    for system, value in ((NHS_NUMBER, nhs_number(text)), (UPN, upn(text))):
        if value:
            return (Identifier(system=system, value=value),)
    raise CannotSearch("that is no NHS number and no UPN: check its digits")


# Who fits


def _answer(hub: Hub, view: View, looked_for: Subject, *, asker: Asker) -> Answer:
    wanted = keys(looked_for)
    filed = people.filed_under(view, wanted, most=OVERSIZED)
    numbers, passed = ranked(wanted, filed, most=_COMPARED)
    records = persons_of(view, numbers)
    persons = [records[number][1] for number in numbers if number in records]
    pieces = _pieces(hub, view, persons, asker=asker)
    found = [one for person in persons if (one := _found(person, pieces, looked_for))]
    found.sort(key=lambda one: (-len(one.fits), "number" not in one.fits))
    return Answer(tuple(found[:MOST]), bool(passed))


def _pieces(
    hub: Hub, view: View, persons: Collection[PersonRecord], *, asker: Asker
) -> Mapping[str, Evidence]:
    """The latest evidence of these that somebody may know of, by its id."""
    ids = {id_ for person in persons for id_ in person.evidence[-_PIECES:]}
    told = dict(_told(view, ids))
    entries = [*_entries(view, told)]
    now = codec.to_micros(dt.datetime.now(dt.UTC))
    known = knows_of(hub, entries, asker=asker, act=Act.SEARCH, resource=Resource.CASE, now=now)
    hidden = {entry.message.id for entry in entries} - known
    return {id_: one for id_, one in told.items() if id_ not in hidden}


def _told(view: View, ids: Collection[str]) -> Iterator[tuple[str, Evidence]]:
    """The evidence that can be read still."""
    try:
        found = read(view, STEP_NAME, keys=ids, state=Evidence)
    except Unreadable:
        if len(ids) > 1:
            for id_ in ids:
                yield from _told(view, {id_})
        return
    yield from ((id_, piece) for id_, (_, piece) in found.items())


def _entries(view: View, ids: Collection[str]) -> Iterator[Entry]:
    rows = journal.rows_of(view.connection, ids)
    keys_of = view.vault.readable(view.connection, {row.key_id for row in rows})
    for row in rows:
        yield Entry(row.position, row.recorded_at, row.chain, journal.opened(row, keys_of))


def _found(
    person: PersonRecord, pieces: Mapping[str, Evidence], looked_for: Subject
) -> Found | None:
    """Whether what is known of a person fits, and by which of its referrals."""
    best, referrals = set[Fit](), list[str]()
    for id_ in person.evidence[-_PIECES:]:
        piece = pieces.get(id_)
        if piece is None:
            continue
        fits = fitting(looked_for, piece.subject())
        if is_enough(fits, looked_for):
            best |= fits
            referrals += [piece.id] if piece.is_referral else []
    if not best:
        return None
    fits_in_order = tuple(one for one in _ORDER if one in best)
    profile = person.profile
    return Found(profile.person_id, profile.case_id, fits_in_order, tuple(referrals[::-1]))


_ORDER: Final[tuple[Fit, ...]] = ("number", "birth date", "family name", "given name")


def fitting(wanted: Subject, told: Subject) -> set[Fit]:
    """Which of what is looked for a piece of evidence says too; names by their sound, and a given
    name by its short forms.
    """
    numbers = {told.nhs, told.mothers, told.upn} - {""}
    fits: Mapping[Fit, bool] = {
        "number": not numbers.isdisjoint({wanted.nhs, wanted.mothers, wanted.upn}),
        "birth date": bool(wanted.day) and wanted.day == told.day,
        "family name": _shared(sounds, wanted.families, told.families),
        "given name": _shared(given_codes, wanted.givens, told.givens),
    }
    return {one for one, does in fits.items() if does}


def _shared(codes: _Codes, wanted: Collection[str], told: Collection[str]) -> bool:
    heard = {code for name in told for code in codes(name)}
    return any(code in heard for name in wanted for code in codes(name))


def is_enough(fits: Collection[Fit], wanted: Subject) -> bool:
    """Whether that much is a child that somebody looks for: the number; else two of name, family
    name and birth date, or the family name where nothing else was said.
    """
    if "number" in fits:
        return True
    others = bool(wanted.givens) + bool(wanted.day)
    return len(fits) > 1 or ("family name" in fits and not others)

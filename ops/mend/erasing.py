"""Erasing what the hub has about a child, and the holds that keep it from that (L8, R48)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from ops.access.acting import asker
from ops.access.noting import OPERATIONS, operation
from ops.access.recording import permit_on_record
from ops.look.reading import Guarded
from ops.mend.dead_letters import Person, Refused
from ops.mend.grounds import SAY_IT_WITHOUT, UNSAID, tells_of
from ops.mend.reach import Reach, Words, reach
from ops.run.erased import Erasure, apply, note
from schemas.access import Act, Resource
from schemas.erasure import CaseErased, HoldAdded, HoldLifted
from schemas.outcome import ReferralClosed, ReferralReopened
from stores import cursors, erasing, journal, linking
from stores.database import Database, View

_ROOMS = ("done", "outgoing", "processing", "receipts")
"""Rooms of the hub's own folder of an agency."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a case is not to be erased."""

    hold_id: str
    case_id: str
    why: str
    decided_by: str
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class ErasureFolders:
    """Where the list of what was erased is, and the files that agencies dropped."""

    listed: Path
    work: Path


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, or would be."""

    case_id: str
    also: tuple[str, ...]
    referrals: int
    keys: int
    entries: int
    left: int
    files: tuple[str, ...] = ()


def holds(view: View) -> list[Hold]:
    """Every hold that was not lifted, oldest first."""
    found: dict[str, Hold] = {}
    for entry in linking.every(view.connection, view.vault, type_=HoldAdded):
        fact, at = entry.message.data, entry.message.time
        if isinstance(fact, HoldAdded):
            found[fact.hold_id] = Hold(fact.hold_id, fact.case_id, fact.why, fact.decided_by, at)
    for entry in linking.every(view.connection, view.vault, type_=HoldLifted):
        if isinstance(entry.message.data, HoldLifted):
            found.pop(entry.message.data.hold_id, None)
    return list(found.values())


def hold(hub: Guarded, case_id: str, *, person: Person) -> str:
    """Keep a case from being erased; answers the hold's id. Raises ``Denied``, or :class:`Refused`
    where nothing of it is there to keep.
    """
    with hub.database.view() as view:
        _known(view, case_id)
        rows = erasing.entries(view.connection, subjects=[case_id])
        gone = any(row.type == CaseErased.type for row in rows)
        if gone and not reach(view, case_id).told:
            raise Refused(f"{case_id} was erased: nothing of it is there any more to be kept")
    (person,) = _permit(hub, [person], act=Act.HOLD, case_id=case_id)
    hold_id = str(uuid4())
    _decide(hub.database, HoldAdded, case_id=case_id, hold_id=hold_id, person=person)
    return hold_id


def lift(hub: Guarded, hold_id: str, *, person: Person) -> Hold:
    """This hold keeps its case no more. Raises ``Denied``."""
    with hub.database.view() as view:
        found = next((one for one in holds(view) if one.hold_id == hold_id), None)
    if found is None:
        raise Refused(f"there is no hold {hold_id}; see `hub hold list`")
    (person,) = _permit(hub, [person], act=Act.HOLD, case_id=found.case_id)
    _decide(hub.database, HoldLifted, case_id=found.case_id, hold_id=hold_id, person=person)
    return found


def _decide(
    database: Database,
    told: type[HoldAdded | HoldLifted],
    *,
    case_id: str,
    hold_id: str,
    person: Person,
) -> None:
    by = {"why": person.why, "decided_by": person.who, "proven": person.proven}
    fact = told.model_validate({"case_id": case_id, "hold_id": hold_id} | by)
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        message = operation(fact, now=transaction.now, correlation_id=hold_id)
        journal.append(transaction, cursor, messages=[message])
        cursors.store(transaction, cursor)


def look(view: View, case_id: str, *, though_open: bool) -> Reach:
    """What erasing a case reaches; raises :class:`Refused` where it is not to be erased."""
    _known(view, case_id)
    found = reach(view, case_id)
    if not found.told:
        raise Refused(f"{case_id} holds nobody any more: its child was moved, or it was erased")
    held = [one for one in holds(view) if one.case_id in found.case_ids]
    if held:
        ids = ", ".join(one.hold_id for one in held)
        raise Refused(f"{case_id} is held by {ids}; see `hub hold list`, and lift them first")
    if not though_open and (still := sorted(_open(view, found))):
        count = f"{len(still)} of its referrals are open, such as {still[0]}"
        raise Refused(f"{count}; close them first, or say --though-open")
    return found


def told(found: Reach, case_id: str, *, files: Iterable[Path]) -> Erased:
    """What is reached, to be shown."""
    return Erased(
        case_id,
        tuple(sorted(found.case_ids - {case_id})),
        referrals=sum(piece.is_referral for piece in found.told.values()),
        keys=len(found.keys),
        entries=found.entries,
        left=found.left,
        files=tuple(map(str, files)),
    )


def erase(
    database: Database,
    found: Reach,
    *,
    case_id: str,
    people: tuple[Person, Person],
    folders: ErasureFolders,
) -> CaseErased:
    """Delete files, destroy the keys, and record that; nobody else may be at work on the store.

    The files go first: once the keys are gone nobody knows any more which they were.
    """
    fact = CaseErased(
        case_id=case_id,
        also=tuple(sorted(found.case_ids - {case_id})),
        referral_ids=tuple(sorted({*found.told, *found.loose})),
        keys=tuple(sorted(found.keys)),
        entries=found.entries,
        left=found.left,
        decided_by=people[0].who,
        and_by=people[1].who,
        proven=people[0].proven,
        and_proven=people[1].proven,
        why=people[0].why,
    )
    for path in files_naming(found.words, folders.work):
        path.unlink()
    note(folders.listed, Erasure(str(uuid4()), database.clock(), fact))
    apply(database, folders.listed)
    return fact


def permit(hub: Guarded, case_id: str, *, people: tuple[Person, Person]) -> tuple[Person, Person]:
    """Each of these people has to be let erase a case by the access rules; who is not is recorded,
    and ``Denied`` raised. Raises :class:`Refused` where their reason tells of people. Answers both
    with how they showed who they are.
    """
    with hub.database.view() as view:
        _known(view, case_id)
    one, other = _permit(hub, people, act=Act.ERASE, case_id=case_id)
    return one, other


def _permit(hub: Guarded, people: Sequence[Person], *, act: Act, case_id: str) -> list[Person]:
    """Whether a reason tells of somebody is said to those alone who are let, and kept nowhere."""
    with hub.database.view() as view:
        telling = any(tells_of(view, case_id, why=person.why) for person in people)
    let = []
    for person in people:
        known = asker(hub, person.who, why=UNSAID if telling else person.why)
        access = permit_on_record(hub, known, act=act, resource=Resource.CASE, wanted=case_id)
        let.append(replace(person, proven=access.proven))
    if telling:
        raise Refused(SAY_IT_WITHOUT)
    return let


def two(first: str, second: str, *, why: str) -> tuple[Person, Person]:
    """Two different people; raises :class:`Refused` for one."""
    if " ".join(first.casefold().split()) == " ".join(second.casefold().split()):
        raise Refused("two different people erase a case: name another with --and")
    return Person(first, why), Person(second, why)


def files_naming(words: Words, work: Path) -> Iterator[Path]:
    """Files that agencies dropped, or their receipts, in which the child is named."""
    if not work.is_dir():
        return
    for path in sorted(work.rglob("*")):
        inside = path.parent.name in _ROOMS
        if inside and path.is_file() and words.are_in(path.read_bytes()):
            yield path


def _known(view: View, case_id: str) -> None:
    rows = erasing.entries(view.connection, subjects=[case_id])
    if not any(row.topic == "cases.linked" and row.subject == case_id for row in rows):
        raise Refused(f"there is no case {case_id}; `hub case ID` tells the case of a referral")


def _open(view: View, found: Reach) -> set[str]:
    """Its referrals that nobody has closed, or that were opened again."""
    referrals = {id_ for id_, piece in found.told.items() if piece.is_referral}
    entries = linking.about(
        view.connection, view.vault, ids=referrals, types=[ReferralClosed, ReferralReopened]
    )
    last = {entry.message.correlation_id: entry.message.data for entry in entries}
    return {id_ for id_ in referrals if not isinstance(last.get(id_), ReferralClosed)}

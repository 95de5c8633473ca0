"""Every look at contents, and whether somebody else has found it in order (R46)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from ops.access.acting import Asker, today
from ops.access.noting import OPERATIONS, note
from ops.access.recording import act_of, permit_on_record
from ops.look.reading import Readable
from ops.look.reviewed import tell_owners
from ops.run.wiring import Hub
from schemas.access import Access, Act, Resource, Role
from schemas.operations import DeadLetterRevealed, RecordRevealed, RevealReviewed
from stores import codec, cursors, linking
from stores.trail import Entry


class NoReview(Exception):
    """This cannot be reviewed; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody was shown contents; ``state``: open, overdue, or reviewed."""

    id: str
    at: str
    act: str
    who: str
    why: str
    record_id: str
    about: str
    """The referral, or whatever it concerns."""
    purpose: str | None
    emergency: bool
    times: int
    """How often, in the time that the reason stood for."""
    review_by: str | None
    """Whom it waits for; None: anybody who reviews."""
    review_due_at: str | None
    state: str
    in_order: bool | None = None
    reviewed_by: str | None = None


def looks(hub: Readable) -> list[Look]:
    """Every look at contents since there are access rules, oldest first."""
    with hub.database.reading() as connection:
        found = [
            entry
            for type_ in (RecordRevealed, DeadLetterRevealed)
            for entry in linking.every(connection, hub.database.vault, type_=type_)
        ]
        reviews = {
            fact.reveal_id: fact
            for entry in linking.every(connection, hub.database.vault, type_=RevealReviewed)
            if isinstance(fact := entry.message.data, RevealReviewed)
        }
    return list(_looks(sorted(found, key=lambda entry: entry.position), reviews))


def review(hub: Hub, id_: str, *, asker: Asker, in_order: bool) -> None:
    """Record what somebody found of a look of somebody else's, once. Raises ``Denied`` or
    :class:`NoReview`.
    """
    access = permit_on_record(hub, asker, act=Act.REVIEW, resource=Resource.ACCESSES, wanted=id_)
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        look = next((one for one in looks(hub) if one.id == id_), None)
        if look is None:
            raise NoReview(f"no look at contents waits under {id_}; see `hub policy reviews`")
        if look.state == "reviewed":
            raise NoReview(f"{look.reviewed_by} has reviewed it already")
        if look.who == asker.who:
            raise NoReview("nobody reviews their own look: have somebody else do it")
        fact = RevealReviewed(
            reveal_id=id_,
            in_order=in_order,
            reviewed_by=asker.who or "",
            why=asker.why or "",
            access=access,
        )
        message = note(transaction, cursor, fact=fact, about=look.about)
        tell_owners(hub, transaction, message, reviewed=fact)


def risk_owners(hub: Hub) -> Iterator[str]:
    """Who answers for an agency's information: whom a look concerns that was not in order."""
    for person in hub.settings.people:
        if Role.RISK_OWNER in person.roles and person.is_there(today()):
            yield f"{person.name} ({person.agency})"


def _looks(entries: list[Entry], reviews: dict[str, RevealReviewed]) -> Iterator[Look]:
    """One for each reason that was given; what continues it counts with it."""
    facts = [(entry, access) for entry in entries if (access := _access(entry)) is not None]
    for entry, access in facts:
        if access.continues is None:
            id_ = entry.message.id
            times = 1 + sum(other.continues == id_ for _, other in facts)
            yield _look(entry, access, times=times, reviewed=reviews.get(id_))


def _access(entry: Entry) -> Access | None:
    fact = entry.message.data
    return fact.access if isinstance(fact, RecordRevealed | DeadLetterRevealed) else None


def _look(entry: Entry, access: Access, *, times: int, reviewed: RevealReviewed | None) -> Look:
    fact = entry.message.data
    assert isinstance(fact, RecordRevealed | DeadLetterRevealed)
    due = access.review_due_at
    late = due is not None and due < dt.datetime.now(dt.UTC)
    return Look(
        id=entry.message.id,
        at=codec.from_micros(entry.recorded_at).isoformat(),
        act=act_of(fact),
        who=fact.seen_by,
        why=fact.why,
        record_id=fact.subject,
        about=entry.message.correlation_id,
        purpose=access.purpose,
        emergency=access.break_glass,
        times=times,
        review_by=access.review_by,
        review_due_at=due.isoformat() if due else None,
        state="reviewed" if reviewed else "overdue" if late else "open",
        in_order=reviewed.in_order if reviewed else None,
        reviewed_by=reviewed.reviewed_by if reviewed else None,
    )

"""A decision as it was made: what was shown, and by which policy it was heard (R47, F39)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ops.access.acting import Asker
from ops.look.deeds import decided_by, pictures_of
from ops.look.revealing import Seen, see
from ops.run.wiring import Hub
from schemas.access import Resource
from schemas.picture import PictureShown, shown_id
from stores import codec, journal, policies, replaying, trail
from stores.database import Transaction
from stores.policies import Kept
from stores.trail import Entry


class NoDecision(Exception):
    """Nothing that a person decided is recorded under the id, or nobody can read it any more."""

    def __str__(self) -> str:
        (wanted,) = self.args
        return (
            f"{wanted} is no decision of a person that can be read: name the message of one, as "
            "`hub audit who` and `hub case` tell it"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """What was shown; ``as_seen``: whether it is the very content that the decision names."""

    id: str
    digest: str
    agency: str
    shown_at: str
    as_seen: bool
    content: dict[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class AsOf:
    """A decision with all that it stood on."""

    message_id: str
    type: str
    recorded_at: str
    decision: dict[str, Any]
    pictures: list[Picture]
    missing: list[str]
    """Pictures that it names, and that are not recorded or cannot be read any more."""
    hidden: list[str]
    """Pictures that the access rules do not show to whoever looks."""
    policies: list[Kept]
    """By which the hub's steps heard it: agreements, profile and models."""


def as_of(hub: Hub, wanted: str, *, asker: Asker) -> AsOf:
    """A decision by the id of its message, with the pictures that it names and the policies under
    which it was heard, as they are recorded, as far as the access rules let somebody see them. Who
    looked and why is recorded first, and told to each agency whose messages these are.

    Raises :class:`NoDecision`, ``Denied`` or ``NobodyReviews``.
    """
    with hub.database.transaction() as transaction:
        found = [entry for entry in _entries(transaction, [wanted]) if _is_decision(entry)]
        look = _Look(hub, transaction, wanted, asker, _case_of(transaction, found))
        seen = look.see(found, Resource.CASE)
        named = {one.id: one.digest for entry in found for one in pictures_of(entry.message.data)}
        shown = _pictures(_entries(transaction, [shown_id(id_) for id_ in named]))
        pictures = (
            look.see([*shown.values()], Resource.PICTURE) if shown and seen.entries else Seen()
        )
        heard = _heard_by(transaction, wanted)
    if not seen.or_refused().entries:
        raise NoDecision(wanted)
    told = [_picture(entry, named) for entry, is_open in pictures.entries if is_open]
    ((decision, _),) = seen.entries
    return AsOf(
        message_id=decision.message.id,
        type=decision.message.type,
        recorded_at=_moment(decision),
        decision=json.loads(codec.encode(decision.message.data)),
        pictures=told,
        missing=sorted(named.keys() - shown.keys()),
        hidden=sorted(shown.keys() - {one.id for one in told}),
        policies=heard,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """Somebody who looks at what belongs to a decision."""

    hub: Hub
    transaction: Transaction
    wanted: str
    asker: Asker
    among: Sequence[Entry]

    def see(self, entries: Sequence[Entry], resource: Resource) -> Seen:
        """What of these they may see, which is recorded."""
        return see(
            self.hub,
            self.transaction,
            entries=entries,
            wanted=self.wanted,
            asker=self.asker,
            resource=resource,
            among=self.among,
        )


def _is_decision(entry: Entry) -> bool:
    return decided_by(entry.message.data) is not None


def _case_of(transaction: Transaction, decisions: Sequence[Entry]) -> list[Entry]:
    """All about what was decided on, by which whose items it repeats is known."""
    return [
        entry
        for decision in decisions
        for entry in trail.about(
            transaction.connection, transaction.vault, wanted=decision.message.data.subject
        )
    ]


def _entries(transaction: Transaction, message_ids: Sequence[str]) -> list[Entry]:
    rows = journal.rows_of(transaction.connection, message_ids)
    keys = transaction.vault.readable(transaction.connection, {row.key_id for row in rows})
    return [
        Entry(row.position, row.recorded_at, row.chain, journal.opened(row, keys))
        for row in sorted(rows, key=lambda row: row.position)
    ]


def _heard_by(transaction: Transaction, wanted: str) -> list[Kept]:
    entry = replaying.entry(transaction, wanted)
    claims = [] if entry is None else replaying.claims_on(transaction.connection, [entry])
    numbers = sorted({claim.policy for claim in claims if claim.policy})
    return policies.kept(transaction.connection, numbers)


def _pictures(entries: Sequence[Entry]) -> dict[str, Entry]:
    facts = ((entry.message.data, entry) for entry in entries)
    return {fact.picture.id: entry for fact, entry in facts if isinstance(fact, PictureShown)}


def _picture(entry: Entry, named: dict[str, str]) -> Picture:
    fact = entry.message.data
    assert isinstance(fact, PictureShown)
    given = fact.picture
    return Picture(
        id=given.id,
        digest=given.digest,
        agency=fact.agency,
        shown_at=_moment(entry),
        as_seen=given.content.digest() == given.digest == named[given.id],
        content=given.content.model_dump(mode="json"),
    )


def _moment(entry: Entry) -> str:
    return codec.from_micros(entry.recorded_at).isoformat()

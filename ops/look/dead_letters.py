"""Dead letters without what they hold: which wait, how many of what, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ops.look.reading import Readable
from router import intake
from schemas.notification import MessageRefused
from schemas.operations import DeadLetterRedriven
from stores import codec, dead_letters, linking, trail
from stores.database import View
from stores.dead_letters import Chosen

Listed = Mapping[str, Any]
"""A dead letter without what it held, by these names, and ``came_back``: how often it was sent
again and refused again. Times are ISO 8601, in UTC.
"""
_LISTED: Final = (
    "id",
    "agency",
    "connector",
    "step",
    "reason",
    "field",
    "state",
    "content_type",
    "decided_by",
    "why",
)
_SEVERAL: Final = 10
"""Ids that are listed where a prefix leads to more than one."""
ALL_WAITING: Final = Chosen()


class NoSuchLetter(Exception):
    """No dead letter, or more than one, is called so; the message says which."""

    def __init__(self, wanted: str, ids: Sequence[str] = ()) -> None:
        super().__init__(_not_one(wanted, ids))
        self.ids = ids


def _not_one(wanted: str, ids: Sequence[str]) -> str:
    if not ids:
        return f"there is no dead letter {wanted}; see `hub dead-letters list`"
    more = "" if len(ids) < _SEVERAL else ", and perhaps more"
    listed = "".join(f"\n  {id_}" for id_ in ids)
    return f"several dead letters begin with {wanted}{more}: write more of the one{listed}"


def one(hub: Readable, wanted: str) -> Listed:
    """The dead letter of an id, or of the beginning of one, whatever its state. Raises
    :class:`NoSuchLetter`.
    """
    with hub.database.view() as view:
        found = dead_letters.called(view.connection, wanted, limit=_SEVERAL) if wanted else ()
        if len(found) != 1:
            raise NoSuchLetter(wanted, [row.id for row in found])
        return _told_of(view, found)[0]


def some(
    hub: Readable, chosen: Chosen = ALL_WAITING, *, limit: int | None = None, after: int = 0
) -> list[Listed]:
    """Those chosen behind the first so many: what may be a Red first, then the oldest."""
    with hub.database.view() as view:
        rows = dead_letters.some(view.connection, chosen, limit=limit, after=after)
        return _told_of(view, rows)


def of_ids(hub: Readable, ids: Sequence[str]) -> list[Listed]:
    """Those of these ids that there are, in their order."""
    with hub.database.view() as view:
        rows = dead_letters.of_ids(view.connection, ids)
        return _told_of(view, [rows[id_] for id_ in ids if id_ in rows])


@dataclass(frozen=True, slots=True)
class Counted:
    """How many there are."""

    letters: int
    reds: int
    """Those that may be about a Red."""
    by_reason: Mapping[str, int]
    by_agency: Mapping[str, int]


def count(hub: Readable, chosen: Chosen) -> Counted:
    """How many are chosen, by reason and agency, the most first."""
    with hub.database.reading() as connection:
        rows = dead_letters.counted(connection, chosen)
    reasons, agencies = Counter[str](), Counter[str]()
    reds = 0
    for row in rows:
        reasons[row.reason] += row.letters
        agencies[row.agency] += row.letters
        reds += row.letters if row.may_be_red else 0
    by_reason, by_agency = dict(reasons.most_common()), dict(agencies.most_common())
    return Counted(reasons.total(), reds, by_reason, by_agency)


def reasons(hub: Readable, ids: Collection[str]) -> dict[str, int]:
    """How many of these there are of each reason."""
    with hub.database.reading() as connection:
        rows = dead_letters.of_ids(connection, ids)
    return dict(sorted(Counter(row.reason for row in rows.values()).items()))


def _told_of(view: View, rows: Sequence[Any]) -> list[Listed]:
    back = _came_back(view, rows)
    return [
        {name: getattr(row, name) for name in _LISTED}
        | {
            "created_at": codec.from_micros(row.created_at).isoformat(),
            "may_be_red": bool(row.may_be_red),
            "came_back": back[row.id],
        }
        for row in rows
    ]


def _came_back(view: View, rows: Sequence[Any]) -> Counter[str]:
    """How often each was sent again and refused again: as it came, or after it had been taken."""
    of_steps = {row.id: row.message_id for row in rows if row.step != intake.STEP}
    about = set(trail.correlations(view.connection, [*filter(None, of_steps.values())]).values())
    causes = trail.causes(view.connection, about)
    before = {id_: set(_and_before(message, causes)) for id_, message in of_steps.items()}
    back = Counter[str]()
    for fact, _ in _redriven(view, {*(row.id for row in rows), *about}):
        back[fact.dead_letter_id] += bool(fact.refused)
        back.update(id_ for id_, all_ in before.items() if not all_.isdisjoint(fact.message_ids))
    return back


def _and_before(id_: str | None, causes: Mapping[str, str | None]) -> Iterator[str]:
    """A message, what caused it, what caused that, and so on."""
    while id_ is not None:
        yield id_
        id_ = causes.get(id_)


def _redriven(view: View, about: Collection[str]) -> Iterator[tuple[DeadLetterRedriven, str]]:
    """What was sent again of these letters or referrals, with what that is about, in order."""
    types = [DeadLetterRedriven]
    for entry in linking.about(view.connection, view.vault, ids=about, types=types):
        if isinstance(entry.message.data, DeadLetterRedriven):
            yield entry.message.data, entry.message.correlation_id


# --- what became of those that were sent again

TAKEN, REFUSED, UNDECIDED = "taken", "refused again", "not decided yet"


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a letter that was sent again."""

    result: str
    """``taken``: the hub has acted on it; ``refused again``; or nothing follows from it yet."""
    reason: str | None = None
    """Why it was refused again."""
    field: str | None = None
    dead_letter_id: str | None = None
    """The dead letter that it is now."""


def became(hub: Readable, ids: Collection[str]) -> dict[str, Became]:
    """What became of those of these letters that were sent again, by id."""
    with hub.database.view() as view:
        last = {fact.dead_letter_id: (fact, about) for fact, about in _redriven(view, ids)}
        sent = {id_: last[id_] for id_ in ids if id_ in last}
        about = {one for fact, its in sent.values() for one in (its, *fact.message_ids)}
        causes = trail.causes(view.connection, about)
        refusals = _refusals(view, about, causes)
        caused = {*causes.values()}
        now = dead_letters.of_ids(view.connection, sent)
        return {
            id_: _became(fact, now.get(id_), refusals=refusals, caused=caused)
            for id_, (fact, _) in sent.items()
        }


def _refusals(
    view: View, about: Collection[str], causes: Mapping[str, str | None]
) -> dict[str, MessageRefused]:
    """By each message that led to it: what a step refused."""
    entries = linking.about(view.connection, view.vault, ids=about, types=[MessageRefused])
    facts = (entry.message.data for entry in entries)
    return {
        id_: fact
        for fact in facts
        if isinstance(fact, MessageRefused)
        for id_ in _and_before(fact.message_id, causes)
    }


def _became(
    fact: DeadLetterRedriven,
    row: Any,
    *,
    refusals: Mapping[str, MessageRefused],
    caused: Collection[str | None],
) -> Became:
    if fact.refused:
        return Became(REFUSED, row and row.reason, row and row.field, fact.dead_letter_id)
    for id_ in fact.message_ids:
        if again := refusals.get(id_):
            return Became(REFUSED, again.reason, again.field, again.dead_letter_id)
    return Became(TAKEN if any(id_ in caused for id_ in fact.message_ids) else UNDECIDED)

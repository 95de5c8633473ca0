"""Which child's school is still to be told of an incident, and why no letter goes there (L4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ops.look import documents
from ops.look.clocks import keys_of
from ops.look.reading import Readable
from router.steps.school.decide import STEP
from router.steps.school.state import Telling
from schemas.case import ChildLinked
from schemas.school import SchoolNotTold
from stores import codec, linking
from stores.database import View


@dataclass(frozen=True, slots=True)
class ToTell:
    """A school that nobody has told yet; nothing of the child or the school."""

    referral_id: str
    """The one that told of the concern first: a decision names it."""
    case_id: str
    on_its_way: bool
    """Whether a notice waits to be let go by its owner."""
    why: str | None
    """Why no letter goes, where none does."""
    due_at: dt.datetime | None


def to_tell(hub: Readable, referral_id: str) -> ToTell | None:
    """None where no school is to be told of this concern, or it was settled."""
    with hub.database.view() as view:
        return next(_open(view, {_concern(view, referral_id)}), None)


def waiting(hub: Readable) -> list[ToTell]:
    """All of which a clock runs or ran out lately, what is due first."""
    at = codec.from_micros(hub.database.clock())
    with hub.database.view() as view:
        found = list(_open(view, keys_of(view, STEP.name, at=at)))
    last = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(found, key=lambda one: (one.due_at or last, one.referral_id))


def _open(view: View, keys: Collection[str]) -> Iterator[ToTell]:
    """Those of these concerns that are not settled."""
    told = linking.about(view.connection, view.vault, ids=keys, types=[SchoolNotTold])
    facts = [one.message.data for one in told]
    why = {one.referral_id: one.explanation for one in facts if isinstance(one, SchoolNotTold)}
    for key, state in documents.of(view, STEP, keys).items():
        if state.agency is not None and not state.ended:
            yield _told(key, state, why=why.get(key))


def _told(concern: str, state: Telling, *, why: str | None) -> ToTell:
    return ToTell(
        referral_id=concern,
        case_id=state.cases.now,
        on_its_way=state.product_id is not None,
        why=why if state.product_id is None else None,
        due_at=state.clock.due_at if state.clock else None,
    )


def _concern(view: View, referral_id: str) -> str:
    """The referral that told of it first."""
    found = linking.about(view.connection, view.vault, ids=[referral_id], types=[ChildLinked])
    facts = [one.message.data for one in found]
    first = [one.first_told for one in facts if isinstance(one, ChildLinked) and one.first_told]
    return first[-1] if first else referral_id

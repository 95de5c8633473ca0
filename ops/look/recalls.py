"""What owners want back from recipients, and what each recipient has answered (R27, L7)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from ops.look.reading import Readable
from schemas.product import ProductRecalled, RecallAnswer, RecallAnswered
from stores.noted import Question
from stores.trail import Entry

_FINAL = (RecallAnswer.DESTROYED, RecallAnswer.CANNOT)


@dataclass(frozen=True, slots=True)
class Recalled:
    """One recall, without why or what: who has it, since when, and what it answered."""

    recall_id: str
    product_id: str
    case_id: str
    recipient: str
    owner: str | None
    """Whose item it is; None where the whole product is for the wrong child."""
    recalled_at: str
    answer: str | None = None
    answered_at: str | None = None
    ring: str | None = None
    """Whom to telephone at the recipient; None: it is not configured any more."""

    @property
    def awaited(self) -> bool:
        """Whether the recipient has still to say what it did."""
        return self.answer not in _FINAL


def of(hub: Readable, *, every: bool = False) -> list[Recalled]:
    """The recalls whose answer is awaited, oldest first; or every one."""
    with hub.database.view() as view, _RECALLED.asked(view, since=0) as recalled:
        wanted = [one for one in recalled.found.values() if every or one.awaited]
    return [replace(one, ring=_ring(hub, one.recipient)) for one in wanted]


def _ring(hub: Readable, recipient: str) -> str | None:
    agency = hub.settings.agencies.get(recipient)
    return agency.signpost_contact if agency else None


@dataclass(slots=True)
class _Found:
    found: dict[str, Recalled] = field(default_factory=dict)

    def note(self, entry: Entry) -> None:
        """Hear the next fact."""
        message = entry.message
        match message.data:
            case ProductRecalled() as told:
                id_ = told.recall_id or message.id
                self.found[id_] = _recalled(told, id_, at=message.time.isoformat())
            case RecallAnswered() as told if told.recall_id in self.found:
                answer, at = told.answer.value, message.time.isoformat()
                before = self.found[told.recall_id]
                self.found[told.recall_id] = replace(before, answer=answer, answered_at=at)


_RECALLED: Final = Question((ProductRecalled, RecallAnswered), _Found)


def _recalled(told: ProductRecalled, id_: str, *, at: str) -> Recalled:
    return Recalled(
        recall_id=id_,
        product_id=told.product_id,
        case_id=told.case_id,
        recipient=told.recipient,
        owner=told.owner,
        recalled_at=at,
    )

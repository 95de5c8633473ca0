"""What owners want back from recipients, and what each recipient has answered (R27, L7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ops.look.reading import Readable
from schemas.message import Message
from schemas.product import ProductRecalled, RecallAnswer, RecallAnswered
from stores import linking

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
    with hub.database.view() as view:
        told = [
            entry
            for type_ in (ProductRecalled, RecallAnswered)
            for entry in linking.every(view.connection, view.vault, type_=type_)
        ]
    told.sort(key=lambda one: one.position)
    found = _found(entry.message for entry in told)
    wanted = (one for one in found.values() if every or one.awaited)
    return [replace(one, ring=_ring(hub, one.recipient)) for one in wanted]


def _ring(hub: Readable, recipient: str) -> str | None:
    agency = hub.settings.agencies.get(recipient)
    return agency.signpost_contact if agency else None


def _found(messages: Iterable[Message]) -> dict[str, Recalled]:
    found: dict[str, Recalled] = {}
    for message in messages:
        match message.data:
            case ProductRecalled() as told:
                id_ = told.recall_id or message.id
                found[id_] = _recalled(told, id_, at=message.time.isoformat())
            case RecallAnswered() as told if told.recall_id in found:
                answer, at = told.answer.value, message.time.isoformat()
                before = found[told.recall_id]
                found[told.recall_id] = replace(before, answer=answer, answered_at=at)
    return found


def _recalled(told: ProductRecalled, id_: str, *, at: str) -> Recalled:
    return Recalled(
        recall_id=id_,
        product_id=told.product_id,
        case_id=told.case_id,
        recipient=told.recipient,
        owner=told.owner,
        recalled_at=at,
    )

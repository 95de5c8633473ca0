"""Whose words were shown hears what somebody found who looked afterwards at why (R46)."""

from __future__ import annotations

from typing import Final

from ops.look.reading import Guarded
from schemas.letter import Letter
from schemas.message import Message, derived_id
from schemas.notices import LookReviewed
from schemas.operations import DeadLetterRevealed, RecordRevealed, RevealReviewed
from stores import journal, linking, queues
from stores.database import Transaction

_IN_ORDER: Final = "Nothing, where you find it in order too. Where you do not: ring."
_NOT_IN_ORDER: Final = "Ring: ask what is done about it, and say what it means for you."


def tell_owners(
    hub: Guarded, transaction: Transaction, message: Message, *, reviewed: RevealReviewed
) -> None:
    """Tell each agency that was told of a look what its reviewer found, as ``message`` records."""
    look = journal.load(transaction, reviewed.reveal_id)
    if look is None or not isinstance(look.data, RecordRevealed | DeadLetterRevealed):
        return
    lead = hub.settings.agencies.get(hub.settings.lead_agency)
    said = {
        "record": "referral" if isinstance(look.data, RecordRevealed) else "dead_letter",
        "seen_by": look.data.seen_by,
        "why": look.data.why,
        "seen_at": look.time,
        "in_order": reviewed.in_order,
        "found": reviewed.why,
        "reviewed_by": reviewed.reviewed_by,
        "reviewed_at": message.time,
        "to_do": _IN_ORDER if reviewed.in_order else _NOT_IN_ORDER,
        "contact": lead.signpost_contact if lead else None,
    }
    for agency, ids in _shown(transaction, look).items():
        if agency in hub.settings.agencies:
            notice = LookReviewed.model_validate(said | {"message_ids": ids})
            letter = Letter(f"reviewed/{agency}", agency=agency, notice=notice)
            id_ = derived_id(message.id, letter.key)
            queues.post(transaction, {id_: letter}, about={id_: message.correlation_id})


def _shown(transaction: Transaction, look: Message) -> dict[str, tuple[str, ...]]:
    """Whose messages were shown in a look, and in what continued it, by agency."""
    kinds = (RecordRevealed, DeadLetterRevealed)
    entries = linking.about(
        transaction.connection, transaction.vault, ids=[look.data.subject], types=kinds
    )
    ids, found = set[str](), dict[str, list[str]]()
    for message in (entry.message for entry in entries):
        fact = message.data
        if not isinstance(fact, kinds):
            continue  # what was erased cannot be read
        if look.id not in (message.id, fact.access and fact.access.continues):
            continue
        if isinstance(fact, DeadLetterRevealed):
            found[fact.agency] = [fact.dead_letter_id]
        else:
            ids.update(fact.message_ids)
    for row in sorted(journal.rows_of(transaction.connection, ids), key=lambda row: row.position):
        if row.chain.startswith("intake/"):
            found.setdefault(row.chain.rpartition("/")[2], []).append(row.message_id)
    return {agency: tuple(theirs) for agency, theirs in found.items()}

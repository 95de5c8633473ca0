"""A handover is taken back: from the team's queue while it waits there, and from whoever has it."""

from __future__ import annotations

from collections.abc import Mapping

from router.steps.hand_over.state import Handing
from router.steps.now import Now
from schemas.handover import HandoverRecall, HandoverTakenBack
from schemas.letter import Letter

TO_DO = (
    "Do not act on it. Destroy what you have of it, wherever it has gone, and send a handover "
    "receipt that says that you have given it up. If you have acted on it, ring the hub."
)


def take_back(
    handing: Handing, fact: HandoverTakenBack, *, reason: str, now: Now
) -> tuple[Handing, tuple[Letter, ...]]:
    """The handing as it is then, and what its team is told; nobody who never had it is told."""
    done = handing.model_copy(update={"taken_back": reason, "clock": None})
    if not done.fetched:
        return done, ()
    head = {"referral_id": fact.referral_id, "case_id": fact.case_id}
    return recall(done, reason, head=head, now=now)


def recall(
    handing: Handing, reason: str, *, head: Mapping[str, str], now: Now
) -> tuple[Handing, tuple[Letter, ...]]:
    """Its team is told what to do with what it has, and owes the word that it has done it."""
    clock = now.owing("receipt", by=handing.desk)
    notice = HandoverRecall(
        referral_id=head["referral_id"],
        case_id=head["case_id"],
        worker=handing.worker,
        reason=reason,
        to_do=TO_DO,
        due_at=clock.due_at if clock else None,
        contact=now.contact_of(now.policy.lead_agency),
    )
    letter = Letter(f"handover-recall/{handing.letter}", agency=handing.desk, notice=notice)
    return handing.model_copy(update={"recalled": True, "clock": clock}), (letter,)

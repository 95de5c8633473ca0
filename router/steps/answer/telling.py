"""What an enquirer is told: what its agreement and the owners of registers allow (R27)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from router.steps.answer.state import Answering
from schemas.enquiries import EnquiryReply, Match
from schemas.message import Message, derived_id
from schemas.policy import Policy
from schemas.registers import Involvement

OPEN_CASE = "open case with an allocated social worker"


def reply(answering: Answering, message: Message, *, enquiry_id: str, **said: Any) -> EnquiryReply:
    """A reply to an enquiry that was admitted."""
    assert answering.enquiry is not None
    return EnquiryReply(
        identifier=derived_id("enquiry-reply", enquiry_id, message.id),
        in_reply_to=answering.enquiry.identifier,
        date_stamp=message.time,
        sharing_policy=answering.sharing_policy,
        **said,
    )


def told_of(match: Match | None, answering: Answering, policy: Policy) -> dict[str, Any]:
    """Of a permitted answer: whether the child is known, how, and whom to ask further."""
    if match is None or not _may_be_known(match, policy):
        return {"known": False}
    return {
        "known": True,
        "involvement": tuple(_involvement(match, answering.terms.tells, policy)),
        "contact": policy.partners[policy.lead_agency].signpost_contact,
    }


def _may_be_known(match: Match, policy: Policy) -> bool:
    """Whether the hub knows the child by more than a register whose owner keeps it to the hub."""
    return bool(match.referrals or match.allocated_to or list(_entries(match, policy)))


def _entries(match: Match, policy: Policy) -> Iterator[Involvement]:
    open_to_partners = {one.system for one in policy.checks if one.told_on}
    for entry in match.known_to:
        if entry.system in open_to_partners and not entry.possible:
            yield entry


def _involvement(match: Match, tells: Sequence[str], policy: Policy) -> Iterator[Involvement]:
    if "worker" in tells and match.allocated_to is not None:
        worker = match.allocated_to
        team = policy.partners.get(worker.team)
        contact = team.signpost_contact if team else None
        yield Involvement(involvement=OPEN_CASE, worker=worker.name, contact=contact)
    if "involvement" in tells:
        for entry in _entries(match, policy):
            kept = {} if "worker" in tells else {"worker": None}
            yield Involvement(**entry.shared(Involvement) | kept | {"reference": None})

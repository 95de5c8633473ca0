"""An owner signs what it is asked: after it has seen that the statement is about what is shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from connectors.edge import shown
from connectors.edge.keys import SigningKey
from schemas.decisions import ReleaseDecision
from schemas.envelope import Envelope, NotSigned
from schemas.notices import ApprovalRequest
from schemas.policy import plain_name
from schemas.product import Choice, DraftItem, Item, Redaction, release_digest
from schemas.statement import HANDLING, ReleaseStatement, redaction_map, text_digest


class NotAsShown(Exception):
    """The hub asks to sign something else than it shows, or nothing at all; it says what."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody of the owner decides about a request, and why."""

    choice: Choice
    reason: str | None = None
    text: str | None = None
    """In words of the owner's own."""
    signpost: bool | None = None
    """Of what is withheld: whether recipients may be told that there is something; None: as said
    before.
    """
    ask_again: bool = False
    """Of what is withheld: whether to ask about each further product all the same."""


def request_of(letter: bytes) -> ApprovalRequest:
    """The request of a letter as the hub sent it; raises :class:`NotAsShown`."""
    try:
        told = json.loads(letter)
        return ApprovalRequest.model_validate_json(json.dumps(told.get("data", told)))
    except (ValidationError, ValueError, AttributeError):
        raise NotAsShown("this is no mash.approval-request.v1") from None


def decide(request: ApprovalRequest, decision: Decision, *, key: SigningKey) -> dict[str, Any]:
    """The data of a ``mash.release-decision.v1``, signed where it lets something leave.

    Raises :class:`NotAsShown`.
    """
    item, withheld = request.item, decision.choice is Choice.WITHHOLD
    told = {name: getattr(request, name) for name in _HEAD}
    told |= {"item_id": item.item_id, "choice": decision.choice, "reason": decision.reason}
    told |= {"decided_by": key.decided_by, "ask_again": decision.ask_again}
    told["signpost"] = item.signpost if decision.signpost is None else decision.signpost
    if not withheld:
        one = statement(request, decision, key=key)
        # Why stays in the decision: the envelope goes to the recipient with the product.
        showing = key.showing(shown.to_sign(request, _words(item, decision)[0]))
        envelope = showing.sign(one.model_copy(update={"decided_by": key.decided_by}).payload())
        told |= {"digest": one.digest, "envelope": envelope}
    if decision.choice is Choice.RELEASE_REWORDED:
        told |= {"text": decision.text, "instead_of": item.original_digest}
    made: dict[str, Any] = ReleaseDecision.model_validate(told).model_dump(mode="json")
    return {name: value for name, value in made.items() if value is not None}


_HEAD = ("referral_id", "product_id", "case_id", "recipient", "purpose")


def statement(request: ApprovalRequest, decision: Decision, *, key: SigningKey) -> ReleaseStatement:
    """What is to be signed; raises :class:`NotAsShown` unless it is about what the request shows,
    or is of another agency than the key.
    """
    if request.statements and request.statements[0].agency != key.agency:
        asked = request.statements[0].agency
        raise NotAsShown(f"the request is for {asked} to decide, and the key is of {key.agency}")
    if not request.statements:
        raise NotAsShown("it has no statement: the hub knows no key of this agency")
    _require_alike(request)
    _require_whom(request)
    one = _proposed(request, _words(request.item, decision)[0], decision=decision)
    wanted = _wanted(request, decision, agency=key.agency)
    wrong = [name for name, value in wanted.items() if getattr(one, name) != value]
    if wrong:
        raise NotAsShown(f"it would sign another {', '.join(wrong)} than the request shows")
    return one


def _wanted(request: ApprovalRequest, decision: Decision, *, agency: str) -> dict[str, Any]:
    """What of a statement follows from what the request shows."""
    text, taken_out = _words(request.item, decision)
    owners = filter(None, (request.item.owner, request.item.held_by))
    told = {name: getattr(request, name) for name in _HEAD} | {
        "agency": agency,
        "item_id": request.item.item_id,
        "sources": tuple(Item(item_id=request.item.item_id, owner=one) for one in owners),
        "about": request.about_digest,
        "digest": _digest(request, text),
        "text_sha256": text_digest(text),
        "redactions_sha256": redaction_map(taken_out),
        "handling": HANDLING,
        "decided_by": None,
        "rationale": None,
    }
    # Requests of old show none: then what the statement says is shown.
    return told | ({"legal_gateway": request.legal_basis} if request.legal_basis else {})


def _digest(request: ApprovalRequest, text: str) -> str:
    return release_digest(
        item_id=request.item.item_id,
        recipient=request.recipient,
        purpose=request.purpose,
        text=text,
        about=request.about_digest or "",
    )


_OF_WORDS = ("text_sha256", "digest", "redactions_sha256")


def _require_alike(request: ApprovalRequest) -> None:
    """One of several statements is signed, and what is shown is said once: they differ in the
    words alone.
    """
    first = request.statements[0]
    for name in ReleaseStatement.model_fields:
        said = {json.dumps(one.model_dump(mode="json")[name]) for one in request.statements}
        if len(said) > 1 and name not in _OF_WORDS:
            raise NotAsShown(f"its statements say several {name}: only one of them is shown")
    if first.not_before >= first.expires:
        raise NotAsShown("it would count at no time")


def _require_whom(request: ApprovalRequest) -> None:
    """Whom it is about is signed by its digest: it is of what is shown, where all of it is. Who did
    not tell it is not shown all, and by name what is not.
    """
    block, signed = request.about, request.about_digest
    if block is None or not signed:
        if block is not None or signed:
            raise NotAsShown("whom it is about is shown and not signed, or signed and not shown")
        return
    told = {one.digest() for one in (block, block.model_copy(update={"ring": None}))}
    if not block.left_out and signed not in told:
        raise NotAsShown("it would sign that it is about another than the request shows")


def _proposed(request: ApprovalRequest, text: str, *, decision: Decision) -> ReleaseStatement:
    if decision.choice is not Choice.RELEASE_REWORDED:
        found = (one for one in request.statements if one.text_sha256 == text_digest(text))
        one = next(found, None)
        if one is None:
            raise NotAsShown("it has no statement of these words")
        return one
    own = {"text_sha256": text_digest(text), "digest": _digest(request, text)}
    return request.statements[-1].model_copy(update=own | {"redactions_sha256": redaction_map(())})


def _words(item: DraftItem, decision: Decision) -> tuple[str, tuple[Redaction, ...]]:
    if decision.choice is Choice.RELEASE_REWORDED:
        if not decision.text:
            raise NotAsShown("words of your own are wanted")
        return decision.text, ()
    if decision.choice is Choice.RELEASE_ORIGINAL:
        return item.original, ()
    return item.sanitised, item.redactions


def countersign(
    decision: dict[str, Any], request: ApprovalRequest, *, key: SigningKey
) -> dict[str, Any]:
    """The data of a decision that somebody else of the agency has signed, signed by one more.

    Raises :class:`NotAsShown`, also where it is about something else than the request shows.
    """
    try:
        envelope = Envelope.model_validate(decision.get("envelope"))
        told = ReleaseStatement.parse(envelope.unverified())
        taken = Decision(Choice(decision.get("choice", "")), text=decision.get("text"))
    except (ValidationError, NotSigned, ValueError):
        raise NotAsShown("nobody has signed it") from None
    if told.agency != key.agency:
        raise NotAsShown(f"it is {told.agency}'s to decide, and the key is of {key.agency}")
    if plain_name(told.decided_by or "") == plain_name(key.decided_by):
        raise NotAsShown(f"{key.decided_by} has signed it already: another person has to")
    own = {"decided_by": told.decided_by}
    wanted = statement(request, taken, key=key).model_copy(update=own)
    if wanted.payload() != told.payload():
        raise NotAsShown("what is signed is not what the request shows: ask for a new decision")
    showing = key.showing(shown.to_sign(request, _words(request.item, taken)[0]))
    both = envelope.also_signed(showing.sign(envelope.unverified()))
    return decision | {"envelope": both.model_dump(mode="json")}

"""The faults of F19: what in the hub is replaced by what, and where the leak has to be found.

Each names the one place in the code that keeps it from leaking; where another would keep it back
as well, that is replaced, too.
"""

from __future__ import annotations

import base64
import gzip
import json
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import structlog

from router.proven import Proven
from router.steps.identity import _EVERYTHING
from router.steps.sanitising import Sanitised
from schemas.picture import PicturePart

New = Callable[[Any], Any]
"""From what stands there to what stands in its place."""


@dataclass(frozen=True)
class Fault:
    """A leak, by what makes it."""

    name: str
    found_in: str
    """Where it has to be found: a pattern."""
    changes: Mapping[str, New]
    """What is replaced, by its full name."""
    original: bool = False
    """Whether the police release their narrative as it is, with the informant in it."""

    @contextmanager
    def let_in(self) -> Iterator[None]:
        """The hub with the fault."""
        with ExitStack() as stack:
            for name, new in self.changes.items():
                module, _, attribute = name.rpartition(".")
                stack.enter_context(patch(name, new(_found(module, attribute))))
            yield


def _found(where: str, attribute: str) -> Any:
    """What stands there, also within a class."""
    from importlib import import_module

    parts = where.split(".")
    if parts[-1][0].isupper():
        return getattr(getattr(import_module(".".join(parts[:-1])), parts[-1]), attribute)
    return getattr(import_module(where), attribute)


def _instead(result: Any) -> New:
    return lambda _original: lambda *_given, **_named: result


def _first(_original: Any) -> Any:
    """What it is given comes out as it is."""
    return lambda given, *_more, **_named: given


def _seen(**flags: Any) -> New:
    """Items are looked at as if their owners had set these flags."""
    return lambda original: (
        lambda item, *more, **named: original(item.model_copy(update=flags), *more, **named)
    )


_UNSAFE = {
    "router.keeping_back.unsafe": _instead(()),
    "router.steps.approve.guarding.unsafe": _instead(()),
}


# --- letters


def _shown(_original: Any) -> Any:
    from schemas.picture import ShownItem

    return lambda items: tuple(ShownItem(**one.shared(ShownItem)) for one in items)


def _revealed(_original: Any) -> Any:
    return lambda notification: notification.model_copy(update={"sharing": None})


def _views(_original: Any) -> Any:
    from router.picture.views import _view

    return lambda state: (_view(one) for one in (state.disputes if state else ()))


def _part(_original: Any) -> Any:
    from schemas.base import ReferralHead

    def whole(picture: Any, _agency: str) -> PicturePart:
        head = picture.shared(ReferralHead)
        return PicturePart(
            **head, revision=picture.revision, own=picture.history, asked=picture.asked
        )

    return whole


def _opened_dispute(original: Any) -> Any:
    def opened(dispute: Any, **named: Any) -> Any:
        return original(dispute.model_copy(update={"may_be_revealed": True}), **named)

    return opened


def _at_another_desk(kind: str, agency: str) -> New:
    def new(original: Any) -> Any:
        def post(transaction: Any, by_id: Any, **named: Any) -> None:
            moved = {
                id_: replace(one, agency=agency) if one.notice.type == kind else one
                for id_, one in by_id.items()
            }
            original(transaction, moved, **named)

        return post

    return new


def _to_everybody(kind: str, reader: str) -> New:
    """Whoever else fetches gets what was last fetched of a kind."""
    last: list[Any] = []

    def new(original: Any) -> Any:
        def lease(queues: Any, agency: str, **named: Any) -> Any:
            leased = original(queues, agency, **named)
            last.extend(one for one in leased if one.type == kind)
            return (
                [*leased, *(last.pop() for _ in range(len(last)))] if agency == reader else leased
            )

        return lease

    return new


def _all_go(_original: Any) -> Any:
    return lambda _view, leased, **_named: Proven(goes=list(leased))


def _left_out(original: Any) -> Any:
    def decided(stage: Any, decision: Any, *, owner: str) -> Any:
        return original(stage, decision.model_copy(update={"leaves_out": ()}), owner=owner)

    return decided


def _any_signature(_original: Any) -> Any:
    def opened(envelope: Any, agency: str, *, made_at: Any, now: Any) -> Any:
        keys = now.policy.partners[agency].agreement.keys
        return keys[:1], envelope.unverified()

    return opened


def _told_in_full(_original: Any) -> Any:
    return lambda said, _reasons, **_named: said.narrative


def _news(original: Any) -> Any:
    def said(came: Any, policy: Any) -> str:
        texts = [item.text for item in getattr(came, "items", ())]
        return " ".join(texts) or str(original(came, policy))

    return said


# --- receipts, logs, what is shown


def _receipt_of_refusal(original: Any) -> Any:
    def rejected(dead: Any, arrival: Any) -> Any:
        said = arrival.original.decode()
        return original(dead, arrival).model_copy(update={"explanation": said})

    return rejected


def _receipt_of_all(original: Any) -> Any:
    def taken(arrival: Any, id_: str, **named: Any) -> Any:
        receipt = original(arrival, id_, **named)
        return receipt.model_copy(update={"next": arrival.original.decode()})

    return taken


def _later_receipt(original: Any) -> Any:
    def rejected(dead: Any, message: Any) -> Any:
        said = dead.original.decode()
        return original(dead, message).model_copy(update={"explanation": said})

    return rejected


def _taking(tell: Callable[[bytes], None]) -> New:
    """Whatever comes in is told somewhere."""

    def new(original: Any) -> Any:
        def take_in(transaction: Any, arrivals: Any, **named: Any) -> Any:
            for one in arrivals:
                tell(one.original)
            return original(transaction, arrivals, **named)

        return take_in

    return new


def _handing(tell: Callable[[bytes], None]) -> New:
    """Whatever is handed out is told somewhere."""

    def new(original: Any) -> Any:
        def lease(queues: Any, agency: str, **named: Any) -> Any:
            leased = original(queues, agency, **named)
            for one in leased:
                tell(one.body)
            return leased

        return lease

    return new


def _log(said: str) -> None:
    structlog.get_logger().info("received", said=said)


def _all_listed(_original: Any) -> Any:
    return lambda _key, _value: True


def _telling_errors(original: Any) -> Any:
    def decide(step: Any, message: Any, **named: Any) -> Any:
        try:
            return step.decide(named["state"], message, named["policy"])
        except ValueError as error:
            _log(str(error))
            return original(step, message, **named)

    return decide


def _failing(_original: Any) -> Any:
    def suggest(notification: Any, **_named: Any) -> Any:
        raise ValueError(notification.narrative)

    return suggest


def _quoting(original: Any) -> Any:
    def dead(cause: Any, *given: Any, **named: Any) -> Any:
        made = original(cause, *given, **named)
        told = json.loads(made.original)
        told = told.get("data", told)
        said = told.get("decision", told).get("reason") or ""
        return replace(made, field=str(said) or made.field)

    return dead


_names: list[str] = []


def _labelled(original: Any) -> Any:
    """A row for each child, by name, as somebody may want who counts."""

    def queues(look: Any) -> Iterator[Any]:
        yield from original(look)
        yield from ({"agency": name, "depth": 1} for name in _names)

    return queues


def _file(
    name: Callable[[bytes], str], content: Callable[[bytes], bytes]
) -> Callable[[bytes], None]:
    def write(body: bytes) -> None:
        with tempfile.NamedTemporaryFile(prefix=name(body), delete=False) as file:
            file.write(content(body))

    return write


def _named_after(body: bytes) -> str:
    subject = json.loads(body).get("data", {}).get("subject")
    return str(subject["name"][0]["family_name"][0]) if subject else "nobody"


# --- the store


def _sealed(encode: Callable[[bytes], bytes]) -> New:
    """Beside what is sealed stands what it says."""
    mark = b"<clear>"

    def new(original: Any) -> Any:
        def seal(key: Any, plain: bytes, *, bound_to: str) -> bytes:
            sealed: bytes = original(key, plain, bound_to=bound_to)
            return sealed + mark + encode(plain)

        return seal

    return new


def _opening(original: Any) -> Any:
    def open_(key: Any, sealed: bytes, *, bound_to: str) -> Any:
        return original(key, sealed.partition(b"<clear>")[0], bound_to=bound_to)

    return open_


def _in_store(encode: Callable[[bytes], bytes]) -> dict[str, New]:
    return {
        "stores.wrapping.DataKey.seal": _sealed(encode),
        "stores.wrapping.DataKey.open": _opening,
    }


_LEAD = "childrens_social_care"
_PRODUCT = r"mash\.product\.v1 to early_help"
_LEASE = "router.queues.StoredQueues.lease"
_WRITES_ITS_LETTERS = "stores.queues.post"
FAULTS: tuple[Fault, ...] = (
    Fault(
        "a picture shows items that are not revealed",
        rf"mash\.what-is-new\.v1 to {_LEAD}",
        {"router.picture.gathered.shown": _shown},
    ),
    Fault(
        "a picture shows a narrative that is not revealed",
        rf"mash\..* to {_LEAD}",
        {"router.picture.drawing.revealed": _revealed},
    ),
    Fault(
        "a picture shows a view that is not revealed",
        rf"mash\..* to {_LEAD}",
        {"router.picture.drawing.views": _views},
    ),
    Fault(
        "an agency that is asked is shown the whole picture",
        r"mash\.information-request\.v1 to gp",
        {"router.picture.giving.part_of": _part},
    ),
    Fault(
        "a view that is not revealed is told to the other side",
        rf"mash\.disagreement-opened\.v1 to {_LEAD}",
        {"router.steps.disagreement.decide.opened": _opened_dispute},
    ),
    Fault(
        "news of an item are its words",
        rf"mash\.what-is-new\.v1 to {_LEAD}",
        {"router.steps.rate.decide._said": _news},
    ),
    Fault(
        "the summary of a request is the narrative",
        r"mash\.information-request\.v1 to school",
        {"router.steps.asking.alleged": _told_in_full},
    ),
    Fault(
        "a request for approval goes to another agency",
        r"mash\.approval-request\.v1 to housing",
        {_WRITES_ITS_LETTERS: _at_another_desk("mash.approval-request.v1", "housing")},
    ),
    Fault(
        "a request for information goes to another agency",
        r"mash\.information-request\.v1 to midwifery",
        {_WRITES_ITS_LETTERS: _at_another_desk("mash.information-request.v1", "midwifery")},
    ),
    Fault(
        "a product goes to another agency, too",
        r"mash\.product\.v1 to midwifery",
        {_LEASE: _to_everybody("mash.product.v1", "midwifery")},
    ),
    Fault(
        "a recall goes to another agency",
        r"mash\.product-recall\.v1 to midwifery",
        {_WRITES_ITS_LETTERS: _at_another_desk("mash.product-recall.v1", "midwifery")},
    ),
    Fault(
        "what is protected of a child is told",
        r"mash\.information-request\.v1 to school",
        {"router.steps.identity.unprotected": _first} | _UNSAFE,
    ),
    Fault(
        "whatever is agreed, everything is told of a child",
        r"mash\.information-request\.v1 to school",
        {"router.steps.identity._agreed": _instead((_EVERYTHING, ""))},
    ),
    Fault(
        "what an owner leaves out of whom it is about is told",
        _PRODUCT,
        {"router.steps.approve.decide._decided": _left_out},
    ),
    # --- handovers
    Fault(
        "a handover holds the whole notification",
        r"mash\.handover\.v1",
        {"router.steps.link.handing_over.handed": _first} | _UNSAFE,
    ),
    Fault(
        "a handover says why something is kept back",
        r"mash\.handover\.v1",
        {"router.steps.link.handing_over._told_nobody": _first},
    ),
    Fault(
        "a handover says where somebody hides",
        r"mash\.handover\.v1",
        {
            "router.steps.link.handing_over.unprotected": _first,
            "router.steps.link.handing_over._who": _first,
        }
        | _UNSAFE,
    ),
    # --- composing, approving, the gate and the door
    Fault(
        "composing takes items that may not leave",
        _PRODUCT,
        {"router.steps.compose.weighing._against": _seen(may_leave=True)},
    ),
    Fault(
        "composing takes items that are not revealed",
        _PRODUCT,
        {"router.steps.compose.weighing._against": _seen(may_be_revealed=True, may_leave=True)},
    ),
    Fault(
        "nothing is sanitised",
        _PRODUCT,
        {"router.steps.compose.drafting.sanitise": lambda _: lambda text, **_n: Sanitised(text, ())}
        | _UNSAFE,
    ),
    Fault(
        "the gate believes any signature",
        _PRODUCT,
        {"router.steps.gate.opened": _any_signature},
    ),
    Fault(
        "the gate wants no signature",
        _PRODUCT,
        {"router.steps.gate.may_go_unsigned": _instead(True)},
    ),
    Fault(
        "whoever hands out believes the queue",
        _PRODUCT,
        {"router.proven.looked_at": _all_go},
    ),
    Fault(
        "whoever hands out misses what no step has heard",
        _PRODUCT,
        {"router.proven._withheld": _instead(False)},
    ),
    Fault(
        "what would put somebody at risk is not seen",
        _PRODUCT,
        _UNSAFE,
        original=True,
    ),
    Fault(
        "a decider's words are not searched for others'",
        r"mash\.referral-outcome\.v1 to police",
        {"router.keeping_back._withheld_words": _instead({})},
    ),
    # --- receipts, logs and what is shown
    Fault(
        "a receipt repeats what is refused",
        r"receipt of",
        {"router.intake.rejected": _receipt_of_refusal},
    ),
    Fault(
        "a receipt repeats what is taken",
        r"receipt of mash\.notification\.v1",
        {"router.intake.taken": _receipt_of_all},
    ),
    Fault(
        "a later receipt repeats what a step refuses",
        r"mash\.receipt\.v1 to",
        {"router.one_pass.rejected_later": _later_receipt},
    ),
    Fault(
        "the log has what came",
        r"log",
        {
            "ops.run.log._listed": _all_listed,
            "router.intake.take_in": _taking(lambda body: _log(body.decode())),
        },
    ),
    Fault(
        "the log has what goes out, in Base64",
        r"log",
        {
            "ops.run.log._listed": _all_listed,
            _LEASE: _handing(lambda body: _log(base64.b64encode(body).decode())),
        },
    ),
    Fault(
        "the log has what an error says",
        r"log",
        {
            "ops.run.log._listed": _all_listed,
            "router.one_pass.decide_safely": _telling_errors,
            "router.steps.thresholds.suggest": _failing,
        },
    ),
    Fault(
        "a dead letter's field is what came",
        r"dead letters",
        {"router.intake.dead_arrival": _quoting},
    ),
    Fault(
        "a dead letter of a step says what it refuses",
        r"dead letters",
        {"router.one_pass.dead_message": _quoting},
    ),
    Fault(
        "a figure is labelled with a name",
        r"status",
        {
            "ops.look.status._queues": _labelled,
            "router.intake.take_in": _taking(lambda body: _names.append(_named_after(body))),
        },
    ),
    Fault(
        "what came lies in a temporary file",
        r"temporary file",
        {"router.intake.take_in": _taking(_file(lambda _: "in", bytes))},
    ),
    Fault(
        "what goes out lies in a temporary file, compressed",
        r"temporary file",
        {_LEASE: _handing(_file(lambda _: "out", gzip.compress))},
    ),
    Fault(
        "a temporary file is called as a child",
        r"temporary file",
        {"router.intake.take_in": _taking(_file(_named_after, lambda _: b""))},
    ),
    # --- the store
    Fault("the store has it in clear", r"store", _in_store(bytes)),
    Fault("the store has it compressed", r"store", _in_store(zlib.compress)),
    Fault("the store has it in hexadecimal", r"store", _in_store(lambda b: b.hex().encode())),
    Fault(
        "the store has it in UTF-16",
        r"store",
        _in_store(lambda body: body.decode("utf-8", "replace").encode("utf-16-le")),
    ),
)

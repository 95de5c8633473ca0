"""What is kept back as it would put somebody at risk: a named decision maker of the lead agency
says what becomes of it (L7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ops.console.front_door.making import RATIONALE, Answers, Decision, about, given
from ops.console.questions import Ask, Option
from ops.console.screen import Page, Visit
from ops.look import kept_back as look
from ops.look import schools
from ops.look.kept_back import Kept
from ops.look.pictures import Opened
from schemas.identity import IdentityField
from schemas.safety import SafetyChoice
from stores import codec

_OF_IDENTITY: Final = "identity."
_LETTERS: Final = {
    "mash.information-request.v1": "A request for information",
    "mash.request-changed.v1": "Word that a request is changed",
    "mash.request-cancelled.v1": "Word that nothing is asked any more",
    "mash.product-changed.v1": "Word that something has changed since a product",
    "mash.handover-news.v1": "Word of what was decided about a referral that is handed over",
    "mash.handover-recall.v1": "Word that a referral is taken back from its team",
    "mash.owed.v1": "A reminder of what is owed",
    "mash.approval-request.v1": "A question what of its own may leave",
    "mash.product.v1": "A product",
    "mash.school-notice.v1": "A notice to the child's school",
    "mash.handover.v1": "A referral that is handed over",
    "mash.referral-outcome.v1": "What became of a referral",
}
_FIELDS: Final = {
    IdentityField.NAMES: "Names",
    IdentityField.BORN: "Date of birth",
    IdentityField.SEX: "Sex",
    IdentityField.IDENTIFIERS: "Numbers",
    IdentityField.FAMILY: "Family",
    IdentityField.ADDRESS: "Address",
    IdentityField.TELEPHONE: "Telephone",
    IdentityField.SCHOOL: "School",
    IdentityField.RISKS: "Who is a risk to the child",
}
_WITHOUT: Final = Option(
    SafetyChoice.LEAVE_OUT,
    "Send it without what is dangerous",
    "Tick below what is left out of who the child is.",
)
_CHOICES: Final = (
    Option(SafetyChoice.DO_NOT_SEND, "Do not send it", "Whoever it was for is told nothing."),
    Option(SafetyChoice.SEND, "Send it as it is", "You have found that nobody is put at risk."),
)


def listed(visit: Visit) -> Page:
    """All that nobody has decided about, and the schools that nobody has told."""
    values = {
        "rows": look.waiting(visit.hub),
        "schools": schools.waiting(visit.hub),
        "what": what,
        "names": visit.names,
        "which": "kept-back",
        "now": codec.from_micros(visit.hub.database.clock()),
    }
    return Page("front_door/kept_back.html", values)


def shown(visit: Visit, referral_id: str) -> dict[str, Any]:
    """What the page of a referral says of it."""
    return {
        "kept": look.of(visit.hub, referral_id),
        "what": what,
        "deciders": look.deciders(visit.hub),
        "may_decide": look.may_decide(visit.hub, visit.who),
    }


def what(kept: Kept) -> str:
    """What would be sent, in words."""
    return _LETTERS.get(kept.letter) or kept.letter.split(".")[1].replace("-", " ").capitalize()


def _fits(visit: Visit, found: Opened) -> bool:
    kept = look.of(visit.hub, found.picture.referral_id)
    return bool(kept) and look.may_decide(visit.hub, visit.who)


def _asks(visit: Visit, found: Opened) -> tuple[Ask, ...]:
    kept = look.of(visit.hub, found.picture.referral_id)
    holds = tuple(
        Option(one.hold_id, f"{what(one)}, to {visit.names.get(one.recipient, one.recipient)}", why)
        for one in kept
        for why in [" ".join(f"{hit.says} This concerns {hit.whose}." for hit in one.hits)]
    )
    without = any(map(_safe_without, kept))
    choices = (_WITHOUT, *_CHOICES) if without else _CHOICES
    asks = (
        Ask("hold_id", "What was kept back", "one", options=holds, required="Choose which"),
        Ask("choice", "What becomes of it", "one", options=choices, required="Choose what"),
    )
    return (*asks, *((_leaves_out(kept),) if without else ()), RATIONALE)


def _safe_without(kept: Kept) -> bool:
    """Whether it is dangerous only by what may be left out: else who gets it is, or its words."""
    return all(hit.where.startswith(_OF_IDENTITY) for hit in kept.hits)


def _leaves_out(kept: Iterable[Kept]) -> Ask:
    named = {hit.where for one in kept for hit in one.hits}
    dangerous = "Something kept back is dangerous by this."
    fields = tuple(
        Option(field, text, dangerous if f"{_OF_IDENTITY}{field}" in named else None)
        for field, text in _FIELDS.items()
    )
    return Ask(
        "leaves_out",
        "What to leave out of who the child is",
        "some",
        hint="Only where it is sent without what is dangerous.",
        options=fields,
    )


def _faults(answers: Answers) -> Mapping[str, str]:
    leaves = answers["choice"] == SafetyChoice.LEAVE_OUT
    missing = leaves and not answers["leaves_out"]
    return {"leaves_out": "Tick what to leave out"} if missing else {}


def _data(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    leaves = answers["choice"] == SafetyChoice.LEAVE_OUT
    said = {"leaves_out": list(answers["leaves_out"])} if leaves else {}
    return about(visit, found) | given(answers, "hold_id", "choice", "rationale") | said


SAFETY = Decision(
    code="safety",
    name="Decide what was kept back",
    type="mash.safety-decision.v1",
    done="Your decision is recorded, and the hub acts on it.",
    fits=_fits,
    asks=_asks,
    faults=_faults,
    data=_data,
)

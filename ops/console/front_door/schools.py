"""A child's school that is to be told of an incident, and no letter of the hub's has told (L4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.console.filters import moment
from ops.console.front_door.making import Answers, Decision, about, given
from ops.console.questions import Ask, Option
from ops.console.screen import Visit
from ops.look.pictures import Opened
from ops.look.schools import ToTell, to_tell


def _asks(visit: Visit, found: Opened) -> tuple[Ask, ...]:
    to = to_tell(visit.hub, found.picture.referral_id)
    actions = (
        Option("told", "Somebody has told it", "Say below who rang whom, and when."),
        Option("not_to_be_told", "It is not to be told", "Say below why."),
    )
    letter = Option("tell", "Send it a letter", "Choose the school below.")
    sends = to is None or not to.on_its_way
    return (
        Ask(
            "action",
            "What becomes of telling the school",
            "one",
            hint=_hint(to),
            options=(letter, *actions) if sends else actions,
            required="Choose what becomes of it",
        ),
        Ask(
            "school",
            "Which school",
            "from",
            hint="Only where it is sent a letter.",
            options=_schools(visit),
        ),
        Ask("rationale", "Who rang whom and when, or why", required="Say who rang whom, or why"),
    )


def _hint(to: ToTell | None) -> str | None:
    if to is None:
        return None
    why = "A letter waits until its owner lets it go." if to.on_its_way else to.why
    due = f"It is to be told by {moment(to.due_at)}." if to.due_at else None
    return " ".join(filter(None, (why, due))) or None


def _schools(visit: Visit) -> tuple[Option, ...]:
    """The partners that are schools."""
    partners = visit.hub.policy.value.partners.items()
    codes = (code for code, one in partners if "school" in (code, one.kind))
    return tuple(Option(code, visit.names.get(code, code)) for code in sorted(codes))


def _faults(answers: Answers) -> Mapping[str, str]:
    missing = answers["action"] == "tell" and not answers["school"]
    return {"school": "Choose which school the letter goes to"} if missing else {}


def _data(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    to = to_tell(visit.hub, found.picture.referral_id)
    head = {"referral_id": to.referral_id, "case_id": to.case_id} if to else {}
    names = ("action", "school") if answers["action"] == "tell" else ("action",)
    return about(visit, found) | head | given(answers, *names, "rationale")


SCHOOL = Decision(
    code="school",
    name="School to be told",
    type="mash.school-decision.v1",
    done="What becomes of telling the school is recorded.",
    fits=lambda visit, found: to_tell(visit.hub, found.picture.referral_id) is not None,
    asks=_asks,
    faults=_faults,
    data=_data,
)

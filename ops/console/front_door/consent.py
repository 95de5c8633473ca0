"""Whether parents were asked, what they said, and on what else it stands (R10, R11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ops.console.front_door.making import Answers, Decision, given
from ops.console.questions import Ask, Option, moment_of
from ops.console.screen import Visit
from ops.look.pictures import Opened
from schemas.consent import ConsentAnswer

_ANSWERS: Final = (
    Option(
        ConsentAnswer.ASKED_FOR,
        "They are being asked",
        "Nothing changes until they answer: record then what they say.",
    ),
    Option(ConsentAnswer.GIVEN, "They agree"),
    Option(ConsentAnswer.REFUSED, "They refuse", "What stands on consent alone is asked no more."),
    Option(ConsentAnswer.NOT_SOUGHT, "They were not asked", "Say below why not."),
    Option(
        ConsentAnswer.OVERRIDDEN,
        "It goes on whatever they say",
        "Say below on which legal basis, and why.",
    ),
)
_WANTS: Final = {
    ConsentAnswer.NOT_SOUGHT: {"reason": "Say why they were not asked"},
    ConsentAnswer.OVERRIDDEN: {
        "reason": "Say why it goes on whatever they say",
        "legal_basis": "Say on which legal basis it goes on",
    },
}
"""What else has to be answered, by what became of asking."""


def _asks(*_: object) -> tuple[Ask, ...]:
    return (
        Ask("answer", "What parents say", "one", options=_ANSWERS, required="Choose what they say"),
        Ask("whom", "Who was asked", "line", hint="Such as the mother. Optional."),
        Ask("asked_by", "Who asked them", "line", hint="Optional."),
        Ask(
            "asked_at",
            "When they were asked",
            "when",
            hint="Such as 27/11/2026 14:30. Optional: of two answers the later one holds.",
        ),
        Ask("reason", "Why", hint="Needed where they were not asked, or it goes on all the same."),
        Ask(
            "legal_basis",
            "Legal basis",
            "line",
            hint="Needed where it goes on all the same. Such as Children Act 1989, section 47.",
        ),
    )


def _faults(answers: Answers) -> Mapping[str, str]:
    wants = _WANTS.get(answers["answer"], {})
    return {name: text for name, text in wants.items() if not answers[name]}


def _data(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    said = given(answers, "answer", "whom", "asked_by", "reason", "legal_basis")
    asked = moment_of(answers["asked_at"])
    said |= {"asked_at": asked.isoformat()} if asked else {}
    return said | {"referral_id": found.picture.referral_id, "told_by": visit.who}


CONSENT = Decision(
    code="consent",
    name="Record consent",
    type="mash.consent.v1",
    done="What parents say is recorded. What is asked of agencies follows it.",
    fits=lambda _, found: found.picture.closed is None and found.picture.handed_over is None,
    asks=_asks,
    faults=_faults,
    data=_data,
)

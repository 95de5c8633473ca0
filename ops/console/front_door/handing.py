"""Who has a referral: given to another social worker, handed to a team, taken back from it (R9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.console.front_door.making import RATIONALE, Answers, Decision, about, given, made
from ops.console.questions import Ask, Option
from ops.console.screen import Visit
from ops.look.pictures import Opened
from schemas.access import Role

_TYPE = "mash.handover-decision.v1"


def _is_open(_: Visit, found: Opened) -> bool:
    return found.picture.closed is None


def _workers(visit: Visit) -> tuple[str, ...]:
    """The lead agency's social workers, as it registers them; else who may be at this desk."""
    lead = visit.hub.settings.lead_agency
    named = visit.hub.policy.value.partners[lead].social_workers
    at_desk = {Role.SCREENING, Role.DUTY_MANAGER}
    people = (
        one.name
        for one in visit.hub.settings.people
        if one.agency == lead and at_desk.intersection(one.roles)
    )
    return named or tuple(sorted(people))


def _give_asks(visit: Visit, found: Opened) -> tuple[Ask, ...]:
    has = found.picture.holder.person if found.picture.holder else None
    options = tuple(
        Option(one, f"{one} (you)" if one == visit.who else one)
        for one in _workers(visit)
        if one != has
    )
    return (
        Ask(
            "person",
            "Who has it from now on",
            "from",
            hint="It is on their own list then. Everybody at the front door may work on it still.",
            options=options,
            required="Choose who has it",
        ),
        RATIONALE,
    )


def _give(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    return about(visit, found) | {"action": "give"} | given(answers, "person", "rationale")


GIVE = Decision(
    code="give",
    name="Give to a social worker",
    type=_TYPE,
    done="It is on their list now. That you gave it to them is recorded.",
    fits=_is_open,
    asks=_give_asks,
    data=_give,
)


def _teams(visit: Visit, found: Opened) -> Mapping[str, str]:
    """Those that may be handed it, and have it not, by what people call them."""
    worker, has = found.picture.child.worker, found.picture.handed_over
    known = (*visit.hub.policy.value.profile.teams, *([worker.team] if worker else ()))
    names = visit.names
    return {one: names.get(one, one) for one in known if not has or one != has.worker.team}


def _hand_over_asks(visit: Visit, found: Opened) -> tuple[Ask, ...]:
    teams = tuple(Option(code, name) for code, name in _teams(visit, found).items())
    return (
        Ask(
            "to",
            "Which team",
            "one",
            hint="They get what its agency lets be handed over, and have to say that a person "
            "there has it. Your clocks run on until you close it.",
            options=teams,
            required="Choose a team",
        ),
        Ask("worker", "Who of the team has the child", "line", hint="Optional."),
        RATIONALE,
    )


def _hand_over(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    said = given(answers, "to", "worker", "rationale")
    return made(visit, found) | {"action": "hand_over"} | said


HAND_OVER = Decision(
    code="hand-over",
    name="Hand over to a team",
    type=_TYPE,
    done="The team is told, and has to say that a person there has it. The front door has it too, "
    "until you close it.",
    fits=lambda visit, found: _is_open(visit, found) and bool(_teams(visit, found)),
    asks=_hand_over_asks,
    data=_hand_over,
)


def _take_back(visit: Visit, found: Opened, answers: Answers) -> dict[str, Any]:
    return made(visit, found) | {"action": "take_back"} | given(answers, "rationale")


TAKE_BACK = Decision(
    code="take-back",
    name="Take back from the team",
    type=_TYPE,
    done="The team is told that it has it no longer. The referral is the front door's again.",
    fits=lambda _, found: found.picture.handed_over is not None,
    asks=lambda *_: (RATIONALE,),
    data=_take_back,
)

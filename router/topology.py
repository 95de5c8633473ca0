"""All steps as one value: who hears what. The picture of ``hub topology`` and the README is drawn
from this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.memory.documents import Documents
from router.memory.references import References
from router.memory.register import PeopleMemory
from router.step import Step
from router.steps import hand_off, hold
from router.steps.alarm import decide as alarm
from router.steps.answer import decide as answer
from router.steps.approve import decide as approve
from router.steps.check import decide as check
from router.steps.compose import decide as compose
from router.steps.deduplicate import decide as deduplicate
from router.steps.disagreement import decide as disagreement
from router.steps.hand_over import decide as hand_over
from router.steps.inform import decide as inform
from router.steps.link import decide as link
from router.steps.rate import decide as rate
from router.steps.release import decide as release
from router.steps.request_information import decide as request_information
from router.steps.school import decide as school
from router.unit import ALL, BoundStep, Unit, unit_name
from schemas.topics import FOR_EVERYBODY, TOPICS, Topic


def bound_steps() -> tuple[BoundStep, ...]:
    """The steps in the order of the flow, each with the memory that serves it."""
    return (
        BoundStep(deduplicate.STEP, lambda _, transaction: References(transaction)),
        # Serial: a child made by one batch must be found by the next one, whatever partition it
        # comes from.
        BoundStep(link.STEP, PeopleMemory, serial=True),
        BoundStep(answer.STEP, Documents),
        BoundStep(check.STEP, Documents),
        BoundStep(hand_over.STEP, Documents),
        BoundStep(rate.STEP, Documents),
        BoundStep(request_information.STEP, Documents),
        BoundStep(compose.STEP, Documents),
        BoundStep(school.STEP, Documents),
        BoundStep(approve.STEP, Documents),
        BoundStep(hold.STEP, Documents),
        BoundStep(release.STEP, Documents),
        BoundStep(disagreement.STEP, Documents),
        BoundStep(alarm.STEP, Documents),
        BoundStep(inform.STEP, Documents),
        BoundStep(hand_off.STEP, Documents),
    )


def whole_hub() -> Unit:
    """Every step, served together."""
    return Unit(ALL, bound_steps())


def unit_of(*names: str) -> Unit:
    """The steps of these names, served together in the order of the flow."""
    every = bound_steps()
    steps = tuple(bound for bound in every if bound.step.name in names)
    return Unit(unit_name([bound.step.name for bound in steps], of=len(every)), steps)


WRITTEN_BY: Mapping[str, tuple[str, ...]] = {
    "notifications.accepted": ("deduplicate",),
    "cases.linked": ("link",),
    "enquiries.matched": ("link",),
    "enquiries.answered": ("answer",),
    "checks.requested": ("check",),
    "checks.answered": ("check",),
    "handovers.settled": ("hand_over",),
    "ratings.assigned": ("rate",),
    "information.requested": ("request_information",),
    "information.answered": ("request_information",),
    "products.drafted": ("compose", "school"),
    "products.approved": ("approve",),
    "safety.settled": ("hold",),
    "products.released": ("release",),
    "alarms.raised": ("alarm",),
    "cases.handed_off": ("hand_off",),
    "changes.told": ("inform",),
    "clocks.told": (
        "check",
        "hand_over",
        "rate",
        "request_information",
        "approve",
        "hold",
        "release",
        "inform",
        "hand_off",
        "school",
        "disagreement",
    ),
    "disagreements.told": ("disagreement",),
    "schools.told": ("school",),
}
"""Which steps publish to which topic; a test compares this with what a run recorded."""


def topics_of(step: Step[Any]) -> tuple[Topic, ...]:
    """The topics that carry what the step hears."""
    return tuple(topic for topic in TOPICS if set(topic.facts) & set(step.hears))


def topics_from_outside(unit: Unit) -> tuple[Topic, ...]:
    """The topics that bring to a unit what it has not written itself: what one of its steps writes,
    the others have heard in the same pass.
    """
    heard = {topic.name for bound in unit.steps for topic in topics_of(bound.step)}
    own = {name for name, steps in WRITTEN_BY.items() if unit.names.issuperset(steps)}
    return tuple(t for t in TOPICS if t.name in heard - own or t.name in FOR_EVERYBODY)

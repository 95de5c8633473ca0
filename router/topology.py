"""All steps as one value: who hears what. The picture of ``hub topology`` and the README is drawn
from this.
"""

from __future__ import annotations

from typing import Any

from router.handle import BoundStep
from router.memory.documents import documents
from router.memory.register import DecodedPeople, PeopleMemory
from router.step import Step
from router.steps import approve, release
from router.steps.compose import decide as compose
from router.steps.deduplicate import decide as deduplicate
from router.steps.link import decide as link
from router.steps.rate import decide as rate
from router.steps.request_information import decide as request_information
from schemas.topics import TOPICS, Topic
from stores.database import Transaction


def bound_steps() -> tuple[BoundStep, ...]:
    """The seven hops' steps in the order of the flow, each with the memory that serves it."""
    decoded = DecodedPeople()

    def people(step: Step[Any], transaction: Transaction) -> PeopleMemory:
        return PeopleMemory(step, transaction, decoded)

    return (
        BoundStep(deduplicate.STEP, documents()),
        # Serial: a child made by one batch must be found by the next one, whatever partition it
        # comes from.
        BoundStep(link.STEP, people, serial=True),
        BoundStep(rate.STEP, documents()),
        BoundStep(request_information.STEP, documents()),
        BoundStep(compose.STEP, documents()),
        BoundStep(approve.STEP, documents()),
        BoundStep(release.STEP, documents()),
    )


def topics_of(step: Step[Any]) -> tuple[Topic, ...]:
    """The topics that carry what the step hears."""
    return tuple(topic for topic in TOPICS if set(topic.facts) & set(step.hears))
